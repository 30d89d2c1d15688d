//! Progress on standard error: bars on a terminal, one line at the start and one at the end
//! elsewhere. What is fetched or ingested is not known here.

use std::time::Duration;

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use mirage::atlas::ingest::Report;
use mirage_models::manifest::FileSpec;
use mirage_models::resolver::Step;

const TICK: Duration = Duration::from_millis(120);

fn style(template: &str) -> ProgressStyle {
    // A bar of the usual looks is better than none, should the template be wrong.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// Progress of files that a resolver brings.
pub(crate) struct Files {
    bar: ProgressBar,
    done: u64,
    /// How many files were not there before.
    pub(crate) fetched: u64,
}

impl Files {
    /// A bar over all the bytes of these files.
    pub(crate) fn new(files: &[FileSpec]) -> Self {
        let bar = ProgressBar::new(total(files)).with_style(style(
            "{spinner} {bar:30} {decimal_bytes} of {decimal_total_bytes}  {wide_msg}",
        ));
        bar.enable_steady_tick(TICK);
        Self {
            bar,
            done: 0,
            fetched: 0,
        }
    }

    /// Takes what the resolver tells.
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Fetching { from, bytes } => {
                // A package holds more than the file that is wanted of it, so the bar may wait
                // at its end for a while; the message goes on counting.
                let end = self.bar.length().unwrap_or_default();
                self.bar.set_position((self.done + bytes).min(end));
                self.bar
                    .set_message(format!("{from}: {} so far", size(*bytes)));
            }
            Step::Ready { path, size, cached } => {
                self.done += size;
                self.fetched += u64::from(!cached);
                self.bar.set_position(self.done);
                self.bar.set_message((*path).to_owned());
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Bytes of all files.
pub(crate) fn total(files: &[FileSpec]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

/// Progress of a collection's rows, of which the number may not be known.
pub(crate) struct Rows(ProgressBar);

impl Rows {
    /// A bar over that many rows, or a counter.
    pub(crate) fn new(count: Option<u64>) -> Self {
        let bar = match count {
            Some(count) => {
                let template = "{spinner} {bar:30} {pos} of {len} rows, {eta} left  {wide_msg}";
                ProgressBar::new(count).with_style(style(template))
            }
            None => ProgressBar::no_length().with_style(style("{spinner} {pos} rows  {wide_msg}")),
        };
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows what is done so far.
    pub(crate) fn show(&self, report: &Report) {
        self.0.set_position(report.read);
        self.0.set_message(format!(
            "{} added, {} refused",
            report.added,
            report.refused.len()
        ));
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A moving mark with a message, for work whose length nobody knows.
pub(crate) struct Waiting(ProgressBar);

impl Waiting {
    /// Starts it.
    pub(crate) fn new(message: String) -> Self {
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
        bar.set_message(message);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Says what is at hand now.
    pub(crate) fn message(&self, message: String) {
        self.0.set_message(message);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
