//! Pictures to embeddings in the space of the text encoder: the trait, and where implementations
//! are made. Decoding files is not done here; batching across callers is the engine's task.

mod depthwise;
mod efficientnet_lite;
mod preprocess;

use std::path::Path;

pub use efficientnet_lite::EfficientNetLite;
pub use preprocess::{Preprocessing, Resize};

/// Why an image encoder could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ImageEncoderError {
    /// A file of the encoder is missing or can't be read.
    #[error("The image encoder's file {file} can't be read: {reason}. Run `mirage models verify`.")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// A tensor is missing or has another shape than the configuration says.
    #[error("The image encoder's weights don't fit its configuration: {0}.")]
    Weights(String),
    /// The network refused its input.
    #[error("The image encoder failed: {0}")]
    Network(#[from] candle_core::Error),
    /// The pixels are not what their size says.
    #[error("A picture of {width} x {height} pixels has {bytes} bytes, which is not RGB.")]
    Pixels {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes that came.
        bytes: usize,
    },
}

/// A decoded picture: rows from the top, each pixel red, green, blue, 8 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Rgb {
    /// Takes pixels.
    ///
    /// # Errors
    /// [`ImageEncoderError::Pixels`] if there are not three bytes for each, or none at all.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, ImageEncoderError> {
        let fits = width > 0 && height > 0 && pixels.len() == width * height * 3;
        if fits {
            return Ok(Self {
                width,
                height,
                pixels,
            });
        }
        Err(ImageEncoderError::Pixels {
            width,
            height,
            bytes: pixels.len(),
        })
    }
}

/// Turns pictures into unit vectors. One call runs one batch on the calling thread and rayon's:
/// call it from a thread that may block.
pub trait ImageEncoder: Send + Sync {
    /// Name and version of the weights: what an atlas remembers, since vectors of two encoders
    /// don't compare.
    fn identity(&self) -> &str;

    /// Length of an embedding.
    fn dimensions(&self) -> usize;

    /// One unit vector a picture, in the order given.
    ///
    /// # Errors
    /// [`ImageEncoderError`] when the network refuses.
    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError>;
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> ImageEncoderError {
    ImageEncoderError::Unreadable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}
