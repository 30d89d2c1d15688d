//! What is searched for, and how it is compared with the atlas: vectors of the query, and its
//! words. Ranking is done elsewhere.

use std::str::FromStr;

use mirage_models::image_encoder::Rgb;

use super::super::Atlas;
use super::super::entry::EntryId;
use super::super::error::AtlasError;
use super::super::filter::Filter;
use super::super::schema::{IMAGE_VECTOR, TEXT_VECTOR};

/// Longest query that is searched for, in characters: Discord's longest message.
const MAXIMUM_QUERY: usize = 2_000;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Words, in any language and form.
    Text(String),
    /// Entries like this one: by its picture, or by its words where pictures can't be compared.
    Like(EntryId),
    /// Entries whose picture is like this one.
    Picture(Rgb),
    /// The same, among what the words mean too.
    PictureAndText {
        /// The picture.
        picture: Rgb,
        /// Words, in any language and form.
        text: String,
    },
}

impl Query {
    /// The entry that others are to be like; it is not among its own results.
    pub(in super::super) fn itself(&self) -> Option<&EntryId> {
        match self {
            Self::Like(id) => Some(id),
            Self::Text(_) | Self::Picture(_) | Self::PictureAndText { .. } => None,
        }
    }
}

/// A search: what for, among what, and which stretch of the ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is searched for.
    pub query: Query,
    /// What results must have.
    pub filter: Filter,
    /// How many ranks to pass over.
    pub offset: usize,
    /// Most hits to return.
    pub limit: usize,
}

/// The picture's share where words come with a picture, 0 to 1; the words have the rest. Both are
/// unit vectors of one space, and neither is worth more to us than the other: one half by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureShare(f32);

/// Why a share can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number from 0 (the words alone) to 1 (the picture alone), such as 0.5.")]
pub struct NoShare;

impl PictureShare {
    /// Takes a share from 0 to 1.
    ///
    /// # Errors
    /// [`NoShare`] for anything else.
    pub fn new(share: f32) -> Result<Self, NoShare> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(NoShare)
        }
    }
}

impl Default for PictureShare {
    fn default() -> Self {
        Self(0.5)
    }
}

impl FromStr for PictureShare {
    type Err = NoShare;

    fn from_str(text: &str) -> Result<Self, NoShare> {
        Self::new(text.trim().parse().map_err(|_| NoShare)?)
    }
}

/// A query as it is compared with the atlas.
pub(super) struct Prepared {
    /// Compared with the vectors of words; a unit vector.
    pub(super) meaning: Option<Vec<f32>>,
    /// Compared with the vectors of pictures; a unit vector.
    pub(super) picture: Option<Vec<f32>>,
    /// The picture asked for, as [`Self::picture`], but without the words beside it.
    pub(super) seen: Option<Vec<f32>>,
    /// Words to look for.
    pub(super) text: Option<String>,
}

impl Prepared {
    /// What a column of vectors is compared with.
    pub(super) fn vector(&self, column: &str) -> Option<&[f32]> {
        match column {
            IMAGE_VECTOR => self.picture.as_deref(),
            _ => self.meaning.as_deref(),
        }
    }

    /// Whether words alone are asked for. They may find pictures, which are then worth less than
    /// what words find in words.
    pub(super) fn is_text(&self) -> bool {
        self.seen.is_none() && self.text.is_some()
    }
}

