//! What a button carries: all that is needed to answer it after a restart, in at most 100
//! characters. Who pressed is checked where it is answered, not here.

use std::fmt;

use mirage::store::SearchId;
use mirage::store::jobs::JobId;

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
    /// Cancel the job whose message this is.
    CancelJob(JobId),
    /// Cancel a job of a list.
    CancelListedJob(JobId),
    /// Delete everything that is stored of the person who presses.
    DeleteMyData,
    /// Leave everything as it is.
    KeepMyData,
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
            ("job", "cancel") => Self::CancelJob(JobId::parse(parts.next()?)?),
            ("queue", "cancel") => Self::CancelListedJob(JobId::parse(parts.next()?)?),
            ("my-data", "delete") => Self::DeleteMyData,
            ("my-data", "keep") => Self::KeepMyData,
            _ => return None,
        };
        parts.next().is_none().then_some(parsed)
    }
}

impl fmt::Display for CustomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page { search, offset } => write!(formatter, "find:page:{search}:{offset}"),
            Self::Like { search, place } => write!(formatter, "find:like:{search}:{place}"),
            Self::Source { search, place } => write!(formatter, "find:source:{search}:{place}"),
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
            "my-data:delete:1",
            "job:cancel:0",
            "job:cancel:-1",
            "queue:cancel:99999999999999999999",
        ] {
            assert_eq!(CustomId::parse(text), None, "{text}");
        }
    }
}
