//! Where one picture lies on another: the shift and the scale at which they agree best. Large
//! structures are matched first, then finer ones; pictures that never agree are refused.
//!
//! Agreement is the normalised cross-correlation (Lewis, Vision Interface 1995) of both pictures
//! without their broad shades, so that another exposure changes nothing. Turned pictures are not
//! turned back.

use image::GrayImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

/// Heights in pixels of the levels, coarse to fine.
const LEVELS: [u32; 5] = [32, 64, 128, 256, 512];
/// The level at which agreement is judged: below it is noise, above it nothing can be told.
const JUDGED: u32 = 128;
/// Two pictures of one region and direction reach this at [`JUDGED`]. Of 100 drawn pairs of ROCO, each
/// of one modality and of two articles, three did, all of them X-rays.
const LEAST: f32 = 0.6;
/// Scales that are tried: this to the power of -5 to 5, so 0.75 to 1.34.
const SCALE: f32 = 1.06;
const SCALES: i32 = 5;
/// Largest shift, as a share of the first picture's sides.
const SHIFT: f32 = 0.25;
/// Share of the smaller picture that must lie on the other.
const OVERLAP: f32 = 0.7;
/// Narrowest picture at any level.
const NARROWEST: u32 = 8;
/// Pixels to each side that a finer level looks at.
const REFINED: i64 = 3;

/// How the second picture was moved onto the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// By what it was scaled, after both were brought to one height.
    pub scale: f32,
    /// How far it was moved to the right and down, in pixels of the first picture.
    pub shift: (f32, f32),
    /// How well they agree, up to 1. It orders fits and is no probability.
    pub correlation: f32,
    /// Where a place of the first picture lies on the second, both as shares of width and height:
    /// factor and offset, across and down.
    pub(super) across: (f32, f32),
    pub(super) down: (f32, f32),
}

/// One placement of the second picture at a level.
#[derive(Debug, Clone, Copy)]
struct Placement {
    correlation: f32,
    scale: f32,
    /// Left top corner of the second picture on the first, in pixels of the level.
    corner: (i64, i64),
}

const NOWHERE: Placement = Placement {
    correlation: -1.0,
    scale: 1.0,
    corner: (0, 0),
};

/// The best fit, or `None` if the pictures have too little in common.
pub(super) fn register(before: &GrayImage, after: &GrayImage) -> Option<Fit> {
    let mut first = Plane::of(before, LEVELS[0], 1.0);
    let mut best = coarse(&first, after);
    let mut correlation = best.correlation;
    let mut step = SCALE - 1.0;
    let mut level = LEVELS[0];
    for next in LEVELS.into_iter().skip(1) {
        // Beyond the picture's own pixels there is nothing new.
        if level >= JUDGED && level >= before.height() {
            break;
        }
        step /= 2.0;
        let finer = Plane::of(before, next, 1.0);
        best = refined((&first, level), (&finer, next), after, best, step);
        (first, level) = (finer, next);
        if level == JUDGED {
            correlation = best.correlation;
            if correlation < LEAST {
                return None;
            }
        }
    }
    let second = Plane::of(after, level, best.scale);
    Some(fit(before, &first, &second, best, correlation))
}

/// Every shift and scale at the coarsest level.
fn coarse(first: &Plane, after: &GrayImage) -> Placement {
    let tried: Vec<Placement> = (-SCALES..=SCALES)
        .into_par_iter()
        .map(|power| {
            let scale = SCALE.powi(power);
            let second = Plane::of(after, LEVELS[0], scale);
            let reach = |side: usize| (side as f32 * SHIFT).ceil() as i64;
            let middle = centred(first, &second);
            let reach = (reach(first.width), reach(first.height));
            best_around(first, &second, scale, middle, reach)
        })
        .collect();
    best_of(tried)
}

/// The placement at a finer level, near to where the coarser one left it.
fn refined(
    (coarser, coarse_level): (&Plane, u32),
    (finer, level): (&Plane, u32),
    after: &GrayImage,
    found: Placement,
    step: f32,
) -> Placement {
    let old = Plane::size(after, coarse_level, found.scale);
    let grown = (
        finer.width as f32 / coarser.width as f32,
        finer.height as f32 / coarser.height as f32,
    );
    // The middle of the second picture stays where it is, whatever its scale.
    let middle = (
        (found.corner.0 as f32 + old.0 as f32 / 2.0) * grown.0,
        (found.corner.1 as f32 + old.1 as f32 / 2.0) * grown.1,
    );
    let tried: Vec<Placement> = [1.0 - step, 1.0, 1.0 + step]
        .into_par_iter()
        .map(|factor| {
            let scale = found.scale * factor;
            let second = Plane::of(after, level, scale);
            let corner = (
                (middle.0 - second.width as f32 / 2.0).round() as i64,
                (middle.1 - second.height as f32 / 2.0).round() as i64,
            );
            best_around(finer, &second, scale, corner, (REFINED, REFINED))
        })
        .collect();
    best_of(tried)
}

