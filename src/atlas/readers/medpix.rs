//! MedPix 2.0: `Descriptions.json` (one object a picture), `Case_topic.json` (one a case) and the
//! folder `images`. The dataset names no licence for single pictures.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::error::{Place, ReadError, RowFault};
use super::fields::{Field, RawRow, known, present};
use super::{Defaults, Layout, Opened, PictureSource, SourceRow, no_layout, paths};

/// The README and the repository spell it in two ways.
const DESCRIPTIONS: [&str; 2] = ["Descriptions.json", "Description.json"];
const CASES: &str = "Case_topic.json";
/// The archive's name for the folder.
const FOLDER: &str = "MedPix-2-0";
/// Largest JSON file, in bytes: twenty times that of 2024.
const MAXIMUM_JSON: u64 = 64 * 1024 * 1024;

/// A picture as `Descriptions.json` describes it.
#[derive(Deserialize)]
struct Description {
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "U_id")]
    case: Option<String>,
    image: Option<String>,
    #[serde(rename = "Description", default)]
    details: Details,
    #[serde(rename = "Location", alias = "location")]
    location: Option<String>,
    #[serde(rename = "Location Category", alias = "location category")]
    category: Option<String>,
}

/// The part of a description that concerns the image. Age and sex of the patient are left out.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    #[serde(rename = "Caption")]
    caption: Option<String>,
    #[serde(rename = "Modality")]
    modality: Option<String>,
    #[serde(rename = "Plane")]
    plane: Option<String>,
}

/// Whether the path is `Descriptions.json` or a folder with it.
pub(super) fn is_at(path: &Path) -> bool {
    descriptions(path).is_some()
}

fn descriptions(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return DESCRIPTIONS
            .contains(&paths::name_of(path))
            .then(|| path.to_owned());
    }
    let folders = [path.to_owned(), path.join(FOLDER)];
    let files = folders
        .iter()
        .flat_map(|folder| DESCRIPTIONS.map(|name| folder.join(name)));
    files.into_iter().find(|path| path.is_file())
}

/// Opens the collection. The JSON files are read whole: they are small and bounded.
pub(super) fn open(path: &Path, defaults: Defaults) -> Result<Opened, ReadError> {
    let path = descriptions(path).ok_or_else(|| no_layout(path, Layout::MedPix))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let descriptions = list_of(&path)?;
    let cases = folder.join(CASES);
    let titles = if cases.is_file() {
        titles(&list_of(&cases)?)
    } else {
        HashMap::new()
    };
    let count = descriptions.len() as u64;
    let images = [folder.join("images"), folder];
    let rows = descriptions
        .into_iter()
        .zip(1..)
        .map(move |(value, number)| {
            let place = Place::row(&path, number);
            match row(value, &titles, &images, &defaults) {
                Ok(row) => Ok((place, row)),
                Err(fault) => Err(place.fault(fault)),
            }
        });
    Ok((Box::new(rows), Some(count)))
}

