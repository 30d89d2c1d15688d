//! Searches that people made, so that the buttons under an answer work after a restart. Kept for
//! a bounded time; the atlas and its ranking are not stored here.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{AnyPool, Row as _};

use super::{Store, StoreError};
use crate::atlas::{EntryId, Filter, MatchedBy};

/// How long a search is kept, in days.
pub(super) const KEPT_DAYS: u64 = 30;

/// Name of a stored search: 16 letters and digits that can't be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchId(String);

impl SearchId {
    /// Takes a name as it came back from a button. `None` if it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }
}

impl fmt::Display for SearchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchSubject {
    /// Words.
    Query(String),
    /// Entries like this one.
    Like(EntryId),
    /// A picture, which is not kept, and the words beside it.
    Picture(Option<String>),
}

/// A search that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Who made it.
    pub user: u64,
    /// What was searched for.
    pub subject: SearchSubject,
    /// What results must have.
    pub filter: Filter,
    /// The entries that were found, best first, each with the searches that found it; none where
    /// an earlier version stored the search.
    pub results: Vec<(EntryId, MatchedBy)>,
    /// Whether the nearest picture is no nearer than two pictures are by chance.
    pub nothing_close: bool,
    /// Results a page.
    pub page_size: usize,
}

impl Store {
    /// Stores a search and returns its name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn remember_search(&self, search: &Search) -> Result<SearchId, StoreError> {
        let (query, like, by_picture) = match &search.subject {
            SearchSubject::Query(query) => (Some(query.as_str()), None, 0_i64),
            SearchSubject::Like(entry) => (None, Some(entry.as_str()), 0),
            SearchSubject::Picture(words) => (Some(words.as_deref().unwrap_or("")), None, 1),
        };
        // PostgreSQL refuses NUL in a text.
        let query = query.map(|query| query.replace('\0', " "));
        let (results, reasons): (Vec<&EntryId>, Vec<MatchedBy>) = search
            .results
            .iter()
            .map(|(id, matched_by)| (id, *matched_by))
            .unzip();
        let id = SearchId::random();
        sqlx::query(
            "INSERT INTO searches
                 (id, user_id, query, like_entry, by_picture, filter, results, reasons,
                  nothing_close, page_size, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id.to_string())
        .bind(search.user as i64)
        .bind(query)
        .bind(like)
        .bind(by_picture)
        .bind(serde_json::to_string(&search.filter)?)
        .bind(serde_json::to_string(&results)?)
        .bind(serde_json::to_string(&reasons)?)
        .bind(i64::from(search.nothing_close))
        .bind(i64::try_from(search.page_size).unwrap_or(i64::MAX))
        .bind(seconds(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(id)
    }

    /// A stored search, or `None` if it was deleted or is too old.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn search(&self, id: &SearchId) -> Result<Option<Search>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id, query, like_entry, by_picture, filter, results, reasons,
                    nothing_close, page_size
             FROM searches
             WHERE id = $1 AND created_at >= $2",
        )
        .bind(id.0.as_str())
        .bind(oldest_kept(SystemTime::now()))
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let query: Option<String> = row.try_get("query")?;
        let like: Option<String> = row.try_get("like_entry")?;
        let by_picture = row.try_get::<i64, _>("by_picture")? != 0;
        let subject = match (query, like) {
            (words, _) if by_picture => {
                SearchSubject::Picture(words.filter(|words| !words.is_empty()))
            }
            (Some(query), _) => SearchSubject::Query(query),
            (None, like) => SearchSubject::Like(EntryId::from_stored(like.unwrap_or_default())),
        };
        Ok(Some(Search {
            user: row.try_get::<i64, _>("user_id")? as u64,
            subject,
            filter: serde_json::from_str(&row.try_get::<String, _>("filter")?)?,
            results: with_reasons(
                serde_json::from_str(&row.try_get::<String, _>("results")?)?,
                serde_json::from_str(&row.try_get::<String, _>("reasons")?)?,
            ),
            nothing_close: row.try_get::<i64, _>("nothing_close")? != 0,
            page_size: usize::try_from(row.try_get::<i64, _>("page_size")?).unwrap_or(1),
        }))
    }

