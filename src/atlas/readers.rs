//! Readers of the layouts that collections of captioned pictures come in. Each yields
//! [`SourceRow`]s one by one; none decodes a picture or knows the atlas.

mod captions;
mod csv_table;
mod error;
mod fields;
mod jsonl;
mod lines;
mod medpix;
mod parquet_file;
mod paths;
mod roco;
mod tar_index;
mod tar_jsonl;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::entry::{Description, Provenance};
pub use error::{Place, ReadError, RowFault, Unit};

/// Where a row's picture is, before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureSource {
    /// A file on disk.
    File(PathBuf),
    /// The encoded picture itself (JPEG, PNG, DICOM …), as it stands in an archive or a column.
    Bytes(Vec<u8>),
}

/// One captioned picture of a collection, as its layout gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRow {
    /// Name of the picture within the collection.
    pub identifier: String,
    /// The picture, not decoded.
    pub picture: PictureSource,
    /// Its words.
    pub description: Description,
    /// Its source and licence.
    pub provenance: Provenance,
}

/// A layout that collections come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A table of captions (CSV or JSON lines) beside its pictures.
    Captions,
    /// Radiology Objects in COntext, the first or the second version.
    Roco,
    /// MedPix 2.0: `Descriptions.json`, `Case_topic.json` and a folder of pictures.
    MedPix,
    /// Parquet with a column of pictures and one of captions, one file or many.
    Parquet,
    /// Pairs of `NAME.tar` (pictures) and `NAME.jsonl` (rows).
    TarJsonl,
}

impl Layout {
    /// All layouts, in the order in which they are looked for: the most particular first.
    pub const ALL: [Self; 5] = [
        Self::MedPix,
        Self::TarJsonl,
        Self::Roco,
        Self::Parquet,
        Self::Captions,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Captions => "captions",
            Self::Roco => "roco",
            Self::MedPix => "medpix",
            Self::Parquet => "parquet",
            Self::TarJsonl => "tar-jsonl",
        }
    }

    /// The files that tell it, in words.
    fn files(self) -> &'static str {
        match self {
            Self::Captions => "captions.csv, metadata.csv or one other table (.csv, .jsonl)",
            Self::Roco => "*_captions.csv (ROCO 2) or radiology/captions.txt (ROCO)",
            Self::MedPix => "Descriptions.json (MedPix 2.0)",
            Self::Parquet => "*.parquet",
            Self::TarJsonl => "NAME.tar with NAME.jsonl",
        }
    }

    fn is_at(self, path: &Path) -> Result<bool, ReadError> {
        match self {
            Self::Captions => captions::is_at(path),
            Self::Roco => roco::is_at(path),
            Self::MedPix => Ok(medpix::is_at(path)),
            Self::Parquet => Ok(!parquet_file::shards(path)?.is_empty()),
            Self::TarJsonl => Ok(!tar_jsonl::pairs(path)?.is_empty()),
        }
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::str::FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(name: &str) -> Result<Self, UnknownLayout> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| UnknownLayout(name.to_owned()))
    }
}

/// A layout that Mirage doesn't read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("There is no layout {0:?}; there are captions, roco, medpix, parquet and tar-jsonl.")]
pub struct UnknownLayout(String);

/// What fills the gaps of rows. What a row says itself always stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Licence of rows that name none. Without it theirs is `unknown`.
    pub licence: Option<String>,
    /// Source of rows that name none. Without it theirs is the name of the file or folder.
    pub source: Option<String>,
    /// Modality of rows that name none.
    pub modality: Option<String>,
}

/// Rows of a collection, read as they are asked for. After a fatal error there are no more.
pub type Rows = Box<dyn Iterator<Item = Result<SourceRow, ReadError>> + Send>;

/// Rows with their places, as the layouts' readers give them.
type PlacedRows = Box<dyn Iterator<Item = Result<(Place, SourceRow), ReadError>> + Send>;

/// What a layout's reader gives: the rows, and how many there are if that is cheap to know.
type Opened = (PlacedRows, Option<u64>);

/// Finds out which layout a file or folder has.
///
/// # Errors
/// [`ReadError::Missing`], [`ReadError::Unreadable`], or [`ReadError::NoLayout`] with the files
/// that were looked for.
pub fn detect(path: &Path) -> Result<Layout, ReadError> {
    must_exist(path)?;
    for layout in Layout::ALL {
        if layout.is_at(path)? {
            return Ok(layout);
        }
    }
    let looked_for = Layout::ALL.map(Layout::files).join("; ");
    Err(ReadError::NoLayout {
        path: path.to_owned(),
        looked_for,
    })
}

/// Opens a collection. The second value is the number of rows, good or bad, where that is cheap to
/// know: it is for showing progress.
///
/// # Errors
/// [`ReadError`] (always a fatal one) when the collection as a whole can't be read.
pub fn open(
    path: &Path,
    layout: Layout,
    defaults: &Defaults,
) -> Result<(Rows, Option<u64>), ReadError> {
    must_exist(path)?;
    let defaults = filled(path, defaults);
    let (inner, count) = match layout {
        Layout::Captions => captions::open(path, defaults),
        Layout::Roco => roco::open(path, defaults),
        Layout::MedPix => medpix::open(path, defaults),
        Layout::Parquet => parquet_file::open(path, defaults),
        Layout::TarJsonl => tar_jsonl::open(path, defaults),
    }?;
    let path = path.to_owned();
    Ok((
        Box::new(Checked {
            inner,
            path,
            seen: HashSet::new(),
            any: false,
            ended: false,
        }),
        count,
    ))
}

fn must_exist(path: &Path) -> Result<(), ReadError> {
    std::fs::metadata(path)
        .map(|_| ())
        .map_err(|error| ReadError::of_path(path, error))
}

/// Drops defaults that say nothing, and names the collection as the source where there is none.
fn filled(path: &Path, defaults: &Defaults) -> Defaults {
    let some = |text: &Option<String>| text.as_deref().and_then(fields::present);
    // `.` and `..` have a name only once they are resolved.
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Defaults {
        licence: some(&defaults.licence),
        source: some(&defaults.source).or_else(|| fields::present(paths::name_of(&resolved))),
        modality: some(&defaults.modality),
    }
}

fn no_layout(path: &Path, layout: Layout) -> ReadError {
    ReadError::NoLayout {
        path: path.to_owned(),
        looked_for: layout.files().to_owned(),
    }
}

/// What holds for all layouts: identifiers are unique, nothing follows a fatal error, and a
/// collection without any row is an error.
struct Checked {
    inner: PlacedRows,
    path: PathBuf,
    seen: HashSet<String>,
    any: bool,
    ended: bool,
}

impl Iterator for Checked {
    type Item = Result<SourceRow, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = match self.inner.next() {
            Some(row) => row,
            None if self.any => {
                self.ended = true;
                return None;
            }
            None => Err(ReadError::NoRows {
                path: self.path.clone(),
            }),
        };
        self.any = true;
        Some(match row {
            Ok((place, row)) if self.seen.contains(&row.identifier) => {
                Err(place.fault(RowFault::Duplicate(row.identifier)))
            }
            Ok((_, row)) => {
                self.seen.insert(row.identifier.clone());
                Ok(row)
            }
            Err(error) => {
                self.ended = error.is_fatal();
                Err(error)
            }
        })
    }
}

#[cfg(test)]
mod tests;
