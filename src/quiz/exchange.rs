//! Questions as files: a CSV table that holds all of a question and comes back as it was, and the
//! forms of Anki and Moodle. A file is brought in whole or not at all, and what is wrong with it is
//! told with its place. Nothing is stored here.

mod anki;
mod base64;
mod cells;
mod error;
mod gift;
mod html;
mod media;
mod moodle;
mod moodle_import;
mod table;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::item::{Item, Source};
use crate::atlas::{Atlas, EntryId};

pub use cells::not_a_formula;
pub use error::{ExportError, ImportError};

/// Most questions of a file.
pub const MOST_ITEMS: usize = 1_000;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a question a row: all of it, with pictures by their names in the atlas.
    Csv,
    /// A package of Anki, with pictures. It can't be read back.
    AnkiPackage,
    /// The text form of Anki's notes, for questions without pictures.
    AnkiText,
    /// Moodle's XML, with pictures.
    MoodleXml,
    /// Moodle's GIFT, for questions without pictures.
    Gift,
}

impl Format {
    /// All forms.
    pub const ALL: [Self; 5] = [
        Self::Csv,
        Self::AnkiPackage,
        Self::AnkiText,
        Self::MoodleXml,
        Self::Gift,
    ];

    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::AnkiPackage => "anki",
            Self::AnkiText => "anki-text",
            Self::MoodleXml => "moodle",
            Self::Gift => "gift",
        }
    }

    /// The form of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// How the names of its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::AnkiPackage => "apkg",
            Self::AnkiText => "txt",
            Self::MoodleXml => "xml",
            Self::Gift => "gift",
        }
    }

    /// The form of a file by the end of its name, and by its first line where that says too little.
    fn detect(name: &str, text: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::AnkiText),
            "xml" => Some(Self::MoodleXml),
            "gift" => Some(Self::Gift),
            "txt" => Some(if anki::is_notes(text) {
                Self::AnkiText
            } else {
                Self::Gift
            }),
            _ => None,
        }
    }
}

/// Reads a file's questions, all or none: each could be kept as it is ([`Item::check`]). `name` is
/// the file's, whose end says what form it has.
///
/// # Errors
/// [`ImportError`] with the place of the first fault.
pub fn import(name: &str, bytes: &[u8]) -> Result<Vec<Item>, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    let items = match Format::detect(name, text) {
        Some(Format::Csv) => table::import(text),
        Some(Format::AnkiText) => anki::import(text),
        Some(Format::MoodleXml) => moodle_import::import(text),
        Some(Format::Gift) => gift::import(text),
        Some(Format::AnkiPackage) | None => Err(ImportError::Unknown(name.to_owned())),
    }?;
    if items.is_empty() {
        return Err(ImportError::Empty);
    }
    if items.len() > MOST_ITEMS {
        return Err(ImportError::TooMany(items.len()));
    }
    Ok(items)
}

/// Fills in source and licence of each picture as the atlas has them, in place of what a file says.
///
/// # Errors
/// [`ImportError::NoPicture`] for a question whose picture the atlas hasn't, or what the atlas
/// reports.
pub async fn with_sources(atlas: &Atlas, items: Vec<Item>) -> Result<Vec<Item>, ImportError> {
    let mut filled = Vec::with_capacity(items.len());
    for (item, number) in items.into_iter().zip(1..) {
        let mut named = item.pictures.clone();
        named.extend(item.citations.iter().cloned());
        named.sort_unstable();
        named.dedup();
        let entries = atlas.entries_of(&named).await?;
        let missing = named
            .iter()
            .find(|id| !entries.iter().any(|entry| entry.id == **id));
        if let Some(picture) = missing {
            return Err(ImportError::NoPicture {
                number,
                picture: picture.clone(),
            });
        }
        let sources = entries.into_iter().map(|entry| Source {
            entry: entry.id,
            provenance: entry.provenance,
        });
        filled.push(Item {
            sources: sources.collect(),
            ..item
        });
    }
    Ok(filled)
}

/// Writes questions as a file. `pictures` are the stored pictures (JPEG) of those that have some.
/// It computes: call it from a thread that may block.
///
/// # Errors
/// [`ExportError`] for what the form can't hold, or for a picture that is not there.
pub fn export<S: BuildHasher>(
    items: &[Item],
    pictures: &HashMap<EntryId, Vec<u8>, S>,
    format: Format,
) -> Result<Vec<u8>, ExportError> {
    match format {
        Format::Csv => table::export(items),
        Format::AnkiText => {
            without_pictures(items, "Anki's text form")?;
            anki::export_text(items)
        }
        Format::Gift => {
            without_pictures(items, "GIFT")?;
            Ok(gift::export(items).into_bytes())
        }
        Format::MoodleXml => {
            let media = media::Media::of(items, |id| pictures.get(id).map(Vec::as_slice))?;
            Ok(moodle::export(items, &media).into_bytes())
        }
        Format::AnkiPackage => {
            let media = media::Media::of(items, |id| pictures.get(id).map(Vec::as_slice))?;
            anki::export_package(items, &media)
        }
    }
}

fn without_pictures(items: &[Item], form: &'static str) -> Result<(), ExportError> {
    let count = items
        .iter()
        .filter(|item| !item.pictures.is_empty())
        .count();
    match count {
        0 => Ok(()),
        count => Err(ExportError::Pictures { form, count }),
    }
}
