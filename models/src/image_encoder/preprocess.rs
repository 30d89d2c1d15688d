//! From pixels to a network's input. The same steps as `models/training/preprocess.py`, which
//! wrote the golden tensors that hold both together.

use rayon::prelude::*;
use serde::Deserialize;

use super::Rgb;

/// Channels of a picture.
pub(super) const CHANNELS: usize = 3;

/// How a picture is brought to the size of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// A triangle filter: bilinear, widened when shrinking, so that nothing aliases.
    Triangle,
}

/// What is done to a picture before the network sees it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Preprocessing {
    /// Width and height of the input, in pixels. Each side is stretched by its own factor.
    pub size: usize,
    /// The filter.
    pub resize: Resize,
    /// Subtracted from each value of 0 to 255.
    pub mean: f32,
    /// Divides what is left.
    pub scale: f32,
}

/// The pixels of the source that make one of the target, with their shares, which sum to one.
struct Tap {
    first: usize,
    shares: Vec<f32>,
}

/// The shares of a triangle filter along one side. The sums are made in double precision, as
/// numpy makes them.
fn triangle(source: usize, target: usize) -> Vec<Tap> {
    let step = source as f64 / target as f64;
    let reach = step.max(1.0);
    (0..target)
        .map(|place| {
            let centre = (place as f64 + 0.5) * step;
            let share = |pixel: usize| 1.0 - (pixel as f64 + 0.5 - centre).abs() / reach;
            let first = ((centre - reach - 0.5).floor().max(0.0)) as usize;
            let shares: Vec<f64> = (first..source)
                .map(share)
                .skip_while(|share| *share <= 0.0)
                .take_while(|share| *share > 0.0)
                .collect();
            let skipped = (first..source)
                .take_while(|pixel| share(*pixel) <= 0.0)
                .count();
            let sum: f64 = shares.iter().sum();
            Tap {
                first: first + skipped,
                shares: shares.iter().map(|share| (share / sum) as f32).collect(),
            }
        })
        .collect()
}

impl Preprocessing {
    /// Writes the input of one picture: rows, pixels, channels.
    pub(super) fn write(&self, picture: &Rgb, input: &mut [f32]) {
        let row_length = picture.width * CHANNELS;
        let mut shrunk = vec![0.0_f32; self.size * row_length];
        for (tap, row) in triangle(picture.height, self.size)
            .iter()
            .zip(shrunk.chunks_exact_mut(row_length))
        {
            for (offset, share) in tap.shares.iter().enumerate() {
                let from = (tap.first + offset) * row_length;
                let source = &picture.pixels[from..from + row_length];
                for (sum, value) in row.iter_mut().zip(source) {
                    *sum += share * f32::from(*value);
                }
            }
        }
        let columns = triangle(picture.width, self.size);
        for (row, output) in shrunk
            .chunks_exact(row_length)
            .zip(input.chunks_exact_mut(self.size * CHANNELS))
        {
            for (tap, pixel) in columns.iter().zip(output.chunks_exact_mut(CHANNELS)) {
                let mut sums = [0.0_f32; CHANNELS];
                for (offset, share) in tap.shares.iter().enumerate() {
                    let from = (tap.first + offset) * CHANNELS;
                    for (sum, value) in sums.iter_mut().zip(&row[from..from + CHANNELS]) {
                        *sum += share * value;
                    }
                }
                for (value, sum) in pixel.iter_mut().zip(sums) {
                    *value = (sum - self.mean) / self.scale;
                }
            }
        }
    }

    /// The inputs of several pictures: pictures, rows, pixels, channels.
    pub(crate) fn inputs(&self, pictures: &[Rgb]) -> Vec<f32> {
        let length = self.size * self.size * CHANNELS;
        let mut inputs = vec![0.0; pictures.len() * length];
        inputs
            .par_chunks_exact_mut(length)
            .zip(pictures)
            .for_each(|(input, picture)| self.write(picture, input));
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Preprocessing = Preprocessing {
        size: 4,
        resize: Resize::Triangle,
        mean: 0.0,
        scale: 1.0,
    };

    #[test]
    fn an_even_picture_stays_even_at_any_size() {
        for (width, height) in [(1, 1), (2, 9), (4, 4), (317, 5)] {
            let picture = Rgb::new(width, height, vec![200; width * height * 3]).expect("RGB");
            for value in PLAIN.inputs(&[picture]) {
                assert!((value - 200.0).abs() < 1e-3, "{width} x {height}: {value}");
            }
        }
    }

    #[test]
    fn a_picture_of_the_right_size_is_not_changed() {
        let pixels: Vec<u8> = (0..4 * 4 * 3).map(|value| value as u8 * 5).collect();
        let picture = Rgb::new(4, 4, pixels.clone()).expect("RGB");
        let input = PLAIN.inputs(&[picture]);
        for (value, pixel) in input.iter().zip(pixels) {
            assert!((value - f32::from(pixel)).abs() < 1e-4);
        }
    }

    #[test]
    fn pixels_that_are_no_picture_are_refused() {
        assert!(Rgb::new(2, 2, vec![0; 11]).is_err());
        assert!(Rgb::new(0, 0, Vec::new()).is_err());
    }
}
