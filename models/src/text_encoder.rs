//! Text to embeddings: the trait that the atlas searches with, and where implementations are made.
//! Batching across callers is the engine's task, not this module's.

mod bert;

use std::path::Path;

use crate::joint_encoder::{self, JointError};
use crate::manifest::Manifest;

pub use bert::BertEncoder;

/// Why a text encoder could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the encoder is missing or can't be read.
    #[error("The text encoder's file {file} can't be read: {reason}. Run `mirage models verify`.")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The network refused its weights or its input.
    #[error("The text encoder failed: {0}")]
    Network(#[from] candle_core::Error),
    /// The tokenizer refused its input.
    #[error("The text could not be split into tokens: {0}")]
    Tokenizer(String),
    /// An encoder for texts and pictures can't be used.
    #[error(transparent)]
    Joint(#[from] JointError),
    /// The network is not the one that the manifest describes.
    #[error("The text encoder gives {found} numbers a text in place of {expected}.")]
    Dimensions {
        /// What the weights give.
        found: usize,
        /// What the manifest says.
        expected: usize,
    },
}

/// Turns texts into unit vectors. One call runs one batch on the calling thread and rayon's: call
/// it from a thread that may block.
pub trait TextEncoder: Send + Sync {
    /// Name and version of the weights: what an atlas remembers, since vectors of two encoders
    /// don't compare.
    fn identity(&self) -> &str;

    /// Length of an embedding.
    fn dimensions(&self) -> usize;

    /// One unit vector a text, in the order given. Text beyond the model's limit is cut off; an
    /// empty text is embedded as such.
    ///
    /// # Errors
    /// [`EncoderError`] when the tokenizer or the network refuses.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError>;
}

/// What [`TextEncoder::identity`] of a profile's encoder says, without loading it.
pub fn identity(manifest: &Manifest) -> String {
    let spec = &manifest.text_encoder;
    let weights = format!("{}/model.safetensors", spec.folder);
    let file = manifest.files.iter().find(|file| file.path == weights);
    let hash = file.and_then(|file| file.sha256.get(..8));
    format!("{}@{}", spec.name, hash.unwrap_or("unknown"))
}

/// Loads a profile's text encoder from the folder that holds the profile's files.
///
/// # Errors
/// [`EncoderError`] names the file that can't be read, or what the network refuses.
pub fn load(manifest: &Manifest, folder: &Path) -> Result<Box<dyn TextEncoder>, EncoderError> {
    let spec = &manifest.text_encoder;
    let folder = folder.join(&spec.folder);
    let (identity, maximum) = (identity(manifest), spec.maximum_tokens);
    let encoder: Box<dyn TextEncoder> = match spec.layout {
        Some(layout) => {
            let found = joint_encoder::inspect_as(layout, &folder)?;
            Box::new(found.text_encoder(identity, maximum)?)
        }
        None => Box::new(BertEncoder::load(&folder, identity, maximum)?),
    };
    if encoder.dimensions() == spec.dimensions {
        Ok(encoder)
    } else {
        Err(EncoderError::Dimensions {
            found: encoder.dimensions(),
            expected: spec.dimensions,
        })
    }
}
