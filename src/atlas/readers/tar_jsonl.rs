//! Pairs of `NAME.tar` and `NAME.jsonl`: the pictures, and one row for each. A folder may hold
//! several pairs.

use std::path::{Path, PathBuf};

use super::error::{Place, ReadError, RowFault};
use super::fields::{Field, RawRow};
use super::jsonl::JsonLines;
use super::tar_index::TarIndex;
use super::{
    Defaults, Layout, Opened, PictureSource, PlacedRows, SourceRow, lines, no_layout, paths,
};

/// An archive and the file of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    archive: PathBuf,
    rows: PathBuf,
}

/// The pairs of a folder, by name. A path to either file of a pair gives that pair.
pub(super) fn pairs(path: &Path) -> Result<Vec<Pair>, ReadError> {
    let files = if path.is_dir() {
        paths::list(path)?
    } else {
        vec![path.with_extension("tar")]
    };
    let named = path.is_dir() || paths::has_extension(path, &["tar", "jsonl"]);
    let pair = |archive: PathBuf| {
        let rows = archive.with_extension("jsonl");
        (archive.is_file() && rows.is_file()).then_some(Pair { archive, rows })
    };
    let archives = files
        .into_iter()
        .filter(|file| paths::has_extension(file, &["tar"]));
    Ok(archives.filter(|_| named).filter_map(pair).collect())
}

/// Opens the pairs. Each archive is indexed when its turn comes.
pub(super) fn open(path: &Path, defaults: Defaults) -> Result<Opened, ReadError> {
    let pairs = pairs(path)?;
    if pairs.is_empty() {
        return Err(no_layout(path, Layout::TarJsonl));
    }
    let count = pairs.iter().map(|pair| lines::count(&pair.rows)).sum();
    if let [pair] = pairs.as_slice() {
        return Ok((rows(pair, defaults)?, count));
    }
    let rows = pairs.into_iter().flat_map(move |pair| {
        rows(&pair, defaults.clone()).unwrap_or_else(|error| {
            // The other pairs can still be read.
            Box::new(std::iter::once(Err(error.into_rest(&pair.archive))))
        })
    });
    Ok((Box::new(rows), count))
}

fn rows(pair: &Pair, defaults: Defaults) -> Result<PlacedRows, ReadError> {
    let mut archive = TarIndex::open(&pair.archive)?;
    let raw = JsonLines::new(&pair.rows, paths::open(&pair.rows)?);
    Ok(Box::new(raw.map(move |raw| {
        let (place, raw): (Place, RawRow) = raw?;
        match row(raw, &mut archive, &defaults) {
            Ok(row) => Ok((place, row)),
            Err(fault) => Err(place.fault(fault)),
        }
    })))
}

fn row(raw: RawRow, archive: &mut TarIndex, defaults: &Defaults) -> Result<SourceRow, RowFault> {
    let missing = || Field::File.missing();
    let file = raw.file.clone().ok_or_else(missing)?;
    let identifier = raw.identifier.clone().unwrap_or_else(|| file.clone());
    // The words first: a row that has none needs no picture.
    let row = raw.finish(&identifier, PictureSource::Bytes(Vec::new()), defaults)?;
    Ok(SourceRow {
        picture: PictureSource::Bytes(archive.read(&file)?),
        ..row
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tar_index::tests::write_tar;
    use super::*;
    use crate::atlas::readers;

    fn read(path: &Path) -> Vec<Result<SourceRow, ReadError>> {
        let opened = readers::open(path, Layout::TarJsonl, &Defaults::default());
        opened.expect("a collection").0.collect()
    }

    const ROW: &str = r#"{"id": "b0", "file": "b0.jpg", "caption": "Limb x-ray with a fracture.",
        "modality": "x-ray", "labels": ["fracture"], "boxes": [{"label": "fracture",
        "box": [48.9, 37.3, 71.4, 48.0]}], "licence": "CC BY 4.0", "source": "Bones",
        "group": "patient 3", "split": "train", "qa": [{"question": "?"}], "cuis": ["C1"]}"#;

    fn line() -> String {
        ROW.replace('\n', " ")
    }

    #[test]
    fn rows_come_with_their_pictures() {
        let folder = tempfile::tempdir().expect("a folder");
        write_tar(&folder.path().join("b.tar"), &[("b0.jpg", b"picture")]);
        fs::write(folder.path().join("b.jsonl"), line()).expect("a file");
        for path in [folder.path().to_owned(), folder.path().join("b.jsonl")] {
            let rows = read(&path);
            let row = rows[0].as_ref().expect("a row");
            assert_eq!(row.identifier, "b0");
            assert_eq!(row.picture, PictureSource::Bytes(b"picture".to_vec()));
            assert_eq!(row.description.modality, "X-ray");
            assert_eq!(row.description.boxes[0].corners, [48.9, 37.3, 71.4, 48.0]);
            assert_eq!(row.description.group.as_deref(), Some("patient 3"));
            assert_eq!(row.provenance.licence, "CC BY 4.0");
            assert_eq!(row.provenance.source, "Bones");
        }
    }

    #[test]
    fn bad_rows_are_refused_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        write_tar(
            &folder.path().join("b.tar"),
            &[("../e.jpg", b"x"), ("b0.jpg", b"picture")],
        );
        let lines = [
            r#"{"file": "../e.jpg", "caption": "x"}"#,
            r#"{"file": "/etc/passwd", "caption": "x"}"#,
            r#"{"file": "none.jpg", "caption": "x"}"#,
            r#"{"caption": "x"}"#,
            "{",
            &line(),
            &line(),
        ];
        fs::write(folder.path().join("b.jsonl"), lines.join("\n")).expect("a file");
        let rows = read(folder.path());
        let fault = |row: usize| rows[row].as_ref().expect_err("refused").fault();
        assert_eq!(fault(0), Some(&RowFault::UnsafePath("../e.jpg".to_owned())));
        assert_eq!(
            fault(1),
            Some(&RowFault::UnsafePath("/etc/passwd".to_owned()))
        );
        assert_eq!(
            fault(2),
            Some(&RowFault::MissingPicture("none.jpg".to_owned()))
        );
        assert_eq!(fault(3), Some(&Field::File.missing()));
        assert!(matches!(fault(4), Some(RowFault::NotJson(_))));
        assert!(rows[5].is_ok());
        assert_eq!(fault(6), Some(&RowFault::Duplicate("b0".to_owned())));
    }

    #[test]
    fn a_damaged_archive_does_not_hide_the_other_pairs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.tar"), b"no archive".repeat(100)).expect("a file");
        fs::write(path("a.jsonl"), line()).expect("a file");
        write_tar(&path("b.tar"), &[("b0.jpg", b"picture")]);
        fs::write(path("b.jsonl"), line()).expect("a file");
        fs::write(path("alone.jsonl"), line()).expect("a file");
        let opened = readers::open(folder.path(), Layout::TarJsonl, &Defaults::default());
        let (rows, count) = opened.expect("a collection");
        let rows: Vec<_> = rows.collect();
        assert_eq!((rows.len(), count), (2, Some(2)));
        let error = rows[0].as_ref().expect_err("a.tar is damaged");
        assert!(
            !error.is_fatal() && error.to_string().contains("it is no tar archive"),
            "{error}"
        );
        assert!(rows[1].is_ok());
        // Alone it ends the reading.
        let alone = readers::open(&path("a.tar"), Layout::TarJsonl, &Defaults::default());
        assert!(alone.err().expect("it is damaged").is_fatal());
    }
}
