//! `mirage bench encode`: pictures a second through the image encoder, beside PyTorch on the same
//! weights, pictures and number of threads, in turns.

mod figures;
mod pictures;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use mirage::config::Config;
use mirage_models::image_encoder::{EfficientNetLite, ImageEncoder as _, ImageEncoderError, Rgb};
use mirage_models::manifest::Manifest;
use rayon::ThreadPool;

use super::peer::{Peer, Script};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Waiting;
use crate::cli::{interrupt, output};
use crate::runtime::{incomplete, weights_folder};
use figures::{Figures, PeerFigures};

const SCRIPT: Script = Script {
    name: "encode.py",
    text: include_str!("../../../peers/encode.py"),
};

/// Measure the image encoder beside PyTorch
///
/// Embeds drawn pictures with the profile's own network, and in turns with a peer: the same weights
/// in PyTorch, on as many threads. Both are measured with their preprocessing and without.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench encode --peer venv/bin/python --json")]
pub(crate) struct Arguments {
    /// How many pictures to embed in each round
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pictures: u16,
    /// How many pictures run together
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    batch: u16,
    /// How often to repeat; medians count
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rounds: u16,
    /// Threads for both (default: MIRAGE_THREADS)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    threads: Option<u16>,
    /// A Python that has torch, safetensors and numpy, for the peer
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    peer: PathBuf,
    /// Let the peer compile its network first, which needs a C++ compiler and about a minute
    #[arg(long)]
    compile: bool,
    /// Measure without a peer
    #[arg(long, conflicts_with_all = ["peer", "compile"])]
    alone: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How both sides work.
#[derive(Debug, Clone, Copy)]
struct Terms {
    pictures: usize,
    batch: usize,
    rounds: usize,
    threads: usize,
}

/// What one side needed for all pictures, a time for each round.
#[derive(Default)]
struct Measured {
    /// From pixels to vectors.
    whole: Vec<Duration>,
    /// The network alone, its inputs prepared.
    network: Vec<Duration>,
}

/// Our own side.
struct Own {
    encoder: EfficientNetLite,
    pictures: Vec<Rgb>,
    /// Prepared inputs of each batch.
    inputs: Vec<Vec<f32>>,
    batch: usize,
    pool: ThreadPool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let manifest = Manifest::of_profile(&config.profile)?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        return Err(Failure::user(format!(
            "{reason} Fetch the weights with `mirage models pull`."
        )));
    }
    let Some(spec) = &manifest.image_encoder else {
        let absent = ImageEncoderError::Absent(manifest.profile);
        return Err(Failure::User(absent.into()));
    };
    let folder = folder.join(&spec.folder);
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let measuring = measure(arguments, arguments.terms(config), folder);
    let sentence = "Stopped. Nothing was changed.";
    let measured = interrupt::unless_stopped(&cancel, sentence, measuring).await?;
    let figures = measured.map_err(Failure::Unexpected)?;
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(Exit::Done)
}

impl Arguments {
    fn terms(&self, config: &Config) -> Terms {
        Terms {
            pictures: usize::from(self.pictures),
            batch: usize::from(self.batch),
            rounds: usize::from(self.rounds),
            threads: self.threads.map_or(config.work.threads, usize::from),
        }
    }

    /// Starts the peer; a sentence where there is none.
    async fn start(&self, terms: Terms, folder: &Path) -> anyhow::Result<Result<Peer, String>> {
        if self.alone {
            return Ok(Err("There is no peer: none was asked for.".to_owned()));
        }
        let numbers = [terms.pictures, terms.batch, terms.threads];
        let mut given = vec![folder.as_os_str().to_owned()];
        given.extend(numbers.map(|number| number.to_string().into()));
        if self.compile {
            given.push("compile".into());
        }
        Peer::start(&self.peer, &SCRIPT, &given, terms.threads).await
    }
}

async fn measure(arguments: &Arguments, terms: Terms, folder: PathBuf) -> anyhow::Result<Figures> {
    let waiting = Waiting::new("Preparing both sides".to_owned());
    let from = folder.clone();
    let own = Arc::new(blocking(move || Own::load(&from, terms)).await?);
    let (mut peer, no_peer) = match arguments.start(terms, &folder).await? {
        Ok(peer) => (Some(peer), None),
        Err(sentence) => (None, Some(sentence)),
    };
    let (mut ours, mut theirs) = (Measured::default(), Measured::default());
    for round in 0..=terms.rounds {
        waiting.message(format!("Round {round} of {}", terms.rounds));
        let own = Arc::clone(&own);
        let (whole, network) = blocking(move || own.round()).await?;
        // The first round warms caches and is not counted.
        if round > 0 {
            ours.whole.push(whole);
            ours.network.push(network);
        }
        if let Some(peer) = &mut peer {
            let (whole, network) = (ask(peer, "whole").await?, ask(peer, "network").await?);
            if round > 0 {
                theirs.whole.push(whole);
                theirs.network.push(network);
            }
        }
    }
    let mut figures = Figures::of(terms, own.encoder.identity(), &ours);
    figures.no_peer = no_peer;
    if let Some(mut peer) = peer {
        let vectors = peer.ask("vectors").await?;
        let vectors: Vec<Vec<f32>> = serde_json::from_value(vectors).context("its vectors")?;
        let count = vectors.len();
        let own = blocking(move || own.vectors(count)).await?;
        let nearness = figures::least_cosine(&own, &vectors);
        figures.peer = Some(PeerFigures::of(terms, peer.about, &theirs, &ours, nearness));
    }
    Ok(figures)
}

async fn ask(peer: &mut Peer, task: &str) -> anyhow::Result<Duration> {
    let seconds = peer.ask(task).await?;
    let seconds = seconds.as_f64().context("the peer told no time")?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

impl Own {
    fn load(folder: &Path, terms: Terms) -> anyhow::Result<Self> {
        let encoder = EfficientNetLite::load(folder)?;
        let pictures = pictures::drawn(terms.pictures)?;
        let inputs = pictures.chunks(terms.batch);
        Ok(Self {
            inputs: inputs.map(|batch| encoder.inputs(batch)).collect(),
            pictures,
            encoder,
            batch: terms.batch,
            pool: rayon::ThreadPoolBuilder::new()
                .num_threads(terms.threads)
                .build()?,
        })
    }

    /// Embeds all pictures, from their pixels and then from prepared inputs.
    fn round(&self) -> anyhow::Result<(Duration, Duration)> {
        let prepared = self.inputs.clone();
        self.pool.install(|| {
            let started = Instant::now();
            for batch in self.pictures.chunks(self.batch) {
                let inputs = self.encoder.inputs(batch);
                self.encoder.embed_inputs(inputs)?;
            }
            let whole = started.elapsed();
            let started = Instant::now();
            for inputs in prepared {
                self.encoder.embed_inputs(inputs)?;
            }
            Ok((whole, started.elapsed()))
        })
    }

    /// The vectors of the first pictures.
    fn vectors(&self, count: usize) -> anyhow::Result<Vec<Vec<f32>>> {
        let pictures = &self.pictures[..count.min(self.pictures.len())];
        Ok(self.pool.install(|| self.encoder.embed(pictures))?)
    }
}

/// Work that holds a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
