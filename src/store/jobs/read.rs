//! Looking at the queue: one job, the open ones, and how long something is likely to take.

use std::time::{Duration, SystemTime};

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Claimed, JobId, State};
use crate::store::{Store, StoreError, milliseconds};

/// How many ended jobs of a kind an estimate is made from.
const SAMPLE: i64 = 20;

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// One line for people.
    pub title: String,
    /// Who asked.
    pub user: u64,
    /// In which server; 0 for the shell.
    pub server: u64,
    /// How it stands.
    pub state: State,
    /// Whether a worker has it.
    pub is_claimed: bool,
    /// Whether it was asked to stop.
    pub is_stopping: bool,
    /// How far it is, as JSON.
    pub progress: Option<String>,
    /// What it ended with.
    pub outcome: Option<String>,
    /// How often it was begun.
    pub attempt: i64,
    started_ms: Option<i64>,
    cost_ms: i64,
    turn: (i64, i64),
}

/// Where an open job is in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Jobs that wait before it.
    pub ahead: u64,
    /// How long until it is likely to begin.
    pub wait: Duration,
}

const COLUMNS: &str = "id, kind, title, user_id, server_id, state, worker, cancel, progress, \
    outcome, attempt, started_ms, cost_ms, turn, server_turn";

impl Job {
    pub(super) fn of(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: JobId(row.try_get("id")?),
            kind: row.try_get("kind")?,
            title: row.try_get("title")?,
            user: row.try_get::<i64, _>("user_id")? as u64,
            server: row.try_get::<i64, _>("server_id")? as u64,
            state: State::of(&row.try_get::<String, _>("state")?),
            is_claimed: row.try_get::<Option<String>, _>("worker")?.is_some(),
            is_stopping: row.try_get::<i64, _>("cancel")? != 0,
            progress: row.try_get("progress")?,
            outcome: row.try_get("outcome")?,
            attempt: row.try_get("attempt")?,
            started_ms: row.try_get("started_ms")?,
            cost_ms: row.try_get("cost_ms")?,
            turn: (row.try_get("turn")?, row.try_get("server_turn")?),
        })
    }

    /// How long it is expected to take in all.
    pub fn expected(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.cost_ms).unwrap_or_default())
    }

    /// What is left of its expected time. A job that takes longer than expected is taken to be
    /// near its end, whatever the wall's clock says.
    fn left(&self, now: i64) -> i64 {
        let ran = self
            .started_ms
            .map_or(0, |started| now.saturating_sub(started));
        self.cost_ms
            .saturating_sub(ran.max(0))
            .max(self.cost_ms / 10)
    }
}

impl Store {
    /// One job.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM jobs WHERE id = $1"
        )))
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(Job::of).transpose()
    }

    /// What a job was asked to do, as JSON; `None` if it is no longer kept.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn job_request(&self, id: JobId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT request FROM jobs WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.pool)
            .await?;
        Ok(match row {
            Some(row) => Some(row.try_get(0)?),
            None => None,
        })
    }

    /// All open jobs: those that run, then those that wait in the order of their turns.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM jobs WHERE state = 'open'
             ORDER BY CASE WHEN worker IS NULL THEN 1 ELSE 0 END, turn, server_turn, id"
        )))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Job::of).collect()
    }

    /// A person's ended jobs whose results could not be posted.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn jobs_waiting_for(&self, user: u64) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM jobs WHERE user_id = $1 AND state <> 'open' AND delivered = 2
             ORDER BY id"
        )))
        .bind(user as i64)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Job::of).collect()
    }

    /// The latest jobs that have ended, newest first.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn ended_jobs(&self, most: u32) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM jobs WHERE state <> 'open'
             ORDER BY ended_ms DESC, id DESC LIMIT $1"
        )))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Job::of).collect()
    }

    /// How far a claimed job is, and a small picture of it. Nothing happens if the claim is no
    /// longer valid.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn note_progress(
        &self,
        claimed: &Claimed,
        progress: &str,
        preview: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE jobs SET progress = $1, preview = coalesce($2, preview)
             WHERE id = $3 AND state = 'open' AND worker = $4 AND attempt = $5",
        )
        .bind(progress)
        .bind(preview.map(<[u8]>::to_vec))
        .bind(claimed.id.0)
        .bind(claimed.worker.as_str())
        .bind(claimed.attempt)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The small picture of a job that runs.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn job_preview(&self, id: JobId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query("SELECT preview FROM jobs WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.pool)
            .await?;
        Ok(match row {
            Some(row) => row.try_get(0)?,
            None => None,
        })
    }

    /// How long a unit of work of a kind took lately; `None` if none was done yet.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn measured_cost(&self, kind: &str) -> Result<Option<Duration>, StoreError> {
        let row = sqlx::query(
            "SELECT CAST(coalesce(sum(run_ms), 0) AS BIGINT) AS took,
                    CAST(coalesce(sum(size), 0) AS BIGINT) AS units
             FROM (SELECT run_ms, size FROM jobs
                   WHERE kind = $1 AND state = 'done' AND run_ms IS NOT NULL
                   ORDER BY ended_ms DESC LIMIT $2) AS latest",
        )
        .bind(kind)
        .bind(SAMPLE)
        .fetch_one(&self.pool)
        .await?;
        let (took, units): (i64, i64) = (row.try_get("took")?, row.try_get("units")?);
        let seconds = took as f64 / 1000.0 / units as f64;
        Ok((units > 0 && seconds.is_finite()).then(|| Duration::from_secs_f64(seconds.max(0.0))))
    }
}

/// Where each of the open jobs stands, in the order given; `workers` take one job each.
pub fn standings(open: &[Job], workers: u64, now: SystemTime) -> Vec<(JobId, Standing)> {
    let now = milliseconds(now);
    let workers = i64::try_from(workers.max(1)).unwrap_or(1);
    let running: i64 = open
        .iter()
        .filter(|job| job.is_claimed)
        .map(|job| job.left(now))
        .sum();
    let waiting = open.iter().filter(|job| !job.is_claimed);
    let mut before = running;
    waiting
        .enumerate()
        .map(|(place, job)| {
            let wait = u64::try_from(before / workers).unwrap_or_default();
            before = before.saturating_add(job.cost_ms);
            let standing = Standing {
                ahead: place as u64,
                wait: Duration::from_millis(wait),
            };
            (job.id, standing)
        })
        .collect()
}
