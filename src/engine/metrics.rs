//! What the engine counts, in Prometheus' types. How the figures leave the process is the
//! caller's concern.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::caller::Lane;

type Labels = [(&'static str, &'static str); 1];
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;
type Seconds = Counter<f64, AtomicU64>;

/// Counts of one engine.
#[derive(Debug)]
pub struct Metrics {
    waiting: Family<Labels, Gauge>,
    wait: Histograms,
    run: Histograms,
    batch: Histogram,
    texts: Counter,
    tokens: Counter,
    pictures: Counter,
    steps: Counter,
    busy: Seconds,
    pub(super) cancelled: Counter,
    pub(super) refused: Counter,
    pub(super) loads: Counter,
    pub(super) unloads: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            waiting: Family::default(),
            wait: Family::new_with_constructor(seconds),
            run: Family::new_with_constructor(seconds),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            texts: Counter::default(),
            tokens: Counter::default(),
            pictures: Counter::default(),
            steps: Counter::default(),
            busy: Seconds::default(),
            cancelled: Counter::default(),
            refused: Counter::default(),
            loads: Counter::default(),
            unloads: Counter::default(),
        }
    }
}

/// From half a millisecond to about two minutes.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 18))
}

impl Metrics {
    /// Adds everything to a registry under the prefix `engine`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("engine");
        let waiting = self.waiting.clone();
        registry.register("waiting", "Requests that wait, by lane", waiting);
        registry.register_with_unit(
            "wait",
            "Time from a request to its first run, by lane",
            Unit::Seconds,
            self.wait.clone(),
        );
        registry.register_with_unit(
            "run",
            "Time of one batch or step, by kind",
            Unit::Seconds,
            self.run.clone(),
        );
        registry.register(
            "batch_texts",
            "Texts that ran as one batch",
            self.batch.clone(),
        );
        registry.register("texts", "Texts embedded", self.texts.clone());
        registry.register("tokens", "Tokens embedded, about", self.tokens.clone());
        registry.register("pictures", "Pictures embedded", self.pictures.clone());
        registry.register("steps", "Steps of long work", self.steps.clone());
        registry.register_with_unit(
            "busy",
            "Time in which the device worked",
            Unit::Seconds,
            self.busy.clone(),
        );
        registry.register(
            "cancelled",
            "Requests given up before their end",
            self.cancelled.clone(),
        );
        registry.register(
            "refused",
            "Requests refused because too many waited",
            self.refused.clone(),
        );
        registry.register("loads", "Networks loaded", self.loads.clone());
        registry.register("unloads", "Networks let go of", self.unloads.clone());
    }

    pub(super) fn set_waiting(&self, lane: Lane, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting
            .get_or_create(&[("lane", lane.name())])
            .set(count);
    }

    pub(super) fn waited(&self, lane: Lane, time: Duration) {
        let wait = self.wait.get_or_create(&[("lane", lane.name())]);
        wait.observe(time.as_secs_f64());
    }

    pub(super) fn embedded_pictures(&self, pictures: usize, time: Duration) {
        self.pictures.inc_by(pictures as u64);
        self.ran("embed_pictures", time);
    }

    pub(super) fn embedded_texts(&self, texts: usize, tokens: usize, time: Duration) {
        self.batch.observe(texts as f64);
        self.texts.inc_by(texts as u64);
        self.tokens.inc_by(tokens as u64);
        self.ran("embed", time);
    }

    pub(super) fn stepped(&self, time: Duration) {
        self.steps.inc();
        self.ran("step", time);
    }

    fn ran(&self, kind: &'static str, time: Duration) {
        self.busy.inc_by(time.as_secs_f64());
        let run = self.run.get_or_create(&[("kind", kind)]);
        run.observe(time.as_secs_f64());
    }
}
