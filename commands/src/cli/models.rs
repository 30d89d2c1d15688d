//! `mirage models`: the weight files of a profile: list, fetch, verify; and a profile of one's own
//! (`add`). Where files come from is written in the profile's manifest.

mod add;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mirage::config::Config;
use mirage_models::language_model;
use mirage_models::manifest::{FileSpec, Manifest};
use mirage_models::resolver::{FileState, Resolver};
use mirage_models::safety_gate::{self, SafetyGate};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

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
    let parts = parts(&manifest, config)?;
    let states = match task {
        Task::List => look(&parts),
        Task::Verify => verify(&parts).await?,
        Task::Pull => {
            pull(&manifest, &parts).await?;
            let folder = runtime::weights_folder(config, &manifest.profile);
            prepare(&manifest, &folder).await?;
            look(&parts)
        }
    };
    let folder = runtime::weights_folder(config, &manifest.profile);
    let told = Profile {
        profile: &manifest.profile,
        description: &manifest.description,
        folder: folder.display().to_string(),
        generator: manifest.diffusion_identity(),
        files: rows(&parts, states),
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

/// Files that lie in one folder.
#[derive(Clone)]
struct Part {
    files: Vec<FileSpec>,
    folder: PathBuf,
}

impl Part {
    fn resolver(&self) -> Resolver {
        Resolver::new(&self.folder)
    }
}

/// The profile's files, and where it has a generator those of the safety gate, which all profiles
/// share: without it no picture is shown.
fn parts(manifest: &Manifest, config: &Config) -> Result<Vec<Part>, Failure> {
    let mut parts = vec![Part {
        files: manifest.files.clone(),
        folder: runtime::weights_folder(config, &manifest.profile),
    }];
    if manifest.diffusion.is_some() {
        parts.push(Part {
            files: safety_gate::files()?,
            folder: runtime::weights_folder(config, SafetyGate::FOLDER),
        });
    }
    Ok(parts)
}

async fn pull(manifest: &Manifest, parts: &[Part]) -> Result<(), Failure> {
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let mut fetched = 0;
    for part in parts {
        fetched += pull_part(manifest, part, &cancel).await?;
    }
    say(&format!(
        "{} fetched; all are verified.",
        count(fetched, "file", "files")
    ));
    Ok(())
}

/// Fetches what is missing of a part; returns how many files that were.
async fn pull_part(
    manifest: &Manifest,
    part: &Part,
    cancel: &CancellationToken,
) -> Result<u64, Failure> {
    let resolver = part.resolver();
    let is_wanted = |file: &&FileSpec| resolver.look(file) != FileState::Ready;
    let wanted: Vec<&FileSpec> = part.files.iter().filter(is_wanted).collect();
    if !wanted.is_empty() {
        let bytes: u64 = wanted.iter().map(|file| file.size).sum();
        say(&format!(
            "Fetching {} ({}) of the profile {} to {}.",
            count(wanted.len() as u64, "file", "files"),
            size(bytes),
            manifest.profile,
            part.folder.display()
        ));
    }
    let mut bar = progress::Files::new(&part.files);
    let fetching = resolver.ensure(&part.files, |step| bar.step(&step));
    let sentence = "Stopped. The files that arrived whole stay; run it again to go on.";
    interrupt::unless_stopped(cancel, sentence, fetching).await??;
    Ok(bar.fetched)
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

fn look(parts: &[Part]) -> Vec<FileState> {
    let states = parts.iter().flat_map(|part| {
        let resolver = part.resolver();
        let files = part.files.iter();
        files.map(move |file| resolver.look(file))
    });
    states.collect()
}

/// Reads each file whole, on a thread that may block.
async fn verify(parts: &[Part]) -> Result<Vec<FileState>, Failure> {
    let parts = parts.to_vec();
    let reading = tokio::task::spawn_blocking(move || {
        let states = parts.iter().flat_map(|part| {
            let resolver = part.resolver();
            let files = part.files.iter();
            files.map(move |file| resolver.verify(file))
        });
        states.collect::<Vec<_>>()
    });
    reading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))
}

fn rows(parts: &[Part], states: Vec<FileState>) -> Vec<FileRow<'_>> {
    let files = parts.iter().flat_map(|part| &part.files).zip(states);
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
    /// Name and version of what makes pictures, if there is such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    generator: Option<String>,
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
        match &self.generator {
            Some(generator) => text.line(&format!("It makes synthetic pictures, by {generator}.")),
            None => text.line("It has no generator, so it makes no synthetic pictures."),
        }
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
        let states = manifest.files.iter().map(state).collect();
        let parts = [Part {
            files: manifest.files.clone(),
            folder: PathBuf::from("weights"),
        }];
        let told = Profile {
            profile: &manifest.profile,
            description: &manifest.description,
            folder: "weights".to_owned(),
            generator: None,
            files: rows(&parts, states),
        };
        assert!(!told.is_complete());
        let text = told.in_words(usize::MAX);
        assert!(
            text.contains("  changed: its SHA-256 is another\n"),
            "{text}"
        );
        assert!(text.contains("It has no generator"), "{text}");
        assert!(text.ends_with("`mirage models pull`.\n"), "{text}");
    }
}
