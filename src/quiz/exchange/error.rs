//! Why a file of questions can't be read or written, with the place of the fault.

use crate::atlas::{AtlasError, EntryId};
use crate::chart::ChartError;
use crate::store::StoreError;

use super::MOST_ITEMS;

/// Why nothing was brought in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There are no questions.
    #[error("The file has no questions.")]
    Empty,
    /// It isn't text.
    #[error("The file is no text in UTF-8. Save it as UTF-8 and try again.")]
    NotText,
    /// Its form is not known.
    #[error(
        "The form of {0} is not known. Give a CSV table (.csv), Anki text (.txt, .tsv), Moodle XML \
         (.xml) or GIFT (.gift, .txt)."
    )]
    Unknown(String),
    /// There are too many questions.
    #[error("The file has {0} questions, and at most {MOST_ITEMS} are taken at once. Split it.")]
    TooMany(usize),
    /// The table lacks a column.
    #[error(
        "Row 1: the table has no column “{0}”. Its first row must name the columns kind, question \
         and key at least."
    )]
    NoColumn(&'static str),
    /// A row of a table is broken. The first row, which names the columns, is 1.
    #[error("Row {row}: {fault}.")]
    Row {
        /// Which.
        row: usize,
        /// What is wrong, as half a sentence.
        fault: String,
    },
    /// A question of another form is broken.
    #[error("Question {number} (line {line}): {fault}.")]
    Question {
        /// Which, from 1.
        number: usize,
        /// Where it begins, from 1.
        line: usize,
        /// What is wrong, as half a sentence.
        fault: String,
    },
    /// The file as a whole is broken.
    #[error("Line {line}: {fault}.")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong, as half a sentence.
        fault: String,
    },
    /// The atlas hasn't a picture.
    #[error("Question {number}: the atlas has no picture {picture}.")]
    NoPicture {
        /// Which question, from 1.
        number: usize,
        /// The picture.
        picture: EntryId,
    },
    /// The atlas can't be read.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
}

/// Why a file can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The form holds no pictures.
    #[error(
        "{form} holds no pictures, and {count} of the questions have some. Choose a form with \
         pictures, or the CSV table."
    )]
    Pictures {
        /// The form.
        form: &'static str,
        /// How many questions have pictures.
        count: usize,
    },
    /// A picture is not there.
    #[error(
        "The picture {0} is no longer in the atlas. Retire the question that shows it, or choose \
         the CSV table."
    )]
    NoPicture(EntryId),
    /// A grid can't be drawn over a picture.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The file of a package can't be made.
    #[error("The package could not be written ({0}).")]
    Package(String),
    /// The collection of a package can't be made.
    #[error(transparent)]
    Collection(#[from] StoreError),
}
