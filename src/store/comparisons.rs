//! Comparisons that people made, so that the buttons under them work after a restart, and the first
//! of two choices until the second is made. Both are kept for a bounded time; no picture is.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{AnyPool, Row as _};

use super::searches::{oldest_kept, seconds};
use super::{Store, StoreError};
use crate::compare::Side;

/// How long a first choice waits for the second.
pub const CHOICE_KEPT: Duration = Duration::from_secs(15 * 60);

/// Name of a stored comparison: 16 letters and digits that can't be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ComparisonId(String);

impl ComparisonId {
    /// Takes a name as it came back from a button. `None` if it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }
}

impl fmt::Display for ComparisonId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A comparison that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredComparison {
    /// Who made it.
    pub user: u64,
    /// The first side.
    pub a: Side,
    /// The second side.
    pub b: Side,
}

/// The first of two choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The message that was chosen.
    pub message: u64,
    /// What it will be compared as.
    pub side: Side,
}

impl Store {
    /// Stores a comparison and returns its name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn remember_comparison(
        &self,
        comparison: &StoredComparison,
    ) -> Result<ComparisonId, StoreError> {
        let id = ComparisonId::random();
        sqlx::query(
            "INSERT INTO comparisons (id, user_id, side_a, side_b, created_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.to_string())
        .bind(comparison.user as i64)
        .bind(serde_json::to_string(&comparison.a)?)
        .bind(serde_json::to_string(&comparison.b)?)
        .bind(seconds(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(id)
    }

    /// A stored comparison, or `None` if it was deleted or is too old.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn comparison(
        &self,
        id: &ComparisonId,
    ) -> Result<Option<StoredComparison>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id, side_a, side_b FROM comparisons WHERE id = $1 AND created_at >= $2",
        )
        .bind(id.0.as_str())
        .bind(oldest_kept(SystemTime::now()))
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredComparison {
            user: row.try_get::<i64, _>("user_id")? as u64,
            a: serde_json::from_str(&row.try_get::<String, _>("side_a")?)?,
            b: serde_json::from_str(&row.try_get::<String, _>("side_b")?)?,
        }))
    }

    /// Keeps a person's first choice, in place of an earlier one.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn keep_choice(&self, user: u64, choice: &Choice) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO comparison_choices (user_id, message_id, side, chosen_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE
             SET message_id = excluded.message_id, side = excluded.side,
                 chosen_at = excluded.chosen_at",
        )
        .bind(user as i64)
        .bind(choice.message as i64)
        .bind(serde_json::to_string(&choice.side)?)
        .bind(seconds(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// A person's first choice, or `None` if there is none or it is older than [`CHOICE_KEPT`].
    ///
    /// # Errors
    /// What the database reports.
    pub async fn choice(&self, user: u64, now: SystemTime) -> Result<Option<Choice>, StoreError> {
        let row = sqlx::query(
            "SELECT message_id, side FROM comparison_choices
             WHERE user_id = $1 AND chosen_at >= $2",
        )
        .bind(user as i64)
        .bind(oldest_choice(now))
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Choice {
            message: row.try_get::<i64, _>("message_id")? as u64,
            side: serde_json::from_str(&row.try_get::<String, _>("side")?)?,
        }))
    }

    /// Forgets a person's first choice: the second was made.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_choice(&self, user: u64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM comparison_choices WHERE user_id = $1")
            .bind(user as i64)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Deletes comparisons and first choices that are no longer kept; returns how many went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_old_comparisons(&self, now: SystemTime) -> Result<u64, StoreError> {
        let comparisons = sqlx::query("DELETE FROM comparisons WHERE created_at < $1")
            .bind(oldest_kept(now))
            .execute(&self.writer)
            .await?;
        let choices = sqlx::query("DELETE FROM comparison_choices WHERE chosen_at < $1")
            .bind(oldest_choice(now))
            .execute(&self.writer)
            .await?;
        Ok(comparisons.rows_affected() + choices.rows_affected())
    }
}

