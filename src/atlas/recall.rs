//! Results of a search that is not run again: the order is the stored one, and so is what found each
//! of them. What a search by picture was given is not kept, so nothing else could tell it.

use std::collections::HashMap;

use super::entry::{Entry, EntryId};
use super::search::{Hit, MatchedBy, ScoreParts};
use super::{Atlas, AtlasError, words};

/// The entries of those names that exist, as hits of a search whose order was `results`. `first` is
/// the place of the first of them, from 0; `text` are the words that were searched for.
pub(super) async fn recall(
    atlas: &Atlas,
    results: &[(EntryId, MatchedBy)],
    first: usize,
    text: Option<&str>,
) -> Result<Vec<Hit>, AtlasError> {
    let known = results.iter().zip(first + 1..);
    let known: HashMap<&EntryId, (usize, MatchedBy)> = known
        .map(|((id, matched_by), rank)| (id, (rank, *matched_by)))
        .collect();
    let ids: Vec<EntryId> = results.iter().map(|(id, _)| id.clone()).collect();
    let entries = atlas.dataset.entries_of(&ids).await?;
    let hit = |entry: Entry| {
        let (rank, matched_by) = *known.get(&entry.id)?;
        let shared_words = match text {
            Some(text) if matched_by.words => {
                words::shared_words(text, &entry.description.search_text())
            }
            _ => Vec::new(),
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
            row("mine", "c", "frontal radiograph of the shoulder", "X-ray"),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        let both = MatchedBy {
            picture: true,
            ..MatchedBy::WORDS
        };
        let results = [
            ("c", MatchedBy::PICTURE),
            ("b", MatchedBy::PICTURE),
            ("a", both),
        ];
        let results = results.map(|(name, found)| (EntryId::new("mine", name), found));
        let hits = small.atlas.recall(&results, 5, Some("shoulder")).await;
        let hits = hits.expect("readable");
        let told: Vec<_> = hits.iter().map(|hit| (hit.rank, hit.matched_by)).collect();
        assert_eq!(told, [(6, MatchedBy::PICTURE), (8, both)]);
        assert_eq!(hits[1].shared_words, ["shoulder"]);
        // It has the word too, but was not found by it.
        assert!(hits[0].shared_words.is_empty());
    }
}
