//! `mirage models`: the weight files of a profile.

use clap::{Args, Subcommand};
use mirage::config::Config;
use mirage_models::resolver::FileState;
use serde_json::json;

use super::{Ending, print, print_json, progress};
use crate::runtime;

/// Subcommands of `mirage models`.
#[derive(Debug, Subcommand)]
pub(super) enum Models {
    /// List a profile's files with size, licence and state
    List(Choice),
    /// Fetch what is missing of a profile, and verify all of it
    Pull(Choice),
    /// Read every file of a profile and compare its SHA-256
    Verify(Choice),
}

/// Which profile, and how the answer is printed.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long)]
    profile: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let (choice, verify) = match &self {
            Self::List(choice) => (choice, false),
            Self::Pull(choice) | Self::Verify(choice) => (choice, true),
        };
        let name = choice.profile.as_deref().unwrap_or(&config.profile);
        let (manifest, resolver) = runtime::profile(config, name)?;
        if matches!(self, Self::Pull(_)) {
            progress::ensure(&resolver, &manifest.files, "weights").await?;
        }
        let look = |file| {
            if verify {
                resolver.verify(file)
            } else {
                resolver.look(file)
            }
        };
        let states: Vec<_> = manifest
            .files
            .iter()
            .map(|file| (file, look(file)))
            .collect();
        if choice.json {
            let files: Vec<_> = states
                .iter()
                .map(|(file, state)| {
                    json!({
                        "path": file.path, "size": file.size, "sha256": file.sha256,
                        "licence": file.licence, "state": word(state),
                    })
                })
                .collect();
            print_json(&json!({ "profile": manifest.profile, "files": files }))?;
        } else {
            let lines = states.iter().map(|(file, state)| {
                let megabytes = file.size as f64 / 1e6;
                format!(
                    "{:<34} {megabytes:>8.1} MB  {:<12} {}\n",
                    file.path,
                    file.licence,
                    word(state)
                )
            });
            print(&format!(
                "{}: {}\n{}",
                manifest.profile,
                manifest.description,
                lines.collect::<String>()
            ))?;
        }
        let ready = states.iter().all(|(_, state)| *state == FileState::Ready);
        let listed = matches!(self, Self::List(_));
        Ok(if ready || listed {
            Ending::Done
        } else {
            Ending::Negative
        })
    }
}

fn word(state: &FileState) -> String {
    match state {
        FileState::Ready => "ready".to_owned(),
        FileState::Missing => "missing (mirage models pull fetches it)".to_owned(),
        FileState::Changed(reason) => format!("changed: {reason}"),
    }
}
