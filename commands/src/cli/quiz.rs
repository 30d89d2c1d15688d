//! `mirage quiz`: the bank of questions from the shell: draft, look, decide, take in and out, and
//! what the answers say. Sessions and practice are Discord's.

mod acts;
mod analyse;
mod bank;
mod decide;
mod draft;
mod export;
mod import;
mod words;

use clap::{Args, Subcommand};
use mirage::config::Config;
use mirage::quiz::exchange::{ExportError, ImportError};
use mirage::quiz::{Kind, QuizError};
use mirage::store::Store;
use mirage::store::quiz::ItemId;

use super::Exit;
use super::failure::Failure;

/// Who acts from the shell.
const SHELL: u64 = 0;

/// Draft questions from the atlas, look through the bank, take questions in and out
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Draft(draft::Arguments),
    Bank(bank::Arguments),
    Decide(decide::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Analyse(analyse::Arguments),
    Acts(acts::Arguments),
}

// Not a doc comment: clap would take it for the help of each command above.
#[derive(Debug, Clone, Copy, Args)]
struct Bank {
    /// Whose bank: a Discord server's id, or 0 for the shell's own
    #[arg(long, value_name = "ID", default_value_t = 0)]
    server: u64,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let store = Store::open(&config.database).await?;
    let done = match &arguments.action {
        Action::Draft(arguments) => draft::run(arguments, &store, config).await,
        Action::Bank(arguments) => bank::run(arguments, &store).await,
        Action::Decide(arguments) => decide::run(arguments, &store).await,
        Action::Export(arguments) => export::run(arguments, &store, config).await,
        Action::Import(arguments) => import::run(arguments, &store, config).await,
        Action::Analyse(arguments) => analyse::run(arguments, &store).await,
        Action::Acts(arguments) => acts::run(arguments, &store).await,
    };
    store.close().await;
    done
}

/// The number of a question as it is typed.
fn item_number(text: &str) -> Result<ItemId, String> {
    ItemId::parse(text).ok_or_else(|| "a question's number is 1 or more".to_owned())
}

/// A kind of questions as it is typed.
fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("there are the kinds {}", known.join(", "))
    })
}

/// What is said where a bank has no such question.
fn no_such(id: ItemId) -> Failure {
    Failure::user(format!(
        "The bank has no question {id}. `mirage quiz bank` lists them."
    ))
}

impl From<QuizError> for Failure {
    fn from(error: QuizError) -> Self {
        match error {
            QuizError::Count(_) | QuizError::NoTopic => Self::Argument(error.into()),
            QuizError::EmptyAtlas
            | QuizError::NoPictures(_)
            | QuizError::NoQuestions(_)
            | QuizError::AllKnown(_)
            | QuizError::NotAskable
            | QuizError::NoPair
            | QuizError::PairKnown => Self::User(error.into()),
            QuizError::Atlas(error) => error.into(),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Atlas(error) => error.into(),
            error => Self::user(format!("Nothing was imported. {error}")),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Pictures { .. } => Self::Argument(error.into()),
            ExportError::NoPicture(_) => Self::User(error.into()),
            ExportError::Chart(_) | ExportError::Package(_) => Self::Unexpected(error.into()),
            ExportError::Collection(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_numbers_are_read_as_they_are_typed() {
        assert_eq!(kind("which-picture"), Ok(Kind::WhichPicture));
        assert!(kind("essay").is_err_and(|known| known.contains("open_answer")));
        assert!(item_number("3").is_ok() && item_number("0").is_err());
    }
}
