//! `kill -9` of the bot and of a worker in the middle of long work: real processes, a real database
//! and a real atlas. Every accepted job ends exactly once, and its result is posted exactly once.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use mirage::config::Secret;
use mirage::engine::Caller;
use mirage::jobs::{Import, JobRequest};
use mirage::store::jobs::{JobId, Limits, NewJob, State};
use mirage::store::{Location, Store};
use mirage_playground::{Options, Server};
use mirage_tests::Process;

use crate::ingest::{atlas_uri, collection_from, empty_atlas};

const JOBS: u32 = 200;
/// Pictures of each job: enough work that a kill often meets it.
const PICTURES: u32 = 4;
const KILLS: u32 = 50;
/// Longest life of a process after it said that it is ready.
const LONGEST_LIFE: u64 = 700;
/// How long the whole may take; it takes about two minutes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Numbers that look random and are the same in each run (Knuth's multiplier).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// Accepts imports of a few pictures each. The way to reply is an interaction that nobody knows, so
/// that each result is a message of its own in the channel.
pub(crate) async fn accept(
    store: &Store,
    folder: &Path,
    count: u32,
    channel: Option<u64>,
) -> Result<Vec<JobId>> {
    let mut accepted = Vec::new();
    for number in 0..count {
        let path = folder.join(format!("c{number}"));
        std::fs::create_dir(&path)?;
        collection_from(&path, number * PICTURES, PICTURES)?;
        let request = JobRequest::Import(Import {
            path,
            layout: Some("captions".to_owned()),
            collection: format!("c{number}"),
            licence: None,
            source: None,
            modality: None,
            rows: Some(u64::from(PICTURES)),
        });
        let job = NewJob {
            kind: request.kind(),
            request: serde_json::to_string(&request)?,
            title: request.title(),
            caller: Caller::new(1 + u64::from(number % 30), 1),
            size: u64::from(PICTURES),
            cost: Duration::from_millis(100),
            reply: channel
                .map(|id| Secret::new(&format!("{{\"token\":\"none\",\"channel\":{id}}}"))),
        };
        let limits = Limits {
            per_user: 1_000,
            per_server: 1_000,
            in_all: 1_000,
        };
        let id = store.enqueue(&job, limits, SystemTime::now()).await?;
        accepted.push(id.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?);
    }
    Ok(accepted)
}

/// Counts each job's ends in the database itself, where no crash can hide one.
async fn count_ends(database: &Path) -> Result<sqlx::SqlitePool> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let pool = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE ends (job INTEGER NOT NULL)")
        .execute(&pool)
        .await?;
    sqlx::query(
        "CREATE TRIGGER an_end AFTER UPDATE OF state ON jobs WHEN NEW.state <> 'open'
         BEGIN INSERT INTO ends VALUES (NEW.id); END",
    )
    .execute(&pool)
    .await?;
    Ok(pool)
}

pub(crate) async fn open_jobs(store: &Store) -> Result<usize> {
    Ok(store.open_jobs().await?.len())
}

#[tokio::test]
async fn no_kill_loses_a_job_or_does_one_twice() -> Result<()> {
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let database = folder.path().join("mirage.sqlite");
    let store = Store::open(Location::File(database.clone())).await?;
    let server = Server::start(Options::default()).await?;
    let token = folder.path().join("token");
    std::fs::write(&token, server.bot_token())?;
    let channel = server.channel_id("general")?.get();
    let ends = count_ends(&database).await?;
    let accepted = accept(&store, folder.path(), JOBS, Some(channel)).await?;
    let settings = [
        ("MIRAGE_ATLAS_URI", atlas_uri(folder.path())),
        ("MIRAGE_DATABASE", database.to_string_lossy().into_owned()),
        ("DISCORD_TOKEN_FILE", token.to_string_lossy().into_owned()),
        ("MIRAGE_DISCORD_URL", server.base_url().to_owned()),
        ("MIRAGE_WARM", "no".to_owned()),
    ];
    let bot = || Process::start(&["bot"], &settings, "Ready");
    let worker = || Process::start(&["worker"], &settings, "Working");
    let run = async {
        let mut dice = Dice(20_261_123);
        let mut both = [bot().await?, worker().await?];
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(dice.below(LONGEST_LIFE))).await;
            let left = open_jobs(&store).await?;
            ensure!(left > 0, "all jobs were done before kill {kill}");
            let [first, second] = both;
            both = if dice.below(2) == 0 {
                first.kill().await?;
                [bot().await?, second]
            } else {
                second.kill().await?;
                [first, worker().await?]
            };
        }
        while open_jobs(&store).await? > 0 || !store.deliveries().await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, run)
        .await
        .context("it took too long")??;
    for id in &accepted {
        let job = store.job(*id).await?.context("it is kept")?;
        ensure!(job.state == State::Done, "job {id}: {:?}", job.outcome);
    }
    let counted: Vec<(i64, i64)> = sqlx::query_as("SELECT job, count(*) FROM ends GROUP BY job")
        .fetch_all(&ends)
        .await?;
    assert_eq!(counted.len(), accepted.len());
    assert!(counted.iter().all(|(_, times)| *times == 1), "{counted:?}");
    let mut posted: HashMap<String, u32> = HashMap::new();
    for message in server.actor("ada").messages().await? {
        let number = message
            .content()
            .split_once("(job ")
            .and_then(|(_, rest)| rest.split_once(')'));
        let (number, _) = number.context("a message about no job")?;
        *posted.entry(number.to_owned()).or_default() += 1;
    }
    assert_eq!(posted.len(), accepted.len());
    assert!(posted.values().all(|times| *times == 1), "{posted:?}");
    Ok(())
}
