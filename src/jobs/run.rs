//! Doing a job: the trait that a worker calls, and the library's own jobs behind it.

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::generate::Drawing;
use super::progress::Progress;
use super::request::{Generate, Import, JobRequest};
use crate::atlas::ingest::{Report, ingest};
use crate::atlas::{Atlas, AtlasError};
use crate::engine::{Caller, Engine, Lane};
use crate::generate::Checks;
use crate::store::Store;

/// A job at work: who asked, and how to tell how far it is.
#[derive(Debug, Clone)]
pub struct RunningJob {
    /// Who asked.
    pub caller: Caller,
    /// How often it was begun, this time included.
    pub attempt: i64,
    /// Triggered when the job should stop at its next step.
    pub cancel: CancellationToken,
    /// Takes how far the job is; the worker writes it down now and then.
    pub progress: watch::Sender<Progress>,
}

/// Does jobs. A job that is begun again after a crash must come to the same end.
pub trait Runner: Send + Sync + 'static {
    /// Does one job. The sentence tells people how it went; an error's sentence why it can't be
    /// done.
    fn run(&self, request: &str, job: RunningJob) -> BoxFuture<'static, Result<String, String>>;
}

/// The library's jobs.
#[derive(Clone)]
pub struct Library {
    atlas_uri: String,
    engine: Engine,
    drawing: Option<Drawing>,
}

impl Library {
    /// Jobs on one atlas, with one engine.
    pub fn new(atlas_uri: String, engine: Engine) -> Self {
        Self {
            atlas_uri,
            engine,
            drawing: None,
        }
    }

    /// The same with synthetic pictures, whose recipes are in a store.
    #[must_use]
    pub fn with_pictures(self, store: Store, checks: Checks) -> Self {
        Self {
            drawing: Some(Drawing { store, checks }),
            ..self
        }
    }
}

impl Runner for Library {
    fn run(&self, request: &str, job: RunningJob) -> BoxFuture<'static, Result<String, String>> {
        let library = self.clone();
        let request = serde_json::from_str(request);
        Box::pin(async move {
            match request {
                Ok(JobRequest::Import(request)) => import(&library, request, job).await,
                Ok(JobRequest::ReEmbed { encoder, .. }) => re_embed(&library, &encoder, job).await,
                Ok(JobRequest::Generate(request)) => generate(&library, request, job).await,
                Err(error) => {
                    tracing::warn!(%error, "a stored job can't be read");
                    Err(
                        "This job was accepted by another version of Mirage, which this one \
                         doesn't understand. Ask for it again."
                            .to_owned(),
                    )
                }
            }
        })
    }
}

async fn import(library: &Library, request: Import, job: RunningJob) -> Result<String, String> {
    let collection = request.collection.clone();
    let opened = tokio::task::spawn_blocking(move || request.open());
    let (_, (rows, total)) = opened.await.map_err(|error| error.to_string())??;
    let atlas = Atlas::open_or_create(&library.atlas_uri, library.engine.clone())
        .await
        .map_err(|error| told_and_logged(&error))?
        .on_behalf_of(job.caller, Lane::Batch);
    let told = job.progress;
    let report = ingest(&atlas, &collection, rows, &job.cancel, |report| {
        told.send_replace(Progress {
            done: report.read,
            total,
            unit: "rows".to_owned(),
            preview: None,
        });
    })
    .await
    .map_err(|error| told_and_logged(&error))?;
    if report.stopped {
        // What was read stays; the job is not done by it.
        return Err(format!("Stopped. {}", summary(&collection, &report)));
    }
    Ok(summary(&collection, &report))
}

async fn re_embed(library: &Library, wanted: &str, job: RunningJob) -> Result<String, String> {
    let encoder = &library.engine.encoder().identity;
    if encoder != wanted {
        return Err(format!(
            "The vectors were wanted from the encoder {wanted}, but the worker that took the job \
             has {encoder}. Start all workers with the same MIRAGE_PROFILE and ask again."
        ));
    }
    let told = job.progress;
    let lane = (job.caller, Lane::Batch);
    let entries = crate::atlas::re_embed(
        &library.atlas_uri,
        &library.engine,
        lane,
        &job.cancel,
        move |done, total| {
            told.send_replace(Progress {
                done,
                total: Some(total),
                unit: "entries".to_owned(),
                preview: None,
            });
        },
    )
    .await
    .map_err(|error| told_and_logged(&error))?;
    let pictures = library.engine.image_encoder();
    let pictures = pictures.map_or(String::new(), |spec| format!(" and {}", spec.identity));
    Ok(format!(
        "{entries} entries have new vectors by {encoder}{pictures}."
    ))
}

async fn generate(library: &Library, request: Generate, job: RunningJob) -> Result<String, String> {
    let Some(drawing) = &library.drawing else {
        return Err("The worker that took the job makes no pictures.".to_owned());
    };
    let atlas = Atlas::open_or_create(&library.atlas_uri, library.engine.clone())
        .await
        .map_err(|error| told_and_logged(&error))?;
    drawing.run(atlas, request, job).await
}

/// The sentence for people; the causes go to the log, where the job's span names it.
fn told_and_logged(error: &AtlasError) -> String {
    let mut causes = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        causes.push_str(&format!("; {current}"));
        cause = current.source();
    }
    tracing::warn!(%error, causes, "a job could not be done");
    error.to_string()
}

/// What an import did, in a sentence or two.
fn summary(collection: &str, report: &Report) -> String {
    let mut sentence = format!(
        "{collection}: {} rows read, {} added, {} updated, {} unchanged.",
        report.read, report.added, report.updated, report.unchanged
    );
    if !report.duplicates.is_empty() {
        let count = report.duplicates.len();
        sentence.push_str(&format!(" {count} were there under another name."));
    }
    if let Some((row, reason)) = report.refused.first() {
        let count = report.refused.len();
        let reason = reason.trim_end_matches('.');
        sentence.push_str(&format!(
            " {count} could not be used, the first: {row}: {reason}."
        ));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_summed_up_with_its_first_refusal() {
        let report = Report {
            read: 3,
            added: 1,
            duplicates: vec![("a".to_owned(), "b".to_owned())],
            refused: vec![("line 2".to_owned(), "it is empty.".to_owned())],
            ..Report::default()
        };
        assert_eq!(
            summary("mine", &report),
            "mine: 3 rows read, 1 added, 0 updated, 0 unchanged. 1 were there under another \
             name. 1 could not be used, the first: line 2: it is empty."
        );
    }
}
