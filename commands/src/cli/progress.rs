//! Progress bars, on stderr and only where a person looks at it.

use indicatif::{ProgressBar, ProgressStyle};
use mirage::atlas::ingest::Report;
use mirage_models::manifest::FileSpec;
use mirage_models::resolver::{ResolveError, Resolver, Step};
use tokio_util::sync::CancellationToken;

/// A bar that counts to `length`, or a spinner where the length isn't known.
pub(super) fn bar(length: Option<u64>, what: &str) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{msg:32!} {wide_bar} {pos}/{len}"),
        None => (ProgressBar::new_spinner(), "{msg:32!} {spinner} {pos}"),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(what.to_owned())
}

/// Fetches and verifies files behind a bar.
pub(super) async fn ensure(
    resolver: &Resolver,
    files: &[FileSpec],
    what: &str,
) -> Result<(), ResolveError> {
    let bar = bar(Some(files.len() as u64), what);
    let ensured = resolver.ensure(files, |step| match step {
        Step::Fetching { from, bytes } => {
            let name = from.split(['?', '=']).next().unwrap_or(from);
            bar.set_message(format!("{name} ({} MB)", bytes / 1_000_000));
            bar.tick();
        }
        Step::Ready { .. } => bar.inc(1),
    });
    let ensured = ensured.await;
    bar.finish_and_clear();
    ensured
}

/// Follows an ingest's report.
pub(super) fn follow(bar: &ProgressBar) -> impl FnMut(&Report) + Send {
    let bar = bar.clone();
    move |report| bar.set_position(report.read)
}

/// A token that Ctrl-C triggers; the work then stops where nothing is lost.
pub(super) fn stop_on_interrupt() -> CancellationToken {
    let cancel = CancellationToken::new();
    let on_interrupt = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.cancel();
        }
    });
    cancel
}
