//! The board of a session and what each member missed. Scores are calculated from the answers each
//! time, so that nothing can disagree with them.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::answers::from_thousandths;
use super::{ItemId, SessionId};
use crate::quiz::{Answer, Item, score};
use crate::store::{Store, StoreError};

/// A member's place on the board.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRow {
    /// The member.
    pub user: u64,
    /// Whether they may be named.
    pub is_named: bool,
    /// Their score over the questions that count.
    pub score: f64,
    /// How many of those they answered.
    pub answered: usize,
}

/// A question that a member missed, or did not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed {
    /// Its place, from 0.
    pub place: usize,
    /// Its number in the bank.
    pub item_id: ItemId,
    /// The question as it was asked.
    pub item: Item,
    /// What they answered.
    pub answer: Option<Answer>,
}

impl Store {
    /// The board of a session, the best first, and how many questions count: those that were
    /// revealed. An open answer counts once it has its mark. Equal scores stand in the order of
    /// joining.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_board(&self, id: SessionId) -> Result<(Vec<BoardRow>, usize), StoreError> {
        let questions = self.revealed(id).await?;
        let members = sqlx::query(
            "SELECT user_id, named FROM quiz_members WHERE session_id = $1
             ORDER BY joined_ms, user_id",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        let rows = sqlx::query(
            "SELECT place, user_id, answer, mark FROM quiz_answers WHERE session_id = $1",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        let mut scores: BTreeMap<i64, (f64, usize)> = BTreeMap::new();
        for row in &rows {
            let Some((_, item)) = questions.get(&row.try_get::<i64, _>("place")?) else {
                continue;
            };
            let answer: Answer = serde_json::from_str(&row.try_get::<String, _>("answer")?)?;
            let mark = row.try_get::<Option<i64>, _>("mark")?.map(from_thousandths);
            let of_user = scores.entry(row.try_get("user_id")?).or_default();
            of_user.0 += score(&item.task, &answer).or(mark).unwrap_or_default();
            of_user.1 += 1;
        }
        let mut board = Vec::with_capacity(members.len());
        for row in &members {
            let user: i64 = row.try_get("user_id")?;
            let (score, answered) = scores.get(&user).copied().unwrap_or_default();
            board.push(BoardRow {
                user: user as u64,
                is_named: row.try_get::<i64, _>("named")? != 0,
                score,
                answered,
            });
        }
        board.sort_by(|one, other| other.score.total_cmp(&one.score));
        Ok((board, questions.len()))
    }

    /// What a member missed or did not answer of the questions that were revealed, in their order.
    /// Open answers are not among it.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn missed_quiz_questions(
        &self,
        id: SessionId,
        user: u64,
    ) -> Result<Vec<Missed>, StoreError> {
        let rows = sqlx::query(
            "SELECT place, answer FROM quiz_answers WHERE session_id = $1 AND user_id = $2",
        )
        .bind(id.0)
        .bind(user as i64)
        .fetch_all(&self.pool)
        .await?;
        let mut answers: BTreeMap<i64, Answer> = BTreeMap::new();
        for row in &rows {
            let answer = serde_json::from_str(&row.try_get::<String, _>("answer")?)?;
            answers.insert(row.try_get("place")?, answer);
        }
        let mut missed = Vec::new();
        for (place, (item_id, item)) in self.revealed(id).await? {
            let answer = answers.remove(&place);
            let scored = answer.as_ref().and_then(|answer| score(&item.task, answer));
            let is_right = scored.is_some_and(|score| score >= 1.0);
            if item.task.is_scored_by_key() && !is_right {
                missed.push(Missed {
                    place: usize::try_from(place).unwrap_or_default(),
                    item_id,
                    item,
                    answer,
                });
            }
        }
        Ok(missed)
    }

    /// The questions of a session that were revealed, by their places.
    async fn revealed(&self, id: SessionId) -> Result<BTreeMap<i64, (ItemId, Item)>, StoreError> {
        let rows = sqlx::query(
            "SELECT place, item_id, content FROM quiz_questions
             WHERE session_id = $1 AND phase = 'revealed' ORDER BY place",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let item = serde_json::from_str(&row.try_get::<String, _>("content")?)?;
                Ok((
                    row.try_get("place")?,
                    (ItemId(row.try_get("item_id")?), item),
                ))
            })
            .collect()
    }
}
