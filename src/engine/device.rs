//! The device's thread: takes what is next, runs it, and counts what it took. It is the only place
//! where a network runs; tokio's threads never wait for one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mirage_models::image_encoder::Rgb;

use super::Settings;
use super::caller::{Caller, Lane};
use super::embed::{Batch, EmbedRequest};
use super::error::EngineError;
use super::kinds::{Kind, Paces};
use super::lanes::Lanes;
use super::memory;
use super::metrics::Metrics;
use super::networks::{Networks, caught};
use super::steps::QueuedSteps;

/// How often an idle device looks whether it should let go of a network.
const IDLE_LOOK: Duration = Duration::from_secs(15);
/// How long a batch waits for the others that came with the last one. Far below what a batch
/// takes, and nobody waits for it who asks alone.
const GATHERING: Duration = Duration::from_millis(2);

/// One entry of the queue.
pub(super) enum Item {
    Texts(EmbedRequest<String>),
    Pictures(EmbedRequest<Rgb>),
    Steps(Box<dyn QueuedSteps>),
    /// Loads the networks before they are needed.
    Warm,
}

impl Item {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Texts(request) => request.is_abandoned(),
            Self::Pictures(request) => request.is_abandoned(),
            Self::Steps(steps) => steps.is_abandoned(),
            Self::Warm => false,
        }
    }

    fn fail(self, error: EngineError) {
        match self {
            Self::Texts(request) => request.fail(error),
            Self::Pictures(request) => request.fail(error),
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

    /// After a batch of several, its callers come back within a moment of each other; the first
    /// of them must not run alone.
    fn wait_for_the_others<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        lane: Lane,
        last_batch: usize,
    ) -> MutexGuard<'a, State> {
        let until = Instant::now() + GATHERING;
        while state.lanes.len_of(lane) + 1 < last_batch && !state.closed {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                break;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
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

/// The thread's own side: the networks, and what it knows of the last batches.
pub(super) struct Device {
    shared: Arc<Shared>,
    networks: Networks,
    paces: Paces,
}

impl Device {
    pub(super) fn new(shared: Arc<Shared>, networks: Networks) -> Self {
        Self {
            shared,
            networks,
            paces: Paces::default(),
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
                Item::Texts(request) => self.embed(lane, caller, request),
                Item::Pictures(request) => self.embed(lane, caller, request),
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
        if let Err(error) = self.networks.warm() {
            tracing::warn!(%error, "a network could not be loaded ahead of its first use");
        }
    }

    /// Lets go of networks that nobody used for a while, if memory is short.
    fn tidy_memory(&mut self) {
        let settings = &self.shared.settings;
        if memory::available().is_some_and(|share| share < settings.memory_floor) {
            self.networks.forget_idle(settings.idle);
        }
    }

    /// Runs a batch that begins with `request` and takes in what else of its kind waits in its
    /// lane.
    fn embed<K: Kind>(&mut self, lane: Lane, caller: Caller, request: EmbedRequest<K>) {
        let batch = self.gather(lane, caller, request);
        K::pace(&mut self.paces).last_batch = batch.parts.len();
        self.run(lane, batch);
    }

    fn gather<K: Kind>(
        &mut self,
        lane: Lane,
        caller: Caller,
        request: EmbedRequest<K>,
    ) -> Batch<K> {
        let bounds = K::bounds(&self.shared.settings);
        let pace = K::pace(&mut self.paces);
        let mut batch = Batch::default();
        let mut open = Some((caller, request));
        let mut state = self.shared.state();
        if pace.last_batch > 1 && lane == Lane::Interactive {
            state = self
                .shared
                .wait_for_the_others(state, lane, pace.last_batch);
        }
        while let Some((caller, request)) = open.take() {
            if let Err(left) = batch.add(caller, request, bounds) {
                let (caller, request) = *left;
                state.lanes.push_front(lane, caller, K::queued(request));
                break;
            }
            let cost = batch.last_size() as f64 * pace.seconds_a_unit;
            state.lanes.charge_caller(lane, caller, cost);
            let next = state.lanes.pop_where(lane, |item| {
                K::in_item(item).is_some_and(|request| !request.is_abandoned())
            });
            open = next.and_then(|(caller, item)| Some((caller, K::out_of(item)?)));
        }
        self.shared.tell_lengths(&state);
        batch
    }

    fn run<K: Kind>(&mut self, lane: Lane, mut batch: Batch<K>) {
        let started = Instant::now();
        for part in &mut batch.parts {
            if let Some(asked) = part.request.asked.take() {
                self.shared.metrics.waited(lane, started - asked);
            }
        }
        let span = batch.parts.first().map(|part| part.request.span.clone());
        let entered = span.as_ref().map(tracing::Span::enter);
        let embedded = K::embed(&mut self.networks, &batch.items());
        drop(entered);
        let took = started.elapsed();
        match embedded {
            Ok(vectors) => {
                K::count(&self.shared.metrics, &batch, took);
                K::pace(&mut self.paces).learn(batch.size(), took);
                batch.take(vectors);
                self.settle(lane, batch, took);
            }
            // One person's request must not fail the others': each runs alone.
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

    fn run_one_by_one<K: Kind>(&mut self, lane: Lane, batch: Batch<K>) {
        let bounds = K::bounds(&self.shared.settings);
        for part in batch.parts {
            let mut alone = Batch::default();
            if alone.add(part.caller, part.request, bounds).is_ok() {
                self.run(lane, alone);
            }
        }
    }

    /// Answers what is finished and puts the rest back.
    fn settle<K: Kind>(&self, lane: Lane, batch: Batch<K>, took: Duration) {
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
                    .push_front(lane, part.caller, K::queued(part.request));
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
        let span = steps.span().clone();
        let networks = &mut self.networks;
        let ran = span.in_scope(|| caught(|| Ok(steps.step(networks))));
        let took = started.elapsed();
        self.shared.metrics.stepped(took);
        let mut state = self.shared.state();
        state.lanes.charge(lane, caller, took.as_secs_f64());
        match ran {
            Ok(true) if state.closed => steps.fail(EngineError::Stopped),
            Ok(true) => state.lanes.push_front(lane, caller, Item::Steps(steps)),
            Ok(false) => {}
            Err(error) => steps.fail(error),
        }
    }
}
