//! The words of an atlas that can be told of a picture: its modalities, parts of the body and
//! labels, and the short texts that each is compared with a picture by. Which of them fit is decided
//! elsewhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::entry::{Description, Entry};

/// Pairs of modality and part of the body that become prompts; the rarest go first.
const MOST_PAIRS: usize = 200;
/// Labels that become prompts; the rarest go first. Embedding them all takes two cores a second or
/// two, once.
const MOST_LABELS: usize = 400;
/// Longest label that counts as a word and not as a sentence, in characters.
const LONGEST_LABEL: usize = 60;

/// What a word says of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WordField {
    /// Imaging modality.
    Modality,
    /// Part of the body.
    BodyPart,
    /// Structure, finding or technique.
    Label,
}

impl WordField {
    /// Whether a picture has one of it at most, so that a second one contradicts the first.
    pub(super) fn is_exclusive(self) -> bool {
        match self {
            Self::Modality | Self::BodyPart => true,
            Self::Label => false,
        }
    }
}

/// A word with its prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) field: WordField,
    /// As the atlas spells it.
    pub(super) word: String,
    /// In lower case: what entries are compared by.
    key: String,
    /// Places in [`Vocabulary::prompts`]; the best of them tells how well the word fits.
    pub(super) prompts: Vec<usize>,
}

impl Term {
    /// Whether an entry says this of its picture.
    pub(super) fn is_said_of(&self, description: &Description) -> bool {
        let is_it = |text: &str| key(text) == self.key;
        match self.field {
            WordField::Modality => is_it(&description.modality),
            WordField::BodyPart => description.body_part.as_deref().is_some_and(is_it),
            WordField::Label => description.labels.iter().any(|label| is_it(label)),
        }
    }
}

/// The words of an atlas, and all their prompts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vocabulary {
    pub(super) terms: Vec<Term>,
    pub(super) prompts: Vec<String>,
}

impl Vocabulary {
    /// The words of the entries, the most frequent ones where there are many. Structures in boxes
    /// are left out: a picture as a whole is near to what all of it shows, not to a part.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut vocabulary = Self::default();
        for (modality, part) in pairs(entries) {
            // Together they are told apart better than each alone.
            let prompt = vocabulary.prompt(match (modality.as_str(), part.as_str()) {
                (modality, "") => modality.to_owned(),
                ("", part) => part.to_owned(),
                (modality, part) => format!("{modality} of the {part}"),
            });
            vocabulary.add(WordField::Modality, modality, prompt);
            vocabulary.add(WordField::BodyPart, part, prompt);
        }
        for label in labels(entries) {
            let is_known = |term: &Term| term.key == key(&label);
            if !vocabulary.terms.iter().any(is_known) {
                let prompt = vocabulary.prompt(label.clone());
                vocabulary.add(WordField::Label, label, prompt);
            }
        }
        vocabulary
    }

    /// The place of a new prompt.
    fn prompt(&mut self, prompt: String) -> usize {
        self.prompts.push(prompt);
        self.prompts.len() - 1
    }

    /// Adds a prompt to a word, known or new. Nothing is no word.
    fn add(&mut self, field: WordField, word: String, prompt: usize) {
        let key = key(&word);
        let is_it = |term: &&mut Term| term.field == field && term.key == key;
        if let Some(term) = self.terms.iter_mut().find(is_it) {
            term.prompts.push(prompt);
        } else if !key.is_empty() {
            self.terms.push(Term {
                field,
                word,
                key,
                prompts: vec![prompt],
            });
        }
    }
}

/// What words are compared by.
fn key(word: &str) -> String {
    word.trim().to_lowercase()
}

/// Modalities with the part of the body they show, either of which may be empty.
fn pairs(entries: &[Entry]) -> Vec<(String, String)> {
    let mut counts: BTreeMap<(String, String), ((String, String), usize)> = BTreeMap::new();
    for entry in entries {
        let modality = entry.description.modality.trim();
        let part = entry.description.body_part.as_deref().unwrap_or_default();
        let part = part.trim();
        if !(modality.is_empty() && part.is_empty()) {
            let spelled = || (modality.to_owned(), part.to_owned());
            let counted = counts.entry((key(modality), key(part)));
            counted.or_insert_with(|| (spelled(), 0)).1 += 1;
        }
    }
    most_frequent(counts, MOST_PAIRS)
}

