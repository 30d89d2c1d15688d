//! The networks of an engine, each loaded when it is first needed, and the one way to run them: on
//! the engine's own threads, with a panic turned into an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mirage_models::diffusion::{DiffusionError, Pipeline};
use mirage_models::image_encoder::{ImageEncoder, ImageEncoderError, Rgb};
use mirage_models::text_encoder::{EncoderError, TextEncoder};

use super::error::EngineError;
use super::generate::GeneratorNetwork;
use super::memory;
use super::metrics::Metrics;
use super::model::{Loader, Model};

/// The networks, and the threads that they compute on. They belong to the engine's thread.
pub(super) struct Networks {
    texts: Model<dyn TextEncoder, EncoderError>,
    pictures: Option<Model<dyn ImageEncoder, ImageEncoderError>>,
    generator: Option<Generator>,
    threads: rayon::ThreadPool,
    metrics: Arc<Metrics>,
}

/// The generator, and what it needs.
struct Generator {
    model: Model<Pipeline, DiffusionError>,
    /// In megabytes.
    memory: u64,
}

impl Networks {
    pub(super) fn new(
        texts: Loader<dyn TextEncoder, EncoderError>,
        pictures: Option<Loader<dyn ImageEncoder, ImageEncoderError>>,
        generator: Option<GeneratorNetwork>,
        threads: rayon::ThreadPool,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            texts: Model::new(texts),
            pictures: pictures.map(Model::new),
            generator: generator.map(|network| Generator {
                model: Model::new(network.load),
                memory: network.memory,
            }),
            threads,
            metrics,
        }
    }

    /// The threads, for work that brings its own network.
    pub(super) fn threads(&self) -> &rayon::ThreadPool {
        &self.threads
    }

    /// A unit vector for each text.
    pub(super) fn embed_texts(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EngineError> {
        let network = loaded(&mut self.texts, &self.metrics, "text encoder");
        let ran = network.and_then(|network| {
            let run = || -> Result<_, EngineError> { Ok(network.embed(texts)?) };
            caught(|| self.threads.install(run))
        });
        if matches!(ran, Err(EngineError::Panicked(_))) {
            self.texts.forget();
        }
        complete(ran?, texts.len())
    }

    /// A unit vector for each picture.
    pub(super) fn embed_pictures(
        &mut self,
        pictures: &[&Rgb],
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let model = self.pictures.as_mut().ok_or(EngineError::NoImageEncoder)?;
        let network = loaded(model, &self.metrics, "image encoder");
        let ran = network.and_then(|network| {
            let pictures: Vec<Rgb> = pictures.iter().map(|picture| (*picture).clone()).collect();
            let run = || -> Result<_, EngineError> { Ok(network.embed(&pictures)?) };
            caught(|| self.threads.install(run))
        });
        if matches!(ran, Err(EngineError::Panicked(_))) {
            model.forget();
        }
        complete(ran?, pictures.len())
    }

    /// The generator, loaded if it isn't yet and there is memory for it.
    pub(super) fn generator(&mut self) -> Result<Arc<Pipeline>, EngineError> {
        let generator = self.generator.as_mut().ok_or(EngineError::NoGenerator)?;
        if !generator.model.is_loaded() {
            enough(generator.memory, memory::available_megabytes())?;
        }
        loaded(&mut generator.model, &self.metrics, "generator")
    }

    /// Lets go of the generator, whatever state a fault has left it in.
    pub(super) fn forget_generator(&mut self) {
        if let Some(generator) = &mut self.generator {
            generator.model.forget();
        }
    }

    /// Loads what isn't loaded, but for the generator: it is large, and who asks for a picture waits
    /// anyway.
    pub(super) fn warm(&mut self) -> Result<(), EngineError> {
        // With nothing to embed the networks are only loaded.
        self.embed_texts(&[])?;
        if self.pictures.is_some() {
            self.embed_pictures(&[])?;
        }
        Ok(())
    }

    /// Lets go of the networks that nobody used for `idle`.
    pub(super) fn forget_idle(&mut self, idle: Duration) {
        let mut forgotten = Vec::new();
        if self.texts.forget_if_idle(idle) {
            forgotten.push("text encoder");
        }
        let pictures = self.pictures.as_mut();
        if pictures.is_some_and(|model| model.forget_if_idle(idle)) {
            forgotten.push("image encoder");
        }
        let generator = self.generator.as_mut();
        if generator.is_some_and(|generator| generator.model.forget_if_idle(idle)) {
            forgotten.push("generator");
        }
        for network in forgotten {
            self.metrics.unloads.inc();
            tracing::info!(
                network,
                "let go of a network: it is idle and memory is short"
            );
        }
    }
}

/// Refuses where the system tells that there is too little memory: a program that takes more than
/// there is gets ended by it, and everything else with it.
fn enough(needed: u64, available: Option<u64>) -> Result<(), EngineError> {
    match available.filter(|available| *available < needed) {
        Some(available) => Err(EngineError::Memory { needed, available }),
        None => Ok(()),
    }
}

/// The network, loaded if it isn't yet.
fn loaded<M: ?Sized, E>(
    model: &mut Model<M, E>,
    metrics: &Metrics,
    name: &'static str,
) -> Result<Arc<M>, EngineError>
where
    EngineError: From<E>,
{
    let is_new = !model.is_loaded();
    let started = Instant::now();
    let network = caught(|| Ok(model.get()?))?;
    if is_new {
        metrics.loads.inc();
        let seconds = started.elapsed().as_secs_f64();
        tracing::debug!(seconds, network = name, "network loaded");
    }
    Ok(network)
}

/// Runs work that may panic.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(EngineError::Panicked(reason(&*panic))))
}

/// The vectors, if there are as many as were asked for.
fn complete(vectors: Vec<Vec<f32>>, wanted: usize) -> Result<Vec<Vec<f32>>, EngineError> {
    if vectors.len() == wanted {
        return Ok(vectors);
    }
    let reason = format!("{} vectors for {wanted} inputs", vectors.len());
    Err(EngineError::Panicked(reason))
}

/// What a panic said, for the log.
fn reason(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_is_told_with_both_figures() {
        let error = enough(700, Some(312)).expect_err("too little");
        let sentence = error.to_string();
        assert!(
            sentence.contains("700 MB") && sentence.contains("312 MB"),
            "{sentence}"
        );
        assert!(enough(700, Some(700)).is_ok());
        assert!(enough(700, None).is_ok(), "nobody knows");
    }
}