/// Embeds the query, and takes its words where it has some.
pub(super) async fn prepare(atlas: &Atlas, query: &Query) -> Result<Prepared, AtlasError> {
    let embedder = atlas.embedder();
    match query {
        Query::Text(text) => {
            let text = checked(text)?;
            let vector = embedder.texts(vec![text.to_owned()]).await?.concat();
            Ok(Prepared {
                picture: finds_pictures(atlas).then(|| vector.clone()),
                meaning: Some(vector),
                seen: None,
                text: Some(text.to_owned()),
            })
        }
        Query::Like(id) => like(atlas, id).await,
        Query::Picture(picture) => {
            let vector = embedder.pictures(vec![picture.clone()]).await?.concat();
            Ok(Prepared::of_picture(vector))
        }
        Query::PictureAndText { picture, text } => {
            let text = checked(text)?;
            let (of_picture, of_text) = tokio::try_join!(
                embedder.pictures(vec![picture.clone()]),
                embedder.texts(vec![text.to_owned()])
            )?;
            let seen = of_picture.concat();
            Ok(Prepared {
                picture: Some(mixed(&seen, &of_text.concat(), atlas.picture_share)),
                text: Some(text.to_owned()),
                ..Prepared::of_picture(seen)
            })
        }
    }
}

impl Prepared {
    fn of_picture(vector: Vec<f32>) -> Self {
        Self {
            meaning: None,
            picture: Some(vector.clone()),
            seen: Some(vector),
            text: None,
        }
    }
}

/// What an entry is compared by: its picture, or its words where it has no vector of its picture.
async fn like(atlas: &Atlas, id: &EntryId) -> Result<Prepared, AtlasError> {
    if atlas.engine.image_encoder().is_some()
        && let Some(vector) = atlas.dataset.vector(id, IMAGE_VECTOR).await?
    {
        return Ok(Prepared::of_picture(vector));
    }
    let vector = atlas.dataset.vector(id, TEXT_VECTOR).await?;
    let vector = vector.ok_or_else(|| AtlasError::NoSuchEntry { id: id.to_string() })?;
    Ok(Prepared {
        meaning: Some(vector),
        picture: None,
        seen: None,
        text: None,
    })
}

/// Whether the vector of a text can be compared with those of pictures, and its worth is known.
fn finds_pictures(atlas: &Atlas) -> bool {
    atlas.is_joint() && atlas.engine.chance().words.is_some()
}

/// The words of a query without what surrounds them, if they can be searched for.
pub(in super::super) fn checked(text: &str) -> Result<&str, AtlasError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AtlasError::EmptyQuery);
    }
    let length = text.chars().count();
    if length > MAXIMUM_QUERY {
        return Err(AtlasError::LongQuery {
            length,
            maximum: MAXIMUM_QUERY,
        });
    }
    Ok(text)
}

/// The weighted sum of two unit vectors, as a unit vector.
fn mixed(picture: &[f32], text: &[f32], share: PictureShare) -> Vec<f32> {
    let PictureShare(share) = share;
    let pairs = picture.iter().zip(text);
    let sum: Vec<f32> = pairs
        .map(|(picture, text)| share * picture + (1.0 - share) * text)
        .collect();
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    // Vectors that point away from each other leave nothing; any direction is as good then.
    let length = length.max(f32::MIN_POSITIVE);
    sum.into_iter().map(|value| value / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mixed_is_a_unit_vector_between_both() {
        let share = |share| PictureShare::new(share).expect("a share");
        let (picture, text) = ([1.0, 0.0], [0.0, 1.0]);
        let mix = mixed(&picture, &text, PictureShare::default());
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert!(
            mix.iter().all(|value| (value - half).abs() < 1e-6),
            "{mix:?}"
        );
        assert_eq!(mixed(&picture, &text, share(1.0)), picture);
        assert_eq!(mixed(&picture, &text, share(0.0)), text);
        assert_eq!(mixed(&[1.0], &[-1.0], share(0.5)), [0.0]);
    }

    #[test]
    fn a_share_lies_between_the_words_and_the_picture() {
        for text in ["0", "1", " 0.25 ", "5e-1"] {
            assert!(text.parse::<PictureShare>().is_ok(), "{text}");
        }
        for text in ["", "half", "-0.1", "1.01", "50 %", "NaN", "inf"] {
            let error = text.parse::<PictureShare>().expect_err(text);
            assert!(error.to_string().contains("from 0"), "{error}");
        }
    }
}
