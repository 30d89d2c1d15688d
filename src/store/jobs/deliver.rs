//! Answers that are owed: jobs with a way to reply, until the reply was made. The way to reply is
//! erased with it.

use sqlx::Row as _;

use super::JobId;
use super::read::Job;
use crate::config::Secret;
use crate::store::{Store, StoreError};

/// A job whose person waits for an answer.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The job.
    pub job: Job,
    /// How to answer, as JSON; it may hold a token.
    pub reply: Secret,
}

impl Store {
    /// The jobs that somebody is owed news of, oldest first.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, kind, title, user_id, server_id, state, worker, cancel, progress, outcome,
                    attempt, started_ms, cost_ms, turn, server_turn, reply
             FROM jobs WHERE reply IS NOT NULL ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Delivery {
                    job: Job::of(row)?,
                    reply: Secret::new(&row.try_get::<String, _>("reply")?),
                })
            })
            .collect()
    }

    /// Notes that the answer was made, or that it waits in `/queue` because it could not be.
    /// `false` if that was noted before.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn delivered(&self, id: JobId, posted: bool) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "UPDATE jobs SET delivered = $1, reply = NULL
             WHERE id = $2 AND state <> 'open' AND delivered = 0",
        )
        .bind(if posted { 1_i64 } else { 2 })
        .bind(id.0)
        .execute(&self.writer)
        .await?;
        Ok(noted.rows_affected() == 1)
    }

    /// Notes that a person has seen a result that had waited for them.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn seen(&self, id: JobId) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET delivered = 1 WHERE id = $1 AND delivered = 2")
            .bind(id.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
