//! Opening a database: connections with the settings that each kind needs, and its migrations.

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, Connection as _, Executor as _};

use super::liveness::hold_for_migration;
use super::{Location, StoreError};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

/// How long a writer waits for another before it gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// With a write-ahead log readers and the writer don't wait for each other. Everything that was
/// accepted is on disk, also when the power goes: a job is a promise.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";

/// Nobody waits for ever for a process that was stopped in the middle of a change, and a machine
/// that lost its power is noticed within half a minute.
const POSTGRES_SETTINGS: &str = "SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; SET tcp_keepalives_idle = 10; \
    SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;";

/// Connections for reading, and for writing.
pub(super) async fn open(location: &Location) -> Result<(AnyPool, AnyPool), StoreError> {
    sqlx::any::install_default_drivers();
    let unopened = |reason: String| StoreError::Unopened {
        database: location.to_string(),
        reason,
    };
    if let Location::File(path) = location
        && let Some(folder) = path.parent()
    {
        std::fs::create_dir_all(folder).map_err(|error| unopened(error.to_string()))?;
    }
    let url = location.connection_url().map_err(unopened)?;
    let options: AnyConnectOptions = url
        .parse()
        .map_err(|error: sqlx::Error| unopened(error.to_string()))?;
    let connect = |connections: u32| connect(location, options.clone(), connections);
    let writer = connect(writers(location))
        .await
        .map_err(|error| unopened(error.to_string()))?;
    match location {
        Location::File(path) => {
            // sqlx locks the database of a server, but not a file: two first starts would meet.
            let _alone = hold_for_migration(path)
                .await
                .map_err(|error| unopened(error.to_string()))?;
            SQLITE.run(&writer).await?;
        }
        Location::Server(_) => POSTGRES.run(&writer).await?,
    }
    let pool = connect(3)
        .await
        .map_err(|error| unopened(error.to_string()))?;
    Ok((pool, writer))
}

/// SQLite has one writer at a time; more connections would poll for its lock in no order.
fn writers(location: &Location) -> u32 {
    match location {
        Location::File(_) => 1,
        Location::Server(_) => 4,
    }
}

