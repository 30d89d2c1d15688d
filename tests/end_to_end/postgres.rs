//! Several workers on one PostgreSQL database: the queue is shared, a killed worker loses nothing,
//! and everything else that the store does works there too. Skipped, and said so, where PostgreSQL
//! isn't installed.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use mirage::atlas::{EntryId, Filter, MatchedBy};
use mirage::compare::{Side, Subject};
use mirage::explain::{Answer, Asked, Cited, Conversation, Kind, WordedBy};
use mirage::store::jobs::{State, WorkerId};
use mirage::store::{
    Choice, Location, Made, Recipe, Search, SearchId, SearchSubject, Start, Store, StoreError,
    StoredComparison, StoredExplanation, Told, Variant,
};
use mirage_tests::{Postgres, Process, SOON};

use crate::ingest::{atlas_uri, empty_atlas};
use crate::killed::{accept, open_jobs};

const JOBS: u32 = 40;

/// A server, or a line that says that the test is skipped.
fn server() -> Result<Option<Postgres>> {
    let server = Postgres::start()?;
    if server.is_none() {
        eprintln!("skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)");
    }
    Ok(server)
}

async fn store(server: &Postgres) -> Result<Store> {
    let location = Location::parse(&server.url()).map_err(|reason| anyhow::anyhow!(reason))?;
    Ok(Store::open(location).await?)
}

#[tokio::test]
async fn two_workers_share_a_queue_and_one_that_is_killed_loses_nothing() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let store = store(&server).await?;
    let accepted = accept(&store, folder.path(), JOBS, None).await?;
    let settings = [
        ("MIRAGE_ATLAS_URI", atlas_uri(folder.path())),
        ("DATABASE_URL", server.url()),
    ];
    let worker = || Process::start(&["worker"], &settings, "Working");
    let (first, second) = (worker().await?, worker().await?);
    // Both have a job at hand.
    let busy = async {
        while store
            .open_jobs()
            .await?
            .iter()
            .filter(|job| job.is_claimed)
            .count()
            < 2
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, busy)
        .await
        .context("they don't share the work")??;
    first.kill().await?;
    let third = worker().await?;
    let done = async {
        while open_jobs(&store).await? > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(4 * SOON, done)
        .await
        .context("it took too long")??;
    for id in accepted {
        let job = store.job(id).await?.context("it is kept")?;
        ensure!(job.state == State::Done, "job {id}: {:?}", job.outcome);
    }
    drop((second, third));
    store.close().await;
    Ok(())
}

#[tokio::test]
async fn the_store_does_there_what_it_does_in_a_file() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let (store, other) = (store(&server).await?, store(&server).await?);
    let lock = store.lock_for_bot().await?;
    let refused = other.lock_for_bot().await;
    assert!(matches!(refused, Err(StoreError::InUse { .. })));
    drop(lock);
    let search = Search {
        user: u64::MAX,
        subject: SearchSubject::Query("صورة".to_owned()),
        filter: Filter::default(),
        results: vec![(EntryId::new("t", "a"), MatchedBy::PICTURE)],
        nothing_close: true,
        page_size: 5,
    };
    let id = store.remember_search(&search).await?;
    assert_eq!(other.search(&id).await?, Some(search));
    assert_eq!(store.delete_user(u64::MAX).await?, 1);
    assert_eq!(store.forget_old_searches(SystemTime::now()).await?, 0);
    comparisons_are_kept(&store, &other).await?;
    explanations_are_kept(&store, &other).await?;
    pictures_are_kept(&store, &other).await?;
    let folder = tempfile::tempdir()?;
    let jobs = accept(&store, folder.path(), 3, Some(7)).await?;
    let worker = store.register_worker(SystemTime::now()).await?;
    let claimed = other.claim_job(&worker.id, SystemTime::now()).await?;
    let claimed = claimed.context("a job")?;
    other
        .note_progress(&claimed, "{\"done\":1}", Some(&[1, 2, 3]))
        .await?;
    assert_eq!(store.job_preview(claimed.id).await?, Some(vec![1, 2, 3]));
    assert_eq!(
        store
            .cancel_job(jobs[1], "Cancelled.", SystemTime::now())
            .await?,
        Some(State::Open)
    );
    stop_is_heard(&store, &worker.id, jobs[0]).await?;
    drop(worker);
    let recovered = async {
        while other.recover_jobs(SystemTime::now()).await? == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, recovered)
        .await
        .context("the dead worker's job")??;
    let states: Vec<State> = store
        .ended_jobs(10)
        .await?
        .iter()
        .map(|job| job.state)
        .collect();
    assert_eq!(states, [State::Cancelled, State::Cancelled]);
    assert_eq!(store.deliveries().await?.len(), 3);
    assert!(store.delivered(jobs[1], false).await?);
    assert_eq!(store.forget_old_jobs(SystemTime::now()).await?, 0);
    store.close().await;
    other.close().await;
    Ok(())
}

async fn comparisons_are_kept(store: &Store, other: &Store) -> Result<()> {
    let side = |words: &str| Side {
        subject: Subject::Words {
            words: words.to_owned(),
        },
        results: vec![EntryId::new("t", "a")],
    };
    let made = StoredComparison {
        user: u64::MAX,
        a: side("صورة \0"),
        b: side("'; DROP TABLE comparisons; --"),
    };
    let id = store.remember_comparison(&made).await?;
    assert_eq!(other.comparison(&id).await?, Some(made));
    let now = SystemTime::now();
    for message in [7, u64::MAX] {
        let side = side("x");
        let choice = Choice { message, side };
        store.keep_choice(u64::MAX, &choice).await?;
        assert_eq!(other.choice(u64::MAX, now).await?, Some(choice));
    }
    assert_eq!(store.forget_old_comparisons(now).await?, 0);
    assert_eq!(store.delete_user(u64::MAX).await?, 2);
    assert_eq!(other.choice(u64::MAX, now).await?, None);
    Ok(())
}

