//! Results of a search that can't be run again, since what was asked for is not kept: the order is
//! the stored one, and the reasons are what can still be told.

use std::collections::HashMap;

use super::entry::{Entry, EntryId};
use super::search::{Hit, MatchedBy, ScoreParts};
use super::{Atlas, AtlasError, words};

/// The entries of those names that exist, as hits of a search by picture whose order was `ids`.
/// `first` is the place of the first of them, from 0; `text` are the words beside the picture.
pub(super) async fn recall(
    atlas: &Atlas,
    ids: &[EntryId],
    first: usize,
    text: Option<&str>,
) -> Result<Vec<Hit>, AtlasError> {
    let places: HashMap<&EntryId, usize> = ids.iter().zip(first + 1..).collect();
    let entries = atlas.dataset.entries_of(ids).await?;
    let hit = |entry: Entry| {
        let rank = *places.get(&entry.id)?;
        let searched = entry.description.search_text();
        let shared_words = text.map_or_else(Vec::new, |text| words::shared_words(text, &searched));
        let matched_by = if shared_words.is_empty() {
            MatchedBy::Picture
        } else {
            MatchedBy::PictureAndWords
        };
        Some(Hit {
            rank,
            entry,
            matched_by,
            shared_words,
            score: ScoreParts::default(),
        })
    };
    Ok(entries.into_iter().filter_map(hit).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, row};
    use super::*;

    #[tokio::test]
    async fn the_order_is_the_stored_one_and_what_is_gone_leaves_a_gap() {
        let small = testing::atlas().await;
        let rows = [
            row("mine", "a", "axial scan of the shoulder", "MRI"),
            row("mine", "c", "frontal radiograph of the chest", "X-ray"),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        let ids = ["c", "b", "a"].map(|name| EntryId::new("mine", name));
        let hits = small.atlas.recall(&ids, 5, Some("shoulder")).await;
        let hits = hits.expect("readable");
        let told: Vec<_> = hits.iter().map(|hit| (hit.rank, hit.matched_by)).collect();
        let expected = [(6, MatchedBy::Picture), (8, MatchedBy::PictureAndWords)];
        assert_eq!(told, expected);
        assert_eq!(hits[1].shared_words, ["shoulder"]);
    }
}
