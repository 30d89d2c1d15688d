//! `mirage worker`: takes long jobs from the queue, beside or in place of the bot, on this machine
//! or another that shares the database.

use clap::Args;
use mirage::config::Config;
use mirage::jobs::{Jobs, Library};
use mirage::store::Store;

use super::Exit;
use super::failure::Failure;
use super::{interrupt, output};
use crate::{metrics, runtime, workers};

/// Work on long jobs until Ctrl-C
///
/// Takes jobs from the same database as the bot, in fair order, and gives the job at hand back
/// when it is stopped. With a PostgreSQL database several machines share one queue; the atlas and
/// the import folder must then be the same for all of them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage worker --jobs 2\n\n\
    The first Ctrl-C ends it in order, the second at once. A worker that is killed loses nothing: \
    its job is begun again by another.")]
pub(crate) struct Arguments {
    /// How many jobs to work on at one time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let store = Store::open(&config.database).await?;
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let engine = runtime::start_engine(config)?;
    let jobs = Jobs::new(store.clone(), config.work.limits);
    if let Some(address) = config.work.metrics {
        metrics::serve(address, engine.metrics(), jobs.clone(), cancel.clone()).await?;
    }
    let runner = Library::new(config.atlas_uri.clone(), engine)
        .with_pictures(store.clone(), runtime::checks(config)?);
    let mut workers = workers::hire(&jobs, &runner, usize::from(arguments.jobs), &cancel);
    output::print("Working. Ctrl-C stops it.\n")?;
    tokio::select! {
        () = cancel.cancelled() => {}
        Some(ended) = workers.join_next() => {
            cancel.cancel();
            workers::dismiss(&mut workers).await;
            ended.map_err(|error| Failure::Unexpected(error.into()))??;
        }
    }
    workers::dismiss(&mut workers).await;
    store.close().await;
    Ok(Exit::Done)
}
