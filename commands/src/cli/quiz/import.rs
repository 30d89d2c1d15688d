//! `mirage quiz import`: questions from a file, all or none. They wait in the bank for a tutor.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use mirage::config::Config;
use mirage::quiz::Item;
use mirage::quiz::exchange;
use mirage::store::Store;
use mirage::store::quiz::Added;
use serde::Serialize;

use super::{Bank, SHELL};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::count;
use crate::runtime;

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// Bring questions in from a file, all or none
///
/// A CSV table (as `mirage quiz export` writes it, or with the columns kind, question, key and
/// answer_1 to answer_10), Anki text, Moodle XML or GIFT. Nothing is shown to a student before a
/// tutor has approved it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage quiz import questions.csv\n\n\
    Exit codes: 0 imported; 1 the file can't be used (standard error names the row), or something \
    is missing that you can mend; 2 an argument can't be used; 3 anything else.")]
pub(crate) struct Arguments {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    bank: Bank,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was imported, for programs.
#[derive(Serialize)]
struct Told {
    imported: usize,
    known: usize,
    ids: Vec<i64>,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    config: &Config,
) -> Result<Exit, Failure> {
    let items = read(&arguments.file)?;
    let items = if items.iter().any(has_pictures) {
        let atlas = runtime::open_atlas(config).await?;
        exchange::with_sources(&atlas, items).await?
    } else {
        items
    };
    let now = SystemTime::now();
    let server = arguments.bank.server;
    let added = store
        .add_quiz_items(server, SHELL, &items, "import", now)
        .await?;
    let new = added.iter().filter_map(|added| match added {
        Added::New(id) => Some(id.number()),
        Added::Known(_) => None,
    });
    let ids: Vec<i64> = new.collect();
    let told = Told {
        imported: ids.len(),
        known: added.len() - ids.len(),
        ids,
    };
    if arguments.json {
        output::print_json(&told)?;
    } else {
        output::print(&format!(
            "Imported {}; the bank had {} before. They wait for review: `mirage quiz decide approve \
             NUMBER`.\n",
            count(told.imported as u64, "question", "questions"),
            told.known
        ))?;
    }
    Ok(Exit::Done)
}

fn has_pictures(item: &Item) -> bool {
    !item.pictures.is_empty() || !item.citations.is_empty()
}

fn read(path: &Path) -> Result<Vec<Item>, Failure> {
    let name = path.display();
    let unread = |error: std::io::Error| {
        Failure::argument(format!("The file {name} could not be read: {error}."))
    };
    let size = std::fs::metadata(path).map_err(unread)?.len();
    if size > MOST_BYTES {
        return Err(Failure::argument(format!(
            "The file {name} is larger than {} MiB. Split it.",
            MOST_BYTES / 1024 / 1024
        )));
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    Ok(exchange::import(&name.to_string(), &bytes)?)
}
