//! A worker: takes the job whose turn it is, does it, writes down how it ended. A job's fault, a
//! panic or an endless loop ends that job only; a fault of the database is waited out.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Jobs;
use super::progress::Progress;
use super::run::{Runner, RunningJob};
use crate::store::StoreError;
use crate::store::jobs::{Claimed, Ending, JobId, State, Worker};

/// How often a worker looks and writes. The defaults suit people who wait and watch.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks into an empty queue; jobs of this process wake the worker at once.
    pub idle: Duration,
    /// Between two looks whether another process wants the job stopped.
    pub cancel: Duration,
    /// Between two notes of how far the job is.
    pub progress: Duration,
    /// Between two looks for jobs of workers that died.
    pub recovery: Duration,
    /// How long a job that was told to stop may take until it is dropped.
    pub patience: Duration,
    /// How long a job may take in all.
    pub deadline: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_millis(500),
            cancel: Duration::from_millis(100),
            progress: Duration::from_millis(500),
            recovery: Duration::from_secs(2),
            patience: Duration::from_millis(150),
            deadline: Duration::from_secs(6 * 60 * 60),
        }
    }
}

/// Works until `shutdown` is triggered; the job at hand is then given back to the queue. Faults of
/// the store are waited out.
///
/// # Errors
/// What the store reports when the worker can't be taken off the list at the end.
pub async fn work(
    jobs: Jobs,
    runner: Arc<dyn Runner>,
    pace: Pace,
    shutdown: CancellationToken,
) -> Result<(), StoreError> {
    let Some(worker) = register(&jobs, &shutdown).await else {
        return Ok(());
    };
    let mut shift = Shift {
        jobs,
        runner,
        pace,
        worker,
        shutdown,
        recovered: None,
    };
    shift.serve().await;
    let Shift { jobs, worker, .. } = shift;
    jobs.store.unregister_worker(worker).await
}

