//! Ten people who ask for one to ten times as much, all at once and the greediest first. Served is
//! counted when the first of them has everything: until then all of them wait.
//!
//! Jain's index: (sum of x)^2 / (n * sum of x^2), 1 if all have the same (Jain, Chiu and Hawe,
//! DEC TR-301, 1984).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mirage::engine::{Caller, Lane};

use super::Bench;
use crate::cli::bench::queries::QUERIES;

const PEOPLE: u64 = 10;
/// Requests of who asks for the least.
const LEAST: u64 = 12;

pub(super) struct Fairness {
    pub(super) jain: f64,
    pub(super) served: Vec<u64>,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Fairness> {
    let engine = bench.engine(32)?;
    let served: Arc<Vec<AtomicU64>> = Arc::new((0..PEOPLE).map(|_| AtomicU64::new(0)).collect());
    let over = Arc::new(AtomicBool::new(false));
    let mut asked = Vec::new();
    for user in (0..PEOPLE).rev() {
        let demand = LEAST * (user + 1);
        for number in 0..demand {
            let (engine, served, over) = (engine.clone(), Arc::clone(&served), Arc::clone(&over));
            let text = QUERIES[number as usize % QUERIES.len()].to_owned();
            asked.push(tokio::spawn(async move {
                let caller = Caller::new(user + 1, 1);
                engine
                    .embed_texts(caller, Lane::Interactive, vec![text])
                    .await?;
                if !over.load(Ordering::SeqCst) {
                    let count = served[user as usize].fetch_add(1, Ordering::SeqCst) + 1;
                    if count == demand {
                        over.store(true, Ordering::SeqCst);
                    }
                }
                anyhow::Ok(())
            }));
        }
    }
    for request in futures::future::join_all(asked).await {
        request??;
    }
    let served: Vec<u64> = served
        .iter()
        .map(|count| count.load(Ordering::SeqCst))
        .collect();
    Ok(Fairness {
        jain: jain(&served),
        served,
    })
}

fn jain(served: &[u64]) -> f64 {
    let sum: f64 = served.iter().map(|count| *count as f64).sum();
    let squares: f64 = served.iter().map(|count| (*count as f64).powi(2)).sum();
    sum * sum / (served.len() as f64 * squares.max(f64::EPSILON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_one_for_equals_and_low_for_one_who_has_it_all() {
        assert!((jain(&[3, 3, 3, 3]) - 1.0).abs() < 1e-9);
        assert!((jain(&[4, 0, 0, 0]) - 0.25).abs() < 1e-9);
    }
}
