//! A folder that stands for a person's whole installation, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mirage::atlas::starter;
use mirage::config::{Config, VARIABLES};
use mirage_models::manifest::Manifest;
use mirage_models::resolver::{FileState, Resolver};
use mirage_models::safety_gate::{self, SafetyGate};
use serde_json::Value;
use tempfile::TempDir;

/// An installation that goes with the value.
pub(crate) struct Home(TempDir);

/// How a run of the program ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    /// One with nothing in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// One that uses the weights of this machine; `None`, with the reason printed, where they
    /// aren't there. `cargo xtask test` fetches them first.
    pub(crate) fn with_weights() -> Option<Self> {
        let config = Config::from_environment().expect("the configuration of this machine");
        let manifest = Manifest::of_profile("starter").expect("shipped");
        let resolver = Resolver::new(config.weights().join("starter"));
        let lacking = manifest
            .files
            .iter()
            .find(|file| resolver.look(file) != FileState::Ready);
        if let Some(file) = lacking {
            eprintln!(
                "SKIPPED: {} isn't in {}. Run `mirage models pull` first.",
                file.path,
                config.weights().display()
            );
            return None;
        }
        let home = Self::empty();
        std::fs::create_dir_all(home.path("cache")).expect("a folder");
        let weights = std::path::absolute(config.weights()).expect("a path");
        link(&weights, &home.path("cache/weights"));
        Some(home)
    }

    /// One that uses the starter atlas's packages of this machine too; `None`, with the reason
    /// printed, where they aren't there.
    pub(crate) fn with_packages() -> Option<Self> {
        let home = Self::with_weights()?;
        let config = Config::from_environment().expect("the configuration of this machine");
        let packages = std::path::absolute(config.packages()).expect("a path");
        let resolver = Resolver::new(&packages);
        let files = starter::packages().expect("the shipped files agree");
        let lacking = files
            .iter()
            .find(|file| resolver.look(file) != FileState::Ready);
        if let Some(file) = lacking {
            eprintln!(
                "SKIPPED: {} isn't in {}. Run `mirage atlas starter` first.",
                file.path,
                packages.display()
            );
            return None;
        }
        link(&packages, &home.path("cache/packages"));
        Some(home)
    }

    /// Brings this machine's safety gate into it; `false`, with the reason printed, where it isn't
    /// there.
    pub(crate) fn link_safety_gate(&self) -> bool {
        let config = Config::from_environment().expect("the configuration of this machine");
        let gate = config.weights().join(SafetyGate::FOLDER);
        let files = safety_gate::files().expect("shipped");
        let resolver = Resolver::new(&gate);
        if files
            .iter()
            .any(|file| resolver.look(file) != FileState::Ready)
        {
            eprintln!(
                "SKIPPED: the safety gate isn't in {}. Run `mirage models pull` first.",
                gate.display()
            );
            return false;
        }
        let gate = std::path::absolute(gate).expect("a path");
        let weights = self.path("cache/weights");
        std::fs::create_dir_all(&weights).expect("a folder");
        link(&gate, &weights.join(SafetyGate::FOLDER));
        true
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with none of this machine's settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirage"));
        for (name, _) in VARIABLES {
            command.env_remove(name);
        }
        command
            .env("MIRAGE_HOME", self.0.path())
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }
}

impl Run {
    /// Runs a command to its end. A panic of the program fails the test, whatever is tested.
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("the program starts");
        let run = Self {
            code: status.code().expect("the program was not killed"),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        };
        assert!(!run.err.contains("panicked"), "{}", run.err);
        run
    }

    /// Checks the exit code, and shows both outputs if it is another.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Checks that it said this on standard error, as its own sentence.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.err.contains(text),
            "no {text:?} in what it said: {}",
            self.err
        );
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}\nout: {}\nerr: {}", self.out, self.err))
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).expect("a link");
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the weights") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            link(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}
