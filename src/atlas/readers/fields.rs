//! The fields that rows have in common: the names they go by in tables, how their values are
//! read, and how they become a [`SourceRow`]. Files and pictures are not known here.

use serde_json::{Map, Value};

use super::error::RowFault;
use super::{Defaults, PictureSource, SourceRow};
use crate::atlas::entry::{Description, LabelledBox, Provenance};

/// Longest caption or alt text, in bytes. The longest figure captions have a few thousand.
pub(super) const MAXIMUM_CAPTION: usize = 64 * 1024;
/// Longest text of any other field, in bytes.
const MAXIMUM_TEXT: usize = 4096;
/// Longest identifier, in bytes.
const MAXIMUM_IDENTIFIER: usize = 400;
/// Most labels, and most boxes, of one row.
const MAXIMUM_LABELS: usize = 500;
/// What an unknown licence is called.
pub(super) const UNKNOWN_LICENCE: &str = "unknown";

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    File,
    Caption,
    Identifier,
    Alt,
    Modality,
    Plane,
    BodyPart,
    Labels,
    Boxes,
    Licence,
    Source,
    SourceUrl,
    Attribution,
    Group,
}

impl Field {
    pub(super) const ALL: [Self; 14] = [
        Self::File,
        Self::Caption,
        Self::Identifier,
        Self::Alt,
        Self::Modality,
        Self::Plane,
        Self::BodyPart,
        Self::Labels,
        Self::Boxes,
        Self::Licence,
        Self::Source,
        Self::SourceUrl,
        Self::Attribution,
        Self::Group,
    ];

    /// Names that the field goes by, as [`normal_name`] writes them. Earlier ones win.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::File => &[
                "file",
                "image",
                "filename",
                "file_name",
                "path",
                "image_path",
            ],
            Self::Caption => &["caption", "text", "description"],
            Self::Identifier => &["id", "image_id", "identifier"],
            Self::Alt => &["alt", "alt_text"],
            Self::Modality => &["modality"],
            Self::Plane => &["plane"],
            Self::BodyPart => &["body_part", "bodypart"],
            Self::Labels => &["labels"],
            Self::Boxes => &["boxes"],
            Self::Licence => &["licence", "license"],
            Self::Source => &["source"],
            Self::SourceUrl => &["source_url", "url"],
            Self::Attribution => &["attribution"],
            Self::Group => &["group"],
        }
    }

    /// The field in words, for messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::File => "picture's file name",
            Self::Caption => "caption",
            Self::Identifier => "identifier",
            Self::Alt => "alt text",
            Self::Modality => "modality",
            Self::Plane => "plane",
            Self::BodyPart => "body part",
            Self::Labels => "list of labels",
            Self::Boxes => "list of boxes",
            Self::Licence => "licence",
            Self::Source => "source",
            Self::SourceUrl => "address of the source",
            Self::Attribution => "attribution",
            Self::Group => "group",
        }
    }

    /// The fault of a row that lacks it.
    pub(super) fn missing(self) -> RowFault {
        RowFault::MissingValue {
            field: self.words(),
            names: self.names().join(", "),
        }
    }

    fn maximum(self) -> usize {
        match self {
            Self::Caption | Self::Alt => MAXIMUM_CAPTION,
            // Lists are bounded by their number and by the length of a row.
            Self::Labels | Self::Boxes => usize::MAX,
            _ => MAXIMUM_TEXT,
        }
    }
}

/// A header as it is compared: without case, spaces and hyphens.
pub(super) fn normal_name(header: &str) -> String {
    header
        .trim_start_matches('\u{feff}')
        .trim()
        .to_lowercase()
        .replace([' ', '-'], "_")
}

