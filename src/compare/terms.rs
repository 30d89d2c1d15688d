//! Which words of an entry are terms: without what every caption says, without what is denied. It
//! reads words, and no meaning.

use std::collections::BTreeSet;

use crate::atlas::Entry;
use crate::evaluation::stem::stems;

/// Words of captions that name neither a finding nor a structure.
const GENERAL: &[&str] = &[
    "about",
    "above",
    "adult",
    "after",
    "along",
    "also",
    "appear",
    "appears",
    "arrow",
    "arrowhead",
    "arrowheads",
    "arrows",
    "before",
    "below",
    "between",
    "both",
    "case",
    "cases",
    "demonstrate",
    "demonstrates",
    "demonstrating",
    "detail",
    "documented",
    "each",
    "female",
    "figure",
    "finding",
    "findings",
    "from",
    "have",
    "image",
    "images",
    "indicate",
    "indicated",
    "indicates",
    "large",
    "left",
    "level",
    "levels",
    "lies",
    "male",
    "marked",
    "more",
    "most",
    "note",
    "obtained",
    "often",
    "other",
    "over",
    "part",
    "parts",
    "patient",
    "patients",
    "picture",
    "pictures",
    "reveal",
    "revealed",
    "reveals",
    "right",
    "same",
    "scan",
    "scans",
    "seen",
    "several",
    "show",
    "showing",
    "shown",
    "shows",
    "side",
    "sides",
    "slice",
    "slices",
    "small",
    "than",
    "through",
    "under",
    "very",
    "view",
    "views",
    "visible",
    "well",
    "were",
    "when",
    "where",
    "which",
    "while",
    "within",
    "year",
    "years",
];
/// Words after which something is said not to be there.
const DENIALS: &[&str] = &[
    "no", "not", "without", "absent", "absence", "negative", "denies",
];
/// How many words a denial reaches.
const REACH: usize = 3;
/// Letters that a word of a caption needs to be a term.
const LEAST_LETTERS: usize = 4;
/// Words that say that nothing is found.
const NORMAL: &[&str] = &["normal", "healthy", "unremarkable"];
/// Labels that say the same.
const NOTHING_FOUND: &[&str] = &["no finding", "no findings"];

/// A word with the stem that it is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Its stem.
    pub(super) stem: String,
    /// In lower case, as it was written.
    pub(super) word: String,
}

/// The terms of a caption in order, those that are denied left out.
pub(super) fn terms(caption: &str) -> Vec<Term> {
    affirmed(caption)
        .filter(|word| {
            word.chars().count() >= LEAST_LETTERS && word.chars().all(char::is_alphabetic)
        })
        .filter(|word| !GENERAL.contains(&word.as_str()))
        .filter_map(|word| {
            let stem = stems(&word).pop()?;
            Some(Term { stem, word })
        })
        .collect()
}

/// The words of a text in lower case, without those that a denial reaches. A sentence ends it.
fn affirmed(text: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    for sentence in text.to_lowercase().split(['.', ';', '!', '?']) {
        let mut denied = 0;
        for word in sentence.split(|letter: char| !letter.is_alphanumeric()) {
            if word.is_empty() {
                continue;
            }
            if DENIALS.contains(&word) {
                denied = REACH;
            } else if denied > 0 {
                denied -= 1;
            } else {
                words.push(word.to_owned());
            }
        }
    }
    words.into_iter()
}

/// The stems of a label: two labels of equal stems are one.
pub(super) fn key(label: &str) -> String {
    stems(label).join(" ")
}

/// What is found on an entry's picture: its labels, and the words of its caption.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Stems of each label that says more than how and of what the picture was taken.
    labels: Vec<Vec<String>>,
    /// Stems of labels and caption together.
    words: BTreeSet<String>,
}

/// Words of captions that two entries without labels must share to show the same.
const SHARED_WORDS: usize = 2;

