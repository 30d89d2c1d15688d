//! Reports of synthetic pictures: who found one wrong or harmful, and why, for whoever runs Mirage.

use std::time::SystemTime;

use sqlx::{AnyPool, Row as _};

use super::super::searches::{oldest_kept, seconds};
use super::{PictureId, storable};
use crate::store::{Store, StoreError};

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 1_000;

/// A picture that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The picture.
    pub id: PictureId,
    /// Name and version of the model that made it.
    pub model: String,
    /// The reasons as they were typed, oldest first; one a person, some of them empty.
    pub reasons: Vec<String>,
}

impl Store {
    /// Notes that a person reports a picture; a second report of theirs takes the first one's
    /// place. `false` if the picture is no longer kept.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn report_picture(
        &self,
        id: &PictureId,
        user: u64,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let reason = storable(reason);
        let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
        let noted = sqlx::query(
            "INSERT INTO picture_reports (picture_id, user_id, reason, created_at)
             SELECT id, $2, $3, $4 FROM pictures WHERE id = $1 AND created_at >= $5
             ON CONFLICT (picture_id, user_id) DO UPDATE
             SET reason = excluded.reason, created_at = excluded.created_at",
        )
        .bind(id.0.as_str())
        .bind(user as i64)
        .bind(reason)
        .bind(seconds(SystemTime::now()))
        .bind(oldest_kept(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(noted.rows_affected() == 1)
    }

    /// The pictures that were reported, those with the newest report first, `most` at most.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn reported_pictures(&self, most: usize) -> Result<Vec<Reported>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.picture_id, p.model, r.reason
             FROM picture_reports r JOIN pictures p ON p.id = r.picture_id
             ORDER BY (SELECT max(o.created_at) FROM picture_reports o
                       WHERE o.picture_id = r.picture_id) DESC,
                      r.picture_id, r.created_at, r.user_id",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut reported: Vec<Reported> = Vec::new();
        for row in rows {
            let id = PictureId(row.try_get("picture_id")?);
            let reason = row.try_get("reason")?;
            match reported.last_mut() {
                Some(last) if last.id == id => last.reasons.push(reason),
                _ => reported.push(Reported {
                    id,
                    model: row
                        .try_get::<Option<String>, _>("model")?
                        .unwrap_or_default(),
                    reasons: vec![reason],
                }),
            }
        }
        reported.truncate(most);
        Ok(reported)
    }
}

/// Deletes what a person reported.
pub(super) async fn delete_of_user(pool: &AnyPool, user: u64) -> Result<u64, StoreError> {
    let deleted = sqlx::query("DELETE FROM picture_reports WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool);
    Ok(deleted.await?.rows_affected())
}
