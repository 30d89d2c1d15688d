//! Building an index row by row, and searching it. Which form it has is decided by its size.

use super::VectorError;
use super::best::Near;
use super::coded::Coded;
use super::exact::{Matrix, dot};
use super::mask::Mask;

/// Rows up to which vectors are kept and compared as they are. 10,000 of 768 numbers take 31 MB,
/// which is read in a millisecond or two.
pub const EXACT_ROWS: usize = 10_000;

/// Takes rows one after the other; what it has is bounded by what the index will have.
#[derive(Debug)]
pub struct Builder {
    dimensions: usize,
    exact_rows: usize,
    expected: usize,
    form: Form,
}

/// Vectors in memory, to be searched.
#[derive(Debug)]
pub struct Index {
    dimensions: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Exact(Matrix),
    Coded(Box<Coded>),
}

impl Builder {
    /// For vectors of so many numbers. `expected` rows save memory while it is built; more or
    /// fewer may come.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`].
    pub fn new(dimensions: usize, expected: usize) -> Result<Self, VectorError> {
        Self::with_exact_rows(dimensions, expected, EXACT_ROWS)
    }

    /// The same with another bound than [`EXACT_ROWS`]; with 0 all rows are coded.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`].
    pub fn with_exact_rows(
        dimensions: usize,
        expected: usize,
        exact_rows: usize,
    ) -> Result<Self, VectorError> {
        if dimensions == 0 {
            return Err(VectorError::NoDimensions);
        }
        Ok(Self {
            dimensions,
            exact_rows,
            expected,
            form: Form::Exact(Matrix::default()),
        })
    }

    /// Adds rows: their vectors one after the other. They are brought to length one.
    ///
    /// # Errors
    /// [`VectorError`] if a vector is cut short, holds a number that isn't finite, or has no
    /// direction; no row of this call is added then.
    pub fn extend(&mut self, vectors: &[f32]) -> Result<(), VectorError> {
        if !vectors.len().is_multiple_of(self.dimensions) {
            return Err(VectorError::Dimensions {
                found: vectors.len() % self.dimensions,
                expected: self.dimensions,
            });
        }
        let added = vectors.len() / self.dimensions;
        if u32::try_from(self.form.len(self.dimensions) + added).is_err() {
            return Err(VectorError::TooMany);
        }
        let mut units = Vec::with_capacity(vectors.len());
        for vector in vectors.chunks_exact(self.dimensions) {
            units.extend(unit(vector)?);
        }
        match &mut self.form {
            Form::Exact(matrix) => matrix.values.extend(units),
            Form::Coded(coded) => coded.extend(&units),
        }
        self.code_if_large();
        Ok(())
    }

    fn code_if_large(&mut self) {
        let Form::Exact(matrix) = &self.form else {
            return;
        };
        let rows = matrix.values.len() / self.dimensions;
        if rows > self.exact_rows {
            let mut coded = Coded::around(&matrix.values, self.dimensions);
            coded.reserve(self.expected.max(rows));
            coded.extend(&matrix.values);
            self.form = Form::Coded(Box::new(coded));
        }
    }

    /// The index of the rows that were added.
    pub fn finish(self) -> Index {
        Index {
            dimensions: self.dimensions,
            form: self.form,
        }
    }
}

impl Index {
    /// The rows whose vectors are nearest to the query, nearest first; equals in the order of
    /// their rows. `allowed` names the rows that may be found, all if it isn't given. The same
    /// search gives the same answer, however many threads there are.
    ///
    /// # Errors
    /// [`VectorError`] if the query has another length, holds a number that isn't finite, or has
    /// no direction.
    pub fn search(
        &self,
        query: &[f32],
        limit: usize,
        allowed: Option<&Mask>,
    ) -> Result<Vec<Near>, VectorError> {
        if query.len() != self.dimensions {
            return Err(VectorError::Dimensions {
                found: query.len(),
                expected: self.dimensions,
            });
        }
        let query = unit(query)?;
        let limit = limit.min(self.len());
        if limit == 0 {
            return Ok(Vec::new());
        }
        Ok(match &self.form {
            Form::Exact(matrix) => matrix.search(&query, limit, allowed),
            Form::Coded(coded) => coded.search(&query, limit, allowed),
        })
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.form.len(self.dimensions)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether vectors are compared as they are.
    pub fn is_exact(&self) -> bool {
        matches!(self.form, Form::Exact(_))
    }

    /// Memory that the rows take, in bytes.
    pub fn bytes(&self) -> usize {
        bytes(self.len(), self.dimensions, self.is_exact())
    }

    /// Memory that so many rows would take, in bytes.
    pub fn bytes_of(rows: usize, dimensions: usize) -> usize {
        bytes(rows, dimensions, rows <= EXACT_ROWS)
    }
}

impl Form {
    fn len(&self, dimensions: usize) -> usize {
        match self {
            Self::Exact(matrix) => matrix.values.len() / dimensions,
            Self::Coded(coded) => coded.len(),
        }
    }
}

fn bytes(rows: usize, dimensions: usize, is_exact: bool) -> usize {
    let row = if is_exact {
        dimensions.saturating_mul(size_of::<f32>())
    } else {
        Coded::bytes_a_row(dimensions)
    };
    rows.saturating_mul(row)
}

/// Whether a vector can be compared.
///
/// # Errors
/// [`VectorError::NotFinite`] or [`VectorError::NoDirection`].
pub fn check(vector: &[f32]) -> Result<(), VectorError> {
    length(vector).map(|_| ())
}

/// The vector at length one.
fn unit(vector: &[f32]) -> Result<Vec<f32>, VectorError> {
    let length = length(vector)?;
    Ok(vector.iter().map(|value| value / length).collect())
}

/// A length that can be divided by.
fn length(vector: &[f32]) -> Result<f32, VectorError> {
    let length = dot(vector, vector).sqrt();
    if !length.is_finite() {
        Err(VectorError::NotFinite)
    } else if length < f32::MIN_POSITIVE.sqrt() {
        Err(VectorError::NoDirection)
    } else {
        Ok(length)
    }
}
