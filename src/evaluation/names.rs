//! What UMLS concepts are called: by a file of names, otherwise by the words of the captions that
//! carry them. The names of UMLS itself may not be passed on: those in `names/concepts.json` are
//! our own, as a student would ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::EvaluationError;
use super::pairs::{Pairs, of_system};
use super::stem::words;
use crate::atlas::readers::ReadError;

/// How well words must tell the captions of a concept from the others: Dice's coefficient, 1 where
/// both are in the same captions.
const LEAST_FIT: f64 = 0.5;
/// Letters that a word needs to be a name or a part of one.
const LEAST_LETTERS: usize = 2;

/// Names by concept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Plain names of the commonest concepts of radiology figures.
    ///
    /// # Errors
    /// [`EvaluationError::Read`], which a test rules out.
    pub fn shipped() -> Result<Self, EvaluationError> {
        Self::parse(
            Path::new("names/concepts.json"),
            include_str!("names/concepts.json"),
        )
    }

    /// Reads a JSON object whose keys are concepts, such as `{"C0040405": "computed tomography"}`.
    ///
    /// # Errors
    /// [`EvaluationError::Read`] if there is no such file or it holds anything else.
    pub fn read(path: &Path) -> Result<Self, EvaluationError> {
        let text = std::fs::read_to_string(path).map_err(|error| of_system(path, error))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, EvaluationError> {
        let names = serde_json::from_str(text).map_err(|error| ReadError::Unusable {
            path: path.to_owned(),
            reason: format!("it is no JSON object of names ({error})"),
        })?;
        Ok(Self(names))
    }

    /// The name of a concept, trimmed; `None` if the file has none.
    pub(super) fn of(&self, concept: &str) -> Option<&str> {
        let name = self.0.get(concept)?.trim();
        (!name.is_empty()).then_some(name)
    }
}

/// Which words, and pairs of words, the captions hold.
pub(super) struct Captions {
    /// In how many captions each is.
    rows: BTreeMap<String, usize>,
    /// What each caption holds.
    held: Vec<BTreeSet<String>>,
}

impl Captions {
    pub(super) fn new(pairs: &Pairs) -> Self {
        let held: Vec<BTreeSet<String>> = pairs.captions().into_iter().map(terms).collect();
        let mut rows: BTreeMap<String, usize> = BTreeMap::new();
        for term in held.iter().flatten() {
            *rows.entry(term.clone()).or_default() += 1;
        }
        Self { rows, held }
    }

    /// The words that tell these rows best from the others, and how well; `None` if no words do.
    /// Of equally good ones the longest is taken, since two words say more than one of them.
    pub(super) fn name_of(&self, rows: &[usize]) -> Option<(String, f64)> {
        let mut together: BTreeMap<&str, usize> = BTreeMap::new();
        for term in rows.iter().flat_map(|&row| &self.held[row]) {
            *together.entry(term).or_default() += 1;
        }
        let fits = together.into_iter().map(|(term, both)| {
            let all = self.rows.get(term).copied().unwrap_or_default() + rows.len();
            (term, 2.0 * both as f64 / all as f64)
        });
        let better = |one: &(&str, f64), other: &(&str, f64)| {
            let by_fit = one.1.total_cmp(&other.1);
            by_fit.then(one.0.len().cmp(&other.0.len()))
        };
        let (term, fit) = fits.max_by(better)?;
        (fit >= LEAST_FIT).then(|| (term.to_owned(), fit))
    }
}

/// The words of a caption, and the pairs of neighbours.
fn terms(caption: &str) -> BTreeSet<String> {
    let words = words(caption);
    let is_name = |word: &&String| {
        let letters = word.chars().filter(|letter| letter.is_alphabetic());
        letters.count() >= LEAST_LETTERS
    };
    let words: Vec<&String> = words.iter().filter(is_name).collect();
    let pairs = words
        .windows(2)
        .map(|pair| format!("{} {}", pair[0], pair[1]));
    let alone = words.iter().map(|word| (*word).clone());
    alone.chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concept_is_called_what_its_captions_alone_say() {
        let captions = [
            "Chest radiograph with pleural effusion.",
            "CT: pleural effusion on the left",
            "Pleural effusion, 3 cm",
            "Chest radiograph without any finding",
        ];
        let lines: Vec<String> = captions
            .iter()
            .enumerate()
            .map(|(row, caption)| format!("{{\"file\": \"{row}\", \"caption\": \"{caption}\"}}"))
            .collect();
        let lines = lines.join("\n");
        let pairs = Pairs::of_lines(Path::new("x.jsonl"), lines.as_bytes()).expect("rows");
        let captions = Captions::new(&pairs);
        let (name, fit) = captions.name_of(&[0, 1, 2]).expect("a name");
        assert_eq!(name, "pleural effusion");
        assert!((fit - 1.0).abs() < 1e-12);
        // "chest radiograph" is in rows 0 and 3: 2 * 1 / (2 + 1); "finding" is in row 3 alone.
        let (name, _) = captions.name_of(&[3]).expect("a name");
        assert!(
            name.contains("finding") || name.contains("without"),
            "{name}"
        );
        assert_eq!(captions.name_of(&[]), None);
    }

    #[test]
    fn names_are_read_from_an_object_alone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), r#"{"C1": " drainage ", "C2": ""}"#).expect("written");
        let names = Names::read(file.path()).expect("names");
        assert_eq!(names.of("C1"), Some("drainage"));
        assert_eq!((names.of("C2"), names.of("C3")), (None, None));
        std::fs::write(file.path(), "[1]").expect("written");
        let error = Names::read(file.path()).expect_err("a list").to_string();
        assert!(error.contains("no JSON object of names"), "{error}");
    }

    #[test]
    fn the_shipped_names_are_of_concepts_and_no_two_are_the_same() {
        let Names(names) = Names::shipped().expect("an object");
        assert!(names.len() > 100);
        for (concept, name) in &names {
            assert!(concept.len() == 8 && concept.starts_with('C'), "{concept}");
            assert_eq!(name.trim(), name, "{concept}");
        }
        let different: BTreeSet<&String> = names.values().collect();
        assert_eq!(different.len(), names.len());
    }
}
