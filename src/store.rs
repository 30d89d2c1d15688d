//! What Mirage remembers of people and of their jobs: the only SQL there is, in SQLite or
//! PostgreSQL. Migrations run when the store opens. It knows no Discord; people are numbers here.

pub(crate) mod anki;
mod comparisons;
mod error;
mod explanations;
pub mod jobs;
mod liveness;
mod location;
mod open;
mod pictures;
pub mod quiz;
mod searches;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{Any, AnyPool, Transaction};

pub use comparisons::{CHOICE_KEPT, Choice, ComparisonId, StoredComparison};
pub use error::StoreError;
pub use explanations::{ExplanationId, Feedback, StoredExplanation};
pub use liveness::Held;
pub use location::Location;
pub use pictures::{Made, PictureId, Recipe, Reported, Start, StoredPicture, Told, Variant};
pub use searches::{Search, SearchId, SearchSubject};

/// Key of the advisory lock under which PostgreSQL changes the queue: any number that nobody else
/// uses ("mirage" in ASCII).
const QUEUE_LOCK: i64 = 0x6d69_7261_6765;

/// The open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// For reading, and for writing where writers don't exclude each other.
    pool: AnyPool,
    /// One connection with SQLite: writers queue up here, in order, and not at the file's lock.
    writer: AnyPool,
    location: Arc<Location>,
}

impl Store {
    /// Opens the database, makes it where there is none, and runs the migrations.
    ///
    /// # Errors
    /// [`StoreError::Unopened`] or [`StoreError::Migration`].
    pub async fn open(location: impl Into<Location>) -> Result<Self, StoreError> {
        let location = location.into();
        let (pool, writer) = open::open(&location).await?;
        Ok(Self {
            pool,
            writer,
            location: Arc::new(location),
        })
    }

    /// Where the database is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Takes the place of the one bot of this database.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another bot has it.
    pub async fn lock_for_bot(&self) -> Result<Held, StoreError> {
        self.hold("bot").await?.ok_or_else(|| StoreError::InUse {
            database: self.location.to_string(),
        })
    }

    /// Deletes everything that is stored of a person; returns how many records went at once. A job
    /// that runs is asked to stop and goes with its end.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn delete_user(&self, user: u64) -> Result<u64, StoreError> {
        let searches = searches::delete_of_user(&self.writer, user).await?;
        let comparisons = comparisons::delete_of_user(&self.writer, user).await?;
        let explanations = explanations::delete_of_user(&self.writer, user).await?;
        let quiz = self.delete_quiz_of_user(user).await?;
        let jobs = self.delete_jobs_of_user(user).await?;
        // After the jobs: one that runs finds that its picture is not wanted any more.
        let pictures = pictures::delete_of_user(&self.writer, user).await?;
        Ok(searches + comparisons + explanations + quiz + jobs + pictures)
    }

    /// Closes the connections, so that everything is on disk.
    pub async fn close(&self) {
        self.writer.close().await;
        self.pool.close().await;
    }

    /// A transaction that changes the queue: one at a time over all processes.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        match &*self.location {
            Location::File(_) => Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?),
            Location::Server(_) => {
                let mut transaction = self.writer.begin().await?;
                sqlx::query("SELECT 1 FROM pg_advisory_xact_lock($1)")
                    .bind(QUEUE_LOCK)
                    .execute(&mut *transaction)
                    .await?;
                Ok(transaction)
            }
        }
    }
}

/// Milliseconds since 1970, by the clock on the wall.
pub(crate) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_one_bot_runs_on_a_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("deep/mirage.sqlite");
        let store = Store::open(&*database).await.expect("opened");
        let lock = store.lock_for_bot().await.expect("the first bot");
        let other = Store::open(&*database)
            .await
            .expect("opened by another process");
        let error = other.lock_for_bot().await.expect_err("the second bot");
        assert!(
            error
                .to_string()
                .starts_with("Another Mirage bot is running"),
            "{error}"
        );
        drop(lock);
        other.lock_for_bot().await.expect("the first bot is gone");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes.txt");
        let content = "These are notes, not a database. ".repeat(64);
        std::fs::write(&path, &content).expect("written");
        let error = Store::open(&*path).await.expect_err("not a database");
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert_eq!(
            std::fs::read_to_string(&path).expect("still there"),
            content
        );
    }
}
