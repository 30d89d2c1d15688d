//! What can go wrong while a collection is read: with one row, or with the collection as a whole.
//! What can go wrong with a picture's content is not known here.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a collection, or one row of it, can't be used. [`Self::is_fatal`] tells which.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is at that path.
    #[error("There is no file or folder {}.", path.display())]
    Missing {
        /// The path that was given.
        path: PathBuf,
    },
    /// The system did not let it be read.
    #[error("{} can't be read: {source}.", path.display())]
    Unreadable {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No layout was recognised, or not the one that was asked for.
    #[error("No collection was recognised in {}. Looked for: {looked_for}.", path.display())]
    NoLayout {
        /// File or folder.
        path: PathBuf,
        /// The files that would have told a layout.
        looked_for: String,
    },
    /// More than one table could be meant.
    #[error("{} holds more than one table ({found}). Name the one to read.", path.display())]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The tables.
        found: String,
    },
    /// A column that every row needs is not there.
    #[error(
        "{} has no column for the {field}. One of these names would do: {names}. It has: {found}.",
        path.display()
    )]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// What is missing, in words.
        field: &'static str,
        /// Names that would be recognised.
        names: String,
        /// Names that are there.
        found: String,
    },
    /// There is nothing to read.
    #[error("{} holds no rows.", path.display())]
    NoRows {
        /// File or folder.
        path: PathBuf,
    },
    /// A file is not what its name says, or is damaged from the start.
    #[error("{} can't be used: {reason}.", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// One file of several can't be read, or not to its end. The others can.
    #[error("{} can't be read from here on: {reason}.", path.display())]
    Rest {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// One row can't be used. The rows after it can.
    #[error("{place}: {fault}.")]
    Row {
        /// Where it stands.
        place: Place,
        /// Why.
        fault: RowFault,
    },
}

impl ReadError {
    /// Whether the reading ends here. If not, the next row can be asked for.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Row { .. } | Self::Rest { .. })
    }

    /// Where it happened: the file, and the line or row where there is one.
    pub fn place(&self) -> String {
        match self {
            Self::Row { place, .. } => place.to_string(),
            Self::Missing { path }
            | Self::Unreadable { path, .. }
            | Self::NoLayout { path, .. }
            | Self::Ambiguous { path, .. }
            | Self::MissingColumn { path, .. }
            | Self::NoRows { path }
            | Self::Unusable { path, .. }
            | Self::Rest { path, .. } => path.display().to_string(),
        }
    }

    /// What is wrong with the row, without its place; `None` for anything but a row.
    pub fn fault(&self) -> Option<&RowFault> {
        match self {
            Self::Row { fault, .. } => Some(fault),
            _ => None,
        }
    }

    /// The same for one file of several: the others can still be read.
    pub(super) fn into_rest(self, path: &Path) -> Self {
        let reason = match self {
            Self::Unusable { reason, .. } => reason,
            error => error.to_string().trim_end_matches('.').to_owned(),
        };
        Self::Rest {
            path: path.to_owned(),
            reason,
        }
    }

    /// Tells a path that does not exist from one that can't be read.
    pub(super) fn of_path(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Unreadable { path, source },
        }
    }
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file that holds the row.
    pub file: PathBuf,
    /// What is counted in that file.
    pub unit: Unit,
    /// Its number, from 1.
    pub number: u64,
}

impl Place {
    pub(super) fn line(file: &Path, number: u64) -> Self {
        Self {
            file: file.to_owned(),
            unit: Unit::Line,
            number,
        }
    }

    pub(super) fn row(file: &Path, number: u64) -> Self {
        Self {
            file: file.to_owned(),
            unit: Unit::Row,
            number,
        }
    }

    /// The error that this row can't be used.
    pub(super) fn fault(&self, fault: RowFault) -> ReadError {
        ReadError::Row {
            place: self.clone(),
            fault,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Line => "line",
            Unit::Row => "row",
        };
        write!(formatter, "{}, {unit} {}", self.file.display(), self.number)
    }
}

