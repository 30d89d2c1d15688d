//! `mirage models add`: an encoder for texts and pictures from a folder of the person's own, as a
//! profile. It is looked at and tried before anything is written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use mirage::config::Config;
use mirage_models::joint_encoder::{self, JointError, Summary};
use mirage_models::manifest::{Manifest, is_profile_name};
use mirage_models::resolver::Resolver;
use serde::Serialize;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::output::{self, say};
use crate::cli::progress::{self, Waiting, size};
use crate::cli::text::{self, Paragraphs, quote};
use crate::runtime;

/// Add an encoder for texts and pictures from a folder, as a profile
///
/// CLIP, SigLIP and BiomedCLIP can be read, in the layouts that docs/encoders.md lists. The encoder
/// is tried with one text and one picture; then its files are copied to the weights of the profile.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage models add --encoder medsiglip-448/ --name medsiglip\n\n\
    Exit codes: 0 added; 1 the folder holds no encoder that can be read; 2 the folder or the name \
    can't be used."
)]
pub(super) struct Arguments {
    /// The folder with its configuration, its tokenizer.json and its weights in safetensors
    #[arg(long, value_name = "DIR")]
    encoder: PathBuf,
    /// Name of the profile (default: the folder's)
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Licence of the weights (default: the one that the folder's README.md names)
    #[arg(long, alias = "license")]
    licence: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was added, for people and for programs.
#[derive(Debug, Serialize)]
struct Added {
    profile: String,
    /// The manifest's file.
    file: String,
    #[serde(flatten)]
    encoder: Summary,
    licence: String,
    /// Of all files, in bytes.
    size: u64,
    /// What to type next.
    next: String,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let folder = folder(&arguments.encoder)?;
    let name = name(arguments.name.as_deref(), &folder)?;
    let file = config.profiles().join(format!("{name}.toml"));
    if file.exists() || Manifest::profiles().any(|known| known == name) {
        return Err(taken(&name));
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let work = async {
        let (manifest, summary) = examine(folder, name, arguments, config).await?;
        copy(&manifest, config).await?;
        write(&manifest, &file)?;
        Ok::<_, Failure>((manifest, summary))
    };
    let stopped = "Stopped. No profile was added.";
    let (manifest, encoder) = interrupt::unless_stopped(&cancel, stopped, work).await??;
    let added = Added {
        file: file.display().to_string(),
        encoder,
        licence: manifest
            .files
            .first()
            .map_or_else(String::new, |file| file.licence.clone()),
        size: progress::total(&manifest.files),
        next: format!(
            "MIRAGE_PROFILE={} mirage queue add re-embed",
            manifest.profile
        ),
        profile: manifest.profile,
    };
    if arguments.json {
        output::print_json(&added)?;
    } else {
        output::print(&added.in_words(text::columns()))?;
    }
    Ok(Exit::Done)
}

/// The folder by its whole path: the profile keeps it.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let whole = std::path::absolute(path).ok();
    whole
        .filter(|path| path.is_dir())
        .ok_or_else(|| Failure::argument(format!("There is no folder at {}.", path.display())))
}

/// The name that was given, else one made of the folder's.
fn name(given: Option<&str>, folder: &Path) -> Result<String, Failure> {
    let name = match given {
        Some(name) => name.to_owned(),
        None => {
            let own = folder.file_name().unwrap_or_default().to_string_lossy();
            let usable = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            own.chars()
                .map(|letter| if usable(letter) { letter } else { '-' })
                .collect()
        }
    };
    if is_profile_name(&name) {
        return Ok(name);
    }
    Err(Failure::argument(format!(
        "{} can't be used for a profile. Give --name up to 64 letters, digits, -, _ and . that \
         begin with a letter or a digit.",
        quote(&name)
    )))
}

fn taken(name: &str) -> Failure {
    Failure::argument(format!(
        "There is a profile named {name} already. Give another --name."
    ))
}

/// Reads the folder, tries the encoder and makes its manifest, on threads of its own.
async fn examine(
    folder: PathBuf,
    name: String,
    arguments: &Arguments,
    config: &Config,
) -> Result<(Manifest, Summary), Failure> {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(config.work.threads)
        .build()
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let licence = arguments.licence.clone();
    let waiting = Waiting::new("Trying the encoder".to_owned());
    let trying = tokio::task::spawn_blocking(move || {
        threads.install(|| {
            let found = joint_encoder::inspect(&folder)?;
            found.check()?;
            waiting.message("Reading its files".to_owned());
            let manifest = found.profile(&name, licence.as_deref())?;
            Ok::<_, JointError>((manifest, found.summary()))
        })
    });
    let tried = trying.await;
    Ok(tried.map_err(|error| Failure::Unexpected(error.into()))??)
}

/// Copies the files to where the profile's weights are kept.
async fn copy(manifest: &Manifest, config: &Config) -> Result<(), Failure> {
    let folder = runtime::weights_folder(config, &manifest.profile);
    say(&format!(
        "The encoder works. Copying its files ({}) to {}.",
        size(progress::total(&manifest.files)),
        folder.display()
    ));
    let mut bar = progress::Files::new(&manifest.files);
    let resolver = Resolver::new(folder);
    let copying = resolver.ensure(&manifest.files, |step| bar.step(&step));
    copying.await?;
    Ok(())
}

/// Writes the manifest under its name, whole or not at all, and never over another.
fn write(manifest: &Manifest, file: &Path) -> Result<(), Failure> {
    let refuse = |error: &dyn std::fmt::Display| {
        Failure::user(format!("{} can't be written: {error}.", file.display()))
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| refuse(&error))?;
    let mut part = tempfile::NamedTempFile::new_in(folder).map_err(|error| refuse(&error))?;
    let text = manifest.to_toml()?;
    part.write_all(text.as_bytes())
        .map_err(|error| refuse(&error))?;
    match part.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(taken(&manifest.profile))
        }
        Err(error) => Err(refuse(&error.error)),
    }
}

