//! From the wish to cancel to the moment when the next work begins: for work on the device, and for
//! a durable job that is cancelled as a button does it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use mirage::engine::{Caller, Engine, Lane, Step, StepReport, Steps};
use mirage::jobs::{self, Jobs, Pace, Runner, RunningJob};
use mirage::store::Store;
use mirage::store::jobs::{JobId, Limits, NewJob};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Bench;
use crate::cli::bench::statistics::percentile;

/// What one step of a picture takes on a slow device.
const STEP: Duration = Duration::from_millis(30);
const ROUNDS: usize = 100;

pub(super) struct Cancel {
    pub(super) job_p99_ms: f64,
    pub(super) engine_p99_ms: f64,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Cancel> {
    let engine = bench.engine(32)?;
    let milliseconds = |times: &[Duration]| percentile(times, 99).as_secs_f64() * 1_000.0;
    Ok(Cancel {
        engine_p99_ms: milliseconds(&on_the_device(&engine).await?),
        job_p99_ms: milliseconds(&in_the_queue().await?),
    })
}

/// Work in steps that has no end.
struct Endless;

impl Steps for Endless {
    type Output = ();

    fn step(&mut self) -> Result<Step<()>, String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a step blocks the engine's own thread, as a network does"
        )]
        std::thread::sleep(STEP);
        Ok(Step::Going(StepReport::default()))
    }
}

/// Work that tells when it begins.
struct Next;

impl Steps for Next {
    type Output = Instant;

    fn step(&mut self) -> Result<Step<Instant>, String> {
        Ok(Step::Done(Instant::now()))
    }
}

async fn on_the_device(engine: &Engine) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let token = CancellationToken::new();
        let endless = engine.submit(Caller::new(1, 1), Lane::Long, Endless, token)?;
        endless.progress().changed().await?;
        // At another point of a step each time.
        tokio::time::sleep(Duration::from_millis(round as u64 % 30)).await;
        let asked = Instant::now();
        endless.cancel();
        let next = engine.submit(
            Caller::new(1, 1),
            Lane::Long,
            Next,
            CancellationToken::new(),
        )?;
        times.push(next.result().await?.saturating_duration_since(asked));
    }
    Ok(times)
}

/// Tells each job's start, and works until it is cancelled.
struct UntilCancelled(mpsc::Sender<Instant>);

impl Runner for UntilCancelled {
    fn run(&self, _: &str, job: RunningJob) -> BoxFuture<'static, Result<String, String>> {
        let begun = self.0.clone();
        Box::pin(async move {
            // Nobody listens any more after the last round.
            let _ = begun.send(Instant::now()).await;
            while !job.cancel.is_cancelled() {
                tokio::time::sleep(STEP).await;
            }
            Ok(String::new())
        })
    }
}

async fn in_the_queue() -> anyhow::Result<Vec<Duration>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&*folder.path().join("bench.sqlite")).await?;
    let jobs = Jobs::new(store, Limits::default());
    let (begun, mut starts) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let runner = Arc::new(UntilCancelled(begun));
    let worker = jobs::work(jobs.clone(), runner, Pace::default(), stop.clone());
    let worker = tokio::spawn(worker);
    let mut running = add(&jobs).await?;
    starts.recv().await;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let next = add(&jobs).await?;
        tokio::time::sleep(Duration::from_millis(round as u64 % 30)).await;
        let asked = Instant::now();
        jobs.cancel(running, "Cancelled.").await?;
        if let Some(begun) = starts.recv().await {
            times.push(begun.saturating_duration_since(asked));
        }
        running = next;
    }
    stop.cancel();
    worker.await??;
    jobs.store().close().await;
    Ok(times)
}

async fn add(jobs: &Jobs) -> anyhow::Result<JobId> {
    let job = NewJob {
        kind: "bench",
        request: "{}".to_owned(),
        title: "A measurement".to_owned(),
        caller: Caller::LOCAL,
        size: 1,
        cost: Duration::from_secs(1),
        reply: None,
    };
    Ok(jobs.enqueue_raw(&job).await?)
}
