//! The device's thread: takes what is next, runs it, and counts what it took. It is the only place
//! where a network runs; tokio's threads never wait for one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mirage_models::text_encoder::{EncoderError, TextEncoder};

use super::Settings;
use super::caller::{Caller, Lane};
use super::embed::{Batch, Bounds, EmbedRequest};
use super::error::EngineError;
use super::lanes::Lanes;
use super::memory;
use super::metrics::Metrics;
use super::model::{Loader, Model};
use super::steps::QueuedSteps;

/// How often an idle device looks whether it should let go of a network.
const IDLE_LOOK: Duration = Duration::from_secs(15);
/// How long a batch waits for the others that came with the last one. Far below what a batch
/// takes, and nobody waits for it who asks alone.
const GATHERING: Duration = Duration::from_millis(2);

/// One entry of the queue.
pub(super) enum Item {
    Embed(EmbedRequest),
    Steps(Box<dyn QueuedSteps>),
    /// Loads the networks before they are needed.
    Warm,
}

impl Item {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Embed(request) => request.is_abandoned(),
            Self::Steps(steps) => steps.is_abandoned(),
            Self::Warm => false,
        }
    }

    fn fail(self, error: EngineError) {
        match self {
            Self::Embed(request) => request.fail(error),
            Self::Steps(mut steps) => steps.fail(error),
            Self::Warm => {}
        }
    }
}

/// What handles and the device's thread share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    settings: Settings,
    pub(super) metrics: Arc<Metrics>,
}

#[derive(Default)]
struct State {
    lanes: Lanes<Item>,
    closed: bool,
}

impl Shared {
    pub(super) fn new(settings: Settings, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            settings,
            metrics,
        }
    }

    /// Queues an entry, unless too many wait or the engine stops.
    pub(super) fn push(&self, lane: Lane, caller: Caller, item: Item) -> Result<(), EngineError> {
        let mut state = self.state();
        if state.closed {
            return Err(EngineError::Stopped);
        }
        if state.lanes.len() >= self.settings.most_waiting {
            // Those who left hold no place.
            let gone = state.lanes.remove_where(Item::is_abandoned);
            self.count_cancelled(gone.len());
            let waiting = state.lanes.len();
            if waiting >= self.settings.most_waiting {
                self.metrics.refused.inc();
                return Err(EngineError::Overloaded { waiting });
            }
        }
        state.lanes.push(lane, caller, item);
        self.tell_lengths(&state);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Refuses what comes from now on and ends what waits; the step at hand is finished.
    pub(super) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            state.lanes.remove_where(|_| true)
        };
        for item in waiting {
            item.fail(EngineError::Stopped);
        }
        self.changed.notify_all();
    }

    /// How many requests wait in a lane.
    pub(super) fn waiting(&self, lane: Lane) -> usize {
        self.state().lanes.len_of(lane)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_lengths(&self, state: &State) {
        for lane in Lane::ALL {
            self.metrics.set_waiting(lane, state.lanes.len_of(lane));
        }
    }

    fn count_cancelled(&self, count: usize) {
        self.metrics.cancelled.inc_by(count as u64);
    }
}

/// Closes the engine when its thread ends, however that comes.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The thread's own side: the networks, and what it knows of the last batch.
pub(super) struct Device {
    shared: Arc<Shared>,
    encoder: Model<dyn TextEncoder, EncoderError>,
    threads: rayon::ThreadPool,
    /// Requests of the last batch of embeddings: as many are likely to come again.
    last_batch: usize,
    /// What a token took lately: people are charged by it when their texts join a batch, so that
    /// one with many requests doesn't fill it alone.
    seconds_a_token: f64,
}

impl Device {
    pub(super) fn new(
        shared: Arc<Shared>,
        load: Loader<dyn TextEncoder, EncoderError>,
        threads: rayon::ThreadPool,
    ) -> Self {
        Self {
            shared,
            encoder: Model::new(load),
            threads,
            last_batch: 0,
            seconds_a_token: 1e-4,
        }
    }

