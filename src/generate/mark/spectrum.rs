//! The spectrum of a picture in which the invisible mark is written and looked for. Every picture is
//! brought to one size first, so that a mark keeps its frequency however large the picture is shown.
//!
//! Before the transform each value is compared with its surroundings and limited. Edges and texture,
//! hundreds of times stronger than the mark, then count little more than plain ground does.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use image::GrayImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

/// Rows and columns that a picture is brought to.
const SIDE: usize = 256;
/// Length of the transform: with zeros after the picture, frequencies lie twice as dense.
const LENGTH: usize = 512;
/// Bins a cycle of the picture.
pub(super) const FINE: i32 = (LENGTH / SIDE) as i32;
/// Highest bin in either direction that is kept.
pub(super) const HIGHEST: i32 = 104;
const KEPT: usize = 2 * HIGHEST as usize + 1;
/// Pixels to each side that a value's surroundings reach.
const REACH: usize = 4;
/// A value that differs from its surroundings by this many gray levels counts seven tenths of the
/// most that any can count.
const LIMIT: f32 = 1.5;

/// A complex number.
type Complex = (f32, f32);

/// The transform's low frequencies, a bin for each, in cycles times [`FINE`].
pub(super) struct Spectrum(Vec<Complex>);

impl Spectrum {
    /// Transforms a picture of any size.
    pub(super) fn of(picture: &GrayImage) -> Self {
        let side = SIDE as u32;
        let small = imageops::resize(picture, side, side, FilterType::Triangle);
        let values: Vec<f32> = small
            .as_raw()
            .iter()
            .map(|value| f32::from(*value))
            .collect();
        let mut rows: Vec<Complex> = vec![(0.0, 0.0); SIDE * LENGTH];
        rows.par_chunks_exact_mut(LENGTH)
            .zip(limited(&values).par_chunks_exact(SIDE))
            .enumerate()
            .for_each(|(number, (row, values))| {
                for (column, (bin, value)) in row.iter_mut().zip(values).enumerate() {
                    bin.0 = value * window(number) * window(column);
                }
                transform(row);
            });
        let columns = (-HIGHEST..=HIGHEST).into_par_iter().flat_map_iter(|x| {
            let mut column = vec![(0.0, 0.0); LENGTH];
            for (value, row) in column.iter_mut().zip(rows.chunks_exact(LENGTH)) {
                *value = row[wrapped(x)];
            }
            transform(&mut column);
            (-HIGHEST..=HIGHEST).map(move |y| column[wrapped(y)])
        });
        Self(columns.collect())
    }

    /// Strength of a frequency.
    pub(super) fn power(&self, x: i32, y: i32) -> f32 {
        let (real, imaginary) = self.at(x, y);
        real * real + imaginary * imaginary
    }

    /// Where a wave of so many cycles across and down begins on the picture, as an angle; `None` if
    /// the picture has nothing of it.
    pub(super) fn phase(&self, (x, y): (i32, i32)) -> Option<f32> {
        let (real, imaginary) = self.at(x * FINE, y * FINE);
        // The first pixel's middle lies half a pixel from the edge that waves are counted from.
        let half = TAU / 2.0 * (x + y) as f32 / SIDE as f32;
        (real != 0.0 || imaginary != 0.0).then(|| imaginary.atan2(real) - half)
    }

    fn at(&self, x: i32, y: i32) -> Complex {
        let place = |bin: i32| (bin + HIGHEST) as usize;
        self.0[place(x) * KEPT + place(y)]
    }
}

/// The place of a frequency in a transform, where the negative ones come last.
fn wrapped(bin: i32) -> usize {
    bin.rem_euclid(LENGTH as i32) as usize
}

/// Half a wave over the picture, so that its edges make no frequencies of their own.
fn window(place: usize) -> f32 {
    (TAU / 2.0 * (place as f32 + 0.5) / SIDE as f32).sin()
}

/// How each value differs from the mean of its surroundings, limited to -1 and 1.
fn limited(values: &[f32]) -> Vec<f32> {
    let means = transposed(&means(&transposed(&means(values))));
    let pairs = values.iter().zip(means);
    pairs
        .map(|(value, mean)| {
            let difference = value - mean;
            difference / (difference * difference + LIMIT * LIMIT).sqrt()
        })
        .collect()
}