/// What a row says, before it is checked. An unset field is one that the row leaves empty.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct RawRow {
    pub(super) file: Option<String>,
    pub(super) caption: Option<String>,
    pub(super) identifier: Option<String>,
    pub(super) alt: Option<String>,
    pub(super) modality: Option<String>,
    pub(super) plane: Option<String>,
    pub(super) body_part: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) boxes: Vec<LabelledBox>,
    pub(super) licence: Option<String>,
    pub(super) source: Option<String>,
    pub(super) source_url: Option<String>,
    pub(super) attribution: Option<String>,
    pub(super) group: Option<String>,
}

impl RawRow {
    /// Reads a JSON object. Names are compared without case; fields that are not known are left.
    pub(super) fn of_json(object: &Map<String, Value>) -> Result<Self, RowFault> {
        let mut row = Self::default();
        let names: Vec<String> = object.keys().map(|name| normal_name(name)).collect();
        for field in Field::ALL {
            let position = field
                .names()
                .iter()
                .find_map(|name| names.iter().position(|other| other == name));
            if let Some((_, value)) = position.and_then(|position| object.iter().nth(position)) {
                row.set_json(field, value)?;
            }
        }
        Ok(row)
    }

    fn set_json(&mut self, field: Field, value: &Value) -> Result<(), RowFault> {
        let wrong = |expected| RowFault::WrongKind {
            field: field.words(),
            expected,
        };
        match (field, value) {
            (_, Value::Null) => Ok(()),
            (Field::Boxes, Value::Array(_)) => self.set_boxes(value.clone()),
            (Field::Labels, Value::Array(labels)) => {
                for label in labels {
                    let label = text_of(label).ok_or_else(|| wrong("a list of texts"))?;
                    self.labels.extend(present(label));
                }
                Ok(())
            }
            (_, value) => self.set(field, text_of(value).ok_or_else(|| wrong("a text"))?),
        }
    }

    /// Reads the text of one cell. Labels are separated by `;` or `|`, boxes are JSON.
    pub(super) fn set(&mut self, field: Field, text: String) -> Result<(), RowFault> {
        if text.len() > field.maximum() {
            return Err(RowFault::LongText {
                field: field.words(),
                bytes: text.len(),
                maximum: field.maximum(),
            });
        }
        let place = match field {
            // Kept as it was written; an empty one counts as missing.
            Field::Caption => {
                self.caption = (!text.trim().is_empty()).then_some(text);
                return Ok(());
            }
            Field::Labels => {
                self.labels.extend(
                    text.split([';', '|'])
                        .map(str::to_owned)
                        .filter_map(present),
                );
                return Ok(());
            }
            Field::Boxes => {
                let expected = "a JSON list of {\"label\", \"box\"}";
                return match present(text).map(|text| serde_json::from_str(&text)) {
                    None | Some(Ok(Value::Null)) => Ok(()),
                    Some(Ok(value)) => self.set_boxes(value),
                    Some(Err(_)) => Err(RowFault::WrongKind {
                        field: field.words(),
                        expected,
                    }),
                };
            }
            Field::File => &mut self.file,
            Field::Identifier => &mut self.identifier,
            Field::Alt => &mut self.alt,
            Field::Modality => &mut self.modality,
            Field::Plane => &mut self.plane,
            Field::BodyPart => &mut self.body_part,
            Field::Licence => &mut self.licence,
            Field::Source => &mut self.source,
            Field::SourceUrl => &mut self.source_url,
            Field::Attribution => &mut self.attribution,
            Field::Group => &mut self.group,
        };
        *place = present(text);
        Ok(())
    }

    fn set_boxes(&mut self, value: Value) -> Result<(), RowFault> {
        let expected = "a list of {\"label\", \"box\": [left, top, right, bottom]}";
        self.boxes = serde_json::from_value(value).map_err(|_| RowFault::WrongKind {
            field: Field::Boxes.words(),
            expected,
        })?;
        Ok(())
    }

