//! What two columns of pictures share and what differs: concepts from labels, technique and
//! captions, each with the pictures that support it. It counts words and judges nothing.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::terms::{key, terms};
use super::view::Placed;
use crate::atlas::Entry;

/// Most concepts of each list.
const MOST: usize = 8;

/// A concept and the pictures whose words hold it, by their places from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concept {
    /// In words.
    pub name: String,
    /// Pictures of the first column.
    pub a: Vec<usize>,
    /// Pictures of the second column.
    pub b: Vec<usize>,
}

impl Concept {
    /// How many pictures support it.
    fn support(&self) -> usize {
        self.a.len() + self.b.len()
    }
}

/// What two columns share, and what only one of them has: labels first, then what more pictures
/// support.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Concepts {
    /// What both have.
    pub both: Vec<Concept>,
    /// What the first has alone.
    pub only_a: Vec<Concept>,
    /// What the second has alone.
    pub only_b: Vec<Concept>,
}

impl Concepts {
    /// The concepts of two columns.
    pub(super) fn of(a: &[Placed], b: &[Placed]) -> Self {
        let mut concepts = Self::default();
        for concept in counted(at_places(a), at_places(b)) {
            let list = match (concept.a.is_empty(), concept.b.is_empty()) {
                (false, false) => &mut concepts.both,
                (false, true) => &mut concepts.only_a,
                (true, _) => &mut concepts.only_b,
            };
            if list.len() < MOST {
                list.push(concept);
            }
        }
        concepts
    }
}

fn at_places(column: &[Placed]) -> impl Iterator<Item = (usize, &Entry)> {
    column.iter().map(|placed| (placed.place, &placed.entry))
}

/// The concepts of two lists of entries at their places; what more entries support comes first.
pub(super) fn counted<'a>(
    a: impl Iterator<Item = (usize, &'a Entry)>,
    b: impl Iterator<Item = (usize, &'a Entry)>,
) -> impl Iterator<Item = Concept> {
    let mut known = Known::default();
    for (place, entry) in a {
        known.add(entry, place, |concept| &mut concept.a);
    }
    for (place, entry) in b {
        known.add(entry, place, |concept| &mut concept.b);
    }
    known.ranked()
}

/// Where a concept was read: labels and technique tell more than a caption's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Label,
    Caption,
}

/// The concepts met so far, in the order of their first appearance.
#[derive(Default)]
struct Known {
    concepts: Vec<(Origin, Concept)>,
    by_key: HashMap<String, usize>,
}

