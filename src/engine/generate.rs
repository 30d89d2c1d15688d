//! Synthetic pictures: a run of the generator in steps, so that questions go between them, with a
//! small picture of how it looks now and then. What may be asked for and shown is decided elsewhere.

use mirage_models::diffusion::{Denoising, DiffusionError, Pipeline, Request, RgbImage};
use tokio_util::sync::CancellationToken;

use super::error::EngineError;
use super::model::Loader;
use super::networks::{Networks, caught};
use super::steps::{DeviceSteps, Step, StepReport};

/// What the generator of an engine is, known before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorSpec {
    /// Name and version of its weights: with others a seed gives another picture.
    pub identity: String,
    /// Side in pixels of the pictures that it was trained on.
    pub size: u32,
}

/// The generator, for an engine that has one.
pub struct GeneratorNetwork {
    /// What it is.
    pub spec: GeneratorSpec,
    /// Megabytes that a picture takes, the weights included. Without them it isn't loaded.
    pub memory: u64,
    /// How it is loaded.
    pub load: Loader<Pipeline, DiffusionError>,
}

/// A picture that is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// What it is made from.
    pub request: Request,
    /// Steps between two previews; 0 for none.
    pub preview_every: usize,
    /// Makes a file (PNG or JPEG) of a preview; `None` where it must not be shown.
    pub preview: fn(&RgbImage) -> Option<Vec<u8>>,
}

/// A picture that was made. Nothing marks it yet as synthetic: show it to nobody.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Its pixels.
    pub pixels: RgbImage,
    /// The words of the prompt beyond what the network reads, where there are any.
    pub cut: Option<String>,
}

/// A run in the queue. Its first step reads the words, its last one decodes the picture.
pub(super) struct Generation {
    order: Order,
    run: Option<Denoising>,
    /// The last preview: who watches may miss a step.
    preview: Option<Vec<u8>>,
    cancel: CancellationToken,
}

impl Generation {
    pub(super) fn new(order: Order, cancel: CancellationToken) -> Self {
        Self {
            order,
            run: None,
            preview: None,
            cancel,
        }
    }

    fn advance(&mut self, pipeline: &Pipeline) -> Result<Step<Generated>, EngineError> {
        let Some(run) = &mut self.run else {
            let run = pipeline.begin(&self.order.request)?;
            let report = report(&run, None);
            self.run = Some(run);
            return Ok(Step::Going(report));
        };
        if run.done() < run.steps() {
            run.step()?;
            let every = self.order.preview_every;
            // The last one would be the picture itself, before it is checked.
            if every > 0 && run.done().is_multiple_of(every) && run.done() < run.steps() {
                self.preview = (self.order.preview)(&run.preview());
            }
            return Ok(Step::Going(report(run, self.preview.clone())));
        }
        let cancel = &self.cancel;
        let pixels = run.decode(&|| cancel.is_cancelled())?;
        Ok(Step::Done(Generated {
            pixels,
            cut: run.cut().map(str::to_owned),
        }))
    }
}

impl DeviceSteps for Generation {
    type Output = Generated;

    fn step(&mut self, networks: &mut Networks) -> Result<Step<Generated>, EngineError> {
        let pipeline = networks.generator()?;
        let threads = networks.threads();
        let stepped = caught(|| threads.install(|| self.advance(&pipeline)));
        if matches!(stepped, Err(EngineError::Panicked(_))) {
            networks.forget_generator();
        }
        stepped
    }
}

fn report(run: &Denoising, preview: Option<Vec<u8>>) -> StepReport {
    StepReport {
        done: run.done() as u64,
        total: Some(run.steps() as u64),
        preview,
    }
}