    /// Checks the row and makes an entry's words and provenance of it.
    ///
    /// # Errors
    /// [`RowFault`] for what can't be used.
    pub(super) fn finish(
        self,
        identifier: &str,
        picture: PictureSource,
        defaults: &Defaults,
    ) -> Result<SourceRow, RowFault> {
        let identifier = checked_identifier(identifier)?;
        check_numbers(&self.labels, &self.boxes)?;
        self.boxes.iter().try_for_each(check_box)?;
        let modality = self.modality.and_then(known);
        // VQA-RAD names the region where others name the modality.
        let region = modality.as_deref().and_then(region);
        let modality = modality.filter(|_| region.is_none());
        let body_part = self
            .body_part
            .and_then(known)
            .or_else(|| region.map(ToOwned::to_owned));
        let description = Description {
            caption: self.caption.unwrap_or_default(),
            alt: self.alt,
            modality: modality
                .or_else(|| defaults.modality.clone())
                .map(|name| modality_name(&name))
                .unwrap_or_default(),
            plane: self.plane.and_then(known).map(|plane| plane.to_lowercase()),
            body_part,
            labels: self.labels,
            boxes: self.boxes,
            group: self.group,
        };
        if description.search_text().is_empty() && description.alt.is_none() {
            return Err(RowFault::NoWords);
        }
        let provenance = Provenance {
            licence: self
                .licence
                .or_else(|| defaults.licence.clone())
                .unwrap_or_else(|| UNKNOWN_LICENCE.to_owned()),
            source: self
                .source
                .or_else(|| defaults.source.clone())
                .unwrap_or_default(),
            source_url: self.source_url,
            attribution: self.attribution,
        };
        Ok(SourceRow {
            identifier,
            picture,
            description,
            provenance,
        })
    }
}

/// A text without the space around it; `None` if nothing is left.
pub(super) fn present(text: impl AsRef<str>) -> Option<String> {
    let text = text.as_ref().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A value that says something: `unknown` and its like don't.
pub(super) fn known(text: String) -> Option<String> {
    let says_nothing = ["unknown", "n/a", "na", "none", "null", "-"];
    (!says_nothing.contains(&text.to_lowercase().as_str())).then_some(text)
}

/// The one spelling of a modality that collections spell in many ways. Others stay as they are.
pub(super) fn modality_name(name: &str) -> String {
    let name = name.trim();
    match name.to_lowercase().as_str() {
        "ct" | "computed tomography" => "CT",
        "mr" | "mri" | "magnetic resonance imaging" => "MRI",
        "x-ray" | "xray" | "x ray" | "radiograph" | "radiography" => "X-ray",
        "us" | "ultrasound" | "ultrasonography" => "ultrasound",
        "pet" => "PET",
        _ => name,
    }
    .to_owned()
}

fn region(modality: &str) -> Option<&'static str> {
    match modality.to_lowercase().as_str() {
        "chest" => Some("chest"),
        "head" => Some("head"),
        "abd" | "abdomen" => Some("abdomen"),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn checked_identifier(identifier: &str) -> Result<String, RowFault> {
    let identifier = identifier.trim();
    let bad = identifier.is_empty()
        || identifier.len() > MAXIMUM_IDENTIFIER
        || identifier.chars().any(char::is_control);
    if bad {
        Err(RowFault::BadIdentifier)
    } else {
        Ok(identifier.to_owned())
    }
}

fn check_numbers(labels: &[String], boxes: &[LabelledBox]) -> Result<(), RowFault> {
    for (what, found) in [("labels", labels.len()), ("boxes", boxes.len())] {
        if found > MAXIMUM_LABELS {
            return Err(RowFault::TooMany {
                what,
                found,
                maximum: MAXIMUM_LABELS,
            });
        }
    }
    Ok(())
}

fn check_box(located: &LabelledBox) -> Result<(), RowFault> {
    let [left, top, right, bottom] = located.corners;
    let on_picture = located
        .corners
        .iter()
        .all(|corner| (0.0..=100.0).contains(corner));
    if on_picture && left < right && top < bottom {
        Ok(())
    } else {
        Err(RowFault::BadBox {
            label: located.label.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
