//! Why something can't be explained: one plain sentence each, with its mend. That the atlas has
//! nothing on a topic is an answer, not an error.

use super::asked::LONGEST;
use crate::atlas::AtlasError;
use crate::compare::CompareError;
use crate::media::MediaError;

/// Why an explanation can't be given.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There are no words.
    #[error("Give a topic to explain, such as \"fourth ventricle\".")]
    Empty,
    /// There are too many words.
    #[error("The text has {length} characters; at most {LONGEST} can be asked. Ask for less.")]
    TooLong {
        /// What it has.
        length: usize,
    },
    /// A place of the grid of crops that isn't there.
    #[error("There is no part {number}: the picture is cut into parts 1 to 9, row by row.")]
    NoPart {
        /// What was asked for.
        number: usize,
    },
    /// A picture that is too small to be cut.
    #[error(
        "The picture has {width} by {height} pixels. That is too small to zoom in: each side needs \
         {least} pixels at least."
    )]
    TooSmall {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// What each side needs.
        least: usize,
    },
    /// An entry without named structures.
    #[error("The picture {id} has no structures with places, so there is nothing to outline.")]
    NoStructures {
        /// The entry.
        id: String,
    },
    /// Who asked has gone.
    #[error("The explanation was cancelled.")]
    Cancelled,
    /// What the atlas reports.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// A file that can't be read as a picture.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A picture can't be drawn.
    #[error("The picture could not be drawn ({0}).")]
    Drawing(String),
}

impl From<CompareError> for ExplainError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Atlas(error) => Self::Atlas(error),
            CompareError::Media(error) => Self::Media(error),
            other => Self::Drawing(other.to_string()),
        }
    }
}
