//! `mirage quiz decide`: a tutor's decision from the shell: approve, reject, retire, restore.

use std::time::SystemTime;

use clap::{Args, ValueEnum};
use mirage::store::Store;
use mirage::store::quiz::{Decided, Decision, ItemId};

use super::{Bank, SHELL, item_number, no_such};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Approve, reject, retire or restore a question
///
/// A draft is approved or rejected; an approved question is retired; what was rejected or retired is
/// restored as a draft.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage quiz decide approve 12\n  \
    mirage quiz decide reject 13 --why \"two answers are right\"\n\n\
    Exit codes: 0 decided; 1 it can't be decided so as it stands, or there is none; 2 an argument \
    can't be used; 3 anything else.")]
pub(crate) struct Arguments {
    /// What is decided
    #[arg(value_enum)]
    decision: Choice,
    /// The question's number
    #[arg(value_name = "NUMBER", value_parser = item_number)]
    id: ItemId,
    /// Why, for the list of acts
    #[arg(long, default_value = "", hide_default_value = true)]
    why: String,
    #[command(flatten)]
    bank: Bank,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Choice {
    Approve,
    Reject,
    Retire,
    Restore,
}

impl From<Choice> for Decision {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Approve => Self::Approve,
            Choice::Reject => Self::Reject,
            Choice::Retire => Self::Retire,
            Choice::Restore => Self::Restore,
        }
    }
}

pub(super) async fn run(arguments: &Arguments, store: &Store) -> Result<Exit, Failure> {
    let (server, id) = (arguments.bank.server, arguments.id);
    let stands = store.quiz_item(server, id).await?;
    let stands = stands.ok_or_else(|| no_such(id))?;
    let decision = Decision::from(arguments.decision);
    let seen = (server, id, stands.revision);
    let now = SystemTime::now();
    let decided = store
        .decide_quiz_item(seen, decision, SHELL, &arguments.why, now)
        .await?;
    match decided {
        Decided::Done(item) => {
            output::print(&format!("Question {id} is now: {}.\n", item.state.name()))?;
            Ok(Exit::Done)
        }
        Decided::Taken(item) => Err(Failure::user(format!(
            "Question {id} stays as it is: a question of the state “{}” can't be decided so.",
            item.state.name()
        ))),
        Decided::Unknown => Err(no_such(id)),
    }
}
