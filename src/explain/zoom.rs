//! A part of a picture looked at by itself: nine parts in three rows, each with a margin, searched
//! for anew, and whether that changes what is found. A part of which the whole is told otherwise
//! shows what the answer hangs on.

use image::imageops;
use image::{ImageBuffer, RgbImage};
use mirage_models::image_encoder::Rgb;
use serde::Serialize;

use super::concepts::nearest;
use super::error::ExplainError;
use crate::atlas::{Atlas, EntryId, FittingWord, Hit, Outcome, WordField};

/// Parts of a picture.
pub const PARTS: usize = 9;
/// Parts of a row, and rows.
const SIDE: usize = 3;
/// Least pixels of a picture's side, so that a part is worth looking at.
const LEAST: usize = 96;
/// What is shown around a part, as a share of its side: one over this.
const MARGIN: usize = 6;
/// Results that are compared.
const COMPARED: usize = 5;

/// How far a part is told otherwise than its whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The nearest entry is the same.
    None,
    /// Another entry is nearest, of the same modality and region.
    Results,
    /// Modality or region are told otherwise, or no longer.
    Concepts,
    /// Nothing is near to the part.
    NothingClose,
}

impl Change {
    /// As a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::None => "The nearest picture stays the same.",
            Self::Results => "Another picture is nearest; modality and region stay the same.",
            Self::Concepts => "Modality or region are told otherwise by this part alone.",
            Self::NothingClose => "Nothing in this atlas is close to this part alone.",
        }
    }
}

/// A part with what is found by it.
#[derive(Debug, Clone)]
pub struct Zoomed {
    /// From 1, row by row.
    pub part: usize,
    /// Its pixels.
    pub picture: Rgb,
    /// The nearest entries.
    pub hits: Vec<Hit>,
    /// The words that fit it.
    pub words: Vec<FittingWord>,
    /// What is told otherwise.
    pub change: Change,
    /// Entries among the nearest of the part and not of the whole.
    pub new: Vec<EntryId>,
}

/// A part of a picture, from 1 to [`PARTS`], row by row, with a margin where there is one.
///
/// # Errors
/// [`ExplainError::NoPart`] or [`ExplainError::TooSmall`].
pub fn crop(picture: &Rgb, part: usize) -> Result<Rgb, ExplainError> {
    if !(1..=PARTS).contains(&part) {
        return Err(ExplainError::NoPart { number: part });
    }
    let (width, height) = (picture.width(), picture.height());
    if width.min(height) < LEAST {
        return Err(ExplainError::TooSmall {
            width,
            height,
            least: LEAST,
        });
    }
    let (row, column) = ((part - 1) / SIDE, (part - 1) % SIDE);
    let (left, right) = stretch(column, width);
    let (top, bottom) = stretch(row, height);
    let whole: Option<RgbImage> =
        ImageBuffer::from_raw(pixels(width)?, pixels(height)?, picture.pixels().to_vec());
    let whole = whole.ok_or_else(|| ExplainError::Drawing("pixels are missing".to_owned()))?;
    let (across, down) = (right - left, bottom - top);
    let cut = imageops::crop_imm(
        &whole,
        pixels(left)?,
        pixels(top)?,
        pixels(across)?,
        pixels(down)?,
    );
    let cut = cut.to_image().into_raw();
    Rgb::new(across, down, cut).map_err(|error| ExplainError::Drawing(error.to_string()))
}

fn pixels(value: usize) -> Result<u32, ExplainError> {
    u32::try_from(value).map_err(|error| ExplainError::Drawing(error.to_string()))
}

/// First pixel of the third at a place, and the one behind its last, with its margin.
fn stretch(place: usize, side: usize) -> (usize, usize) {
    let margin = side / SIDE / MARGIN;
    let (start, end) = (place * side / SIDE, (place + 1) * side / SIDE);
    (start.saturating_sub(margin), (end + margin).min(side))
}

