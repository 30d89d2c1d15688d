//! What a server has set for quizzes: where drafts are reviewed, and which roles tutors and students
//! have. Without a role Discord's own permissions decide.

use std::time::SystemTime;

use sqlx::Row as _;

use super::acts::NewAct;
use super::person;
use crate::store::{Store, StoreError};

/// A server's settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct QuizSettings {
    /// The channel in which drafts are reviewed.
    pub review_channel: Option<u64>,
    /// The role of tutors.
    pub tutor_role: Option<u64>,
    /// The role of students.
    pub student_role: Option<u64>,
}

impl Store {
    /// What a server has set; nothing if it has set nothing.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_settings(&self, server: u64) -> Result<QuizSettings, StoreError> {
        let row = sqlx::query(
            "SELECT review_channel, tutor_role, student_role FROM quiz_settings
             WHERE server_id = $1",
        )
        .bind(server as i64)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(QuizSettings::default());
        };
        Ok(QuizSettings {
            review_channel: person(row.try_get("review_channel")?),
            tutor_role: person(row.try_get("tutor_role")?),
            student_role: person(row.try_get("student_role")?),
        })
    }

    /// Puts other settings in place of a server's.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn set_quiz_settings(
        &self,
        server: u64,
        settings: &QuizSettings,
        by: u64,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_quiz().await?;
        sqlx::query(
            "INSERT INTO quiz_settings (server_id, review_channel, tutor_role, student_role)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (server_id) DO UPDATE
             SET review_channel = excluded.review_channel, tutor_role = excluded.tutor_role,
                 student_role = excluded.student_role",
        )
        .bind(server as i64)
        .bind(settings.review_channel.map(|id| id as i64))
        .bind(settings.tutor_role.map(|id| id as i64))
        .bind(settings.student_role.map(|id| id as i64))
        .execute(&mut *transaction)
        .await?;
        let act = NewAct {
            server,
            actor: by,
            act: "settings",
            item: None,
            session: None,
            details: "",
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}
