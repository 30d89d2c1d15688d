//! A folder of pictures with a table of captions, in CSV or JSON lines. The table names each
//! picture's file.

use std::path::{Path, PathBuf};

use super::csv_table::{self, CsvTable};
use super::error::{Place, ReadError, RowFault};
use super::fields::{Field, RawRow};
use super::jsonl::JsonLines;
use super::{
    Defaults, Layout, Opened, PictureSource, PlacedRows, SourceRow, lines, no_layout, paths,
};

/// Tables that are taken when a folder holds several. The second is the hub's name for them.
const USUAL: [&str; 2] = ["captions", "metadata"];
const TABLES: [&str; 3] = ["csv", "jsonl", "ndjson"];

/// Whether the path is a table or a folder with one.
pub(super) fn is_at(path: &Path) -> Result<bool, ReadError> {
    Ok(!tables(path)?.is_empty())
}

/// Opens the table, and finds the pictures beside it or in its `images` folder.
pub(super) fn open(path: &Path, defaults: Defaults) -> Result<Opened, ReadError> {
    let table = table(path)?;
    let folder = table.parent().unwrap_or(Path::new("")).to_owned();
    let folders = [folder.clone(), folder.join("images")];
    let source = paths::open(&table)?;
    let is_csv = paths::has_extension(&table, &["csv"]);
    let count = if is_csv {
        csv_table::count(&table)
    } else {
        lines::count(&table)
    };
    let raw: Box<dyn Iterator<Item = Result<(Place, RawRow), ReadError>> + Send> = if is_csv {
        Box::new(CsvTable::new(
            &table,
            source,
            &[Field::File, Field::Caption],
        )?)
    } else {
        Box::new(JsonLines::new(&table, source))
    };
    let rows: PlacedRows = Box::new(raw.map(move |raw| {
        let (place, raw) = raw?;
        match row(raw, &folders, &defaults) {
            Ok(row) => Ok((place, row)),
            Err(fault) => Err(place.fault(fault)),
        }
    }));
    Ok((rows, count))
}

fn row(raw: RawRow, folders: &[PathBuf], defaults: &Defaults) -> Result<SourceRow, RowFault> {
    let missing = || Field::File.missing();
    let file = raw.file.clone().ok_or_else(missing)?;
    let picture = PictureSource::File(paths::find_picture(folders, &file)?);
    let identifier = raw.identifier.clone().unwrap_or(file);
    raw.finish(&identifier, picture, defaults)
}

fn tables(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let files = if path.is_dir() {
        paths::list(path)?
    } else {
        vec![path.to_owned()]
    };
    let is_table = |path: &PathBuf| path.is_file() && paths::has_extension(path, &TABLES);
    Ok(files.into_iter().filter(is_table).collect())
}

