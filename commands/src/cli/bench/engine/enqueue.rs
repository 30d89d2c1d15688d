//! Accepting jobs while the queue grows to a thousand: written to disk, with limits and turns
//! worked out, thirty people in turns.

use std::time::{Duration, Instant};

use mirage::config::Secret;
use mirage::engine::Caller;
use mirage::jobs::Jobs;
use mirage::store::Store;
use mirage::store::jobs::{Limits, NewJob};

use crate::cli::bench::statistics::percentile;

const JOBS: u64 = 1_000;
const PEOPLE: u64 = 30;

pub(super) struct Enqueue {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

pub(super) async fn measure() -> anyhow::Result<Enqueue> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&*folder.path().join("bench.sqlite")).await?;
    let limits = Limits {
        per_user: u32::MAX,
        per_server: u32::MAX,
        in_all: u32::MAX,
    };
    let jobs = Jobs::new(store, limits);
    let mut times = Vec::new();
    for number in 0..JOBS {
        let job = NewJob {
            kind: "bench",
            request: "{}".to_owned(),
            title: "A measurement".to_owned(),
            caller: Caller::new(1 + number % PEOPLE, 1 + number % 3),
            size: 1,
            cost: Duration::from_secs(1),
            reply: Some(Secret::new("{}")),
        };
        let started = Instant::now();
        jobs.enqueue_raw(&job).await?;
        times.push(started.elapsed());
    }
    jobs.store().close().await;
    let milliseconds = |percent| percentile(&times, percent).as_secs_f64() * 1_000.0;
    Ok(Enqueue {
        p50_ms: milliseconds(50),
        p99_ms: milliseconds(99),
    })
}
