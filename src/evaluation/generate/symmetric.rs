//! Symmetric matrices of a few dozen rows in double precision: eigenvalues by Jacobi's rotations,
//! which are slow for large matrices and as exact as numbers allow for small ones, and the square
//! root that follows from them.

/// Sweeps over all pairs of rows; a matrix of some dozen rows needs about eight.
const SWEEPS: usize = 60;

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    side: usize,
    values: Vec<f64>,
}

/// Eigenvalues, and the eigenvector of each as a column.
struct Eigen {
    values: Vec<f64>,
    vectors: Matrix,
}

impl Matrix {
    /// One of zeros.
    pub(super) fn zeros(side: usize) -> Self {
        Self {
            side,
            values: vec![0.0; side * side],
        }
    }

    fn identity(side: usize) -> Self {
        let mut matrix = Self::zeros(side);
        for place in 0..side {
            *matrix.at_mut(place, place) = 1.0;
        }
        matrix
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.side + column]
    }

    pub(super) fn at_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.values[row * self.side + column]
    }

    /// The sum of the diagonal.
    pub(super) fn trace(&self) -> f64 {
        (0..self.side).map(|place| self.at(place, place)).sum()
    }

    /// The product with another of the same side.
    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.side);
        for row in 0..self.side {
            for inner in 0..self.side {
                let factor = self.at(row, inner);
                for column in 0..self.side {
                    *product.at_mut(row, column) += factor * other.at(inner, column);
                }
            }
        }
        product
    }

    /// The root of a symmetric matrix without negative eigenvalues: the symmetric matrix whose square
    /// it is. Eigenvalues that are negative by rounding alone count as zero.
    pub(super) fn root(&self) -> Self {
        let eigen = self.eigen();
        let roots: Vec<f64> = eigen.values.iter().map(|one| one.max(0.0).sqrt()).collect();
        let mut root = Self::zeros(self.side);
        for row in 0..self.side {
            for column in 0..=row {
                let parts = roots.iter().enumerate();
                let sum: f64 = parts
                    .map(|(place, one)| {
                        eigen.vectors.at(row, place) * one * eigen.vectors.at(column, place)
                    })
                    .sum();
                *root.at_mut(row, column) = sum;
                *root.at_mut(column, row) = sum;
            }
        }
        root
    }

    /// The sum of the roots of the eigenvalues: the trace of the root.
    pub(super) fn trace_of_root(&self) -> f64 {
        let values = self.eigen().values.into_iter();
        values.map(|one| one.max(0.0).sqrt()).sum()
    }

    /// Jacobi's method: each rotation makes one number beside the diagonal zero, and what lies beside
    /// the diagonal becomes smaller with each (Golub and Van Loan, Matrix Computations, 8.5).
    fn eigen(&self) -> Eigen {
        let mut values = self.clone();
        let mut vectors = Self::identity(self.side);
        let scale = self.values.iter().map(|one| one * one).sum::<f64>();
        for _ in 0..SWEEPS {
            if values.beside() <= scale * f64::EPSILON * f64::EPSILON {
                break;
            }
            for first in 0..self.side {
                for second in first + 1..self.side {
                    values.rotate(&mut vectors, first, second);
                }
            }
        }
        Eigen {
            values: (0..self.side)
                .map(|place| values.at(place, place))
                .collect(),
            vectors,
        }
    }

    /// The sum of the squares of what lies beside the diagonal.
    fn beside(&self) -> f64 {
        let places = (0..self.side).flat_map(|row| (0..row).map(move |column| (row, column)));
        places
            .map(|(row, column)| self.at(row, column).powi(2))
            .sum()
    }

    /// Makes the number at two places zero, and turns the vectors alike.
    fn rotate(&mut self, vectors: &mut Self, first: usize, second: usize) {
        let between = self.at(first, second);
        if between == 0.0 {
            return;
        }
        let ratio = (self.at(second, second) - self.at(first, first)) / (2.0 * between);
        let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        for place in 0..self.side {
            let (one, other) = (self.at(place, first), self.at(place, second));
            *self.at_mut(place, first) = cosine * one - sine * other;
            *self.at_mut(place, second) = sine * one + cosine * other;
        }
        for place in 0..self.side {
            let (one, other) = (self.at(first, place), self.at(second, place));
            *self.at_mut(first, place) = cosine * one - sine * other;
            *self.at_mut(second, place) = sine * one + cosine * other;
            let (one, other) = (vectors.at(place, first), vectors.at(place, second));
            *vectors.at_mut(place, first) = cosine * one - sine * other;
            *vectors.at_mut(place, second) = sine * one + cosine * other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[f64]]) -> Matrix {
        Matrix {
            side: rows.len(),
            values: rows.concat(),
        }
    }

    fn distance(one: &Matrix, other: &Matrix) -> f64 {
        let pairs = one.values.iter().zip(&other.values);
        pairs
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f64::max)
    }

    /// A symmetric matrix without negative eigenvalues, with very different ones.
    fn drawn(side: usize) -> Matrix {
        let mut factor = Matrix::zeros(side);
        let mut turned = Matrix::zeros(side);
        for row in 0..side {
            for column in 0..side {
                let value = ((row * 31 + column * 17 + row * column) as f64).sin();
                let value = value * 10.0_f64.powi(-(column as i32) / 4);
                *factor.at_mut(row, column) = value;
                *turned.at_mut(column, row) = value;
            }
        }
        factor.times(&turned)
    }

    #[test]
    fn the_root_of_known_matrices() {
        let diagonal = of(&[&[4.0, 0.0], &[0.0, 9.0]]);
        assert!(distance(&diagonal.root(), &of(&[&[2.0, 0.0], &[0.0, 3.0]])) < 1e-14);
        // Eigenvalues 1 and 3: the root's entries are (1 + sqrt 3) / 2 and (sqrt 3 - 1) / 2.
        let full = of(&[&[2.0, 1.0], &[1.0, 2.0]]);
        let (high, low) = ((1.0 + 3.0_f64.sqrt()) / 2.0, (3.0_f64.sqrt() - 1.0) / 2.0);
        assert!(distance(&full.root(), &of(&[&[high, low], &[low, high]])) < 1e-14);
        assert!((full.trace_of_root() - 1.0 - 3.0_f64.sqrt()).abs() < 1e-14);
        assert!(distance(&Matrix::zeros(3).root(), &Matrix::zeros(3)) < 1e-300);
    }

    #[test]
    fn the_square_of_the_root_is_the_matrix_also_where_eigenvalues_are_far_apart() {
        for side in [1, 2, 5, 64] {
            let matrix = drawn(side);
            let root = matrix.root();
            let largest = matrix
                .values
                .iter()
                .fold(0.0_f64, |most, one| most.max(one.abs()));
            assert!(
                distance(&root.times(&root), &matrix) < 1e-12 * largest.max(1.0),
                "{side}"
            );
            assert!(
                (root.trace() - matrix.trace_of_root()).abs() < 1e-9,
                "{side}"
            );
        }
    }

    #[test]
    fn an_eigenvalue_below_zero_by_rounding_counts_as_zero() {
        let matrix = of(&[&[1.0, 1.0], &[1.0, 1.0 - 1e-16]]);
        assert!((matrix.trace_of_root() - 2.0_f64.sqrt()).abs() < 1e-7);
        assert!(matrix.root().values.iter().all(|one| one.is_finite()));
    }
}
