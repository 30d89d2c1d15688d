//! `mirage bench find`: the time from an interaction to its final reply with pictures, through the
//! real bot and the local server, and of the same searches without Discord.

use std::time::{Duration, Instant};

use clap::Args;
use mirage::atlas::{Atlas, Filter, Query, Request};
use mirage::config::{Config, Secret};
use mirage::store::Store;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::local_discord::LocalDiscord;
use crate::cli::{Ending, print, print_json};
use crate::runtime;
use crate::slash::{self, Settings};

/// Calls before the measured ones.
const WARM_UP: usize = 10;

/// Questions as students put them; each is asked several times in turn.
const QUERIES: &[&str] = &[
    "brain thalamus axial",
    "shoulder MRI",
    "chest X-ray",
    "optic disc",
    "coronal hippocampus",
    "fracture of the tibia",
    "liver lesion MRI",
    "whole body bone scan",
    "lymph node Doppler",
    "heart ultrasound",
    "kidneys on CT",
    "where is the caudate nucleus",
    "macula of the retina",
    "histology of the skin",
    "colon glands with brown stain",
    "dividing cell nuclei",
    "sagittal midline brain stem",
    "fourth ventricle",
    "lateral ventricle bodies",
    "motor cortex precentral gyrus",
    "cerebellum vermis",
    "amygdala",
    "putamen and pallidum",
    "insula",
    "visual cortex",
    "vertebra bone window",
    "pelvis ultrasound bladder",
    "microaneurysms",
    "head CT without contrast",
    "midline shift",
    "retinal vessels",
    "collagen of the dermis",
    "electron tomography",
    "white matter map",
    "gray matter map",
    "temporal lobe",
    "frontal lobe gyri",
    "corpus callosum",
    "non-ossifying fibroma",
    "rounded opacities in the lungs",
    "ascending aorta diameter",
    "blood flow in red and blue",
];

/// Arguments of `mirage bench find`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Find {
    /// Measured calls
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=5000))]
    calls: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Find {
    pub(in crate::cli) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let calls = self.calls as usize;
        let atlas = runtime::open_atlas(&config).await?;
        let search = time_searches(&atlas, calls).await?;
        let discord = LocalDiscord::start().await?;
        let (bot, cancel) = start_bot(&discord, atlas).await?;
        let mut times = Vec::with_capacity(calls);
        for index in 0..calls + WARM_UP {
            let took = discord.find(QUERIES[index % QUERIES.len()]).await?;
            if index >= WARM_UP {
                times.push(took);
            }
        }
        cancel.cancel();
        bot.await??;
        let (p50, p95) = (percentile(&mut times, 0.5), percentile(&mut times, 0.95));
        let memory = runtime::resident_megabytes();
        if self.json {
            print_json(&json!({
                "p50_ms": p50, "p95_ms": p95, "calls": times.len(),
                "search_p50_ms": search, "resident_mb": memory,
            }))?;
        } else {
            print(&format!(
                "/find through the local server: p50 {p50:.1} ms, p95 {p95:.1} ms over {} calls\n\
                 the search alone:              p50 {search:.1} ms (ratio {:.1})\n\
                 resident memory:               {} MB",
                times.len(),
                p50 / search,
                memory.map_or_else(|| "unknown".to_owned(), |megabytes| megabytes.to_string()),
            ))?;
        }
        Ok(Ending::Done)
    }
}

/// Median milliseconds of a search in process, entries read and pictures not.
async fn time_searches(atlas: &Atlas, calls: usize) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(calls);
    for index in 0..calls + WARM_UP {
        let request = Request {
            query: Query::Text(QUERIES[index % QUERIES.len()].to_owned()),
            filter: Filter::default(),
            offset: 0,
            limit: 5,
        };
        let started = Instant::now();
        atlas.search(&request).await?;
        if index >= WARM_UP {
            times.push(started.elapsed());
        }
    }
    Ok(percentile(&mut times, 0.5))
}

type Running = tokio::task::JoinHandle<Result<(), slash::StartError>>;

/// The bot in this process, on a database of its own, ready.
async fn start_bot(
    discord: &LocalDiscord,
    atlas: Atlas,
) -> anyhow::Result<(Running, CancellationToken)> {
    let store = Store::open(&discord.folder().join("bench.sqlite")).await?;
    let settings = Settings {
        token: Secret::new(discord.bot_token()),
        discord_url: Some(discord.url().clone()),
        guild: None,
    };
    let cancel = CancellationToken::new();
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let bot = tokio::spawn(slash::run(
        atlas,
        store,
        settings,
        cancel.clone(),
        move || {
            let _ = ready.send(());
        },
    ));
    match tokio::time::timeout(Duration::from_secs(30), is_ready).await {
        Ok(Ok(())) => Ok((bot, cancel)),
        Ok(Err(_)) => {
            bot.await??;
            anyhow::bail!("The bot ended before it was ready.")
        }
        Err(_) => anyhow::bail!("The bot did not get ready within 30 seconds."),
    }
}

/// The value that this share of the times does not exceed, in milliseconds.
fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let index = ((times.len().saturating_sub(1)) as f64 * share).round() as usize;
    times
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let mut times: Vec<Duration> = (1..=101).rev().map(Duration::from_millis).collect();
        assert!((percentile(&mut times, 0.5) - 51.0).abs() < 1e-9);
        assert!((percentile(&mut times, 0.95) - 96.0).abs() < 1e-9);
        assert!(percentile(&mut [], 0.5).abs() < 1e-9);
    }
}
