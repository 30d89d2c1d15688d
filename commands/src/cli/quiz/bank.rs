//! `mirage quiz bank`: the questions of a bank, searched and page by page, or one of them whole.

use clap::Args;
use mirage::quiz::Kind;
use mirage::store::Store;
use mirage::store::quiz::{BankPage, BankQuery, ItemId, ItemState, StoredItem};
use serde::Serialize;

use super::{Bank, item_number, kind, no_such, words};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{self, Paragraphs, clean};

/// Look through the bank of questions
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage quiz bank thalamus --state approved\n  \
    mirage quiz bank --id 12\n\n\
    Exit codes: 0 listed; 1 nothing is in the bank by this; 2 an argument can't be used; 3 anything \
    else."
)]
pub(crate) struct Arguments {
    /// Words that the questions hold, four at most
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// Only those of this state: draft, approved, rejected or retired
    #[arg(long, value_parser = state)]
    state: Option<ItemState>,
    /// Only those of this kind
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Show this one whole
    #[arg(long, value_name = "NUMBER", value_parser = item_number, conflicts_with_all = ["words", "state", "kind", "page"])]
    id: Option<ItemId>,
    /// Which page of 20 to show, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    page: u32,
    #[command(flatten)]
    bank: Bank,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Questions of a page.
const PAGE: u32 = 20;

/// A page for programs.
#[derive(Serialize)]
struct Told<'a> {
    total: i64,
    page: u32,
    items: &'a [StoredItem],
}

pub(super) fn state(text: &str) -> Result<ItemState, String> {
    let known = ItemState::ALL
        .into_iter()
        .find(|state| state.name() == text);
    known.ok_or_else(|| "write draft, approved, rejected or retired".to_owned())
}

pub(super) async fn run(arguments: &Arguments, store: &Store) -> Result<Exit, Failure> {
    if let Some(id) = arguments.id {
        return show(arguments, store, id).await;
    }
    let query = BankQuery {
        state: arguments.state,
        kind: arguments.kind,
        words: arguments.words.join(" "),
        offset: (arguments.page - 1) * PAGE,
        limit: PAGE,
    };
    let page = store.quiz_items(arguments.bank.server, &query).await?;
    if arguments.json {
        output::print_json(&Told {
            total: page.total,
            page: arguments.page,
            items: &page.items,
        })?;
    } else {
        output::print(&in_words(&page, arguments.page))?;
    }
    Ok(if page.items.is_empty() {
        Exit::No
    } else {
        Exit::Done
    })
}

async fn show(arguments: &Arguments, store: &Store, id: ItemId) -> Result<Exit, Failure> {
    let stored = store.quiz_item(arguments.bank.server, id).await?;
    let stored = stored.ok_or_else(|| no_such(id))?;
    if arguments.json {
        output::print_json(&stored)?;
        return Ok(Exit::Done);
    }
    let mut text = Paragraphs::new(text::columns());
    let heading = format!("Question {id} ({})", stored.state.name());
    words::add(&mut text, &heading, &stored.item);
    output::print(&text.finish())?;
    Ok(Exit::Done)
}

fn in_words(page: &BankPage, number: u32) -> String {
    if page.items.is_empty() {
        return match page.total {
            0 => "The bank has no such question.\n".to_owned(),
            total => format!("Page {number} is empty; there are {total} questions in all.\n"),
        };
    }
    let mut lines: Vec<String> = page.items.iter().map(line).collect();
    let pages =
        page.total.div_euclid(i64::from(PAGE)) + i64::from(page.total % i64::from(PAGE) > 0);
    lines.push(format!(
        "Page {number} of {pages}, {} in all.\n",
        page.total
    ));
    lines.concat()
}

fn line(stored: &StoredItem) -> String {
    format!(
        "{:>6}  {:<8}  {:<15}  {}\n",
        stored.id.number(),
        stored.state.name(),
        stored.kind().title(),
        clean(&stored.item.stem)
    )
}
