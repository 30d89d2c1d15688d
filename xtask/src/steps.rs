//! Runs named steps one after the other and remembers how long each took.
//! What a step does is the caller's.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The steps so far, in order.
#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

struct Step {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Steps {
    /// Announces and runs one step.
    ///
    /// # Errors
    /// The step's own, with its name in front.
    pub(crate) fn run<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        eprintln!("== {name}");
        let start = Instant::now();
        let outcome = step();
        self.0.push(Step {
            name,
            took: start.elapsed(),
            passed: outcome.is_ok(),
        });
        outcome.with_context(|| format!("the step `{name}` failed"))
    }

    /// A table of the steps that ran: seconds, outcome in words, name.
    pub(crate) fn summary(&self) -> String {
        let mut table = String::from("Seconds  Outcome  Step\n");
        for step in &self.0 {
            let outcome = if step.passed { "passed" } else { "FAILED" };
            let seconds = step.took.as_secs_f64();
            writeln!(table, "{seconds:7.1}  {outcome}   {}", step.name)
                .expect("writing to a String can't fail");
        }
        let total: Duration = self.0.iter().map(|step| step.took).sum();
        write!(table, "{:7.1}           in all", total.as_secs_f64())
            .expect("writing to a String can't fail");
        table
    }
}

/// Runs a command with the person's own terminal until it ends.
///
/// # Errors
/// It can't be started, or it ends with a failure; what it printed says more.
pub(crate) fn finish(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    if !status.success() {
        let mut line = program;
        for argument in command.get_args() {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        bail!("{line} ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_each_step_and_the_failure() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("format", || Ok(7)).expect("it passes"), 7);
        let error = steps
            .run::<()>("tests", || bail!("two failed"))
            .expect_err("it fails");
        assert_eq!(format!("{error:#}"), "the step `tests` failed: two failed");
        let summary = steps.summary();
        let lines: Vec<_> = summary.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].ends_with("passed   format"), "{summary}");
        assert!(lines[2].ends_with("FAILED   tests"), "{summary}");
        assert!(lines[3].ends_with("in all"), "{summary}");
    }

    #[test]
    fn a_failing_command_is_shown_with_its_arguments() {
        let error = finish(Command::new("sh").args(["-c", "exit 3"])).expect_err("it fails");
        assert!(
            error.to_string().starts_with("sh -c exit 3 ended with"),
            "{error}"
        );
        assert!(finish(Command::new("sh").args(["-c", "exit 0"])).is_ok());
    }
}
