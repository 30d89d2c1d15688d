//! The weights and the starter atlas that tests run on: the same that a person gets, fetched and
//! built where they are missing. Nothing is mocked. Weights and packages come from this machine's
//! cache; the atlas is the tests' own, so that a person's is neither needed nor touched.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use mirage::atlas::{Atlas, starter};
use mirage::config::Config;
use mirage::engine::Engine;
use mirage_models::image_encoder::{self, ImageEncoder};
use mirage_models::manifest::Manifest;
use mirage_models::resolver::Resolver;
use mirage_models::text_encoder::{self, TextEncoder};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

static ENCODER: OnceCell<Arc<dyn TextEncoder>> = OnceCell::const_new();
static ENGINE: OnceCell<Engine> = OnceCell::const_new();
static STARTER: OnceCell<String> = OnceCell::const_new();

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

/// The starter profile's image encoder.
///
/// # Errors
/// As [`encoder`].
pub async fn picture_encoder() -> Result<Arc<dyn ImageEncoder>> {
    let folder = weights().await?;
    let manifest = Manifest::of_profile("starter")?;
    let encoder = tokio::task::spawn_blocking(move || image_encoder::load(&manifest, &folder));
    Ok(Arc::from(encoder.await??))
}

/// One engine around both encoders for all tests.
///
/// # Errors
/// As [`encoder`].
pub async fn engine() -> Result<Engine> {
    let engine = ENGINE.get_or_try_init(|| async {
        let pictures = picture_encoder().await?;
        anyhow::Ok(Engine::with_encoders(encoder().await?, Some(pictures))?)
    });
    Ok(engine.await?.clone())
}

/// The tests' own starter atlas, opened anew: a dataset's connection belongs to the runtime of the
/// test that uses it.
///
/// # Errors
/// It is neither there nor can it be built.
pub async fn starter_atlas() -> Result<Atlas> {
    Ok(Atlas::open(starter_atlas_uri().await?, engine().await?).await?)
}

/// Where the tests' own starter atlas is, which is built by the first that asks.
///
/// # Errors
/// It is neither there nor can it be built.
pub async fn starter_atlas_uri() -> Result<&'static str> {
    let uri = STARTER.get_or_try_init(|| async {
        let folder = target().join("test-atlas");
        std::fs::create_dir_all(&folder)?;
        // Other processes of the same folder wait here until the atlas is whole.
        let _one_at_a_time = lock(folder.join("starter.lock")).await?;
        let atlas = folder.join("starter");
        if !is_current(&atlas).await {
            build(&atlas).await.context("the starter atlas")?;
        }
        anyhow::Ok(uri_of(&atlas))
    });
    Ok(uri.await?.as_str())
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    let target = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.parent()?.parent()?.to_owned()));
    target.unwrap_or_else(std::env::temp_dir)
}

async fn lock(path: PathBuf) -> Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        std::io::Result::Ok(file)
    });
    locked.await?.context("the lock of the starter atlas")
}

/// Whether the atlas can be used as it is. One that can't be opened is of another version, or its
/// build was killed.
async fn is_current(atlas: &Path) -> bool {
    let Ok(engine) = engine().await else {
        return false;
    };
    match Atlas::open(&uri_of(atlas), engine).await {
        Ok(atlas) => starter::is_current(&atlas).await.unwrap_or(false),
        Err(_) => false,
    }
}

/// Builds it from nothing: what an earlier version left must not be found.
async fn build(atlas: &Path) -> Result<()> {
    if atlas.exists() {
        std::fs::remove_dir_all(atlas)?;
    }
    let mut config = Config::from_environment()?;
    config.atlas_uri = uri_of(atlas);
    Resolver::new(config.packages())
        .ensure(&starter::packages()?, |_| {})
        .await?;
    let atlas = Atlas::open_or_create(&config.atlas_uri, engine().await?).await?;
    let cancel = CancellationToken::new();
    let report = starter::build(&atlas, &config.packages(), &cancel, |_| {}).await?;
    ensure!(report.refused.is_empty(), "refused: {:?}", report.refused);
    Ok(())
}

fn uri_of(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}
