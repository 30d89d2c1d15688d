//! What a student answers, whether it can be an answer to the question, and what it is worth. Pure
//! functions; who may answer and when is the store's.
//!
//! Rules: one answer of several, a picture, a cell and a statement are right or wrong, 1 or 0. Of
//! several right answers each one chosen adds and each wrong one chosen takes away 1 / (number of
//! right answers), and less than nothing is nothing, so that choosing everything earns nothing where
//! as many are wrong as are right. A pair counts 1 if both pictures are right and 0 else (scored as
//! MediConfusion scores its pairs, arXiv:2409.15477: by chance one of four). An open answer has no
//! score until a tutor marks it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::item::{Task, letter};

/// Longest open answer, in characters.
pub const LONGEST_ANSWER: usize = 1_000;

/// An answer. Places count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// One answer, or one picture.
    One {
        /// Its place.
        option: usize,
    },
    /// Several answers.
    Several {
        /// Their places.
        options: BTreeSet<usize>,
    },
    /// Whether the statement is true.
    Truth {
        /// Whether it is.
        value: bool,
    },
    /// The label of each picture of a pair.
    Pair {
        /// Their places among the two labels.
        labels: [usize; 2],
    },
    /// A cell of the grid.
    Cell {
        /// Its number.
        cell: usize,
    },
    /// Text.
    Text {
        /// As it was written.
        text: String,
    },
}

/// Why something can't be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// It answers another kind of question.
    #[error("That answers another kind of question.")]
    OtherKind,
    /// There is no such answer, picture or cell.
    #[error("The question has no such answer.")]
    OutOfRange,
    /// Nothing was chosen or written.
    #[error("Choose or write something first.")]
    Empty,
    /// The text is too long.
    #[error("The answer has {length} characters; at most {LONGEST_ANSWER} are taken.")]
    TooLong {
        /// Its characters.
        length: usize,
    },
}

impl Answer {
    /// Checks that it can be an answer to a task.
    ///
    /// # Errors
    /// [`AnswerFault`].
    pub fn check(&self, task: &Task) -> Result<(), AnswerFault> {
        let within = |place: usize, count: usize| {
            if place < count {
                Ok(())
            } else {
                Err(AnswerFault::OutOfRange)
            }
        };
        match (task, self) {
            (Task::SingleChoice { options, .. }, Self::One { option }) => {
                within(*option, options.len())
            }
            (Task::WhichPicture { .. }, Self::One { option }) => {
                within(*option, super::check::CHOICES)
            }
            (Task::MultipleChoice { options, .. }, Self::Several { options: chosen }) => {
                let last = chosen.last().ok_or(AnswerFault::Empty)?;
                within(*last, options.len())
            }
            (Task::TrueFalse { .. }, Self::Truth { .. }) => Ok(()),
            (Task::ConfusablePair { .. }, Self::Pair { labels }) => {
                labels.iter().try_for_each(|label| within(*label, 2))
            }
            (Task::Point { grid, .. }, Self::Cell { cell }) => within(*cell, grid.cells()),
            (Task::OpenAnswer { .. }, Self::Text { text }) => {
                let length = text.trim().chars().count();
                if length == 0 {
                    Err(AnswerFault::Empty)
                } else if length > LONGEST_ANSWER {
                    Err(AnswerFault::TooLong { length })
                } else {
                    Ok(())
                }
            }
            _ => Err(AnswerFault::OtherKind),
        }
    }

    /// The answer in words, as a person reads it.
    pub fn in_words(&self, task: &Task) -> String {
        let option = |place: &usize| {
            let text = task.options().get(*place).cloned();
            text.unwrap_or_else(|| format!("Picture {}", letter(*place)))
        };
        match self {
            Self::One { option: place } => option(place),
            Self::Several { options } => {
                let texts: Vec<String> = options.iter().map(option).collect();
                texts.join("; ")
            }
            Self::Truth { value } => if *value { "True" } else { "False" }.to_owned(),
            Self::Pair { labels } => format!(
                "Picture A: {}; picture B: {}",
                option(&labels[0]),
                option(&labels[1])
            ),
            Self::Cell { cell } => match task {
                Task::Point { grid, .. } => grid.name(*cell),
                _ => cell.to_string(),
            },
            Self::Text { text } => text.clone(),
        }
    }
}

