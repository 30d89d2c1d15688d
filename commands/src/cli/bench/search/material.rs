//! What is searched: drawn vectors, their index, and the exact answers. Rows are drawn in blocks
//! and not kept, so that a million of them need no more memory than their index.

use std::path::Path;
use std::time::{Duration, Instant};

use mirage::vectors::sample::{Kind, Sample};
use mirage::vectors::{Builder, Index, Near, Truth};

use super::npy::Writer;

/// The same vectors in each run.
const SEED: u64 = 65_419;
/// Queries are drawn from the same source, far behind the rows.
const QUERIES_FROM: u64 = 1 << 40;
/// Rows that are drawn at once: some megabytes, which the processor's caches hold.
const BLOCK: usize = 2_048;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) kind: Kind,
    pub(super) rows: usize,
    pub(super) dimensions: usize,
    pub(super) queries: usize,
    /// The queries whose exact answers are worked out: the first.
    pub(super) known: usize,
    /// Rows found for each query.
    pub(super) results: usize,
}

/// Files for a peer.
pub(super) struct Files<'a> {
    pub(super) vectors: &'a Path,
    pub(super) queries: &'a Path,
}

/// An index that is being made.
pub(super) struct Drawing {
    terms: Terms,
    sample: Sample,
    queries: Vec<f32>,
    builder: Builder,
    truth: Truth,
    file: Option<Writer>,
    drawn: usize,
    took: Duration,
}

/// An index with queries and their exact answers.
pub(super) struct Material {
    pub(super) index: Index,
    pub(super) queries: Vec<f32>,
    pub(super) truth: Vec<Vec<Near>>,
    /// How long the index took, without the drawing.
    pub(super) took: Duration,
}

impl Drawing {
    pub(super) fn new(terms: Terms, files: Option<&Files<'_>>) -> anyhow::Result<Self> {
        let sample = Sample::new(terms.kind, terms.dimensions, SEED);
        let queries = sample.vectors(QUERIES_FROM, terms.queries);
        let file = match files {
            None => None,
            Some(files) => {
                let mut file = Writer::new(files.queries, terms.queries, terms.dimensions)?;
                file.write(&queries)?;
                file.finish()?;
                let vectors = Writer::new(files.vectors, terms.rows, terms.dimensions)?;
                Some(vectors)
            }
        };
        let known = &queries[..terms.known.min(terms.queries) * terms.dimensions];
        Ok(Self {
            builder: Builder::new(terms.dimensions, terms.rows)?,
            truth: Truth::new(known, terms.dimensions, terms.results),
            terms,
            sample,
            queries,
            file,
            drawn: 0,
            took: Duration::ZERO,
        })
    }

    /// Whether all rows are drawn.
    pub(super) fn is_done(&self) -> bool {
        self.drawn >= self.terms.rows
    }

    /// Draws one more block.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        let count = BLOCK.min(self.terms.rows - self.drawn);
        let vectors = self.sample.vectors(self.drawn as u64, count);
        self.drawn += count;
        self.truth.extend(&vectors);
        if let Some(file) = &mut self.file {
            file.write(&vectors)?;
        }
        let started = Instant::now();
        self.builder.extend(&vectors)?;
        self.took += started.elapsed();
        Ok(())
    }

    /// How far it is, in words.
    pub(super) fn so_far(&self) -> String {
        format!("Drawing vectors: {} of {}", self.drawn, self.terms.rows)
    }

    pub(super) fn finish(self) -> anyhow::Result<Material> {
        if let Some(file) = self.file {
            file.finish()?;
        }
        Ok(Material {
            index: self.builder.finish(),
            queries: self.queries,
            truth: self.truth.finish(),
            took: self.took,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_holds_all_rows_and_the_answers_are_exact() {
        let terms = Terms {
            kind: Kind::Clustered,
            rows: 5_000,
            dimensions: 32,
            queries: 4,
            known: 2,
            results: 10,
        };
        let mut drawing = Drawing::new(terms, None).expect("drawn");
        while !drawing.is_done() {
            drawing.step().expect("drawn");
        }
        let material = drawing.finish().expect("drawn");
        assert_eq!(material.index.len(), 5_000);
        assert_eq!((material.queries.len(), material.truth.len()), (128, 2));
        let found = material.index.search(&material.queries[..32], 10, None);
        let rows = |near: &[Near]| near.iter().map(|near| near.row).collect::<Vec<_>>();
        assert_eq!(rows(&found.expect("searched")), rows(&material.truth[0]));
    }
}