fn centred(first: &Plane, second: &Plane) -> (i64, i64) {
    let half = |one: usize, other: usize| (one as i64 - other as i64) / 2;
    (
        half(first.width, second.width),
        half(first.height, second.height),
    )
}

/// The best of all shifts around a place.
fn best_around(
    first: &Plane,
    second: &Plane,
    scale: f32,
    (across, down): (i64, i64),
    (wide, high): (i64, i64),
) -> Placement {
    let mut best = NOWHERE;
    for y in down - high..=down + high {
        for x in across - wide..=across + wide {
            let correlation = first.correlation(second, (x, y)).unwrap_or(-1.0);
            if correlation > best.correlation {
                best = Placement {
                    correlation,
                    scale,
                    corner: (x, y),
                };
            }
        }
    }
    best
}

/// The best; of equal ones the first.
fn best_of(tried: Vec<Placement>) -> Placement {
    let better = |best: Placement, next: Placement| {
        if next.correlation > best.correlation {
            next
        } else {
            best
        }
    };
    tried.into_iter().fold(NOWHERE, better)
}

fn fit(
    before: &GrayImage,
    first: &Plane,
    second: &Plane,
    best: Placement,
    correlation: f32,
) -> Fit {
    let line = |first: usize, second: usize, corner: i64| {
        let second = second as f32;
        (first as f32 / second, -(corner as f32) / second)
    };
    let across = line(first.width, second.width, best.corner.0);
    let down = line(first.height, second.height, best.corner.1);
    // Where the middle of the second picture comes to lie, from the middle of the first.
    let moved =
        |(factor, offset): (f32, f32), side: u32| ((0.5 - offset) / factor - 0.5) * side as f32;
    Fit {
        scale: best.scale,
        shift: (moved(across, before.width()), moved(down, before.height())),
        correlation,
        across,
        down,
    }
}

