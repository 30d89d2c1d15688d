//! The answers of sessions as the analysis takes them: by question, with numbers in place of
//! people.

use std::collections::HashMap;

use sqlx::Row as _;

use super::SessionId;
use super::answers::from_thousandths;
use crate::quiz::{Asked, Response};
use crate::store::{Store, StoreError};

impl Store {
    /// The questions that were revealed in a server, with all answers: of one session, in its
    /// order, or of all. A question that was asked in several sessions counts each person's first
    /// answer; one that was edited in between counts as two.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_results(
        &self,
        server: u64,
        session: Option<SessionId>,
    ) -> Result<Vec<Asked>, StoreError> {
        let rows = sqlx::query(
            "SELECT q.item_id, q.content, a.user_id, a.answer, a.mark
             FROM quiz_questions q JOIN quiz_sessions s ON s.id = q.session_id
             LEFT JOIN quiz_answers a ON a.session_id = q.session_id AND a.place = q.place
             WHERE s.server_id = $1 AND (s.id = $2 OR $3 = 1) AND q.phase = 'revealed'
             ORDER BY q.session_id, q.place, a.answered_ms, a.user_id",
        )
        .bind(server as i64)
        .bind(session.map_or(0, |session| session.0))
        .bind(i64::from(session.is_none()))
        .fetch_all(&self.pool)
        .await?;
        let mut results = Results::default();
        for row in &rows {
            let question = results.question(row.try_get("item_id")?, row.try_get("content")?)?;
            let user: Option<i64> = row.try_get("user_id")?;
            if let Some(user) = user {
                let answer: String = row.try_get("answer")?;
                let mark: Option<i64> = row.try_get("mark")?;
                results.add(question, user, &answer, mark.map(from_thousandths))?;
            }
        }
        Ok(results.asked)
    }
}

/// Questions and people met so far.
#[derive(Default)]
struct Results {
    asked: Vec<Asked>,
    questions: HashMap<(i64, String), usize>,
    people: HashMap<i64, usize>,
}

impl Results {
    /// The place of a question, which may be new.
    fn question(&mut self, id: i64, content: String) -> Result<usize, StoreError> {
        if let Some(place) = self.questions.get(&(id, content.clone())) {
            return Ok(*place);
        }
        self.asked.push(Asked {
            id,
            item: serde_json::from_str(&content)?,
            responses: Vec::new(),
        });
        let place = self.asked.len() - 1;
        self.questions.insert((id, content), place);
        Ok(place)
    }

    fn add(
        &mut self,
        question: usize,
        user: i64,
        answer: &str,
        mark: Option<f64>,
    ) -> Result<(), StoreError> {
        let next = self.people.len();
        let person = *self.people.entry(user).or_insert(next);
        let responses = &mut self.asked[question].responses;
        if !responses.iter().any(|response| response.person == person) {
            responses.push(Response {
                person,
                answer: serde_json::from_str(answer)?,
                mark,
            });
        }
        Ok(())
    }
}
