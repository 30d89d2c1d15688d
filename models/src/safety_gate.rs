//! The safety gate: how much a picture looks like nudity to `open_nsfw` (Yahoo, 2016), a thin
//! ResNet-50 (arXiv:1512.03385) that was trained on pictures of the web. It has not seen medicine: skin
//! and mucosa may look like nudity to it. What follows from its opinion is decided elsewhere.

mod network;
mod onnx;

use std::path::Path;

use serde::Deserialize;

use self::network::{CHANNELS, Network};
use crate::image_encoder::{Preprocessing, Resize, Rgb};
use crate::manifest::{FileSpec, ManifestError};

/// Which file it needs, and where it comes from.
const MANIFEST: &str = include_str!("../manifests/safety-gate.toml");
const FILE: &str = "open-nsfw.onnx";
/// Pictures that run at once.
const BATCH: usize = 8;
/// Side in pixels that a picture is brought to first.
const RESIZED: usize = 256;
/// Side in pixels of its middle, which the network sees.
const SEEN: usize = 224;
/// Subtracted from blue, green and red, in this order.
const MEAN: [f32; CHANNELS] = [104.0, 117.0, 123.0];

/// Why the gate could not be loaded or asked.
#[derive(Debug, thiserror::Error)]
pub enum SafetyGateError {
    /// A file is missing or can't be read.
    #[error("The safety gate's file {file} can't be read: {reason}. Run `mirage models pull`.")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The network in the file is another one.
    #[error("The safety gate's file holds another network than the one expected: {0}.")]
    OtherNetwork(String),
    /// The network refused its input.
    #[error("The safety gate failed: {0}")]
    Network(#[from] candle_core::Error),
}

/// The part of a manifest that lists files.
#[derive(Deserialize)]
struct Files {
    file: Vec<FileSpec>,
}

/// The file that the gate needs, with its source.
///
/// # Errors
/// [`ManifestError`], which a test rules out.
pub fn files() -> Result<Vec<FileSpec>, ManifestError> {
    let files: Files = toml::from_str(MANIFEST)?;
    files.file.iter().try_for_each(FileSpec::check)?;
    Ok(files.file)
}

/// The loaded gate.
pub struct SafetyGate(Network);

impl SafetyGate {
    /// Folder of its file, beside those of the profiles.
    pub const FOLDER: &str = "safety-gate";

    /// Loads the file of a folder that a resolver has verified, on the CPU in F32.
    ///
    /// # Errors
    /// [`SafetyGateError`] names the file that can't be read, or what doesn't fit.
    pub fn load(folder: &Path) -> Result<Self, SafetyGateError> {
        let path = folder.join(FILE);
        let unreadable = |reason: String| SafetyGateError::Unreadable {
            file: path.display().to_string(),
            reason,
        };
        let bytes = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let graph = onnx::read(&bytes).map_err(|damage| unreadable(damage.to_string()))?;
        let network = Network::of(graph);
        network
            .map(Self)
            .map_err(|error| SafetyGateError::OtherNetwork(error.to_string()))
    }

    /// How much each picture looks like nudity, 0 to 1, in the order given. It computes for a tenth
    /// of a second a picture: call it from a thread that may block.
    ///
    /// # Errors
    /// [`SafetyGateError::Network`] when the network refuses.
    pub fn look(&self, pictures: &[Rgb]) -> Result<Vec<f32>, SafetyGateError> {
        let mut shares = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(BATCH) {
            let logits = self.logits(inputs(batch))?;
            // The softmax of two numbers.
            let share = |[safe, not]: [f32; 2]| 1.0 / (1.0 + (safe - not).exp());
            shares.extend(logits.into_iter().map(share));
        }
        Ok(shares)
    }

    /// The network's two numbers for each input (rows, pixels, blue, green and red): for what is
    /// safe and for what isn't.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub fn logits(&self, inputs: Vec<f32>) -> Result<Vec<[f32; 2]>, SafetyGateError> {
        Ok(self.0.forward(inputs, SEEN)?)
    }
}

/// The network's inputs: pictures, rows, pixels, channels.
fn inputs(pictures: &[Rgb]) -> Vec<f32> {
    let scaling = Preprocessing {
        size: RESIZED,
        resize: Resize::Triangle,
        mean: 0.0,
        scale: 1.0,
    };
    let scaled = scaling.inputs(pictures);
    let (edge, row) = ((RESIZED - SEEN) / 2, RESIZED * CHANNELS);
    let mut inputs = Vec::with_capacity(pictures.len() * SEEN * SEEN * CHANNELS);
    for picture in scaled.chunks_exact(RESIZED * row) {
        for row in picture.chunks_exact(row).skip(edge).take(SEEN) {
            for pixel in row.chunks_exact(CHANNELS).skip(edge).take(SEEN) {
                let channels = pixel.iter().rev().zip(MEAN);
                inputs.extend(channels.map(|(value, mean)| value.round_ties_even() - mean));
            }
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_file_comes_from_a_package_registry() {
        let files = files().expect("a manifest");
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, FILE);
    }

    #[test]
    fn inputs_are_the_middle_with_blue_first() {
        let (width, height) = (RESIZED, RESIZED);
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                pixels.extend([x as u8, y as u8, 7]);
            }
        }
        let picture = Rgb::new(width, height, pixels).expect("RGB");
        let inputs = inputs(&[picture.clone(), picture]);
        assert_eq!(inputs.len(), 2 * SEEN * SEEN * CHANNELS);
        assert_eq!(inputs[..3], [7.0 - 104.0, 16.0 - 117.0, 16.0 - 123.0]);
        let last = inputs.len() - 3;
        assert_eq!(inputs[last..], [7.0 - 104.0, 239.0 - 117.0, 239.0 - 123.0]);
    }

    #[test]
    fn a_file_that_is_missing_or_damaged_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let told = || {
            let refused = SafetyGate::load(folder.path()).err();
            refused.expect("it can't be used").to_string()
        };
        assert!(told().contains(FILE), "{}", told());
        std::fs::write(folder.path().join(FILE), b"\x3a\xff\x01no graph").expect("written");
        assert!(told().contains("ends before"), "{}", told());
        std::fs::write(folder.path().join(FILE), b"").expect("written");
        assert!(told().contains("another network"), "{}", told());
    }
}
