//! Quizzes as they are stored: the bank with its review, sets, sessions with their answers, what
//! students practise, and every act of a tutor. What a question is and what an answer is worth is
//! the concern of [`crate::quiz`].
//!
//! The database itself refuses what must never happen (see the migration): two answers of one
//! person, late ones, those of people who aren't members, questions that nobody approved. What is
//! asked of it here is checked first, so that people are told why.

mod acts;
mod answers;
mod bank;
mod board;
mod easy;
mod learners;
mod practice;
mod results;
mod reviews;
mod sessions;
mod sets;
mod settings;
mod shown;
mod steps;
#[cfg(test)]
mod tests;

use std::fmt;

use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::{Location, Store, StoreError};
use crate::quiz::{Item, Kind};

pub use acts::Act;
pub use answers::{Answered, Given, Joined};
pub use bank::{Added, BankPage, BankQuery, Decided, Decision, Edited};
pub use board::{BoardRow, Missed};
pub use learners::{QuizData, UserAnswer, UserReview};
pub use practice::{PracticeCard, Practised};
pub use sessions::{NewSession, Question, Session, Started};
pub use sets::{QuizSet, Saved};
pub use settings::QuizSettings;
pub use steps::Stepped;

/// A number of a table, small enough that people can say it.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            serde::Serialize,
            serde::Deserialize,
        )]
        pub struct $name(pub(super) i64);

        impl $name {
            /// Takes a number as it came back from a button or the shell. `None` if it can't be one.
            pub fn parse(text: &str) -> Option<Self> {
                text.trim().parse().ok().filter(|id| *id > 0).map(Self)
            }

            /// The number.
            pub fn number(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

number!(
    /// Number of a question in the bank.
    ItemId
);
number!(
    /// Number of a session.
    SessionId
);

/// How a question of the bank stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It waits for a tutor. No student sees it.
    Draft,
    /// A tutor has approved it.
    Approved,
    /// A tutor has rejected it.
    Rejected,
    /// It was approved, and is asked no more.
    Retired,
}

impl ItemState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Approved, Self::Rejected, Self::Retired];

    /// Its name, as it is typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Retired => "retired",
        }
    }

    /// A name that the database's own check has let in.
    fn of(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|state| state.name() == name);
        known.unwrap_or(Self::Draft)
    }
}

/// A question of the bank.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StoredItem {
    /// Its number.
    pub id: ItemId,
    /// Whose bank; 0 is the shell's.
    pub server: u64,
    /// How it stands.
    pub state: ItemState,
    /// Grows with each change. Who decides names the one they have seen.
    pub revision: i64,
    /// Who made it; 0 is the shell, `None` somebody who had their data deleted.
    pub made_by: Option<u64>,
    /// When, in milliseconds since 1970.
    pub made_ms: i64,
    /// Who decided last.
    pub decided_by: Option<u64>,
    /// When, in milliseconds since 1970.
    pub decided_ms: Option<i64>,
    /// Channel and message of the review.
    pub review: Option<(u64, u64)>,
    /// The question.
    #[serde(flatten)]
    pub item: Item,
}

/// The columns that [`StoredItem::of`] reads.
const ITEM_COLUMNS: &str = "id, server_id, content, state, revision, made_by, made_ms, decided_by, \
    decided_ms, review_channel, review_message";

impl StoredItem {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let channel = person(row.try_get("review_channel")?);
        let message = person(row.try_get("review_message")?);
        Ok(Self {
            id: ItemId(row.try_get("id")?),
            server: row.try_get::<i64, _>("server_id")? as u64,
            state: ItemState::of(&row.try_get::<String, _>("state")?),
            revision: row.try_get("revision")?,
            made_by: person(row.try_get("made_by")?),
            made_ms: row.try_get("made_ms")?,
            decided_by: person(row.try_get("decided_by")?),
            decided_ms: row.try_get("decided_ms")?,
            review: channel.zip(message),
            item: serde_json::from_str(&row.try_get::<String, _>("content")?)?,
        })
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.item.kind()
    }
}

impl Store {
    /// A transaction that writes. SQLite's is alone from its beginning: one that reads first could
    /// not write after another process has.
    async fn begin_quiz(&self) -> Result<Transaction<'static, Any>, StoreError> {
        match &*self.location {
            Location::File(_) => Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?),
            Location::Server(_) => Ok(self.writer.begin().await?),
        }
    }
}

/// A Discord id as it was stored: all 64 bits, in a signed number.
fn person(stored: Option<i64>) -> Option<u64> {
    stored.map(|id| id as u64)
}

/// Text that every database takes: PostgreSQL refuses NUL.
fn storable(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').collect()
}

/// Whether the database refused a change by one of its own rules for quizzes.
fn is_refusal(error: &sqlx::Error, rule: &str) -> bool {
    let known = error.as_database_error();
    known.is_some_and(|known| known.message().contains(rule))
}

/// Whether a row of that name existed before.
fn is_twice(error: &sqlx::Error) -> bool {
    let known = error.as_database_error();
    known.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
