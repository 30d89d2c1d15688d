//! One page of a comparison: the entries that stand beside each other now, with their pictures and
//! what they share. Everything is read from the atlas anew; what is gone from it is left out.

use std::collections::HashMap;

use super::concepts::Concepts;
use super::error::CompareError;
use super::panel::{Cell, Column};
use super::sides::Side;
use crate::atlas::{Atlas, Entry, EntryId};

/// Pictures of each side that are shown at once.
pub const SHOWN: usize = 3;
/// From so many pictures on, a column has a modality of its own: more than half of them.
const MAJORITY: usize = 2;

/// An entry at its place among those of its side.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its place, from 1.
    pub place: usize,
    /// The entry.
    pub entry: Entry,
    /// Its stored picture, a JPEG.
    pub picture: Vec<u8>,
}

/// What is shown of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Of the first.
    pub a: Vec<Placed>,
    /// Of the second.
    pub b: Vec<Placed>,
    /// What these share, and what differs.
    pub concepts: Concepts,
}

/// The entries of two sides from the given places (from 0) on, [`SHOWN`] of each.
///
/// # Errors
/// [`CompareError::Nothing`] if none of them is in the atlas any more, or what the atlas reports.
pub async fn show(
    atlas: &Atlas,
    (a, from_a): (&Side, usize),
    (b, from_b): (&Side, usize),
) -> Result<Shown, CompareError> {
    let (a, b) = tokio::try_join!(placed(atlas, a, from_a), placed(atlas, b, from_b))?;
    if a.is_empty() && b.is_empty() {
        return Err(CompareError::Nothing);
    }
    let concepts = Concepts::of(&a, &b);
    Ok(Shown { a, b, concepts })
}

pub(super) async fn placed(
    atlas: &Atlas,
    side: &Side,
    from: usize,
) -> Result<Vec<Placed>, CompareError> {
    let stretch: Vec<EntryId> = side
        .results
        .iter()
        .skip(from)
        .take(SHOWN)
        .cloned()
        .collect();
    let (entries, pictures) =
        tokio::try_join!(atlas.entries_of(&stretch), atlas.pictures(&stretch))?;
    let mut pictures: HashMap<EntryId, Vec<u8>> = pictures.into_iter().collect();
    let places: HashMap<&EntryId, usize> = stretch.iter().zip(from + 1..).collect();
    let placed = entries.into_iter().filter_map(|entry| {
        let place = *places.get(&entry.id)?;
        let picture = pictures.remove(&entry.id)?;
        Some(Placed {
            place,
            entry,
            picture,
        })
    });
    Ok(placed.collect())
}

impl Shown {
    /// The modalities of the two columns, where each has one that most of its pictures are of, and
    /// they differ.
    pub fn different_modalities(&self) -> Option<(&str, &str)> {
        let (a, b) = (main_modality(&self.a)?, main_modality(&self.b)?);
        (!a.eq_ignore_ascii_case(b)).then_some((a, b))
    }

    /// The columns of the panel under these titles.
    pub fn columns(&self, titles: [String; 2]) -> [Column; 2] {
        let [a, b] = titles;
        [column('A', a, &self.a), column('B', b, &self.b)]
    }
}

fn column(letter: char, title: String, placed: &[Placed]) -> Column {
    let cells = placed.iter().map(|placed| Cell {
        label: format!("{letter}{}", placed.place),
        kind: kind(&placed.entry),
        picture: placed.picture.clone(),
    });
    Column {
        letter,
        title,
        cells: cells.collect(),
    }
}

/// Modality and region, as they stand below a picture.
fn kind(entry: &Entry) -> String {
    let description = &entry.description;
    let parts = [
        description.modality.as_str(),
        description.body_part.as_deref().unwrap_or_default(),
    ];
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(", ")
}

fn main_modality(placed: &[Placed]) -> Option<&str> {
    let modalities = placed
        .iter()
        .map(|placed| placed.entry.description.modality.as_str());
    let counted = modalities.clone().map(|modality| {
        let same = |other: &&str| other.eq_ignore_ascii_case(modality);
        (modalities.clone().filter(same).count(), modality)
    });
    let (count, modality) = counted.max_by_key(|(count, _)| *count)?;
    let needed = MAJORITY.min(placed.len());
    (!modality.is_empty() && count >= needed).then_some(modality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::testing;
    use crate::atlas::{Description, Provenance};
    use crate::compare::Subject;

    fn described(modality: &str) -> Description {
        Description {
            caption: "Lungs.".to_owned(),
            modality: modality.to_owned(),
            ..Description::default()
        }
    }

    fn placed(modalities: &[&str]) -> Vec<Placed> {
        let entry = |modality: &str| Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: described(modality),
            provenance: Provenance::default(),
            width: 1,
            height: 1,
        };
        let entries = modalities.iter().map(|modality| Placed {
            place: 1,
            entry: entry(modality),
            picture: Vec::new(),
        });
        entries.collect()
    }

    #[test]
    fn different_modalities_are_those_that_most_pictures_have() {
        let shown = |a: &[&str], b: &[&str]| Shown {
            a: placed(a),
            b: placed(b),
            concepts: Concepts::default(),
        };
        let mri = ["MRI", "MRI", "CT"];
        let far = shown(&mri, &["X-ray", "", "x-ray"]);
        assert_eq!(far.different_modalities(), Some(("MRI", "x-ray")));
        assert_eq!(shown(&mri, &["mri"]).different_modalities(), None);
        assert_eq!(
            shown(&mri, &["CT", "MRI", "X-ray"]).different_modalities(),
            None
        );
        assert_eq!(shown(&mri, &[]).different_modalities(), None);
        assert_eq!(shown(&[""], &mri).different_modalities(), None);
    }

    #[tokio::test]
    async fn what_is_gone_leaves_its_place_empty() {
        let small = testing::filled(&[
            ("one", described("MRI"), 10),
            ("three", described("MRI"), 200),
        ])
        .await;
        let side = Side {
            subject: Subject::Picture,
            results: ["one", "two", "three", "four"]
                .map(|name| EntryId::new("t", name))
                .to_vec(),
        };
        let shown = show(&small.atlas, (&side, 0), (&side, 2)).await;
        let shown = shown.expect("some are there");
        let places = |placed: &[Placed]| -> Vec<usize> {
            placed.iter().map(|placed| placed.place).collect()
        };
        assert_eq!(places(&shown.a), [1, 3]);
        assert_eq!(places(&shown.b), [3]);
        let columns = shown.columns(["x".to_owned(), "y".to_owned()]);
        assert_eq!(columns[0].cells[1].label, "A3");
        let nothing = show(&small.atlas, (&side, 3), (&side, 9)).await;
        assert!(matches!(nothing, Err(CompareError::Nothing)));
    }
}
