//! A session's steps: what a tutor's button or the timer does, once, whoever presses at the same
//! time. What comes next is told by [`crate::quiz::Standing`].

use std::time::SystemTime;

use sqlx::{Any, Transaction};

use super::acts::NewAct;
use super::sessions::Session;
use super::{SessionId, StoreError};
use crate::quiz::{Course, NoStep, Phase, Standing, Step};
use crate::store::{Store, milliseconds};

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Stepped {
    /// It was taken; the session stands so now.
    Now(Box<Session>),
    /// It can't be taken: why, and how the session stands.
    Refused(NoStep, Box<Session>),
    /// The server has no such session.
    Unknown,
}

impl Store {
    /// Takes a step. `seen` is the revision that a button was drawn for: a second press of it
    /// finds the session moved on. A tutor's step names who took it.
    ///
    /// # Errors
    /// What the database reports; the session stands as before then.
    pub async fn step_quiz_session(
        &self,
        (server, id, seen): (u64, SessionId, Option<i64>),
        step: Step,
        by: Option<u64>,
        now: SystemTime,
    ) -> Result<Stepped, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        // The session's row is taken before anything is read: who comes second waits here.
        let taken = sqlx::query(
            "UPDATE quiz_sessions SET revision = revision + 1 WHERE id = $1 AND server_id = $2",
        )
        .bind(id.0)
        .bind(server as i64)
        .execute(&mut *transaction)
        .await?;
        if taken.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(Stepped::Unknown);
        }
        let Some(session) = Session::read(&mut transaction, id).await? else {
            transaction.rollback().await?;
            return Ok(Stepped::Unknown);
        };
        let is_seen = seen.is_none_or(|seen| seen + 1 == session.revision);
        let now_ms = milliseconds(now);
        let after = match session.standing.course {
            Course::Ended => Err(NoStep::Ended),
            Course::Running | Course::Paused if !is_seen => Err(NoStep::MovedOn),
            Course::Running | Course::Paused => session.standing.after(step, now_ms),
        };
        let (after, left) = match after {
            Ok(after) => after,
            Err(refused) => {
                transaction.rollback().await?;
                let before = Session {
                    revision: session.revision - 1,
                    ..session
                };
                return Ok(Stepped::Refused(refused, Box::new(before)));
            }
        };
        write(&mut transaction, &session, (&after, left), now_ms).await?;
        if let Some(actor) = by {
            let act = NewAct {
                server,
                actor,
                act: step.name(),
                item: Some(session.question.item_id),
                session: Some(id),
                details: "",
                now,
            };
            act.write(&mut transaction).await?;
        }
        let stands = Session::read(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(stands.map_or(Stepped::Unknown, |session| Stepped::Now(Box::new(session))))
    }
}

/// Writes where the session stands, and what became of the question before.
async fn write(
    transaction: &mut Transaction<'static, Any>,
    session: &Session,
    (after, left): (&Standing, Phase),
    now_ms: i64,
) -> Result<(), StoreError> {
    let place = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    sqlx::query(
        "UPDATE quiz_sessions
         SET course = $1, place = $2, left_ms = $3,
             ended_ms = CASE WHEN $1 = 'ended' THEN $4 ELSE ended_ms END
         WHERE id = $5",
    )
    .bind(after.course.name())
    .bind(place(after.place))
    .bind(after.left_ms)
    .bind(now_ms)
    .bind(session.id.0)
    .execute(&mut **transaction)
    .await?;
    let is_same = after.place == session.standing.place;
    sqlx::query(
        "UPDATE quiz_questions
         SET phase = $1, closes_ms = $2,
             revealed_ms = CASE WHEN $1 = 'revealed' THEN coalesce(revealed_ms, $3)
                           ELSE revealed_ms END
         WHERE session_id = $4 AND place = $5",
    )
    .bind(left.name())
    .bind(after.closes_ms.filter(|_| is_same))
    .bind(now_ms)
    .bind(session.id.0)
    .bind(place(session.standing.place))
    .execute(&mut **transaction)
    .await?;
    if is_same {
        return Ok(());
    }
    sqlx::query(
        "UPDATE quiz_questions SET phase = 'open', opened_ms = $1, closes_ms = $2
         WHERE session_id = $3 AND place = $4",
    )
    .bind(now_ms)
    .bind(after.closes_ms)
    .bind(session.id.0)
    .bind(place(after.place))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