/// Registers a worker, however long the store is busy, full or away; `None` at the end.
async fn register(jobs: &Jobs, shutdown: &CancellationToken) -> Option<Worker> {
    loop {
        match jobs.store.register_worker(SystemTime::now()).await {
            Ok(worker) => return Some(worker),
            Err(error) => tracing::warn!(%error, "a worker can't start yet; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => return None,
        }
    }
}

/// One worker from its start to its end.
struct Shift {
    jobs: Jobs,
    runner: Arc<dyn Runner>,
    pace: Pace,
    worker: Worker,
    shutdown: CancellationToken,
    recovered: Option<Instant>,
}

/// Why a job stopped running.
enum Stop {
    /// It came to its own end.
    Ended(Result<Result<String, String>, JoinError>),
    /// Somebody cancelled it; the sentence that it ends with.
    Cancelled(String),
    /// It took too long.
    Overdue,
    /// The worker is to end.
    Shutdown,
}

impl Shift {
    async fn serve(&mut self) {
        while !self.shutdown.is_cancelled() {
            match self.take().await {
                Ok(Some(claimed)) => self.run(claimed).await,
                Ok(None) => self.rest(self.pace.idle).await,
                Err(error) => {
                    tracing::warn!(%error, "the queue can't be read; trying again");
                    self.rest(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Waits for a job of this process, for a while, or for the end.
    async fn rest(&self, time: Duration) {
        tokio::select! {
            () = self.jobs.added.notified() => {}
            () = tokio::time::sleep(time) => {}
            () = self.shutdown.cancelled() => {}
        }
    }

    async fn take(&mut self) -> Result<Option<Claimed>, StoreError> {
        let store = &self.jobs.store;
        if self
            .recovered
            .is_none_or(|last| last.elapsed() >= self.pace.recovery)
        {
            // What can't be recovered now must not keep this worker from its own work.
            let found = store
                .recover_jobs(SystemTime::now())
                .await
                .unwrap_or_else(|error| {
                    tracing::warn!(%error, "jobs of dead workers can't be taken back yet");
                    0
                });
            self.jobs.metrics.recovered.inc_by(found);
            if found > 0 {
                tracing::info!(jobs = found, "took back the jobs of a worker that had died");
            }
            self.recovered = Some(Instant::now());
            // The database's server may have ended the session that said that this worker lives.
            if !store.is_registered(&self.worker.id).await? {
                tracing::warn!("this worker was taken for dead and comes back under a new name");
                self.worker = store.register_worker(SystemTime::now()).await?;
            }
        }
        // A look costs no write.
        if !store.has_waiting_job(&self.worker.id).await? {
            return Ok(None);
        }
        store.claim_job(&self.worker.id, SystemTime::now()).await
    }

    async fn run(&self, claimed: Claimed) {
        let started = Instant::now();
        let cancel = CancellationToken::new();
        let (progress, told) = watch::channel(Progress::default());
        let running = RunningJob {
            caller: claimed.caller,
            attempt: claimed.attempt,
            cancel: cancel.clone(),
            progress,
        };
        self.jobs.running().insert(claimed.id, cancel.clone());
        self.jobs.metrics.waited(claimed.waited);
        let span = tracing::info_span!("job", id = %claimed.id, attempt = claimed.attempt);
        let mut task = tokio::spawn(self.runner.run(&claimed.request, running).instrument(span));
        let stop = self.watch(&claimed, &mut task, &cancel, told).await;
        let ending = self.ending(claimed.id, stop, task, &cancel).await;
        match ending {
            Some(ending) => self.end(&claimed, ending, started.elapsed()).await,
            None => {
                if let Err(error) = self.jobs.store.release_job(&claimed).await {
                    tracing::warn!(%error, "a job goes back to the queue when this process ends");
                }
            }
        }
        self.jobs.running().remove(&claimed.id);
    }

    /// Waits for the job's end or for a reason to stop it, and notes its progress meanwhile.
    async fn watch(
        &self,
        claimed: &Claimed,
        task: &mut JoinHandle<Result<String, String>>,
        cancel: &CancellationToken,
        mut told: watch::Receiver<Progress>,
    ) -> Stop {
        let deadline = tokio::time::sleep(self.pace.deadline);
        tokio::pin!(deadline);
        let mut looks = tokio::time::interval(self.pace.cancel);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut noted = Instant::now();
        loop {
            tokio::select! {
                // A job that hears of its cancellation first ends with an error of its own.
                biased;
                () = cancel.cancelled() => return Stop::Cancelled(self.wanted(claimed).await),
                () = self.shutdown.cancelled() => return Stop::Shutdown,
                () = &mut deadline => return Stop::Overdue,
                ended = &mut *task => return Stop::Ended(ended),
                _ = looks.tick() => {
                    if let Some(sentence) = self.is_to_stop(claimed).await {
                        return Stop::Cancelled(sentence);
                    }
                    if noted.elapsed() >= self.pace.progress && told.has_changed().unwrap_or(false) {
                        noted = Instant::now();
                        let progress = told.borrow_and_update().clone();
                        self.note(claimed, &progress).await;
                    }
                }
            }
        }
    }

    /// How the job ended; `None` if it goes back to the queue.
    async fn ending(
        &self,
        id: JobId,
        stop: Stop,
        mut task: JoinHandle<Result<String, String>>,
        cancel: &CancellationToken,
    ) -> Option<Ending> {
        let ended = match stop {
            Stop::Ended(ended) => return Some(own_end(id, ended)),
            Stop::Cancelled(outcome) => Some(Ending {
                state: State::Cancelled,
                outcome,
            }),
            Stop::Overdue => Some(Ending {
                state: State::Failed,
                outcome: "It took too long and was stopped.".to_owned(),
            }),
            Stop::Shutdown => None,
        };
        cancel.cancel();
        // Most jobs end at their next step. Who doesn't is dropped: the place must be free.
        match tokio::time::timeout(self.pace.patience, &mut task).await {
            // It was done before the wish to stop reached it.
            Ok(Ok(Ok(outcome))) => Some(Ending {
                state: State::Done,
                outcome,
            }),
            Ok(_) => ended,
            Err(_) => {
                task.abort();
                ended
            }
        }
    }

    /// Writes the end down, however long the database is busy, full or away.
    async fn end(&self, claimed: &Claimed, mut ending: Ending, took: Duration) {
        let mut pause = Duration::from_millis(100);
        let mut has_failed = false;
        loop {
            let store = &self.jobs.store;
            match store
                .end_job(claimed, &ending, took, SystemTime::now())
                .await
            {
                Ok(true) => {
                    self.jobs.metrics.ended(ending.state, took);
                    return;
                }
                Ok(false) => {
                    tracing::warn!(job = %claimed.id, "a job was ended by another worker");
                    return;
                }
                Err(error @ StoreError::Database(_)) if !has_failed => {
                    // Something about this very sentence: a plain one is taken.
                    tracing::error!(job = %claimed.id, %error, "an end was refused");
                    has_failed = true;
                    ending.outcome = "How it ended could not be written down.".to_owned();
                }
                Err(error) if self.shutdown.is_cancelled() => {
                    tracing::warn!(job = %claimed.id, %error, "an end could not be written; the \
                        job is done again by the next worker");
                    return;
                }
                Err(error) => {
                    tracing::warn!(job = %claimed.id, %error, "an end can't be written yet");
                    self.rest(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// Whether another process wants the job stopped. A database that is locked meanwhile must not
    /// keep this worker from seeing anything else.
    async fn is_to_stop(&self, claimed: &Claimed) -> Option<String> {
        let looking = self.jobs.store.jobs_to_stop(&self.worker.id);
        match tokio::time::timeout(self.pace.patience, looking).await {
            Ok(Ok(wanted)) => wanted
                .into_iter()
                .find(|(id, _)| *id == claimed.id)
                .map(|(_, sentence)| sentence),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the wishes to stop can't be read");
                None
            }
            Err(_) => None,
        }
    }

    /// The sentence of whoever cancelled in this process.
    async fn wanted(&self, claimed: &Claimed) -> String {
        let sentence = self.is_to_stop(claimed).await.unwrap_or_default();
        if sentence.is_empty() {
            return "Cancelled.".to_owned();
        }
        sentence
    }

    async fn note(&self, claimed: &Claimed, progress: &Progress) {
        let text = serde_json::to_string(progress).unwrap_or_default();
        let preview = progress.preview.as_deref();
        let noting = self.jobs.store.note_progress(claimed, &text, preview);
        if let Ok(Err(error)) = tokio::time::timeout(self.pace.patience, noting).await {
            tracing::debug!(%error, "progress can't be noted");
        }
    }
}

fn own_end(id: JobId, ended: Result<Result<String, String>, JoinError>) -> Ending {
    let (state, outcome) = match ended {
        Ok(Ok(sentence)) => (State::Done, sentence),
        Ok(Err(sentence)) => (State::Failed, sentence),
        Err(error) => {
            tracing::error!(job = %id, %error, "a job panicked");
            let sentence = "Something in Mirage failed while it worked on this. The log has more.";
            (State::Failed, sentence.to_owned())
        }
    };
    Ending { state, outcome }
}
