//! `mirage models`: the weight files of a profile: list, fetch, verify; and a profile of one's own
//! (`add`). Where files come from is written in the profile's manifest.

mod add;

use std::path::Path;

use clap::{Args, Subcommand};
use mirage::config::Config;
use mirage_models::language_model;
use mirage_models::manifest::{FileSpec, Manifest};
use mirage_models::resolver::{FileState, Resolver};
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::interrupt;
use super::output::{self, say};
use super::progress::{self, size};
use super::text::{self, Paragraphs, count, pad};
use crate::runtime::{self, OpenError};

/// List, fetch or verify the weight files, or add an encoder
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArguments),
    Pull(PullArguments),
    Verify(VerifyArguments),
    Add(add::Arguments),
}

/// List the files of a profile with size, licence and state
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage models list --profile starter")]
struct ListArguments {
    #[command(flatten)]
    common: Common,
}

/// Fetch the files of a profile that are missing or changed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage models pull")]
struct PullArguments {
    #[command(flatten)]
    common: Common,
}

/// Read each file of a profile and compare its SHA-256
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage models verify --json\n\n\
    Exit codes: 0 all files are right; 1 a file is missing or changed.")]
struct VerifyArguments {
    #[command(flatten)]
    common: Common,
}

// Not a doc comment: clap would take it for the help of each command above.
#[derive(Debug, Args)]
struct Common {
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is done with the files of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    List,
    Pull,
    Verify,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::List(arguments) => tell(Task::List, &arguments.common, config).await,
        Action::Pull(arguments) => tell(Task::Pull, &arguments.common, config).await,
        Action::Verify(arguments) => tell(Task::Verify, &arguments.common, config).await,
        Action::Add(arguments) => add::run(arguments, config).await,
    }
}

async fn tell(task: Task, common: &Common, config: &Config) -> Result<Exit, Failure> {
    let profile = common.profile.as_deref().unwrap_or(&config.profile);
    let manifest = runtime::manifest(config, profile)?;
    let folder = runtime::weights_folder(config, &manifest.profile);
    let resolver = Resolver::new(&folder);
    let states = match task {
        Task::List => look(&manifest, &resolver),
        Task::Verify => verify(&manifest, &resolver).await?,
        Task::Pull => {
            pull(&manifest, &resolver, &folder.display().to_string()).await?;
            prepare(&manifest, &folder).await?;
            look(&manifest, &resolver)
        }
    };
    let told = Profile {
        profile: &manifest.profile,
        description: &manifest.description,
        folder: folder.display().to_string(),
        files: rows(&manifest, states),
    };
    if common.json {
        output::print_json(&told)?;
    } else {
        output::print(&told.in_words(text::columns()))?;
    }
    Ok(if task == Task::Verify && !told.is_complete() {
        Exit::No
    } else {
        Exit::Done
    })
}

async fn pull(manifest: &Manifest, resolver: &Resolver, folder: &str) -> Result<(), Failure> {
    let is_wanted = |file: &&FileSpec| resolver.look(file) != FileState::Ready;
    let wanted: Vec<&FileSpec> = manifest.files.iter().filter(is_wanted).collect();
    if !wanted.is_empty() {
        let bytes: u64 = wanted.iter().map(|file| file.size).sum();
        say(&format!(
            "Fetching {} ({}) of the profile {} to {folder}.",
            count(wanted.len() as u64, "file", "files"),
            size(bytes),
            manifest.profile
        ));
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let mut bar = progress::Files::new(&manifest.files);
    let fetching = resolver.ensure(&manifest.files, |step| bar.step(&step));
    let sentence = "Stopped. The files that arrived whole stay; run it again to go on.";
    interrupt::unless_stopped(&cancel, sentence, fetching).await??;
    let fetched = bar.fetched;
    drop(bar);
    say(&format!(
        "{} fetched; all are verified.",
        count(fetched, "file", "files")
    ));
    Ok(())
}

/// Brings the language model into the form that is fast here, once.
async fn prepare(manifest: &Manifest, folder: &Path) -> Result<(), Failure> {
    let (manifest, folder) = (manifest.clone(), folder.to_owned());
    let preparing =
        tokio::task::spawn_blocking(move || language_model::prepare(&manifest, &folder));
    let prepared = preparing.await;
    let prepared = prepared.map_err(|error| Failure::Unexpected(error.into()))?;
    prepared.map_err(OpenError::from)?;
    Ok(())
}

fn look(manifest: &Manifest, resolver: &Resolver) -> Vec<FileState> {
    let files = manifest.files.iter();
    files.map(|file| resolver.look(file)).collect()
}

/// Reads each file whole, on a thread that may block.
async fn verify(manifest: &Manifest, resolver: &Resolver) -> Result<Vec<FileState>, Failure> {
    let (files, resolver) = (manifest.files.clone(), resolver.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let files = files.iter();
        files.map(|file| resolver.verify(file)).collect::<Vec<_>>()
    });
    reading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))
}

