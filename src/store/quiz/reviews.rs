//! Drafts on their way to the channel in which a server reviews them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sqlx::{AssertSqlSafe, Row as _};

use super::acts::NewAct;
use super::bank::Decided;
use super::{ITEM_COLUMNS, ItemId, StoredItem};
use crate::store::{Store, StoreError};

impl Store {
    /// The draft whose turn it is to be posted, for each channel in which fewer than `at_once` wait
    /// for a decision: the oldest of the server that has no message yet.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_review_queue(
        &self,
        at_once: u32,
    ) -> Result<Vec<(u64, StoredItem)>, StoreError> {
        let servers = sqlx::query(
            "SELECT s.server_id, s.review_channel FROM quiz_settings s
             WHERE s.review_channel IS NOT NULL AND $1 > (
                 SELECT count(*) FROM quiz_items w
                 WHERE w.server_id = s.server_id AND w.state = 'draft'
                   AND w.review_channel = s.review_channel)
             ORDER BY s.server_id",
        )
        .bind(i64::from(at_once))
        .fetch_all(&self.pool)
        .await?;
        let mut queue = BTreeMap::new();
        for server in &servers {
            let channel: i64 = server.try_get("review_channel")?;
            let row = sqlx::query(AssertSqlSafe(format!(
                "SELECT {ITEM_COLUMNS} FROM quiz_items
                 WHERE server_id = $1 AND state = 'draft' AND review_message IS NULL
                 ORDER BY id LIMIT 1"
            )))
            .bind(server.try_get::<i64, _>("server_id")?)
            .fetch_optional(&self.pool)
            .await?;
            if let Some(row) = row {
                queue.entry(channel as u64).or_insert(StoredItem::of(&row)?);
            }
        }
        Ok(queue.into_iter().collect())
    }

    /// Notes the message under which a draft is reviewed.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn note_quiz_review(
        &self,
        id: ItemId,
        channel: u64,
        message: u64,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE quiz_items SET review_channel = $1, review_message = $2 WHERE id = $3")
            .bind(channel as i64)
            .bind(message as i64)
            .bind(id.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Lets a draft in the revision `seen` be posted once more: its message may be gone, or stand in
    /// a channel of earlier. Its revision grows, so that it is another message.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn repost_quiz_item(
        &self,
        (server, id, seen): (u64, ItemId, i64),
        by: u64,
        now: SystemTime,
    ) -> Result<Decided, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let row = sqlx::query(AssertSqlSafe(format!(
            "UPDATE quiz_items
             SET review_channel = NULL, review_message = NULL, revision = revision + 1
             WHERE id = $1 AND server_id = $2 AND revision = $3 AND state = 'draft'
             RETURNING {ITEM_COLUMNS}"
        )))
        .bind(id.0)
        .bind(server as i64)
        .bind(seen)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            let stands = self.quiz_item(server, id).await?;
            return Ok(stands.map_or(Decided::Unknown, |item| Decided::Taken(Box::new(item))));
        };
        let item = StoredItem::of(&row)?;
        let act = NewAct {
            server,
            actor: by,
            act: "post again",
            item: Some(id),
            session: None,
            details: "",
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Decided::Done(Box::new(item)))
    }

    /// Notes that a draft's message is gone: it is posted again in its turn.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn lose_quiz_review(&self, id: ItemId, message: u64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE quiz_items SET review_channel = NULL, review_message = NULL
             WHERE id = $1 AND review_message = $2 AND state = 'draft'",
        )
        .bind(id.0)
        .bind(message as i64)
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
