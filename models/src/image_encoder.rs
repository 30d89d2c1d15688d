//! Pictures to embeddings in the space of the text encoder: the trait, and where implementations
//! are made. Decoding files is not done here; batching across callers is the engine's task.

mod calibration;
mod efficientnet_lite;
mod preprocess;

use std::path::Path;

use crate::joint_encoder::{self, JointError};
use crate::manifest::Manifest;

pub use calibration::{Chance, chance};
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
    /// An encoder for texts and pictures can't be used.
    #[error(transparent)]
    Joint(#[from] JointError),
    /// The profile has none.
    #[error(
        "The profile {0} has no image encoder. Search by words, or choose a profile that has one \
         with MIRAGE_PROFILE."
    )]
    Absent(String),
    /// The network is not the one that the manifest describes.
    #[error("The image encoder gives {found} numbers a picture in place of {expected}.")]
    Dimensions {
        /// What the weights give.
        found: usize,
        /// What the manifest says.
        expected: usize,
    },
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
    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels: rows from the top, three bytes each.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

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

    /// What pairs reach by chance ([`chance`]).
    fn chance(&self) -> Chance {
        Chance::default()
    }

    /// One unit vector a picture, in the order given.
    ///
    /// # Errors
    /// [`ImageEncoderError`] when the network refuses.
    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError>;
}

/// What [`ImageEncoder::identity`] of a profile's encoder says, without loading it; `None` if the
/// profile has none.
pub fn identity(manifest: &Manifest) -> Option<String> {
    let spec = manifest.image_encoder.as_ref()?;
    let weights = format!("{}/model.safetensors", spec.folder);
    let file = manifest.files.iter().find(|file| file.path == weights);
    let hash = file.and_then(|file| file.sha256.get(..8));
    Some(format!("{}@{}", spec.name, hash.unwrap_or("unknown")))
}

/// Loads a profile's image encoder from the folder that holds the profile's files.
///
/// # Errors
/// [`ImageEncoderError::Absent`] if the profile has none; otherwise the file that can't be read or
/// what doesn't fit.
pub fn load(
    manifest: &Manifest,
    folder: &Path,
) -> Result<Box<dyn ImageEncoder>, ImageEncoderError> {
    let (Some(spec), Some(identity)) = (&manifest.image_encoder, identity(manifest)) else {
        return Err(ImageEncoderError::Absent(manifest.profile.clone()));
    };
    let folder = folder.join(&spec.folder);
    let encoder: Box<dyn ImageEncoder> = match spec.layout {
        Some(layout) => {
            let found = joint_encoder::inspect_as(layout, &folder)?;
            Box::new(found.image_encoder(identity)?)
        }
        None => Box::new(EfficientNetLite::load(&folder)?.named(identity)),
    };
    if encoder.dimensions() == spec.dimensions {
        Ok(encoder)
    } else {
        Err(ImageEncoderError::Dimensions {
            found: encoder.dimensions(),
            expected: spec.dimensions,
        })
    }
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> ImageEncoderError {
    ImageEncoderError::Unreadable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_names_the_weights() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        let spec = manifest.image_encoder.clone().expect("it has one");
        let named = identity(&manifest).expect("it has one");
        let (name, hash) = named.split_once('@').expect("a version");
        assert_eq!(name, spec.name);
        assert!(
            manifest
                .files
                .iter()
                .any(|file| file.sha256.starts_with(hash))
        );
        manifest.image_encoder = None;
        assert_eq!(identity(&manifest), None);
        let error = load(&manifest, Path::new("/nonexistent"));
        let error = error.err().expect("there is none").to_string();
        assert!(error.contains("starter has no image encoder"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        let error = load(&manifest, Path::new("/nonexistent"));
        let error = error.err().expect("no such folder").to_string();
        assert!(error.contains("config.json"), "{error}");
    }
}
