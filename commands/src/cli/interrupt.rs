//! Ctrl-C and SIGTERM in two stages: the first asks for an orderly end, the second ends at once.

use tokio_util::sync::CancellationToken;

use super::failure::{Failure, STOPPED};
use super::output::say;

/// Watches for both signals from now on. The first is told with `sentence` and triggers the
/// token; the second ends the process.
pub(crate) fn watch(sentence: &'static str) -> CancellationToken {
    let cancel = CancellationToken::new();
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(%error, "Ctrl-C will end the program at once");
            return cancel;
        }
    };
    let triggered = cancel.clone();
    tokio::spawn(async move {
        signals.next().await;
        say(sentence);
        triggered.cancel();
        signals.next().await;
        std::process::exit(i32::from(STOPPED));
    });
    cancel
}

/// Does the work unless it is stopped; then the work is dropped where it stands.
///
/// # Errors
/// [`Failure::Stopped`] with the sentence that says what stays.
pub(crate) async fn unless_stopped<T>(
    cancel: &CancellationToken,
    sentence: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => Ok(done),
        () = cancel.cancelled() => Err(Failure::Stopped(sentence)),
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler there is nothing to wait for.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopped_work_is_told_and_finished_work_is_kept() {
        let cancel = CancellationToken::new();
        let done = unless_stopped(&cancel, "Stopped.", async { 7 }).await;
        assert_eq!(done.expect("nobody stopped it"), 7);
        cancel.cancel();
        let stopped = unless_stopped(&cancel, "Stopped.", std::future::pending::<()>()).await;
        assert!(matches!(stopped, Err(Failure::Stopped("Stopped."))));
    }
}
