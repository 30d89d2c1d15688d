//! The command line: its grammar, and how a command's end becomes an exit code. One subcommand a
//! file.

mod atlas;
mod bench;
mod bot;
mod doctor;
mod find;
mod ingest;
mod models;
mod progress;
mod show;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mirage::config::Config;

use crate::runtime;

/// A study companion for medical imaging: find pictures with their source, licence and the reason
/// why they were found.
///
/// Exit codes: 0 done, 1 nothing found or a check failed, 2 wrong use, 3 it could not be done.
/// docs/configuration.md lists the environment variables.
#[derive(Debug, Parser)]
#[command(name = "mirage", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find pictures by words, for instance: mirage find "axial brain MRI" --k 3
    Find(find::Find),
    /// Show one entry whole, for instance: mirage show starter/shoulder-mri-coronal --out a.jpg
    Show(show::Show),
    /// Add a collection of captioned pictures, for instance: mirage ingest my-pictures/
    Ingest(ingest::Ingest),
    /// Make the starter atlas, or tell what the atlas holds
    #[command(subcommand)]
    Atlas(atlas::AtlasCommand),
    /// List, fetch or verify the weight files
    #[command(subcommand)]
    Models(models::Models),
    /// Check this machine, and tell how to mend what is missing
    Doctor(doctor::Doctor),
    /// Run the Discord bot
    Bot(bot::Bot),
    /// Measure speed on this machine
    #[command(subcommand)]
    Bench(bench::Bench),
}

/// How a command that did its work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Done.
    Done,
    /// Nothing was found, or a check failed; the reason is printed already.
    Negative,
}

/// Runs the program's command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::from_environment() {
        Ok(config) => config,
        Err(error) => return fail(&error.into()),
    };
    runtime::start_log(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let ended = runtime.block_on(answer(arguments.command, config));
    // A task that hangs must not keep the program.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Negative) => ExitCode::from(1),
        Err(error) => fail(&error),
    }
}

async fn answer(command: Command, config: Config) -> anyhow::Result<Ending> {
    match command {
        Command::Find(find) => find.run(&config).await,
        Command::Show(show) => show.run(&config).await,
        Command::Ingest(ingest) => ingest.run(&config).await,
        Command::Atlas(command) => command.run(&config).await,
        Command::Models(command) => command.run(&config).await,
        Command::Doctor(doctor) => doctor.run(&config).await,
        Command::Bot(bot) => bot.run(config).await,
        Command::Bench(bench) => bench.run(config).await,
    }
}

/// Says what went wrong in one sentence; the causes go to the log.
fn fail(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    eprintln!("mirage: {error}");
    tracing::debug!(error = format!("{error:#}"), "the command failed");
    let wrong_use = error.downcast_ref::<WrongUse>().is_some()
        || error.downcast_ref::<mirage::config::ConfigError>().is_some()
        || matches!(
            error.downcast_ref::<mirage::atlas::AtlasError>(),
            Some(
                mirage::atlas::AtlasError::EmptyQuery | mirage::atlas::AtlasError::LongQuery { .. }
            )
        );
    ExitCode::from(if wrong_use { 2 } else { 3 })
}

/// Whoever reads the output may stop early (`mirage find … | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// An argument that clap lets pass and that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUse(String);

/// Prints text to stdout; a closed pipe is an error like any other, never a panic.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound_and_every_command_has_help() {
        let grammar = Arguments::command();
        grammar.clone().debug_assert();
        for command in grammar.get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let name = argument.get_id();
                assert!(argument.get_help().is_some(), "{name} of {}", command.get_name());
            }
        }
    }
}
