//! The rows of `NAME.jsonl`: what is said of each picture. The first row that can't be used ends
//! the reading, since a figure over a part of the pool would be another figure.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::error::EvaluationError;
use crate::atlas::readers::{Place, ReadError, RowFault, Unit};

/// The split of the rows that training kept aside.
pub const HELD_OUT: &str = "held-out";
/// The split of a file that tells it itself.
const DEV: &str = "dev";
/// One group in so many is kept aside where a file has no [`DEV`] rows: `data.py`, `held_out`.
const HELD_OUT_SHARE: u8 = 7;
/// Longest line that is read, in bytes, as in the readers of collections.
const MAXIMUM_LINE: usize = 4 * 1024 * 1024;

/// What is said of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line, from 1.
    pub line: u64,
    /// Its name among the rows.
    pub id: String,
    /// Its picture in the archive.
    pub file: String,
    /// Its caption; empty if it has none.
    pub caption: String,
    /// Its labels; the first is its class.
    pub labels: Vec<String>,
    /// Its UMLS concepts.
    pub cuis: Vec<String>,
    /// The data set that it is of.
    pub source: String,
    /// Article, patient or lesion.
    pub group: String,
    /// The part of the data that it belongs to.
    pub split: String,
}

/// A line as it stands. Other fields are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Option<String>,
    file: Option<String>,
    caption: Option<String>,
    labels: Option<Vec<String>>,
    cuis: Option<Vec<String>>,
    source: Option<String>,
    group: Option<String>,
    split: Option<String>,
}

impl Line {
    fn parse(text: &str, number: u64) -> Result<Row, RowFault> {
        let line: Self =
            serde_json::from_str(text).map_err(|error| RowFault::NotJson(error.to_string()))?;
        let said = |text: Option<String>| text.unwrap_or_default().trim().to_owned();
        let file = said(line.file);
        if file.is_empty() {
            return Err(RowFault::MissingValue {
                field: "file of the picture",
                names: "file".to_owned(),
            });
        }
        let id = said(line.id);
        let listed = |texts: Option<Vec<String>>| {
            let texts = texts.unwrap_or_default().into_iter();
            let mut seen = HashSet::new();
            texts
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty() && seen.insert(text.clone()))
                .collect()
        };
        Ok(Row {
            line: number,
            id: if id.is_empty() { file.clone() } else { id },
            file,
            caption: said(line.caption),
            labels: listed(line.labels),
            cuis: listed(line.cuis),
            source: said(line.source),
            group: said(line.group),
            split: said(line.split),
        })
    }
}

/// The rows of a file, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    path: PathBuf,
    rows: Vec<Row>,
}

impl Pairs {
    /// Reads all rows.
    ///
    /// # Errors
    /// [`EvaluationError::Read`] names the file, and the line that can't be used.
    pub fn read(path: &Path) -> Result<Self, EvaluationError> {
        let file = File::open(path).map_err(|error| of_system(path, error))?;
        Ok(Self::of_lines(path, BufReader::new(file))?)
    }

    pub(super) fn of_lines(path: &Path, mut source: impl BufRead) -> Result<Self, ReadError> {
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        let (mut number, mut line) = (0, Vec::new());
        loop {
            number += 1;
            line.clear();
            let mut bounded = source.by_ref().take(MAXIMUM_LINE as u64 + 1);
            let read = bounded.read_until(b'\n', &mut line);
            if read.map_err(|error| of_system(path, error))? == 0 {
                break;
            }
            let parsed = row(&line, number).and_then(|parsed| match parsed {
                Some(row) if !seen.insert(row.id.clone()) => Err(RowFault::Duplicate(row.id)),
                parsed => Ok(parsed),
            });
            rows.extend(parsed.map_err(|fault| ReadError::Row {
                place: place(path, number),
                fault,
            })?);
        }
        let path = path.to_owned();
        if rows.is_empty() {
            return Err(ReadError::NoRows { path });
        }
        Ok(Self { path, rows })
    }

    /// The rows of one split, or all rows. [`HELD_OUT`] stands for what training kept aside: the
    /// rows of the split `dev` if there are any, otherwise a seventh of the groups by their names.
    ///
    /// # Errors
    /// [`EvaluationError::NoSplit`] names the splits that are there.
    pub fn select(self, split: Option<&str>) -> Result<Self, EvaluationError> {
        let Some(split) = split else {
            return Ok(self);
        };
        let own = self.rows.iter().any(|row| row.split == DEV);
        let is_asked_for = |row: &Row| match split {
            HELD_OUT if own => row.split == DEV,
            HELD_OUT => is_held_out(&row.group),
            split => row.split == split,
        };
        let kept = self.keep(is_asked_for);
        if kept.rows.is_empty() {
            let known: BTreeSet<&str> = self.rows.iter().map(|row| row.split.as_str()).collect();
            let known: Vec<&str> = known
                .into_iter()
                .filter(|split| !split.is_empty())
                .collect();
            let known = match known.as_slice() {
                [] => "none".to_owned(),
                known => known.join(", "),
            };
            return Err(EvaluationError::NoSplit {
                path: self.path,
                split: split.to_owned(),
                known,
            });
        }
        Ok(kept)
    }

    /// The rows that have a caption.
    ///
    /// # Errors
    /// [`EvaluationError::Lacking`] if none has.
    pub fn with_captions(&self) -> Result<Self, EvaluationError> {
        self.with("caption", |row| !row.caption.is_empty())
    }

    /// The rows that have a label.
    ///
    /// # Errors
    /// [`EvaluationError::Lacking`] if none has.
    pub fn with_labels(&self) -> Result<Self, EvaluationError> {
        self.with("label", |row| !row.labels.is_empty())
    }

    fn with(
        &self,
        what: &'static str,
        has: impl Fn(&Row) -> bool,
    ) -> Result<Self, EvaluationError> {
        let kept = self.keep(has);
        if kept.rows.is_empty() {
            let path = kept.path;
            return Err(EvaluationError::Lacking { path, what });
        }
        Ok(kept)
    }

    fn keep(&self, is_kept: impl Fn(&Row) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| is_kept(row));
        Self {
            path: self.path.clone(),
            rows: rows.cloned().collect(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows, in the order of the file. There is one at least.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where a row stands.
    pub fn place(&self, row: &Row) -> Place {
        place(&self.path, row.line)
    }

    /// The captions, row by row.
    pub fn captions(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.caption.as_str()).collect()
    }
}

/// The row of a line; `None` if it is blank.
fn row(line: &[u8], number: u64) -> Result<Option<Row>, RowFault> {
    if line.len() > MAXIMUM_LINE {
        let maximum = MAXIMUM_LINE;
        return Err(RowFault::LongRow { maximum });
    }
    let text = std::str::from_utf8(line).map_err(|_| RowFault::NotUtf8)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    Line::parse(text, number).map(Some)
}

fn place(path: &Path, number: u64) -> Place {
    Place {
        file: path.to_owned(),
        unit: Unit::Line,
        number,
    }
}

/// Whether a group is kept aside: `data.py`, `held_out`.
fn is_held_out(group: &str) -> bool {
    let hash = Sha256::digest(group.as_bytes());
    hash.first()
        .is_some_and(|first| first.is_multiple_of(HELD_OUT_SHARE))
}

/// Tells a path that does not exist from one that can't be read.
pub(super) fn of_system(path: &Path, source: std::io::Error) -> ReadError {
    let path = path.to_owned();
    match source.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing { path },
        _ => ReadError::Unreadable { path, source },
    }
}

#[cfg(test)]
mod tests;