/// Looks at a part by itself, beside the whole picture.
///
/// # Errors
/// As [`crop`], or what the atlas reports.
pub async fn zoom(atlas: &Atlas, picture: &Rgb, part: usize) -> Result<Zoomed, ExplainError> {
    let cut = crop(picture, part)?;
    let whole = nearest(atlas, picture.clone()).await?;
    let alone = nearest(atlas, cut.clone()).await?;
    let before = first_ids(&whole);
    let mut new = first_ids(&alone);
    new.retain(|id| !before.contains(id));
    Ok(Zoomed {
        part,
        picture: cut,
        change: change(&whole, &alone),
        hits: alone.hits,
        words: alone.words,
        new,
    })
}

fn first_ids(outcome: &Outcome) -> Vec<EntryId> {
    let first = outcome.hits.iter().take(COMPARED);
    first.map(|hit| hit.entry.id.clone()).collect()
}

fn change(whole: &Outcome, alone: &Outcome) -> Change {
    let nearest = |outcome: &Outcome| outcome.hits.first().map(|hit| hit.entry.id.clone());
    if alone.nothing_close || alone.hits.is_empty() {
        Change::NothingClose
    } else if said(whole) != said(alone) {
        Change::Concepts
    } else if nearest(whole) == nearest(alone) {
        Change::None
    } else {
        Change::Results
    }
}

/// Modality and region as they are told.
fn said(outcome: &Outcome) -> [Option<&str>; 2] {
    [WordField::Modality, WordField::BodyPart].map(|field| {
        let word = outcome.words.iter().find(|word| word.field == field);
        word.map(|word| word.word.as_str())
    })
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};

    use super::*;
    use crate::atlas::{Description, testing};
    use crate::media;

    /// Black above, white in the lowest third.
    fn picture() -> Rgb {
        let drawn = GrayImage::from_fn(120, 120, |_, y| Luma([if y < 80 { 0 } else { 255 }]));
        media::pixels(&DynamicImage::ImageLuma8(drawn)).expect("pixels")
    }

    #[test]
    fn parts_cover_the_picture_with_a_margin() {
        let picture = picture();
        let first = crop(&picture, 1).expect("a part");
        assert_eq!(
            (first.width(), first.height()),
            (46, 46),
            "40 and a margin of 6"
        );
        let middle = crop(&picture, 5).expect("a part");
        assert_eq!((middle.width(), middle.height()), (52, 52));
        let last = crop(&picture, 9).expect("a part");
        assert!(last.pixels().ends_with(&[255, 255, 255]));
        assert!(last.pixels().starts_with(&[0, 0, 0]), "its margin is above");
    }

    #[test]
    fn parts_that_are_not_there_are_refused() {
        for number in [0, 10] {
            let refused = crop(&picture(), number).expect_err("no such part");
            assert!(refused.to_string().contains("1 to 9"), "{refused}");
        }
        let small = Rgb::new(50, 400, vec![0; 50 * 400 * 3]).expect("pixels");
        let refused = crop(&small, 1).expect_err("too small").to_string();
        assert!(
            refused.contains("50 by 400") && refused.contains("96"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_part_tells_what_the_answer_hangs_on() {
        // In the space of these encoders the letter A is black and B is white.
        let described = |modality: &str| Description {
            caption: "x".to_owned(),
            modality: modality.to_owned(),
            ..Description::default()
        };
        let small = testing::filled(&[
            ("dark", described("AAA"), 5),
            ("bright", described("BBB"), 250),
        ])
        .await;
        small.atlas.refresh().await.expect("readable");
        let white = zoom(&small.atlas, &picture(), 8).await.expect("a part");
        assert_eq!(white.hits[0].entry.id.as_str(), "t/bright");
        assert_eq!(white.change, Change::Concepts);
        let black = media::pixels(&DynamicImage::ImageLuma8(GrayImage::new(120, 120)));
        let black = black.expect("pixels");
        let same = zoom(&small.atlas, &black, 3).await.expect("a part");
        assert_eq!((same.change, same.new.len()), (Change::None, 0));
    }
}
