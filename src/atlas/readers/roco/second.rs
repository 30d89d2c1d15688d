//! The second version of ROCO: `train_captions.csv` and its like (ID, Caption) with a folder of
//! images for each, `license_information.csv` (ID, PMCID, Attribution, Link), concepts (ID, CUIs)
//! and the names of the concepts (`cui_mapping.csv`: CUI, Canonical name).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{article_of, article_url, file_named};
use crate::atlas::readers::csv_table::{self, CsvTable};
use crate::atlas::readers::error::{Place, ReadError, RowFault};
use crate::atlas::readers::fields::{Field, RawRow, present};
use crate::atlas::readers::{Defaults, Opened, PictureSource, PlacedRows, SourceRow, paths};

const TABLE: &str = "_captions.csv";

/// The tables of captions at the path, told from others by their columns.
pub(super) fn tables(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let files = if path.is_dir() {
        paths::list(path)?
    } else {
        vec![path.to_owned()]
    };
    let is_table = |path: &PathBuf| {
        let name = paths::name_of(path);
        name.to_lowercase().ends_with(TABLE) && path.is_file() && {
            let header = csv_table::header_of(path);
            let has = |name: &str| header.iter().any(|found| found == name);
            has("id") && has("caption") && !Field::File.names().iter().any(|name| has(name))
        }
    };
    Ok(files.into_iter().filter(is_table).collect())
}

/// Opens the tables. What is known of the pictures is read when a table's turn comes.
pub(super) fn open(tables: Vec<PathBuf>, defaults: Defaults) -> Result<Opened, ReadError> {
    let count = tables.iter().map(|table| csv_table::count(table)).sum();
    let rows = tables.into_iter().flat_map(move |table| {
        rows(&table, defaults.clone()).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    });
    Ok((Box::new(rows), count))
}

type Lookup = HashMap<String, Vec<String>>;

/// What is known of the pictures besides their captions.
struct Known {
    licences: Lookup,
    /// Concepts set by hand: modality, and region on X-rays.
    manual: Lookup,
    concepts: Lookup,
    names: Lookup,
}

impl Known {
    fn of(folder: &Path, split: &str) -> Result<Self, ReadError> {
        let files = paths::list(folder)?;
        let lookup = |names: &[&str], key: &[&str], values: &[&[&str]]| {
            let path = file_named(&files, names, &[".csv"]);
            path.map_or_else(
                || Ok(Lookup::new()),
                |path| csv_table::lookup(&path, key, values),
            )
        };
        let id: &[&str] = &["id"];
        let cuis: &[&[&str]] = &[&["cuis", "cui"]];
        let licence: &[&[&str]] = &[&["pmcid"], &["attribution"], &["link"]];
        let names: &[&[&str]] = &[&["canonical_name", "name"]];
        let split = split.to_lowercase();
        Ok(Self {
            licences: lookup(&["license_information", "licence_information"], id, licence)?,
            manual: lookup(&[&format!("{split}_concepts_manual")], id, cuis)?,
            concepts: lookup(&[&format!("{split}_concepts.")], id, cuis)?,
            names: lookup(&["cui_mapping"], &["cui"], names)?,
        })
    }
}

fn rows(table: &Path, defaults: Defaults) -> Result<PlacedRows, ReadError> {
    let folder = table.parent().unwrap_or(Path::new("")).to_owned();
    let name = paths::name_of(table);
    // The name ends in the suffix in some case; the suffix is ASCII.
    let split = name
        .get(..name.len().saturating_sub(TABLE.len()))
        .unwrap_or_default();
    let known = Known::of(&folder, split)?;
    let images = image_folders(&folder, split);
    let needed = [Field::Identifier, Field::Caption];
    let raw = CsvTable::new(table, paths::open(table)?, &needed)?;
    Ok(Box::new(raw.map(move |raw| {
        let (place, raw): (Place, RawRow) = raw?;
        match row(raw, &known, &images, &defaults) {
            Ok(row) => Ok((place, row)),
            Err(fault) => Err(place.fault(fault)),
        }
    })))
}

