//! For tests: entries to draft from, which no atlas holds.

use crate::atlas::{Description, Entry, EntryId, LabelledBox, Provenance};

/// An entry without boxes.
pub(super) fn entry(
    identifier: &str,
    modality: &str,
    part: &str,
    caption: &str,
    labels: &[&str],
) -> Entry {
    Entry {
        id: EntryId::new("t", identifier),
        collection: "t".to_owned(),
        description: Description {
            caption: caption.to_owned(),
            modality: modality.to_owned(),
            body_part: Some(part.to_owned()),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            group: Some(format!("group {identifier}")),
            ..Description::default()
        },
        provenance: Provenance {
            licence: "CC0-1.0".to_owned(),
            source: "Drawn for a test".to_owned(),
            ..Provenance::default()
        },
        width: 200,
        height: 200,
    }
}

/// A cut of one brain with these structures, each in a box of its own.
pub(super) fn boxed(identifier: &str, structures: &[&str]) -> Entry {
    let mut entry = entry(identifier, "MRI", "brain", "A cut.", &[]);
    entry.description.plane = Some("axial".to_owned());
    entry.description.group = Some("one brain".to_owned());
    entry.description.boxes = (0_u8..)
        .zip(structures)
        .map(|(place, label)| {
            let left = f32::from(place) * 10.0;
            LabelledBox {
                label: (*label).to_owned(),
                corners: [left, 40.0, left + 8.0, 48.0],
            }
        })
        .collect();
    entry
}
