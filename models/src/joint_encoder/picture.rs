//! From pixels to the patches that a vision transformer reads: resize, crop, normalise. Each
//! layout says how in its own words; what they come to is here.

use rayon::prelude::*;

use super::resample::{CHANNELS, Filter, Side, resample};
use crate::image_encoder::Rgb;

/// What is done to a picture before the network sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preprocessing {
    /// Width and height of the input, in pixels.
    pub(super) size: usize,
    pub(super) fit: Fit,
    pub(super) filter: Filter,
    /// Multiplies each byte.
    pub(super) scale: f64,
    /// Subtracted after that, for red, green and blue.
    pub(super) mean: [f64; 3],
    /// Divides what is left.
    pub(super) deviation: [f64; 3],
}

/// How a picture of another shape is made square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Each side is stretched by its own factor.
    Squash,
    /// The shorter side is brought to this length and the middle is cut out.
    Crop {
        shorter: usize,
        /// Where an odd margin is cut.
        half: Half,
    },
}

/// Where the cut goes when it falls between two pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Before, as in transformers.
    Down,
    /// To the even one, as in torchvision.
    Even,
}

impl Preprocessing {
    /// Patches along one side. What doesn't fill a patch at the end isn't seen.
    pub(super) fn grid(&self, patch: usize) -> usize {
        self.size / patch
    }

    /// The patches of several pictures: pictures, patches, then the channels, rows and columns of
    /// each.
    pub(super) fn patches(&self, pictures: &[Rgb], patch: usize) -> Vec<f32> {
        let length = (self.grid(patch) * patch).pow(2) * CHANNELS;
        let mut inputs = vec![0.0; pictures.len() * length];
        inputs
            .par_chunks_exact_mut(length)
            .zip(pictures)
            .for_each(|(input, picture)| self.write(picture, patch, input));
        inputs
    }

    fn write(&self, picture: &Rgb, patch: usize, input: &mut [f32]) {
        let (across, down) = self.sides(picture.width(), picture.height());
        let pixels = resample(picture, self.filter, across, down);
        let levels = self.levels();
        let grid = self.grid(patch);
        for (number, output) in input.chunks_exact_mut(patch * patch * CHANNELS).enumerate() {
            let (top, left) = (number / grid * patch, number % grid * patch);
            for (channel, output) in output.chunks_exact_mut(patch * patch).enumerate() {
                for (row, output) in output.chunks_exact_mut(patch).enumerate() {
                    let from = ((top + row) * self.size + left) * CHANNELS + channel;
                    let values = pixels[from..].iter().step_by(CHANNELS);
                    for (output, value) in output.iter_mut().zip(values) {
                        *output = levels[channel][usize::from(*value)];
                    }
                }
            }
        }
    }

    /// What each byte becomes, for each channel.
    fn levels(&self) -> [[f32; 256]; CHANNELS] {
        std::array::from_fn(|channel| {
            std::array::from_fn(|value| {
                let value = (value as f64 * self.scale) as f32;
                (value - self.mean[channel] as f32) / self.deviation[channel] as f32
            })
        })
    }

    /// Both sides of a picture: how long they become, and which part of that is wanted.
    fn sides(&self, width: usize, height: usize) -> (Side, Side) {
        let Fit::Crop { shorter, half } = self.fit else {
            return (
                Side::whole(width, self.size),
                Side::whole(height, self.size),
            );
        };
        let least = width.min(height);
        let side = |source: usize| {
            let target = shorter * source / least;
            Side {
                source,
                target,
                first: half.of(target - self.size),
                length: self.size,
            }
        };
        (side(width), side(height))
    }
}

impl Half {
    fn of(self, margins: usize) -> usize {
        let half = margins / 2;
        match self {
            Self::Even if margins % 2 == 1 => half + half % 2,
            Self::Even | Self::Down => half,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(size: usize, fit: Fit) -> Preprocessing {
        Preprocessing {
            size,
            fit,
            filter: Filter::Bicubic,
            scale: 1.0 / 255.0,
            mean: [0.0, 0.5, 0.5],
            deviation: [1.0, 0.5, 0.25],
        }
    }

    #[test]
    fn the_middle_is_cut_as_each_library_cuts_it() {
        let margins = [0, 1, 2, 3, 4, 5, 7];
        assert_eq!(
            margins.map(|margin| Half::Down.of(margin)),
            [0, 0, 1, 1, 2, 2, 3]
        );
        assert_eq!(
            margins.map(|margin| Half::Even.of(margin)),
            [0, 0, 1, 2, 2, 2, 4]
        );
        let crop = Fit::Crop {
            shorter: 10,
            half: Half::Down,
        };
        let (across, down) = plain(8, crop).sides(20, 33);
        assert_eq!((across.target, across.first, across.length), (10, 1, 8));
        assert_eq!((down.target, down.first, down.length), (16, 4, 8));
    }

    #[test]
    fn patches_lie_channel_by_channel() {
        // Red counts the pixels, green and blue stay.
        let pixels = (0..16).flat_map(|value| [value * 10, 255, 0]).collect();
        let picture = Rgb::new(4, 4, pixels).expect("RGB");
        let patches = plain(4, Fit::Squash).patches(&[picture], 2);
        assert_eq!(patches.len(), 48);
        let red: Vec<u32> = patches[12..16]
            .iter()
            .map(|value| (value * 25.5).round() as u32)
            .collect();
        assert_eq!(red, [2, 3, 6, 7], "the second patch");
        assert!(
            patches[16..20]
                .iter()
                .all(|value| (value - 1.0).abs() < 1e-6)
        );
        assert!(
            patches[20..24]
                .iter()
                .all(|value| (value + 2.0).abs() < 1e-6)
        );
    }

    #[test]
    fn a_line_of_a_picture_takes_no_more_than_it_must() {
        let crop = Fit::Crop {
            shorter: 8,
            half: Half::Even,
        };
        for (width, height) in [(1, 1), (1, 4000), (4000, 1)] {
            let picture = Rgb::new(width, height, vec![51; width * height * 3]).expect("RGB");
            let patches = plain(8, crop).patches(&[picture], 3);
            assert_eq!(patches.len(), 6 * 6 * 3);
            assert!((patches[0] - 0.2).abs() < 1e-6);
        }
    }
}
