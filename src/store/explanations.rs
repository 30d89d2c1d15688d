//! Explanations that people asked for, so that the buttons under them work after a restart, and what
//! people thought of them, for tutors. Kept for a bounded time; no picture is.

use std::fmt;
use std::time::SystemTime;

use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row as _};

use super::searches::{oldest_kept, seconds};
use super::{Store, StoreError};
use crate::atlas::EntryId;
use crate::explain::{Answer, Cited, Concept, Conversation, Kind};

/// Name of a stored explanation: 16 letters and digits that can't be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExplanationId(String);

impl ExplanationId {
    /// Takes a name as it came back from a button. `None` if it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }
}

impl fmt::Display for ExplanationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An explanation that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredExplanation {
    /// Who asked.
    pub user: u64,
    /// The server; 0 in a direct message.
    pub server: u64,
    /// The channel.
    pub channel: u64,
    /// The last turns; the last of them is this explanation's.
    pub conversation: Conversation,
    /// What kind of answer it is.
    pub kind: Kind,
    /// What was shown.
    pub sentences: Vec<Cited>,
    /// The entry behind each number that is cited.
    pub sources: Vec<(usize, EntryId)>,
    /// The concepts that the picture scores on which somebody brought; none for anything else.
    pub concepts: Vec<Concept>,
}

/// What people thought of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Its name.
    pub id: ExplanationId,
    /// The explanation.
    pub explanation: StoredExplanation,
    /// How many found it helpful.
    pub helpful: u64,
    /// How many didn't.
    pub unhelpful: u64,
    /// When it was asked for, in seconds since 1970.
    pub created_at: i64,
}

impl StoredExplanation {
    /// An answer as it is stored, without captions and pictures.
    pub fn new(
        (user, server, channel): (u64, u64, u64),
        conversation: Conversation,
        answer: &Answer,
        concepts: Vec<Concept>,
    ) -> Self {
        let sources = answer.sources.iter();
        let sources = sources.map(|listed| (listed.number, listed.entry.id.clone()));
        Self {
            user,
            server,
            channel,
            conversation,
            kind: answer.kind,
            sentences: answer.sentences.clone(),
            sources: sources.collect(),
            concepts,
        }
    }

    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let json = |column: &str| row.try_get::<String, _>(column);
        Ok(Self {
            user: row.try_get::<i64, _>("user_id")? as u64,
            server: row.try_get::<i64, _>("server_id")? as u64,
            channel: row.try_get::<i64, _>("channel_id")? as u64,
            conversation: serde_json::from_str(&json("conversation")?)?,
            kind: serde_json::from_str(&json("kind")?)?,
            sentences: serde_json::from_str(&json("sentences")?)?,
            sources: serde_json::from_str(&json("sources")?)?,
            concepts: serde_json::from_str(&json("concepts")?)?,
        })
    }
}

impl Store {
    /// Stores an explanation and returns its name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn remember_explanation(
        &self,
        explanation: &StoredExplanation,
    ) -> Result<ExplanationId, StoreError> {
        let id = ExplanationId::random();
        sqlx::query(
            "INSERT INTO explanations
                 (id, user_id, server_id, channel_id, conversation, kind, sentences, sources,
                  concepts, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(id.to_string())
        .bind(explanation.user as i64)
        .bind(explanation.server as i64)
        .bind(explanation.channel as i64)
        .bind(serde_json::to_string(&explanation.conversation)?)
        .bind(serde_json::to_string(&explanation.kind)?)
        .bind(serde_json::to_string(&explanation.sentences)?)
        .bind(serde_json::to_string(&explanation.sources)?)
        .bind(serde_json::to_string(&explanation.concepts)?)
        .bind(seconds(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(id)
    }

    /// A stored explanation, or `None` if it was deleted or is too old.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn explanation(
        &self,
        id: &ExplanationId,
    ) -> Result<Option<StoredExplanation>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id, server_id, channel_id, conversation, kind, sentences, sources,
                    concepts
             FROM explanations
             WHERE id = $1 AND created_at >= $2",
        )
        .bind(id.0.as_str())
        .bind(oldest_kept(SystemTime::now()))
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(StoredExplanation::read).transpose()
    }

    /// Notes whether a person found an explanation helpful, in place of what they said before.
    ///
    /// # Errors
    /// What the database reports; also that there is no such explanation.
    pub async fn vote(
        &self,
        id: &ExplanationId,
        user: u64,
        is_helpful: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO explanation_votes (explanation_id, user_id, is_helpful)
             VALUES ($1, $2, $3)
             ON CONFLICT (explanation_id, user_id) DO UPDATE
             SET is_helpful = excluded.is_helpful",
        )
        .bind(id.0.as_str())
        .bind(user as i64)
        .bind(i64::from(is_helpful))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The explanations of a server that somebody voted on, those first that helped least, then the
    /// newest; at most `most`.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn feedback(&self, server: u64, most: u32) -> Result<Vec<Feedback>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, user_id, server_id, channel_id, conversation, kind, sentences, sources,
                    concepts, created_at, helpful, unhelpful
             FROM (SELECT explanations.*,
                       (SELECT count(*) FROM explanation_votes
                        WHERE explanation_id = explanations.id AND is_helpful = 1) AS helpful,
                       (SELECT count(*) FROM explanation_votes
                        WHERE explanation_id = explanations.id AND is_helpful = 0) AS unhelpful
                   FROM explanations
                   WHERE server_id = $1 AND created_at >= $2) AS counted
             WHERE helpful + unhelpful > 0
             ORDER BY unhelpful - helpful DESC, created_at DESC, id
             LIMIT $3",
        )
        .bind(server as i64)
        .bind(oldest_kept(SystemTime::now()))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(feedback).collect()
    }

    /// Deletes explanations that are no longer kept, with their votes; returns how many went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_old_explanations(&self, now: SystemTime) -> Result<u64, StoreError> {
        let deleted = sqlx::query("DELETE FROM explanations WHERE created_at < $1")
            .bind(oldest_kept(now))
            .execute(&self.writer);
        Ok(deleted.await?.rows_affected())
    }
}

