//! What an index should find: the exact best rows for a few queries, from vectors that pass by and
//! are not kept.

use super::best::{Best, Near};
use super::exact::dot;
use super::parallel;

/// Exact searches for several queries at once, over vectors that come in parts.
pub struct Truth {
    queries: Vec<f32>,
    dimensions: usize,
    limit: usize,
    best: Vec<Best>,
    rows: usize,
}

impl Truth {
    /// For unit vectors as queries, one after the other, each of `dimensions` numbers, 1 or more.
    pub fn new(queries: &[f32], dimensions: usize, limit: usize) -> Self {
        Self {
            queries: queries.to_vec(),
            dimensions,
            limit,
            best: queries
                .chunks_exact(dimensions)
                .map(|_| Best::new(limit))
                .collect(),
            rows: 0,
        }
    }

    /// Compares all queries with further unit vectors.
    pub fn extend(&mut self, vectors: &[f32]) {
        let queries = &self.queries;
        let found = parallel::over(self.best.len(), 1, |stretch| {
            let mut best = Best::new(self.limit);
            let query = &queries[stretch.start * self.dimensions..][..self.dimensions];
            let vectors = vectors.chunks_exact(self.dimensions);
            for (row, vector) in (self.rows as u32..).zip(vectors) {
                let cosine = dot(vector, query);
                best.offer(Near { row, cosine });
            }
            best
        });
        let before = std::mem::take(&mut self.best);
        let joined = before.into_iter().zip(found);
        self.best = joined.map(|(best, found)| best.join([found])).collect();
        self.rows += vectors.len() / self.dimensions;
    }

    /// For each query the best rows, nearest first.
    pub fn finish(self) -> Vec<Vec<Near>> {
        self.best.into_iter().map(Best::into_sorted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Kind, Sample};
    use super::super::{Builder, EXACT_ROWS};
    use super::*;

    #[test]
    fn parts_give_what_an_exact_index_gives() {
        let sample = Sample::new(Kind::Even, 40, 1);
        let (vectors, queries) = (sample.vectors(0, 700), sample.vectors(1 << 40, 4));
        let mut truth = Truth::new(&queries, 40, 9);
        vectors.chunks(40 * 90).for_each(|part| truth.extend(part));
        let mut builder = Builder::with_exact_rows(40, 700, EXACT_ROWS).expect("numbers");
        builder.extend(&vectors).expect("unit vectors");
        let index = builder.finish();
        let queries = queries.chunks_exact(40);
        for (query, expected) in queries.zip(truth.finish()) {
            let found = index.search(query, 9, None).expect("a query");
            let rows = |near: &[Near]| near.iter().map(|near| near.row).collect::<Vec<_>>();
            assert_eq!(rows(&found), rows(&expected));
        }
        assert!(Truth::new(&[], 40, 9).finish().is_empty());
    }
}