/// What a place counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Lines of a text file.
    Line,
    /// Rows of a table, or elements of a list.
    Row,
}

/// Why a row is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Bytes that are no text.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Not JSON, or cut off.
    #[error("this is not a JSON object ({0})")]
    NotJson(String),
    /// A record that has more or fewer fields than the header.
    #[error("the row has {found} fields and the header {expected} (a comma may lack its quotes)")]
    FieldCount {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A line or record that no caption needs.
    #[error("the row is longer than {maximum} bytes")]
    LongRow {
        /// Most bytes that are read.
        maximum: usize,
    },
    /// A value that the row needs is not there.
    #[error("the {field} is missing; one of these names would do: {names}")]
    MissingValue {
        /// What is missing, in words.
        field: &'static str,
        /// Names that would be recognised.
        names: String,
    },
    /// A value of another kind than expected.
    #[error("the {field} is not {expected}")]
    WrongKind {
        /// Which value, in words.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A text that is longer than is useful.
    #[error("the {field} has {bytes} bytes; at most {maximum} are taken")]
    LongText {
        /// Which text, in words.
        field: &'static str,
        /// Its length in UTF-8.
        bytes: usize,
        /// The longest that is taken.
        maximum: usize,
    },
    /// More labels or boxes than is useful.
    #[error("there are {found} {what}; at most {maximum} are taken")]
    TooMany {
        /// Which.
        what: &'static str,
        /// How many.
        found: usize,
        /// The most that are taken.
        maximum: usize,
    },
    /// Neither caption nor anything else that it could be found by.
    #[error("there are no words: neither caption, alt text, labels, modality nor body part")]
    NoWords,
    /// An identifier that can't be a name.
    #[error("the identifier is empty, too long, or holds control characters")]
    BadIdentifier,
    /// A row of that identifier came before.
    #[error("the identifier {0:?} stands for an earlier row already")]
    Duplicate(String),
    /// A box that is not on the picture.
    #[error(
        "the box of {label:?} is not on the picture: left, top, right and bottom are percent from \
         0 to 100, left before right and top before bottom"
    )]
    BadBox {
        /// Label of the box.
        label: String,
    },
    /// A path that leads out of the collection.
    #[error("the path {0:?} leads out of the collection")]
    UnsafePath(String),
    /// The picture is not there.
    #[error("there is no picture {0:?}")]
    MissingPicture(String),
    /// A picture without content.
    #[error("the picture {0:?} is empty")]
    EmptyPicture(String),
    /// A picture of more bytes than Mirage looks at.
    #[error("the picture has {bytes} bytes; at most {maximum} are read")]
    LargePicture {
        /// Its length.
        bytes: u64,
        /// The largest that is read.
        maximum: u64,
    },
    /// The archive ends before the picture does.
    #[error("the archive is cut off before the end of {0:?}")]
    CutOff(String),
    /// The system did not let the picture be read.
    #[error("the picture can't be read ({0})")]
    Io(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_file_and_line_and_does_not_end_the_reading() {
        let error = Place::line(Path::new("a/captions.csv"), 7).fault(RowFault::NotUtf8);
        assert_eq!(
            error.to_string(),
            "a/captions.csv, line 7: the text is not UTF-8."
        );
        assert_eq!(error.place(), "a/captions.csv, line 7");
        assert_eq!(error.fault(), Some(&RowFault::NotUtf8));
        assert!(!error.is_fatal());
    }

    #[test]
    fn what_concerns_the_collection_ends_the_reading() {
        let path = Path::new("a");
        let missing = ReadError::of_path(path, std::io::ErrorKind::NotFound.into());
        assert!(matches!(missing, ReadError::Missing { .. }) && missing.is_fatal());
        let denied = ReadError::of_path(path, std::io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied, ReadError::Unreadable { .. }) && denied.is_fatal());
        let rest = ReadError::Rest {
            path: path.to_owned(),
            reason: "cut off".to_owned(),
        };
        assert!(!rest.is_fatal());
        assert_eq!(rest.place(), "a");
    }
}
