//! What Mirage keeps on this machine: weights, atlas, database. Nothing is made that isn't there.

use mirage::atlas::AtlasError;
use mirage::config::Config;
use mirage::engine::memory;
use mirage::store::{Location, Store};
use mirage_models::manifest::FileSpec;
use mirage_models::safety_gate::{self, SafetyGate};

use super::super::atlas::picture_encoder;
use super::Check;
use crate::runtime::{self, OpenError};

/// Whether the profile's files are there, by their sizes.
pub(super) fn weights(config: &Config) -> Check {
    const NAME: &str = "weights";
    let manifest = match runtime::manifest(config, &config.profile) {
        Ok(manifest) => manifest,
        Err(error) => {
            return Check::problem(NAME, error.to_string(), "Set MIRAGE_PROFILE to another.");
        }
    };
    let folder = runtime::weights_folder(config, &manifest.profile);
    match runtime::incomplete(&manifest.files, &folder) {
        Some(reason) => Check::problem(NAME, reason, "Run `mirage models pull`."),
        None => Check::ok(
            NAME,
            format!(
                "All {} files of the profile {} are in {}.",
                manifest.files.len(),
                manifest.profile,
                folder.display()
            ),
        ),
    }
}

/// Whether pictures can be made, and what stands in the way.
pub(super) fn generator(config: &Config) -> Check {
    const NAME: &str = "generator";
    let manifest = match runtime::manifest(config, &config.profile) {
        Ok(manifest) => manifest,
        Err(error) => {
            return Check::problem(NAME, error.to_string(), "Set MIRAGE_PROFILE to another.");
        }
    };
    let (Some(spec), Some(identity)) = (&manifest.diffusion, manifest.diffusion_identity()) else {
        let text = format!(
            "The profile {} has no generator, so /generate and `mirage generate` can't be used. \
             Everything else works.",
            manifest.profile
        );
        return Check::warning(NAME, text, "Set MIRAGE_PROFILE to a profile that has one.");
    };
    let gate = match safety_gate::files() {
        Ok(files) => incomplete_gate(config, &files),
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = gate {
        let text = format!("Without the safety gate no picture is shown. {reason}");
        return Check::warning(NAME, text, "Run `mirage models pull`.");
    }
    let size = spec.size;
    let text = format!(
        "{identity} makes pictures of {size} x {size} pixels; one takes about {} MB of memory.",
        spec.memory
    );
    match memory::available_megabytes().filter(|available| *available < spec.memory) {
        Some(available) => Check::warning(
            NAME,
            format!("{text} Now {available} MB are available."),
            "Close other programs before you ask for a picture.",
        ),
        None => Check::ok(NAME, text),
    }
}

fn incomplete_gate(config: &Config, files: &[FileSpec]) -> Option<String> {
    let folder = runtime::weights_folder(config, SafetyGate::FOLDER);
    runtime::incomplete(files, &folder)
}

/// Whether the atlas opens with the configured encoder, and holds something.
pub(super) async fn atlas(config: &Config, has_weights: bool) -> Check {
    const NAME: &str = "atlas";
    let starter = "Run `mirage atlas starter`.";
    if !has_weights {
        let text = "The atlas could not be looked at, because the weights are not complete.";
        return Check::warning(
            NAME,
            text,
            "Mend the weights, then run `mirage doctor` again.",
        );
    }
    let atlas = match runtime::open_atlas(config).await {
        Ok(atlas) => atlas,
        Err(OpenError::Atlas(AtlasError::Missing { uri })) => {
            return Check::problem(NAME, format!("There is no atlas at {uri}."), starter);
        }
        Err(OpenError::Atlas(AtlasError::OtherEncoder { atlas, configured })) => {
            let text =
                format!("It was made with the encoder {atlas}; the one here is {configured}.");
            let mend = "Set MIRAGE_PROFILE to the profile it was made with, or MIRAGE_ATLAS_URI \
                        to another atlas.";
            return Check::problem(NAME, text, mend);
        }
        Err(error) => {
            let mend = "Run `mirage models verify`; then set MIRAGE_ATLAS_URI to another place and \
                        run `mirage atlas starter`.";
            return Check::problem(NAME, error.to_string(), mend);
        }
    };
    match atlas.catalogue().await {
        Ok(catalogue) if catalogue.is_empty() => {
            Check::warning(NAME, "The atlas is empty.", starter)
        }
        Ok(catalogue) => Check::ok(
            NAME,
            format!(
                "{} pictures at {}, with the encoder {}; that of pictures: {}.",
                catalogue.len(),
                config.atlas_uri,
                atlas.encoder_identity(),
                picture_encoder(&atlas)
            ),
        ),
        Err(error) => Check::problem(NAME, error.to_string(), starter),
    }
}

/// Whether the database opens, which brings its tables to this version.
pub(super) async fn database(config: &Config) -> Check {
    const NAME: &str = "database";
    let path = &config.database;
    if matches!(path, Location::File(file) if !file.exists()) {
        let text = format!("There is none yet; the bot makes it at {path}.");
        return Check::ok(NAME, text);
    }
    match Store::open(&config.database).await {
        Ok(store) => {
            store.close().await;
            Check::ok(
                NAME,
                format!("{path} opens, and its tables are those of this version."),
            )
        }
        Err(error) => {
            let mend = match path {
                Location::File(_) => {
                    "Keep a copy of the file, then set MIRAGE_DATABASE to another one."
                }
                Location::Server(_) => {
                    "Check that the server runs and that MIRAGE_DATABASE or DATABASE_URL is right."
                }
            };
            Check::problem(NAME, error.to_string(), mend)
        }
    }
}
