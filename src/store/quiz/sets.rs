//! Named sets of questions, in the order in which they are asked.

use std::time::SystemTime;

use sqlx::Row as _;

use super::acts::NewAct;
use super::{ItemId, StoredItem, storable};
use crate::quiz::MOST_QUESTIONS;
use crate::store::{Store, StoreError, milliseconds};

/// Longest name, in characters: a thread is called by it.
const LONGEST_NAME: usize = 80;

/// A set, without its questions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct QuizSet {
    /// Its name.
    pub name: String,
    /// How many questions it has.
    pub count: i64,
    /// How many of them may be asked now.
    pub approved: i64,
}

/// What became of a set that was to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is saved, in place of an earlier one of the name.
    Done,
    /// The name is empty or too long.
    BadName,
    /// It has no questions, or more than a session can have.
    BadCount,
    /// The server's bank doesn't have these, or they are named twice.
    Unknown(Vec<ItemId>),
}

impl Store {
    /// Saves a set.
    ///
    /// # Errors
    /// What the database reports; an earlier set of the name stays then.
    pub async fn save_quiz_set(
        &self,
        server: u64,
        name: &str,
        items: &[ItemId],
        by: u64,
        now: SystemTime,
    ) -> Result<Saved, StoreError> {
        let name = storable(name.trim());
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Ok(Saved::BadName);
        }
        if items.is_empty() || items.len() > MOST_QUESTIONS {
            return Ok(Saved::BadCount);
        }
        let mut transaction = self.begin_quiz().await?;
        let mut unknown = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let row = sqlx::query("SELECT 1 FROM quiz_items WHERE id = $1 AND server_id = $2")
                .bind(item.0)
                .bind(server as i64)
                .fetch_optional(&mut *transaction)
                .await?;
            if row.is_none() || items[..place].contains(item) {
                unknown.push(*item);
            }
        }
        if !unknown.is_empty() {
            transaction.rollback().await?;
            return Ok(Saved::Unknown(unknown));
        }
        let row = sqlx::query(
            "INSERT INTO quiz_sets (server_id, name, key, made_by, made_ms)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (server_id, key) DO UPDATE
             SET name = excluded.name, made_by = excluded.made_by, made_ms = excluded.made_ms
             RETURNING id",
        )
        .bind(server as i64)
        .bind(name.as_str())
        .bind(name.to_lowercase())
        .bind(by as i64)
        .bind(milliseconds(now))
        .fetch_one(&mut *transaction)
        .await?;
        let set: i64 = row.try_get(0)?;
        sqlx::query("DELETE FROM quiz_set_items WHERE set_id = $1")
            .bind(set)
            .execute(&mut *transaction)
            .await?;
        for (place, item) in (0_i64..).zip(items) {
            sqlx::query("INSERT INTO quiz_set_items (set_id, place, item_id) VALUES ($1, $2, $3)")
                .bind(set)
                .bind(place)
                .bind(item.0)
                .execute(&mut *transaction)
                .await?;
        }
        let act = NewAct {
            server,
            actor: by,
            act: "save_set",
            item: None,
            session: None,
            details: &name,
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Saved::Done)
    }

    /// The sets of a server, by name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_sets(&self, server: u64) -> Result<Vec<QuizSet>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.name, count(*) AS items,
                    count(CASE WHEN i.state = 'approved' THEN 1 END) AS approved
             FROM quiz_sets s JOIN quiz_set_items m ON m.set_id = s.id
             JOIN quiz_items i ON i.id = m.item_id
             WHERE s.server_id = $1 GROUP BY s.id, s.name, s.key ORDER BY s.key",
        )
        .bind(server as i64)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(QuizSet {
                    name: row.try_get("name")?,
                    count: row.try_get("items")?,
                    approved: row.try_get("approved")?,
                })
            })
            .collect()
    }

    /// The questions of a set in their order, whatever their state; none if there is no such set.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_set(&self, server: u64, name: &str) -> Result<Vec<StoredItem>, StoreError> {
        let rows = sqlx::query(
            "SELECT i.id, i.server_id, i.content, i.state, i.revision, i.made_by, i.made_ms,
                    i.decided_by, i.decided_ms, i.review_channel, i.review_message
             FROM quiz_sets s JOIN quiz_set_items m ON m.set_id = s.id
             JOIN quiz_items i ON i.id = m.item_id
             WHERE s.server_id = $1 AND s.key = $2 ORDER BY m.place",
        )
        .bind(server as i64)
        .bind(storable(name.trim()).to_lowercase())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(StoredItem::of).collect()
    }

    /// Deletes a set; its questions stay in the bank. `false` if there is none of the name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn delete_quiz_set(
        &self,
        server: u64,
        name: &str,
        by: u64,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let key = storable(name.trim()).to_lowercase();
        let deleted = sqlx::query("DELETE FROM quiz_sets WHERE server_id = $1 AND key = $2")
            .bind(server as i64)
            .bind(key.as_str())
            .execute(&mut *transaction)
            .await?;
        if deleted.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let act = NewAct {
            server,
            actor: by,
            act: "delete_set",
            item: None,
            session: None,
            details: &key,
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
