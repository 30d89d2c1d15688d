//! `mirage bench chat`: the profile's language model by itself, in turns with llama.cpp on the same
//! file with as many threads, and then whole explanations from the configured atlas.

mod answers;
mod explaining;
mod figures;
mod gguf;
mod prompts;
mod threads;
mod weights;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mirage::atlas::Atlas;
use mirage::config::Config;
use mirage_models::language_model::LanguageModel;

use super::peer::{Peer, Script};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Waiting;
use crate::cli::{interrupt, output};
use crate::runtime;
use answers::{Answered, Beside};
use figures::{Explained, Figures, PeerFigures};
use weights::{Stored, Weights};

const SCRIPT: Script = Script {
    name: "chat.py",
    text: include_str!("../../../peers/chat.py"),
};

/// Measure the language model beside llama.cpp
///
/// Asks the profile's language model questions of two lengths, and in turns a peer: llama.cpp on the
/// same file with as many threads, for answers of as many tokens. Prompts and answers are timed
/// apart, outside of the engine's queue. Then a dozen topics of the starter atlas are explained, as
/// /explain does it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage bench chat --peer venv/bin/python --json\n  mirage bench chat --alone"
)]
pub(crate) struct Arguments {
    /// How often to ask; medians count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rounds: u16,
    /// Threads for both (default: MIRAGE_THREADS)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    threads: Option<u16>,
    /// A Python that has llama-cpp-python, for the peer
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    peer: PathBuf,
    /// Measure the peer on the file as it is shipped, too
    #[arg(long)]
    original: bool,
    /// Measure without a peer
    #[arg(long, conflicts_with_all = ["peer", "original"])]
    alone: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How both sides work.
#[derive(Debug, Clone, Copy)]
struct Terms {
    rounds: usize,
    threads: usize,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let terms = arguments.terms(config);
    if !threads::are(terms.threads, config) {
        return threads::again(terms.threads).await;
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let measuring = measure(arguments, terms, config);
    let sentence = "Stopped. Nothing was changed.";
    let figures = interrupt::unless_stopped(&cancel, sentence, measuring).await??;
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
            rounds: usize::from(self.rounds),
            threads: self.threads.map_or(config.work.threads, usize::from),
        }
    }

    /// Starts the peer on the file that is loaded, and once more on the one that is shipped if that
    /// is asked for.
    async fn peers(&self, terms: Terms, weights: &Weights) -> anyhow::Result<Vec<Beside>> {
        let mut files = vec![&weights.loaded];
        if self.original {
            files.push(&weights.shipped);
        }
        let mut peers = Vec::with_capacity(files.len());
        for file in files {
            peers.push(Beside {
                peer: self.start(terms, file).await?,
                weights: file.clone(),
                answers: Vec::new(),
            });
        }
        Ok(peers)
    }

    /// Starts a peer on one file; a sentence where there is none.
    async fn start(&self, terms: Terms, file: &Stored) -> anyhow::Result<Result<Peer, String>> {
        if self.alone {
            return Ok(Err("There is no peer: none was asked for.".to_owned()));
        }
        if !file.is_gguf {
            let sentence = "There is no peer: llama.cpp reads GGUF files, and the profile's \
                            language model is a folder of safetensors.";
            return Ok(Err(sentence.to_owned()));
        }
        let threads = terms.threads.to_string().into();
        let given = [file.path.clone().into_os_string(), threads];
        Peer::start(&self.peer, &SCRIPT, &given, terms.threads).await
    }
}

async fn measure(arguments: &Arguments, terms: Terms, config: &Config) -> Result<Figures, Failure> {
    let waiting = Waiting::new("Preparing both sides".to_owned());
    let atlas = open(config).await?;
    let of = config.clone();
    let loading = tokio::task::spawn_blocking(move || load(&of));
    let loaded = loading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let (weights, model) = loaded?;
    if arguments.original && !weights.are_converted() {
        return Err(Failure::argument(format!(
            "{} is loaded as it is shipped: leave --original out.",
            weights.loaded.name
        )));
    }
    let peers = arguments.peers(terms, &weights).await;
    let mut peers = peers.map_err(Failure::Unexpected)?;
    let ours = in_turns(&*model, &mut peers, terms.rounds, &waiting).await;
    let ours = ours.map_err(Failure::Unexpected)?;
    let mut figures = Figures::of(terms, model.identity(), &weights.loaded, &ours);
    // They end here: what follows has the machine to itself.
    let mut beside = peers.into_iter().map(|peer| peer.figures(&ours));
    (figures.peer, figures.no_peer) = parted(beside.next());
    (figures.original, figures.no_original) = parted(beside.next());
    let chat = atlas.chat(model);
    let explained = explaining::measure(&atlas, &chat, &waiting).await?;
    figures.explained = Explained::of(&explained);
    figures.resident_megabytes = peak_megabytes();
    Ok(figures)
}

/// The configured atlas, if there is something in it.
async fn open(config: &Config) -> Result<Atlas, Failure> {
    let atlas = runtime::open_atlas(config).await?;
    if atlas.catalogue().await?.is_empty() {
        return Err(Failure::user(
            "The atlas is empty. Fill it with `mirage atlas starter`.",
        ));
    }
    Ok(atlas)
}

/// The configured profile's language model with its files.
fn load(config: &Config) -> Result<(Weights, Arc<dyn LanguageModel>), Failure> {
    let weights = Weights::of(config)?;
    let model = runtime::language_model(config)?;
    let model = model.ok_or_else(|| weights::without_model(&config.profile))?;
    Ok((weights, model))
}

/// Asks our own model and each peer in turns. Gives our answers, round by round.
async fn in_turns(
    model: &dyn LanguageModel,
    peers: &mut [Beside],
    rounds: usize,
    waiting: &Waiting,
) -> anyhow::Result<Vec<Answered>> {
    let mut ours = Vec::with_capacity(rounds * prompts::LENGTHS.len());
    for round in 0..=rounds {
        waiting.message(format!("Round {round} of {rounds}"));
        // The first round warms caches and is not counted.
        let counts = round > 0;
        for length in prompts::LENGTHS {
            let count = |text: &str| model.count_tokens(text);
            let question = prompts::question(length, round, count)?;
            let answer = answers::ask(model, &question).await?;
            for peer in &mut *peers {
                let tokens = answer.answer_tokens;
                peer.ask(&question, tokens, counts).await?;
            }
            if counts {
                ours.push(answer);
            }
        }
    }
    Ok(ours)
}

/// Figures, or a sentence on why there are none.
fn parted(told: Option<Result<PeerFigures, String>>) -> (Option<PeerFigures>, Option<String>) {
    match told {
        Some(Ok(figures)) => (Some(figures), None),
        Some(Err(sentence)) => (None, Some(sentence)),
        None => (None, None),
    }
}

/// The most memory that this process has held, in megabytes; `None` where the system doesn't tell.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    peak_of(&status)
}

/// Linux gives kibibytes here, whatever the size of a page.
fn peak_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_memory_is_told_in_megabytes() {
        let status = "VmHWM:\t  800000 kB\nVmRSS:\t  400000 kB\n";
        assert_eq!(peak_of(status), Some(819));
        assert_eq!(peak_of("VmRSS:\t  400000 kB\n"), None);
    }

    #[test]
    fn a_peer_that_is_not_there_leaves_its_sentence() {
        let (figures, sentence) = parted(Some(Err("There is no peer.".to_owned())));
        assert!(figures.is_none());
        assert_eq!(sentence.as_deref(), Some("There is no peer."));
        assert!(matches!(parted(None), (None, None)));
    }
}
