//! The shared inference engine: one device, one thread, and a fair queue in memory before it. Who
//! asks waits for the answer; what must survive a crash belongs in [`crate::jobs`].
//!
//! Lanes share the device by weight, people within a lane by what they have had of it
//! ([`FairQueue`]). Texts that wait at the same time run as one batch, and so do pictures. Dropping
//! a request cancels it.

mod caller;
mod chat;
mod device;
mod embed;
mod error;
mod fair_queue;
mod generate;
mod kinds;
mod lanes;
pub mod memory;
mod metrics;
mod model;
mod networks;
mod steps;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use mirage_models::image_encoder::{Chance, ImageEncoder, ImageEncoderError, Rgb};
use mirage_models::text_encoder::{EncoderError, TextEncoder};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use caller::{Caller, Lane};
pub use chat::Chat;
pub use error::EngineError;
pub use fair_queue::FairQueue;
pub use generate::{Generated, GeneratorNetwork, GeneratorSpec, Order};
pub use metrics::Metrics;
pub use model::Loader;
pub use steps::{Step, StepReport, Steps, Ticket};

use device::{Device, Item, Shared};
use embed::EmbedRequest;
use generate::Generation;
use kinds::Kind;
use networks::Networks;
use steps::{DeviceSteps, Own};

/// Bounds of an engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that networks compute on.
    pub threads: usize,
    /// Most requests that wait; more are refused at once.
    pub most_waiting: usize,
    /// Most texts of one batch: 32 fill two cores, more would only delay who comes next.
    pub batch_texts: usize,
    /// Most tokens of one batch, padding included.
    pub batch_tokens: usize,
    /// Most pictures of one batch.
    pub batch_pictures: usize,
    /// How long a network must be unused before it may be let go of.
    pub idle: Duration,
    /// Share of available memory (0 to 1) below which idle networks are let go of.
    pub memory_floor: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            most_waiting: 1024,
            batch_texts: 32,
            batch_tokens: 8192,
            batch_pictures: 16,
            idle: Duration::from_secs(10 * 60),
            memory_floor: 0.1,
        }
    }
}

/// What an encoder of an engine is, known before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSpec {
    /// Name and version of the weights.
    pub identity: String,
    /// Length of an embedding.
    pub dimensions: usize,
}

/// The network of pictures, for an engine that has one.
pub struct PictureNetwork {
    /// What it is.
    pub encoder: EncoderSpec,
    /// What pairs reach by chance ([`mirage_models::image_encoder::chance`]).
    pub chance: Chance,
    /// How it is loaded.
    pub load: Loader<dyn ImageEncoder, ImageEncoderError>,
}

/// What an engine may have beside its text encoder.
#[derive(Default)]
pub struct Beside {
    /// The network of pictures.
    pub pictures: Option<PictureNetwork>,
    /// The generator of pictures.
    pub generator: Option<GeneratorNetwork>,
}

