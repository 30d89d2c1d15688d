//! Sixteen people who each wait for their answer before they ask again: with batches and without.

use std::time::Instant;

use mirage::engine::{Caller, Engine, Lane};

use super::Bench;
use crate::cli::bench::queries::QUERIES;

/// People at once.
const PEOPLE: u64 = 16;
/// Requests of each in one round.
const REQUESTS: usize = 8;

pub(super) struct Throughput {
    pub(super) batched: f64,
    pub(super) one_by_one: f64,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Throughput> {
    let batches = bench.engine(32)?;
    let alone = bench.engine(1)?;
    let (mut batched, mut one_by_one) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds.div_ceil(3) {
        batched.push(texts_per_second(&batches).await?);
        one_by_one.push(texts_per_second(&alone).await?);
    }
    Ok(Throughput {
        batched: median(&mut batched),
        one_by_one: median(&mut one_by_one),
    })
}

async fn texts_per_second(engine: &Engine) -> anyhow::Result<f64> {
    let started = Instant::now();
    let people = (0..PEOPLE).map(|user| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in 0..REQUESTS {
                let text = QUERIES[(user as usize + number) % QUERIES.len()].to_owned();
                let caller = Caller::new(user + 1, 1);
                engine
                    .embed_texts(caller, Lane::Interactive, vec![text])
                    .await?;
            }
            anyhow::Ok(())
        })
    });
    for person in futures::future::join_all(people).await {
        person??;
    }
    Ok(PEOPLE as f64 * REQUESTS as f64 / started.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
