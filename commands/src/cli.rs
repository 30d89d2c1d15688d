//! The shell side of Mirage: one module a subcommand. Here they are listed, started, and their
//! ends turned into exit codes.

mod atlas;
mod bench;
mod bot;
mod compare;
mod doctor;
mod eval;
mod explain;
mod failure;
mod find;
mod generate;
mod ingest;
mod interrupt;
mod models;
mod output;
mod progress;
mod queue;
mod quiz;
mod report;
mod reported;
mod show;
mod text;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mirage::config::Config;

use crate::runtime;
use failure::Failure;

/// Find pictures of medical imaging by words, with their source and licence
///
/// Mirage is a study companion for medical imaging. It teaches; it doesn't diagnose.
#[derive(Debug, Parser)]
#[command(
    name = "mirage",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Example:\n  mirage find \"axial brain MRI\" --k 3\n\n\
        Exit codes: 0 done; 1 nothing found, or something that you can mend; 2 an argument or a \
        setting can't be used; 3 anything else; 130 stopped with Ctrl-C.\n\
        Environment variables are listed in docs/configuration.md."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The subcommands, the most used first. Their help stands on their arguments.
#[derive(Debug, Subcommand)]
enum Command {
    Find(find::Arguments),
    Show(show::Arguments),
    Compare(compare::Arguments),
    Explain(explain::Arguments),
    Generate(generate::Arguments),
    Ingest(ingest::Arguments),
    Atlas(atlas::Arguments),
    Models(models::Arguments),
    Doctor(doctor::Arguments),
    Bot(bot::Arguments),
    Worker(worker::Arguments),
    Queue(queue::Arguments),
    Quiz(quiz::Arguments),
    Reported(reported::Arguments),
    Bench(bench::Arguments),
    Eval(eval::Arguments),
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done. 0.
    Done,
    /// The answer is no: nothing was found, something is not in order. 1.
    No,
    /// It was asked to stop, and what is done stays. 130, as shells have it.
    Stopped,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::No => Self::from(1),
            Exit::Stopped => Self::from(failure::STOPPED),
        }
    }
}

/// Runs the command line of this process to its end.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

fn run(command: &Command) -> Result<Exit, Failure> {
    let config = Config::from_environment()?;
    runtime::start_log(&config.log)?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let outcome = threads.block_on(dispatch(command, &config));
    // Work that was given up may still hold a thread; nobody waits for its end.
    threads.shutdown_background();
    outcome
}

async fn dispatch(command: &Command, config: &Config) -> Result<Exit, Failure> {
    match command {
        Command::Find(arguments) => find::run(arguments, config).await,
        Command::Show(arguments) => show::run(arguments, config).await,
        Command::Compare(arguments) => compare::run(arguments, config).await,
        Command::Explain(arguments) => explain::run(arguments, config).await,
        Command::Generate(arguments) => generate::run(arguments, config).await,
        Command::Ingest(arguments) => ingest::run(arguments, config).await,
        Command::Atlas(arguments) => atlas::run(arguments, config).await,
        Command::Models(arguments) => models::run(arguments, config).await,
        Command::Doctor(arguments) => doctor::run(arguments, config).await,
        Command::Bot(arguments) => bot::run(arguments, config).await,
        Command::Worker(arguments) => worker::run(arguments, config).await,
        Command::Queue(arguments) => queue::run(arguments, config).await,
        Command::Quiz(arguments) => quiz::run(arguments, config).await,
        Command::Reported(arguments) => reported::run(arguments, config).await,
        Command::Bench(arguments) => bench::run(arguments, config).await,
        Command::Eval(arguments) => eval::run(arguments, config).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_is_described_and_has_an_example() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing");
            let example = command.get_after_help().map(ToString::to_string);
            assert!(
                command.has_subcommands()
                    || example.is_some_and(|text| text.contains("Example:\n  mirage ")),
                "{name} has no example"
            );
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {argument}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
