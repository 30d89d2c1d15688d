//! As many threads for the language model as for everything else. Its libraries read their number
//! from the environment when a program starts, so a measurement with another number starts the
//! program once more.

use std::process::exit;

use mirage::config::Config;
use tokio::process::Command;

use crate::cli::Exit;
use crate::cli::failure::{Failure, STOPPED};

/// What the language model's libraries read, and what the engine does.
const OF_MODEL: &str = "RAYON_NUM_THREADS";
const OF_ENGINE: &str = "MIRAGE_THREADS";

/// Whether this program computes on that many threads.
pub(super) fn are(threads: usize, config: &Config) -> bool {
    // The pool that the libraries share, which the environment has sized.
    rayon::current_num_threads() == threads && config.work.threads == threads
}

/// Runs this command line to its end in a program with that many threads. Does not return where it
/// fails: the reason is on standard error by then.
///
/// # Errors
/// The program can't be started.
pub(super) async fn again(threads: usize) -> Result<Exit, Failure> {
    let unexpected = |error: std::io::Error| Failure::Unexpected(error.into());
    let program = std::env::current_exe().map_err(unexpected)?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1));
    for name in [OF_MODEL, OF_ENGINE] {
        command.env(name, threads.to_string());
    }
    // Ctrl-C reaches both, and the other one says what it does about it.
    tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    let status = command.status().await.map_err(unexpected)?;
    match status.code() {
        Some(0) => Ok(Exit::Done),
        code => exit(code.unwrap_or(i32::from(STOPPED))),
    }
}
