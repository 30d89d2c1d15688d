//! What commands need before they can answer: the log, the encoder, the atlas. It asks nothing of
//! a person.

use std::sync::Arc;

use anyhow::Context;
use mirage::atlas::Atlas;
use mirage::config::Config;
use mirage_models::manifest::Manifest;
use mirage_models::resolver::{FileState, ResolveError, Resolver};
use mirage_models::text_encoder::{self, TextEncoder};
use tracing_subscriber::EnvFilter;

/// Sends the log to stderr, as `MIRAGE_LOG` says.
pub(crate) fn start_log(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start (in tests) leaves the first one's log as it is.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}

/// The configured profile's manifest, with a resolver for its files.
pub(crate) fn profile(config: &Config, name: &str) -> anyhow::Result<(Manifest, Resolver)> {
    let manifest = Manifest::of_profile(name)?;
    let resolver = Resolver::new(config.weights().join(&manifest.profile));
    Ok((manifest, resolver))
}

/// Loads the configured profile's text encoder.
pub(crate) async fn open_encoder(config: &Config) -> anyhow::Result<Arc<dyn TextEncoder>> {
    let (manifest, resolver) = profile(config, &config.profile)?;
    for file in &manifest.files {
        match resolver.look(file) {
            FileState::Ready => {}
            FileState::Missing => return Err(ResolveError::Missing(file.path.clone()).into()),
            FileState::Changed(reason) => {
                return Err(ResolveError::Changed { path: file.path.clone(), reason }.into());
            }
        }
    }
    let folder = config.weights().join(&manifest.profile);
    let loaded = tokio::task::spawn_blocking(move || text_encoder::load(&manifest, &folder));
    Ok(Arc::from(loaded.await.context("the encoder's thread ended")??))
}

/// Opens the configured atlas.
pub(crate) async fn open_atlas(config: &Config) -> anyhow::Result<Atlas> {
    Ok(Atlas::open(&config.atlas_uri, open_encoder(config).await?).await?)
}

/// Opens the configured atlas, or makes an empty one.
pub(crate) async fn open_or_create_atlas(config: &Config) -> anyhow::Result<Atlas> {
    Ok(Atlas::open_or_create(&config.atlas_uri, open_encoder(config).await?).await?)
}
