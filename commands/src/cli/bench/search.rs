//! `mirage bench search`: the index of vectors in memory, beside MIRAGE's own line of numpy over
//! the same vectors, in turns.

mod figures;
mod material;
mod npy;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use mirage::config::Config;
use mirage::vectors::Near;
use mirage::vectors::sample::Kind;
use rayon::ThreadPool;
use serde::Deserialize;

use super::peer::{Peer, Script};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Waiting;
use crate::cli::{interrupt, output};
use crate::runtime::resident_megabytes;
use figures::{Figures, PeerFigures};
use material::{Drawing, Files, Material, Terms};

/// Rows that are found for each query: as many as MIRAGE shows.
const RESULTS: usize = 10;
/// Queries of one turn.
const TURN: usize = 20;
/// Queries that are made first and not counted.
const WARM_UP: usize = 10;
/// Rows from which on exact answers are worked out for few queries alone.
const MANY: usize = 200_000;
const FEW_KNOWN: usize = 50;
/// Largest matrix that a peer gets, in bytes: it holds all of it in memory.
const LARGEST_FOR_PEER: usize = 1 << 30;
const SCRIPT: Script = Script {
    name: "search.py",
    text: include_str!("../../../peers/search.py"),
};

/// Measure the search over vectors beside numpy
///
/// Draws vectors from a seed, makes their index, and searches it in turns with a peer: numpy's
/// product with the same vectors on as many threads, the way MIRAGE searches. No atlas is needed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage bench search --json\n  mirage bench search --rows 1000000 --alone"
)]
pub(crate) struct Arguments {
    /// How many vectors to search; MIRAGE's index has 65,419
    #[arg(long, default_value_t = 65_419, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rows: u32,
    /// How many numbers a vector has
    #[arg(long, default_value_t = 768, value_parser = clap::value_parser!(u16).range(1..=8_192))]
    dimensions: u16,
    /// How many searches to count
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    queries: u32,
    /// Draw vectors in all directions alike in place of groups: the hardest case
    #[arg(long)]
    even: bool,
    /// Threads for both (default: MIRAGE_THREADS)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    threads: Option<u16>,
    /// A Python that has numpy, for the peer
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    peer: PathBuf,
    /// Measure without a peer
    #[arg(long, conflicts_with = "peer")]
    alone: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What one side needed, and what it found.
#[derive(Default)]
struct Measured {
    times: Vec<Duration>,
    /// For a peer.
    products: Vec<Duration>,
    rows: Vec<Vec<u32>>,
}

/// A peer's answer.
#[derive(Deserialize)]
struct Answer {
    seconds: Vec<f64>,
    product: Vec<f64>,
    rows: Vec<Vec<u32>>,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let threads = arguments.threads.map_or(config.work.threads, usize::from);
    let measuring = measure(arguments, threads);
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

async fn measure(arguments: &Arguments, threads: usize) -> anyhow::Result<Figures> {
    let terms = arguments.terms();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let pool = Arc::new(pool);
    let folder = tempfile::tempdir().context("no folder for the vectors")?;
    let vectors = folder.path().join("vectors.npy");
    let queries = folder.path().join("queries.npy");
    let files = Files {
        vectors: &vectors,
        queries: &queries,
    };
    let no_peer = arguments.no_peer();
    let files = no_peer.is_none().then_some(&files);
    let waiting = Waiting::new("Drawing vectors".to_owned());
    let material = Arc::new(draw(terms, files, &pool, &waiting).await?);
    let resident = resident_megabytes();
    waiting.message("Searching".to_owned());
    let started = match no_peer {
        Some(sentence) => Err(sentence),
        None => {
            let results = RESULTS.to_string().into();
            let given = [vectors.into_os_string(), queries.into_os_string(), results];
            Peer::start(&arguments.peer, &SCRIPT, &given, threads).await?
        }
    };
    let (mut peer, no_peer) = match started {
        Ok(peer) => (Some(peer), None),
        Err(sentence) => (None, Some(sentence)),
    };
    let (ours, theirs) = in_turns(&material, &pool, peer.as_mut(), terms).await?;
    let mut figures = Figures::of(terms, threads, &material, &ours);
    figures.resident_megabytes = resident;
    figures.no_peer = no_peer;
    figures.peer = peer.map(|peer| PeerFigures::of(peer.about, &theirs, &ours, &material.truth));
    Ok(figures)
}

impl Arguments {
    fn terms(&self) -> Terms {
        let (rows, queries) = (self.rows as usize, self.queries as usize);
        Terms {
            kind: if self.even {
                Kind::Even
            } else {
                Kind::Clustered
            },
            rows,
            dimensions: usize::from(self.dimensions),
            queries,
            known: if rows > MANY {
                queries.min(FEW_KNOWN)
            } else {
                queries
            },
            results: RESULTS,
        }
    }

