//! What every way into Mirage needs before it can work: the log, the engine, the atlas, and how
//! much memory that takes. What a failure means for the person is decided by the caller.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mirage::atlas::{Atlas, AtlasError};
use mirage::config::{Config, ConfigError};
use mirage::engine::{
    Beside, EncoderSpec, Engine, EngineError, GeneratorNetwork, GeneratorSpec, PictureNetwork,
    Settings,
};
use mirage::generate::Checks;
use mirage_models::diffusion::{Device, Pipeline};
use mirage_models::image_encoder;
use mirage_models::language_model::{self, LanguageModel, LanguageModelError};
use mirage_models::manifest::{FileSpec, Manifest, ManifestError};
use mirage_models::resolver::{FileState, Resolver};
use mirage_models::safety_gate::SafetyGate;
use mirage_models::text_encoder;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// What the bare level `info` stands for. The libraries below tell each file they open at that
/// level.
const QUIET_INFO: &str = "warn,mistralrs_core=error,mirage=info";

/// Libraries that write requests, frames, headers or prompts to the log, and the bot's token or
/// what people ask with them, if they are let below `info` or may open spans.
const CARRY_SECRETS: &[&str] = &[
    "mistralrs_core",
    "serenity",
    "poise",
    "tungstenite",
    "tokio_tungstenite",
    "hyper",
    "h2",
    "reqwest",
    "rustls",
];

/// Why the engine or the atlas could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// A file of the weights is not there, or another one.
    #[error("{reason} Fetch the weights of the profile {profile} with `mirage models pull`.")]
    Weights {
        /// The profile.
        profile: String,
        /// Which file, and what is wrong; a sentence.
        reason: String,
    },
    /// The profile doesn't exist.
    #[error(transparent)]
    Profile(#[from] ManifestError),
    /// The engine doesn't start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The atlas doesn't open.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// The language model doesn't load.
    #[error(transparent)]
    LanguageModel(#[from] LanguageModelError),
}

/// Starts the log on standard error.
///
/// # Errors
/// [`ConfigError::Invalid`] if the filter can't be read.
pub(crate) fn start_log(log: &str) -> Result<(), ConfigError> {
    let directives = match log.trim() {
        "info" => QUIET_INFO,
        other => other,
    };
    let filter = EnvFilter::try_new(directives).map_err(|error| ConfigError::Invalid {
        variable: "MIRAGE_LOG",
        reason: format!("{error}. Write, for instance, info or mirage=debug."),
    })?;
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A log that was started before, by a test in the same process, stays.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(carries_no_secret))
        .with(lines)
        .try_init();
    Ok(())
}

/// Whatever is asked for, a token must not get into the log.
fn carries_no_secret(metadata: &Metadata<'_>) -> bool {
    may_be_logged(metadata.target(), *metadata.level(), metadata.is_span())
}

fn may_be_logged(target: &str, level: Level, is_span: bool) -> bool {
    let crate_name = target.split("::").next().unwrap_or(target);
    !CARRY_SECRETS.contains(&crate_name) || (!is_span && level <= Level::INFO)
}

/// The manifest of a profile, which ships with Mirage or is one of the person's own.
///
/// # Errors
/// [`ManifestError`].
pub(crate) fn manifest(config: &Config, profile: &str) -> Result<Manifest, ManifestError> {
    Manifest::find(profile, &config.profiles())
}

/// Folder of a profile's weights.
pub(crate) fn weights_folder(config: &Config, profile: &str) -> PathBuf {
    config.weights().join(profile)
}

/// Starts the engine with the configured profile's networks, after a quick look at their files.
/// They are loaded when they are first needed.
///
/// # Errors
/// [`OpenError`]; missing files are told with the command that fetches them.
pub(crate) fn start_engine(config: &Config) -> Result<Engine, OpenError> {
    let manifest = manifest(config, &config.profile)?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        let profile = manifest.profile;
        return Err(OpenError::Weights { profile, reason });
    }
    let encoder = EncoderSpec {
        identity: text_encoder::identity(&manifest),
        dimensions: manifest.text_encoder.dimensions,
    };
    let beside = Beside {
        pictures: picture_network(&manifest, &folder),
        generator: generator_network(&manifest, &folder),
    };
    let load = move || Ok(Arc::from(text_encoder::load(&manifest, &folder)?));
    let settings = Settings {
        threads: config.work.threads,
        ..Settings::default()
    };
    let started = Engine::start_with(encoder, Box::new(load), beside, settings);
    Ok(started?)
}

