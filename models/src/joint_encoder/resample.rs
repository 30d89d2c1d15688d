//! Shrinks and enlarges pictures to the byte as Pillow does up to version 12: encoders were trained
//! on what came out of it. Rows first, then columns, each rounded to bytes. (The project's own
//! encoder rounds nothing and has its own way, `image_encoder::preprocess`.)

use crate::image_encoder::Rgb;

/// Channels of a picture.
pub(super) const CHANNELS: usize = 3;
/// Shares are whole numbers of this many bits behind the point.
const BITS: u32 = 22;

/// What weighs the pixels around a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// A triangle.
    Bilinear,
    /// Keys' cubic with a = -0.5.
    Bicubic,
}

/// One side of a picture: how long it is, how long it becomes, and which part of that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) source: usize,
    pub(super) target: usize,
    /// First pixel of the part.
    pub(super) first: usize,
    /// Pixels of the part.
    pub(super) length: usize,
}

/// The pixels of the source that make one of the target, with their shares.
struct Tap {
    first: usize,
    shares: Vec<i64>,
}

impl Filter {
    /// How far it reaches, in pixels of the target.
    fn reach(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// The weight at a distance.
    fn at(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Self::Bilinear | Self::Bicubic => 0.0,
        }
    }

    /// The shares of the part of a side that is wanted. When shrinking, the filter is widened, so
    /// that nothing aliases.
    fn taps(self, side: Side) -> Vec<Tap> {
        let scale = side.source as f64 / side.target as f64;
        let stretch = scale.max(1.0);
        let reach = self.reach() * stretch;
        let tap = |place: usize| {
            let centre = (place as f64 + 0.5) * scale;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(side.source);
            let weight = |pixel: usize| self.at((pixel as f64 - centre + 0.5) / stretch);
            let weights: Vec<f64> = (first..end).map(weight).collect();
            let sum: f64 = weights.iter().sum();
            let shares = weights.iter().map(|weight| fixed(weight / sum)).collect();
            Tap { first, shares }
        };
        (side.first..side.first + side.length).map(tap).collect()
    }
}

/// A share as a whole number, rounded away from zero at one half.
fn fixed(share: f64) -> i64 {
    (share * f64::from(1_u32 << BITS) + 0.5_f64.copysign(share)) as i64
}

/// A sum of shares of bytes as a byte.
fn byte(sum: i64) -> u8 {
    ((sum + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8
}

/// The wanted part of a resized picture: rows of pixels, three bytes each.
pub(super) fn resample(picture: &Rgb, filter: Filter, across: Side, down: Side) -> Vec<u8> {
    let (columns, rows) = (filter.taps(across), filter.taps(down));
    // Rows that no wanted one is made of aren't touched, however high the picture is.
    let first = rows.iter().map(|tap| tap.first).min().unwrap_or(0);
    let end = rows.iter().map(|tap| tap.first + tap.shares.len()).max();
    let end = end.unwrap_or(first);
    let before = picture.width() * CHANNELS;
    let after = across.length * CHANNELS;
    let mut narrow = vec![0; (end - first) * after];
    let sources = picture.pixels()[first * before..end * before].chunks_exact(before);
    for (source, row) in sources.zip(narrow.chunks_exact_mut(after)) {
        for (tap, pixel) in columns.iter().zip(row.chunks_exact_mut(CHANNELS)) {
            let from = source[tap.first * CHANNELS..].chunks_exact(CHANNELS);
            let mut sums = [0; CHANNELS];
            for (share, pixel) in tap.shares.iter().zip(from) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += share * i64::from(*value);
                }
            }
            for (value, sum) in pixel.iter_mut().zip(sums) {
                *value = byte(sum);
            }
        }
    }
    let mut output = Vec::with_capacity(down.length * after);
    let mut sums = vec![0; after];
    for tap in &rows {
        sums.fill(0);
        let from = narrow[(tap.first - first) * after..].chunks_exact(after);
        for (share, row) in tap.shares.iter().zip(from) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += share * i64::from(*value);
            }
        }
        output.extend(sums.iter().map(|sum| byte(*sum)));
    }
    output
}

impl Side {
    /// The whole of a side.
    pub(super) fn whole(source: usize, target: usize) -> Self {
        Self {
            source,
            target,
            first: 0,
            length: target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const GOLDEN: &str = include_str!("../../golden/tiny/resample.json");
    const SIZES: [(usize, usize); 4] = [(64, 48), (37, 91), (20, 20), (55, 32)];

    /// The picture that `models/golden/tiny_encoders.py` draws.
    fn picture(number: usize) -> Rgb {
        let (width, height) = SIZES[number];
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for c in 0..CHANNELS {
                    let value = x * x * (3 + number) / 7 + y * (5 + 2 * number);
                    pixels.push((value + 40 * c + x * y / (3 + number)) as u8);
                }
            }
        }
        Rgb::new(width, height, pixels).expect("RGB")
    }

    #[test]
    fn bytes_are_those_of_pillow() {
        let golden: Value = serde_json::from_str(GOLDEN).expect("JSON");
        let cases = golden["cases"].as_array().expect("cases");
        assert_eq!(cases.len(), 8);
        for case in cases {
            let number = case["picture"].as_u64().expect("a number") as usize;
            let size: [usize; 2] = serde_json::from_value(case["size"].clone()).expect("a size");
            let filter = match case["filter"].as_str() {
                Some("bilinear") => Filter::Bilinear,
                _ => Filter::Bicubic,
            };
            let expected: Vec<u8> = serde_json::from_value(case["values"].clone()).expect("bytes");
            let picture = picture(number);
            let across = Side::whole(picture.width(), size[0]);
            let down = Side::whole(picture.height(), size[1]);
            let made = resample(&picture, filter, across, down);
            assert_eq!(made, expected, "picture {number}, {filter:?}");
        }
    }

    #[test]
    fn a_part_is_that_of_the_whole() {
        let picture = picture(1);
        let across = Side::whole(picture.width(), 16);
        let down = Side::whole(picture.height(), 40);
        let whole = resample(&picture, Filter::Bicubic, across, down);
        let down = Side {
            first: 12,
            length: 16,
            ..down
        };
        let part = resample(&picture, Filter::Bicubic, across, down);
        let row = 16 * CHANNELS;
        assert_eq!(part, whole[12 * row..28 * row]);
    }

    #[test]
    fn a_picture_of_the_right_size_is_not_changed() {
        let picture = picture(2);
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            let same = resample(&picture, filter, Side::whole(20, 20), Side::whole(20, 20));
            assert_eq!(same, picture.pixels());
        }
    }
}
