//! Work that takes a while, cut into steps, so that questions can go between them and a
//! cancellation takes effect at the next one.

use std::time::Instant;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::error::EngineError;
use super::networks::Networks;

/// Work on the device in steps of well under a second. It runs on the engine's thread and may
/// block it; each step is one turn in the queue.
pub trait Steps: Send + 'static {
    /// What comes out at the end.
    type Output: Send + 'static;

    /// Does the next step.
    ///
    /// # Errors
    /// A plain sentence ends the work.
    fn step(&mut self) -> Result<Step<Self::Output>, String>;
}

/// What one step came to.
#[derive(Debug)]
pub enum Step<T> {
    /// There is more to do.
    Going(StepReport),
    /// It is finished.
    Done(T),
}

/// How far work in steps is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Steps done.
    pub done: u64,
    /// Steps in all, if known.
    pub total: Option<u64>,
    /// A picture of how it looks so far, encoded as PNG or JPEG.
    pub preview: Option<Vec<u8>>,
}

/// Work that was handed to the engine. Dropping it cancels the work.
#[derive(Debug)]
pub struct Ticket<T> {
    result: oneshot::Receiver<Result<T, EngineError>>,
    progress: watch::Receiver<StepReport>,
    cancel: CancellationToken,
}

impl<T> Ticket<T> {
    /// How far it is; changes with each step.
    pub fn progress(&self) -> watch::Receiver<StepReport> {
        self.progress.clone()
    }

    /// Stops the work at its next step.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits for the result. Giving up the wait cancels the work.
    ///
    /// # Errors
    /// [`EngineError`]: cancelled, failed, or the engine stopped.
    pub async fn result(mut self) -> Result<T, EngineError> {
        (&mut self.result)
            .await
            .unwrap_or(Err(EngineError::Stopped))
    }
}

/// Work in steps on a network of the engine, or on one of its own.
pub(super) trait DeviceSteps: Send + 'static {
    type Output: Send + 'static;

    /// Does the next step, on the engine's computing threads.
    fn step(&mut self, networks: &mut Networks) -> Result<Step<Self::Output>, EngineError>;
}

/// Work that brings its own network.
pub(super) struct Own<S>(pub(super) S);

impl<S: Steps> DeviceSteps for Own<S> {
    type Output = S::Output;

    fn step(&mut self, networks: &mut Networks) -> Result<Step<S::Output>, EngineError> {
        let stepped = networks.threads().install(|| self.0.step());
        stepped.map_err(EngineError::Work)
    }
}

/// Work in the queue, its type forgotten.
pub(super) trait QueuedSteps: Send {
    /// Whether whoever asked has cancelled or gone.
    fn is_abandoned(&self) -> bool;
    /// Does one step, and answers if it was the last. `true` if there is more to do.
    fn step(&mut self, networks: &mut Networks) -> bool;
    /// Ends it without a result.
    fn fail(&mut self, error: EngineError);
    /// When it was asked for, once.
    fn take_asked(&mut self) -> Option<Instant>;
    fn span(&self) -> &Span;
}

struct Queued<S: DeviceSteps> {
    steps: S,
    reply: Option<oneshot::Sender<Result<S::Output, EngineError>>>,
    progress: watch::Sender<StepReport>,
    cancel: CancellationToken,
    asked: Option<Instant>,
    span: Span,
}

/// Makes a queue's entry of work, and the ticket for it.
pub(super) fn queued<S: DeviceSteps>(
    steps: S,
    cancel: CancellationToken,
) -> (Box<dyn QueuedSteps>, Ticket<S::Output>) {
    let (reply, result) = oneshot::channel();
    let (progress, watched) = watch::channel(StepReport::default());
    let entry = Queued {
        steps,
        reply: Some(reply),
        progress,
        cancel: cancel.clone(),
        asked: Some(Instant::now()),
        span: Span::current(),
    };
    let ticket = Ticket {
        result,
        progress: watched,
        cancel,
    };
    (Box::new(entry), ticket)
}

impl<S: DeviceSteps> Queued<S> {
    fn end(&mut self, result: Result<S::Output, EngineError>) {
        if let Some(reply) = self.reply.take() {
            // Who left meanwhile misses nothing.
            let _ = reply.send(result);
        }
    }
}

impl<S: DeviceSteps> QueuedSteps for Queued<S> {
    fn is_abandoned(&self) -> bool {
        self.cancel.is_cancelled() || self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn step(&mut self, networks: &mut Networks) -> bool {
        match self.steps.step(networks) {
            Ok(Step::Going(report)) => {
                self.progress.send_replace(report);
                true
            }
            Ok(Step::Done(output)) => {
                self.end(Ok(output));
                false
            }
            Err(error) => {
                self.end(Err(error));
                false
            }
        }
    }

    fn fail(&mut self, error: EngineError) {
        self.end(Err(error));
    }

    fn take_asked(&mut self) -> Option<Instant> {
        self.asked.take()
    }

    fn span(&self) -> &Span {
        &self.span
    }
}