/// The profile's network of pictures, if it has one.
fn picture_network(manifest: &Manifest, folder: &Path) -> Option<PictureNetwork> {
    let spec = manifest.image_encoder.as_ref()?;
    let encoder = EncoderSpec {
        identity: image_encoder::identity(manifest)?,
        dimensions: spec.dimensions,
    };
    let chance = image_encoder::chance(manifest, folder);
    let (manifest, folder) = (manifest.clone(), folder.to_owned());
    let load = move || Ok(Arc::from(image_encoder::load(&manifest, &folder)?));
    Some(PictureNetwork {
        encoder,
        chance,
        load: Box::new(load),
    })
}

/// The profile's generator of pictures, if it has one.
fn generator_network(manifest: &Manifest, folder: &Path) -> Option<GeneratorNetwork> {
    let spec = manifest.diffusion.as_ref()?;
    let files = folder.join(&spec.folder);
    let load = move || Ok(Arc::new(Pipeline::load(&files, &Device::Cpu)?));
    Some(GeneratorNetwork {
        spec: GeneratorSpec {
            identity: manifest.diffusion_identity()?,
            size: spec.size,
        },
        memory: spec.memory,
        load: Box::new(load),
    })
}

/// What each synthetic picture has to pass. The files are looked for when the first one is made.
///
/// # Errors
/// [`ManifestError`].
pub(crate) fn checks(config: &Config) -> Result<Checks, ManifestError> {
    let manifest = manifest(config, &config.profile)?;
    let folder = weights_folder(config, &manifest.profile);
    let generator = match &manifest.diffusion {
        Some(spec) => folder.join(&spec.folder),
        None => folder,
    };
    let gate = weights_folder(config, SafetyGate::FOLDER);
    Ok(Checks::new(gate, generator))
}

/// Opens the configured atlas with an engine of its own.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn open_atlas(config: &Config) -> Result<Atlas, OpenError> {
    open_atlas_with(config, start_engine(config)?).await
}

/// The same with an engine that runs.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn open_atlas_with(config: &Config, engine: Engine) -> Result<Atlas, OpenError> {
    let atlas = Atlas::open(&config.atlas_uri, engine).await?;
    Ok(atlas
        .with_index_memory(config.index_memory)
        .with_picture_share(config.picture_share))
}

/// Loads the configured profile's language model; `None` if it has none, and explanations are in the
/// sources' own words then.
///
/// # Errors
/// [`OpenError`]; missing files are told with the command that fetches them.
pub(crate) fn language_model(config: &Config) -> Result<Option<Arc<dyn LanguageModel>>, OpenError> {
    let manifest = manifest(config, &config.profile)?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        let profile = manifest.profile;
        return Err(OpenError::Weights { profile, reason });
    }
    Ok(language_model::load(&manifest, &folder)?.map(Arc::from))
}

/// What is wrong with the first file that isn't as it should be, by its size alone; a sentence.
pub(crate) fn incomplete(files: &[FileSpec], folder: &Path) -> Option<String> {
    let resolver = Resolver::new(folder);
    files.iter().find_map(|file| match resolver.look(file) {
        FileState::Ready => None,
        FileState::Missing => Some(format!("The file {} is missing.", file.path)),
        FileState::Changed(reason) => Some(format!(
            "The file {} is not the right one: {reason}.",
            file.path
        )),
    })
}

/// Memory that this process holds, in megabytes; `None` where the system doesn't tell.
pub(crate) fn resident_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    resident_of(&status)
}

/// Linux gives kibibytes here, whatever the size of a page.
fn resident_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_token_is_never_logged_in_detail() {
        assert!(!may_be_logged("tungstenite::protocol", Level::TRACE, false));
        assert!(!may_be_logged("serenity::http::client", Level::INFO, true));
        assert!(may_be_logged("serenity::gateway", Level::WARN, false));
        assert!(may_be_logged("mirage::atlas", Level::TRACE, true));
        assert!(may_be_logged("h2o", Level::DEBUG, false));
    }

    #[test]
    fn a_filter_that_cannot_be_read_names_its_variable() {
        let error = start_log("mirage=loud").expect_err("no such level");
        assert!(error.to_string().starts_with("MIRAGE_LOG"), "{error}");
    }

    #[test]
    fn the_first_missing_file_is_named() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        let reason = incomplete(&manifest.files, Path::new("no/such/folder"));
        let reason = reason.expect("nothing is there");
        assert!(reason.contains(&manifest.files[0].path), "{reason}");
        assert_eq!(incomplete(&[], Path::new("no/such/folder")), None);
    }

    #[test]
    fn memory_is_told_in_megabytes() {
        assert_eq!(
            resident_of("Name:\tmirage\nVmRSS:\t  400000 kB\n"),
            Some(409)
        );
        assert_eq!(resident_of("Name:\tmirage\n"), None);
    }
}