fn feedback(row: &AnyRow) -> Result<Feedback, StoreError> {
    let count = |column: &str| row.try_get::<i64, _>(column);
    Ok(Feedback {
        id: ExplanationId(row.try_get("id")?),
        explanation: StoredExplanation::read(row)?,
        helpful: u64::try_from(count("helpful")?).unwrap_or(0),
        unhelpful: u64::try_from(count("unhelpful")?).unwrap_or(0),
        created_at: row.try_get("created_at")?,
    })
}

/// A person's votes, and their explanations with everybody's votes on them.
pub(super) async fn delete_of_user(pool: &AnyPool, user: u64) -> Result<u64, StoreError> {
    let votes = sqlx::query("DELETE FROM explanation_votes WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool)
        .await?;
    let explanations = sqlx::query("DELETE FROM explanations WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool)
        .await?;
    Ok(votes.rows_affected() + explanations.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::searches::KEPT_DAYS;
    use super::*;
    use crate::explain::{About, Level, Style, Turn, WordedBy};

    fn explanation(user: u64, words: &str) -> StoredExplanation {
        let mut conversation = Conversation::default();
        conversation.add(Turn {
            about: About::Topic {
                words: words.to_owned(),
            },
            question: Some("Where\0 is it?".to_owned()),
            level: Level::Lay,
            style: Style::Report,
            cited: vec![EntryId::new("t", "a")],
        });
        StoredExplanation {
            user,
            server: u64::MAX,
            channel: 9,
            conversation,
            kind: Kind::Answered,
            sentences: vec![Cited {
                text: "The pons bulges.".to_owned(),
                sources: vec![1],
                section: None,
                worded_by: WordedBy::Source,
            }],
            sources: vec![(1, EntryId::new("t", "a"))],
            concepts: Vec::new(),
        }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened");
        (folder, store)
    }

    async fn stored(store: &Store, user: u64, words: &str) -> ExplanationId {
        let made = explanation(user, words);
        store.remember_explanation(&made).await.expect("stored")
    }

    #[tokio::test]
    async fn an_explanation_comes_back_after_a_restart() {
        let (folder, store) = store().await;
        let made = explanation(u64::MAX, "صورة '; DROP TABLE explanations; -- \0");
        let id = store.remember_explanation(&made).await.expect("stored");
        store.close().await;
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened again");
        let id = ExplanationId::parse(&id.to_string()).expect("a name survives a button");
        assert_eq!(store.explanation(&id).await.expect("read"), Some(made));
    }

    #[tokio::test]
    async fn a_person_has_one_vote_and_what_helped_least_comes_first() {
        let (_folder, store) = store().await;
        let good = stored(&store, 1, "good").await;
        let bad = stored(&store, 1, "bad").await;
        stored(&store, 1, "without a vote").await;
        for (id, user, is_helpful) in [
            (&good, 1, false),
            (&good, 1, true),
            (&good, 2, true),
            (&bad, 2, false),
        ] {
            store.vote(id, user, is_helpful).await.expect("noted");
        }
        let told = store.feedback(u64::MAX, 10).await.expect("read");
        let counts: Vec<_> = told
            .iter()
            .map(|one| (&one.id, one.helpful, one.unhelpful))
            .collect();
        assert_eq!(counts, [(&bad, 0, 1), (&good, 2, 0)]);
        assert_eq!(told[0].explanation, explanation(1, "bad"));
        assert_eq!(store.feedback(u64::MAX, 1).await.expect("read").len(), 1);
        assert!(store.feedback(7, 10).await.expect("read").is_empty());
        let none = ExplanationId::random();
        assert!(store.vote(&none, 1, true).await.is_err());
    }

    #[tokio::test]
    async fn a_person_can_have_explanations_and_votes_deleted() {
        let (_folder, store) = store().await;
        let mine = stored(&store, 1, "mine").await;
        let other = stored(&store, 2, "other").await;
        for (id, user) in [(&mine, 1), (&mine, 2), (&other, 1), (&other, 2)] {
            store.vote(id, user, false).await.expect("noted");
        }
        let deleted = store.delete_user(1).await.expect("deleted");
        assert_eq!(deleted, 3, "an explanation and two votes");
        assert_eq!(store.explanation(&mine).await.expect("read"), None);
        let left = store.feedback(u64::MAX, 10).await.expect("read");
        assert_eq!(left.len(), 1);
        assert_eq!((&left[0].id, left[0].unhelpful), (&other, 1));
    }

    #[tokio::test]
    async fn what_is_old_is_forgotten_with_its_votes() {
        let (_folder, store) = store().await;
        let id = stored(&store, 1, "old").await;
        store.vote(&id, 2, true).await.expect("noted");
        let now = SystemTime::now();
        let forgotten = |at| store.forget_old_explanations(at);
        assert_eq!(forgotten(now).await.expect("none is old"), 0);
        let later = now + Duration::from_secs((KEPT_DAYS + 1) * 24 * 60 * 60);
        assert_eq!(forgotten(later).await.expect("one is old"), 1);
        assert_eq!(store.delete_user(2).await.expect("the vote is gone"), 0);
    }

    #[test]
    fn only_names_are_parsed() {
        for text in ["", "short", "0123456789abcdef0", "0123456789abcde'"] {
            assert_eq!(ExplanationId::parse(text), None, "{text}");
        }
    }
}
