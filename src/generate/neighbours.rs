//! The real pictures that a synthetic one is most like and that show what was asked for, to be shown
//! beside it, each with its source and licence. How they are laid out is `sheet`'s and the callers' concern.

use std::collections::HashMap;

use image::{DynamicImage, RgbImage};
use mirage_models::image_encoder::Rgb;

use crate::atlas::{
    Atlas, AtlasError, Entry, EntryId, Filter, Hit, Outcome, Query, Request, reciprocal_rank_fusion,
};
use crate::media::{self, Fingerprint};

/// Real pictures that stand beside a synthetic one.
pub const BESIDE: usize = 3;

/// Real pictures that are looked at, of those that are like it and of those that the prompt finds.
const AMONG: usize = 24;
/// How much more the prompt says about what belongs beside a synthetic picture than the encoder does,
/// which has seen real ones alone: a smear of a brain is to it as much like a cell as like a brain.
const PROMPT_WEIGHT: f32 = 1.5;

/// A real picture of the atlas.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its words, source and licence.
    pub entry: Entry,
    /// Its stored picture, a JPEG.
    pub picture: Vec<u8>,
}

/// What stands beside a synthetic picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbours {
    /// The real pictures, best first.
    pub nearest: Vec<Neighbour>,
    /// Whether none of the atlas is nearer to it than two pictures are by chance.
    pub nothing_close: bool,
    /// Words of the atlas that fit the synthetic picture, best first.
    pub words: Vec<String>,
    /// Whether they were found by what was asked for, since pictures can't be compared here.
    pub by_words: bool,
}

impl Neighbours {
    /// The real pictures that belong beside a synthetic one, `limit` at most: those that are near it
    /// and that its prompt finds come first. Where the profile has no encoder of pictures, the
    /// prompt alone finds them.
    ///
    /// # Errors
    /// What the encoder or LanceDB report.
    pub async fn of(
        atlas: &Atlas,
        picture: Rgb,
        prompt: &str,
        limit: usize,
    ) -> Result<Self, AtlasError> {
        let meant = found(atlas, Query::Text(prompt.to_owned())).await?;
        if !atlas.knows_pictures() {
            let mut entries = entries(meant.hits);
            entries.truncate(limit);
            return Ok(Self {
                nearest: with_pictures(atlas, entries).await?,
                nothing_close: meant.nothing_close,
                words: Vec::new(),
                by_words: true,
            });
        }
        let like = found(atlas, Query::Picture(picture)).await?;
        let best = fused(entries(like.hits), entries(meant.hits), limit);
        Ok(Self {
            nearest: with_pictures(atlas, best).await?,
            nothing_close: like.nothing_close,
            words: like.words.into_iter().map(|word| word.word).collect(),
            by_words: false,
        })
    }

    /// The names of the real pictures, best first.
    pub fn ids(&self) -> Vec<EntryId> {
        let names = self.nearest.iter().map(|near| near.entry.id.clone());
        names.collect()
    }
}

async fn found(atlas: &Atlas, query: Query) -> Result<Outcome, AtlasError> {
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: AMONG,
    };
    atlas.search(&request).await
}

fn entries(hits: Vec<Hit>) -> Vec<Entry> {
    hits.into_iter().map(|hit| hit.entry).collect()
}

/// One ranking of the pictures that are like a synthetic one and of those that its prompt finds.
fn fused(like: Vec<Entry>, meant: Vec<Entry>, limit: usize) -> Vec<Entry> {
    let names = |entries: &[Entry]| entries.iter().map(|entry| entry.id.clone()).collect();
    let rankings: [(Vec<EntryId>, f32); 2] = [(names(&meant), PROMPT_WEIGHT), (names(&like), 1.0)];
    let all = meant.into_iter().chain(like);
    let mut all: HashMap<EntryId, Entry> = all.map(|entry| (entry.id.clone(), entry)).collect();
    let best = reciprocal_rank_fusion(&rankings).into_iter().take(limit);
    best.filter_map(|(id, _)| all.remove(&id)).collect()
}

impl Neighbour {
    /// Where the picture comes from and what may be done with it, in one line.
    pub fn credit(&self) -> String {
        let provenance = &self.entry.provenance;
        let parts = [
            provenance.source.as_str(),
            provenance.attribution.as_deref().unwrap_or_default(),
            provenance.licence.as_str(),
        ];
        let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        known.join(" · ")
    }
}

/// The one of these entries whose picture is the given one but for encoding and size. A variant that
/// begins with it can name the entry, and nothing of the picture has to be kept.
///
/// # Errors
/// What LanceDB reports.
pub async fn same_entry(
    atlas: &Atlas,
    ids: &[EntryId],
    picture: Rgb,
) -> Result<Option<EntryId>, AtlasError> {
    let stored = atlas.pictures(ids).await?;
    let looking = tokio::task::spawn_blocking(move || same_among(&picture, stored));
    looking.await.map_err(|_| AtlasError::Interrupted)
}

