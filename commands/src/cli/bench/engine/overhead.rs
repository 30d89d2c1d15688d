//! The engine beside the bare network: the same texts in turns, medians.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mirage::engine::{Caller, Engine, Lane};

use super::Bench;
use crate::cli::bench::queries::QUERIES;
use crate::cli::bench::statistics::percentile;

/// Texts of the large request.
const BATCH: usize = 64;
/// Single texts for each large request: they are short.
const SINGLES: usize = 4;

pub(super) struct Overhead {
    pub(super) direct_batch_ms: f64,
    pub(super) engine_batch_ms: f64,
    pub(super) direct_single_ms: f64,
    pub(super) engine_single_ms: f64,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Overhead> {
    let engine = bench.engine(32)?;
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(bench.threads)
        .build()?;
    let threads = Arc::new(threads);
    let batch: Vec<String> = texts(BATCH);
    let single = texts(1);
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    let (mut direct_single, mut through_single) = (Vec::new(), Vec::new());
    for round in 0..=bench.rounds {
        let one = directly(bench, &threads, &batch).await?;
        let other = by_engine(&engine, &batch).await?;
        // The first round warms caches and is not counted.
        if round == 0 {
            continue;
        }
        direct.push(one);
        through.push(other);
        for _ in 0..SINGLES {
            direct_single.push(directly(bench, &threads, &single).await?);
            through_single.push(by_engine(&engine, &single).await?);
        }
    }
    Ok(Overhead {
        direct_batch_ms: median(&direct),
        engine_batch_ms: median(&through),
        direct_single_ms: median(&direct_single),
        engine_single_ms: median(&through_single),
    })
}

/// Captions of about the length that an atlas has.
fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            let query = QUERIES[number % QUERIES.len()];
            format!("{query}, number {number}")
        })
        .collect()
}

/// The time of the network alone, on threads of the same number.
async fn directly(
    bench: &Bench,
    threads: &Arc<rayon::ThreadPool>,
    texts: &[String],
) -> anyhow::Result<Duration> {
    let (encoder, threads) = (Arc::clone(&bench.encoder), Arc::clone(threads));
    let texts = texts.to_vec();
    tokio::task::spawn_blocking(move || {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let started = Instant::now();
        threads.install(|| encoder.embed(&texts))?;
        Ok(started.elapsed())
    })
    .await?
}

async fn by_engine(engine: &Engine, texts: &[String]) -> anyhow::Result<Duration> {
    let texts = texts.to_vec();
    let started = Instant::now();
    engine
        .embed_texts(Caller::LOCAL, Lane::Interactive, texts)
        .await?;
    Ok(started.elapsed())
}

fn median(times: &[Duration]) -> f64 {
    percentile(times, 50).as_secs_f64() * 1_000.0
}