/// A picture at a level, without its broad shades.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Plane {
    /// Width and height of a picture at a level.
    fn size(picture: &GrayImage, level: u32, scale: f32) -> (u32, u32) {
        let height = level as f32 * scale;
        let width = height * picture.width() as f32 / picture.height().max(1) as f32;
        let side = |length: f32| (length.round() as u32).max(NARROWEST);
        (side(width), side(height))
    }

    fn of(picture: &GrayImage, level: u32, scale: f32) -> Self {
        let (width, height) = Self::size(picture, level, scale);
        let resized = imageops::resize(picture, width, height, FilterType::Triangle);
        let values = resized.as_raw().iter().map(|value| f32::from(*value));
        let plane = Self {
            width: width as usize,
            height: height as usize,
            values: values.collect(),
        };
        plane.without_shades(level as usize / 8)
    }

    /// How wide the border is where a mean lacks a part of its square. It is left out when two
    /// planes are compared: it would pull them towards lying edge on edge.
    fn border(&self) -> usize {
        (self.height / 8).min(self.width.min(self.height) / 4)
    }

    /// Each value without the mean of the square around it.
    fn without_shades(mut self, reach: usize) -> Self {
        let sums = self.sums();
        let stride = self.width + 1;
        for y in 0..self.height {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(self.height));
            for x in 0..self.width {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(self.width));
                let sum = sums[bottom * stride + right] + sums[top * stride + left]
                    - sums[top * stride + right]
                    - sums[bottom * stride + left];
                let count = (bottom - top) * (right - left);
                self.values[y * self.width + x] -= (sum / count as f64) as f32;
            }
        }
        self
    }

    /// Sums of all values above and to the left, with a row and a column of zeros before them.
    fn sums(&self) -> Vec<f64> {
        let stride = self.width + 1;
        let mut sums = vec![0.0; stride * (self.height + 1)];
        for y in 0..self.height {
            let mut row = 0.0;
            for x in 0..self.width {
                row += f64::from(self.values[y * self.width + x]);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        sums
    }

    /// Pixels within a border.
    fn inner(&self, border: usize) -> usize {
        let within = |side: usize| side.saturating_sub(2 * border);
        within(self.width) * within(self.height)
    }

    /// The correlation with another whose corner lies at a place of this one; `None` where too
    /// little of them overlaps, or one of them is flat there.
    fn correlation(&self, other: &Self, (x, y): (i64, i64)) -> Option<f32> {
        let border = self.border();
        let (left, right) = common(self.width, other.width, x, border)?;
        let (top, bottom) = common(self.height, other.height, y, border)?;
        let count = (right - left) * (bottom - top);
        let smaller = self.inner(border).min(other.inner(border));
        if (count as f32) < OVERLAP * smaller as f32 {
            return None;
        }
        let mut sums = [0.0_f64; 5];
        for row in top..bottom {
            let start = row * self.width;
            let one = &self.values[start + left..start + right];
            // `common` keeps both within the other picture.
            let start = (row as i64 - y) as usize * other.width;
            let (from, to) = ((left as i64 - x) as usize, (right as i64 - x) as usize);
            let other = &other.values[start + from..start + to];
            for (total, part) in sums.iter_mut().zip(products(one, other)) {
                *total += f64::from(part);
            }
        }
        let count = count as f64;
        let [one, other, ones, others, both] = sums;
        let spread = (ones - one * one / count) * (others - other * other / count);
        let correlation = (both - one * other / count) / spread.sqrt();
        (spread > 1.0 && correlation.is_finite()).then_some(correlation as f32)
    }
}

/// The stretch of one side that another, shifted by so much, covers, borders left out.
fn common(one: usize, other: usize, shift: i64, border: usize) -> Option<(usize, usize)> {
    let start = shift.max(0) + border as i64;
    let end = (one as i64).min(other as i64 + shift) - border as i64;
    let stretch = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    (start < end).then_some(stretch)
}

/// Sums of both rows, of their squares, and of their products.
fn products(one: &[f32], other: &[f32]) -> [f32; 5] {
    let mut sums = [0.0; 5];
    for (one, other) in one.iter().zip(other) {
        sums[0] += one;
        sums[1] += other;
        sums[2] += one * one;
        sums[3] += other * other;
        sums[4] += one * other;
    }
    sums
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Numbers by chance: xorshift (Marsaglia, 2003).
    struct Chance(u32);

    impl Chance {
        fn below(&mut self, range: u32) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            (self.0 >> 8) % range
        }
    }

    /// Blobs of different sizes at places by chance: something to hold on to.
    fn textured(width: u32, height: u32, seed: u32) -> GrayImage {
        let mut chance = Chance(seed);
        let blobs: Vec<[f32; 4]> = (0..60)
            .map(|_| {
                let (x, y) = (chance.below(width), chance.below(height));
                [x, y, 6 + chance.below(17), 40 + chance.below(90)].map(|value| value as f32)
            })
            .collect();
        GrayImage::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let light = blobs.iter().map(|[left, top, size, light]| {
                let distance = (x - left).powi(2) + (y - top).powi(2);
                light * (-distance / (2.0 * size * size)).exp()
            });
            Luma([light.sum::<f32>().min(255.0) as u8])
        })
    }

    fn part(whole: &GrayImage, left: u32, top: u32, side: u32) -> GrayImage {
        imageops::crop_imm(whole, left, top, side, side).to_image()
    }

    fn noise(seed: u32) -> GrayImage {
        let mut chance = Chance(seed);
        GrayImage::from_fn(200, 200, |_, _| Luma([chance.below(256) as u8]))
    }

    #[test]
    fn a_known_shift_is_found_within_a_pixel() {
        let whole = textured(400, 400, 1);
        let before = part(&whole, 60, 60, 256);
        for (across, down) in [(0, 0), (12, -7), (-31, 20)] {
            let at = |shift: i32| u32::try_from(60 + shift).expect("within the whole");
            let after = part(&whole, at(across), at(down), 256);
            let fit = register(&before, &after).expect("the same structures");
            assert!(
                (fit.shift.0 - across as f32).abs() <= 1.0,
                "{across}: {fit:?}"
            );
            assert!((fit.shift.1 - down as f32).abs() <= 1.0, "{down}: {fit:?}");
            assert!((fit.scale - 1.0).abs() < 0.01, "{fit:?}");
        }
    }

    #[test]
    fn another_size_and_exposure_change_nothing() {
        let before = part(&textured(300, 300, 1), 20, 20, 256);
        let mut after = imageops::resize(&before, 180, 180, FilterType::Triangle);
        for pixel in after.pixels_mut() {
            pixel.0[0] = pixel.0[0] / 2 + 60;
        }
        let fit = register(&before, &after).expect("the same picture");
        assert!(
            fit.shift.0.abs() <= 1.5 && fit.shift.1.abs() <= 1.5,
            "{fit:?}"
        );
        assert!(
            (fit.scale - 1.0).abs() < 0.02 && fit.correlation > 0.9,
            "{fit:?}"
        );
    }

    #[test]
    fn a_picture_that_was_taken_from_nearer_is_scaled_back() {
        let whole = textured(300, 300, 1);
        let before = part(&whole, 22, 22, 256);
        let nearer = imageops::resize(&part(&whole, 36, 36, 228), 256, 256, FilterType::Triangle);
        let fit = register(&before, &nearer).expect("the same structures");
        assert!((fit.scale - 228.0 / 256.0).abs() < 0.02, "{fit:?}");
    }

    #[test]
    fn noise_flat_pictures_and_strangers_are_refused() {
        assert_eq!(register(&noise(1), &noise(2)), None);
        let flat = GrayImage::from_pixel(200, 200, Luma([90]));
        assert_eq!(register(&flat, &flat), None);
        assert_eq!(register(&noise(3), &flat), None);
        let stranger = textured(256, 256, 2);
        assert_eq!(register(&textured(256, 256, 1), &stranger), None);
    }

    #[test]
    fn any_shape_is_taken() {
        let strip = imageops::resize(&textured(256, 256, 1), 320, 16, FilterType::Triangle);
        let _ = register(&strip, &textured(64, 64, 2));
        let tall = imageops::resize(&textured(256, 256, 1), 16, 320, FilterType::Triangle);
        assert!(register(&tall, &tall).is_some());
    }
}