pub(super) async fn delete_of_user(pool: &AnyPool, user: u64) -> Result<u64, StoreError> {
    let comparisons = sqlx::query("DELETE FROM comparisons WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool)
        .await?;
    let choices = sqlx::query("DELETE FROM comparison_choices WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool)
        .await?;
    Ok(comparisons.rows_affected() + choices.rows_affected())
}

/// When a first choice that still waits was made at the earliest.
fn oldest_choice(now: SystemTime) -> i64 {
    seconds(now.checked_sub(CHOICE_KEPT).unwrap_or(UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::super::searches::KEPT_DAYS;
    use super::*;
    use crate::atlas::EntryId;
    use crate::compare::Subject;

    fn side(words: &str) -> Side {
        Side {
            subject: Subject::Words {
                words: words.to_owned(),
            },
            results: vec![EntryId::new("t", words), EntryId::new("t", "b")],
        }
    }

    fn comparison(user: u64) -> StoredComparison {
        StoredComparison {
            user,
            a: side("صورة '; DROP TABLE comparisons; -- \0"),
            b: Side {
                subject: Subject::Picture,
                ..side("c")
            },
        }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened");
        (folder, store)
    }

    #[tokio::test]
    async fn a_comparison_comes_back_after_a_restart() {
        let (folder, store) = store().await;
        let made = comparison(u64::MAX);
        let id = store.remember_comparison(&made).await.expect("stored");
        store.close().await;
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened again");
        let id = ComparisonId::parse(&id.to_string()).expect("a name survives a button");
        assert_eq!(store.comparison(&id).await.expect("read"), Some(made));
    }

    #[tokio::test]
    async fn a_choice_waits_a_while_and_a_later_one_takes_its_place() {
        let (_folder, store) = store().await;
        let now = SystemTime::now();
        for message in [7, u64::MAX] {
            let choice = Choice {
                message,
                side: side("x"),
            };
            store.keep_choice(1, &choice).await.expect("kept");
            let kept = store.choice(1, now).await.expect("read");
            assert_eq!(kept, Some(choice));
        }
        assert_eq!(store.choice(2, now).await.expect("read"), None);
        let later = now + CHOICE_KEPT + Duration::from_secs(5);
        assert_eq!(store.choice(1, later).await.expect("read"), None);
        store.forget_choice(1).await.expect("forgotten");
        assert_eq!(store.choice(1, now).await.expect("read"), None);
    }

    #[tokio::test]
    async fn a_person_can_have_all_of_it_deleted() {
        let (_folder, store) = store().await;
        let mine = store.remember_comparison(&comparison(1)).await;
        let other = store.remember_comparison(&comparison(2)).await;
        let choice = Choice {
            message: 3,
            side: side("x"),
        };
        store.keep_choice(1, &choice).await.expect("kept");
        assert_eq!(store.delete_user(1).await.expect("deleted"), 2);
        let left = store.comparison(&mine.expect("stored")).await;
        assert_eq!(left.expect("read"), None);
        let left = store.comparison(&other.expect("stored")).await;
        assert!(left.expect("read").is_some());
    }

    #[tokio::test]
    async fn what_is_old_is_forgotten() {
        let (_folder, store) = store().await;
        let now = SystemTime::now();
        let choice = Choice {
            message: 3,
            side: side("x"),
        };
        let made = store.remember_comparison(&comparison(1)).await;
        made.expect("stored");
        store.keep_choice(1, &choice).await.expect("kept");
        let forgotten = |at| store.forget_old_comparisons(at);
        assert_eq!(forgotten(now).await.expect("none is old"), 0);
        let soon = now + CHOICE_KEPT + Duration::from_secs(5);
        assert_eq!(forgotten(soon).await.expect("the choice is old"), 1);
        let later = now + Duration::from_secs((KEPT_DAYS + 1) * 24 * 60 * 60);
        assert_eq!(forgotten(later).await.expect("all is old"), 1);
    }

    #[test]
    fn only_names_are_parsed() {
        for text in ["", "short", "0123456789abcdef0", "0123456789abcde'"] {
            assert_eq!(ComparisonId::parse(text), None, "{text}");
        }
    }
}
