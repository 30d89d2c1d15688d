//! The sides of a comparison: what somebody means by each, and the entries that stand for it.

use std::fmt;

use mirage_models::image_encoder::Rgb;
use serde::{Deserialize, Serialize};

use super::Comparison;
use super::error::CompareError;
use super::mode::Mode;
use crate::atlas::{Atlas, EntryId, Filter, Query, Request};

/// Most entries that stand for a side: ten pages.
pub(super) const MOST: usize = 30;

/// One of the two sides, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Letter {
    /// The first, on the left.
    A,
    /// The second, on the right.
    B,
}

impl fmt::Display for Letter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// What somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idea {
    /// Words, in any language and form.
    Words(String),
    /// A picture.
    Picture(Rgb),
    /// An entry, and those like it.
    Entry(EntryId),
}

impl Idea {
    /// What is kept of it: of a picture nothing.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Words(words) => Subject::Words {
                words: words.trim().to_owned(),
            },
            Self::Picture(_) => Subject::Picture,
            Self::Entry(id) => Subject::Entry { id: id.clone() },
        }
    }

    /// Whether both are one thing. Words are, whatever their case and spaces.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Words(one), Self::Words(other)) => same_words(one, other),
            (one, other) => one == other,
        }
    }
}

/// Whether two texts are one but for case and spaces.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    };
    plain(one) == plain(other)
}

/// What a side shows, as it may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// Words.
    Words {
        /// As they were typed.
        words: String,
    },
    /// A picture that somebody brought. It is not kept.
    Picture,
    /// An entry.
    Entry {
        /// Its name.
        id: EntryId,
    },
    /// A query with something added or subtracted.
    Arithmetic {
        /// The query.
        query: Box<Subject>,
        /// What was added.
        add: Option<String>,
        /// What was subtracted.
        subtract: Option<String>,
    },
    /// What a mode chose for the other side.
    Mode {
        /// The mode.
        mode: Mode,
    },
}

impl Subject {
    /// A few words for a heading; `quote` fits what a person typed to where it is read.
    pub fn title(&self, quote: impl Fn(&str) -> String) -> String {
        self.title_by(&quote)
    }

    fn title_by(&self, quote: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Words { words } => quote(words),
            Self::Picture => "the picture given".to_owned(),
            Self::Entry { id } => quote(id.as_str()),
            Self::Arithmetic {
                query,
                add,
                subtract,
            } => {
                let mut title = query.title_by(quote);
                for (sign, words) in [("+", add), ("−", subtract)] {
                    if let Some(words) = words {
                        title.push_str(&format!(" {sign} {}", quote(words)));
                    }
                }
                title
            }
            Self::Mode { mode } => mode.title().to_owned(),
        }
    }
}

/// A side: what it shows, and the entries that stand for it, best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What it shows.
    pub subject: Subject,
    /// The entries.
    pub results: Vec<EntryId>,
}

/// A side with what is said of it once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) side: Side,
    /// Whether its picture is no nearer to the best match than by chance.
    pub(super) far: bool,
}

/// The best matches of an idea, as a search finds them. An entry is its own best match.
pub(super) async fn of_idea(atlas: &Atlas, idea: Idea) -> Result<Found, CompareError> {
    let subject = idea.subject();
    let (first, query) = match idea {
        Idea::Words(words) => (None, Query::Text(words)),
        Idea::Picture(picture) => (None, Query::Picture(picture)),
        Idea::Entry(id) => (Some(id.clone()), Query::Like(id)),
    };
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: MOST,
    };
    let outcome = atlas.search(&request).await?;
    let hits = outcome.hits.into_iter().map(|hit| hit.entry.id);
    let results = first.into_iter().chain(hits).take(MOST).collect();
    Ok(Found {
        side: Side { subject, results },
        far: outcome.nothing_close,
    })
}

/// Both sides, if at least one has an entry.
pub(super) fn joined(a: Found, b: Found) -> Result<Comparison, CompareError> {
    if a.side.results.is_empty() && b.side.results.is_empty() {
        return Err(CompareError::Nothing);
    }
    let far = [(Letter::A, a.far), (Letter::B, b.far)];
    let far = far.into_iter().filter(|(_, far)| *far);
    let far = far.map(|(letter, _)| letter).collect();
    Ok(Comparison {
        a: a.side,
        b: b.side,
        far,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_whatever_their_case_and_spaces() {
        let words = |text: &str| Idea::Words(text.to_owned());
        assert!(words(" Chest  X-Ray").says_the_same_as(&words("chest x-ray\n")));
        assert!(!words("chest").says_the_same_as(&words("chest CT")));
        let entry = Idea::Entry(EntryId::new("t", "a"));
        assert!(entry.says_the_same_as(&entry.clone()));
        assert!(!entry.says_the_same_as(&words("t/a")));
    }

    #[test]
    fn a_title_tells_the_sum() {
        let subject = Subject::Arithmetic {
            query: Box::new(Subject::Picture),
            add: Some("pacemaker".to_owned()),
            subtract: Some("no foreign bodies".to_owned()),
        };
        let title = subject.title(|text| format!("“{text}”"));
        assert_eq!(
            title,
            "the picture given + “pacemaker” − “no foreign bodies”"
        );
    }

    #[test]
    fn what_is_stored_reads_back() {
        for subject in [
            Subject::Words {
                words: "صورة \0".to_owned(),
            },
            Subject::Picture,
            Subject::Entry {
                id: EntryId::new("t", "a"),
            },
            Subject::Arithmetic {
                query: Box::new(Subject::Picture),
                add: None,
                subtract: Some("x".to_owned()),
            },
            Subject::Mode {
                mode: Mode::Different,
            },
        ] {
            let side = Side {
                subject,
                results: vec![EntryId::new("t", "b")],
            };
            let stored = serde_json::to_string(&side).expect("plain data");
            assert!(!stored.contains('\0'), "a database refuses it");
            let read: Side = serde_json::from_str(&stored).expect("as it was written");
            assert_eq!(read, side);
        }
    }
}
