//! A rotation that spreads what a vector holds evenly over its numbers, so that few bits of each
//! tell about as much as they can. Signs drawn from a seed, then Hadamard transforms of the first
//! and the last numbers in turns: as good as a random matrix here, in n log n steps (Ailon and
//! Chazelle, SIAM J. Comput. 39, 2009).

use super::random::Random;

/// Transforms of each end. Two of each mix every number with every other.
const ROUNDS: usize = 4;
/// The rotation is the same in each process: results must be.
const SEED: u64 = 0x6d69_7261_6765;

/// A fixed rotation of vectors of one length.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// A sign a number, for each round.
    signs: Vec<Vec<f32>>,
    /// The largest power of two that fits.
    window: usize,
}

impl Rotation {
    /// `dimensions` is 1 or more.
    pub(crate) fn new(dimensions: usize) -> Self {
        let mut random = Random::new(SEED);
        let window = 1 << dimensions.max(1).ilog2();
        // The transform makes a vector longer by the square root of its length.
        let scale = 1.0 / (window as f32).sqrt();
        let signs = (0..ROUNDS)
            .map(|round| {
                let inside = place(round, window, dimensions);
                let sign = |number| {
                    let sign = if random.next() >> 63 == 0 { 1.0 } else { -1.0 };
                    sign * if inside.contains(&number) { scale } else { 1.0 }
                };
                (0..dimensions).map(sign).collect()
            })
            .collect();
        Self { signs, window }
    }

    /// Rotates in place.
    pub(crate) fn apply(&self, vector: &mut [f32]) {
        for (round, signs) in self.signs.iter().enumerate() {
            for (value, sign) in vector.iter_mut().zip(signs) {
                *value *= sign;
            }
            let inside = place(round, self.window, vector.len());
            hadamard(&mut vector[inside]);
        }
    }
}

/// The numbers that a round transforms.
fn place(round: usize, window: usize, dimensions: usize) -> std::ops::Range<usize> {
    if round.is_multiple_of(2) {
        0..window
    } else {
        dimensions - window..dimensions
    }
}

/// The Hadamard transform, in place; the length is a power of two.
fn hadamard(values: &mut [f32]) {
    let mut half = 1;
    while half < values.len() {
        for pair in values.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            for (left, right) in left.iter_mut().zip(right) {
                (*left, *right) = (*left + *right, *left - *right);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(left: &[f32], right: &[f32]) -> f32 {
        left.iter()
            .zip(right)
            .map(|(left, right)| left * right)
            .sum()
    }

    #[test]
    fn lengths_and_angles_stay() {
        for dimensions in [1, 2, 3, 26, 64, 384, 768] {
            let rotation = Rotation::new(dimensions);
            let mut random = Random::new(7);
            let mut draw = || -> Vec<f32> { (0..dimensions).map(|_| random.normal()).collect() };
            let (mut left, mut right) = (draw(), draw());
            let before = (dot(&left, &left), dot(&left, &right));
            rotation.apply(&mut left);
            rotation.apply(&mut right);
            let after = (dot(&left, &left), dot(&left, &right));
            let bound = 1e-4 * before.0.max(1.0);
            assert!((before.0 - after.0).abs() < bound, "{dimensions}");
            assert!((before.1 - after.1).abs() < bound, "{dimensions}");
        }
    }

    #[test]
    fn one_large_number_is_spread_over_all() {
        for place in [0, 300, 767] {
            let mut vector = vec![0.0; 768];
            vector[place] = 1.0;
            Rotation::new(768).apply(&mut vector);
            let largest = vector
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(largest < 0.25, "{largest}");
            let filled = vector.iter().filter(|value| value.abs() > 1e-4).count();
            assert!(filled > 600, "{filled}");
        }
    }
}
