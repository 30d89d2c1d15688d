//! Who is alive: a process holds a lock that the system lets go of when it ends, however it ends.
//! No clock is asked, so none can be wrong. A file's lock beside SQLite, a session's advisory lock
//! in PostgreSQL.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};
use sqlx::{Any, Row as _, pool::PoolConnection};

use super::{Location, Store, StoreError};

/// A name that this process holds until the value is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: Lock,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for their ends")]
enum Lock {
    File(File),
    Session(Session),
}

/// A connection of its own; the lock goes with it. The mutex is never taken: a connection alone
/// can't be shared between threads.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its end")]
struct Session(Mutex<sqlx::AnyConnection>);

impl Store {
    /// Takes a name for this process; `None` while another holds it.
    pub(super) async fn hold(&self, name: &str) -> Result<Option<Held>, StoreError> {
        let lock = match &*self.location {
            Location::File(database) => {
                let path = lock_file(database, name);
                try_lock(&path)
                    .map_err(|error| unusable(&path, &error))?
                    .map(Lock::File)
            }
            Location::Server(_) => {
                // Out of the pool: it must neither be reused nor closed for being idle.
                let connection: PoolConnection<Any> = self.pool.acquire().await?;
                let mut connection = connection.detach();
                let row = sqlx::query("SELECT pg_try_advisory_lock($1)")
                    .bind(key(name))
                    .fetch_one(&mut connection)
                    .await?;
                let held: bool = row.try_get(0)?;
                held.then_some(Lock::Session(Session(Mutex::new(connection))))
            }
        };
        Ok(lock.map(|lock| Held { _lock: lock }))
    }

    /// Whether some process holds a name.
    pub(super) async fn is_held(&self, name: &str) -> Result<bool, StoreError> {
        match &*self.location {
            Location::File(database) => {
                let path = lock_file(database, name);
                let file = match File::open(&path) {
                    Ok(file) => file,
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                    Err(error) => return Err(unusable(&path, &error)),
                };
                match file.try_lock() {
                    Ok(()) => {
                        // Names of workers are used once; what stays behind is litter.
                        std::fs::remove_file(&path).ok();
                        Ok(false)
                    }
                    Err(TryLockError::WouldBlock) => Ok(true),
                    Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
                }
            }
            Location::Server(_) => {
                // Outside a transaction it is let go of with the statement.
                let row = sqlx::query("SELECT pg_try_advisory_xact_lock($1)")
                    .bind(key(name))
                    .fetch_one(&self.pool)
                    .await?;
                let free: bool = row.try_get(0)?;
                Ok(!free)
            }
        }
    }

    /// Removes what a name leaves behind, just before it is let go of for good.
    pub(super) fn forget_name(&self, name: &str) {
        if let Location::File(database) = &*self.location {
            std::fs::remove_file(lock_file(database, name)).ok();
        }
    }
}

/// Waits until this process alone may change the layout of a database's tables.
pub(super) async fn hold_for_migration(database: &Path) -> std::io::Result<File> {
    let path = lock_file(database, "migration");
    let locked = tokio::task::spawn_blocking(move || {
        let file = open_lock(&path)?;
        file.lock()?;
        Ok(file)
    });
    locked
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

fn lock_file(database: &Path, name: &str) -> PathBuf {
    database.with_extension(format!("{name}.lock"))
}

/// Opens and locks a file; `None` while another has it.
fn try_lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unopened {
        database: path.display().to_string(),
        reason: error.to_string(),
    }
}

/// A name as the number that PostgreSQL locks.
fn key(name: &str) -> i64 {
    let digest = Sha256::digest(format!("mirage {name}"));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}
