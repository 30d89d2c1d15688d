//! Many vectors, compared in two steps: a bound from one bit a number for all rows, and sixteen
//! bits a number for the rows whose bound says that they may be among the best.
//!
//! The bits are the signs of the rotated difference to the rows' centre, and the estimate and its
//! error are those of `RaBitQ` (Gao and Long, SIGMOD 2024, arXiv:2405.12497). Since the error is
//! known, nobody has to choose a number of candidates: vectors that lie in groups give few, even
//! ones give many, and the best are missed equally seldom.

mod codes;
mod query;

use super::best::{Best, Near};
use super::mask::Mask;
use super::parallel;
use super::rotation::Rotation;
use codes::{Code, Codes};
use query::Query;

/// Rows whose bound is highest, for each row asked for: their true order tells how high a bound
/// must be. And how many there are at least.
const HEADS: usize = 8;
const LEAST_HEADS: usize = 64;
/// Rows that are compared at most behind the heads. Where more could be among the best, as where
/// very many are alike, those with the highest bounds are: an answer must not take for ever.
const MOST: usize = 16_384;
/// Rows of one stretch of work: where they are bounded, compared, and coded.
const BOUNDED: usize = 512 * codes::ROWS;
const COMPARED: usize = 128;
const CODED: usize = 64;

/// An index of coded vectors that grows at its end.
#[derive(Debug)]
pub(crate) struct Coded {
    rotation: Rotation,
    centre: Vec<f32>,
    rotated_centre: Vec<f32>,
    codes: Codes,
}

impl Coded {
    /// An index around the mean of some vectors, without rows.
    pub(crate) fn around(vectors: &[f32], dimensions: usize) -> Self {
        let mut sums = vec![0.0_f64; dimensions];
        for vector in vectors.chunks_exact(dimensions) {
            for (sum, value) in sums.iter_mut().zip(vector) {
                *sum += f64::from(*value);
            }
        }
        let count = (vectors.len() / dimensions).max(1) as f64;
        let centre: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
        let rotation = Rotation::new(dimensions);
        let mut rotated_centre = centre.clone();
        rotation.apply(&mut rotated_centre);
        Self {
            rotation,
            centre,
            rotated_centre,
            codes: Codes::new(dimensions),
        }
    }

    /// Makes room for so many rows in all.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.codes.reserve(rows.saturating_sub(self.len()));
    }

    /// Adds unit vectors.
    pub(crate) fn extend(&mut self, vectors: &[f32]) {
        let dimensions = self.centre.len();
        let coded = parallel::over(vectors.len() / dimensions, CODED, |stretch| {
            let vectors = &vectors[stretch.start * dimensions..stretch.end * dimensions];
            let coded = vectors
                .chunks_exact(dimensions)
                .map(|vector| Code::of(&self.difference(vector), &self.rotated_centre));
            coded.collect::<Vec<_>>()
        });
        for code in coded.into_iter().flatten() {
            self.codes.push(code);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Bytes of one row.
    pub(crate) fn bytes_a_row(dimensions: usize) -> usize {
        Codes::bytes_a_row(dimensions)
    }

    /// The best rows, nearest first.
    pub(crate) fn search(&self, query: &[f32], limit: usize, allowed: Option<&Mask>) -> Vec<Near> {
        let base = super::exact::dot(query, &self.centre);
        let query = Query::new(base, self.difference(query));
        let heads = limit.saturating_mul(HEADS).max(LEAST_HEADS);
        let few = heads.saturating_mul(2);
        match allowed {
            Some(allowed) if allowed.len() <= few => {
                let rows = allowed
                    .rows()
                    .take_while(|row| (*row as usize) < self.len());
                let rows: Vec<u32> = rows.collect();
                return self.compared(&query, limit, &rows).into_sorted();
            }
            None if self.len() <= few => {
                let rows: Vec<u32> = (0..self.len() as u32).collect();
                return self.compared(&query, limit, &rows).into_sorted();
            }
            _ => {}
        }
        let (bounds, heads) = self.bounds(&query, heads, allowed);
        let rows: Vec<u32> = heads.iter().map(|head| head.row).collect();
        let best = self.compared(&query, limit, &rows).into_sorted();
        let (Some(last), Some(least)) = (heads.last(), best.get(limit - 1)) else {
            return best;
        };
        let others = others(&bounds, least.cosine, last);
        let mut all = self.compared(&query, limit, &others);
        best.into_iter().for_each(|near| all.offer(near));
        all.into_sorted()
    }

    /// The rotated difference to the centre.
    fn difference(&self, vector: &[f32]) -> Vec<f32> {
        let pairs = vector.iter().zip(&self.centre);
        let mut difference: Vec<f32> = pairs.map(|(value, centre)| value - centre).collect();
        self.rotation.apply(&mut difference);
        difference
    }

    /// A bound of each row's cosine, in stretches of [`BOUNDED`], and the rows where it is highest,
    /// highest first. What is not allowed has the lowest bound of all.
    fn bounds(
        &self,
        query: &Query,
        heads: usize,
        allowed: Option<&Mask>,
    ) -> (Vec<Vec<f32>>, Vec<Near>) {
        let parts = parallel::over(self.len(), BOUNDED, |stretch| {
            let mut bounds = self.codes.bounds(query, stretch.clone());
            let mut best = Best::new(heads);
            for (row, bound) in (stretch.start as u32..).zip(&mut bounds) {
                if allowed.is_none_or(|allowed| allowed.allows(row)) {
                    let cosine = *bound;
                    best.offer(Near { row, cosine });
                } else {
                    *bound = f32::NEG_INFINITY;
                }
            }
            (bounds, best)
        });
        let (bounds, best): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        (bounds, Best::new(heads).join(best).into_sorted())
    }

    /// The best of some rows by sixteen bits a number.
    fn compared(&self, query: &Query, limit: usize, rows: &[u32]) -> Best {
        let parts = parallel::over(rows.len(), COMPARED, |stretch| {
            let mut best = Best::new(limit);
            for row in &rows[stretch] {
                let cosine = self.codes.cosine(query, *row as usize);
                best.offer(Near { row: *row, cosine });
            }
            best
        });
        Best::new(limit).join(parts)
    }
}

/// The rows behind the heads whose bound reaches `least`, at most [`MOST`], in their order.
fn others(bounds: &[Vec<f32>], least: f32, last: &Near) -> Vec<u32> {
    let mut reach = Vec::new();
    for (stretch, bounds) in bounds.iter().enumerate() {
        for (row, bound) in ((stretch * BOUNDED) as u32..).zip(bounds) {
            let cosine = *bound;
            let near = Near { row, cosine };
            if cosine >= least && near.order(last).is_gt() {
                reach.push(near);
            }
        }
    }
    if reach.len() > MOST {
        reach.select_nth_unstable_by(MOST, Near::order);
        reach.truncate(MOST);
    }
    let mut rows: Vec<u32> = reach.iter().map(|near| near.row).collect();
    // Neighbours in memory follow each other.
    rows.sort_unstable();
    rows
}