impl Findings {
    pub(super) fn of(entry: &Entry) -> Self {
        let description = &entry.description;
        let technique: BTreeSet<String> = [
            Some(description.modality.as_str()),
            description.plane.as_deref(),
            description.body_part.as_deref(),
        ]
        .into_iter()
        .flatten()
        .flat_map(stems)
        .collect();
        let labels = description.labels.iter().map(|label| stems(label));
        let says_more = |stems: &Vec<String>| stems.iter().any(|stem| !technique.contains(stem));
        let labels: Vec<Vec<String>> = labels.filter(says_more).collect();
        let caption = terms(&description.caption)
            .into_iter()
            .map(|term| term.stem);
        let words = caption.filter(|stem| !technique.contains(stem));
        let words = words.chain(labels.iter().flatten().cloned()).collect();
        Self { labels, words }
    }

    /// Whether both show something in common.
    pub(super) fn share(&self, other: &Self) -> bool {
        if self.labels.is_empty() && other.labels.is_empty() {
            return self.words.intersection(&other.words).count() >= SHARED_WORDS;
        }
        self.has_label_of(other) || other.has_label_of(self)
    }

    /// Whether a label of this one is said of the other.
    fn has_label_of(&self, other: &Self) -> bool {
        let said = |label: &Vec<String>| label.iter().all(|stem| other.words.contains(stem));
        self.labels.iter().any(said)
    }

    /// Whether it is known what this shows.
    pub(super) fn are_known(&self) -> bool {
        !self.words.is_empty()
    }
}

/// Whether an entry is called normal: by a label, or by its caption where it has no label.
pub(super) fn is_normal(entry: &Entry) -> bool {
    let says = |text: &str| affirmed(text).any(|word| NORMAL.contains(&word.as_str()));
    let description = &entry.description;
    let denies = |label: &str| NOTHING_FOUND.contains(&label.trim().to_lowercase().as_str());
    if description.labels.is_empty() {
        return says(&description.caption);
    }
    let mut labels = description.labels.iter();
    labels.any(|label| says(label) || denies(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{Description, EntryId, Provenance};

    fn entry(caption: &str, labels: &[&str]) -> Entry {
        Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: Description {
                caption: caption.to_owned(),
                modality: "X-ray".to_owned(),
                body_part: Some("chest".to_owned()),
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 1,
            height: 1,
        }
    }

    fn words(caption: &str) -> Vec<String> {
        terms(caption).into_iter().map(|term| term.word).collect()
    }

    #[test]
    fn what_is_denied_and_what_every_caption_says_is_no_term() {
        assert_eq!(
            words("The image shows effusions, no large pneumothorax seen. Pneumonia (arrow)."),
            ["effusions", "pneumonia"]
        );
        assert_eq!(
            terms("Fractures 2024 of T12")[0].stem,
            terms("fracture")[0].stem
        );
    }

    #[test]
    fn labels_of_technique_are_no_findings() {
        let technique = Findings::of(&entry("", &["chest x-ray"]));
        assert!(!technique.are_known());
        let pneumonia = Findings::of(&entry("", &["chest x-ray", "pneumonia"]));
        let other = Findings::of(&entry("", &["chest x-ray", "pneumothorax"]));
        assert!(!pneumonia.share(&other), "technique is not shared");
    }

    #[test]
    fn a_label_is_shared_with_a_caption_that_says_it() {
        let labelled = Findings::of(&entry("", &["pleural effusion"]));
        let said = Findings::of(&entry("Pleural effusions on both sides.", &[]));
        let denied = Findings::of(&entry("Clear lungs, no pleural effusion.", &[]));
        assert!(labelled.share(&said) && said.share(&labelled));
        assert!(!labelled.share(&denied));
        let two = Findings::of(&entry("Effusion with pleural thickening, drained.", &[]));
        assert!(said.share(&two), "two words in common");
    }

    #[test]
    fn normal_is_what_is_called_so() {
        assert!(is_normal(&entry("", &["normal lung tissue"])));
        assert!(is_normal(&entry("", &["No Findings"])));
        assert!(is_normal(&entry("Normal chest radiograph.", &[])));
        assert!(!is_normal(&entry("Abnormal chest radiograph.", &[])));
        assert!(!is_normal(&entry("This is not a normal chest.", &[])));
        assert!(!is_normal(&entry("Beside normal lung a mass.", &["mass"])));
    }
}
