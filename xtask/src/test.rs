//! `cargo xtask test`: every check that a change must pass, the quick ones first.

use std::process::Command;

use anyhow::Result;

use crate::cargo::Workspace;
use crate::prerequisites;
use crate::steps::{Steps, finish};
use crate::tidy;

/// Runs the checks and tests, and prints how long each step took, also after a failure.
///
/// # Errors
/// A step failed; the ones after it did not run.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    let mut steps = Steps::default();
    let outcome = all(workspace, extra, &mut steps);
    eprintln!("\n{}", steps.summary());
    if let Some(notice) = prerequisites::chromium_notice() {
        eprintln!("{notice}");
    }
    outcome
}

/// The order is by cost on a machine where nothing is built yet. Clippy needs only the metadata
/// of the dependencies, without machine code, so type errors and lints show before the long
/// build. It shares build scripts and procedural macros with the build; the build and the tests
/// share everything else.
fn all(workspace: &Workspace, extra: &[String], steps: &mut Steps) -> Result<()> {
    steps.run("prerequisites", prerequisites::check)?;
    steps.run("format", || {
        finish(workspace.cargo()?.args(["fmt", "--all", "--check"]))
    })?;
    steps.run("tidy", || tidy::run(workspace))?;
    steps.run("clippy", || {
        let mut clippy = workspace.cargo()?;
        clippy.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]);
        finish(&mut clippy)
    })?;
    let programs = steps.run("build", || workspace.build_programs())?;
    let mirage = programs.get("mirage")?;
    steps.run("weights", || {
        finish(Command::new(mirage).args(["models", "pull", "--profile", "starter"]))
    })?;
    steps.run("starter atlas", || {
        finish(Command::new(mirage).args(["atlas", "starter"]))
    })?;
    steps.run("tests", || {
        finish(workspace.cargo()?.args(["test", "--workspace"]).args(extra))
    })
}