impl Added {
    fn in_words(&self, columns: usize) -> String {
        let encoder = &self.encoder;
        let mut text = Paragraphs::new(columns);
        text.line(&format!("Profile {}, in {}", self.profile, self.file));
        let fit = match encoder.fit {
            "crop" => "the middle is cut out",
            _ => "stretched",
        };
        for (label, value) in [
            ("Layout      ", encoder.layout.to_string()),
            (
                "Embeddings  ",
                format!("{} numbers each", encoder.dimensions),
            ),
            (
                "Pictures    ",
                format!(
                    "{0} x {0} pixels in patches of {1}, {2}, {fit}",
                    encoder.image_size, encoder.patch_size, encoder.filter
                ),
            ),
            (
                "Texts       ",
                format!("up to {} tokens", encoder.maximum_tokens),
            ),
            ("Activation  ", encoder.activation.clone()),
            ("Files       ", size(self.size)),
            ("Licence     ", self.licence.clone()),
        ] {
            text.labelled(label, &value);
        }
        text.line("An atlas that was made with another encoder needs new vectors:");
        text.line(&self.next);
        text.line("Set MIRAGE_PROFILE for the bot and all workers too.");
        text.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_folder_if_none_is_given() {
        let made = |given, folder: &str| name(given, Path::new(folder)).ok();
        assert_eq!(made(None, "/a/ViT L (14)").as_deref(), Some("ViT-L--14-"));
        assert_eq!(made(Some("mine"), "/a/b").as_deref(), Some("mine"));
        for (given, folder) in [
            (Some("a/b"), "/a"),
            (Some(""), "/a"),
            (None, "/"),
            (None, "/.x"),
        ] {
            assert_eq!(made(given, folder), None, "{given:?} {folder}");
        }
    }

    #[test]
    fn a_profile_is_never_written_over_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("profiles/starter.toml");
        let manifest = Manifest::of_profile("starter").expect("shipped");
        write(&manifest, &file).expect("there is none");
        let before = std::fs::read_to_string(&file).expect("written");
        assert_eq!(before.parse::<Manifest>().expect("a manifest"), manifest);
        let error = write(&manifest, &file).expect_err("there is one");
        assert!(matches!(error, Failure::Argument(_)), "{error:?}");
        let left = std::fs::read_dir(folder.path().join("profiles")).expect("a folder");
        assert_eq!(left.count(), 1, "nothing half-written stays");
    }
}
