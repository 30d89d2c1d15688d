//! How far two sets of pictures lie apart as sets: the Fréchet distance of the Gaussians that fit
//! them (Dowson and Landau, J. Multivariate Anal. 1982; for pictures Heusel et al.,
//! arXiv:1706.08500). Which numbers stand for a picture is not decided here.

use super::symmetric::Matrix;

/// A mean and a covariance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gaussian {
    mean: Vec<f64>,
    covariance: Matrix,
}

impl Gaussian {
    /// Fits vectors of `side` numbers with their weights: a weight says for how many pictures one
    /// stands. Without any it is a point at zero. The covariance is that of the weights as shares,
    /// without a correction for small samples.
    pub(super) fn fit<'a>(
        side: usize,
        vectors: impl Iterator<Item = (&'a [f32], f64)> + Clone,
    ) -> Self {
        let whole: f64 = vectors.clone().map(|(_, weight)| weight).sum();
        let whole = whole.max(f64::MIN_POSITIVE);
        let mut mean = vec![0.0; side];
        for (vector, weight) in vectors.clone() {
            for (sum, value) in mean.iter_mut().zip(vector) {
                *sum += weight / whole * f64::from(*value);
            }
        }
        let mut covariance = Matrix::zeros(side);
        for (vector, weight) in vectors {
            let around = vector.iter().zip(&mean);
            let around: Vec<f64> = around
                .map(|(value, mean)| f64::from(*value) - mean)
                .collect();
            for (row, one) in around.iter().enumerate() {
                for (column, other) in around.iter().enumerate() {
                    *covariance.at_mut(row, column) += weight / whole * one * other;
                }
            }
        }
        Self { mean, covariance }
    }

    /// All pictures are the same one.
    pub(super) fn of_one(vector: &[f32]) -> Self {
        Self {
            mean: vector.iter().map(|value| f64::from(*value)).collect(),
            covariance: Matrix::zeros(vector.len()),
        }
    }

    /// |m1 - m2|² + tr(C1 + C2 - 2 (C1^½ C2 C1^½)^½), which is the usual formula with a product that
    /// stays symmetric: no complex roots, and no negative distance but by rounding.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let means = self.mean.iter().zip(&other.mean);
        let apart: f64 = means.map(|(one, other)| (one - other).powi(2)).sum();
        let root = self.covariance.root();
        let between = root.times(&other.covariance).times(&root);
        let spread = self.covariance.trace() + other.covariance.trace();
        (apart + spread - 2.0 * between.trace_of_root()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-9, "{one} is not {other}");
    }

    fn gaussian(mean: &[f64], covariance: &[&[f64]]) -> Gaussian {
        let mut matrix = Matrix::zeros(mean.len());
        for (row, values) in covariance.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                *matrix.at_mut(row, column) = *value;
            }
        }
        Gaussian {
            mean: mean.to_vec(),
            covariance: matrix,
        }
    }

    #[test]
    fn distances_with_known_answers() {
        // Of one dimension: (m1 - m2)² + (s1 - s2)².
        let (one, other) = (gaussian(&[1.0], &[&[4.0]]), gaussian(&[4.0], &[&[25.0]]));
        close(one.distance(&other), 9.0 + 9.0);
        // Diagonal ones add up; the order does not matter.
        let one = gaussian(&[0.0, 0.0], &[&[1.0, 0.0], &[0.0, 9.0]]);
        let other = gaussian(&[3.0, 4.0], &[&[4.0, 0.0], &[0.0, 0.25]]);
        close(one.distance(&other), 25.0 + 1.0 + 6.25);
        close(other.distance(&one), one.distance(&other));
        // Two that don't commute.
        let one = gaussian(&[0.0, 0.0], &[&[2.0, 0.0], &[0.0, 1.0]]);
        let other = gaussian(&[0.0, 0.0], &[&[1.0, 0.5], &[0.5, 1.0]]);
        // tr (C1 C2)^½ = sqrt(tr + 2 sqrt det) for two rows: tr = 3, det = 2 · 0.75.
        let root = (3.0 + 2.0 * 1.5_f64.sqrt()).sqrt();
        close(one.distance(&other), 3.0 + 2.0 - 2.0 * root);
        close(one.distance(&one), 0.0);
    }

    #[test]
    fn weights_are_numbers_of_pictures() {
        let rows: [&[f32]; 3] = [&[0.0, 1.0], &[2.0, 1.0], &[4.0, 7.0]];
        let twice: Vec<(&[f32], f64)> = [0, 1, 1, 2].map(|row| (rows[row], 1.0)).to_vec();
        let weighted: Vec<(&[f32], f64)> = vec![(rows[0], 0.5), (rows[1], 1.0), (rows[2], 0.5)];
        let (twice, weighted) = (
            Gaussian::fit(2, twice.iter().copied()),
            Gaussian::fit(2, weighted.iter().copied()),
        );
        close(twice.distance(&weighted), 0.0);
        close(twice.mean[0], 2.0);
        close(twice.covariance.at(0, 0), 2.0);
        close(twice.covariance.at(0, 1), 3.0);
    }

    #[test]
    fn one_picture_has_no_spread() {
        let rows: [&[f32]; 2] = [&[-1.0, 0.0], &[1.0, 0.0]];
        let spread = Gaussian::fit(2, rows.into_iter().map(|row| (row, 1.0)));
        close(Gaussian::of_one(&[0.0, 2.0]).distance(&spread), 4.0 + 1.0);
        close(spread.distance(&Gaussian::of_one(&[0.0, 2.0])), 4.0 + 1.0);
        let nothing = Gaussian::fit(2, std::iter::empty());
        close(nothing.distance(&Gaussian::of_one(&[0.0, 2.0])), 4.0);
    }
}
