//! `mirage ingest`: a collection of captioned pictures into the atlas, from a folder, a file or a
//! data set of the Hugging Face hub. Reading layouts and writing entries is the library's.

use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::ingest::{Report, ingest};
use mirage::atlas::readers::{self, Defaults, Layout};
use mirage::atlas::{Atlas, check_name, usable_name};
use mirage::config::Config;
use mirage::engine::{Caller, Lane};
use mirage_models::resolver::fetch_dataset_parquet;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::failure::Failure;
use super::interrupt;
use super::output::{self, say};
use super::progress;
use super::report;
use super::text;
use crate::runtime;

/// Add a collection of captioned pictures to the atlas
///
/// What is there already is passed over, so it can be stopped and started again at any point.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage ingest my-pictures/ --licence CC0-1.0\n  \
    mirage ingest eltorio/ROCOv2-radiology --licence CC-BY-NC-SA-4.0\n\n\
    Layouts: captions (a CSV or JSONL table beside its pictures), roco, medpix, parquet, \
    tar-jsonl. Without --layout it is recognised.\n\
    Exit codes: 0 done; 1 every row was refused, or the collection can't be read; 2 an argument \
    or a setting can't be used; 3 anything else; 130 stopped."
)]
pub(crate) struct Arguments {
    /// A folder or a file, or a data set of the Hugging Face hub as OWNER/NAME
    #[arg(value_name = "PATH_OR_HUB_ID")]
    target: PathBuf,
    /// The layout: captions, roco, medpix, parquet or tar-jsonl
    #[arg(long)]
    layout: Option<Layout>,
    /// Name of the collection (default: the name of the folder or data set)
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
    /// Print the report as JSON, with all reasons
    #[arg(long)]
    json: bool,
}

/// A collection that is on this machine.
struct Collection {
    path: PathBuf,
    name: String,
    layout: Layout,
    defaults: Defaults,
}

/// The report for programs.
#[derive(Serialize)]
struct Told<'a> {
    collection: &'a str,
    layout: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let cancel = interrupt::watch("Stopping after this batch. Press Ctrl-C again to stop at once.");
    let collection = locate(arguments, config, &cancel).await?;
    let (rows, total) = readers::open(&collection.path, collection.layout, &collection.defaults)?;
    let engine = runtime::start_engine(config)?;
    let atlas = Atlas::open_or_create(&config.atlas_uri, engine)
        .await?
        .on_behalf_of(Caller::LOCAL, Lane::Batch);
    let rows_in_words = total.map_or_else(
        || "rows".to_owned(),
        |rows| text::count(rows, "row", "rows"),
    );
    say(&format!(
        "Reading {rows_in_words} of {} (layout {}) into the collection {}.",
        collection.path.display(),
        collection.layout,
        collection.name
    ));
    let outcome = {
        let bar = progress::Rows::new(total);
        ingest(&atlas, &collection.name, rows, &cancel, |report| {
            bar.show(report);
        })
        .await
    };
    let report = outcome.inspect_err(|_| say("What was stored before this stays."))?;
    if arguments.json {
        output::print_json(&Told {
            collection: &collection.name,
            layout: collection.layout.name(),
            report: &report,
        })?;
    } else {
        let text = report::describe(&collection.name, &report, text::columns());
        output::print(&text)?;
    }
    Ok(exit_of(&report))
}

fn exit_of(report: &Report) -> Exit {
    if report.stopped {
        Exit::Stopped
    } else if report::all_refused(report) {
        Exit::No
    } else {
        Exit::Done
    }
}

/// Finds the collection, and fetches it first where a hub's data set is meant.
async fn locate(
    arguments: &Arguments,
    config: &Config,
    cancel: &CancellationToken,
) -> Result<Collection, Failure> {
    let target = &arguments.target;
    let repository = hub_id(target).filter(|_| !target.exists());
    let name = match (&arguments.collection, repository) {
        (Some(name), _) => checked_name(name)?,
        (None, Some(repository)) => checked_name(&usable_name(repository))?,
        (None, None) => checked_name(&usable_name(&own_name(target)))?,
    };
    let mut defaults = Defaults {
        licence: arguments.licence.clone(),
        source: arguments.source.clone(),
        modality: arguments.modality.clone(),
    };
    let path = match repository {
        Some(repository) => {
            let source = format!("Hugging Face data set {repository}");
            defaults.source.get_or_insert(source);
            fetch(repository, config, cancel).await?
        }
        None => target.clone(),
    };
    let layout = match arguments.layout {
        Some(layout) => layout,
        None => readers::detect(&path)?,
    };
    Ok(Collection {
        path,
        name,
        layout,
        defaults,
    })
}

async fn fetch(
    repository: &str,
    config: &Config,
    cancel: &CancellationToken,
) -> Result<PathBuf, Failure> {
    let folder = config
        .cache
        .join("datasets")
        .join(repository.replace('/', "--"));
    say(&format!(
        "There is no folder {repository} here. Fetching the data set of that name from the \
         Hugging Face hub to {}.",
        folder.display()
    ));
    let waiting = progress::Waiting::new(format!("Asking for {repository}"));
    let fetching = fetch_dataset_parquet(repository, &folder, |shard| {
        waiting.message(format!("Fetching {shard}"));
    });
    let sentence = "Stopped. The files that arrived whole stay; run it again to go on.";
    interrupt::unless_stopped(cancel, sentence, fetching).await??;
    Ok(folder)
}

/// The path as `owner/name`, if it could be one.
fn hub_id(target: &Path) -> Option<&str> {
    let text = target.to_str()?;
    let (owner, name) = text.split_once('/')?;
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let is_part = |part: &str| {
        part.chars().all(allowed) && part.starts_with(|first: char| first.is_ascii_alphanumeric())
    };
    (is_part(owner) && is_part(name)).then_some(text)
}

/// The name of a folder, or of a file without its extension.
fn own_name(target: &Path) -> String {
    // `.` and `..` have a name only once they are resolved.
    let resolved = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let name = if resolved.is_dir() {
        resolved.file_name()
    } else {
        resolved.file_stem()
    };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

pub(super) fn checked_name(name: &str) -> Result<String, Failure> {
    match check_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(error) => Err(Failure::Argument(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_id_is_owner_and_name() {
        assert_eq!(
            hub_id(Path::new("eltorio/ROCOv2-radiology")),
            Some("eltorio/ROCOv2-radiology")
        );
        for path in [
            "data",
            "./data",
            "../data",
            "/data/roco",
            "a/b/c",
            "a/",
            "/a",
            "a/b c",
            "~/data",
        ] {
            assert_eq!(hub_id(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn the_exit_code_tells_what_became_of_the_rows() {
        let refused = vec![("line 1".to_owned(), "it is empty".to_owned())];
        let mut report = Report {
            read: 1,
            refused,
            ..Report::default()
        };
        assert_eq!(exit_of(&report), Exit::No);
        report.read = 2;
        assert_eq!(exit_of(&report), Exit::Done);
        report.stopped = true;
        assert_eq!(exit_of(&report), Exit::Stopped);
    }
}
