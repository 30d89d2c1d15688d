//! The queries of the concept evaluation: labels, or UMLS concepts where no row has a label, each
//! with a grade for every row.

use std::collections::{BTreeMap, BTreeSet};

use super::error::EvaluationError;
use super::names::{Captions, Names};
use super::pairs::{Pairs, Row};
use super::prompts::in_words;
use super::ranking::CARRIES;
use super::stem::stems;

/// Rows that must carry a concept for it to be asked for.
const LEAST_ROWS: usize = 3;
/// Share of the rows of two UMLS concepts that carry both (Jaccard), from which they are related.
const RELATED_SHARE: f64 = 0.5;
/// Grade of a row that carries a related concept, but not the one asked for.
const RELATED: u8 = 1;

/// A concept that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptQuery {
    /// The words to search with.
    pub text: String,
    /// Of each row: 2 if it carries the concept, 1 if it carries a related one, 0 otherwise.
    pub grades: Vec<u8>,
}

/// A concept with the rows that carry it, in order.
struct Concept {
    text: String,
    rows: Vec<usize>,
}

/// The queries that the rows make, in the order of their texts.
///
/// # Errors
/// [`EvaluationError::NoQuery`] if there is none.
pub fn concept_queries(pairs: &Pairs, names: &Names) -> Result<Vec<ConceptQuery>, EvaluationError> {
    let labelled = pairs.rows().iter().any(|row| !row.labels.is_empty());
    let mut queries = if labelled {
        of_labels(pairs)
    } else {
        of_cuis(pairs, names)
    };
    if queries.is_empty() {
        return Err(EvaluationError::NoQuery {
            path: pairs.path().to_owned(),
            least: LEAST_ROWS,
        });
    }
    queries.sort_by(|one, other| one.text.cmp(&other.text));
    Ok(queries)
}

/// Rows by what they carry, in the order of its names.
fn carriers<'a>(
    pairs: &'a Pairs,
    carried: impl Fn(&'a Row) -> &'a [String],
) -> BTreeMap<&'a str, Vec<usize>> {
    let mut carriers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, row) in pairs.rows().iter().enumerate() {
        for name in carried(row) {
            carriers.entry(name).or_default().push(number);
        }
    }
    carriers
}

/// Whether a concept is asked for: enough rows carry it, and it tells some rows from others.
fn is_asked_for(rows: &[usize], pool: usize) -> bool {
    rows.len() >= LEAST_ROWS && rows.len() < pool
}

/// Labels; two that share a word are related.
fn of_labels(pairs: &Pairs) -> Vec<ConceptQuery> {
    let labels = carriers(pairs, |row| &row.labels);
    let concepts: Vec<Concept> = labels
        .into_iter()
        .map(|(label, rows)| Concept {
            text: in_words(label).to_owned(),
            rows,
        })
        .collect();
    let stems: Vec<BTreeSet<String>> = concepts
        .iter()
        .map(|concept| stems(&concept.text).into_iter().collect())
        .collect();
    let pool = pairs.rows().len();
    let asked = concepts.iter().enumerate();
    asked
        .filter(|(_, concept)| is_asked_for(&concept.rows, pool))
        .map(|(number, concept)| {
            let related = concepts.iter().zip(&stems);
            let related = related.filter(|(_, other)| !other.is_disjoint(&stems[number]));
            let related = related.flat_map(|(other, _)| other.rows.iter().copied());
            graded(concept, related, pool)
        })
        .collect()
}

/// UMLS concepts that have a name: the given one or, where none has one, that of its captions. Two
/// that mostly come together are related. Of concepts of one name the one that the name fits best
/// is asked for.
fn of_cuis(pairs: &Pairs, names: &Names) -> Vec<ConceptQuery> {
    let pool = pairs.rows().len();
    let captions = Captions::new(pairs);
    let mut by_name: BTreeMap<String, (f64, Vec<usize>)> = BTreeMap::new();
    let cuis = carriers(pairs, |row| &row.cuis);
    let asked = || cuis.iter().filter(|(_, rows)| is_asked_for(rows, pool));
    // Names from the captions beside given ones would make queries of two kinds.
    let is_named = asked().any(|(cui, _)| names.of(cui).is_some());
    for (cui, rows) in asked() {
        let name = if is_named {
            names.of(cui).map(|name| (name.to_owned(), 1.0))
        } else {
            captions.name_of(rows)
        };
        let Some((name, fit)) = name else {
            continue;
        };
        let best = by_name.entry(name).or_default();
        if fit > best.0 {
            *best = (fit, rows.clone());
        }
    }
    let related = Together::new(cuis.into_values().collect(), pool);
    by_name
        .into_iter()
        .map(|(text, (_, rows))| {
            let related = related.rows_of(&rows);
            graded(&Concept { text, rows }, related.into_iter(), pool)
        })
        .collect()
}

