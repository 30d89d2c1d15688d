//! `mirage quiz draft`: questions drafted from the atlas. They wait in the bank for a tutor.

use std::collections::HashSet;
use std::time::SystemTime;

use clap::Args;
use mirage::config::Config;
use mirage::quiz::{Difficulty, Item, Kind, QuizError, Wanted, draft};
use mirage::store::Store;
use mirage::store::quiz::Added;
use serde::Serialize;

use super::{Bank, SHELL, kind, words};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{self, Paragraphs, count};
use crate::runtime;

/// Draft questions about a topic from the atlas, for a tutor's review
///
/// Keys come from the labels and boxes of the atlas, never from a language model, and never from a
/// synthetic picture. A draft is shown to no student before a tutor has approved it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage quiz draft \"axial brain MRI\" --count 10 --json\n  \
    mirage quiz draft thalamus --types point,which_picture --difficulty medium\n\n\
    Exit codes: 0 drafted; 1 nothing could be drafted, or something is missing that you can mend \
    (standard error says what); 2 an argument can't be used; 3 anything else."
)]
pub(crate) struct Arguments {
    /// What the pictures are about, in words
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// How many questions, 1 to 100
    #[arg(long, default_value_t = 10)]
    count: usize,
    /// Kinds of questions, with commas between them (default: all)
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    types: Vec<Kind>,
    /// How difficult they should be: easy, medium or hard
    #[arg(long, value_parser = difficulty)]
    difficulty: Option<Difficulty>,
    /// The same atlas and seed give the same questions (default: another each time)
    #[arg(long)]
    seed: Option<u64>,
    /// Only show them; nothing is stored
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bank: Bank,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A draft for programs. It has a number once it is stored.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(flatten)]
    item: Item,
}

fn difficulty(text: &str) -> Result<Difficulty, String> {
    let known = Difficulty::ALL
        .into_iter()
        .find(|known| known.name() == text);
    known.ok_or_else(|| "write easy, medium or hard".to_owned())
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    config: &Config,
) -> Result<Exit, Failure> {
    let wanted = Wanted {
        topic: arguments.topic.clone(),
        count: arguments.count,
        kinds: arguments.types.clone(),
        difficulty: arguments.difficulty,
        seed: arguments.seed.unwrap_or_else(by_the_clock),
    };
    check(&wanted)?;
    let atlas = runtime::open_atlas(config).await?;
    let server = arguments.bank.server;
    let known = if arguments.dry_run {
        HashSet::new()
    } else {
        store.quiz_fingerprints(server).await?
    };
    let items = draft(&atlas, &wanted, &known).await?;
    let told: Vec<Told> = if arguments.dry_run {
        items
            .into_iter()
            .map(|item| Told { id: None, item })
            .collect()
    } else {
        stored(store, server, items).await?
    };
    if arguments.json {
        output::print_json(&told)?;
    } else {
        output::print(&in_words(&told, &wanted, text::columns()))?;
    }
    Ok(Exit::Done)
}

/// What can't be drafted is told before anything is loaded.
fn check(wanted: &Wanted) -> Result<(), Failure> {
    if !(1..=mirage::quiz::MOST_DRAFTS).contains(&wanted.count) {
        return Err(QuizError::Count(wanted.count).into());
    }
    if wanted.topic.trim().is_empty() {
        return Err(QuizError::NoTopic.into());
    }
    Ok(())
}

async fn stored(store: &Store, server: u64, items: Vec<Item>) -> Result<Vec<Told>, Failure> {
    let now = SystemTime::now();
    let added = store
        .add_quiz_items(server, SHELL, &items, "draft", now)
        .await?;
    let told = items.into_iter().zip(added).map(|(item, added)| {
        let (Added::New(id) | Added::Known(id)) = added;
        Told {
            id: Some(id.number()),
            item,
        }
    });
    Ok(told.collect())
}

fn in_words(told: &[Told], wanted: &Wanted, columns: usize) -> String {
    let mut text = Paragraphs::new(columns);
    for draft in told {
        let heading = match draft.id {
            Some(id) => format!("Draft {id}"),
            None => "Draft".to_owned(),
        };
        words::add(&mut text, &heading, &draft.item);
        text.gap();
    }
    let drafted = count(told.len() as u64, "question", "questions");
    let fewer = if told.len() < wanted.count {
        " The atlas has no more that ask something new about this."
    } else {
        ""
    };
    let next = if told.iter().any(|draft| draft.id.is_some()) {
        "They wait for review: `mirage quiz decide approve NUMBER`."
    } else {
        "Nothing was stored."
    };
    text.line(&format!("Drafted {drafted}.{fewer} {next}"));
    text.finish()
}

/// Another number each time.
fn by_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
