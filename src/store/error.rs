//! Why the store could not do what was asked.

/// Why the store could not do what was asked; each is one plain sentence.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another bot runs on the same database.
    #[error(
        "Another Mirage bot is running on the database {database}. Stop it first, or set \
         MIRAGE_DATABASE to another one."
    )]
    InUse {
        /// The database.
        database: String,
    },
    /// The database can't be opened.
    #[error("The database {database} can't be opened ({reason}).")]
    Unopened {
        /// The database, without its password.
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

/// What a database's result code stands for.
enum Trouble {
    Busy,
    Full,
    Other,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match trouble(&error) {
            Trouble::Busy => Self::Busy(error),
            Trouble::Full => Self::DiskFull(error),
            Trouble::Other => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
                if !matches!(trouble(&error), Trouble::Other) =>
            {
                error.into()
            }
            other => Self::Migration(other),
        }
    }
}

/// Reads SQLite's result code (<https://sqlite.org/rescode.html>), whose low byte is the kind, or
/// PostgreSQL's (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn trouble(error: &sqlx::Error) -> Trouble {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_FULL: i32 = 13;
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Trouble::Busy;
    }
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("53100") => Trouble::Full,
        Some("55P03" | "40001" | "40P01") => Trouble::Busy,
        Some(code) if code.len() < 5 => match code.parse::<i32>().map(|code| code & 0xff) {
            Ok(SQLITE_BUSY | SQLITE_LOCKED) => Trouble::Busy,
            Ok(SQLITE_FULL) => Trouble::Full,
            _ => Trouble::Other,
        },
        _ => Trouble::Other,
    }
}
