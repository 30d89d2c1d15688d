//! `mirage ingest`: a collection of captioned pictures into the atlas.

use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::ingest::{Report, ingest};
use mirage::atlas::readers::{self, Defaults, Layout};
use mirage::config::Config;
use mirage_models::resolver::fetch_dataset_parquet;

use super::{Ending, WrongUse, print, print_json, progress};
use crate::runtime;

/// How many reasons are printed; the rest is counted.
const REASONS: usize = 10;

/// Arguments of `mirage ingest`.
#[derive(Debug, Args)]
pub(super) struct Ingest {
    /// Folder or file, or owner/name of a data set on the Hugging Face hub
    collection: String,
    /// Layout: captions, roco, medpix, parquet or tar-jsonl (default: recognised)
    #[arg(long)]
    layout: Option<Layout>,
    /// Name of the collection in the atlas (default: the folder's or file's)
    #[arg(long)]
    name: Option<String>,
    /// Licence of rows that name none
    #[arg(long)]
    licence: Option<String>,
    /// Source of rows that name none
    #[arg(long)]
    source: Option<String>,
    /// Modality of rows that name none
    #[arg(long)]
    modality: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Ingest {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let path = self.path(config).await?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => collection_name(&path)?,
        };
        let layout = match self.layout {
            Some(layout) => layout,
            None => readers::detect(&path)?,
        };
        let defaults = Defaults {
            licence: self.licence,
            source: self.source,
            modality: self.modality,
        };
        let (rows, count) = readers::open(&path, layout, &defaults)?;
        let atlas = runtime::open_or_create_atlas(config).await?;
        let bar = progress::bar(count, &name);
        let cancel = progress::stop_on_interrupt();
        let report = ingest(&atlas, &name, rows, &cancel, progress::follow(&bar)).await;
        bar.finish_and_clear();
        let report = report?;
        if self.json {
            print_json(&report)?;
        } else {
            print(&summary(&report))?;
        }
        let useless = report.read > 0 && report.refused.len() as u64 == report.read;
        Ok(if useless {
            Ending::Negative
        } else {
            Ending::Done
        })
    }

    /// The folder or file to read; a hub's data set is fetched first.
    async fn path(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let path = PathBuf::from(&self.collection);
        let is_hub_id = !path.exists()
            && self
                .collection
                .split('/')
                .filter(|part| !part.is_empty())
                .count()
                == 2
            && !self.collection.starts_with(['/', '.']);
        if !is_hub_id {
            return Ok(path);
        }
        let folder = config
            .cache
            .join("datasets")
            .join(self.collection.replace('/', "--"));
        let bar = progress::bar(None, &self.collection);
        let fetched = fetch_dataset_parquet(&self.collection, &folder, |shard| {
            bar.set_message(shard.to_owned());
            bar.inc(1);
        });
        let fetched = fetched.await;
        bar.finish_and_clear();
        fetched?;
        Ok(folder)
    }
}

/// The folder's or file's own name, as far as it can name a collection.
fn collection_name(path: &Path) -> Result<String, WrongUse> {
    let name = std::fs::canonicalize(path)
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    name.ok_or_else(|| WrongUse(format!("There is no file or folder {}.", path.display())))
}

/// An ingest's report in words.
pub(super) fn summary(report: &Report) -> String {
    let mut text = format!(
        "{} rows read: {} added, {} updated, {} unchanged, {} duplicates, {} refused\n",
        report.read,
        report.added,
        report.updated,
        report.unchanged,
        report.duplicates.len(),
        report.refused.len(),
    );
    for (row, other) in report.duplicates.iter().take(REASONS) {
        text.push_str(&format!(
            "  {row} is left out: it shows the picture of {other}\n"
        ));
    }
    for (place, reason) in report.refused.iter().take(REASONS) {
        text.push_str(&format!("  {place}: {reason}\n"));
    }
    let told = report.refused.len().min(REASONS) + report.duplicates.len().min(REASONS);
    let rest = report.refused.len() + report.duplicates.len() - told;
    if rest > 0 {
        text.push_str(&format!("  and {rest} more (--json lists all)\n"));
    }
    if report.stopped {
        text.push_str("Stopped. The same command goes on from here.\n");
    }
    text
}
