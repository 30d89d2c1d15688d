//! The figures of a measurement, for people and for programs.

use std::time::Duration;

use mirage::vectors::Near;
use mirage::vectors::sample::Kind;
use serde::Serialize;
use serde_json::Value;

use super::material::{Material, Terms};
use super::{Measured, RESULTS};
use crate::cli::bench::statistics::{fine_milliseconds, hundredths, percentile};

/// The figures; times in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    rows: usize,
    dimensions: usize,
    /// How the vectors lie: `clustered` or `even`.
    vectors: &'static str,
    queries: usize,
    threads: usize,
    /// `exact` or `coded`.
    index: &'static str,
    build_seconds: f64,
    index_megabytes: f64,
    /// Memory of the whole program with its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resident_megabytes: Option<u64>,
    #[serde(flatten)]
    times: Times,
    recall_at_10: f64,
    /// Queries whose exact answers were worked out.
    recall_queries: usize,
    pub(super) peer: Option<PeerFigures>,
    /// Why there is no peer; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_peer: Option<String>,
}

#[derive(Debug, Serialize)]
struct Times {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// What the peer needed, and how much faster we are.
#[derive(Debug, Serialize)]
pub(super) struct PeerFigures {
    about: Value,
    #[serde(flatten)]
    times: Times,
    /// The product with all vectors alone, without the search for the largest.
    product_p50_ms: f64,
    recall_at_10: f64,
    /// The peer's p50 over ours.
    times_faster: f64,
    /// The p50 of its product alone over ours.
    times_faster_than_product: f64,
}

impl Figures {
    /// Our own figures.
    pub(super) fn of(terms: Terms, threads: usize, material: &Material, ours: &Measured) -> Self {
        let index = &material.index;
        Self {
            rows: index.len(),
            dimensions: index.dimensions(),
            vectors: match terms.kind {
                Kind::Clustered => "clustered",
                Kind::Even => "even",
            },
            queries: ours.times.len(),
            threads,
            index: if index.is_exact() { "exact" } else { "coded" },
            build_seconds: hundredths(material.took.as_secs_f64()),
            index_megabytes: hundredths(index.bytes() as f64 / 1e6),
            resident_megabytes: None,
            times: Times::of(&ours.times),
            recall_at_10: recall(&ours.rows, &material.truth),
            recall_queries: material.truth.len(),
            peer: None,
            no_peer: None,
        }
    }

    pub(super) fn in_words(&self) -> String {
        let Times {
            p50_ms,
            p95_ms,
            p99_ms,
        } = self.times;
        let ours = format!(
            "{} {} vectors of {} numbers, {} threads, {} queries:\n\
             \x20 index ({}): built in {:.2} s, {:.1} MB\n\
             \x20 search: p50 {p50_ms:.3} ms, p95 {p95_ms:.3} ms, p99 {p99_ms:.3} ms\n\
             \x20 recall@{RESULTS} {:.4} over {} queries\n",
            self.rows,
            self.vectors,
            self.dimensions,
            self.threads,
            self.queries,
            self.index,
            self.build_seconds,
            self.index_megabytes,
            self.recall_at_10,
            self.recall_queries,
        );
        let peer = match (&self.peer, &self.no_peer) {
            (Some(peer), _) => peer.in_words(),
            (None, Some(sentence)) => format!("{sentence}\n"),
            (None, None) => String::new(),
        };
        ours + &peer
    }
}

impl PeerFigures {
    pub(super) fn of(
        about: Value,
        theirs: &Measured,
        ours: &Measured,
        truth: &[Vec<Near>],
    ) -> Self {
        let own = percentile(&ours.times, 50);
        let product = percentile(&theirs.products, 50);
        Self {
            about,
            times: Times::of(&theirs.times),
            product_p50_ms: fine_milliseconds(product),
            recall_at_10: recall(&theirs.rows, truth),
            times_faster: ratio(percentile(&theirs.times, 50), own),
            times_faster_than_product: ratio(product, own),
        }
    }

    fn in_words(&self) -> String {
        let Times {
            p50_ms,
            p95_ms,
            p99_ms,
        } = self.times;
        format!(
            "numpy {}, in turns with it:\n\
             \x20 search: p50 {p50_ms:.3} ms, p95 {p95_ms:.3} ms, p99 {p99_ms:.3} ms; the product \
             alone p50 {:.3} ms\n\
             Times faster: {:.2} (target 2, aim 5); than the product alone: {:.2}\n",
            self.about["numpy"].as_str().unwrap_or_default(),
            self.product_p50_ms,
            self.times_faster,
            self.times_faster_than_product,
        )
    }
}

impl Times {
    fn of(times: &[Duration]) -> Self {
        Self {
            p50_ms: fine_milliseconds(percentile(times, 50)),
            p95_ms: fine_milliseconds(percentile(times, 95)),
            p99_ms: fine_milliseconds(percentile(times, 99)),
        }
    }
}

fn ratio(of: Duration, to: Duration) -> f64 {
    hundredths(of.as_secs_f64() / to.as_secs_f64().max(f64::EPSILON))
}

/// Share of the rows that should be found and were, over the queries whose answers are known.
fn recall(found: &[Vec<u32>], truth: &[Vec<Near>]) -> f64 {
    let (mut hits, mut all) = (0, 0);
    for (found, truth) in found.iter().zip(truth) {
        let rows = truth.iter().filter(|near| found.contains(&near.row));
        hits += rows.count();
        all += truth.len();
    }
    hits as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(rows: &[u32]) -> Vec<Near> {
        let rows = rows.iter();
        rows.map(|row| Near {
            row: *row,
            cosine: 0.5,
        })
        .collect()
    }

    #[test]
    fn recall_counts_over_the_known_queries_alone() {
        let truth = [near(&[1, 2]), near(&[3, 4])];
        let found = [vec![2, 1], vec![9, 4], vec![7, 8]];
        assert!((recall(&found, &truth) - 0.75).abs() < 1e-9);
        assert!(recall(&found, &[]).abs() < 1e-9);
    }

    #[test]
    fn a_peer_is_compared_by_the_middle() {
        let times = |milliseconds: &[u64]| {
            let times = milliseconds.iter().copied();
            times.map(Duration::from_millis).collect::<Vec<_>>()
        };
        let ours = Measured {
            times: times(&[2, 2, 40]),
            ..Measured::default()
        };
        let theirs = Measured {
            times: times(&[20, 21, 22]),
            products: times(&[10, 10, 10]),
            rows: vec![vec![1]],
        };
        let about = serde_json::json!({ "numpy": "2.0.0" });
        let figures = PeerFigures::of(about, &theirs, &ours, &[near(&[1])]);
        assert!((figures.times_faster - 10.5).abs() < 1e-9, "{figures:?}");
        assert!((figures.times_faster_than_product - 5.0).abs() < 1e-9);
        assert!(figures.in_words().starts_with("numpy 2.0.0, in turns"));
    }
}
