//! `mirage quiz acts`: what tutors did, as the audit has it.

use clap::Args;
use mirage::store::Store;
use mirage::store::quiz::{Act, ItemId};

use super::{Bank, item_number};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::clean;

/// List what tutors did, the latest first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage quiz acts --server 1234 --limit 50 --json")]
pub(crate) struct Arguments {
    /// Of this question alone
    #[arg(long, value_name = "NUMBER", value_parser = item_number)]
    item: Option<ItemId>,
    /// How many, 1 to 1,000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    #[command(flatten)]
    bank: Bank,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, store: &Store) -> Result<Exit, Failure> {
    let acts = store
        .quiz_acts(arguments.bank.server, arguments.item, arguments.limit)
        .await?;
    if arguments.json {
        output::print_json(&acts)?;
    } else if acts.is_empty() {
        output::print("No tutor has done anything yet.\n")?;
    } else {
        let lines: Vec<String> = acts.iter().map(line).collect();
        output::print(&lines.concat())?;
    }
    Ok(Exit::Done)
}

fn line(act: &Act) -> String {
    let who = match act.actor {
        None => "somebody whose data was deleted".to_owned(),
        Some(0) => "the shell".to_owned(),
        Some(user) => user.to_string(),
    };
    let mut line = format!("{:>14} ms  {who}  {}", act.at_ms, act.act);
    for (name, number) in [("question", act.item), ("session", act.session)] {
        if let Some(number) = number {
            line.push_str(&format!(", {name} {number}"));
        }
    }
    if !act.details.is_empty() {
        line.push_str(&format!(": {}", clean(&act.details)));
    }
    line.push('\n');
    line
}
