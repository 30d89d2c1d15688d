//! One program of the demo: started with its log in a file, watched, stopped with grace.
//! It knows neither Mirage nor Discord.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Lines of a log that are shown when a program ends by itself.
const LAST_LINES: usize = 15;

/// A running program. Dropping it stops it.
pub(super) struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
    stopped: bool,
}

impl Service {
    /// Starts the command; what it prints goes to `<folder>/<name>.log`.
    ///
    /// # Errors
    /// The log can't be written or the program can't be started.
    pub(super) fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let cannot_write = || format!("the log {} can't be written", log.display());
        let output = File::create(&log).with_context(cannot_write)?;
        let errors = output.try_clone().with_context(cannot_write)?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        leave_process_group(command);
        let child = command
            .spawn()
            .with_context(|| format!("the {name} could not be started"))?;
        Ok(Self {
            name,
            child,
            log,
            stopped: false,
        })
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a line of its output starts with this text.
    pub(super) fn printed_line_starting(&self, text: &str) -> bool {
        fs::read(&self.log).is_ok_and(|log| {
            String::from_utf8_lossy(&log)
                .lines()
                .any(|line| line.starts_with(text))
        })
    }

    /// Checks that it still runs.
    ///
    /// # Errors
    /// It ended: names it and shows its last words.
    pub(super) fn must_be_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                self.stopped = true;
                bail!(
                    "the {} ended by itself ({status}).\n{}",
                    self.name,
                    self.last_words()
                )
            }
        }
    }

    /// The end of its log, and where the whole of it is.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let lines = last_lines(&String::from_utf8_lossy(&log), LAST_LINES);
        format!("The last lines of {}:\n{lines}", self.log.display())
    }

    /// Asks it to end, waits, and ends it by force when it takes too long.
    pub(super) fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        ask_to_end(&mut self.child);
        if self.ended_within(GRACE).is_none() {
            let seconds = GRACE.as_secs();
            say(&format!(
                "The {} did not stop within {seconds} s: it is ended.",
                self.name
            ));
            // Both fail only when it has ended in the meantime.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }

    fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                _ if start.elapsed() >= limit => return None,
                _ => pause(),
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Prints a line. A terminal that has gone away is no reason to stop stopping things.
pub(super) fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// The time between two looks at something that has no event to wait for.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask has no async code that this could block"
)]
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Ctrl-C reaches the terminal's whole process group. Outside of it, the program ends when this
/// one asks, in the right order.
#[cfg(unix)]
fn leave_process_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn leave_process_group(_command: &mut Command) {}

/// Sends SIGTERM through the shell, whose `kill` is built in: std can only send SIGKILL.
#[cfg(unix)]
fn ask_to_end(child: &mut Child) {
    let sent = Command::new("sh")
        .args(["-c", "kill -TERM \"$1\"", "sh", &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    if !sent.is_ok_and(|status| status.success()) {
        // It has just ended, or there is no shell: force is all that is left.
        drop(child.kill());
    }
}

#[cfg(not(unix))]
fn ask_to_end(child: &mut Child) {
    drop(child.kill());
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder takes folders");
        folder
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn it_is_asked_before_it_is_forced() {
        let folder = folder("service-term");
        let script = "trap 'echo asked; exit 0' TERM; echo Ready now; \
                      while :; do sleep 0.05; done";
        let mut service = Service::start("bot", &mut shell(script), &folder).expect("it starts");
        while !service.printed_line_starting("Ready") {
            service.must_be_alive().expect("it runs");
            pause();
        }
        service.stop();
        assert!(service.printed_line_starting("asked"));
        fs::remove_dir_all(folder).expect("it was made above");
    }

    #[test]
    fn an_end_of_its_own_is_reported_with_the_log() {
        let folder = folder("service-end");
        let script = "echo one; echo two >&2; exit 5";
        let mut service = Service::start("bot", &mut shell(script), &folder).expect("it starts");
        let error = loop {
            match service.must_be_alive() {
                Ok(()) => pause(),
                Err(error) => break error.to_string(),
            }
        };
        assert!(
            error.starts_with("the bot ended by itself (exit status: 5)"),
            "{error}"
        );
        assert!(error.ends_with("one\ntwo"), "{error}");
        fs::remove_dir_all(folder).expect("it was made above");
    }

    #[test]
    fn only_the_end_of_a_long_log_is_shown() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\n", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }
}