    /// Serves until the engine is closed. Should this thread end otherwise, nobody waits for it.
    pub(super) fn serve(mut self) {
        let _closing = Closing(Arc::clone(&self.shared));
        while let Some((lane, caller, item)) = self.next() {
            if item.is_abandoned() {
                self.shared.count_cancelled(1);
                item.fail(EngineError::Cancelled);
                continue;
            }
            match item {
                Item::Embed(request) => self.embed(lane, caller, request),
                Item::Steps(steps) => self.step(lane, caller, steps),
                Item::Warm => self.warm(),
            }
        }
    }

    /// Waits for the next entry; `None` when the engine is closed.
    fn next(&mut self) -> Option<(Lane, Caller, Item)> {
        loop {
            let shared = Arc::clone(&self.shared);
            let mut state = shared.state();
            if let Some(next) = state.lanes.pop() {
                shared.tell_lengths(&state);
                return Some(next);
            }
            if state.closed {
                return None;
            }
            let waited = shared.changed.wait_timeout(state, IDLE_LOOK);
            let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            drop(state);
            if timeout.timed_out() {
                self.tidy_memory();
            }
        }
    }

    fn warm(&mut self) {
        // With nothing to embed only the network is loaded.
        if let Err(error) = self.vectors(&[]) {
            tracing::warn!(%error, "a network could not be loaded ahead of its first use");
        }
    }

    fn load(&mut self) -> Result<Arc<dyn TextEncoder>, EngineError> {
        if self.encoder.is_loaded() {
            return Ok(self.encoder.get()?);
        }
        let started = Instant::now();
        let encoder = self.encoder.get()?;
        self.shared.metrics.loads.inc();
        tracing::debug!(
            seconds = started.elapsed().as_secs_f64(),
            "text encoder loaded"
        );
        Ok(encoder)
    }

    /// Lets go of a network that nobody used for a while, if memory is short.
    fn tidy_memory(&mut self) {
        let settings = &self.shared.settings;
        let short = memory::available().is_some_and(|share| share < settings.memory_floor);
        if short && self.encoder.forget_if_idle(settings.idle) {
            self.shared.metrics.unloads.inc();
            tracing::info!("let go of the text encoder: it is idle and memory is short");
        }
    }

    /// Runs a batch that begins with `request` and takes in what else waits in its lane.
    fn embed(&mut self, lane: Lane, caller: Caller, request: EmbedRequest) {
        let batch = self.gather(lane, caller, request);
        self.last_batch = batch.parts.len();
        self.run(lane, batch);
    }

    fn gather(&self, lane: Lane, caller: Caller, request: EmbedRequest) -> Batch {
        let bounds = Bounds {
            texts: self.shared.settings.batch_texts,
            tokens: self.shared.settings.batch_tokens,
        };
        let mut batch = Batch::default();
        let mut open = Some((caller, request));
        let mut state = self.shared.state();
        if self.last_batch > 1 && lane == Lane::Interactive {
            state = self.wait_for_the_others(state, lane);
        }
        while let Some((caller, request)) = open.take() {
            if let Err(left) = batch.add(caller, request, bounds) {
                let (caller, request) = *left;
                state.lanes.push_front(lane, caller, Item::Embed(request));
                break;
            }
            let cost = batch.last_tokens() as f64 * self.seconds_a_token;
            state.lanes.charge_caller(lane, caller, cost);
            let next = state.lanes.pop_where(
                lane,
                |item| matches!(item, Item::Embed(request) if !request.is_abandoned()),
            );
            open = next.and_then(|(caller, item)| match item {
                Item::Embed(request) => Some((caller, request)),
                Item::Steps(_) | Item::Warm => None,
            });
        }
        self.shared.tell_lengths(&state);
        batch
    }

