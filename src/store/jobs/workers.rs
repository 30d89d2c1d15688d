//! Who takes jobs, and what becomes of the jobs of those who died.

use std::time::SystemTime;

use sqlx::Row as _;

use super::end::settle_released;
use crate::store::{Held, Store, StoreError, milliseconds};

/// Name of one worker of one process; used once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkerId(String);

impl WorkerId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn lock_name(&self) -> String {
        format!("worker-{}", self.0)
    }
}

/// A registered worker. Its jobs are free again as soon as its process is gone.
#[derive(Debug)]
pub struct Worker {
    /// Its name.
    pub id: WorkerId,
    _alive: Held,
}

impl Store {
    /// Registers a worker of this process.
    ///
    /// # Errors
    /// What the database or the file system report.
    pub async fn register_worker(&self, now: SystemTime) -> Result<Worker, StoreError> {
        let id = WorkerId(format!("{:016x}", rand::random::<u64>()));
        // The lock comes first: a name that is listed and not held is a dead worker's.
        let Some(alive) = self.hold(&id.lock_name()).await? else {
            unreachable!("a random name of 64 bits was held. This is a bug.");
        };
        sqlx::query("INSERT INTO workers (id, started_ms) VALUES ($1, $2)")
            .bind(id.as_str())
            .bind(milliseconds(now))
            .execute(&self.writer)
            .await?;
        Ok(Worker { id, _alive: alive })
    }

    /// Takes a worker off the list, after its last job.
    ///
    /// # Errors
    /// What the database reports; the list then forgets it when its process is gone.
    pub async fn unregister_worker(&self, worker: Worker) -> Result<(), StoreError> {
        // One whose last job could not be given back stays listed, so that it is found.
        sqlx::query(
            "DELETE FROM workers WHERE id = $1
             AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker = $1 AND state = 'open')",
        )
        .bind(worker.id.as_str())
        .execute(&self.writer)
        .await?;
        self.forget_name(&worker.id.lock_name());
        Ok(())
    }

    /// Whether a worker is still listed; one that was taken for dead isn't.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn is_registered(&self, worker: &WorkerId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM workers WHERE id = $1")
            .bind(worker.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// How many workers are listed; some of them may have just died.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn workers(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT count(*) FROM workers")
            .fetch_one(&self.pool)
            .await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    /// Puts the jobs of dead workers back at their places. Jobs that were to be stopped end as
    /// cancelled, and jobs that were begun too often as failed. Returns how many jobs were found.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn recover_jobs(&self, now: SystemTime) -> Result<u64, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM workers
             UNION SELECT worker FROM jobs WHERE state = 'open' AND worker IS NOT NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut found = 0;
        for row in rows {
            let worker = WorkerId(row.try_get(0)?);
            match self.is_held(&worker.lock_name()).await {
                Ok(true) => {}
                Ok(false) => found += self.bury(&worker, milliseconds(now)).await?,
                // It is left alone; the others' jobs must not wait for it.
                Err(error) => tracing::warn!(%error, "whether a worker lives can't be told"),
            }
        }
        Ok(found)
    }

    async fn bury(&self, worker: &WorkerId, now: i64) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE jobs SET worker = NULL, progress = NULL, preview = NULL
             WHERE worker = $1 AND state = 'open'
             RETURNING id, attempt, cancel, outcome",
        )
        .bind(worker.as_str())
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            settle_released(&mut transaction, row, now).await?;
        }
        sqlx::query("DELETE FROM workers WHERE id = $1")
            .bind(worker.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}