impl Known {
    /// Adds what an entry's words hold; `side` is its column's list of places.
    fn add(&mut self, entry: &Entry, place: usize, side: impl Fn(&mut Concept) -> &mut Vec<usize>) {
        for (origin, key, name) in named(entry) {
            let next = self.concepts.len();
            let index = *self.by_key.entry(key).or_insert(next);
            if index == next {
                let concept = Concept {
                    name,
                    a: Vec::new(),
                    b: Vec::new(),
                };
                self.concepts.push((origin, concept));
            }
            let places = side(&mut self.concepts[index].1);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }

    /// Labels before a caption's words, then by support; equal ones in the order of their first
    /// appearance. A caption's word that is part of a label tells nothing beside it.
    fn ranked(self) -> impl Iterator<Item = Concept> {
        let mut concepts: Vec<Option<(Origin, Concept)>> =
            self.concepts.into_iter().map(Some).collect();
        let is_label = |index: &usize| matches!(concepts[*index], Some((Origin::Label, _)));
        let labels = self.by_key.iter().filter(|(_, index)| is_label(index));
        let in_labels: HashSet<&str> = labels.flat_map(|(key, _)| key.split(' ')).collect();
        let idle = self
            .by_key
            .iter()
            .filter(|(key, index)| !is_label(index) && in_labels.contains(key.as_str()));
        for index in idle.map(|(_, index)| *index).collect::<Vec<_>>() {
            concepts[index] = None;
        }
        let mut concepts: Vec<(Origin, Concept)> = concepts.into_iter().flatten().collect();
        concepts.sort_by_key(|(origin, concept)| (*origin, Reverse(concept.support())));
        concepts.into_iter().map(|(_, concept)| concept)
    }
}

/// The concepts of an entry with what they are compared by; labels first.
fn named(entry: &Entry) -> Vec<(Origin, String, String)> {
    let description = &entry.description;
    let technique = [
        Some(description.modality.as_str()),
        description.body_part.as_deref(),
        description.plane.as_deref(),
    ];
    let labels = description.labels.iter().map(String::as_str);
    let labels = technique
        .into_iter()
        .flatten()
        .chain(labels)
        .map(|label| (Origin::Label, key(label), one_line(label)));
    let words = terms(&description.caption).into_iter();
    let words = words.map(|term| (Origin::Caption, term.stem, term.word));
    let said = labels.chain(words);
    said.filter(|(_, key, _)| !key.is_empty()).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{Description, EntryId, Provenance};

    fn placed(place: usize, caption: &str, modality: &str, labels: &[&str]) -> Placed {
        Placed {
            place,
            entry: Entry {
                id: EntryId::new("t", &place.to_string()),
                collection: "t".to_owned(),
                description: Description {
                    caption: caption.to_owned(),
                    modality: modality.to_owned(),
                    labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                    ..Description::default()
                },
                provenance: Provenance::default(),
                width: 1,
                height: 1,
            },
            picture: Vec::new(),
        }
    }

    fn names(concepts: &[Concept]) -> Vec<&str> {
        concepts
            .iter()
            .map(|concept| concept.name.as_str())
            .collect()
    }

    #[test]
    fn each_concept_names_the_pictures_that_support_it() {
        let a = [
            placed(1, "Pneumonia of the lower lobe.", "X-ray", &["pneumonia"]),
            placed(2, "Consolidation in the lobe.", "X-ray", &["pneumonia"]),
        ];
        let b = [placed(4, "Upper lobe, clear lungs.", "X-ray", &["Normal"])];
        let concepts = Concepts::of(&a, &b);
        assert_eq!(names(&concepts.both), ["X-ray", "lobe"]);
        assert_eq!(concepts.both[0].a, [1, 2]);
        assert_eq!(concepts.both[0].b, [4]);
        assert_eq!(concepts.only_a[0].name, "pneumonia");
        assert_eq!(concepts.only_a[0].a, [1, 2]);
        assert_eq!(
            names(&concepts.only_a),
            ["pneumonia", "lower", "consolidation"]
        );
        assert_eq!(
            names(&concepts.only_b),
            ["Normal", "upper", "clear", "lungs"]
        );
    }

    #[test]
    fn a_label_comes_before_words_and_stands_for_its_own() {
        let a = [
            placed(1, "Gray matter, bright cortex.", "MRI", &["gray matter"]),
            placed(2, "Bright cortex.", "MRI", &[]),
        ];
        let concepts = Concepts::of(&a, &[]);
        let told = names(&concepts.only_a);
        assert_eq!(told, ["MRI", "gray matter", "bright", "cortex"]);
    }

    #[test]
    fn the_lists_are_bounded_and_what_one_picture_says_comes_last() {
        let long = "alpha bravo charlie delta foxtrot hotel india juliet kilo quebec";
        let letters: String = long.to_owned() + " romeo sierra tango";
        let a = [
            placed(1, &letters, "MRI", &[]),
            placed(2, "Tango.", "MRI", &[]),
        ];
        let concepts = Concepts::of(&a, &[]);
        assert!(concepts.both.is_empty() && concepts.only_b.is_empty());
        assert_eq!(concepts.only_a.len(), MOST);
        assert_eq!(names(&concepts.only_a)[..2], ["MRI", "tango"]);
    }

    #[test]
    fn nothing_on_either_side_is_nothing() {
        assert_eq!(Concepts::of(&[], &[]), Concepts::default());
    }
}
