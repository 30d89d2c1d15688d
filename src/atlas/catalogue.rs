//! What an atlas holds, in counts: the values that can be filtered by, the terms that autocomplete
//! suggests, and the words that pictures are told by. It is derived from the entries and stored
//! nowhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::entry::Entry;
use super::filter::Field;
use super::vocabulary::Vocabulary;

/// Longest suggestion, in characters: Discord's longest choice.
const MAXIMUM_SUGGESTION: usize = 100;
/// Most suggestions that are kept; the rarest go first.
const MAXIMUM_SUGGESTIONS: usize = 20_000;

/// A value that entries have, with how many have it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// Number of entries.
    pub count: usize,
}

/// The values and terms of an atlas.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    entries: usize,
    facets: HashMap<Field, Vec<Facet>>,
    /// Suggestion and how many entries it leads to, most first.
    suggestions: Vec<(String, usize)>,
    vocabulary: Vocabulary,
}

impl Catalogue {
    /// Counts the entries' values and terms.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let facets = Field::ALL
            .into_iter()
            .map(|field| (field, facet(entries, field)))
            .collect();
        Self {
            entries: entries.len(),
            facets,
            suggestions: suggestions(entries),
            vocabulary: Vocabulary::of(entries),
        }
    }

    /// The words that a picture can be told by.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether the atlas holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The values of a field, the most frequent first.
    pub fn facet(&self, field: Field) -> &[Facet] {
        self.facets.get(&field).map_or(&[], Vec::as_slice)
    }

    /// Whether some entry has this value; for the source, part of it. Case is ignored.
    pub fn has(&self, field: Field, value: &str) -> bool {
        let value = value.to_lowercase();
        self.facet(field).iter().any(|facet| match field {
            Field::Source => facet.value.to_lowercase().contains(&value),
            Field::Modality | Field::BodyPart | Field::Licence => {
                facet.value.to_lowercase() == value
            }
        })
    }

    /// The values of a field nearest in spelling to `value`; with none near, the most frequent.
    pub fn nearest_values(&self, field: Field, value: &str, limit: usize) -> Vec<String> {
        let mut values: Vec<(f64, &Facet)> = self
            .facet(field)
            .iter()
            .map(|facet| {
                (
                    likeness(&facet.value.to_lowercase(), &value.to_lowercase()),
                    facet,
                )
            })
            .collect();
        if values.iter().any(|(likeness, _)| *likeness >= 0.3) {
            values.retain(|(likeness, _)| *likeness >= 0.3);
            values.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        }
        values
            .into_iter()
            .take(limit)
            .map(|(_, facet)| facet.value.clone())
            .collect()
    }

    /// Values of a field that hold what was typed, the most frequent first.
    pub fn complete(&self, field: Field, typed: &str, limit: usize) -> Vec<Facet> {
        let typed = typed.trim().to_lowercase();
        let mut found: Vec<&Facet> = self
            .facet(field)
            .iter()
            .filter(|facet| facet.value.to_lowercase().contains(&typed))
            .collect();
        found.sort_by_key(|facet| !facet.value.to_lowercase().starts_with(&typed));
        found.into_iter().take(limit).cloned().collect()
    }

    /// Queries to suggest for what was typed: those that start with it, then those with a word
    /// that does, the most frequent first.
    pub fn suggest(&self, typed: &str, limit: usize) -> Vec<String> {
        let typed = typed.trim().to_lowercase();
        let starts = |text: &str| text.to_lowercase().starts_with(&typed);
        let word_starts = |text: &str| {
            text.to_lowercase()
                .split(' ')
                .any(|word| word.starts_with(&typed))
        };
        let inside = |text: &str| {
            !starts(text) && (word_starts(text) || text.to_lowercase().contains(&typed))
        };
        let first = self.suggestions.iter().filter(|(text, _)| starts(text));
        let second = self.suggestions.iter().filter(|(text, _)| inside(text));
        first
            .chain(second)
            .take(limit)
            .map(|(text, _)| text.clone())
            .collect()
    }
}

