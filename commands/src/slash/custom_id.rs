//! What a button carries: all that is needed to answer it after a restart, in at most 100
//! characters. Who pressed is checked where it is answered, not here.

use std::fmt;

use mirage::store::jobs::JobId;
use mirage::store::{ComparisonId, ExplanationId, PictureId, SearchId};

use super::generate::Act;
use super::quiz::QuizId;

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
    /// Explain a result of a search.
    Explain {
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
    /// Draft a quiz question from the pictures that a comparison shows from these places on.
    AddToQuiz {
        /// The comparison.
        comparison: ComparisonId,
        /// What is shown of it.
        view: View,
    },
    /// Do something with an explanation.
    Explained {
        /// What.
        deed: Deed,
        /// The explanation.
        explanation: ExplanationId,
    },
    /// Show a source of an explanation with its structures outlined.
    Outline {
        /// The explanation.
        explanation: ExplanationId,
        /// The source's number, from 1.
        number: usize,
    },
    /// Look at a part of the picture that is explained.
    Part {
        /// The explanation.
        explanation: ExplanationId,
        /// The part, from 1, row by row.
        part: usize,
    },
    /// Draw a synthetic picture of each side of a comparison.
    Draw {
        /// The comparison.
        comparison: ComparisonId,
        /// Whether the second side stands on the left, as A.
        is_swapped: bool,
    },
    /// Do something with a synthetic picture.
    Picture {
        /// What to do.
        act: Act,
        /// The picture.
        picture: PictureId,
    },
    /// Cancel the job whose message this is.
    CancelJob(JobId),
    /// Cancel a job of a list.
    CancelListedJob(JobId),
    /// Delete everything that is stored of the person who presses.
    DeleteMyData,
    /// Leave everything as it is.
    KeepMyData,
    /// Something of a quiz.
    Quiz(QuizId),
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

/// What the buttons and the menu under an explanation do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Explain it one level simpler.
    Simpler,
    /// Explain it one level deeper.
    Deeper,
    /// Explain it once more.
    Again,
    /// Search for pictures of it.
    Show,
    /// Ask for a further question; also what is sent with the question.
    Ask,
    /// Tell the concepts that the picture scores on.
    Why,
    /// Offer the parts of the picture.
    Zoom,
    /// Ask an approved quiz question about it.
    Quiz,
    /// Note that it helped.
    Helpful,
    /// Note that it didn't.
    Unhelpful,
    /// Open the source that was chosen.
    Open,
}

impl Deed {
    const ALL: [Self; 11] = [
        Self::Simpler,
        Self::Deeper,
        Self::Again,
        Self::Show,
        Self::Ask,
        Self::Why,
        Self::Zoom,
        Self::Quiz,
        Self::Helpful,
        Self::Unhelpful,
        Self::Open,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Simpler => "simpler",
            Self::Deeper => "deeper",
            Self::Again => "again",
            Self::Show => "show",
            Self::Ask => "ask",
            Self::Why => "why",
            Self::Zoom => "zoom",
            Self::Quiz => "quiz",
            Self::Helpful => "helpful",
            Self::Unhelpful => "unhelpful",
            Self::Open => "open",
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

impl View {
    fn read<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            first: parts.next()?.parse().ok()?,
            second: parts.next()?.parse().ok()?,
            is_swapped: is_swapped(parts.next()?)?,
        })
    }
}

impl fmt::Display for View {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = order(self.is_swapped);
        write!(formatter, "{}:{}:{order}", self.first, self.second)
    }
}

impl CustomId {
    /// Reads what a button carries. `None` for anything that Mirage never wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("quiz:") {
            return QuizId::parse(rest).map(Self::Quiz);
        }
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
                    "explain" => Self::Explain {
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
            ("compare", "add") => Self::AddToQuiz {
                comparison: ComparisonId::parse(parts.next()?)?,
                view: View::read(&mut parts)?,
            },
            ("compare", "draw") => Self::Draw {
                comparison: ComparisonId::parse(parts.next()?)?,
                is_swapped: is_swapped(parts.next()?)?,
            },
            ("compare", turn) => Self::Compare {
                turn: Turn::ALL.into_iter().find(|known| known.name() == turn)?,
                comparison: ComparisonId::parse(parts.next()?)?,
                view: View::read(&mut parts)?,
            },
            ("explain", "outline") => Self::Outline {
                explanation: ExplanationId::parse(parts.next()?)?,
                number: parts.next()?.parse().ok()?,
            },
            ("explain", "part") => Self::Part {
                explanation: ExplanationId::parse(parts.next()?)?,
                part: parts.next()?.parse().ok()?,
            },
            ("explain", deed) => Self::Explained {
                deed: Deed::ALL.into_iter().find(|known| known.name() == deed)?,
                explanation: ExplanationId::parse(parts.next()?)?,
            },
            ("picture", act) => Self::Picture {
                act: Act::ALL.into_iter().find(|known| known.name() == act)?,
                picture: PictureId::parse(parts.next()?)?,
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
            Self::Explain { search, place } => write!(formatter, "find:explain:{search}:{place}"),
            Self::Explained { deed, explanation } => {
                write!(formatter, "explain:{}:{explanation}", deed.name())
            }
            Self::Outline {
                explanation,
                number,
            } => write!(formatter, "explain:outline:{explanation}:{number}"),
            Self::Part { explanation, part } => {
                write!(formatter, "explain:part:{explanation}:{part}")
            }
            Self::Compare {
                turn,
                comparison,
                view,
            } => {
                let turn = turn.name();
                write!(formatter, "compare:{turn}:{comparison}:{view}")
            }
            Self::AddToQuiz { comparison, view } => {
                write!(formatter, "compare:add:{comparison}:{view}")
            }
            Self::Differs {
                comparison,
                is_swapped,
            } => {
                let order = order(*is_swapped);
                write!(formatter, "compare:differs:{comparison}:{order}")
            }
            Self::Draw {
                comparison,
                is_swapped,
            } => write!(
                formatter,
                "compare:draw:{comparison}:{}",
                order(*is_swapped)
            ),
            Self::Picture { act, picture } => {
                write!(formatter, "picture:{}:{picture}", act.name())
            }
            Self::CancelJob(job) => write!(formatter, "job:cancel:{job}"),
            Self::CancelListedJob(job) => write!(formatter, "queue:cancel:{job}"),
            Self::DeleteMyData => formatter.write_str("my-data:delete"),
            Self::KeepMyData => formatter.write_str("my-data:keep"),
            Self::Quiz(quiz) => write!(formatter, "{quiz}"),
        }
    }
}

#[cfg(test)]
mod tests;
