//! The real program as a process of its own, which can be killed.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use mirage::config::VARIABLES;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::SOON;
use crate::material::target;

/// A running `mirage`. It is killed when the value is dropped.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `mirage` with arguments and settings, and waits for a line on standard output that
    /// begins with `ready`.
    ///
    /// # Errors
    /// The program isn't built, ended, or said nothing in time.
    pub async fn start(
        arguments: &[&str],
        settings: &[(&str, String)],
        ready: &str,
    ) -> Result<Self> {
        let mut command = Command::new(program()?);
        // What the shell has set must not reach the test, but for where the weights are.
        for (variable, _) in VARIABLES.iter().filter(|(name, _)| *name != "MIRAGE_HOME") {
            command.env_remove(variable);
        }
        let mut child = command
            .args(arguments)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .env("MIRAGE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let waiting = async {
            while let Some(line) = lines.next_line().await? {
                if line.starts_with(ready) {
                    return Ok(());
                }
            }
            bail!("mirage {arguments:?} ended before it said {ready:?}")
        };
        tokio::time::timeout(SOON, waiting)
            .await
            .with_context(|| format!("mirage {arguments:?} was not ready in time"))??;
        Ok(Self { child })
    }

    /// Kills it as `kill -9` does: it can't clean up.
    ///
    /// # Errors
    /// What the system reports.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// The program that cargo built beside the tests.
fn program() -> Result<PathBuf> {
    let name = format!("debug/mirage{}", std::env::consts::EXE_SUFFIX);
    let program = target().join(name);
    if !program.is_file() {
        bail!(
            "{} isn't built; run `cargo build --workspace`",
            program.display()
        );
    }
    Ok(program)
}
