//! A quick look at latents: one sum of channels for each colour, without the autoencoder. Factors
//! that were fitted to a model lie in its folder; without them all is gray.

use std::path::Path;

use image::RgbImage;
use image::imageops::{FilterType, resize};
use serde::Deserialize;

use crate::joint_encoder::JointError;

const FILE: &str = "preview.json";

/// What each channel of a latent gives to red, green and blue, which run from -1 to 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Preview {
    /// Three numbers a channel.
    factors: Vec<[f32; 3]>,
    /// What is added to each colour.
    offset: [f32; 3],
}

impl Preview {
    /// Reads the factors for latents of so many channels, or makes gray ones.
    ///
    /// # Errors
    /// [`JointError::Unreadable`] if the file is there but doesn't fit.
    pub(super) fn load(folder: &Path, channels: usize) -> Result<Self, JointError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            let factor = 1.0 / channels.max(1) as f32;
            return Ok(Self {
                factors: vec![[factor; 3]; channels],
                offset: [0.0; 3],
            });
        }
        let refuse = |reason: &dyn std::fmt::Display| JointError::unreadable(&path, reason);
        let text = std::fs::read_to_string(&path).map_err(|error| refuse(&error))?;
        let read: Self = serde_json::from_str(&text).map_err(|error| refuse(&error))?;
        if read.factors.len() == channels {
            return Ok(read);
        }
        let found = read.factors.len();
        Err(refuse(&format!(
            "it has factors for {found} channels, not {channels}"
        )))
    }

    /// A picture of `[width, height]` pixels from latents (rows, columns, channels).
    pub(super) fn draw(
        &self,
        latents: &[f32],
        [rows, columns]: [usize; 2],
        [width, height]: [u32; 2],
    ) -> RgbImage {
        let places = latents.chunks_exact(self.factors.len().max(1));
        let pixels = places.flat_map(|place| {
            let mut colours = self.offset;
            for (value, factors) in place.iter().zip(&self.factors) {
                for (colour, factor) in colours.iter_mut().zip(factors) {
                    *colour += value * factor;
                }
            }
            colours.map(byte)
        });
        let small = RgbImage::from_raw(columns as u32, rows as u32, pixels.collect());
        let small = small.unwrap_or_else(|| RgbImage::new(columns as u32, rows as u32));
        resize(&small, width, height, FilterType::Triangle)
    }
}

/// A colour in -1..1 as a byte; what lies outside is cut off.
pub(super) fn byte(colour: f32) -> u8 {
    ((colour / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_sums_of_channels() {
        let folder = tempfile::tempdir().expect("a folder");
        let gray = Preview::load(folder.path(), 2).expect("without a file");
        let drawn = gray.draw(&[1.0, 1.0, -1.0, 0.0], [1, 2], [2, 1]);
        assert_eq!(drawn.into_raw(), [255, 255, 255, 64, 64, 64]);
        let factors = r#"{"factors": [[1, 0, 0], [0, -1, 0]], "offset": [0, 0, -1]}"#;
        std::fs::write(folder.path().join(FILE), factors).expect("written");
        let fitted = Preview::load(folder.path(), 2).expect("a file");
        let drawn = fitted.draw(&[1.0, 1.0], [1, 1], [4, 2]);
        assert_eq!(drawn.dimensions(), (4, 2));
        assert_eq!(drawn.get_pixel(3, 1).0, [255, 0, 0]);
        let error = Preview::load(folder.path(), 4).expect_err("another model's");
        assert!(error.to_string().contains("2 channels, not 4"), "{error}");
    }

    #[test]
    fn bytes_are_rounded_and_cut_off() {
        let bytes = [-9.0, -1.0, 0.0, 1.0, 9.0, f32::NAN].map(byte);
        assert_eq!(bytes, [0, 0, 128, 255, 255, 0]);
    }
}