/// What an answer is worth, from 0 to 1; `None` for an open answer, which a tutor marks, and for
/// what can't be an answer to the task.
pub fn score(task: &Task, answer: &Answer) -> Option<f64> {
    answer.check(task).ok()?;
    let all_or_nothing = |right: bool| Some(if right { 1.0 } else { 0.0 });
    match (task, answer) {
        (Task::SingleChoice { key, .. } | Task::WhichPicture { key }, Answer::One { option }) => {
            all_or_nothing(key == option)
        }
        (Task::MultipleChoice { keys, .. }, Answer::Several { options }) => {
            Some(partial(keys, options))
        }
        (Task::TrueFalse { key }, Answer::Truth { value }) => all_or_nothing(key == value),
        (Task::ConfusablePair { keys, .. }, Answer::Pair { labels }) => {
            all_or_nothing(keys == labels)
        }
        (Task::Point { boxes, grid, .. }, Answer::Cell { cell }) => {
            all_or_nothing(grid.right(boxes).contains(cell))
        }
        _ => None,
    }
}

/// (right ones chosen − wrong ones chosen) / right ones, not below 0.
fn partial(keys: &[usize], chosen: &BTreeSet<usize>) -> f64 {
    let right = chosen.iter().filter(|place| keys.contains(place)).count();
    let wrong = chosen.len() - right;
    right.saturating_sub(wrong) as f64 / keys.len().max(1) as f64
}

/// An accepted answer that is near to what a student wrote, for the tutor who marks it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// The accepted answer.
    pub accepted: String,
    /// How much of their letters they share, 0 to 1: 1 is the same but for case, accents, signs and
    /// the order of words.
    pub likeness: f64,
}

/// The accepted answers that are nearest to a text in spelling, the nearest first. They are
/// suggestions: a tutor decides.
pub fn suggestions(accepted: &[String], text: &str, most: usize) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = accepted
        .iter()
        .map(|accepted| Suggestion {
            accepted: accepted.clone(),
            likeness: likeness(accepted, text),
        })
        .collect();
    found.sort_by(|one, other| other.likeness.total_cmp(&one.likeness));
    found.truncate(most);
    found
}

/// Share of letter pairs that the sorted words of two texts have in common (Dice's coefficient),
/// 0 to 1.
fn likeness(one: &str, other: &str) -> f64 {
    let (one, mut other) = (letter_pairs(one), letter_pairs(other));
    let all = one.len() + other.len();
    if all == 0 {
        return 0.0;
    }
    let shared = one.iter().filter(|pair| {
        let place = other.iter().position(|of_other| of_other == *pair);
        place.map(|place| other.swap_remove(place)).is_some()
    });
    2.0 * shared.count() as f64 / all as f64
}

