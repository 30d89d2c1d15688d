//! Why two things can't be compared: one plain sentence each, with its mend.

use super::arithmetic::HEAVIEST;
use super::mode::Mode;
use super::picture::{LEAST_SIDE, LONGEST_SHAPE};
use crate::atlas::AtlasError;
use crate::media::MediaError;

/// Why a comparison can't be made.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Both sides are one thing.
    #[error("A and B are the same. Give two different things to compare.")]
    Same,
    /// Neither side finds an entry.
    #[error("The atlas has no entry for this, so there is nothing to compare.")]
    Nothing,
    /// There is neither anything to add nor anything to subtract.
    #[error("Say what to add to the query, what to subtract from it, or both.")]
    NoChange,
    /// The same is added and subtracted.
    #[error(
        "What is added and what is subtracted are the same, so they cancel each other. Change one \
         of them."
    )]
    SameChange,
    /// The subtraction takes the query away.
    #[error(
        "What is subtracted cancels the query: nothing with a direction is left to search for. \
         Subtract only a part of what the query says."
    )]
    Cancelled,
    /// The sum is the query again.
    #[error(
        "What is added or subtracted leaves the query as it is, so both sides would be the same. \
         Change its words or its weight."
    )]
    Unchanged,
    /// Words and pictures have vectors of different spaces.
    #[error(
        "The encoders of this profile have no space in common, so words can't be added to a \
         picture. Give the query in words."
    )]
    OtherSpace,
    /// A weight that isn't one.
    #[error("A weight must be a number from 0 to {HEAVIEST}.")]
    Weight,
    /// The atlas has no entry of the mode.
    #[error("{}", mode.none_like(like))]
    NoneOfMode {
        /// What was asked for.
        mode: Mode,
        /// Modality and region of the entry that it should go with.
        like: String,
    },
    /// A picture with too few pixels to tell anything.
    #[error(
        "The picture has {width} by {height} pixels. That is too small to compare: each side needs \
         {LEAST_SIDE} pixels at least."
    )]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A picture that is a strip.
    #[error(
        "The picture has {width} by {height} pixels. That is too narrow to compare: the longer \
         side may be {LONGEST_SHAPE} times the shorter one at most."
    )]
    TooNarrow {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Two pictures that show too little in common.
    #[error(
        "These two pictures could not be laid over each other: they have too little in common. \
         Give two pictures of the same region, taken from the same direction."
    )]
    NotLaid,
    /// A file that can't be read as a picture.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// What the atlas reports.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// A stored picture can't be read, or a drawn one can't be written.
    #[error("The pictures could not be drawn ({0}).")]
    Drawing(String),
}

impl From<image::ImageError> for CompareError {
    fn from(error: image::ImageError) -> Self {
        Self::Drawing(error.to_string())
    }
}