/// `train_images.zip` unpacks to `train`; some unpack it into a folder of the archive's name.
fn image_folders(folder: &Path, split: &str) -> Vec<PathBuf> {
    let archive = format!("{split}_images");
    let below = [
        PathBuf::from(split),
        PathBuf::from(&archive),
        Path::new(&archive).join(split),
        Path::new(split).join("images"),
        Path::new("images").join(split),
        PathBuf::from("images"),
        PathBuf::new(),
    ];
    below
        .iter()
        .map(|below| folder.join(below))
        .filter(|path| path.is_dir())
        .collect()
}

fn row(
    raw: RawRow,
    known: &Known,
    images: &[PathBuf],
    defaults: &Defaults,
) -> Result<SourceRow, RowFault> {
    let missing = || Field::Identifier.missing();
    let identifier = raw.identifier.clone().ok_or_else(missing)?;
    let picture = paths::find_named(images, &identifier)?;
    let raw = with_concepts(with_licence(raw, known, &identifier), known, &identifier);
    raw.finish(&identifier, PictureSource::File(picture), defaults)
}

fn with_licence(raw: RawRow, known: &Known, identifier: &str) -> RawRow {
    let values = known
        .licences
        .get(identifier)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let value = |at: usize| values.get(at).and_then(present);
    let article = value(0).and_then(|text| article_of(&text).map(ToOwned::to_owned));
    let source = article
        .as_deref()
        .map(|article| format!("ROCOv2, PubMed Central {article}"));
    let attribution = value(1);
    RawRow {
        licence: attribution.as_deref().and_then(licence_of),
        source: Some(source.unwrap_or_else(|| "ROCOv2".to_owned())),
        source_url: value(2).or_else(|| article.as_deref().map(article_url)),
        attribution,
        group: article,
        ..raw
    }
}

fn with_concepts(mut raw: RawRow, known: &Known, identifier: &str) -> RawRow {
    let codes = |lookup: &Lookup| -> Vec<String> {
        let cell = lookup.get(identifier).and_then(|values| values.first());
        cell.map(|cell| cell.split(';').filter_map(present).collect())
            .unwrap_or_default()
    };
    let (manual, concepts) = (codes(&known.manual), codes(&known.concepts));
    for code in manual.iter().chain(&concepts) {
        if raw.modality.is_none() {
            raw.modality = modality(code).map(ToOwned::to_owned);
        }
        let name = known
            .names
            .get(code)
            .and_then(|names| names.first())
            .and_then(present);
        let name = name.filter(|name| modality(code).is_none() && !raw.labels.contains(name));
        raw.labels.extend(name);
    }
    raw.body_part = manual
        .iter()
        .find_map(|code| region(code))
        .map(ToOwned::to_owned);
    raw
}

/// The licence at the start of an attribution such as `CC BY-NC [Smith et al. (2020)]`; nothing
/// else is taken for one.
fn licence_of(attribution: &str) -> Option<String> {
    let mut words = attribution.split_whitespace();
    let first = words.next()?;
    if first == "CC0" {
        return Some(first.to_owned());
    }
    let kind = words
        .next()
        .map(|word| word.trim_end_matches([',', ';', ':']))?;
    let known = ["BY", "BY-SA", "BY-NC", "BY-ND", "BY-NC-SA", "BY-NC-ND"].contains(&kind);
    if first != "CC" || !known {
        return None;
    }
    let is_version = |word: &&str| word.starts_with(|digit: char| digit.is_ascii_digit());
    let version = words
        .next()
        .filter(is_version)
        .map(|word| format!(" {word}"));
    Some(format!("CC {kind}{}", version.unwrap_or_default()))
}

/// Modalities among the concepts that ROCO sets by hand, by their code in UMLS.
fn modality(code: &str) -> Option<&'static str> {
    Some(match code {
        "C0040405" => "CT",
        "C0024485" => "MRI",
        "C1306645" => "X-ray",
        "C0041618" => "ultrasound",
        "C0002978" => "angiography",
        "C0032743" => "PET",
        _ => return None,
    })
}

