//! Two things side by side: what is compared, which entries stand for each, what these share, and
//! the panel that shows them; and two pictures of one patient laid over each other. It ranks
//! through the atlas; messages and buttons are the callers' concern.

mod arithmetic;
mod concepts;
mod difference;
mod error;
pub(crate) mod letters;
mod mode;
mod overlay;
mod panel;
mod picture;
mod sides;
mod synthetic;
mod terms;
mod view;

use crate::atlas::Atlas;
pub use arithmetic::{Arithmetic, HEAVIEST, Weights};
pub use concepts::{Concept, Concepts};
pub use difference::Difference;
pub use error::CompareError;
pub use mode::Mode;
pub use overlay::{Fit, Laid, lay_over, likely_modality};
pub use panel::{Cell, Column, Panel, WIDTH};
pub use picture::Picture;
pub use sides::{Idea, Letter, Side, Subject};
pub use synthetic::{BesideReal, Synthetic, beside_real};
pub use view::{Placed, SHOWN, Shown, show};

/// Two sides, and what is to be said of them once.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The first.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// The sides whose picture is no nearer to its best match than two pictures are by chance.
    pub far: Vec<Letter>,
}

/// The best matches of two ideas.
///
/// # Errors
/// [`CompareError::Same`] for one idea given twice, [`CompareError::Nothing`] if neither finds an
/// entry, or what the atlas reports.
pub async fn ideas(atlas: &Atlas, a: Idea, b: Idea) -> Result<Comparison, CompareError> {
    if a.says_the_same_as(&b) {
        return Err(CompareError::Same);
    }
    let (a, b) = (
        sides::of_idea(atlas, a).await?,
        sides::of_idea(atlas, b).await?,
    );
    sides::joined(a, b)
}

/// The same where the first side was found earlier.
///
/// # Errors
/// As [`ideas`].
pub async fn with_earlier(atlas: &Atlas, a: Side, b: Idea) -> Result<Comparison, CompareError> {
    let b = sides::of_idea(atlas, b).await?;
    sides::joined(
        sides::Found {
            side: a,
            far: false,
        },
        b,
    )
}

/// The best matches of one idea, to be compared with another later.
///
/// # Errors
/// [`CompareError::Nothing`] if it finds no entry, or what the atlas reports.
pub async fn side(atlas: &Atlas, idea: Idea) -> Result<Side, CompareError> {
    let found = sides::of_idea(atlas, idea).await?;
    if found.side.results.is_empty() {
        return Err(CompareError::Nothing);
    }
    Ok(found.side)
}

/// The plain query, and the query with something added or subtracted. Both are searched by vector
/// in the same way, so that the arithmetic alone makes the difference.
///
/// # Errors
/// [`CompareError`] for what can't be calculated, or what the atlas reports.
pub async fn arithmetic(atlas: &Atlas, asked: Arithmetic) -> Result<Comparison, CompareError> {
    arithmetic::compare(atlas, asked).await
}

/// An idea beside the same finding in other patients, its look-alikes with another label, or the
/// normal of its modality and region.
///
/// # Errors
/// [`CompareError::NoneOfMode`] where the atlas has none, or what the atlas reports.
pub async fn by_mode(atlas: &Atlas, idea: Idea, mode: Mode) -> Result<Comparison, CompareError> {
    mode::compare(atlas, idea, mode).await
}

/// What tells two sides apart, over all entries of both.
///
/// # Errors
/// What the atlas reports.
pub async fn difference(atlas: &Atlas, a: &Side, b: &Side) -> Result<Difference, CompareError> {
    difference::between(atlas, a, b).await
}

#[cfg(test)]
mod tests;
