//! The audit: what tutors did, when. It is written in the transaction of the act itself, and the
//! database lets nobody change or delete it.

use std::time::SystemTime;

use sqlx::{Any, Row as _, Transaction};

use super::{ItemId, SessionId, person, storable};
use crate::store::{Store, StoreError, milliseconds};

/// Longest details that are kept, in characters.
const LONGEST_DETAILS: usize = 300;

/// Something that a tutor did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Act {
    /// Who did it; `None` for somebody who had their data deleted.
    pub actor: Option<u64>,
    /// What was done.
    pub act: String,
    /// With which question.
    pub item: Option<i64>,
    /// In which session.
    pub session: Option<i64>,
    /// A few words on it.
    pub details: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// An act that is about to be written.
pub(super) struct NewAct<'a> {
    pub(super) server: u64,
    pub(super) actor: u64,
    pub(super) act: &'a str,
    pub(super) item: Option<ItemId>,
    pub(super) session: Option<SessionId>,
    pub(super) details: &'a str,
    pub(super) now: SystemTime,
}

impl NewAct<'_> {
    pub(super) async fn write(
        self,
        transaction: &mut Transaction<'static, Any>,
    ) -> Result<(), StoreError> {
        let details: String = storable(self.details)
            .chars()
            .take(LONGEST_DETAILS)
            .collect();
        sqlx::query(
            "INSERT INTO quiz_acts (server_id, actor, act, item_id, session_id, details, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.server as i64)
        .bind(self.actor as i64)
        .bind(self.act)
        .bind(self.item.map(|item| item.0))
        .bind(self.session.map(|session| session.0))
        .bind(details)
        .bind(milliseconds(self.now))
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// The latest acts in a server, the latest first; of one question alone if it is named.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_acts(
        &self,
        server: u64,
        item: Option<ItemId>,
        limit: u32,
    ) -> Result<Vec<Act>, StoreError> {
        let rows = sqlx::query(
            "SELECT actor, act, item_id, session_id, details, at_ms FROM quiz_acts
             WHERE server_id = $1 AND (item_id = $2 OR $3 = 1)
             ORDER BY id DESC LIMIT $4",
        )
        .bind(server as i64)
        .bind(item.map_or(0, |item| item.0))
        .bind(i64::from(item.is_none()))
        .bind(i64::from(limit))
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
}
