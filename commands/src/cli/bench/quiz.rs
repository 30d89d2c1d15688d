//! `mirage bench quiz`: how long drafting takes in process, from a topic to the questions.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use mirage::atlas::Atlas;
use mirage::config::Config;
use mirage::quiz::{Drafter, QuizError, Wanted, draft};
use serde::Serialize;

use super::statistics::{milliseconds, percentile};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::{interrupt, output};
use crate::runtime;

/// Questions of a draft, as the target has them.
const QUESTIONS: usize = 10;
/// What is aimed at for the slowest draft on two cores, in milliseconds.
const TARGET: f64 = 20_000.0;

/// Measure how long drafting questions takes
///
/// Drafts ten questions at a time in process, as the bot does: the atlas is read, neighbours are
/// found, questions are put together and checked. Topics are those that the atlas names, in turn.
/// Nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench quiz --drafts 20 --json")]
pub(crate) struct Arguments {
    /// How many drafts
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    drafts: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures; times in milliseconds.
#[derive(Debug, Serialize)]
struct Figures {
    drafts: usize,
    questions: usize,
    pictures_in_atlas: usize,
    cores: usize,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
    target_max_ms: f64,
    /// Whether the target was kept.
    kept: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let atlas = runtime::open_atlas(config).await?;
    let measuring = measure(&atlas, arguments.drafts as usize);
    let sentence = "Stopped. Nothing was changed.";
    let figures = interrupt::unless_stopped(&cancel, sentence, measuring).await??;
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(Exit::Done)
}

async fn measure(atlas: &Atlas, drafts: usize) -> Result<Figures, Failure> {
    let topics = Drafter::read(atlas).await?.topics();
    let bar = ProgressBar::new(drafts as u64);
    let none = HashSet::new();
    let (mut times, mut questions) = (Vec::with_capacity(drafts), 0);
    for number in 0..drafts {
        let wanted = Wanted {
            topic: topics
                .get(number % topics.len().max(1))
                .cloned()
                .unwrap_or_default(),
            count: QUESTIONS,
            kinds: Vec::new(),
            difficulty: None,
            seed: number as u64,
        };
        let started = Instant::now();
        questions += match draft(atlas, &wanted, &none).await {
            Ok(items) => items.len(),
            Err(QuizError::Atlas(error)) => return Err(error.into()),
            // A topic that gives no question takes its time too.
            Err(_) => 0,
        };
        times.push(started.elapsed());
        bar.inc(1);
    }
    bar.finish_and_clear();
    let in_atlas = atlas.catalogue().await?.len();
    Ok(Figures::of(&times, questions, in_atlas))
}

impl Figures {
    fn of(times: &[Duration], questions: usize, pictures_in_atlas: usize) -> Self {
        let at = |percent| milliseconds(percentile(times, percent));
        let max_ms = at(100);
        Self {
            drafts: times.len(),
            questions,
            pictures_in_atlas,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            p50_ms: at(50),
            p95_ms: at(95),
            max_ms,
            target_max_ms: TARGET,
            kept: max_ms <= TARGET,
        }
    }

    fn in_words(&self) -> String {
        let kept = if self.kept { "kept" } else { "NOT kept" };
        format!(
            "Drafts of {QUESTIONS} questions, {} of them with {} questions, {} pictures in the \
             atlas, {} cores:\n  p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms\n\
             Target (longest {} ms): {kept}\n",
            self.drafts,
            self.questions,
            self.pictures_in_atlas,
            self.cores,
            self.p50_ms,
            self.p95_ms,
            self.max_ms,
            self.target_max_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_judged_by_the_slowest_draft() {
        let times = [Duration::from_secs(1), Duration::from_secs(19)];
        let figures = Figures::of(&times, 20, 169);
        assert!(
            figures.kept && figures.in_words().contains("kept"),
            "{figures:?}"
        );
        let late = [Duration::from_secs(1), Duration::from_secs(21)];
        assert!(!Figures::of(&late, 20, 169).kept);
    }
}