fn list_of(path: &Path) -> Result<Vec<Value>, ReadError> {
    let unusable = |reason: String| ReadError::Unusable {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    paths::open(path)?
        .take(MAXIMUM_JSON + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError::of_path(path, error))?;
    if bytes.is_empty() {
        return Err(ReadError::NoRows {
            path: path.to_owned(),
        });
    }
    if bytes.len() as u64 > MAXIMUM_JSON {
        return Err(unusable(format!("it is larger than {MAXIMUM_JSON} bytes")));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| unusable(format!("it is not a JSON list ({error})")))
}

/// What each case is about: the title of its topic.
fn titles(cases: &[Value]) -> HashMap<String, String> {
    let title = |case: &Value| {
        let text = |value: &Value| value.as_str().and_then(present).and_then(known);
        let title = text(&case["Topic"]["Title"]).or_else(|| text(&case["Case"]["Title"]))?;
        Some((case["U_id"].as_str()?.to_owned(), title))
    };
    cases.iter().filter_map(title).collect()
}

fn row(
    value: Value,
    titles: &HashMap<String, String>,
    images: &[PathBuf],
    defaults: &Defaults,
) -> Result<SourceRow, RowFault> {
    let description: Description =
        serde_json::from_value(value).map_err(|error| RowFault::NotJson(error.to_string()))?;
    let missing = || Field::File.missing();
    let image = description
        .image
        .as_deref()
        .and_then(present)
        .ok_or_else(missing)?;
    let picture = PictureSource::File(paths::find_named(images, &image)?);
    let case = description.case.as_deref().and_then(present);
    let details = description.details;
    let says = |text: Option<String>| text.and_then(present).and_then(known);
    let title = case.as_deref().and_then(|case| titles.get(case)).cloned();
    let labels = [
        title,
        says(description.location),
        says(details.modality.clone()),
    ];
    let source = case
        .as_deref()
        .map(|case| format!("MedPix 2.0, case {case}"));
    let raw = RawRow {
        caption: says(details.caption).filter(|caption| is_finished(caption)),
        // `Type` is CT or MR; the modality adds how, as in "CT w/contrast (IV)".
        modality: says(description.kind).or(says(details.modality)),
        plane: says(details.plane),
        body_part: says(description.category)
            .filter(|category| category != "General")
            .map(|category| category.to_lowercase()),
        labels: labels.into_iter().flatten().collect(),
        source: Some(source.unwrap_or_else(|| "MedPix 2.0".to_owned())),
        group: case,
        ..RawRow::default()
    };
    raw.finish(&image, picture, defaults)
}

/// Some captions were never written.
fn is_finished(caption: &str) -> bool {
    !caption
        .trim_end_matches('.')
        .eq_ignore_ascii_case("in progress")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::atlas::readers;

    const CASE: &str = r#"[{"U_id": "MPX1009", "TAC": ["MPX1009_synpic46283"], "MRI": [],
        "Case": {"Title": "Bladder", "History": "73-year-old"},
        "Topic": {"Title": "Bladder Diverticulum", "Location": "Genitourinary"}}]"#;

    fn collection(descriptions: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("images")).expect("a folder");
        fs::write(folder.path().join("images/MPX1009_synpic46283.png"), "x").expect("a file");
        fs::write(folder.path().join("Descriptions.json"), descriptions).expect("a file");
        fs::write(folder.path().join("Case_topic.json"), CASE).expect("a file");
        folder
    }

    fn read(folder: &Path) -> Result<Vec<Result<SourceRow, ReadError>>, ReadError> {
        Ok(readers::open(folder, Layout::MedPix, &Defaults::default())?
            .0
            .collect())
    }

    #[test]
    fn a_description_becomes_a_row_with_the_topic_of_its_case() {
        let folder = collection(
            r#"[{"Type": "CT", "U_id": "MPX1009", "image": "MPX1009_synpic46283",
            "Description": {"ACR Codes": "8.-1", "Age": "73", "Caption": "The prostate is enlarged.",
            "Figure Part": null, "Modality": "CT - noncontrast", "Plane": "Coronal", "Sex": "male"},
            "Location": "Genitourinary", "Location Category": "Reproductive and Urinary System"}]"#,
        );
        let rows = read(folder.path()).expect("a collection");
        let row = rows[0].as_ref().expect("a row");
        assert_eq!(row.identifier, "MPX1009_synpic46283");
        let image = folder.path().join("images/MPX1009_synpic46283.png");
        assert_eq!(row.picture, PictureSource::File(image));
        let description = &row.description;
        assert_eq!(description.caption, "The prostate is enlarged.");
        assert_eq!(
            (&description.modality[..], description.plane.as_deref()),
            ("CT", Some("coronal"))
        );
        assert_eq!(
            description.body_part.as_deref(),
            Some("reproductive and urinary system")
        );
        let labels = ["Bladder Diverticulum", "Genitourinary", "CT - noncontrast"];
        assert_eq!(description.labels, labels);
        assert_eq!(description.group.as_deref(), Some("MPX1009"));
        assert_eq!(row.provenance.licence, "unknown");
        assert_eq!(row.provenance.source, "MedPix 2.0, case MPX1009");
        let json = serde_json::to_string(&row.description).expect("plain data");
        assert!(
            !json.contains("73") && !json.contains("male"),
            "nothing of the patient: {json}"
        );
    }

    #[test]
    fn bad_elements_are_refused_one_by_one() {
        let folder = collection(
            r#"[7, {"image": "missing", "Description": {"Caption": "x"}}, {"U_id": "MPX1"},
            {"image": "../../etc/passwd", "Description": {"Caption": "x"}},
            {"image": 5}, {"image": "MPX1009_synpic46283", "Description": {"Caption": "N/A"}},
            {"image": "MPX1009_synpic46283", "Type": "MR", "Description": {"Caption": "IN PROGRESS."}}]"#,
        );
        let rows = read(folder.path()).expect("a collection");
        let fault = |row: usize| rows[row].as_ref().expect_err("refused").fault();
        assert!(matches!(fault(0), Some(RowFault::NotJson(_))));
        assert_eq!(
            fault(1),
            Some(&RowFault::MissingPicture("missing".to_owned()))
        );
        assert_eq!(fault(2), Some(&Field::File.missing()));
        assert_eq!(
            fault(3),
            Some(&RowFault::UnsafePath("../../etc/passwd".to_owned()))
        );
        assert!(matches!(fault(4), Some(RowFault::NotJson(_))));
        assert_eq!(fault(5), Some(&RowFault::NoWords));
        let unfinished = rows[6].as_ref().expect("its modality is known");
        assert_eq!(
            (
                &unfinished.description.caption[..],
                &unfinished.description.modality[..]
            ),
            ("", "MRI")
        );
        assert!(
            rows[0]
                .as_ref()
                .expect_err("refused")
                .place()
                .ends_with("Descriptions.json, row 1")
        );
    }

    #[test]
    fn a_file_that_is_no_list_ends_the_reading() {
        for content in ["{}", "[{\"image\"", "no json"] {
            let error = read(collection(content).path()).expect_err("it is no list");
            assert!(matches!(error, ReadError::Unusable { .. }), "{error}");
        }
        for content in ["", "[]"] {
            let folder = collection(content);
            let error = match read(folder.path()) {
                Ok(mut rows) => rows.remove(0).expect_err("there are none"),
                Err(error) => error,
            };
            assert!(matches!(error, ReadError::NoRows { .. }), "{error}");
        }
    }
}