    /// Deletes searches older than [`KEPT_DAYS`]; returns how many went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_old_searches(&self, now: SystemTime) -> Result<u64, StoreError> {
        let deleted = sqlx::query("DELETE FROM searches WHERE created_at < $1")
            .bind(oldest_kept(now))
            .execute(&self.writer);
        Ok(deleted.await?.rows_affected())
    }
}

/// Each result with its reason, where that is kept.
fn with_reasons(results: Vec<EntryId>, reasons: Vec<MatchedBy>) -> Vec<(EntryId, MatchedBy)> {
    let reasons = reasons
        .into_iter()
        .chain(std::iter::repeat(MatchedBy::default()));
    results.into_iter().zip(reasons).collect()
}

pub(super) async fn delete_of_user(pool: &AnyPool, user: u64) -> Result<u64, StoreError> {
    let deleted = sqlx::query("DELETE FROM searches WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool);
    Ok(deleted.await?.rows_affected())
}

/// When a search that is still kept was made at the earliest.
pub(super) fn oldest_kept(now: SystemTime) -> i64 {
    let kept = Duration::from_secs(KEPT_DAYS * 24 * 60 * 60);
    seconds(now.checked_sub(kept).unwrap_or(UNIX_EPOCH))
}

pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(user: u64) -> Search {
        Search {
            user,
            subject: SearchSubject::Query("صورة '; DROP TABLE searches; --".to_owned()),
            filter: Filter {
                modality: Some("MRI".to_owned()),
                ..Filter::default()
            },
            results: vec![
                (EntryId::new("t", "a"), MatchedBy::WORDS),
                (EntryId::new("t", "b"), MatchedBy::MEANING),
            ],
            nothing_close: false,
            page_size: 5,
        }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened");
        (folder, store)
    }

    #[tokio::test]
    async fn a_search_comes_back_after_a_restart() {
        let (folder, store) = store().await;
        let id = store
            .remember_search(&search(u64::MAX))
            .await
            .expect("stored");
        store.close().await;
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened again");
        let id = SearchId::parse(&id.to_string()).expect("a name survives a button");
        assert_eq!(
            store.search(&id).await.expect("read"),
            Some(search(u64::MAX))
        );
    }

    #[tokio::test]
    async fn of_a_search_by_picture_words_and_results_are_kept_and_what_found_them() {
        let (_folder, store) = store().await;
        let both = MatchedBy {
            picture: true,
            ..MatchedBy::WORDS
        };
        for words in [None, Some("axial".to_owned())] {
            let search = Search {
                subject: SearchSubject::Picture(words),
                results: vec![(EntryId::new("t", "a"), both)],
                nothing_close: true,
                ..search(7)
            };
            let id = store.remember_search(&search).await.expect("stored");
            assert_eq!(store.search(&id).await.expect("read"), Some(search));
        }
    }

    #[tokio::test]
    async fn a_person_can_have_everything_deleted() {
        let (_folder, store) = store().await;
        let mine = store.remember_search(&search(1)).await.expect("stored");
        let other = store.remember_search(&search(2)).await.expect("stored");
        assert_eq!(store.delete_user(1).await.expect("deleted"), 1);
        assert_eq!(store.search(&mine).await.expect("read"), None);
        assert!(store.search(&other).await.expect("read").is_some());
    }

    #[tokio::test]
    async fn old_searches_are_forgotten() {
        let (_folder, store) = store().await;
        store.remember_search(&search(1)).await.expect("stored");
        assert_eq!(
            store
                .forget_old_searches(SystemTime::now())
                .await
                .expect("none is old"),
            0
        );
        let later = SystemTime::now() + Duration::from_secs((KEPT_DAYS + 1) * 24 * 60 * 60);
        assert_eq!(
            store.forget_old_searches(later).await.expect("one is old"),
            1
        );
    }

    #[test]
    fn only_names_are_parsed() {
        for text in [
            "",
            "short",
            "0123456789abcdef0",
            "0123456789abcde'",
            "🩻🩻🩻🩻",
        ] {
            assert_eq!(SearchId::parse(text), None, "{text}");
        }
    }
}
