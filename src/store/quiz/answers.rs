//! Joining a session and answering: one answer a member and question, changed once at most, before
//! the reveal. The database holds to it; here people are told why.

use std::time::SystemTime;

use sqlx::{Any, Row as _, Transaction};

use super::acts::NewAct;
use super::{SessionId, is_refusal, is_twice};
use crate::quiz::{Answer, AnswerFault, Course, Item, Phase};
use crate::store::{Store, StoreError, milliseconds};

/// What became of somebody who wants to take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// They take part.
    Now,
    /// They did before.
    Before,
    /// The session is over.
    Ended,
    /// This server has no such session.
    Unknown,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It is stored.
    First,
    /// It is stored in place of the first one. It can't be changed again.
    Changed,
    /// It is the one that was stored before.
    Same,
    /// It was changed before, which can be done once.
    NoMoreChanges,
    /// The question takes no more answers.
    Closed,
    /// The session is paused.
    Paused,
    /// The session is over.
    Ended,
    /// Who answers takes no part.
    NotMember,
    /// This server has no such session or question.
    Unknown,
    /// It can't be an answer to the question.
    Fault(AnswerFault),
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Who gave it.
    pub user: u64,
    /// The answer.
    pub answer: Answer,
    /// Whether it was changed.
    pub changed: bool,
    /// The tutor's mark of an open answer, 0 to 1.
    pub mark: Option<f64>,
}

