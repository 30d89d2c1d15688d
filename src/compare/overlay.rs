//! Two pictures of one patient over time, laid over each other: overlay, difference and blink. What
//! is shown are differences of pixels; nothing here knows what they mean, and nothing claims to.

mod draw;
mod register;

use mirage_models::image_encoder::Rgb;

use super::error::CompareError;
use crate::atlas::{Atlas, EntryId, Filter, Space};

pub use register::Fit;

/// The nearest entries that are asked for their modality, and how many must agree.
const ASKED: usize = 5;
const AGREE: usize = 4;

/// Two pictures laid over each other. On each picture is written what it is, and that a pixel
/// difference is not a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Laid {
    /// How the second picture was moved.
    pub fit: Fit,
    /// PNG: the first in red, the second in cyan, gray where they agree.
    pub overlay: Vec<u8>,
    /// PNG: bright where they differ.
    pub difference: Vec<u8>,
    /// GIF: both in turn, a second each.
    pub blink: Vec<u8>,
}

/// Moves and scales the second picture onto the first and draws both. It computes: call it from a
/// thread that may block.
///
/// # Errors
/// [`CompareError::NotLaid`] if they have too little in common.
pub fn lay_over(before: &Rgb, after: &Rgb) -> Result<Laid, CompareError> {
    let (before, after) = (draw::gray(before)?, draw::gray(after)?);
    let fit = register::register(&before, &after).ok_or(CompareError::NotLaid)?;
    let pair = draw::Pair::new(&before, &after, &fit);
    Ok(Laid {
        overlay: draw::overlay(&pair)?,
        difference: draw::difference(&pair)?,
        blink: draw::blink(&pair)?,
        fit,
    })
}

/// The modality that a picture is probably of: that of the entries whose pictures are nearest, if
/// most of them agree. `None` where they don't, or where pictures have no vectors.
///
/// # Errors
/// What the atlas reports.
pub async fn likely_modality(atlas: &Atlas, picture: Rgb) -> Result<Option<String>, CompareError> {
    if !atlas.knows_pictures() {
        return Ok(None);
    }
    let vector = atlas.embed_picture(picture).await?;
    let near = atlas
        .nearest(&vector, Space::Pictures, &Filter::default(), ASKED)
        .await?;
    let near: Vec<EntryId> = near.into_iter().map(|(id, _)| id).collect();
    let entries = atlas.entries_of(&near).await?;
    let modality = |index: usize| entries[index].description.modality.as_str();
    let agreed = (0..entries.len()).map(modality).find(|one| {
        let same = (0..entries.len()).filter(|other| modality(*other) == *one);
        !one.is_empty() && same.count() >= AGREE
    });
    Ok(agreed.map(str::to_owned))
}
