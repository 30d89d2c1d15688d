//! `mirage bench engine`: what the engine and the queue cost and give, each figure beside its
//! baseline in the same run. The networks and the database are real.

mod cancel;
mod enqueue;
mod fairness;
mod overhead;
mod throughput;

use std::sync::Arc;

use clap::Args;
use mirage::config::Config;
use mirage::engine::{EncoderSpec, Engine, Settings};
use mirage_models::text_encoder::{self, TextEncoder};
use serde::Serialize;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::{interrupt, output};
use crate::runtime::{self, incomplete, weights_folder};

/// Measure the inference engine and the queue of long jobs
///
/// Overhead over calling the network, the gain of micro-batching, fairness between people, the
/// time from a cancellation to the next work, and the time to accept a job. Takes about a minute.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench engine --json")]
pub(crate) struct Arguments {
    /// How often to repeat each comparison
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..=1000))]
    rounds: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures. Ratios and medians; times in milliseconds.
#[derive(Debug, Serialize)]
struct Figures {
    rounds: usize,
    threads: usize,
    /// Share that the engine adds to a batch of 64 texts.
    overhead_batch64: f64,
    direct_batch64_ms: f64,
    engine_batch64_ms: f64,
    /// What the engine adds to one text.
    overhead_single_ms: f64,
    direct_single_ms: f64,
    engine_single_ms: f64,
    /// Throughput of 16 people at once, over that without batches.
    batching_gain_16: f64,
    batched_texts_per_second: f64,
    one_by_one_texts_per_second: f64,
    /// Jain's index over ten people with unequal demand.
    jain: f64,
    served: Vec<u64>,
    /// From the wish to cancel a durable job to the start of the next.
    cancel_p99_ms: f64,
    /// From the wish to cancel work on the device to the start of the next.
    engine_cancel_p99_ms: f64,
    /// To accept a job while up to a thousand wait.
    enqueue_p99_ms: f64,
    enqueue_p50_ms: f64,
    targets_kept: bool,
}

/// What every measurement needs.
struct Bench {
    encoder: Arc<dyn TextEncoder>,
    rounds: usize,
    threads: usize,
}

impl Bench {
    /// An engine around the loaded network.
    fn engine(&self, batch_texts: usize) -> anyhow::Result<Engine> {
        let encoder = Arc::clone(&self.encoder);
        let spec = EncoderSpec {
            identity: encoder.identity().to_owned(),
            dimensions: encoder.dimensions(),
        };
        let settings = Settings {
            threads: self.threads,
            batch_texts,
            ..Settings::default()
        };
        let load = move || Ok(Arc::clone(&encoder));
        Ok(Engine::start(spec, Box::new(load), settings)?)
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let manifest = runtime::manifest(config, &config.profile)?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        return Err(Failure::user(format!(
            "{reason} Fetch the weights with `mirage models pull`."
        )));
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let loading = tokio::task::spawn_blocking(move || text_encoder::load(&manifest, &folder));
    let encoder = loading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let encoder = encoder.map_err(|error| Failure::Unexpected(error.into()))?;
    let bench = Bench {
        encoder: Arc::from(encoder),
        rounds: usize::from(arguments.rounds),
        threads: config.work.threads,
    };
    let measuring = measure(&bench);
    let measured =
        interrupt::unless_stopped(&cancel, "Stopped. Nothing was changed.", measuring).await?;
    let figures = measured.map_err(Failure::Unexpected)?;
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(Exit::Done)
}

async fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    let overhead = overhead::measure(bench).await?;
    let throughput = throughput::measure(bench).await?;
    let fairness = fairness::measure(bench).await?;
    let cancel = cancel::measure(bench).await?;
    let enqueue = enqueue::measure().await?;
    let mut figures = Figures {
        rounds: bench.rounds,
        threads: bench.threads,
        overhead_batch64: overhead.engine_batch_ms / overhead.direct_batch_ms - 1.0,
        direct_batch64_ms: overhead.direct_batch_ms,
        engine_batch64_ms: overhead.engine_batch_ms,
        overhead_single_ms: overhead.engine_single_ms - overhead.direct_single_ms,
        direct_single_ms: overhead.direct_single_ms,
        engine_single_ms: overhead.engine_single_ms,
        batching_gain_16: throughput.batched / throughput.one_by_one,
        batched_texts_per_second: throughput.batched,
        one_by_one_texts_per_second: throughput.one_by_one,
        jain: fairness.jain,
        served: fairness.served,
        cancel_p99_ms: cancel.job_p99_ms,
        engine_cancel_p99_ms: cancel.engine_p99_ms,
        enqueue_p99_ms: enqueue.p99_ms,
        enqueue_p50_ms: enqueue.p50_ms,
        targets_kept: false,
    };
    figures.targets_kept = figures.overhead_batch64 < 0.05
        && figures.overhead_single_ms < 3.0
        && figures.batching_gain_16 >= 2.0
        && figures.jain >= 0.95
        && figures.cancel_p99_ms < 300.0
        && figures.enqueue_p99_ms < 20.0;
    Ok(figures)
}

impl Figures {
    fn in_words(&self) -> String {
        let kept = if self.targets_kept {
            "all kept"
        } else {
            "NOT all kept"
        };
        format!(
            "{} threads, {} rounds, medians:\n\
             \x20 64 texts: network {:.1} ms, through the engine {:.1} ms: {:+.1} % (target < 5 %)\n\
             \x20 1 text: network {:.1} ms, through the engine {:.1} ms: {:+.2} ms (target < 3 ms)\n\
             \x20 16 people at once: {:.0} texts/s in batches, {:.0} one by one: {:.2}x (target 2x)\n\
             \x20 Jain's index over 10 people with unequal demand: {:.3} (target 0.95)\n\
             \x20 From a cancellation to the next job: p99 {:.0} ms (target 300 ms); on the device \
             {:.1} ms\n\
             \x20 To accept a job, 1,000 waiting: p50 {:.1} ms, p99 {:.1} ms (target 20 ms)\n\
             Targets: {kept}\n",
            self.threads,
            self.rounds,
            self.direct_batch64_ms,
            self.engine_batch64_ms,
            self.overhead_batch64 * 100.0,
            self.direct_single_ms,
            self.engine_single_ms,
            self.overhead_single_ms,
            self.batched_texts_per_second,
            self.one_by_one_texts_per_second,
            self.batching_gain_16,
            self.jain,
            self.cancel_p99_ms,
            self.engine_cancel_p99_ms,
            self.enqueue_p50_ms,
            self.enqueue_p99_ms,
        )
    }
}
