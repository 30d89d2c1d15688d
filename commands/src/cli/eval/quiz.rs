//! `mirage eval quiz`: what the drafts of an atlas are worth as far as a program can tell: how many
//! distinct ones there are, of which kinds, and whether any is faulty or gives its answer away.
//! Whether keys are right is for people: a table of all drafts can be written for them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use mirage::atlas::{Atlas, Entry};
use mirage::config::Config;
use mirage::quiz::exchange::{self, Format};
use mirage::quiz::{Drafter, Item, QuizError, Task, Wanted, leaks};
use serde::Serialize;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{clean, count};
use crate::runtime;

/// Faults and leaks that are named one by one.
const NAMED: usize = 20;

/// Draft questions over the whole atlas, and count what is sound
///
/// Each part of the body and each imaging method that the atlas names is a topic. No question is
/// drafted twice. Each draft is checked as the bank checks it, and for its answer in stem, alt texts,
/// file names and by the captions of its pictures. Nothing is stored.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage eval quiz --json\n  mirage eval quiz --out drafts.csv\n\n\
    Exit codes: 0 measured, and nothing is faulty; 1 something is faulty, or something is missing \
    that you can mend; 2 an argument can't be used; 3 anything else."
)]
pub(crate) struct Arguments {
    /// Most questions of a topic, 1 to 100
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    count: u32,
    /// The same atlas and seed give the same questions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write all drafts to this file, as a table, for people to check
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures.
#[derive(Debug, Serialize)]
struct Figures {
    /// Pictures of the atlas that can be asked about.
    pictures: usize,
    topics: usize,
    /// Questions that were drafted.
    items: usize,
    /// Of them, those that ask something of their own.
    distinct: usize,
    by_kind: BTreeMap<&'static str, usize>,
    by_difficulty: BTreeMap<&'static str, usize>,
    /// Pictures that some question shows.
    pictures_shown: usize,
    /// Share of the keys of single choices and of pictures to choose from that stand first.
    key_first: f64,
    /// Share of the statements that are true.
    true_statements: f64,
    /// What the bank would refuse.
    faults: Vec<String>,
    leaks: Vec<String>,
    seconds: f64,
    seed: u64,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    if let Some(path) = arguments.out.as_deref().filter(|path| path.exists()) {
        return Err(Failure::user(format!(
            "The file {} exists and stays as it is. Name another one.",
            path.display()
        )));
    }
    let atlas = runtime::open_atlas(config).await?;
    let started = Instant::now();
    let drafter = Drafter::read(&atlas).await?;
    let items = drafted(&drafter, arguments).await?;
    let seconds = started.elapsed().as_secs_f64();
    let mut figures = Figures::of(&items, &drafter, arguments.seed);
    figures.seconds = (seconds * 10.0).round() / 10.0;
    figures.leaks = leaking(&atlas, &items).await?;
    if let Some(path) = &arguments.out {
        let table = exchange::export(&items, &HashMap::new(), Format::Csv)?;
        std::fs::write(path, table).map_err(|error| {
            let name = path.display();
            Failure::user(format!("The file {name} could not be written: {error}."))
        })?;
    }
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(if figures.is_sound() {
        Exit::Done
    } else {
        Exit::No
    })
}

/// The drafts of all topics, each asked for until it gives no more or its share is full.
async fn drafted(drafter: &Drafter, arguments: &Arguments) -> Result<Vec<Item>, Failure> {
    let mut items: Vec<Item> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for topic in drafter.topics() {
        let wanted = Wanted {
            topic,
            count: arguments.count as usize,
            kinds: Vec::new(),
            difficulty: None,
            seed: arguments.seed,
        };
        let drafts = match drafter.draft(&wanted, &known).await {
            Ok(drafts) => drafts,
            Err(QuizError::NoPictures(_) | QuizError::NoQuestions(_) | QuizError::AllKnown(_)) => {
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        known.extend(drafts.iter().map(Item::fingerprint));
        items.extend(drafts);
    }
    Ok(items)
}

async fn leaking(atlas: &Atlas, items: &[Item]) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for item in items {
        let shown: Vec<Entry> = atlas.entries_of(&item.pictures).await?;
        let told = leaks(item, &shown);
        found.extend(told.iter().map(|leak| format!("{leak}: {}", item.stem)));
    }
    Ok(found)
}

impl Figures {
    fn of(items: &[Item], drafter: &Drafter, seed: u64) -> Self {
        let mut by_kind: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut by_difficulty: BTreeMap<&'static str, usize> = BTreeMap::new();
        for item in items {
            *by_kind.entry(item.kind().name()).or_default() += 1;
            *by_difficulty.entry(item.difficulty().name()).or_default() += 1;
        }
        let distinct: HashSet<String> = items.iter().map(Item::fingerprint).collect();
        let shown: HashSet<_> = items.iter().flat_map(|item| &item.pictures).collect();
        let faults = items.iter().filter_map(|item| {
            let fault = item.check().err()?;
            Some(format!("{fault}: {}", item.stem))
        });
        Self {
            pictures: drafter.pictures(),
            topics: drafter.topics().len(),
            items: items.len(),
            distinct: distinct.len(),
            by_kind,
            by_difficulty,
            pictures_shown: shown.len(),
            key_first: share(items.iter().filter_map(key_is_first)),
            true_statements: share(items.iter().filter_map(is_true)),
            faults: faults.collect(),
            leaks: Vec::new(),
            seconds: 0.0,
            seed,
        }
    }

    fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.leaks.is_empty() && self.distinct == self.items
    }

    fn in_words(&self) -> String {
        let counts = |counts: &BTreeMap<&'static str, usize>| {
            let parts: Vec<String> = counts
                .iter()
                .map(|(name, number)| format!("{name} {number}"))
                .collect();
            parts.join(", ")
        };
        let mut text = format!(
            "{} of {} topics over {}, {} of them distinct, in {:.1} s (seed {})\n\
             Kinds: {}\nExpected difficulty: {}\nPictures shown: {}\n\
             Key stands first: {:.2}; statements that are true: {:.2}\n\
             Faults: {}; leaks: {}\n",
            count(self.items as u64, "question", "questions"),
            self.topics,
            count(self.pictures as u64, "picture", "pictures"),
            self.distinct,
            self.seconds,
            self.seed,
            counts(&self.by_kind),
            counts(&self.by_difficulty),
            self.pictures_shown,
            self.key_first,
            self.true_statements,
            self.faults.len(),
            self.leaks.len()
        );
        for line in self.faults.iter().chain(&self.leaks).take(NAMED) {
            text.push_str(&format!("  {}\n", clean(line)));
        }
        text
    }
}

/// Share of those that are so, with two decimals; zero of none.
fn share(are_so: impl Iterator<Item = bool>) -> f64 {
    let (mut all, mut so) = (0_usize, 0_usize);
    for is_so in are_so {
        all += 1;
        so += usize::from(is_so);
    }
    (so as f64 / all.max(1) as f64 * 100.0).round() / 100.0
}

fn key_is_first(item: &Item) -> Option<bool> {
    match &item.task {
        Task::SingleChoice { key, .. } | Task::WhichPicture { key } => Some(*key == 0),
        _ => None,
    }
}

fn is_true(item: &Item) -> Option<bool> {
    match &item.task {
        Task::TrueFalse { key } => Some(*key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(share(std::iter::empty()), 0.0);
        assert_eq!(share([true, false, false].into_iter()), 0.33);
    }
}
