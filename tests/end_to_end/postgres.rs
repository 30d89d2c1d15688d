//! Several workers on one PostgreSQL database: the queue is shared, a killed worker loses nothing,
//! and everything else that the store does works there too. Skipped, and said so, where PostgreSQL
//! isn't installed.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use mirage::atlas::Filter;
use mirage::store::jobs::{State, WorkerId};
use mirage::store::{Location, Search, SearchSubject, Store, StoreError};
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
        results: Vec::new(),
        page_size: 5,
    };
    let id = store.remember_search(&search).await?;
    assert_eq!(other.search(&id).await?, Some(search));
    assert_eq!(store.delete_user(u64::MAX).await?, 1);
    assert_eq!(store.forget_old_searches(SystemTime::now()).await?, 0);
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
