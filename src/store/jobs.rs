//! Jobs as they are stored: what was asked, whose turn it is, who works on it, how it ended. What a
//! job does is the concern of [`crate::jobs`].
//!
//! Every change of the queue is one transaction of [`Store::begin`], so limits, order and ends
//! hold over all processes. A job ends exactly once: an end names the claim that it belongs to.

mod claim;
mod deliver;
mod end;
mod enqueue;
mod read;
#[cfg(test)]
mod tests;
mod turns;
mod workers;

use std::fmt;
use std::time::Duration;

pub use claim::Claimed;
pub use deliver::Delivery;
pub use end::Ending;
pub use enqueue::{Limits, NewJob, Refusal};
pub use read::{Job, Standing, standings};
pub use workers::{Worker, WorkerId};

#[cfg(doc)]
use super::Store;

/// Number of a job; small, so that people can say it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct JobId(i64);

impl JobId {
    /// Takes a number as it came back from a button or the shell. `None` if it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|id| *id > 0).map(Self)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How a job stands. Running is told by its worker, and never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits, or a worker has it.
    Open,
    /// It was done.
    Done,
    /// It can't be done.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// A name that the database's own check has let in.
    fn of(name: &str) -> Self {
        match name {
            "done" => Self::Done,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Open,
        }
    }
}

/// Most times that a job is begun: one that ends its process each time must not do so for ever.
pub const MOST_ATTEMPTS: i64 = 10;
/// How long jobs that have ended are kept, in days.
pub const KEPT_DAYS: u64 = 30;

/// Longest sentence that is kept, in characters.
const LONGEST_OUTCOME: usize = 4_000;

/// Text that every database takes: PostgreSQL refuses NUL, and a row of a collection may hold one.
fn storable(text: &str) -> String {
    let letters = text.chars().filter(|letter| *letter != '\0');
    letters.take(LONGEST_OUTCOME).collect()
}

fn whole_milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
