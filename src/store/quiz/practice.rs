//! What a student practises alone: questions that are due, new ones, and each answer with what it
//! does to the card. When a card comes back is told by [`crate::quiz::Card`].

use std::time::SystemTime;

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::answers::thousandths;
use super::{ItemId, SessionId, storable};
use crate::quiz::{Answer, AnswerFault, Card, Item, Memory, Rating, score, streak};
use crate::store::{Store, StoreError, milliseconds};

/// Answers that a streak is counted from.
const STREAK_ANSWERS: i64 = 20_000;

/// A question with its card.
#[derive(Debug, Clone, PartialEq)]
pub struct PracticeCard {
    /// Its number in the bank.
    pub item_id: ItemId,
    /// The question.
    pub item: Item,
    /// The student's card; a new one if they have not met the question.
    pub card: Card,
}

/// What became of an answer in practice.
#[derive(Debug, Clone, PartialEq)]
pub enum Practised {
    /// It is stored: its score from 0 to 1, and the card after it.
    Done(f64, Card),
    /// The question was answered since it was shown; that answer counts.
    Before,
    /// It can't be an answer to the question.
    Fault(AnswerFault),
    /// The question may not be practised: it isn't approved in this server, or is marked by hand.
    Unknown,
}

/// What may be practised: approved questions of a server that are scored by their key.
const MAY: &str = "i.server_id = $2 AND i.state = 'approved' AND i.kind <> 'open_answer'";

/// What [`practice_card`] reads.
const CARD: &str = "i.id, i.content, c.stability, c.difficulty, c.last_ms, c.due_ms, c.answers, \
    c.missed";

/// The same of any question, met or not.
const ONE_CARD: &str = "SELECT i.id, i.content, c.stability, c.difficulty, c.last_ms, c.due_ms, \
    c.answers, c.missed
    FROM quiz_items i LEFT JOIN quiz_cards c ON c.item_id = i.id AND c.user_id = $1";

impl Store {
    /// The student's questions that are due in a server, the longest due first.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn due_quiz_cards(
        &self,
        user: u64,
        server: u64,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<PracticeCard>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {CARD} FROM quiz_cards c JOIN quiz_items i ON i.id = c.item_id
             WHERE c.user_id = $1 AND {MAY} AND c.due_ms <= $3
             ORDER BY c.due_ms, i.id LIMIT $4"
        )))
        .bind(user as i64)
        .bind(server as i64)
        .bind(milliseconds(now))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| practice_card(row, now)).collect()
    }

    /// How many of the student's questions are due in a server, and how many they have not met.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn count_quiz_cards(
        &self,
        user: u64,
        server: u64,
        now: SystemTime,
    ) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT count(CASE WHEN c.due_ms <= $3 THEN 1 END),
                    count(CASE WHEN c.due_ms IS NULL THEN 1 END)
             FROM quiz_items i LEFT JOIN quiz_cards c ON c.item_id = i.id AND c.user_id = $1
             WHERE {MAY}"
        )))
        .bind(user as i64)
        .bind(server as i64)
        .bind(milliseconds(now))
        .fetch_one(&self.pool)
        .await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// Questions of a server that the student has not met, those of these words if some are given,
    /// the oldest first.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn new_quiz_cards(
        &self,
        user: u64,
        server: u64,
        words: &str,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<PracticeCard>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT i.id, i.content, i.words FROM quiz_items i
             LEFT JOIN quiz_cards c ON c.item_id = i.id AND c.user_id = $1
             WHERE {MAY} AND c.item_id IS NULL ORDER BY i.id"
        )))
        .bind(user as i64)
        .bind(server as i64)
        .fetch_all(&self.pool)
        .await?;
        let words = words.to_lowercase();
        let mut found = Vec::new();
        for row in &rows {
            let said: String = row.try_get("words")?;
            if words.split_whitespace().all(|word| said.contains(word)) {
                found.push(PracticeCard {
                    item_id: ItemId(row.try_get("id")?),
                    item: serde_json::from_str(&row.try_get::<String, _>("content")?)?,
                    card: Card::new(milliseconds(now)),
                });
            }
            if found.len() >= limit as usize {
                break;
            }
        }
        Ok(found)
    }

    /// A question that the student may practise, with their card; `None` if they may not.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_card(
        &self,
        user: u64,
        server: u64,
        item: ItemId,
        now: SystemTime,
    ) -> Result<Option<PracticeCard>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "{ONE_CARD} WHERE {MAY} AND i.id = $3"
        )))
        .bind(user as i64)
        .bind(server as i64)
        .bind(item.0)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| practice_card(&row, now)).transpose()
    }

    /// Stores an answer in practice and moves the card. `seen` is how often the student had answered
    /// the question when it was shown: a second press finds it answered.
    ///
    /// # Errors
    /// What the database reports; nothing is stored then.
    pub async fn practise_quiz_item(
        &self,
        (user, server, item): (u64, u64, ItemId),
        seen: i64,
        answer: &Answer,
        now: SystemTime,
    ) -> Result<Practised, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let row = sqlx::query(AssertSqlSafe(format!(
            "{ONE_CARD} WHERE {MAY} AND i.id = $3"
        )))
        .bind(user as i64)
        .bind(server as i64)
        .bind(item.0)
        .fetch_optional(&mut *transaction)
        .await?;
        let known = row.map(|row| practice_card(&row, now)).transpose()?;
        let refused = match &known {
            None => Some(Practised::Unknown),
            Some(known) if known.card.answers != seen => Some(Practised::Before),
            Some(known) => answer.check(&known.item.task).err().map(Practised::Fault),
        };
        let Some(known) = known.filter(|_| refused.is_none()) else {
            transaction.rollback().await?;
            return Ok(refused.unwrap_or(Practised::Unknown));
        };
        let score = score(&known.item.task, answer).unwrap_or_default();
        let rating = Rating::of_score(score);
        let card = known.card.answered(rating, milliseconds(now));
        write_card(&mut transaction, (user, item), &card).await?;
        sqlx::query(
            "INSERT INTO quiz_reviews (user_id, item_id, answer, score, rating, answered_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(user as i64)
        .bind(item.0)
        .bind(storable(&serde_json::to_string(answer)?))
        .bind(thousandths(score))
        .bind(rating.number())
        .bind(milliseconds(now))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Practised::Done(score, card))
    }

    /// Makes what a member missed in a session due at once; returns how many questions that are.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn practise_missed(
        &self,
        id: SessionId,
        user: u64,
        now: SystemTime,
    ) -> Result<usize, StoreError> {
        let missed = self.missed_quiz_questions(id, user).await?;
        let mut transaction = self.begin_quiz().await?;
        for question in &missed {
            sqlx::query(
                "INSERT INTO quiz_cards (user_id, item_id, due_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (user_id, item_id) DO UPDATE SET due_ms =
                     CASE WHEN quiz_cards.due_ms < excluded.due_ms THEN quiz_cards.due_ms
                     ELSE excluded.due_ms END",
            )
            .bind(user as i64)
            .bind(question.item_id.0)
            .bind(milliseconds(now))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(missed.len())
    }

    /// How many days in a row the student has practised; `None` unless they want to see it.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_streak(&self, user: u64, now: SystemTime) -> Result<Option<u32>, StoreError> {
        let wanted = sqlx::query("SELECT 1 FROM quiz_learners WHERE user_id = $1 AND streak = 1")
            .bind(user as i64)
            .fetch_optional(&self.pool)
            .await?;
        if wanted.is_none() {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT answered_ms FROM quiz_reviews WHERE user_id = $1
             ORDER BY answered_ms DESC LIMIT $2",
        )
        .bind(user as i64)
        .bind(STREAK_ANSWERS)
        .fetch_all(&self.pool)
        .await?;
        let times: Result<Vec<i64>, StoreError> =
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect();
        Ok(Some(streak(&times?, milliseconds(now))))
    }

    /// Sets whether a student wants to see how many days in a row they have practised.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn set_quiz_streak(&self, user: u64, is_wanted: bool) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO quiz_learners (user_id, streak) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET streak = excluded.streak",
        )
        .bind(user as i64)
        .bind(i64::from(is_wanted))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

