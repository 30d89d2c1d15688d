//! What the queue counts in this process, in Prometheus' types.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::store::jobs::State;

type Labels = [(&'static str, &'static str); 1];

/// Counts of one process's queue and workers.
#[derive(Debug)]
pub struct Metrics {
    pub(super) accepted: Counter,
    pub(super) refused: Counter,
    pub(super) recovered: Counter,
    ended: Family<Labels, Counter>,
    wait: Histogram,
    run: Histogram,
    running: Gauge,
    waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            accepted: Counter::default(),
            refused: Counter::default(),
            recovered: Counter::default(),
            ended: Family::default(),
            wait: Histogram::new(exponential_buckets(0.01, 2.0, 20)),
            run: Histogram::new(exponential_buckets(0.01, 2.0, 20)),
            running: Gauge::default(),
            waiting: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Adds everything to a registry under the prefix `jobs`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("jobs");
        registry.register("accepted", "Jobs accepted", self.accepted.clone());
        registry.register("refused", "Jobs refused at a limit", self.refused.clone());
        registry.register(
            "recovered",
            "Jobs taken back from a worker that had died",
            self.recovered.clone(),
        );
        registry.register("ended", "Jobs that ended, by how", self.ended.clone());
        registry.register_with_unit(
            "wait",
            "Time from a job's acceptance to its latest start",
            Unit::Seconds,
            self.wait.clone(),
        );
        registry.register_with_unit(
            "run",
            "Time that a job took",
            Unit::Seconds,
            self.run.clone(),
        );
        registry.register(
            "running",
            "Jobs at work, of all processes",
            self.running.clone(),
        );
        registry.register(
            "waiting",
            "Jobs that wait, of all processes",
            self.waiting.clone(),
        );
    }

    /// Notes how many jobs are open, for a look from outside.
    pub fn set_open(&self, running: usize, waiting: usize) {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(super) fn waited(&self, time: Duration) {
        self.wait.observe(time.as_secs_f64());
    }

    pub(super) fn ended(&self, state: State, took: Duration) {
        let how = match state {
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Open => "open",
        };
        self.ended.get_or_create(&[("how", how)]).inc();
        self.run.observe(took.as_secs_f64());
    }
}
