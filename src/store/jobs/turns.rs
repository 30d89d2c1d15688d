//! The fair order: how far each person and each server has come in it.

use sqlx::{Any, Transaction};

use crate::store::StoreError;

/// Whose turns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    User,
    Server,
}

impl Scope {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "server",
        }
    }

    /// Key of the order's clock.
    pub(super) fn clock(self) -> i64 {
        match self {
            Self::User => 0,
            Self::Server => 1,
        }
    }
}

pub(super) async fn set_turn(
    transaction: &mut Transaction<'static, Any>,
    scope: &'static str,
    key: i64,
    turn: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO job_turns (scope, key, turn) VALUES ($1, $2, $3)
         ON CONFLICT (scope, key) DO UPDATE SET turn = excluded.turn",
    )
    .bind(scope)
    .bind(key)
    .bind(turn)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The clock stands where the job begins that was taken last, and never goes back.
pub(super) async fn advance_clock(
    transaction: &mut Transaction<'static, Any>,
    scope: Scope,
    turn: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO job_turns (scope, key, turn) VALUES ('clock', $1, $2)
         ON CONFLICT (scope, key) DO UPDATE SET turn = excluded.turn
         WHERE excluded.turn > job_turns.turn",
    )
    .bind(scope.clock())
    .bind(turn)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A job took more or less than was expected (or nothing, if it was cancelled): its person's
/// waiting jobs move by the difference, so that what counts is time on the device.
pub(super) async fn correct(
    transaction: &mut Transaction<'static, Any>,
    user: i64,
    after: i64,
    difference: i64,
) -> Result<(), StoreError> {
    if difference == 0 {
        return Ok(());
    }
    sqlx::query(
        "UPDATE jobs SET turn = turn + $1
         WHERE user_id = $2 AND state = 'open' AND worker IS NULL AND turn > $3",
    )
    .bind(difference)
    .bind(user)
    .bind(after)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("UPDATE job_turns SET turn = turn + $1 WHERE scope = 'user' AND key = $2")
        .bind(difference)
        .bind(user)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
