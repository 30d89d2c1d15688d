//! Taking the next job: the one whose turn it is, by one worker, in one transaction.

use std::time::{Duration, SystemTime};

use sqlx::Row as _;

use super::turns::{Scope, advance_clock};
use super::{JobId, WorkerId};
use crate::engine::Caller;
use crate::store::{Store, StoreError, milliseconds};

/// A job that a worker has taken. The claim dies with the worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its number.
    pub id: JobId,
    /// What to do, as JSON.
    pub request: String,
    /// Who asked.
    pub caller: Caller,
    /// How often it was begun, this time included. With the worker it names the claim.
    pub attempt: i64,
    /// How long it had waited, by the wall's clock.
    pub waited: Duration,
    pub(super) worker: WorkerId,
}

impl Store {
    /// Takes the job whose turn it is; `None` if nothing waits, or if the worker is no longer
    /// listed. Jobs that were interrupted twice come last: one of them may be what ends workers.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn claim_job(
        &self,
        worker: &WorkerId,
        now: SystemTime,
    ) -> Result<Option<Claimed>, StoreError> {
        let mut transaction = self.begin().await?;
        // A worker that is about to claim has nothing at hand: a claim of its own is one whose
        // receipt was lost.
        sqlx::query(
            "UPDATE jobs SET worker = NULL, attempt = attempt - 1
             WHERE worker = $1 AND state = 'open'",
        )
        .bind(worker.as_str())
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query(
            "UPDATE jobs
             SET worker = $1, attempt = attempt + 1, started_ms = $2, progress = NULL,
                 preview = NULL
             WHERE id = (SELECT id FROM jobs WHERE state = 'open' AND worker IS NULL
                         ORDER BY CASE WHEN attempt > 1 THEN 1 ELSE 0 END,
                                  turn, server_turn, id
                         LIMIT 1)
               AND EXISTS (SELECT 1 FROM workers WHERE id = $1)
             RETURNING id, request, user_id, server_id, attempt, turn, server_turn, created_ms",
        )
        .bind(worker.as_str())
        .bind(milliseconds(now))
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.commit().await?;
            return Ok(None);
        };
        advance_clock(&mut transaction, Scope::User, row.try_get("turn")?).await?;
        let server_turn = row.try_get("server_turn")?;
        advance_clock(&mut transaction, Scope::Server, server_turn).await?;
        let claimed = Claimed {
            id: JobId(row.try_get("id")?),
            request: row.try_get("request")?,
            caller: Caller::new(
                row.try_get::<i64, _>("user_id")? as u64,
                row.try_get::<i64, _>("server_id")? as u64,
            ),
            attempt: row.try_get("attempt")?,
            waited: since(row.try_get("created_ms")?, now),
            worker: worker.clone(),
        };
        transaction.commit().await?;
        Ok(Some(claimed))
    }

    /// Whether anything waits for this worker.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn has_waiting_job(&self, worker: &WorkerId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 FROM jobs WHERE state = 'open' AND (worker IS NULL OR worker = $1) LIMIT 1",
        )
        .bind(worker.as_str())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.is_some())
    }
}

/// Zero if the clock was set back.
fn since(then: i64, now: SystemTime) -> Duration {
    let passed = milliseconds(now).saturating_sub(then);
    Duration::from_millis(u64::try_from(passed).unwrap_or_default())
}
