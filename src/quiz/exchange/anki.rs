//! Anki: its text form (<https://docs.ankiweb.net/importing/text-files.html>), and packages with
//! pictures. The text form has a column of its own with all of a question, from which it is read
//! back; notes of two columns, a front and a back, become open questions.

use std::collections::HashSet;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::item::{Item, Task};
use super::cells::one_line;
use super::html::{self, escape, to_text};
use super::media::Media;
use super::{ExportError, ImportError};
use crate::store::anki::{AnkiNote, anki_collection};

/// What stands above the notes of the text form.
const HEADER: &str =
    "#separator:tab\n#html:true\n#columns:Front\tBack\tTags\tMirage\n#tags column:3\n";

/// Writes notes as text. Questions with pictures must have been left out.
pub(super) fn export_text(items: &[Item]) -> Result<Vec<u8>, ExportError> {
    let mut bytes = HEADER.as_bytes().to_vec();
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b'\t')
        .from_writer(&mut bytes);
    let written = |error: &dyn std::error::Error| ExportError::Package(error.to_string());
    for item in items {
        let all = serde_json::to_string(item).map_err(|error| written(&error))?;
        let note = note(item, &[]);
        let record = [note.front, note.back, note.tags, all];
        writer
            .write_record(record)
            .map_err(|error| written(&error))?;
    }
    writer.flush().map_err(|error| written(&error))?;
    drop(writer);
    Ok(bytes)
}

/// Writes a package: a collection, the pictures under numbers, and which number is which file.
pub(super) fn export_package(items: &[Item], media: &Media<'_>) -> Result<Vec<u8>, ExportError> {
    let places = items.iter().enumerate();
    let notes = places.map(|(place, item)| note(item, media.of_item(place)));
    let collection = anki_collection(notes.collect())?;
    let failed = |error: &dyn std::error::Error| ExportError::Package(error.to_string());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), ExportError> {
        zip.start_file(name, SimpleFileOptions::default())
            .map_err(|error| failed(&error))?;
        zip.write_all(bytes).map_err(|error| failed(&error))
    };
    add("collection.anki2", &collection)?;
    let mut names = serde_json::Map::new();
    let mut known = HashSet::new();
    // Several questions may ask the same of the same pictures: one file is enough.
    let pictures = media
        .all()
        .filter(|picture| known.insert(picture.name.clone()));
    for (number, picture) in pictures.enumerate() {
        let number = number.to_string();
        add(&number, &picture.jpeg)?;
        names.insert(number, picture.name.clone().into());
    }
    add(
        "media",
        serde_json::Value::Object(names).to_string().as_bytes(),
    )?;
    let done = zip.finish().map_err(|error| failed(&error))?;
    Ok(done.into_inner())
}

/// A question as a card: front, back, and the topic as a tag.
fn note(item: &Item, shown: &[super::media::Shown<'_>]) -> AnkiNote {
    let front = html::stem(item, shown, "") + &html::choices(&item.task);
    let key = escape(&item.task.key_in_words());
    let topic = item.topic.split_whitespace().collect::<Vec<_>>().join("_");
    AnkiNote {
        guid: item.fingerprint(),
        sort: one_line(&item.stem),
        front: one_line(&front),
        back: one_line(&format!("<p><b>{key}</b></p>{}", html::told(item))),
        tags: topic.replace('"', ""),
    }
}

/// Whether a text is of Anki's form and not GIFT.
pub(super) fn is_notes(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#separator") || first.starts_with("#html") || first.contains('\t')
}

/// Reads notes.
pub(super) fn import(text: &str) -> Result<Vec<Item>, ImportError> {
    let (header, notes, lines) = split(text);
    let delimiter = header.separator.unwrap_or(b'\t');
    let own = header.columns.iter().position(|name| name == "mirage");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(notes.as_bytes());
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let place = error.position().map_or(0, csv::Position::line);
            row_fault(lines, place, "it can't be read".to_owned())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let item = item(&record, own, header.is_html).and_then(|item| {
            item.check().map_err(|fault| fault.to_string())?;
            Ok(item)
        });
        items.push(item.map_err(|fault| row_fault(lines, line, fault))?);
    }
    Ok(items)
}

fn row_fault(before: usize, line: u64, fault: String) -> ImportError {
    ImportError::Row {
        row: before + usize::try_from(line).unwrap_or_default(),
        fault,
    }
}

/// What the lines above the notes say.
#[derive(Default)]
struct Header {
    separator: Option<u8>,
    columns: Vec<String>,
    is_html: bool,
}

/// The header, the notes, and how many lines stand above them.
fn split(text: &str) -> (Header, &str, usize) {
    let mut header = Header::default();
    let (mut rest, mut lines) = (text, 0);
    while rest.starts_with('#') {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        lines += 1;
        let Some((name, value)) = line[1..].trim_end().split_once(':') else {
            continue;
        };
        match name.to_lowercase().as_str() {
            "separator" => header.separator = separator(value),
            "html" => header.is_html = value.eq_ignore_ascii_case("true"),
            "columns" => {
                let sign = char::from(header.separator.unwrap_or(b'\t'));
                let names = value.split(sign).map(|name| name.trim().to_lowercase());
                header.columns = names.collect();
            }
            _ => {}
        }
    }
    (header, rest, lines)
}

fn separator(name: &str) -> Option<u8> {
    match name.trim().to_lowercase().as_str() {
        "tab" => Some(b'\t'),
        "comma" => Some(b','),
        "semicolon" => Some(b';'),
        "pipe" => Some(b'|'),
        sign => sign.bytes().next().filter(|_| sign.len() == 1),
    }
}

/// A note's question; half a sentence of what is wrong with it.
fn item(record: &csv::StringRecord, own: Option<usize>, is_html: bool) -> Result<Item, String> {
    let all = own.and_then(|place| record.get(place)).unwrap_or_default();
    if !all.trim().is_empty() {
        return serde_json::from_str(all)
            .map_err(|_| "its column Mirage is not as it was exported".to_owned());
    }
    let cell = |place: usize| {
        let cell = record.get(place).unwrap_or_default();
        if is_html {
            to_text(cell)
        } else {
            one_line(cell)
        }
    };
    if (0..2).any(|place| html::has_picture(record.get(place).unwrap_or_default())) {
        let fault = "it has a picture; pictures are brought in by their names in the atlas, with the \
            CSV table";
        return Err(fault.to_owned());
    }
    let back = cell(1);
    if back.is_empty() {
        return Err("it has no second cell, which is the answer".to_owned());
    }
    Ok(Item {
        stem: cell(0),
        task: Task::OpenAnswer {
            accepted: vec![back],
        },
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale: String::new(),
        citations: Vec::new(),
        sources: Vec::new(),
        topic: String::new(),
        expected: 0.5,
    })
}
