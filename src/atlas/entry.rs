//! What the atlas holds: one entry is one picture with its words and its provenance. Nothing here
//! knows how entries are stored or found.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Name of an entry, unique in an atlas: `collection/identifier`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(String);

impl EntryId {
    /// Joins a collection and the identifier that a picture has in it.
    pub fn new(collection: &str, identifier: &str) -> Self {
        Self(format!("{collection}/{identifier}"))
    }

    /// Takes a whole name as it was printed or stored.
    pub fn from_stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A structure on the picture and where it is. Coordinates are percent of the picture's width and
/// height, 0 to 100, x to the right and y down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelledBox {
    /// Plain name of the structure.
    pub label: String,
    /// Left, top, right, bottom.
    #[serde(rename = "box")]
    pub corners: [f32; 4],
}

/// Where a picture comes from and what may be done with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Licence, as an SPDX name where there is one.
    pub licence: String,
    /// The source in words: article, package and file, or collection.
    pub source: String,
    /// Address of the source, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Author line that the licence asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

/// The words of an entry: everything but the picture itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Caption, in whole sentences.
    pub caption: String,
    /// Alt text: what can be seen, for people who can't see it. Falls back to the caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// Imaging modality, such as `MRI` or `X-ray`. Empty where it is not known.
    #[serde(default)]
    pub modality: String,
    /// Imaging plane, such as `axial`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<String>,
    /// Part of the body, such as `brain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_part: Option<String>,
    /// Search terms: structures, findings, technique.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Structures with their places on the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<LabelledBox>,
    /// Article, patient or volume that the picture belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// One picture of the atlas with its words and provenance, without the pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique name.
    pub id: EntryId,
    /// Collection that it was ingested with.
    pub collection: String,
    /// Words.
    #[serde(flatten)]
    pub description: Description,
    /// Source and licence.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Width of the stored picture in pixels.
    pub width: u32,
    /// Height of the stored picture in pixels.
    pub height: u32,
}

impl Entry {
    /// Alt text: the entry's own, else its caption, else what kind of picture it is.
    pub fn alt_text(&self) -> Cow<'_, str> {
        let description = &self.description;
        let own = description.alt.as_deref().unwrap_or_default();
        for text in [own, &description.caption] {
            if !text.trim().is_empty() {
                return Cow::Borrowed(text);
            }
        }
        let part = description
            .body_part
            .as_deref()
            .unwrap_or("part of the body not known");
        let modality = match description.modality.as_str() {
            "" => "Medical picture",
            modality => modality,
        };
        Cow::Owned(format!("{modality}, {part}. No description was given."))
    }
}

impl Description {
    /// The text that is searched: what the caption says, then the terms it doesn't spell out.
    pub fn search_text(&self) -> String {
        let mut text = self.caption.trim().to_owned();
        let mut add = |term: &str| {
            let term = term.trim();
            if !term.is_empty() && !text.to_lowercase().contains(&term.to_lowercase()) {
                text.push_str(if text.is_empty() { "" } else { " · " });
                text.push_str(term);
            }
        };
        add(&self.modality);
        for term in [&self.plane, &self.body_part].into_iter().flatten() {
            add(term);
        }
        for label in &self.labels {
            add(label);
        }
        for located in &self.boxes {
            add(&located.label);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_text_adds_only_what_the_caption_lacks() {
        let description = Description {
            caption: "Axial MRI of the shoulder.".to_owned(),
            modality: "MRI".to_owned(),
            plane: Some("axial".to_owned()),
            labels: vec!["rotator cuff".to_owned(), "Shoulder".to_owned()],
            ..Description::default()
        };
        assert_eq!(
            description.search_text(),
            "Axial MRI of the shoulder. · rotator cuff"
        );
    }

    #[test]
    fn the_json_of_an_entry_is_flat() {
        let entry = Entry {
            id: EntryId::new("starter", "a"),
            collection: "starter".to_owned(),
            description: Description {
                caption: "A.".to_owned(),
                ..Description::default()
            },
            provenance: Provenance {
                licence: "CC0-1.0".to_owned(),
                ..Provenance::default()
            },
            width: 2,
            height: 3,
        };
        let json = serde_json::to_value(&entry).expect("an entry is plain data");
        assert_eq!(json["id"], "starter/a");
        assert_eq!(json["caption"], "A.");
        assert_eq!(json["licence"], "CC0-1.0");
    }
}
