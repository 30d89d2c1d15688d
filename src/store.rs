//! What Mirage remembers of people: the only SQL there is. Migrations run when the store opens.
//! It knows no Discord; people are numbers here.

mod searches;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use searches::{Search, SearchId, SearchSubject};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// How long a writer waits for another before it gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the store could not do what was asked; each is one plain sentence.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another bot runs on the same database.
    #[error(
        "Another Mirage bot is running on the database {database}. Stop it first, or set \
         MIRAGE_DATABASE to another file."
    )]
    InUse {
        /// The database's file.
        database: String,
    },
    /// The database's file or folder can't be used.
    #[error("The database {database} can't be opened ({reason}).")]
    Unopened {
        /// The database's file.
        database: String,
        /// The system's reason.
        reason: String,
    },
    /// The database was written by a newer version, or a migration failed.
    #[error("The database's tables can't be brought to this version's layout.")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The disk is full.
    #[error("The disk is full. Nothing that was stored before is lost; make room and try again.")]
    DiskFull(#[source] sqlx::Error),
    /// Another process holds the database for longer than is waited for.
    #[error("The database is busy. Try again in a moment.")]
    Busy(#[source] sqlx::Error),
    /// Any other failure.
    #[error("The database could not be read or written.")]
    Database(#[source] sqlx::Error),
    /// What is stored doesn't read as what was written.
    #[error("A stored value can't be read.")]
    Corrupt(#[from] serde_json::Error),
}

/// The codes of SQLite's result that have a sentence of their own: <https://sqlite.org/rescode.html>.
const SQLITE_BUSY: &str = "5";
const SQLITE_FULL: &str = "13";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some(SQLITE_BUSY) => Self::Busy(error),
            Some(SQLITE_FULL) => Self::DiskFull(error),
            _ => Self::Database(error),
        }
    }
}

/// The open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    database: PathBuf,
}

/// Held by the one bot of a database. The system lets go of it when the process ends, however.
#[derive(Debug)]
pub struct BotLock {
    _file: File,
}

impl Store {
    /// Opens the database, makes it where there is none, and runs the migrations.
    ///
    /// # Errors
    /// [`StoreError::Unopened`] or [`StoreError::Migration`].
    pub async fn open(database: &Path) -> Result<Self, StoreError> {
        let unopened = |reason: String| StoreError::Unopened {
            database: database.display().to_string(),
            reason,
        };
        if let Some(folder) = database.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unopened(error.to_string()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(database)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // With a write-ahead log a crash of the process loses nothing at this level.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|error| unopened(error.to_string()))?;
        MIGRATIONS.run(&pool).await.map_err(StoreError::Migration)?;
        Ok(Self {
            pool,
            database: database.to_owned(),
        })
    }

    /// Takes the place of the one bot of this database.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another bot has it.
    pub fn lock_for_bot(&self) -> Result<BotLock, StoreError> {
        let path = self.database.with_extension("lock");
        let unopened = |error: std::io::Error| StoreError::Unopened {
            database: path.display().to_string(),
            reason: error.to_string(),
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unopened)?;
        match file.try_lock() {
            Ok(()) => Ok(BotLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                database: self.database.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(unopened(error)),
        }
    }

    /// Deletes everything that is stored of a person; returns how many records went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn delete_user(&self, user: u64) -> Result<u64, StoreError> {
        searches::delete_of_user(&self.pool, user).await
    }

    /// Closes the connections, so that everything is on disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_one_bot_runs_on_a_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("deep/mirage.sqlite");
        let store = Store::open(&database).await.expect("opened");
        let lock = store.lock_for_bot().expect("the first bot");
        let other = Store::open(&database)
            .await
            .expect("opened by another process");
        let error = other.lock_for_bot().expect_err("the second bot");
        assert!(
            error
                .to_string()
                .starts_with("Another Mirage bot is running"),
            "{error}"
        );
        drop(lock);
        other.lock_for_bot().expect("the first bot is gone");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes.txt");
        let content = "These are notes, not a database. ".repeat(64);
        std::fs::write(&path, &content).expect("written");
        let error = Store::open(&path).await.expect_err("not a database");
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert_eq!(
            std::fs::read_to_string(&path).expect("still there"),
            content
        );
    }
}