fn rows(manifest: &Manifest, states: Vec<FileState>) -> Vec<FileRow<'_>> {
    let files = manifest.files.iter().zip(states);
    files
        .map(|(file, state)| FileRow::new(file, state))
        .collect()
}

/// A profile's files, for people and for programs.
#[derive(Serialize)]
struct Profile<'a> {
    profile: &'a str,
    description: &'a str,
    folder: String,
    files: Vec<FileRow<'a>>,
}

/// One file.
#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    size: u64,
    sha256: &'a str,
    licence: &'a str,
    /// `ready`, `missing` or `changed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'a> FileRow<'a> {
    fn new(file: &'a FileSpec, state: FileState) -> Self {
        let (state, reason) = match state {
            FileState::Ready => ("ready", None),
            FileState::Missing => ("missing", None),
            FileState::Changed(reason) => ("changed", Some(reason)),
        };
        Self {
            path: &file.path,
            size: file.size,
            sha256: &file.sha256,
            licence: &file.licence,
            state,
            reason,
        }
    }
}

impl Profile<'_> {
    fn is_complete(&self) -> bool {
        self.files.iter().all(|file| file.state == "ready")
    }

    fn in_words(&self, columns: usize) -> String {
        let mut text = Paragraphs::new(columns);
        text.line(&format!("Profile {}: {}", self.profile, self.description));
        text.line(&format!("Folder {}", self.folder));
        let widest = |cell: fn(&FileRow<'_>) -> String| {
            let widths = self.files.iter().map(|file| text::width(&cell(file)));
            widths.max().unwrap_or_default()
        };
        let path: fn(&FileRow<'_>) -> String = |file| file.path.to_owned();
        let bytes: fn(&FileRow<'_>) -> String = |file| size(file.size);
        let licence: fn(&FileRow<'_>) -> String = |file| file.licence.to_owned();
        let cells = [path, bytes, licence].map(|cell| (cell, widest(cell)));
        for file in &self.files {
            let mut label = String::new();
            for (cell, width) in cells {
                label.push_str(&pad(&cell(file), width));
                label.push_str("  ");
            }
            let state = match &file.reason {
                Some(reason) => format!("{}: {reason}", file.state),
                None => file.state.to_owned(),
            };
            text.labelled(&label, &state);
        }
        if !self.is_complete() {
            text.line("Fetch what is missing or changed with `mirage models pull`.");
        }
        text.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_in_words_with_their_mend() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        let state = |file: &FileSpec| {
            if file.size > 1_000_000 {
                FileState::Changed("its SHA-256 is another".to_owned())
            } else {
                FileState::Ready
            }
        };
        let files = rows(&manifest, manifest.files.iter().map(state).collect());
        let told = Profile {
            profile: &manifest.profile,
            description: &manifest.description,
            folder: "weights".to_owned(),
            files,
        };
        assert!(!told.is_complete());
        let text = told.in_words(usize::MAX);
        assert!(
            text.contains("  changed: its SHA-256 is another\n"),
            "{text}"
        );
        assert!(text.ends_with("`mirage models pull`.\n"), "{text}");
    }
}