/// Means along each row; beyond an edge its own value goes on.
fn means(values: &[f32]) -> Vec<f32> {
    let mut means = Vec::with_capacity(values.len());
    for row in values.chunks_exact(SIDE) {
        means.extend((0..SIDE).map(|place| {
            let around = place..=place + 2 * REACH;
            let around = around.map(|place| row[place.saturating_sub(REACH).min(SIDE - 1)]);
            around.sum::<f32>() / (2 * REACH + 1) as f32
        }));
    }
    means
}

fn transposed(values: &[f32]) -> Vec<f32> {
    let places = (0..SIDE * SIDE).map(|place| place % SIDE * SIDE + place / SIDE);
    places.map(|place| values[place]).collect()
}

/// The discrete Fourier transform of [`LENGTH`] values in place, by halves (Cooley and Tukey,
/// Math. Comp. 1965).
fn transform(values: &mut [Complex]) {
    static WAVE: LazyLock<Vec<Complex>> = LazyLock::new(|| {
        let angle = |place: usize| -TAU * place as f32 / LENGTH as f32;
        let wave = (0..LENGTH / 2).map(|place| (angle(place).cos(), angle(place).sin()));
        wave.collect()
    });
    let bits = LENGTH.trailing_zeros();
    for place in 0..LENGTH {
        let other = place.reverse_bits() >> (usize::BITS - bits);
        if place < other {
            values.swap(place, other);
        }
    }
    let wave = WAVE.as_slice();
    let mut half = 1;
    while half < LENGTH {
        let step = LENGTH / (2 * half);
        for block in values.chunks_exact_mut(2 * half) {
            let (first, second) = block.split_at_mut(half);
            let turns = wave.iter().step_by(step);
            for ((one, other), turn) in first.iter_mut().zip(second).zip(turns) {
                let turned = (
                    other.0 * turn.0 - other.1 * turn.1,
                    other.0 * turn.1 + other.1 * turn.0,
                );
                *other = (one.0 - turned.0, one.1 - turned.1);
                *one = (one.0 + turned.0, one.1 + turned.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// A wave of so many cycles across and down.
    fn wave(side: u32, (x, y): (i32, i32), begin: f32) -> GrayImage {
        GrayImage::from_fn(side, side, |column, row| {
            let at =
                |place: u32, cycles: i32| cycles as f32 * (place as f32 + 0.5) / side as f32 * TAU;
            let value = 128.0 + 4.0 * (at(column, x) + at(row, y) + begin).cos();
            Luma([value.round() as u8])
        })
    }

    #[test]
    fn a_wave_is_found_at_its_frequency_whatever_the_size() {
        for side in [256, 512, 700] {
            let spectrum = Spectrum::of(&wave(side, (20, -31), 1.0));
            let power = |x, y| spectrum.power(x * FINE, y * FINE);
            let peak = power(20, -31);
            assert!((power(-20, 31) / peak - 1.0).abs() < 1e-3, "its mirror");
            for other in [(20, 31), (26, -31), (20, -25), (0, 0), (40, 40)] {
                assert!(power(other.0, other.1) < peak / 100.0, "{side} {other:?}");
            }
        }
    }

    #[test]
    fn a_wave_begins_where_it_was_drawn() {
        for begin in [-2.0_f32, 0.5, 3.0] {
            let spectrum = Spectrum::of(&wave(512, (17, 17), begin));
            let phase = spectrum.phase((17, 17)).expect("a wave");
            let apart = (phase - begin).rem_euclid(TAU);
            assert!(apart.min(TAU - apart) < 0.05, "{begin} and {phase}");
        }
        let nothing = Spectrum::of(&GrayImage::new(40, 30));
        assert_eq!(nothing.phase((17, 17)), None);
    }

    #[test]
    fn the_transform_is_that_of_the_sum() {
        let values: Vec<Complex> = (0..LENGTH)
            .map(|place| ((place * 7 % 13) as f32, (place % 5) as f32))
            .collect();
        let mut transformed = values.clone();
        transform(&mut transformed);
        for bin in [0, 1, 100, 511] {
            let mut sum = (0.0_f64, 0.0_f64);
            for (place, (real, imaginary)) in values.iter().enumerate() {
                let angle = -std::f64::consts::TAU * (place * bin % LENGTH) as f64 / LENGTH as f64;
                let (real, imaginary) = (f64::from(*real), f64::from(*imaginary));
                sum.0 += real * angle.cos() - imaginary * angle.sin();
                sum.1 += real * angle.sin() + imaginary * angle.cos();
            }
            let found = transformed[bin];
            let apart = (f64::from(found.0) - sum.0).abs() + (f64::from(found.1) - sum.1).abs();
            assert!(apart < 0.05, "{bin}: {found:?} and {sum:?}");
        }
    }
}