async fn explanations_are_kept(store: &Store, other: &Store) -> Result<()> {
    let answer = Answer {
        kind: Kind::Answered,
        verdict: None,
        sentences: vec![Cited {
            text: "صورة \0".to_owned(),
            sources: vec![1],
            section: None,
            worded_by: WordedBy::Source,
        }],
        withheld: Vec::new(),
        sources: Vec::new(),
        template: None,
    };
    let mut conversation = Conversation::default();
    conversation.remember(&Asked::topic("'; DROP TABLE explanations; --"), &answer);
    let place = (u64::MAX, u64::MAX, 9);
    let made = StoredExplanation::new(place, conversation, &answer, Vec::new());
    let id = store.remember_explanation(&made).await?;
    assert_eq!(other.explanation(&id).await?, Some(made));
    for (user, is_helpful) in [(7, false), (7, true), (8, false), (u64::MAX, false)] {
        store.vote(&id, user, is_helpful).await?;
    }
    let told = other.feedback(u64::MAX, 5).await?;
    let counts: Vec<(u64, u64)> = told
        .iter()
        .map(|one| (one.helpful, one.unhelpful))
        .collect();
    assert_eq!(counts, [(1, 2)]);
    let now = SystemTime::now();
    assert_eq!(store.forget_old_explanations(now).await?, 0);
    // The votes of others go with the explanation.
    assert_eq!(store.delete_user(u64::MAX).await?, 2);
    assert!(other.feedback(u64::MAX, 5).await?.is_empty());
    assert_eq!(store.delete_user(7).await?, 0);
    Ok(())
}

async fn pictures_are_kept(store: &Store, other: &Store) -> Result<()> {
    let recipe = Recipe {
        prompt: "صورة '; DROP TABLE pictures; --".to_owned(),
        negative: String::new(),
        seed: u64::MAX,
        candidates: 1,
        steps: 20,
        guidance: 4.5,
        width: 128,
        height: 96,
        scheduler: "ddim".to_owned(),
        variant: Some(Variant {
            strength: 0.6,
            start: Start::Given(vec![1, 2, 3]),
        }),
    };
    let id = store.remember_picture(u64::MAX, 0, &recipe).await?;
    let plain = Recipe {
        variant: None,
        ..recipe.clone()
    };
    let second = store.remember_picture(u64::MAX, 0, &plain).await?;
    let kept = other.picture(&id).await?.context("it is kept")?;
    assert_eq!((kept.recipe, kept.made), (recipe, None));
    let made = Made {
        file: Some(vec![4; 9]),
        ..made_without_files()
    };
    assert!(other.picture_made(&id, 7, &made).await?);
    let kept = store.picture(&id).await?.context("it is kept")?;
    assert_eq!((kept.recipe.seed, kept.made), (7, Some(made)));
    store.erase_files_of(&id).await?;
    let kept = other.picture(&id).await?.context("it is kept")?;
    assert!(kept.made.is_some_and(|made| made.file.is_none()));
    for reason in ["first", "second"] {
        assert!(store.report_picture(&id, 7, reason).await?);
    }
    let reported = other.reported_pictures(5).await?;
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].reasons, ["second"]);
    let now = SystemTime::now();
    assert_eq!(store.forget_old_pictures(now).await?, 0);
    store.forget_picture(&second).await?;
    assert_eq!(other.picture(&second).await?, None);
    // What others said of it goes with the picture.
    assert_eq!(store.delete_user(u64::MAX).await?, 1);
    assert!(other.reported_pictures(5).await?.is_empty());
    assert!(!other.picture_made(&id, 7, &made_without_files()).await?);
    Ok(())
}

fn made_without_files() -> Made {
    Made {
        model: "tiny@1".to_owned(),
        told: Told::default(),
        file: None,
        sheet: None,
    }
}

/// The migrations of the version before, in a folder of their own.
fn earlier_migrations() -> Result<tempfile::TempDir> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let earlier = tempfile::tempdir()?;
    for name in [
        "20261122000000_searches.sql",
        "20261123000000_jobs.sql",
        "20261124000000_search_by_picture.sql",
    ] {
        std::fs::copy(shipped.join(name), earlier.path().join(name))?;
    }
    Ok(earlier)
}

#[tokio::test]
async fn a_search_of_the_version_before_is_brought_up_there_too() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let pool = sqlx::PgPool::connect(&server.url()).await?;
    let earlier = earlier_migrations()?;
    let migrator = sqlx::migrate::Migrator::new(earlier.path()).await?;
    migrator.run(&pool).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    sqlx::query(
        "INSERT INTO searches
         VALUES ('0123456789abcdef', 7, 'axial', NULL, '{}', '[\"a\"]', 5, $1, 1)",
    )
    .bind(i64::try_from(now)?)
    .execute(&pool)
    .await?;
    pool.close().await;
    let store = store(&server).await?;
    let id = SearchId::parse("0123456789abcdef").context("a name")?;
    let search = store.search(&id).await?.context("it went")?;
    let unknown = (EntryId::from_stored("a"), MatchedBy::default());
    assert_eq!(search.results, [unknown]);
    assert!(!search.nothing_close);
    store.close().await;
    Ok(())
}

async fn stop_is_heard(
    store: &Store,
    worker: &WorkerId,
    job: mirage::store::jobs::JobId,
) -> Result<()> {
    store
        .cancel_job(job, "Cancelled.", SystemTime::now())
        .await?;
    let wanted = store.jobs_to_stop(worker).await?;
    assert_eq!(wanted, [(job, "Cancelled.".to_owned())]);
    Ok(())
}
