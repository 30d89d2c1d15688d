//! Long jobs that survive a crash: accepted means written, and each ends exactly once. What only
//! has to live as long as its caller waits belongs in [`crate::engine`].
//!
//! The queue is the database ([`crate::store::jobs`]); any number of workers, in any number of
//! processes, take from it in fair order. Why no job library is used is told in docs/queue.md.

mod error;
mod generate;
mod metrics;
mod progress;
mod request;
mod run;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::Secret;
use crate::engine::Caller;
use crate::store::jobs::{Job, JobId, Limits, NewJob, Refusal, Standing, State, standings};
use crate::store::{Store, StoreError};

pub use error::{JobsError, roughly};
pub use metrics::Metrics;
pub use progress::Progress;
pub use request::{Generate, Import, JobRequest};
pub use run::{Library, Runner, RunningJob};
pub use worker::{Pace, work};

/// How long a unit of work is taken to last before one was measured.
const UNMEASURED: Duration = Duration::from_millis(50);

/// A handle to the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Jobs {
    store: Store,
    limits: Limits,
    /// Wakes this process's workers at once; those of others look by themselves.
    added: Arc<Notify>,
    /// The jobs that this process runs, for cancelling them without a detour.
    running: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
    metrics: Arc<Metrics>,
}

/// The queue at one moment.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Open jobs: those that run, then those that wait in order.
    pub jobs: Vec<(Job, Option<Standing>)>,
}

/// What became of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It had not begun, and won't.
    Waiting,
    /// It runs and stops at its next step.
    Running,
    /// It had ended before.
    Ended(State),
    /// There is no such job.
    Unknown,
}

impl Jobs {
    /// The queue of a store.
    pub fn new(store: Store, limits: Limits) -> Self {
        Self {
            store,
            limits,
            added: Arc::default(),
            running: Arc::default(),
            metrics: Arc::default(),
        }
    }

    /// The store that the queue lives in.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What this process's queue counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Accepts a job: when this returns, it is on disk and will end exactly once. `reply` is JSON
    /// that says how to answer, for whoever delivers.
    ///
    /// # Errors
    /// [`JobsError::Refused`] past a limit, with when to try again; or what the store reports.
    pub async fn enqueue(
        &self,
        request: &JobRequest,
        caller: Caller,
        reply: Option<Secret>,
    ) -> Result<JobId, JobsError> {
        let job = NewJob {
            kind: request.kind(),
            request: serde_json::to_string(request).map_err(StoreError::from)?,
            title: request.title(),
            caller,
            size: request.size(),
            cost: self.expected(request.kind(), request.size()).await?,
            reply,
        };
        self.enqueue_raw(&job).await
    }

    /// Accepts a job whose request only its own [`Runner`] understands.
    ///
    /// # Errors
    /// As [`Self::enqueue`].
    pub async fn enqueue_raw(&self, job: &NewJob) -> Result<JobId, JobsError> {
        match self
            .store
            .enqueue(job, self.limits, SystemTime::now())
            .await?
        {
            Ok(id) => {
                self.metrics.accepted.inc();
                self.added.notify_one();
                Ok(id)
            }
            Err(refusal) => {
                self.metrics.refused.inc();
                let again = self.when_one_ends(refusal, job.caller).await?;
                Err(JobsError::Refused { refusal, again })
            }
        }
    }

    /// Cancels a job; `by` is the sentence that it ends with.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn cancel(&self, id: JobId, sentence: &str) -> Result<Cancelled, StoreError> {
        let before = self
            .store
            .cancel_job(id, sentence, SystemTime::now())
            .await?;
        let Some(before) = before else {
            return Ok(Cancelled::Unknown);
        };
        if before != State::Open {
            return Ok(Cancelled::Ended(before));
        }
        if let Some(token) = self.running().get(&id) {
            token.cancel();
        }
        let now = self.store.job(id).await?;
        Ok(match now {
            Some(job) if job.state == State::Open => Cancelled::Running,
            _ => Cancelled::Waiting,
        })
    }

    /// The open jobs with their places.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let open = self.store.open_jobs().await?;
        let workers = self.store.workers().await?;
        let places: HashMap<_, _> = standings(&open, workers, SystemTime::now())
            .into_iter()
            .collect();
        let jobs = open.into_iter().map(|job| {
            let place = places.get(&job.id).copied();
            (job, place)
        });
        Ok(Overview {
            jobs: jobs.collect(),
        })
    }

    /// How long a job of this kind and size is likely to take, from those that were done.
    async fn expected(&self, kind: &str, size: u64) -> Result<Duration, StoreError> {
        let unit = self.store.measured_cost(kind).await?.unwrap_or(UNMEASURED);
        Ok(unit.saturating_mul(u32::try_from(size.max(1)).unwrap_or(u32::MAX)))
    }

    /// How long until a place is likely to be free.
    async fn when_one_ends(
        &self,
        refusal: Refusal,
        caller: Caller,
    ) -> Result<Duration, StoreError> {
        let overview = self.overview().await?;
        let mine = |job: &Job| match refusal {
            Refusal::User(_) => job.user == caller.user,
            Refusal::Server(_) => job.server == caller.server,
            Refusal::Full(_) => true,
        };
        let soonest = overview
            .jobs
            .iter()
            .filter(|(job, _)| mine(job))
            .map(|(job, place)| place.map_or(Duration::ZERO, |place| place.wait) + job.expected())
            .min();
        Ok(soonest.unwrap_or_default())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