/// A handle to the engine. Cheap to clone; the engine ends with its last handle.
#[derive(Clone)]
pub struct Engine {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    encoder: EncoderSpec,
    pictures: Option<EncoderSpec>,
    chance: Chance,
    generator: Option<GeneratorSpec>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Engine {
    /// Starts the device's thread with a network for texts alone. It is loaded when it is first
    /// needed.
    ///
    /// # Errors
    /// [`EngineError::Unstarted`] if the system gives no thread.
    pub fn start(
        encoder: EncoderSpec,
        load: Loader<dyn TextEncoder, EncoderError>,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        Self::start_with(encoder, load, Beside::default(), settings)
    }

    /// The same with what there is beside it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        encoder: EncoderSpec,
        load: Loader<dyn TextEncoder, EncoderError>,
        beside: Beside,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        let unstarted = |error: &dyn std::fmt::Display| EngineError::Unstarted(error.to_string());
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(settings.threads.max(1))
            .thread_name(|number| format!("inference-{number}"))
            .build()
            .map_err(|error| unstarted(&error))?;
        let metrics = Arc::new(Metrics::default());
        let shared = Arc::new(Shared::new(settings, Arc::clone(&metrics)));
        let (spec, chance, load_pictures) = match beside.pictures {
            Some(network) => (Some(network.encoder), network.chance, Some(network.load)),
            None => (None, Chance::default(), None),
        };
        let generator = beside.generator.as_ref();
        let generator = generator.map(|network| network.spec.clone());
        let networks = Networks::new(load, load_pictures, beside.generator, threads, metrics);
        let device = Device::new(Arc::clone(&shared), networks);
        std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || device.serve())
            .map_err(|error| unstarted(&error))?;
        let handle = Handle {
            shared,
            encoder,
            pictures: spec,
            chance,
            generator,
        };
        Ok(Self {
            handle: Arc::new(handle),
        })
    }

    /// Starts an engine around an encoder that is loaded already, with the usual bounds.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with_encoder(encoder: Arc<dyn TextEncoder>) -> Result<Self, EngineError> {
        Self::with_encoders(encoder, None)
    }

    /// The same with an encoder for pictures, where there is one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with_encoders(
        encoder: Arc<dyn TextEncoder>,
        pictures: Option<Arc<dyn ImageEncoder>>,
    ) -> Result<Self, EngineError> {
        Self::with_networks(encoder, pictures, None)
    }

    /// The same with a generator of pictures, where there is one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with_networks(
        encoder: Arc<dyn TextEncoder>,
        pictures: Option<Arc<dyn ImageEncoder>>,
        generator: Option<GeneratorNetwork>,
    ) -> Result<Self, EngineError> {
        let spec = EncoderSpec {
            identity: encoder.identity().to_owned(),
            dimensions: encoder.dimensions(),
        };
        let pictures = pictures.map(|encoder| PictureNetwork {
            encoder: EncoderSpec {
                identity: encoder.identity().to_owned(),
                dimensions: encoder.dimensions(),
            },
            chance: encoder.chance(),
            load: Box::new(move || Ok(Arc::clone(&encoder))),
        });
        let load = move || Ok(Arc::clone(&encoder));
        let beside = Beside {
            pictures,
            generator,
        };
        Self::start_with(spec, Box::new(load), beside, Settings::default())
    }

    /// What the text encoder is.
    pub fn encoder(&self) -> &EncoderSpec {
        &self.handle.encoder
    }

    /// What the image encoder is; `None` if the profile has none.
    pub fn image_encoder(&self) -> Option<&EncoderSpec> {
        self.handle.pictures.as_ref()
    }

    /// What the generator of pictures is; `None` if the profile has none.
    pub fn generator(&self) -> Option<&GeneratorSpec> {
        self.handle.generator.as_ref()
    }

    /// What pairs reach by chance, as far as it was measured.
    pub fn chance(&self) -> Chance {
        self.handle.chance
    }

    /// What the engine counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.handle.shared.metrics)
    }

    /// How many requests wait in a lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        self.handle.shared.waiting(lane)
    }

    /// Loads the networks now, in the queue's order, without waiting for it.
    ///
    /// # Errors
    /// [`EngineError::Overloaded`] or [`EngineError::Stopped`].
    pub fn warm(&self) -> Result<(), EngineError> {
        let shared = &self.handle.shared;
        shared.push(Lane::Interactive, Caller::LOCAL, Item::Warm)
    }

    /// Embeds texts: one unit vector each, in the order given. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`EngineError`]: too many wait, the engine stops, or what the encoder reports.
    pub async fn embed_texts(
        &self,
        caller: Caller,
        lane: Lane,
        texts: Vec<String>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        self.embed(caller, lane, texts).await
    }

    /// Embeds pictures: one unit vector each in the space of the texts, in the order given.
    /// Dropping the future cancels it.
    ///
    /// # Errors
    /// As [`Self::embed_texts`]; [`EngineError::NoImageEncoder`] if the profile has none.
    pub async fn embed_pictures(
        &self,
        caller: Caller,
        lane: Lane,
        pictures: Vec<Rgb>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        if self.handle.pictures.is_none() {
            return Err(EngineError::NoImageEncoder);
        }
        self.embed(caller, lane, pictures).await
    }

    async fn embed<K: Kind>(
        &self,
        caller: Caller,
        lane: Lane,
        items: Vec<K>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let request = K::queued(EmbedRequest::new(items, reply));
        self.handle.shared.push(lane, caller, request)?;
        answer.await.unwrap_or(Err(EngineError::Stopped))
    }

    /// Queues work in steps. It stops at its next step when `cancel` is triggered or the ticket
    /// is dropped.
    ///
    /// # Errors
    /// [`EngineError::Overloaded`] or [`EngineError::Stopped`].
    pub fn submit<S: Steps>(
        &self,
        caller: Caller,
        lane: Lane,
        steps: S,
        cancel: CancellationToken,
    ) -> Result<Ticket<S::Output>, EngineError> {
        self.queue(caller, lane, Own(steps), cancel)
    }

    /// Queues a synthetic picture, which is made step by step. It stops at its next step, or in the
    /// middle of decoding, when `cancel` is triggered; at its next step when the ticket is dropped.
    ///
    /// # Errors
    /// [`EngineError::NoGenerator`] if the profile has none, [`EngineError::Overloaded`] or
    /// [`EngineError::Stopped`].
    pub fn generate(
        &self,
        caller: Caller,
        lane: Lane,
        order: Order,
        cancel: CancellationToken,
    ) -> Result<Ticket<Generated>, EngineError> {
        if self.handle.generator.is_none() {
            return Err(EngineError::NoGenerator);
        }
        let generation = Generation::new(order, cancel.clone());
        self.queue(caller, lane, generation, cancel)
    }

    fn queue<S: DeviceSteps>(
        &self,
        caller: Caller,
        lane: Lane,
        steps: S,
        cancel: CancellationToken,
    ) -> Result<Ticket<S::Output>, EngineError> {
        let (entry, ticket) = steps::queued(steps, cancel);
        self.handle.shared.push(lane, caller, Item::Steps(entry))?;
        Ok(ticket)
    }

    /// Ends what waits and refuses what comes; the step at hand is finished.
    pub fn stop(&self) {
        self.handle.shared.close();
    }
}

#[cfg(test)]
mod tests;
