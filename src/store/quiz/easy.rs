//! A student's own word on a right answer in practice: that it was easy. The card is then calculated
//! anew from all of its answers, so that it stands as if that had been known at once.

use sqlx::Row as _;

use super::ItemId;
use super::practice::write_card;
use crate::quiz::{Card, Rating};
use crate::store::{Store, StoreError};

impl Store {
    /// Notes that the student found their last answer to a question easy. `seen` is how often they
    /// had answered it by then. The card after it; `None` where that answer isn't the last one, was
    /// not right, was called easy before, or isn't of this server.
    ///
    /// # Errors
    /// What the database reports; nothing is changed then.
    pub async fn call_quiz_answer_easy(
        &self,
        (user, server, item): (u64, u64, ItemId),
        seen: i64,
    ) -> Result<Option<Card>, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        // The card's row is taken before its answers are read: who comes second waits here.
        let taken = sqlx::query(
            "UPDATE quiz_cards SET answers = answers
             WHERE user_id = $1 AND item_id = $2 AND answers = $3 AND EXISTS (
                 SELECT 1 FROM quiz_items i WHERE i.id = $2 AND i.server_id = $4)",
        )
        .bind(user as i64)
        .bind(item.0)
        .bind(seen)
        .bind(server as i64)
        .execute(&mut *transaction)
        .await?;
        let rows = sqlx::query(
            "SELECT id, rating, answered_ms FROM quiz_reviews
             WHERE user_id = $1 AND item_id = $2 ORDER BY id",
        )
        .bind(user as i64)
        .bind(item.0)
        .fetch_all(&mut *transaction)
        .await?;
        let mut answers = Vec::with_capacity(rows.len());
        for row in &rows {
            let rating = Rating::of_number(row.try_get("rating")?).unwrap_or(Rating::Good);
            answers.push((rating, row.try_get::<i64, _>("answered_ms")?));
        }
        let last = match rows.last() {
            Some(row) if taken.rows_affected() == 1 => Some(row.try_get::<i64, _>("id")?),
            _ => None,
        };
        let Some((last, card)) = last.zip(made_easy(&answers)) else {
            transaction.rollback().await?;
            return Ok(None);
        };
        sqlx::query("UPDATE quiz_reviews SET rating = $1 WHERE id = $2")
            .bind(Rating::Easy.number())
            .bind(last)
            .execute(&mut *transaction)
            .await?;
        write_card(&mut transaction, (user, item), &card).await?;
        transaction.commit().await?;
        Ok(Some(card))
    }
}

/// The card after these answers, the last of which was easy; `None` unless it was right before.
fn made_easy(answers: &[(Rating, i64)]) -> Option<Card> {
    let (last, before) = answers.split_last()?;
    let (Rating::Good, at) = *last else {
        return None;
    };
    let (_, begun) = *answers.first()?;
    let card = before.iter().fold(Card::new(begun), |card, (rating, at)| {
        card.answered(*rating, *at)
    });
    Some(card.answered(Rating::Easy, at))
}