fn table(path: &Path) -> Result<PathBuf, ReadError> {
    let mut tables = tables(path)?;
    if tables.len() > 1 {
        let stem = |path: &Path| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().to_lowercase())
        };
        let usual = USUAL.iter().find_map(|name| {
            tables
                .iter()
                .find(|table| stem(table).as_deref() == Some(name))
                .cloned()
        });
        let names: Vec<_> = tables.iter().map(|table| paths::name_of(table)).collect();
        let found = csv_table::shortened(&names.join(", "));
        return usual.ok_or_else(|| ReadError::Ambiguous {
            path: path.to_owned(),
            found,
        });
    }
    tables
        .pop()
        .ok_or_else(|| no_layout(path, Layout::Captions))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::atlas::readers;

    fn folder(table: &str, content: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("images")).expect("a folder");
        fs::write(folder.path().join("a.png"), "picture").expect("a file");
        fs::write(folder.path().join("images/b.png"), "picture").expect("a file");
        fs::write(folder.path().join(table), content).expect("a file");
        folder
    }

    fn read(folder: &Path) -> Vec<Result<SourceRow, ReadError>> {
        let opened = readers::open(folder, Layout::Captions, &Defaults::default());
        opened.expect("a collection").0.collect()
    }

    #[test]
    fn csv_rows_carry_all_their_fields() {
        let folder = folder(
            "captions.csv",
            "Image,Caption,id,alt,modality,plane,Body Part,labels,boxes,License,source,source_url,\
             attribution,group\n\
             b.png,\"Axial MRI, of the \"\"brain\"\".\",b1,A brain.,mri,Axial,brain,thalamus;pons,\
             \"[{\"\"label\"\":\"\"pons\"\",\"\"box\"\":[40,60,60,80]}]\",CC0-1.0,Ward atlas,\
             https://example.org/b,A. Author,p7\n",
        );
        let row = read(folder.path()).remove(0).expect("a row");
        assert_eq!(row.identifier, "b1");
        assert_eq!(
            row.picture,
            PictureSource::File(folder.path().join("images/b.png"))
        );
        let json = serde_json::to_value((&row.description, &row.provenance)).expect("plain data");
        assert_eq!(
            json,
            serde_json::json!([
                {
                    "caption": "Axial MRI, of the \"brain\".", "alt": "A brain.",
                    "modality": "MRI", "plane": "axial", "body_part": "brain",
                    "labels": ["thalamus", "pons"],
                    "boxes": [{"label": "pons", "box": [40.0, 60.0, 60.0, 80.0]}], "group": "p7"
                },
                {
                    "licence": "CC0-1.0", "source": "Ward atlas",
                    "source_url": "https://example.org/b", "attribution": "A. Author"
                }
            ])
        );
    }

    #[test]
    fn json_lines_say_the_same_and_the_file_name_is_the_identifier() {
        let content = r#"{"file": "a.png", "text": "Chest.", "labels": ["heart"], "boxes": []}"#;
        let folder = folder("rows.jsonl", content);
        let row = read(folder.path()).remove(0).expect("a row");
        assert_eq!(row.identifier, "a.png");
        assert_eq!(row.description.labels, ["heart"]);
        assert_eq!(row.provenance.licence, "unknown");
    }

    #[test]
    fn bad_rows_are_refused_one_by_one() {
        let secret = tempfile::NamedTempFile::new().expect("a file");
        let folder = folder(
            "captions.csv",
            &format!(
                "file,caption,boxes\n../../etc/passwd,x,\n{},x,\nmissing.png,x,\n,x,\na.png,,\n\
                 a.png,x,\"[{{\"\"label\"\":\"\"l\"\",\"\"box\"\":[0,0,101,1]}}]\"\na.png,{},\n\
                 a.png,good,\n",
                secret.path().display(),
                "x".repeat(100_000),
            ),
        );
        let rows = read(folder.path());
        let faults: Vec<_> = rows[..7]
            .iter()
            .map(|row| row.as_ref().expect_err("refused").fault())
            .collect();
        assert_eq!(
            faults[0],
            Some(&RowFault::UnsafePath("../../etc/passwd".to_owned()))
        );
        assert!(matches!(faults[1], Some(RowFault::UnsafePath(_))));
        assert_eq!(
            faults[2],
            Some(&RowFault::MissingPicture("missing.png".to_owned()))
        );
        assert_eq!(faults[3], Some(&Field::File.missing()));
        assert_eq!(faults[4], Some(&RowFault::NoWords));
        assert_eq!(
            faults[5],
            Some(&RowFault::BadBox {
                label: "l".to_owned()
            })
        );
        assert!(matches!(
            faults[6],
            Some(RowFault::LongText { bytes: 100_000, .. })
        ));
        assert_eq!(rows[7].as_ref().expect("a row").description.caption, "good");
    }

    #[test]
    fn of_several_tables_the_usual_name_is_taken_or_none() {
        let folder = folder("metadata.csv", "file_name,text\na.png,x\n");
        fs::write(folder.path().join("patients.csv"), "id\n").expect("a file");
        assert_eq!(read(folder.path()).len(), 1);
        fs::rename(
            folder.path().join("metadata.csv"),
            folder.path().join("rows.csv"),
        )
        .expect("a file");
        let error = readers::open(folder.path(), Layout::Captions, &Defaults::default())
            .err()
            .expect("two tables");
        assert!(
            error.to_string().contains("(patients.csv, rows.csv)"),
            "{error}"
        );
        // The table itself can be named.
        assert_eq!(read(&folder.path().join("rows.csv")).len(), 1);
    }
}
