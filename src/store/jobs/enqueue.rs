//! Accepting a job: limits, its place in the fair order, and the row, in one transaction. Accepted
//! means written.

use std::time::{Duration, SystemTime};

use sqlx::{Any, Row as _, Transaction};

use super::turns::{Scope, set_turn};
use super::{JobId, storable, whole_milliseconds};
use crate::config::Secret;
use crate::engine::Caller;
use crate::store::{Store, StoreError, milliseconds};

/// How many jobs may be open, running ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one person.
    pub per_user: u32,
    /// Of one server.
    pub per_server: u32,
    /// In all.
    pub in_all: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_user: 2,
            per_server: 8,
            in_all: 1_000,
        }
    }
}

/// A job that was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The person has as many open as they may.
    User(u32),
    /// The server has.
    Server(u32),
    /// The queue is full.
    Full(u32),
}

/// A job that is asked for.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Kind, for estimates.
    pub kind: &'static str,
    /// What to do, as JSON.
    pub request: String,
    /// One line for people.
    pub title: String,
    /// Who asked. The shell (server and user 0) has no limits of its own.
    pub caller: Caller,
    /// Units of work.
    pub size: u64,
    /// How long it is expected to take.
    pub cost: Duration,
    /// How to answer, as JSON; it may hold a token.
    pub reply: Option<Secret>,
}

impl Store {
    /// Writes a job at its place in the fair order, unless a limit is reached.
    ///
    /// # Errors
    /// What the database reports; nothing is written then.
    pub async fn enqueue(
        &self,
        job: &NewJob,
        limits: Limits,
        now: SystemTime,
    ) -> Result<Result<JobId, Refusal>, StoreError> {
        let mut transaction = self.begin().await?;
        if let Some(refusal) = refused(&mut transaction, job.caller, limits).await? {
            transaction.rollback().await?;
            return Ok(Err(refusal));
        }
        start_level_if_idle(&mut transaction).await?;
        let cost = whole_milliseconds(job.cost).max(1);
        let user = job.caller.user as i64;
        let server = job.caller.server as i64;
        let turn = take_turn(&mut transaction, Scope::User, user, cost).await?;
        let server_turn = take_turn(&mut transaction, Scope::Server, server, cost).await?;
        let row = sqlx::query(
            "INSERT INTO jobs (kind, request, title, user_id, server_id, size, cost_ms,
                               turn, server_turn, state, reply, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11)
             RETURNING id",
        )
        .bind(job.kind)
        .bind(job.request.as_str())
        .bind(storable(&job.title))
        .bind(user)
        .bind(server)
        .bind(i64::try_from(job.size).unwrap_or(i64::MAX))
        .bind(cost)
        .bind(turn)
        .bind(server_turn)
        .bind(job.reply.as_ref().map(Secret::expose))
        .bind(milliseconds(now))
        .fetch_one(&mut *transaction)
        .await?;
        let id = JobId(row.try_get(0)?);
        transaction.commit().await?;
        Ok(Ok(id))
    }
}

async fn refused(
    transaction: &mut Transaction<'static, Any>,
    caller: Caller,
    limits: Limits,
) -> Result<Option<Refusal>, StoreError> {
    let row = sqlx::query(
        "SELECT count(*), count(CASE WHEN user_id = $1 THEN 1 END),
                count(CASE WHEN server_id = $2 THEN 1 END)
         FROM jobs WHERE state = 'open'",
    )
    .bind(caller.user as i64)
    .bind(caller.server as i64)
    .fetch_one(&mut **transaction)
    .await?;
    let (all, users, servers): (i64, i64, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(if all >= i64::from(limits.in_all) {
        Some(Refusal::Full(limits.in_all))
    } else if caller.user != 0 && users >= i64::from(limits.per_user) {
        Some(Refusal::User(limits.per_user))
    } else if caller.server != 0 && servers >= i64::from(limits.per_server) {
        Some(Refusal::Server(limits.per_server))
    } else {
        None
    })
}

/// When nobody waits, everybody is level: a long import that ran alone yesterday must cost its
/// person nothing today. It also forgets who was here.
async fn start_level_if_idle(
    transaction: &mut Transaction<'static, Any>,
) -> Result<(), StoreError> {
    let open = sqlx::query("SELECT 1 FROM jobs WHERE state = 'open' LIMIT 1")
        .fetch_optional(&mut **transaction)
        .await?;
    if open.is_none() {
        sqlx::query("DELETE FROM job_turns")
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Start-time fair queueing: a job begins where its person's last one ends, but not before the
/// clock, which is where the job begins that was taken last.
async fn take_turn(
    transaction: &mut Transaction<'static, Any>,
    scope: Scope,
    key: i64,
    cost: i64,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT coalesce(max(turn), 0) FROM job_turns
         WHERE (scope = $1 AND key = $2) OR (scope = 'clock' AND key = $3)",
    )
    .bind(scope.name())
    .bind(key)
    .bind(scope.clock())
    .fetch_one(&mut **transaction)
    .await?;
    let turn: i64 = row.try_get(0)?;
    set_turn(transaction, scope.name(), key, turn.saturating_add(cost)).await?;
    Ok(turn)
}
