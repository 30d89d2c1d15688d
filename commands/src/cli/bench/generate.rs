//! `mirage bench generate`: seconds that a synthetic picture takes, beside Python's diffusers on the
//! same weights, steps and number of threads, in turns. The pictures are thrown away.

mod figures;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use mirage::config::Config;
use mirage::engine::EngineError;
use mirage::evaluation::generate::{self, Drawn, Terms};
use mirage_models::diffusion::{Pipeline, SchedulerKind};
use rayon::ThreadPool;

use super::peer::{Peer, Script};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Waiting;
use crate::cli::{interrupt, output};
use crate::runtime::{self, OpenError, incomplete, resident_megabytes, weights_folder};
use figures::{Figures, PeerFigures};

const SCRIPT: Script = Script {
    name: "generate.py",
    text: include_str!("../../../peers/generate.py"),
};

/// Measure the generator of pictures beside Python's diffusers
///
/// Makes a picture after the other, and in turns with a peer: the same folder of weights in
/// diffusers, on as many threads. Words, steps with guidance and decoding all count.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench generate --peer venv/bin/python --json")]
pub(crate) struct Arguments {
    /// How many pictures to count on each side; medians count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pictures: u16,
    /// Steps a picture
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    steps: u32,
    /// What to ask for
    #[arg(long, default_value = "CT of the abdomen.")]
    prompt: String,
    /// Threads for both (default: MIRAGE_THREADS)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    threads: Option<u16>,
    /// A Python that has torch, diffusers and transformers, for the peer
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    peer: PathBuf,
    /// Let the peer compile its network first, which needs a C++ compiler and some minutes
    #[arg(long)]
    compile: bool,
    /// Measure without a peer
    #[arg(long, conflicts_with_all = ["peer", "compile"])]
    alone: bool,
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How closely both sides follow the prompt: what is usual.
const GUIDANCE: f64 = 7.0;

/// What both sides work with.
struct Given {
    generator: String,
    /// The folder in diffusers' layout.
    folder: PathBuf,
    text_encoder: PathBuf,
    terms: Terms,
    threads: usize,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let given = given(arguments, config)?;
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let measuring = measure(arguments, given);
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

fn given(arguments: &Arguments, config: &Config) -> Result<Given, Failure> {
    let profile = arguments.profile.as_deref().unwrap_or(&config.profile);
    let manifest = runtime::manifest(config, profile)?;
    let (Some(spec), Some(generator)) = (&manifest.diffusion, manifest.diffusion_identity()) else {
        return Err(Failure::User(EngineError::NoGenerator.into()));
    };
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        let profile = manifest.profile;
        return Err(OpenError::Weights { profile, reason }.into());
    }
    Ok(Given {
        generator,
        folder: folder.join(&spec.folder),
        text_encoder: folder.join(&manifest.text_encoder.folder),
        terms: Terms {
            steps: arguments.steps,
            guidance: GUIDANCE,
            // What the peer has too, to the last sum.
            scheduler: SchedulerKind::Ddim,
            seed: 1,
            candidates: 1,
            size: spec.size,
        },
        threads: arguments.threads.map_or(config.work.threads, usize::from),
    })
}

impl Arguments {
    /// Starts the peer; a sentence where there is none.
    async fn start(&self, given: &Given) -> anyhow::Result<Result<Peer, String>> {
        if self.alone {
            return Ok(Err("There is no peer: none was asked for.".to_owned()));
        }
        let Terms {
            steps,
            guidance,
            size,
            ..
        } = &given.terms;
        let mut parts = vec![
            given.folder.as_os_str().to_owned(),
            given.text_encoder.as_os_str().to_owned(),
            self.prompt.clone().into(),
            steps.to_string().into(),
            guidance.to_string().into(),
            size.to_string().into(),
            given.threads.to_string().into(),
        ];
        if self.compile {
            parts.push("compile".into());
        }
        Peer::start(&self.peer, &SCRIPT, &parts, given.threads).await
    }
}

/// Our own side.
struct Own {
    pipeline: Pipeline,
    prompt: String,
    terms: Terms,
    pool: ThreadPool,
}

impl Own {
    fn load(given: &Given, prompt: &str) -> anyhow::Result<Self> {
        Ok(Self {
            pipeline: generate::load(&given.folder)?,
            prompt: prompt.to_owned(),
            terms: given.terms.clone(),
            pool: rayon::ThreadPoolBuilder::new()
                .num_threads(given.threads)
                .build()?,
        })
    }

    /// Makes a picture, and tells how long each part took.
    fn picture(&self, number: u64) -> anyhow::Result<Drawn> {
        let terms = self.terms.later(number);
        let drawing = || generate::draw(&self.pipeline, &self.prompt, &terms);
        Ok(self.pool.install(drawing)?)
    }
}

async fn measure(arguments: &Arguments, given: Given) -> anyhow::Result<Figures> {
    let waiting = Waiting::new("Preparing both sides".to_owned());
    let before = resident_megabytes();
    let given = Arc::new(given);
    let (from, prompt) = (Arc::clone(&given), arguments.prompt.clone());
    let started = Instant::now();
    let own = Arc::new(blocking(move || Own::load(&from, &prompt)).await?);
    let loading = started.elapsed();
    let (mut peer, no_peer) = match arguments.start(&given).await? {
        Ok(peer) => (Some(peer), None),
        Err(sentence) => (None, Some(sentence)),
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..=u64::from(arguments.pictures) {
        waiting.message(format!("Picture {number} of {}", arguments.pictures));
        let own = Arc::clone(&own);
        let drawn = blocking(move || own.picture(number)).await?;
        let peers = match &mut peer {
            Some(peer) => Some(seconds(peer, &format!("picture {number}")).await?),
            None => None,
        };
        // The first pictures warm caches and are not counted.
        if number > 0 {
            ours.push(drawn);
            theirs.extend(peers);
        }
    }
    let after = resident_megabytes();
    let extra = before
        .zip(after)
        .map(|(before, after)| after.saturating_sub(before));
    let mut figures = Figures::of(&given, &ours, loading, extra);
    figures.no_peer = no_peer;
    if let Some(mut peer) = peer {
        let kilobytes = peer.ask("kilobytes").await?.as_f64();
        let kilobytes = kilobytes.context("the peer told no number")?;
        figures.peer = Some(PeerFigures::of(peer.about, &theirs, &ours, kilobytes));
    }
    Ok(figures)
}

async fn seconds(peer: &mut Peer, task: &str) -> anyhow::Result<Duration> {
    let seconds = peer.ask(task).await?;
    let seconds = seconds.as_f64().context("the peer told no time")?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

/// Work that holds a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