fn letter_pairs(text: &str) -> Vec<(char, char)> {
    let mut words = crate::evaluation::stem::stems(text);
    words.sort_unstable();
    // A blank at both ends, so that a word of one letter counts too.
    let letters: Vec<char> = format!(" {} ", words.join(" ")).chars().collect();
    letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn several(places: &[usize]) -> Answer {
        Answer::Several {
            options: places.iter().copied().collect(),
        }
    }

    #[test]
    fn a_single_choice_is_right_or_wrong() {
        let task = Task::SingleChoice {
            options: texts(&["a", "b", "c"]),
            key: 1,
        };
        let score_of = |option| score(&task, &Answer::One { option });
        assert_eq!(score_of(1), Some(1.0));
        assert_eq!(score_of(0), Some(0.0));
        assert_eq!(score_of(3), None);
        assert_eq!(score(&task, &Answer::Truth { value: true }), None);
    }

    #[test]
    fn of_several_answers_wrong_ones_take_away_what_right_ones_add() {
        // Three of five are right: each counts a third.
        let task = Task::MultipleChoice {
            options: texts(&["a", "b", "c", "d", "e"]),
            keys: vec![0, 2, 4],
        };
        for (chosen, expected) in [
            (&[0, 2, 4][..], 1.0),
            // 2 / 3.
            (&[0, 2], 2.0 / 3.0),
            // (2 - 1) / 3.
            (&[0, 1, 2], 1.0 / 3.0),
            // (3 - 2) / 3.
            (&[0, 1, 2, 3, 4], 1.0 / 3.0),
            // (1 - 2) / 3 is less than nothing.
            (&[1, 2, 3], 0.0),
            (&[1], 0.0),
        ] {
            let found = score(&task, &several(chosen));
            assert_eq!(found, Some(expected), "{chosen:?}");
        }
        let none = several(&[]).check(&task);
        assert_eq!(none, Err(AnswerFault::Empty));
        assert_eq!(several(&[5]).check(&task), Err(AnswerFault::OutOfRange));
    }

    #[test]
    fn a_pair_counts_if_both_pictures_are_right() {
        let task = Task::ConfusablePair {
            options: ["axial".to_owned(), "coronal".to_owned()],
            keys: [1, 0],
        };
        let all = [[0, 0], [0, 1], [1, 0], [1, 1]];
        let right =
            |labels: &[usize; 2]| score(&task, &Answer::Pair { labels: *labels }) == Some(1.0);
        let count = all.iter().filter(|labels| right(labels)).count();
        assert_eq!(count, 1, "one of four by chance");
        let labels = [1, 0];
        assert_eq!(score(&task, &Answer::Pair { labels }), Some(1.0));
        let pair = Answer::Pair { labels };
        assert_eq!(pair.in_words(&task), "Picture A: coronal; picture B: axial");
    }

    #[test]
    fn a_point_is_right_in_the_cells_of_the_structure() {
        let task = Task::Point {
            target: "thalamus".to_owned(),
            boxes: vec![[42.0, 42.0, 58.0, 58.0]],
            grid: Grid::default(),
        };
        let score_of = |cell| score(&task, &Answer::Cell { cell });
        assert_eq!(score_of(12), Some(1.0));
        assert_eq!(score_of(11), Some(0.0));
        assert_eq!(score_of(25), None);
    }

    #[test]
    fn an_open_answer_waits_for_its_mark() {
        let task = Task::OpenAnswer {
            accepted: texts(&["axial MRI of the brain"]),
        };
        let text = |text: &str| Answer::Text {
            text: text.to_owned(),
        };
        assert_eq!(score(&task, &text("axial MRI of the brain")), None);
        assert_eq!(text(" \n").check(&task), Err(AnswerFault::Empty));
        let long = text(&"x".repeat(LONGEST_ANSWER + 1)).check(&task);
        assert_eq!(long, Err(AnswerFault::TooLong { length: 1_001 }));
    }

    #[test]
    fn the_accepted_answer_that_is_nearest_in_spelling_is_suggested_first() {
        let accepted = texts(&["chest X-ray", "axial MRI of the brain", "brain"]);
        let found = suggestions(&accepted, "Brain, MRI (axial)", 2);
        assert_eq!(found[0].accepted, "axial MRI of the brain");
        assert!((found[0].likeness - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.len(), 2);
        assert!(found[1].likeness < 0.7, "{found:?}");
        assert!(suggestions(&[], "x", 3).is_empty());
        let nothing = suggestions(&accepted, "🩻", 1);
        assert!(nothing[0].likeness < 0.3, "{nothing:?}");
    }
}