/// Regions among the concepts that ROCO sets by hand, by their code in UMLS.
fn region(code: &str) -> Option<&'static str> {
    Some(match code {
        "C1140618" => "upper extremity",
        "C0023216" => "lower extremity",
        "C0037949" => "spine",
        "C0030797" => "pelvis",
        "C0037303" => "skull",
        "C0817096" => "chest",
        "C0006141" => "breast",
        "C0000726" => "abdomen",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::atlas::readers::{self, Layout};

    fn collection(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        folder
    }

    fn read(folder: &Path) -> Vec<Result<SourceRow, ReadError>> {
        let opened = readers::open(folder, Layout::Roco, &Defaults::default());
        opened.expect("a collection").0.collect()
    }

    const FILES: [(&str, &str); 9] = [
        (
            "train_captions.csv",
            "ID,Caption\nROCOv2_2023_train_000001,\"Head CT, axial.\"\n\
                 ROCOv2_2023_train_000002,Chest.\n",
        ),
        (
            "valid_captions.csv",
            "ID,Caption\nROCOv2_2023_valid_000001,MRI.\n",
        ),
        (
            "train_concepts.csv",
            "ID,CUIs\nROCOv2_2023_train_000001,C0040405;C0030580;C9\n",
        ),
        (
            "train_concepts_manual.csv",
            "ID,CUIs\nROCOv2_2023_train_000002,C1306645;C0817096\n",
        ),
        (
            "cui_mapping.csv",
            "CUI,Canonical name\nC0030580,Parotid Gland\nC0040405,X-Ray Computed Tomography\n\
                 C0817096,Chest\n",
        ),
        (
            "license_information.csv",
            "ID,PMCID,Attribution,Link\nROCOv2_2023_train_000001,PMC7,CC BY-NC [Smith et al. \
                 (2020)],https://example.org/7\n",
        ),
        ("train/ROCOv2_2023_train_000001.jpg", "x"),
        ("train/ROCOv2_2023_train_000002.png", "x"),
        ("valid_images/ROCOv2_2023_valid_000001.jpg", "x"),
    ];

    #[test]
    fn captions_find_their_pictures_licences_and_concepts() {
        let folder = collection(&FILES);
        let rows = read(folder.path());
        assert_eq!(rows.len(), 3);
        let row = rows[0].as_ref().expect("a row");
        assert_eq!(row.description.caption, "Head CT, axial.");
        assert_eq!(row.description.modality, "CT");
        assert_eq!(
            row.description.labels,
            ["Parotid Gland"],
            "codes without a name are left"
        );
        assert_eq!(row.provenance.licence, "CC BY-NC");
        assert_eq!(
            row.provenance.attribution.as_deref(),
            Some("CC BY-NC [Smith et al. (2020)]")
        );
        assert_eq!(
            row.provenance.source_url.as_deref(),
            Some("https://example.org/7")
        );
        assert_eq!(row.description.group.as_deref(), Some("PMC7"));
        let row = rows[1].as_ref().expect("a row");
        assert_eq!(row.description.modality, "X-ray");
        assert_eq!(row.description.body_part.as_deref(), Some("chest"));
        assert_eq!(row.provenance.licence, "unknown");
        assert_eq!(
            rows[2].as_ref().expect("a row").identifier,
            "ROCOv2_2023_valid_000001"
        );
    }

    #[test]
    fn bad_rows_are_refused_one_by_one() {
        let folder = collection(&[
            (
                "test_captions.csv",
                "ID,Caption\n../../../etc/passwd,x\nmissing,x\n,x\ngood,x\n",
            ),
            ("test/good.jpg", "x"),
        ]);
        let rows = read(folder.path());
        let fault = |row: usize| rows[row].as_ref().expect_err("refused").fault();
        assert_eq!(
            fault(0),
            Some(&RowFault::UnsafePath("../../../etc/passwd".to_owned()))
        );
        assert!(matches!(fault(1), Some(RowFault::MissingPicture(_))));
        assert_eq!(fault(2), Some(&Field::Identifier.missing()));
        assert!(rows[3].is_ok());
    }

    #[test]
    fn a_licence_is_read_from_an_attribution_or_left_unknown() {
        for (attribution, licence) in [
            ("CC BY [A (2020)]", Some("CC BY")),
            ("CC BY-NC 4.0 A", Some("CC BY-NC 4.0")),
            ("CC0", Some("CC0")),
            ("CC BYE", None),
            ("Copyright A", None),
            ("", None),
        ] {
            assert_eq!(licence_of(attribution).as_deref(), licence, "{attribution}");
        }
    }
}