async fn connect(
    location: &Location,
    options: AnyConnectOptions,
    connections: u32,
) -> Result<AnyPool, sqlx::Error> {
    let is_file = matches!(location, Location::File(_));
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if is_file {
                    connection.execute(SQLITE_SETTINGS).await?;
                } else {
                    connection.execute(POSTGRES_SETTINGS).await?;
                }
                Ok(())
            })
        })
        // After a commit that failed on a full disk SQLite has rolled back by itself, and sqlx
        // still counts a transaction: such a connection would refuse all work from then on.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_with(options)
        .await
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{SystemTime, UNIX_EPOCH};

    use sqlx::migrate::Migrator;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

    use crate::atlas::{EntryId, MatchedBy};
    use crate::compare::{Side, Subject};
    use crate::explain::{Answer, Asked, Conversation, Kind};
    use crate::store::{
        ComparisonId, Recipe, Search, SearchId, SearchSubject, Store, StoreError, StoredComparison,
        StoredExplanation,
    };

    const FIRST: &str = "20261122000000_searches.sql";
    const JOBS: &str = "20261123000000_jobs.sql";
    const BY_PICTURE: &str = "20261124000000_search_by_picture.sql";
    const REASONS: &str = "20261125000000_reasons_of_results.sql";
    const COMPARISONS: &str = "20261205000000_comparisons.sql";
    const EXPLANATIONS: &str = "20261206000000_explanations.sql";
    const QUIZZES: &str = "20261208000000_quizzes.sql";

    /// A database as an earlier version left it, with something in it. The time is the
    /// parameter of the statement that inserts it.
    async fn of_an_earlier_version(database: &Path, migrations: &[&str], insert: &'static str) {
        let options = SqliteConnectOptions::new()
            .filename(database)
            .create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.expect("opened");
        let earlier = tempfile::tempdir().expect("a folder");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        for name in migrations {
            std::fs::copy(shipped.join(name), earlier.path().join(name)).expect("copied");
        }
        let migrator = Migrator::new(earlier.path()).await.expect("migrations");
        migrator.run(&pool).await.expect("the earlier layout");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        sqlx::query(insert)
            .bind(i64::try_from(now.as_secs()).expect("in range"))
            .execute(&pool)
            .await
            .expect("a row of that version");
        pool.close().await;
    }

    async fn brought_up(database: &Path) -> (Store, Search) {
        let store = Store::open(database).await.expect("brought up");
        let id = SearchId::parse("0123456789abcdef").expect("a name");
        let search = store.search(&id).await.expect("read").expect("still there");
        (store, search)
    }

    #[tokio::test]
    async fn a_database_of_the_first_version_is_brought_up_with_what_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let insert = "INSERT INTO searches
            VALUES ('0123456789abcdef', 7, 'brain', NULL, '{}', '[\"a\"]', 5, ?)";
        of_an_earlier_version(&database, &[FIRST], insert).await;
        let (store, search) = brought_up(&database).await;
        assert_eq!((search.user, search.results.len()), (7, 1));
        assert_eq!(search.subject, SearchSubject::Query("brain".to_owned()));
        assert!(store.open_jobs().await.expect("the new table").is_empty());
        let now = SystemTime::now();
        let choice = store.choice(7, now).await.expect("the newest table");
        assert_eq!(choice, None);
    }

    #[tokio::test]
    async fn results_that_were_stored_without_their_reasons_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let insert = "INSERT INTO searches
            VALUES ('0123456789abcdef', 7, 'axial', NULL, '{}', '[\"a\",\"b\"]', 5, ?, 1)";
        of_an_earlier_version(&database, &[FIRST, JOBS, BY_PICTURE], insert).await;
        let (_, search) = brought_up(&database).await;
        let words = Some("axial".to_owned());
        assert_eq!(search.subject, SearchSubject::Picture(words));
        let unknown = |name: &str| (EntryId::from_stored(name), MatchedBy::default());
        assert_eq!(search.results, ["a", "b"].map(unknown));
        assert!(!search.nothing_close);
    }

    #[tokio::test]
    async fn comparisons_come_to_a_database_that_holds_searches() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let insert = "INSERT INTO searches
            VALUES ('0123456789abcdef', 7, 'axial', NULL, '{}', '[\"a\"]', 5, ?, 0,
                    '[[\"words\"]]', 1)";
        let earlier = [FIRST, JOBS, BY_PICTURE, REASONS];
        of_an_earlier_version(&database, &earlier, insert).await;
        let (store, search) = brought_up(&database).await;
        let kept = (EntryId::from_stored("a"), MatchedBy::WORDS);
        assert_eq!(
            (&search.results[..], search.nothing_close),
            (&[kept][..], true)
        );
        let side = Side {
            subject: Subject::Picture,
            results: vec![EntryId::from_stored("a")],
        };
        let made = StoredComparison {
            user: 7,
            a: side.clone(),
            b: side,
        };
        let id = store.remember_comparison(&made).await.expect("stored");
        let kept = store.comparison(&id).await.expect("read");
        assert_eq!(kept, Some(made));
        let deleted = store.delete_user(7).await.expect("deleted");
        assert_eq!(deleted, 2, "the search and the comparison");
    }

    #[tokio::test]
    async fn explanations_come_to_a_database_that_holds_comparisons() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let insert = r#"INSERT INTO comparisons VALUES ('0123456789abcdef', 7,
            '{"subject":{"kind":"picture"},"results":["a"]}',
            '{"subject":{"kind":"picture"},"results":["b"]}', ?)"#;
        let earlier = [FIRST, JOBS, BY_PICTURE, REASONS, COMPARISONS];
        of_an_earlier_version(&database, &earlier, insert).await;
        let store = Store::open(&*database).await.expect("brought up");
        let id = ComparisonId::parse("0123456789abcdef").expect("a name");
        let kept = store.comparison(&id).await.expect("read");
        assert_eq!(kept.expect("still there").b.results.len(), 1);
        let nothing = Answer {
            kind: Kind::Nothing,
            verdict: None,
            sentences: Vec::new(),
            withheld: Vec::new(),
            sources: Vec::new(),
            template: None,
        };
        let mut conversation = Conversation::default();
        conversation.remember(&Asked::topic("pons"), &nothing);
        let made = StoredExplanation::new((7, 8, 9), conversation, &nothing, Vec::new());
        let id = store.remember_explanation(&made).await.expect("stored");
        store.vote(&id, 7, true).await.expect("noted");
        assert_eq!(store.explanation(&id).await.expect("read"), Some(made));
        let deleted = store.delete_user(7).await.expect("deleted");
        assert_eq!(deleted, 3, "the comparison, the explanation and the vote");
    }

    #[tokio::test]
    async fn pictures_come_to_a_database_that_holds_comparisons() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let insert = r#"INSERT INTO comparisons VALUES ('0123456789abcdef', 7,
            '{"subject":{"kind":"picture"},"results":["a"]}',
            '{"subject":{"kind":"words","words":"knee"},"results":[]}', ?)"#;
        let earlier = [
            FIRST,
            JOBS,
            BY_PICTURE,
            REASONS,
            COMPARISONS,
            EXPLANATIONS,
            QUIZZES,
        ];
        of_an_earlier_version(&database, &earlier, insert).await;
        let store = Store::open(&*database).await.expect("brought up");
        let id = ComparisonId::parse("0123456789abcdef").expect("a name");
        let kept = store.comparison(&id).await.expect("read");
        let kept = kept.expect("still there");
        assert_eq!((kept.user, kept.a.subject), (7, Subject::Picture));
        let recipe = Recipe {
            prompt: "chest X-ray".to_owned(),
            negative: String::new(),
            seed: 1,
            candidates: 1,
            steps: 20,
            guidance: 4.0,
            width: 128,
            height: 128,
            scheduler: "ddim".to_owned(),
            variant: None,
        };
        let id = store.remember_picture(7, 1, &recipe).await.expect("stored");
        let stored = store.picture(&id).await.expect("read").expect("kept");
        assert_eq!(stored.recipe, recipe);
        let deleted = store.delete_user(7).await.expect("deleted");
        assert_eq!(deleted, 2, "the comparison and the picture");
    }

    #[tokio::test]
    async fn a_database_of_a_later_version_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("m.sqlite");
        let store = Store::open(&*database).await.expect("opened");
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99990101000000, 'later', 1, x'00', 0)",
        )
        .execute(&store.writer)
        .await
        .expect("a later version was here");
        store.close().await;
        let error = Store::open(&*database).await.expect_err("too new");
        assert!(matches!(error, StoreError::Migration(_)), "{error:?}");
    }
}