    /// After a batch of several, its callers come back within a moment of each other; the first
    /// of them must not run alone.
    fn wait_for_the_others<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        lane: Lane,
    ) -> MutexGuard<'a, State> {
        let until = Instant::now() + GATHERING;
        while state.lanes.len_of(lane) + 1 < self.last_batch && !state.closed {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                break;
            };
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn run(&mut self, lane: Lane, mut batch: Batch) {
        let started = Instant::now();
        for part in &mut batch.parts {
            if let Some(asked) = part.request.asked.take() {
                self.shared.metrics.waited(lane, started - asked);
            }
        }
        let span = batch.parts.first().map(|part| part.request.span.clone());
        let entered = span.as_ref().map(tracing::Span::enter);
        let embedded = self.vectors(&batch.texts());
        drop(entered);
        let took = started.elapsed();
        match embedded {
            Ok(vectors) => {
                self.shared
                    .metrics
                    .embedded(batch.len(), batch.tokens(), took);
                self.learn(&batch, took);
                batch.take(vectors);
                self.settle(lane, batch, took);
            }
            // One person's text must not fail the others': each runs alone.
            Err(error) if batch.parts.len() > 1 => {
                tracing::warn!(%error, "a batch failed; its requests run one by one");
                self.run_one_by_one(lane, batch);
            }
            Err(error) => {
                for part in batch.parts {
                    part.request.fail(error.clone());
                }
            }
        }
    }

    fn run_one_by_one(&mut self, lane: Lane, batch: Batch) {
        let bounds = Bounds {
            texts: self.shared.settings.batch_texts,
            tokens: self.shared.settings.batch_tokens,
        };
        for part in batch.parts {
            let mut alone = Batch::default();
            if alone.add(part.caller, part.request, bounds).is_ok() {
                self.run(lane, alone);
            }
        }
    }

    fn vectors(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EngineError> {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let encoder = self.load()?;
            let vectors = self.threads.install(|| encoder.embed(texts))?;
            Ok::<_, EngineError>(vectors)
        }));
        match ran {
            Ok(Ok(vectors)) if vectors.len() != texts.len() => Err(EngineError::Panicked(format!(
                "{} vectors for {} texts",
                vectors.len(),
                texts.len()
            ))),
            Ok(vectors) => vectors,
            Err(panic) => {
                self.encoder.forget();
                Err(EngineError::Panicked(reason(&*panic)))
            }
        }
    }

    fn learn(&mut self, batch: &Batch, took: Duration) {
        let seconds = took.as_secs_f64() / batch.tokens().max(1) as f64;
        self.seconds_a_token = 0.8 * self.seconds_a_token + 0.2 * seconds;
    }

    /// Answers what is finished and puts the rest back.
    fn settle(&self, lane: Lane, batch: Batch, took: Duration) {
        let mut state = self.shared.state();
        state.lanes.charge_lane(lane, took.as_secs_f64());
        let mut finished = Vec::new();
        for part in batch.parts {
            if part.request.is_done() {
                finished.push(part.request);
            } else if state.closed {
                part.request.fail(EngineError::Stopped);
            } else {
                state
                    .lanes
                    .push_front(lane, part.caller, Item::Embed(part.request));
            }
        }
        drop(state);
        finished.into_iter().for_each(EmbedRequest::answer);
    }

    fn step(&mut self, lane: Lane, caller: Caller, mut steps: Box<dyn QueuedSteps>) {
        let started = Instant::now();
        if let Some(asked) = steps.take_asked() {
            self.shared.metrics.waited(lane, started - asked);
        }
        let threads = &self.threads;
        let span = steps.span().clone();
        let ran =
            span.in_scope(|| catch_unwind(AssertUnwindSafe(|| threads.install(|| steps.step()))));
        let took = started.elapsed();
        self.shared.metrics.stepped(took);
        let mut state = self.shared.state();
        state.lanes.charge(lane, caller, took.as_secs_f64());
        match ran {
            Ok(true) if state.closed => steps.fail(EngineError::Stopped),
            Ok(true) => state.lanes.push_front(lane, caller, Item::Steps(steps)),
            Ok(false) => {}
            Err(panic) => steps.fail(EngineError::Panicked(reason(&*panic))),
        }
    }
}

/// What a panic said, for the log.
fn reason(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}
