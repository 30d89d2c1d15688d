//! The first version of ROCO: folders `radiology` with `captions.txt`, `licences.txt` and
//! `images/PMC…_….jpg`, one for each of train, validation and test. Files of the revision of 2018
//! (`captions_…_revised.txt`, `cc_….csv`, `dlinks_….txt`) are read too. Keywords are left: they are
//! words of the caption with their endings cut off. So are concept codes: nothing here names them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{article_of, article_url, file_named};
use crate::atlas::readers::csv_table;
use crate::atlas::readers::error::{Place, ReadError, RowFault};
use crate::atlas::readers::fields::{RawRow, UNKNOWN_LICENCE, present};
use crate::atlas::readers::lines::{self, Lines};
use crate::atlas::readers::{Defaults, Opened, PictureSource, PlacedRows, SourceRow, paths};

/// How deep the folders lie: `data/train/radiology`.
const DEPTH: usize = 3;

/// A folder with captions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    path: PathBuf,
    captions: PathBuf,
}

/// The folders with captions at or below the path. `non-radiology` holds drawings, diagrams and
/// photographs: it is read only if it is the path itself.
pub(super) fn folders(path: &Path) -> Result<Vec<Folder>, ReadError> {
    let mut found = Vec::new();
    if path.is_dir() {
        collect(path, DEPTH, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &Path, depth: usize, found: &mut Vec<Folder>) -> Result<(), ReadError> {
    let files = paths::list(path)?;
    if let Some(captions) = file_named(&files, &["captions"], &[".txt"]) {
        found.push(Folder {
            path: path.to_owned(),
            captions,
        });
        return Ok(());
    }
    // Only these names, so that a folder of a million pictures is not searched through.
    let below = [
        "data",
        "all_data",
        "train",
        "validation",
        "test",
        "radiology",
    ];
    for folder in files
        .iter()
        .filter(|path| below.contains(&paths::name_of(path)))
    {
        if depth > 0 && folder.is_dir() {
            collect(folder, depth - 1, found)?;
        }
    }
    Ok(())
}

/// Opens the folders. What is known of the pictures is read when a folder's turn comes.
pub(super) fn open(folders: Vec<Folder>, defaults: Defaults) -> Result<Opened, ReadError> {
    let count = folders
        .iter()
        .map(|folder| lines::count(&folder.captions))
        .sum();
    let rows = folders.into_iter().flat_map(move |folder| {
        rows(&folder, defaults.clone())
            .unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    });
    Ok((Box::new(rows), count))
}

/// What is known of a picture besides its caption.
#[derive(Default)]
struct Known {
    file: Option<String>,
    article: Option<String>,
    licence: Option<String>,
}

fn rows(folder: &Folder, defaults: Defaults) -> Result<PlacedRows, ReadError> {
    let mut known = known(&folder.path)?;
    let images = [folder.path.join("images"), folder.path.clone()];
    let captions = folder.captions.clone();
    let lines = Lines::new(paths::open(&captions)?);
    Ok(Box::new(lines.filter_map(move |line| {
        let (number, line) = match line {
            Ok(line) => line,
            Err(source) => {
                return Some(Err(ReadError::Unreadable {
                    path: captions.clone(),
                    source,
                }));
            }
        };
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            return None;
        }
        let place = Place::line(&captions, number);
        let row = line.and_then(|line| row(&line, &mut known, &images, &defaults));
        Some(match row {
            Ok(row) => Ok((place, row)),
            Err(fault) => Err(place.fault(fault)),
        })
    })))
}

/// A line is `ROCO_00020`, a tab, and the caption.
fn row(
    line: &str,
    known: &mut HashMap<String, Known>,
    images: &[PathBuf],
    defaults: &Defaults,
) -> Result<SourceRow, RowFault> {
    let (identifier, caption) = line.split_once('\t').unwrap_or((line, ""));
    let identifier = identifier.trim();
    let known = known.remove(identifier).unwrap_or_default();
    let file = known.file.unwrap_or_else(|| format!("{identifier}.jpg"));
    let picture = paths::find_picture(images, &file).or_else(|fault| {
        paths::find_picture(images, &format!("{identifier}.jpg")).or(Err(fault))
    })?;
    let article = known.article;
    let source = article
        .as_deref()
        .map(|article| format!("ROCO, PubMed Central {article}"));
    let raw = RawRow {
        caption: present(caption),
        licence: known.licence,
        source: Some(source.unwrap_or_else(|| "ROCO".to_owned())),
        source_url: article.as_deref().map(article_url),
        group: article,
        ..RawRow::default()
    };
    raw.finish(identifier, PictureSource::File(picture), defaults)
}

fn known(folder: &Path) -> Result<HashMap<String, Known>, ReadError> {
    let files = paths::list(folder)?;
    let mut known: HashMap<String, Known> = HashMap::new();
    // wget -r ftp://…/PMC4608653.tar.gz -P /path/to/Dir, between an identifier and a file's name.
    if let Some(path) = file_named(&files, &["dlinks"], &[".txt"]) {
        for line in Lines::new(paths::open(&path)?) {
            let line = line.map_err(|error| ReadError::of_path(&path, error))?;
            let (_, Ok(line)) = line else { continue };
            let mut parts = line.split('\t').map(str::trim);
            let (Some(identifier), Some(link), Some(name)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let Some(article) = link.split('/').rev().find_map(article_of) else {
                continue;
            };
            let file = Some(format!("{article}_{name}"));
            let row = Known {
                file,
                article: Some(article.to_owned()),
                licence: None,
            };
            known.insert(identifier.to_owned(), row);
        }
    }
    let licences = file_named(&files, &["licences", "licenses", "cc_"], &[".txt", ".csv"]);
    if let Some(path) = licences {
        let rows = csv_table::lookup(&path, &["roco_id"], &[&["pmc_id"], &["cc"]])?;
        for (identifier, values) in rows {
            let [file, licence] = values.as_slice() else {
                continue;
            };
            let row = known.entry(identifier).or_default();
            row.article = article_of(file)
                .map(ToOwned::to_owned)
                .or(row.article.take());
            row.file = present(file).or(row.file.take());
            // The article names no Creative Commons licence: no default may claim one.
            let none = licence.eq_ignore_ascii_case("NO-CC CODE");
            row.licence = if none {
                Some(UNKNOWN_LICENCE.to_owned())
            } else {
                present(licence)
            };
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::atlas::readers::{self, Layout};

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
    }

    fn read(folder: &Path, defaults: &Defaults) -> Vec<Result<SourceRow, ReadError>> {
        readers::open(folder, Layout::Roco, defaults)
            .expect("a collection")
            .0
            .collect()
    }

    const TRAIN: [(&str, &str); 5] = [
        (
            "data/train/radiology/captions.txt",
            "ROCO_00002\t Computed tomography scan in axial view.\nROCO_00004\t  Knee.\n",
        ),
        (
            "data/train/radiology/licences.txt",
            "ROCO_ID,PMC_ID,CC\nROCO_00002,PMC4083729_AMHSR-4-14-g002.jpg,CC BY-NC-SA\n\
             ROCO_00004,PMC2505281_11999_Fig6.jpg,NO-CC CODE\n",
        ),
        (
            "data/train/radiology/images/PMC4083729_AMHSR-4-14-g002.jpg",
            "x",
        ),
        ("data/train/radiology/images/PMC2505281_11999_Fig6.jpg", "x"),
        (
            "data/train/non-radiology/captions.txt",
            "ROCO_00001\t A chart.\n",
        ),
    ];

    #[test]
    fn captions_find_their_pictures_and_licences() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &TRAIN);
        let defaults = Defaults {
            licence: Some("CC0-1.0".to_owned()),
            ..Defaults::default()
        };
        let rows = read(folder.path(), &defaults);
        assert_eq!(rows.len(), 2, "without what is not radiology");
        let row = rows[0].as_ref().expect("a row");
        assert_eq!(
            row.description.caption,
            "Computed tomography scan in axial view."
        );
        assert_eq!(row.description.group.as_deref(), Some("PMC4083729"));
        assert_eq!(row.provenance.licence, "CC BY-NC-SA");
        assert_eq!(row.provenance.source, "ROCO, PubMed Central PMC4083729");
        assert_eq!(
            row.provenance.source_url.as_deref(),
            Some("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC4083729/")
        );
        let unlicensed = rows[1].as_ref().expect("a row");
        assert_eq!(
            unlicensed.provenance.licence, "unknown",
            "no default for what has no licence"
        );
    }

    #[test]
    fn links_tell_the_pictures_of_a_revision_without_licences() {
        let folder = tempfile::tempdir().expect("a folder");
        write(
            folder.path(),
            &[
                (
                    "test/radiology/captions.txt",
                    "ROCO_00001\t MRI.\nROCO_00009\t Ulna.\n",
                ),
                (
                    "test/radiology/dlinks_tp_test_revised.txt",
                    "ROCO_00001\twget -r ftp://ftp.ncbi.nlm.nih.gov/pub/pmc/oa_package/8d/34/\
                     PMC4608653.tar.gz -P /path/to/Dir\tcro-0008-0385-g01.jpg\n",
                ),
                (
                    "test/radiology/images/PMC4608653_cro-0008-0385-g01.jpg",
                    "x",
                ),
            ],
        );
        let defaults = Defaults {
            licence: Some("CC0-1.0".to_owned()),
            ..Defaults::default()
        };
        let rows = read(folder.path(), &defaults);
        let row = rows[0].as_ref().expect("a row");
        assert_eq!(
            (&row.identifier[..], &row.description.caption[..]),
            ("ROCO_00001", "MRI.")
        );
        assert_eq!(row.description.group.as_deref(), Some("PMC4608653"));
        assert_eq!(
            row.provenance.licence, "CC0-1.0",
            "nothing is known, so the default stands"
        );
        let fault = rows[1].as_ref().expect_err("it has no picture").fault();
        assert_eq!(
            fault,
            Some(&RowFault::MissingPicture("ROCO_00009.jpg".to_owned()))
        );
    }

    #[test]
    fn the_folder_itself_can_be_named_and_bad_lines_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        write(
            folder.path(),
            &[
                (
                    "captions.txt",
                    "ROCO_1\tone\nno tab\n../../etc/passwd\tx\n\nROCO_2\t\n",
                ),
                ("images/ROCO_1.jpg", "x"),
                ("images/ROCO_2.jpg", "x"),
            ],
        );
        let rows = read(folder.path(), &Defaults::default());
        assert_eq!(rows.len(), 4);
        let row = rows[0].as_ref().expect("a row");
        assert_eq!(
            (row.provenance.licence.as_str(), &row.provenance.source[..]),
            ("unknown", "ROCO")
        );
        let fault = |row: usize| rows[row].as_ref().expect_err("refused").fault();
        assert_eq!(
            fault(1),
            Some(&RowFault::MissingPicture("no tab.jpg".to_owned()))
        );
        assert_eq!(
            fault(2),
            Some(&RowFault::UnsafePath("../../etc/passwd.jpg".to_owned()))
        );
        assert_eq!(fault(3), Some(&RowFault::NoWords));
    }
}
