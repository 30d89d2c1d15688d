//! What Discord is owed of sessions: messages that are yet to be posted or brought up to date, and the
//! ids of those that are there. Who conducts asks here and goes on after any restart.

use std::time::SystemTime;

use sqlx::{AssertSqlSafe, Row as _};

use super::SessionId;
use super::sessions::{SESSION, Session};
use crate::store::{Store, StoreError, milliseconds};

impl Store {
    /// The sessions that Discord is owed something of: those that have not ended, and those whose
    /// board is not posted.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn owed_quiz_sessions(&self) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{SESSION} WHERE s.course <> 'ended' OR s.board_message IS NULL ORDER BY s.id"
        )))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Session::of).collect()
    }

    /// The latest sessions of a server, the latest first.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn recent_quiz_sessions(
        &self,
        server: u64,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{SESSION} WHERE s.server_id = $1 ORDER BY s.id DESC LIMIT $2"
        )))
        .bind(server as i64)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Session::of).collect()
    }

    /// The sessions whose current question's time is up. They wait for [`Step::TimeUp`].
    ///
    /// [`Step::TimeUp`]: crate::quiz::Step::TimeUp
    ///
    /// # Errors
    /// What the database reports.
    pub async fn late_quiz_sessions(&self, now: SystemTime) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.id FROM quiz_sessions s
             JOIN quiz_questions q ON q.session_id = s.id AND q.place = s.place
             WHERE s.course = 'running' AND q.phase = 'open' AND q.closes_ms <= $1
             ORDER BY q.closes_ms",
        )
        .bind(milliseconds(now))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| Ok(SessionId(row.try_get(0)?)))
            .collect()
    }

    /// Notes the message that shows a question.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn note_quiz_message(
        &self,
        id: SessionId,
        place: usize,
        message: u64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE quiz_questions SET message_id = $1 WHERE session_id = $2 AND place = $3",
        )
        .bind(message as i64)
        .bind(id.0)
        .bind(i64::try_from(place).unwrap_or(i64::MAX))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Notes the message of a session's board; 0 if there is nowhere to post it.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn note_quiz_board(&self, id: SessionId, message: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE quiz_sessions SET board_message = $1 WHERE id = $2")
            .bind(message as i64)
            .bind(id.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