impl Store {
    /// Lets somebody take part in a session, at any time before its end.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn join_quiz_session(
        &self,
        server: u64,
        id: SessionId,
        user: u64,
        now: SystemTime,
    ) -> Result<Joined, StoreError> {
        let course =
            sqlx::query("SELECT course FROM quiz_sessions WHERE id = $1 AND server_id = $2")
                .bind(id.0)
                .bind(server as i64)
                .fetch_optional(&self.pool)
                .await?;
        let Some(course) = course else {
            return Ok(Joined::Unknown);
        };
        if Course::of(&course.try_get::<String, _>(0)?) == Course::Ended {
            return Ok(Joined::Ended);
        }
        let joined = sqlx::query(
            "INSERT INTO quiz_members (session_id, user_id, server_id, joined_ms)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (session_id, user_id) DO NOTHING",
        )
        .bind(id.0)
        .bind(user as i64)
        .bind(server as i64)
        .bind(milliseconds(now))
        .execute(&self.writer)
        .await;
        match joined {
            Ok(joined) if joined.rows_affected() == 1 => Ok(Joined::Now),
            Ok(_) => Ok(Joined::Before),
            Err(error) if is_refusal(&error, "quiz: ended") => Ok(Joined::Ended),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets whether a member is named on the board. `false` if they take no part.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn name_on_quiz_board(
        &self,
        id: SessionId,
        user: u64,
        is_named: bool,
    ) -> Result<bool, StoreError> {
        let set = sqlx::query(
            "UPDATE quiz_members SET named = $1 WHERE session_id = $2 AND user_id = $3",
        )
        .bind(i64::from(is_named))
        .bind(id.0)
        .bind(user as i64)
        .execute(&self.writer)
        .await?;
        Ok(set.rows_affected() == 1)
    }

    /// Stores an answer, or one change of mind.
    ///
    /// # Errors
    /// What the database reports; the answer is not stored then.
    pub async fn answer_quiz_question(
        &self,
        (server, id, place): (u64, SessionId, usize),
        user: u64,
        answer: &Answer,
        now: SystemTime,
    ) -> Result<Answered, StoreError> {
        let new = NewAnswer {
            server: server as i64,
            session: id.0,
            place: i64::try_from(place).unwrap_or(i64::MAX),
            user: user as i64,
            answer,
            now: milliseconds(now),
        };
        match self.try_answer(&new).await {
            // Somebody pressed twice at the same time: the second press meets the first answer.
            Err(Attempt::Twice) => match self.try_answer(&new).await {
                Err(Attempt::Twice) => Ok(Answered::NoMoreChanges),
                Err(Attempt::Failed(error)) => Err(error),
                Ok(answered) => Ok(answered),
            },
            Err(Attempt::Failed(error)) => Err(error),
            Ok(answered) => Ok(answered),
        }
    }

    async fn try_answer(&self, new: &NewAnswer<'_>) -> Result<Answered, Attempt> {
        let mut transaction = self.begin_quiz().await?;
        let outcome = new.store(&mut transaction).await;
        match outcome {
            Ok(stored @ (Answered::First | Answered::Changed)) => {
                transaction.commit().await?;
                Ok(stored)
            }
            Ok(refused) => {
                transaction.rollback().await?;
                Ok(refused)
            }
            Err(error) => {
                transaction.rollback().await?;
                refusal(error)
            }
        }
    }

    /// How many have answered a question, and how many take part.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn count_quiz_answers(
        &self,
        id: SessionId,
        place: usize,
    ) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM quiz_answers WHERE session_id = $1 AND place = $2),
                    (SELECT count(*) FROM quiz_members WHERE session_id = $1)",
        )
        .bind(id.0)
        .bind(i64::try_from(place).unwrap_or(i64::MAX))
        .fetch_one(&self.pool)
        .await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// The answers to a question, in the order of the people's ids.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_answers(
        &self,
        id: SessionId,
        place: usize,
    ) -> Result<Vec<Given>, StoreError> {
        let rows = sqlx::query(
            "SELECT user_id, answer, changes, mark FROM quiz_answers
             WHERE session_id = $1 AND place = $2 ORDER BY user_id",
        )
        .bind(id.0)
        .bind(i64::try_from(place).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Given {
                    user: row.try_get::<i64, _>("user_id")? as u64,
                    answer: serde_json::from_str(&row.try_get::<String, _>("answer")?)?,
                    changed: row.try_get::<i64, _>("changes")? != 0,
                    mark: row.try_get::<Option<i64>, _>("mark")?.map(from_thousandths),
                })
            })
            .collect()
    }

    /// Gives an open answer its mark, 0 to 1, once its question was revealed. `false` if there is
    /// no such answer.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn mark_quiz_answer(
        &self,
        (server, id, place): (u64, SessionId, usize),
        user: u64,
        mark: f64,
        by: u64,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let marked = sqlx::query(
            "UPDATE quiz_answers SET mark = $1, marked_by = $2
             WHERE session_id = $3 AND place = $4 AND user_id = $5 AND EXISTS (
                 SELECT 1 FROM quiz_questions q JOIN quiz_sessions s ON s.id = q.session_id
                 JOIN quiz_items i ON i.id = q.item_id
                 WHERE q.session_id = $3 AND q.place = $4 AND s.server_id = $6
                   AND q.phase = 'revealed' AND i.kind = 'open_answer')",
        )
        .bind(thousandths(mark))
        .bind(by as i64)
        .bind(id.0)
        .bind(i64::try_from(place).unwrap_or(i64::MAX))
        .bind(user as i64)
        .bind(server as i64)
        .execute(&mut *transaction)
        .await?;
        if marked.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let act = NewAct {
            server,
            actor: by,
            act: "mark",
            item: None,
            session: Some(id),
            details: &format!("question {}", place + 1),
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// A score from 0 to 1 as it is stored.
pub(super) fn thousandths(score: f64) -> i64 {
    (score.clamp(0.0, 1.0) * 1_000.0).round() as i64
}

pub(super) fn from_thousandths(stored: i64) -> f64 {
    stored as f64 / 1_000.0
}

/// Why an answer was not stored by one attempt.
enum Attempt {
    /// The same person answered at the same time.
    Twice,
    Failed(StoreError),
}

impl From<sqlx::Error> for Attempt {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// What the database's own rules say of an answer that slipped in between.
fn refusal(error: StoreError) -> Result<Answered, Attempt> {
    match &error {
        StoreError::Database(known) if is_refusal(known, "quiz: closed") => Ok(Answered::Closed),
        StoreError::Database(known) if is_twice(known) || is_refusal(known, "quiz: answered") => {
            Err(Attempt::Twice)
        }
        StoreError::Database(known)
            if known
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) =>
        {
            Ok(Answered::NotMember)
        }
        _ => Err(Attempt::Failed(error)),
    }
}

struct NewAnswer<'a> {
    server: i64,
    session: i64,
    place: i64,
    user: i64,
    answer: &'a Answer,
    now: i64,
}

