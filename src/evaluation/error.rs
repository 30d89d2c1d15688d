//! Why an evaluation can't be made: one plain sentence each.

use std::path::PathBuf;

use mirage_models::diffusion::DiffusionError;
use mirage_models::image_encoder::ImageEncoderError;
use mirage_models::judge::JudgeError;
use mirage_models::text_encoder::EncoderError;

use crate::atlas::readers::{Place, ReadError};
use crate::media::MediaError;

/// Why the figures can't be had.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The rows or the archive can't be read; the sentence names file and line.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No row is of the split that was asked for.
    #[error("{} has no row of the split {split:?}. It has: {known}.", path.display())]
    NoSplit {
        /// The file of the rows.
        path: PathBuf,
        /// What was asked for.
        split: String,
        /// The splits that are there.
        known: String,
    },
    /// A picture's content can't be used.
    #[error("{place}: the picture {file:?} can't be used: {reason}.")]
    Picture {
        /// The row that names it.
        place: Place,
        /// Its name in the archive.
        file: String,
        /// What is wrong with it.
        reason: MediaError,
    },
    /// No row has what the evaluation needs.
    #[error("No row of {} has a {what}, so there is nothing to measure.", path.display())]
    Lacking {
        /// The file of the rows.
        path: PathBuf,
        /// What is needed.
        what: &'static str,
    },
    /// With one class every answer is right.
    #[error(
        "All labelled rows of {} are of one class, {class:?}. Two classes are needed at least.",
        path.display()
    )]
    OneClass {
        /// The file of the rows.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// No label and no concept makes a query.
    #[error(
        "{} holds no query: {least} rows at least must carry a label or a concept that not all \
         rows carry, and of a concept the captions or a file of names must tell what it is called.",
        path.display()
    )]
    NoQuery {
        /// The file of the rows.
        path: PathBuf,
        /// Rows that a query needs.
        least: usize,
    },
    /// Vectors of the two encoders can't be compared.
    #[error(
        "The text encoder gives {texts} numbers and the image encoder {pictures}, so they are no \
         encoders of one space."
    )]
    Spaces {
        /// Length of a text's vector.
        texts: usize,
        /// Length of a picture's vector.
        pictures: usize,
    },
    /// The text encoder failed.
    #[error(transparent)]
    Text(#[from] EncoderError),
    /// The image encoder failed.
    #[error(transparent)]
    Image(#[from] ImageEncoderError),
    /// The judge of synthetic pictures failed.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The generator failed.
    #[error(transparent)]
    Generator(#[from] DiffusionError),
    /// A row is missing that was kept aside when the weights were trained.
    #[error(
        "{} has no row {id:?}, which was kept aside when the weights were trained, so these are other \
         data. Give the folder of the sets that docs/generate.md names.",
        path.display()
    )]
    OtherData {
        /// The file of the rows.
        path: PathBuf,
        /// The row's identifier.
        id: String,
    },
    /// Something is asked for that the judge can't tell.
    #[error("The judge doesn't tell apart: {0}. Prompts for it can't be judged.")]
    UnknownKinds(String),
    /// An encoder gave another number of vectors than it was given inputs.
    #[error("An encoder gave {found} vectors for {expected} inputs.")]
    Vectors {
        /// What came.
        found: usize,
        /// What was asked for.
        expected: usize,
    },
    /// A confusion matrix or a sheet can't be made a picture.
    #[error("The picture could not be written as PNG ({0}).")]
    Png(String),
}
