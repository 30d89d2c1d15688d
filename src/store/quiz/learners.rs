//! All that is stored of a person in quizzes: its export, and its deletion.

use sqlx::Row as _;

use super::{Act, person};
use crate::store::{Store, StoreError};

/// An answer of a person in a session.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct UserAnswer {
    /// The session's number and title.
    pub session: i64,
    /// What it is called.
    pub title: String,
    /// The question's place, from 0.
    pub place: i64,
    /// The answer.
    pub answer: serde_json::Value,
    /// Whether it was changed.
    pub changed: bool,
    /// The tutor's mark of an open answer, in thousandths.
    pub mark: Option<i64>,
    /// When, in milliseconds since 1970.
    pub answered_ms: i64,
}

/// An answer of a person in practice.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct UserReview {
    /// The question's number.
    pub item: i64,
    /// The answer.
    pub answer: serde_json::Value,
    /// Its score, in thousandths.
    pub score: i64,
    /// When, in milliseconds since 1970.
    pub answered_ms: i64,
}

/// All that is stored of a person in quizzes.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct QuizData {
    /// Sessions they take part in.
    pub sessions: Vec<i64>,
    /// Their answers there.
    pub answers: Vec<UserAnswer>,
    /// Their answers in practice.
    pub practice: Vec<UserReview>,
    /// How many questions they have cards of.
    pub cards: i64,
    /// Whether they want to see their streak.
    pub streak: bool,
    /// Numbers of the questions that they made or drafted.
    pub made: Vec<i64>,
    /// What they did as a tutor.
    pub acts: Vec<Act>,
}

impl Store {
    /// All that is stored of a person in quizzes.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_data_of_user(&self, user: u64) -> Result<QuizData, StoreError> {
        let user = user as i64;
        let cards = sqlx::query(
            "SELECT (SELECT count(*) FROM quiz_cards WHERE user_id = $1),
                    (SELECT count(*) FROM quiz_learners WHERE user_id = $1 AND streak = 1)",
        )
        .bind(user)
        .fetch_one(&self.pool)
        .await?;
        Ok(QuizData {
            sessions: self
                .numbers(
                    "SELECT session_id FROM quiz_members WHERE user_id = $1 ORDER BY session_id",
                    user,
                )
                .await?,
            answers: self.answers_of_user(user).await?,
            practice: self.reviews_of_user(user).await?,
            cards: cards.try_get(0)?,
            streak: cards.try_get::<i64, _>(1)? != 0,
            made: self
                .numbers(
                    "SELECT id FROM quiz_items WHERE made_by = $1 ORDER BY id",
                    user,
                )
                .await?,
            acts: self.acts_of_user(user).await?,
        })
    }

    async fn numbers(&self, query: &'static str, user: i64) -> Result<Vec<i64>, StoreError> {
        let rows = sqlx::query(query).bind(user).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn answers_of_user(&self, user: i64) -> Result<Vec<UserAnswer>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.session_id, s.title, a.place, a.answer, a.changes, a.mark, a.answered_ms
             FROM quiz_answers a JOIN quiz_sessions s ON s.id = a.session_id
             WHERE a.user_id = $1 ORDER BY a.answered_ms",
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(UserAnswer {
                    session: row.try_get("session_id")?,
                    title: row.try_get("title")?,
                    place: row.try_get("place")?,
                    answer: serde_json::from_str(&row.try_get::<String, _>("answer")?)?,
                    changed: row.try_get::<i64, _>("changes")? != 0,
                    mark: row.try_get("mark")?,
                    answered_ms: row.try_get("answered_ms")?,
                })
            })
            .collect()
    }

    async fn reviews_of_user(&self, user: i64) -> Result<Vec<UserReview>, StoreError> {
        let rows = sqlx::query(
            "SELECT item_id, answer, score, answered_ms FROM quiz_reviews
             WHERE user_id = $1 ORDER BY id",
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(UserReview {
                    item: row.try_get("item_id")?,
                    answer: serde_json::from_str(&row.try_get::<String, _>("answer")?)?,
                    score: row.try_get("score")?,
                    answered_ms: row.try_get("answered_ms")?,
                })
            })
            .collect()
    }

    async fn acts_of_user(&self, user: i64) -> Result<Vec<Act>, StoreError> {
        let rows = sqlx::query(
            "SELECT actor, act, item_id, session_id, details, at_ms FROM quiz_acts
             WHERE actor = $1 ORDER BY id",
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Act {
                    actor: person(row.try_get("actor")?),
                    act: row.try_get("act")?,
                    item: row.try_get("item_id")?,
                    session: row.try_get("session_id")?,
                    details: row.try_get("details")?,
                    at_ms: row.try_get("at_ms")?,
                })
            })
            .collect()
    }

    /// Deletes a person's answers, memberships and cards, and takes their name from what they made
    /// and did for a server, which stays the server's. Returns how many records that were.
    pub(in crate::store) async fn delete_quiz_of_user(&self, user: u64) -> Result<u64, StoreError> {
        const STATEMENTS: [&str; 11] = [
            "DELETE FROM quiz_answers WHERE user_id = $1",
            "DELETE FROM quiz_members WHERE user_id = $1",
            "DELETE FROM quiz_reviews WHERE user_id = $1",
            "DELETE FROM quiz_cards WHERE user_id = $1",
            "DELETE FROM quiz_learners WHERE user_id = $1",
            "UPDATE quiz_answers SET marked_by = NULL WHERE marked_by = $1",
            "UPDATE quiz_items SET made_by = NULL WHERE made_by = $1",
            "UPDATE quiz_items SET decided_by = NULL WHERE decided_by = $1",
            "UPDATE quiz_sets SET made_by = NULL WHERE made_by = $1",
            "UPDATE quiz_sessions SET started_by = NULL WHERE started_by = $1",
            "UPDATE quiz_acts SET actor = NULL WHERE actor = $1",
        ];
        let mut transaction = self.begin_quiz().await?;
        let mut records = 0;
        for statement in STATEMENTS {
            let done = sqlx::query(statement)
                .bind(user as i64)
                .execute(&mut *transaction)
                .await?;
            records += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(records)
    }
}
