//! The ends of a job: done, failed or cancelled, each once. An end that comes from a claim which is
//! no longer valid changes nothing.

use std::time::{Duration, SystemTime};

use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::turns::correct;
use super::{Claimed, JobId, KEPT_DAYS, MOST_ATTEMPTS, State, storable, whole_milliseconds};
use crate::store::{Store, StoreError, milliseconds};

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Done, failed or cancelled.
    pub state: State,
    /// One or a few sentences for people.
    pub outcome: String,
}

impl Store {
    /// Ends a claimed job. `false` if the claim is no longer valid: then somebody else ends it.
    ///
    /// # Errors
    /// What the database reports; the job is still open then.
    pub async fn end_job(
        &self,
        claimed: &Claimed,
        ending: &Ending,
        took: Duration,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let took = whole_milliseconds(took);
        let row = sqlx::query(
            "UPDATE jobs
             SET state = $1, outcome = $2, ended_ms = $3, run_ms = $4, worker = NULL,
                 progress = NULL, preview = NULL
             WHERE id = $5 AND state = 'open' AND worker = $6 AND attempt = $7
             RETURNING user_id, turn, cost_ms",
        )
        .bind(ending.state.name())
        .bind(storable(&ending.outcome))
        .bind(milliseconds(now))
        .bind(took)
        .bind(claimed.id.0)
        .bind(claimed.worker.as_str())
        .bind(claimed.attempt)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            return Ok(false);
        };
        forget_if_asked(&mut transaction, claimed.id).await?;
        let expected: i64 = row.try_get("cost_ms")?;
        correct(
            &mut transaction,
            row.try_get("user_id")?,
            row.try_get("turn")?,
            took.max(1).saturating_sub(expected),
        )
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives a claimed job back to the queue, unended: an orderly end of the worker.
    ///
    /// # Errors
    /// What the database reports; the claim then dies with the worker.
    pub async fn release_job(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // An orderly end is no failed attempt.
        let row = sqlx::query(
            "UPDATE jobs SET worker = NULL, attempt = attempt - 1, progress = NULL, preview = NULL
             WHERE id = $1 AND state = 'open' AND worker = $2 AND attempt = $3
             RETURNING id, attempt, cancel, outcome",
        )
        .bind(claimed.id.0)
        .bind(claimed.worker.as_str())
        .bind(claimed.attempt)
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(row) = row {
            settle_released(&mut transaction, &row, milliseconds(SystemTime::now())).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Cancels a job: at once if it waits, else its worker is asked to stop. Returns how the job
    /// stood before; `None` if there is no such job.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn cancel_job(
        &self,
        id: JobId,
        outcome: &str,
        now: SystemTime,
    ) -> Result<Option<State>, StoreError> {
        let mut transaction = self.begin().await?;
        let row =
            sqlx::query("SELECT state, worker, user_id, turn, cost_ms FROM jobs WHERE id = $1")
                .bind(id.0)
                .fetch_optional(&mut *transaction)
                .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            return Ok(None);
        };
        let state = State::of(&row.try_get::<String, _>("state")?);
        let worker: Option<String> = row.try_get("worker")?;
        match (state, worker) {
            (State::Open, None) => {
                let now = milliseconds(now);
                end_waiting(&mut transaction, id, State::Cancelled, outcome, now).await?;
                let cost: i64 = row.try_get("cost_ms")?;
                let (user, turn) = (row.try_get("user_id")?, row.try_get("turn")?);
                correct(&mut transaction, user, turn, -cost).await?;
            }
            (State::Open, Some(_)) => {
                // Who wants it forgotten goes before who wants it stopped.
                sqlx::query(
                    "UPDATE jobs SET cancel = CASE WHEN cancel = 2 THEN 2 ELSE 1 END, outcome = $1
                     WHERE id = $2",
                )
                .bind(outcome)
                .bind(id.0)
                .execute(&mut *transaction)
                .await?;
            }
            (State::Done | State::Failed | State::Cancelled, _) => {}
        }
        transaction.commit().await?;
        Ok(Some(state))
    }

    /// The jobs of a worker that somebody wants stopped, with the sentence they end with.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn jobs_to_stop(
        &self,
        worker: &super::WorkerId,
    ) -> Result<Vec<(JobId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, outcome FROM jobs WHERE state = 'open' AND worker = $1 AND cancel > 0",
        )
        .bind(worker.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let outcome: Option<String> = row.try_get("outcome")?;
                Ok((JobId(row.try_get("id")?), outcome.unwrap_or_default()))
            })
            .collect()
    }

    /// Deletes a person's jobs, but for one that runs: it is asked to stop and goes with its end.
    /// Returns how many were deleted at once.
    pub(in crate::store) async fn delete_jobs_of_user(&self, user: u64) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE jobs SET cancel = 2 WHERE user_id = $1 AND state = 'open'")
            .bind(user as i64)
            .execute(&mut *transaction)
            .await?;
        let deleted = sqlx::query(
            "DELETE FROM jobs WHERE user_id = $1 AND (state <> 'open' OR worker IS NULL)",
        )
        .bind(user as i64)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM job_turns WHERE scope = 'user' AND key = $1")
            .bind(user as i64)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }

    /// Deletes jobs that ended more than [`KEPT_DAYS`] ago and whose answer is not owed any more;
    /// returns how many went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_old_jobs(&self, now: SystemTime) -> Result<u64, StoreError> {
        let kept = Duration::from_secs(KEPT_DAYS * 24 * 60 * 60);
        let oldest = milliseconds(now).saturating_sub(whole_milliseconds(kept));
        let mut transaction = self.begin().await?;
        let deleted = sqlx::query(
            "DELETE FROM jobs WHERE state <> 'open' AND ended_ms < $1 AND reply IS NULL",
        )
        .bind(oldest)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }
}

/// A job that lost its worker: one that was to be stopped ends as cancelled, one that was begun too
/// often as failed, any other waits at its place again. `row` holds id, attempt, cancel, outcome.
pub(super) async fn settle_released(
    transaction: &mut Transaction<'static, Any>,
    row: &AnyRow,
    now: i64,
) -> Result<(), StoreError> {
    let id = JobId(row.try_get("id")?);
    if row.try_get::<i64, _>("cancel")? != 0 {
        let wanted: Option<String> = row.try_get("outcome")?;
        let outcome = wanted.unwrap_or_else(|| "Cancelled.".to_owned());
        end_waiting(transaction, id, State::Cancelled, &outcome, now).await?;
        forget_if_asked(transaction, id).await?;
    } else if row.try_get::<i64, _>("attempt")? >= MOST_ATTEMPTS {
        let outcome = format!(
            "Mirage stopped {MOST_ATTEMPTS} times while it worked on this, so it was given up."
        );
        end_waiting(transaction, id, State::Failed, &outcome, now).await?;
    }
    Ok(())
}

async fn end_waiting(
    transaction: &mut Transaction<'static, Any>,
    id: JobId,
    state: State,
    outcome: &str,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE jobs SET state = $1, outcome = $2, ended_ms = $3, run_ms = 0 WHERE id = $4",
    )
    .bind(state.name())
    .bind(storable(outcome))
    .bind(now)
    .bind(id.0)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A person who had their data deleted while a job ran asked for the job to be forgotten too.
async fn forget_if_asked(
    transaction: &mut Transaction<'static, Any>,
    id: JobId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE id = $1 AND cancel = 2")
        .bind(id.0)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
