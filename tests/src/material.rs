//! The weights and the starter atlas that tests run on: the same that a person gets, fetched and
//! built where they are missing. Nothing is mocked.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use mirage::atlas::{Atlas, starter};
use mirage::config::Config;
use mirage_models::manifest::Manifest;
use mirage_models::resolver::Resolver;
use mirage_models::text_encoder::{self, TextEncoder};
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

static ENCODER: OnceCell<Arc<dyn TextEncoder>> = OnceCell::const_new();
static BUILDING: Mutex<()> = Mutex::const_new(());

/// Folder of the starter profile's weights.
///
/// # Errors
/// They are neither cached nor can they be fetched.
pub async fn weights() -> Result<PathBuf> {
    let config = Config::from_environment()?;
    let manifest = Manifest::of_profile("starter")?;
    let folder = config.weights().join(&manifest.profile);
    Resolver::new(&folder)
        .ensure(&manifest.files, |_| {})
        .await?;
    Ok(folder)
}

/// The starter profile's text encoder, loaded once for all tests.
///
/// # Errors
/// As [`weights`], or the weights can't be read.
pub async fn encoder() -> Result<Arc<dyn TextEncoder>> {
    let encoder = ENCODER.get_or_try_init(|| async {
        let folder = weights().await?;
        let manifest = Manifest::of_profile("starter")?;
        let encoder = tokio::task::spawn_blocking(move || text_encoder::load(&manifest, &folder));
        anyhow::Ok(Arc::from(encoder.await??))
    });
    Ok(Arc::clone(encoder.await?))
}

/// The starter atlas of this machine's configuration, opened anew: a dataset's connection belongs
/// to the runtime of the test that uses it.
///
/// # Errors
/// It is neither there nor can it be built.
pub async fn starter_atlas() -> Result<Atlas> {
    let _one_at_a_time = BUILDING.lock().await;
    let config = Config::from_environment()?;
    let atlas = Atlas::open_or_create(&config.atlas_uri, encoder().await?).await?;
    if !starter::is_current(&atlas).await? {
        let packages = Resolver::new(config.packages());
        packages.ensure(&starter::packages()?, |_| {}).await?;
        let cancel = CancellationToken::new();
        starter::build(&atlas, &config.packages(), &cancel, |_| {})
            .await
            .context("the starter atlas")?;
    }
    Ok(atlas)
}
