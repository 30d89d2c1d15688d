//! `mirage queue`: the long jobs, from the shell: look, add, cancel.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mirage::atlas::readers::Layout;
use mirage::atlas::usable_name;
use mirage::config::Config;
use mirage::engine::Caller;
use mirage::jobs::{Cancelled, Import, JobRequest, Jobs, Progress, roughly};
use mirage::store::Store;
use mirage::store::jobs::{Job, JobId, Standing, State};
use mirage_models::text_encoder;
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text::clean;
use crate::runtime;

/// Ended jobs that are listed.
const ENDED: u32 = 10;

/// Look at the queue of long jobs, add to it, cancel
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArguments),
    Add(AddArguments),
    Cancel(CancelArguments),
}

/// List the jobs that run, those that wait in their order, and the latest that ended
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage queue list --json")]
struct ListArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Add a job for the bot or a worker to do
#[derive(Debug, Args)]
struct AddArguments {
    #[command(subcommand)]
    job: NewJob,
}

#[derive(Debug, Subcommand)]
enum NewJob {
    Import(ImportArguments),
    ReEmbed(ReEmbedArguments),
}

/// Add a collection of captioned pictures to the atlas, as `mirage ingest` does
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage queue add import my-pictures/ --licence CC0-1.0")]
struct ImportArguments {
    /// A folder or a file
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The layout: captions, roco, medpix, parquet or tar-jsonl
    #[arg(long)]
    layout: Option<Layout>,
    /// Name of the collection (default: the folder's or file's)
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// Licence of the rows that name none
    #[arg(long, alias = "license")]
    licence: Option<String>,
    /// Source of the rows that name none
    #[arg(long)]
    source: Option<String>,
    /// Modality of the rows that name none
    #[arg(long)]
    modality: Option<String>,
}

/// Make all vectors of the atlas anew with the configured encoder
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage queue add re-embed")]
struct ReEmbedArguments {}

/// Cancel a job that waits or runs
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage queue cancel 12\n\n\
    Exit codes: 0 cancelled, or asked to stop; 1 it had ended, or there is none.")]
struct CancelArguments {
    /// The job's number
    #[arg(value_name = "JOB", value_parser = number)]
    job: JobId,
}

fn number(text: &str) -> Result<JobId, String> {
    JobId::parse(text).ok_or_else(|| "a job's number is 1 or more".to_owned())
}

/// A job for programs.
#[derive(Serialize)]
struct Told<'a> {
    id: JobId,
    kind: &'a str,
    title: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let store = Store::open(&config.database).await?;
    let jobs = Jobs::new(store.clone(), config.work.limits);
    let done = match &arguments.action {
        Action::List(arguments) => list(arguments, &jobs).await,
        Action::Add(arguments) => add(&arguments.job, &jobs, config).await,
        Action::Cancel(arguments) => cancel(arguments.job, &jobs).await,
    };
    store.close().await;
    done
}

async fn list(arguments: &ListArguments, jobs: &Jobs) -> Result<Exit, Failure> {
    let overview = jobs.overview().await?;
    let ended = jobs.store().ended_jobs(ENDED).await?;
    let open = overview.jobs.iter().map(|(job, place)| told(job, *place));
    let all: Vec<Told<'_>> = open
        .chain(ended.iter().map(|job| told(job, None)))
        .collect();
    if arguments.json {
        output::print_json(&all)?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        output::print("The queue is empty.\n")?;
        return Ok(Exit::Done);
    }
    let text: String = all.iter().map(line).collect();
    output::print(&text)?;
    Ok(Exit::Done)
}

fn told(job: &Job, place: Option<Standing>) -> Told<'_> {
    let progress = Progress::from_stored(job.progress.as_deref());
    Told {
        id: job.id,
        kind: &job.kind,
        title: &job.title,
        state: match job.state {
            State::Open if job.is_stopping => "stopping",
            State::Open if job.is_claimed => "running",
            State::Open => "queued",
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        },
        ahead: place.map(|place| place.ahead),
        wait_seconds: place.map(|place| place.wait.as_secs_f64()),
        progress: job.is_claimed.then_some(progress),
        outcome: job.outcome.as_deref().filter(|_| job.state != State::Open),
    }
}

fn line(job: &Told<'_>) -> String {
    let mut line = format!(
        "{:>5}  {:<9}  {}",
        job.id.to_string(),
        job.state,
        clean(job.title)
    );
    if let Some(seconds) = job.wait_seconds {
        let wait = roughly(std::time::Duration::from_secs_f64(seconds));
        line.push_str(&format!(
            ", {} before it, {wait}",
            job.ahead.unwrap_or_default()
        ));
    }
    if let Some(percent) = job.progress.as_ref().and_then(Progress::percent) {
        line.push_str(&format!(", {percent} %"));
    }
    if let Some(outcome) = job.outcome {
        line.push_str(&format!(": {}", clean(outcome)));
    }
    line.push('\n');
    line
}

async fn add(job: &NewJob, jobs: &Jobs, config: &Config) -> Result<Exit, Failure> {
    let request = match job {
        NewJob::Import(arguments) => {
            let import = import(arguments)?.looked_at().await;
            JobRequest::Import(import.map_err(Failure::user)?)
        }
        NewJob::ReEmbed(_) => JobRequest::ReEmbed {
            entries: entries(config).await,
            encoder: text_encoder::identity(&runtime::manifest(config, &config.profile)?),
        },
    };
    let id = jobs.enqueue(&request, Caller::LOCAL, None).await?;
    let hint = match jobs.store().workers().await? {
        0 => " No worker runs; start one with `mirage worker` or `mirage bot`.",
        _ => "",
    };
    output::print(&format!(
        "Job {id} is queued: {}.{hint}\n",
        clean(&request.title())
    ))?;
    Ok(Exit::Done)
}

fn import(arguments: &ImportArguments) -> Result<Import, Failure> {
    // The worker may run elsewhere in the tree of folders.
    let path = std::path::absolute(&arguments.path)
        .ok()
        .filter(|path| path.exists());
    let path = path.ok_or_else(|| {
        Failure::argument(format!("There is nothing at {}.", arguments.path.display()))
    })?;
    let name = match &arguments.collection {
        Some(name) => name.clone(),
        None => usable_name(&path.file_stem().unwrap_or_default().to_string_lossy()),
    };
    Ok(Import {
        collection: super::ingest::checked_name(&name)?,
        path,
        layout: arguments.layout.map(|layout| layout.name().to_owned()),
        licence: arguments.licence.clone(),
        source: arguments.source.clone(),
        modality: arguments.modality.clone(),
        rows: None,
    })
}

/// How many entries there are, for the estimate; none if the atlas needs the very job to be read.
async fn entries(config: &Config) -> u64 {
    match runtime::open_atlas(config).await {
        Ok(atlas) => atlas
            .catalogue()
            .await
            .map_or(0, |catalogue| catalogue.len() as u64),
        Err(_) => 0,
    }
}

async fn cancel(id: JobId, jobs: &Jobs) -> Result<Exit, Failure> {
    let (sentence, exit) = match jobs.cancel(id, "Cancelled from the shell.").await? {
        Cancelled::Waiting => (format!("Job {id} is cancelled."), Exit::Done),
        Cancelled::Running => (format!("Job {id} stops at its next step."), Exit::Done),
        Cancelled::Ended(_) => (format!("Job {id} had ended before."), Exit::No),
        Cancelled::Unknown => (format!("There is no job {id}."), Exit::No),
    };
    output::print(&format!("{sentence}\n"))?;
    Ok(exit)
}
