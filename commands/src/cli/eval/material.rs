//! What every evaluation needs: the rows, their pictures and the profile's two encoders. Data that
//! can't be used is told before anything is loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mirage::config::Config;
use mirage::evaluation::{self, Archive, Encoders, EvaluationError, Pairs};
use mirage_models::image_encoder;
use mirage_models::manifest::Manifest;
use mirage_models::text_encoder;

use super::Common;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::output::say;
use crate::cli::progress::Waiting;
use crate::cli::text::count;
use crate::runtime::{self, OpenError, incomplete, weights_folder};

/// The rows that are measured, with their pictures and the encoders.
pub(super) struct Material {
    pub(super) pairs: Pairs,
    archive: Archive,
    encoders: Encoders,
    progress: Waiting,
}

impl Material {
    /// One vector a row, of its picture.
    pub(super) fn pictures(&mut self) -> Result<Vec<Vec<f32>>, EvaluationError> {
        let progress = &self.progress;
        let all = self.pairs.rows().len();
        let mut show = |done: usize| progress.message(format!("{done} of {all} pictures"));
        let encoder = &*self.encoders.image;
        evaluation::pictures(encoder, &self.pairs, &mut self.archive, &mut show)
    }

    /// One vector a text.
    pub(super) fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EvaluationError> {
        let mut show = |done: usize| {
            let done = count(done as u64, "text", "texts");
            self.progress
                .message(format!("{done} of {} at most", texts.len()));
        };
        evaluation::texts(&*self.encoders.text, texts, &mut show)
    }
}

/// Reads the rows that were asked for, lets `choose` take those that it needs and say what can't be
/// measured, then loads the encoders and lets `work` measure.
///
/// # Errors
/// [`Failure`]: the data, the weights, or Ctrl-C.
pub(super) async fn measure<Chosen, Measured>(
    common: &Common,
    config: &Config,
    choose: impl FnOnce(Pairs) -> Result<(Pairs, Chosen), EvaluationError> + Send + 'static,
    work: impl FnOnce(&mut Material, Chosen) -> Result<Measured, EvaluationError> + Send + 'static,
) -> Result<Measured, Failure>
where
    Chosen: Send + 'static,
    Measured: Send + 'static,
{
    let files = (common.pairs.clone(), common.images.clone());
    let split = common.split.clone();
    let profile = common.profile.as_deref().unwrap_or(&config.profile);
    let read = move || read(&files, split.as_deref(), choose);
    let count = |set: &Set<Chosen>| set.pairs.rows().len();
    let work = move |set: Set<Chosen>, encoders: Encoders, progress: Waiting| {
        let (mut material, chosen) = set.with(encoders, progress);
        work(&mut material, chosen)
    };
    with_encoders(profile, config, read, count, work).await
}

/// The same for several sets, one after the other: files of rows with their archives.
///
/// # Errors
/// As [`measure`].
pub(super) async fn measure_sets<Chosen, Measured>(
    sets: Vec<(PathBuf, PathBuf)>,
    (split, profile): (Option<String>, &str),
    config: &Config,
    choose: impl Fn(Pairs) -> Result<(Pairs, Chosen), EvaluationError> + Send + 'static,
    work: impl Fn(&mut Material, Chosen) -> Result<Measured, EvaluationError> + Send + 'static,
) -> Result<Vec<Measured>, Failure>
where
    Chosen: Send + 'static,
    Measured: Send + 'static,
{
    let read = move || {
        let sets = sets
            .iter()
            .map(|files| read(files, split.as_deref(), &choose));
        sets.collect::<Result<Vec<_>, EvaluationError>>()
    };
    let count =
        |sets: &Vec<Set<Chosen>>| -> usize { sets.iter().map(|set| set.pairs.rows().len()).sum() };
    let work = move |sets: Vec<Set<Chosen>>, encoders: Encoders, progress: Waiting| {
        each(sets, &encoders, progress, work)
    };
    with_encoders(profile, config, read, count, work).await
}

/// Works on one set after the other with the same encoders.
fn each<Chosen, Measured>(
    sets: Vec<Set<Chosen>>,
    encoders: &Encoders,
    mut progress: Waiting,
    work: impl Fn(&mut Material, Chosen) -> Result<Measured, EvaluationError>,
) -> Result<Vec<Measured>, EvaluationError> {
    let mut measured = Vec::with_capacity(sets.len());
    for set in sets {
        let (mut material, chosen) = set.with(encoders.clone(), progress);
        measured.push(work(&mut material, chosen)?);
        progress = material.progress;
    }
    Ok(measured)
}

/// Rows with their pictures, and what was chosen of them.
struct Set<Chosen> {
    pairs: Pairs,
    archive: Archive,
    chosen: Chosen,
}

impl<Chosen> Set<Chosen> {
    fn with(self, encoders: Encoders, progress: Waiting) -> (Material, Chosen) {
        let material = Material {
            pairs: self.pairs,
            archive: self.archive,
            encoders,
            progress,
        };
        (material, self.chosen)
    }
}

fn read<Chosen>(
    (rows, images): &(PathBuf, PathBuf),
    split: Option<&str>,
    choose: impl FnOnce(Pairs) -> Result<(Pairs, Chosen), EvaluationError>,
) -> Result<Set<Chosen>, EvaluationError> {
    let pairs = Pairs::read(rows)?.select(split)?;
    let (pairs, chosen) = choose(pairs)?;
    let archive = Archive::open(images)?;
    archive.check(&pairs)?;
    Ok(Set {
        pairs,
        archive,
        chosen,
    })
}

/// Reads, loads the encoders of the profile, and works with both.
async fn with_encoders<Read, Measured>(
    profile: &str,
    config: &Config,
    read: impl FnOnce() -> Result<Read, EvaluationError> + Send + 'static,
    pictures: impl FnOnce(&Read) -> usize,
    work: impl FnOnce(Read, Encoders, Waiting) -> Result<Measured, EvaluationError> + Send + 'static,
) -> Result<Measured, Failure>
where
    Read: Send + 'static,
    Measured: Send + 'static,
{
    let manifest = runtime::manifest(config, profile)?;
    let rows = blocking(read).await?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        let profile = manifest.profile;
        return Err(OpenError::Weights { profile, reason }.into());
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    say(&format!(
        "Measuring {} with the profile {}.",
        count(pictures(&rows) as u64, "picture", "pictures"),
        manifest.profile
    ));
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(config.work.threads)
        .build()
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let measuring = blocking(move || {
        threads.install(|| {
            let progress = Waiting::new("Loading the encoders".to_owned());
            work(rows, load(&manifest, &folder)?, progress)
        })
    });
    interrupt::unless_stopped(&cancel, "Stopped. Nothing was changed.", measuring).await?
}

/// The encoders of a profile.
pub(super) fn load(manifest: &Manifest, folder: &Path) -> Result<Encoders, EvaluationError> {
    // The one that a profile may lack comes first.
    let image = image_encoder::load(manifest, folder)?;
    let text = text_encoder::load(manifest, folder)?;
    Encoders::new(Arc::from(text), Arc::from(image))
}

/// Work that holds a thread of its own.
///
/// # Errors
/// The work's own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EvaluationError> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Failure::Unexpected(error.into()))?;
    Ok(done?)
}