fn facet(entries: &[Entry], field: Field) -> Vec<Facet> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        let values: &[Option<&str>] = &match field {
            Field::Modality => [Some(entry.description.modality.as_str()), None],
            Field::BodyPart => [entry.description.body_part.as_deref(), None],
            Field::Licence => [Some(entry.provenance.licence.as_str()), None],
            Field::Source => [
                Some(entry.collection.as_str()),
                Some(entry.provenance.source.as_str()),
            ],
        };
        for value in values.iter().flatten().filter(|value| !value.is_empty()) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut facets: Vec<Facet> = counts
        .into_iter()
        .map(|(value, count)| Facet {
            value: value.to_owned(),
            count,
        })
        .collect();
    facets.sort_by_key(|facet| Reverse(facet.count));
    facets
}

/// Labels, structures, and modality with body part: what people would ask for.
fn suggestions(entries: &[Entry]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        let description = &entry.description;
        let mut add = |term: String| {
            let term = term.trim().to_owned();
            if !term.is_empty() && term.chars().count() <= MAXIMUM_SUGGESTION {
                *counts.entry(term).or_default() += 1;
            }
        };
        let plane = description.plane.as_deref().unwrap_or_default();
        if let Some(part) = &description.body_part {
            add(format!("{part} {}", description.modality));
            if !plane.is_empty() {
                add(format!("{plane} {part} {}", description.modality));
            }
        } else {
            add(description.modality.clone());
        }
        description
            .labels
            .iter()
            .for_each(|label| add(label.clone()));
        for located in &description.boxes {
            // "left thalamus" and "right thalamus" are one thing to ask for.
            let label = located
                .label
                .trim_start_matches("left ")
                .trim_start_matches("right ");
            add(format!("{label} {plane}"));
        }
    }
    let mut suggestions: Vec<(String, usize)> = counts.into_iter().collect();
    suggestions.sort_by_key(|(_, count)| Reverse(*count));
    suggestions.truncate(MAXIMUM_SUGGESTIONS);
    suggestions
}

/// Share of letter pairs that two words have in common (Dice), 0 to 1.
fn likeness(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters
            .windows(2)
            .map(|pair| (pair[0], pair[1]))
            .collect::<Vec<_>>()
    };
    let (a, mut b) = (pairs(a), pairs(b));
    let total = a.len() + b.len();
    if total == 0 {
        return 0.0;
    }
    let shared = a
        .iter()
        .filter(|pair| {
            b.iter()
                .position(|other| other == *pair)
                .map(|at| b.swap_remove(at))
                .is_some()
        })
        .count();
    2.0 * shared as f64 / total as f64
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Description, EntryId, Provenance};
    use super::*;

    fn entry(modality: &str, part: &str, labels: &[&str]) -> Entry {
        Entry {
            id: EntryId::new("t", &format!("{modality}-{part}")),
            collection: "t".to_owned(),
            description: Description {
                modality: modality.to_owned(),
                body_part: Some(part.to_owned()),
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 1,
            height: 1,
        }
    }

    fn catalogue() -> Catalogue {
        Catalogue::of(&[
            entry("MRI", "brain", &["thalamus"]),
            entry("MRI", "shoulder", &["rotator cuff"]),
            entry("X-ray", "chest", &["lungs"]),
        ])
    }

    #[test]
    fn a_misspelt_value_finds_its_nearest() {
        let catalogue = catalogue();
        assert!(!catalogue.has(Field::BodyPart, "sholder"));
        assert!(catalogue.has(Field::BodyPart, "Shoulder"));
        assert_eq!(
            catalogue.nearest_values(Field::BodyPart, "sholder", 3),
            ["shoulder"]
        );
        assert_eq!(catalogue.nearest_values(Field::Modality, "zzz", 1), ["MRI"]);
    }

    #[test]
    fn suggestions_start_with_what_was_typed() {
        let catalogue = catalogue();
        assert_eq!(catalogue.suggest("thal", 5), ["thalamus"]);
        assert_eq!(catalogue.suggest("cuff", 5), ["rotator cuff"]);
        assert_eq!(catalogue.suggest("MRI", 5), ["brain MRI", "shoulder MRI"]);
        assert_eq!(catalogue.suggest("", 2).len(), 2);
        assert!(catalogue.suggest("🩻", 5).is_empty());
    }
}
