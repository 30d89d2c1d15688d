//! `mirage quiz export`: questions as a file for spreadsheets, Anki or Moodle.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::EntryId;
use mirage::config::Config;
use mirage::quiz::Item;
use mirage::quiz::exchange::{self, Format, MOST_ITEMS};
use mirage::store::Store;
use mirage::store::quiz::{BankQuery, ItemState};

use super::{Bank, bank};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::count;
use crate::runtime;

/// Write questions to a file
///
/// The CSV table holds all of a question and comes back as it was; its pictures are those of the
/// atlas, by name. Packages of Anki and Moodle's XML carry the pictures with them.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage quiz export --format csv --out questions.csv\n  \
    mirage quiz export thalamus --format anki --out thalamus.apkg\n\n\
    Exit codes: 0 written; 1 no question fits, or something is missing that you can mend; 2 an \
    argument can't be used; 3 anything else."
)]
pub(crate) struct Arguments {
    /// Words that the questions hold, four at most
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// The form: csv, anki, anki-text, moodle or gift
    #[arg(long, value_parser = format)]
    format: Format,
    /// The file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Those of this state: draft, approved, rejected or retired
    #[arg(long, default_value = "approved", value_parser = bank::state)]
    state: ItemState,
    #[command(flatten)]
    bank: Bank,
}

fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("write one of {}", known.join(", "))
    })
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    config: &Config,
) -> Result<Exit, Failure> {
    if arguments.out.exists() {
        return Err(exists(&arguments.out));
    }
    let items = items(arguments, store).await?;
    let number = items.len() as u64;
    let format = arguments.format;
    let pictures = match format {
        Format::AnkiPackage | Format::MoodleXml => pictures(&items, config).await?,
        Format::Csv | Format::AnkiText | Format::Gift => HashMap::new(),
    };
    let writing =
        tokio::task::spawn_blocking(move || exchange::export(&items, &pictures, format)).await;
    let bytes = writing.map_err(|error| Failure::Unexpected(error.into()))??;
    write(&arguments.out, &bytes)?;
    output::print(&format!(
        "{} written to {}.\n",
        count(number, "question", "questions"),
        arguments.out.display()
    ))?;
    Ok(Exit::Done)
}

async fn items(arguments: &Arguments, store: &Store) -> Result<Vec<Item>, Failure> {
    let most = u32::try_from(MOST_ITEMS).unwrap_or(u32::MAX);
    let query = BankQuery {
        state: Some(arguments.state),
        words: arguments.words.join(" "),
        limit: most,
        ..BankQuery::default()
    };
    let page = store.quiz_items(arguments.bank.server, &query).await?;
    if page.items.is_empty() {
        return Err(Failure::user(format!(
            "The bank has no such question of the state “{}”. `mirage quiz bank` lists them.",
            arguments.state.name()
        )));
    }
    if page.total > i64::from(most) {
        return Err(Failure::user(format!(
            "{} questions fit, and a file takes {most}. Name words that fewer hold.",
            page.total
        )));
    }
    // The oldest first, as they were made.
    Ok(page
        .items
        .into_iter()
        .rev()
        .map(|stored| stored.item)
        .collect())
}

async fn pictures(items: &[Item], config: &Config) -> Result<HashMap<EntryId, Vec<u8>>, Failure> {
    let mut ids: Vec<EntryId> = items
        .iter()
        .flat_map(|item| item.pictures.clone())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let atlas = runtime::open_atlas(config).await?;
    Ok(atlas.pictures(&ids).await?.into_iter().collect())
}

/// Writes a file that isn't there yet.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Failure::user(format!(
            "The file {} could not be written: {error}.",
            path.display()
        )),
    })
}

/// What is said of a file that is there.
pub(super) fn exists(path: &Path) -> Failure {
    Failure::user(format!(
        "The file {} exists and stays as it is. Name another one.",
        path.display()
    ))
}