fn graded(concept: &Concept, related: impl Iterator<Item = usize>, pool: usize) -> ConceptQuery {
    let mut grades = vec![0; pool];
    related.for_each(|row| grades[row] = RELATED);
    concept.rows.iter().for_each(|&row| grades[row] = CARRIES);
    ConceptQuery {
        text: concept.text.clone(),
        grades,
    }
}

/// Which concepts come together.
struct Together {
    /// The rows of each concept.
    rows: Vec<Vec<usize>>,
    /// The concepts of each row.
    carried: Vec<Vec<usize>>,
}

impl Together {
    fn new(rows: Vec<Vec<usize>>, pool: usize) -> Self {
        let mut carried = vec![Vec::new(); pool];
        for (concept, rows) in rows.iter().enumerate() {
            rows.iter().for_each(|&row| carried[row].push(concept));
        }
        Self { rows, carried }
    }

    /// The rows of the concepts that are related to the one of these rows.
    fn rows_of(&self, rows: &[usize]) -> Vec<usize> {
        let mut both: BTreeMap<usize, usize> = BTreeMap::new();
        for concept in rows.iter().flat_map(|&row| &self.carried[row]) {
            *both.entry(*concept).or_default() += 1;
        }
        let related = both.into_iter().filter(|(concept, both)| {
            let either = rows.len() + self.rows[*concept].len() - both;
            *both as f64 >= RELATED_SHARE * either as f64
        });
        related
            .flat_map(|(concept, _)| self.rows[concept].iter().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn pairs(rows: &[&str]) -> Pairs {
        let lines: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(number, row)| format!("{{\"file\": \"{number}\", {row}}}"))
            .collect();
        let lines = lines.join("\n");
        Pairs::of_lines(Path::new("x.jsonl"), lines.as_bytes()).expect("rows")
    }

    #[test]
    fn labels_are_asked_for_in_words_and_graded() {
        let pairs = pairs(&[
            "\"labels\": [\"CXR\"]",
            "\"labels\": [\"CXR\"]",
            "\"labels\": [\"CXR\"]",
            "\"labels\": [\"ChestCT\"]",
            "\"labels\": [\"melanoma\"]",
        ]);
        let queries = concept_queries(&pairs, &Names::default()).expect("one query");
        // Two labels are carried by too few rows; "CT of the chest" shares a word.
        assert_eq!(
            queries,
            [ConceptQuery {
                text: "chest x-ray".to_owned(),
                grades: vec![2, 2, 2, 1, 0],
            }]
        );
    }

    #[test]
    fn concepts_are_asked_for_by_name_and_related_where_they_come_together() {
        let pairs = pairs(&[
            "\"caption\": \"pleural effusion\", \"cuis\": [\"C1\", \"C2\"]",
            "\"caption\": \"pleural effusion\", \"cuis\": [\"C1\", \"C2\"]",
            "\"caption\": \"pleural effusion\", \"cuis\": [\"C1\"]",
            "\"caption\": \"fracture\", \"cuis\": [\"C2\"]",
            "\"caption\": \"fracture\", \"cuis\": [\"C3\"]",
        ]);
        let queries = concept_queries(&pairs, &Names::default()).expect("queries");
        // C2 has "effusion" too, but the name fits C1 better. Both share 2 of 4 rows.
        assert_eq!(queries.len(), 1);
        assert_eq!(queries[0].text, "pleural effusion");
        assert_eq!(queries[0].grades, [2, 2, 2, 1, 0]);
    }

    #[test]
    fn what_all_rows_carry_is_no_query() {
        let row = "\"labels\": [\"Hand\"]";
        let error = concept_queries(&pairs(&[row, row, row]), &Names::default());
        let error = error.expect_err("one label").to_string();
        assert!(
            error.starts_with("x.jsonl holds no query: 3 rows"),
            "{error}"
        );
    }
}
