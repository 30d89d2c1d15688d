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
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        folder
    }

    #[test]
    fn layouts_have_names_for_the_command_line() {
        for layout in Layout::ALL {
            assert_eq!(layout.to_string().parse(), Ok(layout));
        }
        assert_eq!("Tar-JSONL".parse(), Ok(Layout::TarJsonl));
        let error = "zip".parse::<Layout>().expect_err("there is none");
        for layout in Layout::ALL {
            assert!(error.to_string().contains(layout.name()));
        }
    }

    #[test]
    fn each_layout_is_recognised_by_its_files() {
        let cases: [(&[(&str, &str)], Layout); 9] = [
            (&[("captions.csv", ""), ("a.png", "")], Layout::Captions),
            (&[("rows.jsonl", "")], Layout::Captions),
            (&[("train_captions.csv", "ID,Caption\n")], Layout::Roco),
            (
                &[
                    ("radiology/captions.txt", ""),
                    ("radiology/images/a.jpg", ""),
                ],
                Layout::Roco,
            ),
            (&[("data/train/radiology/captions.txt", "")], Layout::Roco),
            (
                &[("Descriptions.json", "[]"), ("images/a.png", "")],
                Layout::MedPix,
            ),
            (
                &[("data/train-00000-of-00001.parquet", "")],
                Layout::Parquet,
            ),
            (
                &[("a.tar", ""), ("a.jsonl", ""), ("README.md", "")],
                Layout::TarJsonl,
            ),
            (&[("my_captions.csv", "file,caption\n")], Layout::Captions),
        ];
        for (files, layout) in cases {
            assert_eq!(
                detect(folder(files).path()).expect("a layout"),
                layout,
                "{files:?}"
            );
        }
    }

    #[test]
    fn a_file_is_recognised_by_its_name() {
        let folder = folder(&[
            ("a.parquet", ""),
            ("a.csv", "file,caption\n"),
            ("b.jsonl", ""),
            ("c.jsonl", ""),
            ("c.tar", ""),
        ]);
        for (name, layout) in [
            ("a.parquet", Layout::Parquet),
            ("a.csv", Layout::Captions),
            ("b.jsonl", Layout::Captions),
            ("c.jsonl", Layout::TarJsonl),
            ("c.tar", Layout::TarJsonl),
        ] {
            assert_eq!(
                detect(&folder.path().join(name)).expect("a layout"),
                layout,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_not_recognised_says_what_was_looked_for() {
        let folder = folder(&[("notes.txt", "hello")]);
        let error = detect(folder.path()).expect_err("there is no collection");
        for part in [
            "Descriptions.json",
            "*.parquet",
            "captions.csv",
            "NAME.tar",
            "captions.txt",
        ] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(error.is_fatal());
        for layout in Layout::ALL {
            let error = open(folder.path(), layout, &Defaults::default()).err();
            let error = error.expect("there is no collection").to_string();
            assert!(error.contains(layout.files()), "{error}");
        }
        let missing = folder.path().join("missing");
        assert!(matches!(detect(&missing), Err(ReadError::Missing { .. })));
        let opened = open(&missing, Layout::Captions, &Defaults::default());
        assert!(matches!(opened, Err(ReadError::Missing { .. })));
    }

    #[test]
    fn identifiers_are_unique_and_the_second_is_refused() {
        let folder = folder(&[
            (
                "captions.csv",
                "id,file,caption\n1,a.png,x\n1,a.png,y\n2,a.png,z\n",
            ),
            ("a.png", "x"),
        ]);
        let (rows, count) =
            open(folder.path(), Layout::Captions, &Defaults::default()).expect("a collection");
        let rows: Vec<_> = rows.collect();
        assert_eq!(count, Some(3));
        assert_eq!(rows[0].as_ref().expect("a row").identifier, "1");
        let error = rows[1].as_ref().expect_err("it is there already");
        assert_eq!(error.fault(), Some(&RowFault::Duplicate("1".to_owned())));
        assert!(
            error
                .to_string()
                .contains("line 3: the identifier \"1\" stands for an earlier")
        );
        assert_eq!(rows[2].as_ref().expect("a row").identifier, "2");
    }

    #[test]
    fn a_collection_without_rows_is_an_error() {
        for (name, content) in [
            ("c.csv", "file,caption\n"),
            ("c.csv", ""),
            ("c.jsonl", "\n\n"),
        ] {
            let folder = folder(&[(name, content)]);
            let opened = open(folder.path(), Layout::Captions, &Defaults::default());
            let error = match opened {
                Ok((mut rows, _)) => {
                    let error = rows.next().expect("an error").expect_err("no row");
                    assert!(rows.next().is_none(), "nothing follows");
                    error
                }
                Err(error) => error,
            };
            assert!(matches!(error, ReadError::NoRows { .. }), "{error}");
        }
    }

    #[test]
    fn the_source_falls_back_to_the_name_of_the_collection() {
        let folder = folder(&[
            ("teaching/c.csv", "file,caption\na.png,x\n"),
            ("teaching/a.png", "x"),
        ]);
        let path = folder.path().join("teaching");
        let source = |defaults: &Defaults| {
            let (mut rows, _) = open(&path, Layout::Captions, defaults).expect("a collection");
            rows.next()
                .expect("a row")
                .expect("a good row")
                .provenance
                .source
        };
        assert_eq!(source(&Defaults::default()), "teaching");
        let named = Defaults {
            source: Some("Our atlas".to_owned()),
            ..Defaults::default()
        };
        assert_eq!(source(&named), "Our atlas");
    }
}
