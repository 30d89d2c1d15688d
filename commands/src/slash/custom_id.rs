//! What a button carries: all that is needed to answer it after a restart, in at most 100
//! characters. Who pressed is checked where it is answered, not here.

use std::fmt;

use mirage::store::jobs::JobId;
use mirage::store::{ComparisonId, SearchId};

/// A button's meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CustomId {
    /// Show the results of a search from this place on (0 is the first).
    Page {
        /// The search.
        search: SearchId,
        /// First result to show.
        offset: usize,
    },
    /// Find entries like a result of a search.
    Like {
        /// The search.
        search: SearchId,
        /// Place of the result, from 0.
        place: usize,
    },
    /// Tell the source of a result of a search.
    Source {
        /// The search.
        search: SearchId,
        /// Place of the result, from 0.
        place: usize,
    },
    /// Show a comparison from other places on.
    Compare {
        /// Which button it is: two may lead to the same view, and Discord wants each to differ.
        turn: Turn,
        /// The comparison.
        comparison: ComparisonId,
        /// What to show of it.
        view: View,
    },
    /// Tell what differs between the sides of a comparison.
    Differs {
        /// The comparison.
        comparison: ComparisonId,
        /// Whether the second side stands on the left, as A.
        is_swapped: bool,
    },
    /// Cancel the job whose message this is.
    CancelJob(JobId),
    /// Cancel a job of a list.
    CancelListedJob(JobId),
    /// Delete everything that is stored of the person who presses.
    DeleteMyData,
    /// Leave everything as it is.
    KeepMyData,
}

/// The buttons under a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    PreviousA,
    NextA,
    Swap,
    PreviousB,
    NextB,
}

impl Turn {
    const ALL: [Self; 5] = [
        Self::PreviousA,
        Self::NextA,
        Self::Swap,
        Self::PreviousB,
        Self::NextB,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::PreviousA => "previous-a",
            Self::NextA => "next-a",
            Self::Swap => "swap",
            Self::PreviousB => "previous-b",
            Self::NextB => "next-b",
        }
    }
}

/// Which part of a comparison is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Place of the first entry that is shown of the stored first side, from 0.
    pub(crate) first: usize,
    /// The same of the stored second side.
    pub(crate) second: usize,
    /// Whether the second side stands on the left, as A.
    pub(crate) is_swapped: bool,
}

impl CustomId {
    /// Reads what a button carries. `None` for anything that Mirage never wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let parsed = match (parts.next()?, parts.next()?) {
            ("find", kind) => {
                let search = SearchId::parse(parts.next()?)?;
                let number = parts.next()?.parse().ok()?;
                match kind {
                    "page" => Self::Page {
                        search,
                        offset: number,
                    },
                    "like" => Self::Like {
                        search,
                        place: number,
                    },
                    "source" => Self::Source {
                        search,
                        place: number,
                    },
                    _ => return None,
                }
            }
            ("compare", "differs") => Self::Differs {
                comparison: ComparisonId::parse(parts.next()?)?,
                is_swapped: is_swapped(parts.next()?)?,
            },
            ("compare", turn) => Self::Compare {
                turn: Turn::ALL.into_iter().find(|known| known.name() == turn)?,
                comparison: ComparisonId::parse(parts.next()?)?,
                view: View {
                    first: parts.next()?.parse().ok()?,
                    second: parts.next()?.parse().ok()?,
                    is_swapped: is_swapped(parts.next()?)?,
                },
            },
            ("job", "cancel") => Self::CancelJob(JobId::parse(parts.next()?)?),
            ("queue", "cancel") => Self::CancelListedJob(JobId::parse(parts.next()?)?),
            ("my-data", "delete") => Self::DeleteMyData,
            ("my-data", "keep") => Self::KeepMyData,
            _ => return None,
        };
        parts.next().is_none().then_some(parsed)
    }
}

/// Which side stands on the left, as A.
fn order(is_swapped: bool) -> &'static str {
    if is_swapped { "ba" } else { "ab" }
}

fn is_swapped(order: &str) -> Option<bool> {
    match order {
        "ab" => Some(false),
        "ba" => Some(true),
        _ => None,
    }
}

impl fmt::Display for CustomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page { search, offset } => write!(formatter, "find:page:{search}:{offset}"),
            Self::Like { search, place } => write!(formatter, "find:like:{search}:{place}"),
            Self::Source { search, place } => write!(formatter, "find:source:{search}:{place}"),
            Self::Compare {
                turn,
                comparison,
                view,
            } => {
                let View { first, second, .. } = view;
                let (turn, order) = (turn.name(), order(view.is_swapped));
                write!(
                    formatter,
                    "compare:{turn}:{comparison}:{first}:{second}:{order}"
                )
            }
            Self::Differs {
                comparison,
                is_swapped,
            } => {
                let order = order(*is_swapped);
                write!(formatter, "compare:differs:{comparison}:{order}")
            }
            Self::CancelJob(job) => write!(formatter, "job:cancel:{job}"),
            Self::CancelListedJob(job) => write!(formatter, "queue:cancel:{job}"),
            Self::DeleteMyData => formatter.write_str("my-data:delete"),
            Self::KeepMyData => formatter.write_str("my-data:keep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(turn: Turn, view: View) -> CustomId {
        CustomId::Compare {
            turn,
            comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
            view,
        }
    }

    #[test]
    fn every_button_reads_back_and_fits() {
        let search = SearchId::parse("0123456789abcdef").expect("16 characters");
        for id in [
            CustomId::Page {
                search: search.clone(),
                offset: usize::MAX,
            },
            CustomId::Like {
                search: search.clone(),
                place: 99,
            },
            CustomId::Source { search, place: 0 },
            compare(Turn::PreviousA, View::default()),
            compare(
                Turn::NextB,
                View {
                    first: usize::MAX,
                    second: usize::MAX,
                    is_swapped: true,
                },
            ),
            CustomId::Differs {
                comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
                is_swapped: true,
            },
            CustomId::CancelJob(JobId::parse("7").expect("a number")),
            CustomId::CancelListedJob(JobId::parse("9223372036854775807").expect("a number")),
            CustomId::DeleteMyData,
            CustomId::KeepMyData,
        ] {
            let text = id.to_string();
            assert!(text.len() <= 100, "{text}");
            assert_eq!(CustomId::parse(&text), Some(id));
        }
    }

    #[test]
    fn foreign_text_is_no_button() {
        for text in [
            "",
            "find",
            "find:page",
            "find:page:0123456789abcdef",
            "find:page:'; DROP:0",
            "find:page:0123456789abcdef:-1",
            "find:page:0123456789abcdef:1:2",
            "compare:swap:0123456789abcdef:0:0",
            "compare:swap:0123456789abcdef:0:0:abc",
            "compare:turn:0123456789abcdef:0:0:ab",
            "compare:differs:0123456789abcdef",
            "compare:differs:0123456789abcdef:b",
            "compare:differs:0123456789abcdef:ab:0",
            "compare:swap:0123456789abcdef:0:-3:ab",
            "my-data:delete:1",
            "job:cancel:0",
            "job:cancel:-1",
            "queue:cancel:99999999999999999999",
        ] {
            assert_eq!(CustomId::parse(text), None, "{text}");
        }
    }
}