fn same_among(picture: &Rgb, stored: Vec<(EntryId, Vec<u8>)>) -> Option<EntryId> {
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let given = RgbImage::from_raw(width, height, picture.pixels().to_vec())?;
    let given = Fingerprint::of(&DynamicImage::ImageRgb8(given));
    stored.into_iter().find_map(|(id, file)| {
        let stored = media::decode(&file).ok()?;
        given.same_picture(&Fingerprint::of(&stored)).then_some(id)
    })
}

/// The entries whose pictures are still there, in their order.
async fn with_pictures(atlas: &Atlas, entries: Vec<Entry>) -> Result<Vec<Neighbour>, AtlasError> {
    let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id.clone()).collect();
    let pictures = atlas.pictures(&ids).await?.into_iter();
    let mut pictures: HashMap<EntryId, Vec<u8>> = pictures.collect();
    let there = entries.into_iter().filter_map(|entry| {
        let picture = pictures.remove(&entry.id)?;
        Some(Neighbour { entry, picture })
    });
    Ok(there.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{Description, testing};

    fn described(caption: &str) -> Description {
        Description {
            caption: caption.to_owned(),
            modality: "MRI".to_owned(),
            ..Description::default()
        }
    }

    #[tokio::test]
    async fn the_nearest_come_first_with_pictures_and_credit() {
        let small = testing::filled(&[
            ("dark", described("Dark."), 20),
            ("gray", described("Gray."), 128),
            ("light", described("Light."), 240),
        ])
        .await;
        let picture = media::pixels(&testing::square(25)).expect("pixels");
        // Asked for and like it; then one is asked for, and the other only like it.
        let asked = Neighbours::of(&small.atlas, picture.clone(), "light", 2).await;
        let asked = asked.expect("readable").ids();
        assert_eq!(asked[0], EntryId::new("t", "light"), "{asked:?}");
        let beside = Neighbours::of(&small.atlas, picture, "dark", 2).await;
        let beside = beside.expect("readable");
        assert_eq!(
            beside.ids(),
            ["dark", "gray"].map(|name| EntryId::new("t", name))
        );
        assert!(!beside.by_words && !beside.nothing_close);
        let first = &beside.nearest[0];
        assert!(image::load_from_memory(&first.picture).is_ok());
        assert_eq!(first.credit(), "Drawn for a test · CC0-1.0");
    }

    #[tokio::test]
    async fn without_an_encoder_of_pictures_words_find_them() {
        let entries = [
            ("a", described("Lungs."), 20),
            ("b", described("Brain."), 30),
        ];
        let small = testing::filled_for_words(&entries).await;
        let picture = media::pixels(&testing::square(25)).expect("pixels");
        let beside = Neighbours::of(&small.atlas, picture, "brain", 1).await;
        let beside = beside.expect("readable");
        assert!(beside.by_words);
        assert_eq!(beside.ids(), [EntryId::new("t", "b")]);
    }

    #[tokio::test]
    async fn a_picture_of_the_atlas_is_known_again_and_a_like_one_is_not() {
        let stripes = |width: u32| {
            let shade = move |x: u32| {
                if (x / width).is_multiple_of(2) {
                    40
                } else {
                    200
                }
            };
            let picture = RgbImage::from_fn(128, 128, move |x, _| image::Rgb([shade(x); 3]));
            DynamicImage::ImageRgb8(picture)
        };
        let small = testing::showing(&[("wide", stripes(32)), ("narrow", stripes(16))]).await;
        let ids = ["wide", "narrow"].map(|name| EntryId::new("t", name));
        let same = async |picture: &DynamicImage| {
            let pixels = media::pixels(picture).expect("pixels");
            let same = same_entry(&small.atlas, &ids, pixels).await;
            same.expect("readable")
        };
        assert_eq!(same(&stripes(16)).await, Some(ids[1].clone()));
        assert_eq!(same(&stripes(32)).await, Some(ids[0].clone()));
        assert_eq!(same(&stripes(64)).await, None);
        // Without structure nothing can be told apart.
        assert_eq!(same(&testing::square(90)).await, None);
    }

    #[tokio::test]
    async fn an_empty_atlas_has_nothing_beside_it() {
        let small = testing::atlas().await;
        let picture = media::pixels(&testing::square(25)).expect("pixels");
        let beside = Neighbours::of(&small.atlas, picture, "x", 3).await;
        assert!(beside.expect("readable").nearest.is_empty());
    }
}