fn labels(entries: &[Entry]) -> Vec<String> {
    let mut counts: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let all = entries.iter().flat_map(|entry| &entry.description.labels);
    for label in all.map(|label| label.trim()) {
        if !label.is_empty() && label.chars().count() <= LONGEST_LABEL {
            let counted = counts.entry(key(label));
            counted.or_insert_with(|| (label.to_owned(), 0)).1 += 1;
        }
    }
    most_frequent(counts, MOST_LABELS)
}

/// The words as they are spelled first, by how often they come; equally frequent ones by their key,
/// so that the order is the same each time.
fn most_frequent<K, W>(counts: BTreeMap<K, (W, usize)>, most: usize) -> Vec<W> {
    let mut counted: Vec<(W, usize)> = counts.into_values().collect();
    counted.sort_by_key(|(_, count)| Reverse(*count));
    counted.truncate(most);
    counted.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::super::entry::{EntryId, Provenance};
    use super::*;

    fn entry(modality: &str, part: &str, labels: &[&str]) -> Entry {
        Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: Description {
                modality: modality.to_owned(),
                body_part: Some(part.to_owned()).filter(|part| !part.is_empty()),
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 1,
            height: 1,
        }
    }

    #[test]
    fn words_share_the_prompts_of_what_they_come_with() {
        let entries = [
            entry("MRI", "brain", &["T1-weighted", "brain"]),
            entry("CT", "brain", &["t1-weighted ", "bone window"]),
            entry("MRI", "", &[""]),
            entry("", "", &[]),
        ];
        let vocabulary = Vocabulary::of(&entries);
        let prompts = |word: &str| -> Vec<&str> {
            let term = vocabulary.terms.iter().find(|term| term.word == word);
            let prompts = term.expect("a word of the atlas").prompts.iter();
            prompts
                .map(|prompt| vocabulary.prompts[*prompt].as_str())
                .collect()
        };
        assert_eq!(prompts("MRI"), ["MRI", "MRI of the brain"]);
        assert_eq!(prompts("brain"), ["CT of the brain", "MRI of the brain"]);
        assert_eq!(prompts("T1-weighted"), ["T1-weighted"]);
        let words: Vec<&str> = vocabulary.terms.iter().map(|t| t.word.as_str()).collect();
        let expected = ["CT", "brain", "MRI", "T1-weighted", "bone window"];
        assert_eq!(words, expected, "each once, and the brain is no label");
    }

    #[test]
    fn a_word_is_said_of_an_entry_in_its_own_field_whatever_the_case() {
        let vocabulary = Vocabulary::of(&[entry("MRI", "brain", &["Thalamus"])]);
        let term = |word: &str| {
            let mut terms = vocabulary.terms.iter();
            terms.find(|term| term.word == word).expect("a word")
        };
        let other = entry("mri", "Thalamus", &["Brain"]).description;
        assert!(term("MRI").is_said_of(&other));
        assert!(!term("brain").is_said_of(&other), "there it is a label");
        assert!(!term("Thalamus").is_said_of(&other), "there it is a part");
    }

    #[test]
    fn of_many_words_the_most_frequent_are_kept() {
        let long = "a".repeat(LONGEST_LABEL + 1);
        let mut entries = vec![entry("", "", &["last", &long])];
        for number in 0..=MOST_LABELS {
            entries.push(entry("", "", &["zzz", &format!("label {number}")]));
        }
        let vocabulary = Vocabulary::of(&entries);
        assert_eq!(vocabulary.terms.len(), MOST_LABELS);
        assert_eq!(vocabulary.terms[0].word, "zzz");
        assert!(vocabulary.terms.iter().all(|term| term.word != long));
    }
}