impl NewAnswer<'_> {
    async fn store(
        &self,
        transaction: &mut Transaction<'static, Any>,
    ) -> Result<Answered, StoreError> {
        if let Some(refused) = self.refused(transaction).await? {
            return Ok(refused);
        }
        let row = sqlx::query(
            "SELECT answer, changes FROM quiz_answers
             WHERE session_id = $1 AND place = $2 AND user_id = $3",
        )
        .bind(self.session)
        .bind(self.place)
        .bind(self.user)
        .fetch_optional(&mut **transaction)
        .await?;
        let Some(row) = row else {
            self.insert(transaction).await?;
            return Ok(Answered::First);
        };
        let before: Answer = serde_json::from_str(&row.try_get::<String, _>("answer")?)?;
        if before == *self.answer {
            return Ok(Answered::Same);
        }
        if row.try_get::<i64, _>("changes")? != 0 {
            return Ok(Answered::NoMoreChanges);
        }
        let changed = sqlx::query(
            "UPDATE quiz_answers SET answer = $1, changes = 1, answered_ms = $2
             WHERE session_id = $3 AND place = $4 AND user_id = $5 AND changes = 0",
        )
        .bind(serde_json::to_string(self.answer)?)
        .bind(self.now)
        .bind(self.session)
        .bind(self.place)
        .bind(self.user)
        .execute(&mut **transaction)
        .await?;
        Ok(match changed.rows_affected() {
            0 => Answered::NoMoreChanges,
            _ => Answered::Changed,
        })
    }

    /// Why the answer can't be taken, if it can't.
    async fn refused(
        &self,
        transaction: &mut Transaction<'static, Any>,
    ) -> Result<Option<Answered>, StoreError> {
        let row = sqlx::query(
            "SELECT s.course, q.phase, q.closes_ms, q.content,
                    (SELECT count(*) FROM quiz_members m
                     WHERE m.session_id = s.id AND m.user_id = $4) AS members
             FROM quiz_sessions s JOIN quiz_questions q ON q.session_id = s.id
             WHERE s.id = $1 AND s.server_id = $2 AND q.place = $3",
        )
        .bind(self.session)
        .bind(self.server)
        .bind(self.place)
        .bind(self.user)
        .fetch_optional(&mut **transaction)
        .await?;
        let Some(row) = row else {
            return Ok(Some(Answered::Unknown));
        };
        let course = Course::of(&row.try_get::<String, _>("course")?);
        let phase = Phase::of(&row.try_get::<String, _>("phase")?);
        let closes: Option<i64> = row.try_get("closes_ms")?;
        let refused = match (course, phase) {
            (Course::Ended, _) => Some(Answered::Ended),
            (_, Phase::Waiting | Phase::Revealed | Phase::Skipped) => Some(Answered::Closed),
            (Course::Paused, Phase::Open) => Some(Answered::Paused),
            (Course::Running, Phase::Open) if closes.is_some_and(|closes| closes <= self.now) => {
                Some(Answered::Closed)
            }
            (Course::Running, Phase::Open) if row.try_get::<i64, _>("members")? == 0 => {
                Some(Answered::NotMember)
            }
            (Course::Running, Phase::Open) => None,
        };
        if refused.is_some() {
            return Ok(refused);
        }
        let item: Item = serde_json::from_str(&row.try_get::<String, _>("content")?)?;
        Ok(self.answer.check(&item.task).err().map(Answered::Fault))
    }

    async fn insert(&self, transaction: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.session)
        .bind(self.place)
        .bind(self.user)
        .bind(serde_json::to_string(self.answer)?)
        .bind(self.now)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}
