//! Vectors as they are, compared one by one: for few rows, where nothing is gained by less.

use super::best::{Best, Near};
use super::mask::Mask;
use super::parallel;

/// Rows of one stretch of work: half a megabyte to some.
const STRETCH: usize = 1_024;
/// Sums that grow side by side, so that the processor need not wait for one.
const LANES: usize = 32;

/// Unit vectors, row after row.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    pub(crate) values: Vec<f32>,
}

impl Matrix {
    /// The best rows, nearest first.
    pub(crate) fn search(&self, query: &[f32], limit: usize, allowed: Option<&Mask>) -> Vec<Near> {
        let dimensions = query.len();
        let rows = self.values.len() / dimensions;
        let parts = parallel::over(rows, STRETCH, |stretch| {
            let mut best = Best::new(limit);
            let vectors = &self.values[stretch.start * dimensions..stretch.end * dimensions];
            for (row, vector) in stretch.zip(vectors.chunks_exact(dimensions)) {
                let row = row as u32;
                if allowed.is_none_or(|allowed| allowed.allows(row)) {
                    let cosine = dot(vector, query);
                    best.offer(Near { row, cosine });
                }
            }
            best
        });
        Best::new(limit).join(parts).into_sorted()
    }
}

/// The product of two vectors of one length.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    for (left, right) in left.iter().zip(right) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let rest = left_rest.iter().zip(right_rest);
    sums.iter().sum::<f32>() + rest.map(|(left, right)| left * right).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_holds_for_every_length() {
        for length in [0, 1, 31, 32, 33, 100] {
            let left: Vec<f32> = (0..length).map(|number| number as f32).collect();
            let right: Vec<f32> = left.iter().map(|value| value + 1.0).collect();
            let expected: f32 = left.iter().map(|value| value * (value + 1.0)).sum();
            assert!((dot(&left, &right) - expected).abs() <= expected * 1e-6);
        }
    }
}