/// A row of [`CARD`]; without a card, a new one.
fn practice_card(row: &AnyRow, now: SystemTime) -> Result<PracticeCard, StoreError> {
    let stability: Option<f64> = row.try_get("stability")?;
    let difficulty: Option<f64> = row.try_get("difficulty")?;
    let memory = stability
        .zip(difficulty)
        .map(|(stability, difficulty)| Memory {
            stability: stability as f32,
            difficulty: difficulty as f32,
        });
    let due: Option<i64> = row.try_get("due_ms")?;
    let answers: Option<i64> = row.try_get("answers")?;
    let missed: Option<i64> = row.try_get("missed")?;
    Ok(PracticeCard {
        item_id: ItemId(row.try_get("id")?),
        item: serde_json::from_str(&row.try_get::<String, _>("content")?)?,
        card: Card {
            memory,
            last_ms: row.try_get("last_ms")?,
            due_ms: due.unwrap_or_else(|| milliseconds(now)),
            answers: answers.unwrap_or_default(),
            missed: missed.unwrap_or_default(),
        },
    })
}

pub(super) async fn write_card(
    transaction: &mut Transaction<'static, Any>,
    (user, item): (u64, ItemId),
    card: &Card,
) -> Result<(), StoreError> {
    let memory = card.memory.unwrap_or(Memory {
        stability: 1.0,
        difficulty: 5.0,
    });
    sqlx::query(
        "INSERT INTO quiz_cards
             (user_id, item_id, stability, difficulty, last_ms, due_ms, answers, missed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (user_id, item_id) DO UPDATE
         SET stability = excluded.stability, difficulty = excluded.difficulty,
             last_ms = excluded.last_ms, due_ms = excluded.due_ms, answers = excluded.answers,
             missed = excluded.missed",
    )
    .bind(user as i64)
    .bind(item.0)
    .bind(f64::from(memory.stability))
    .bind(f64::from(memory.difficulty))
    .bind(card.last_ms)
    .bind(card.due_ms)
    .bind(card.answers)
    .bind(card.missed)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