    /// Why no peer is asked for.
    fn no_peer(&self) -> Option<String> {
        if self.alone {
            return Some("There is no peer: none was asked for.".to_owned());
        }
        let bytes = self.rows as usize * usize::from(self.dimensions) * size_of::<f32>();
        (bytes > LARGEST_FOR_PEER).then(|| {
            format!(
                "There is no peer: its matrix would take {:.1} GB, and it is asked up to {:.1} GB.",
                bytes as f64 / 1e9,
                LARGEST_FOR_PEER as f64 / 1e9
            )
        })
    }
}

/// Draws the vectors, block by block, so that a stop takes effect soon.
async fn draw(
    terms: Terms,
    files: Option<&Files<'_>>,
    pool: &Arc<ThreadPool>,
    waiting: &Waiting,
) -> anyhow::Result<Material> {
    let mut drawing = Drawing::new(terms, files)?;
    while !drawing.is_done() {
        let pool = Arc::clone(pool);
        let step = tokio::task::spawn_blocking(move || {
            pool.install(|| drawing.step())?;
            anyhow::Ok(drawing)
        });
        drawing = step.await??;
        waiting.message(drawing.so_far());
    }
    drawing.finish()
}

/// Searches in turns, after a few searches of each that aren't counted.
async fn in_turns(
    material: &Arc<Material>,
    pool: &Arc<ThreadPool>,
    mut peer: Option<&mut Peer>,
    terms: Terms,
) -> anyhow::Result<(Measured, Measured)> {
    let (mut ours, mut theirs) = (Measured::default(), Measured::default());
    let warm_up = (0, WARM_UP.min(terms.queries));
    search(material, pool, warm_up, &mut Measured::default()).await?;
    if let Some(peer) = &mut peer {
        ask(peer, warm_up, &mut Measured::default()).await?;
    }
    for first in (0..terms.queries).step_by(TURN) {
        let turn = (first, (first + TURN).min(terms.queries));
        search(material, pool, turn, &mut ours).await?;
        if let Some(peer) = &mut peer {
            ask(peer, turn, &mut theirs).await?;
        }
    }
    Ok((ours, theirs))
}

async fn search(
    material: &Arc<Material>,
    pool: &Arc<ThreadPool>,
    (first, last): (usize, usize),
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let (material, pool) = (Arc::clone(material), Arc::clone(pool));
    let searching = tokio::task::spawn_blocking(move || {
        let queries = material.queries.chunks_exact(material.index.dimensions());
        let mut found = Vec::new();
        for query in queries.skip(first).take(last - first) {
            let started = Instant::now();
            let near = pool.install(|| material.index.search(query, RESULTS, None))?;
            found.push((started.elapsed(), near));
        }
        anyhow::Ok(found)
    });
    for (time, near) in searching.await?? {
        measured.times.push(time);
        measured.rows.push(rows_of(&near));
    }
    Ok(())
}

async fn ask(
    peer: &mut Peer,
    (first, last): (usize, usize),
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let answer = peer.ask(&format!("{first} {last}")).await?;
    let answer: Answer = serde_json::from_value(answer).context("the peer's answer")?;
    let times = |seconds: Vec<f64>| {
        let seconds = seconds.into_iter();
        seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default())
    };
    measured.times.extend(times(answer.seconds));
    measured.products.extend(times(answer.product));
    measured.rows.extend(answer.rows);
    Ok(())
}

fn rows_of(near: &[Near]) -> Vec<u32> {
    near.iter().map(|near| near.row).collect()
}
