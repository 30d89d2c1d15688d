//! Why the engine did not do what was asked.

use std::sync::Arc;

use mirage_models::diffusion::DiffusionError;
use mirage_models::image_encoder::ImageEncoderError;
use mirage_models::text_encoder::EncoderError;

/// Why a request came back without a result; each is one plain sentence.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// More requests wait than the engine keeps.
    #[error("Mirage is overloaded: {waiting} requests wait. Try again in a few seconds.")]
    Overloaded {
        /// How many requests wait.
        waiting: usize,
    },
    /// The engine is shutting down.
    #[error("Mirage is stopping. Try again in a minute.")]
    Stopped,
    /// Whoever asked cancelled it.
    #[error("The work was cancelled.")]
    Cancelled,
    /// The network could not be loaded or refused its input; shared by the requests of a batch.
    #[error(transparent)]
    Encoder(Arc<EncoderError>),
    /// The same for the network of pictures.
    #[error(transparent)]
    ImageEncoder(Arc<ImageEncoderError>),
    /// The profile has no network for pictures.
    #[error(
        "This profile can't search by a picture: it has no image encoder. Search by words, or \
         choose a profile that has one with MIRAGE_PROFILE."
    )]
    NoImageEncoder,
    /// The profile has no generator of pictures.
    #[error(
        "This profile can't make pictures: it has no generator. Choose a profile that has one \
         with MIRAGE_PROFILE."
    )]
    NoGenerator,
    /// The generator could not be loaded, or could not make the picture.
    #[error(transparent)]
    Generator(Arc<DiffusionError>),
    /// There is too little memory for the generator.
    #[error(
        "There is too little memory to make a picture: it takes about {needed} MB, and \
         {available} MB are available. Close other programs, then try again."
    )]
    Memory {
        /// What a picture takes, in megabytes.
        needed: u64,
        /// What there is, in megabytes.
        available: u64,
    },
    /// A fault in the code of a network. The network is loaded anew for the next request.
    #[error("A network failed unexpectedly ({0}).")]
    Panicked(String),
    /// The work itself failed.
    #[error("{0}")]
    Work(String),
    /// The system gave no thread to work on.
    #[error("The engine can't be started: {0}.")]
    Unstarted(String),
}

impl From<ImageEncoderError> for EngineError {
    fn from(error: ImageEncoderError) -> Self {
        Self::ImageEncoder(Arc::new(error))
    }
}

impl From<EncoderError> for EngineError {
    fn from(error: EncoderError) -> Self {
        Self::Encoder(Arc::new(error))
    }
}

impl From<DiffusionError> for EngineError {
    fn from(error: DiffusionError) -> Self {
        match error {
            DiffusionError::Cancelled => Self::Cancelled,
            error => Self::Generator(Arc::new(error)),
        }
    }
}
