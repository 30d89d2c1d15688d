//! A peer: a program in Python that does the same work as we do, in turns with us, so that whatever
//! else the machine does hits both. It ends with the value.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long the peer may take for its start or for one task.
const PATIENCE: Duration = Duration::from_secs(600);
/// What tells numerical libraries how many threads they may use.
const THREADS: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// A script that is compiled in.
pub(super) struct Script {
    /// Name of its file.
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// A running peer.
pub(super) struct Peer {
    /// What it tells of itself: versions and the like.
    pub(super) about: Value,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Ended when it is dropped.
    _program: Child,
    _folder: TempDir,
}

impl Peer {
    /// Starts a script and waits until it is ready. Where there is no such Python, or it lacks
    /// something, a sentence comes back in its place: our own figures don't need a peer.
    ///
    /// # Errors
    /// It doesn't get ready in time, or says something else than it should.
    pub(super) async fn start(
        python: &Path,
        script: &Script,
        arguments: &[OsString],
        threads: usize,
    ) -> Result<std::result::Result<Self, String>> {
        let folder = tempfile::tempdir().context("no folder for the peer")?;
        let file = folder.path().join(script.name);
        std::fs::write(&file, script.text).context("the peer could not be written")?;
        let mut command = Command::new(python);
        command.arg(&file).args(arguments);
        for name in THREADS {
            command.env(name, threads.to_string());
        }
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let python = python.display();
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                return Ok(Err(format!(
                    "There is no peer: {python} could not be started ({error}). Name a Python \
                     with --peer."
                )));
            }
        };
        let input = child.stdin.take().context("the peer has no input")?;
        let output = child.stdout.take().context("the peer has no output")?;
        let mut output = BufReader::new(output).lines();
        let Some(line) = next(&mut output).await? else {
            return Ok(Err(format!(
                "There is no peer: {python} ended before it was ready. What it said is above."
            )));
        };
        let mut first: Value = serde_json::from_str(&line).context("the peer told no JSON")?;
        if let Some(missing) = first["missing"].as_str() {
            return Ok(Err(format!(
                "There is no peer: {python} has no {missing}. Name a Python that has it with \
                 --peer."
            )));
        }
        let Some(about) = first.get_mut("ready").map(Value::take) else {
            bail!("the peer did not say that it is ready");
        };
        Ok(Ok(Self {
            about,
            input,
            output,
            _program: child,
            _folder: folder,
        }))
    }

    /// Gives it a task and waits for the answer.
    ///
    /// # Errors
    /// It ends, is late, or answers something else.
    pub(super) async fn ask(&mut self, task: &str) -> Result<Value> {
        let line = format!("{task}\n");
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        let line = next(&mut self.output).await?.context("the peer ended")?;
        let mut answer: Value = serde_json::from_str(&line).context("the peer told no JSON")?;
        let answer = answer.get_mut("answer").map(Value::take);
        answer.with_context(|| format!("the peer has no answer to {task:?}"))
    }
}

async fn next(output: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<String>> {
    let line = tokio::time::timeout(PATIENCE, output.next_line()).await;
    Ok(line.context("the peer did not answer in time")??)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn started(text: &'static str) -> std::result::Result<Peer, String> {
        let script = Script {
            name: "peer.sh",
            text,
        };
        let arguments = [OsString::from("seven")];
        let started = Peer::start(Path::new("sh"), &script, &arguments, 3).await;
        started.expect("no other failure")
    }

    #[tokio::test]
    async fn tasks_are_answered_one_after_the_other() {
        let text = r#"echo "{\"ready\": {\"threads\": $OMP_NUM_THREADS, \"argument\": \"$1\"}}"
while read task; do echo "{\"answer\": \"$task!\"}"; done"#;
        let mut peer = started(text).await.expect("ready");
        let expected = serde_json::json!({ "threads": 3, "argument": "seven" });
        assert_eq!(peer.about, expected);
        assert_eq!(peer.ask("one").await.expect("an answer"), "one!");
        assert_eq!(peer.ask("two").await.expect("an answer"), "two!");
    }

    #[tokio::test]
    async fn a_peer_that_cannot_be_is_told_in_a_sentence() {
        let lacking = started(r#"echo '{"missing": "numpy"}'"#).await.err();
        assert!(lacking.expect("none").contains("sh has no numpy."));
        let silent = started("exit 0").await.err().expect("none");
        assert!(silent.contains("ended before it was ready"), "{silent}");
        let script = Script {
            name: "x",
            text: "",
        };
        let none = Peer::start(Path::new("no/such/python"), &script, &[], 1).await;
        let none = none.expect("no other failure").err().expect("none");
        assert!(
            none.contains("no/such/python could not be started"),
            "{none}"
        );
    }

    #[tokio::test]
    async fn a_peer_that_ends_early_is_a_failure() {
        let mut peer = started(r#"echo '{"ready": 1}'"#).await.expect("ready");
        assert!(peer.ask("one").await.is_err());
    }
}
