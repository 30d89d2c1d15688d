//! Ten people who ask for one to ten times as much, the greediest first. The device is held until all
//! have asked, and served is counted when the first of them has everything: all wait all the time.
//!
//! Jain's index: (sum of x)^2 / (n * sum of x^2), 1 if all have the same (Jain, Chiu and Hawe,
//! DEC TR-301, 1984).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mirage::engine::{Caller, Lane, Step, Steps};
use tokio_util::sync::CancellationToken;

use super::Bench;
use crate::cli::bench::queries::QUERIES;

const PEOPLE: u64 = 10;
/// Requests of who asks for the least.
const LEAST: u64 = 12;
/// Until all have asked.
const SOON: Duration = Duration::from_secs(10);

/// Work that keeps the device until the other end speaks or is dropped.
struct Hold(mpsc::Receiver<()>);

impl Steps for Hold {
    type Output = ();

    fn step(&mut self) -> Result<Step<()>, String> {
        // Blocks the engine's own thread, as a network does. Either answer lets it go.
        let _released = self.0.recv();
        Ok(Step::Done(()))
    }
}

pub(super) struct Fairness {
    pub(super) jain: f64,
    pub(super) served: Vec<u64>,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Fairness> {
    let engine = bench.engine(32)?;
    let served: Arc<Vec<AtomicU64>> = Arc::new((0..PEOPLE).map(|_| AtomicU64::new(0)).collect());
    let over = Arc::new(AtomicBool::new(false));
    let (release, held) = mpsc::channel();
    let token = CancellationToken::new();
    let hold = engine.submit(
        Caller::new(PEOPLE + 1, 1),
        Lane::Interactive,
        Hold(held),
        token,
    )?;
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
    let all_wait = async {
        while engine.waiting(Lane::Interactive) < asked.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // Should one be refused, the requests below say why.
    let _refused = tokio::time::timeout(SOON, all_wait).await;
    drop(release);
    hold.result().await?;
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
