//! `mirage atlas`: the starter atlas, and what the atlas holds.

use clap::Subcommand;
use mirage::atlas::{Field, starter};
use mirage::config::Config;
use mirage_models::resolver::Resolver;
use serde_json::json;

use super::{Ending, ingest, print, print_json, progress};
use crate::runtime;

/// Subcommands of `mirage atlas`.
#[derive(Debug, Subcommand)]
pub(super) enum AtlasCommand {
    /// Make the starter atlas from Python packages, which are fetched; done before, it changes nothing
    Starter {
        /// Look at every entry again, also when the atlas is current
        #[arg(long)]
        force: bool,
    },
    /// Tell what the atlas holds, for instance: mirage atlas info --json
    Info {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl AtlasCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        match self {
            Self::Starter { force } => build_starter(config, force).await,
            Self::Info { json } => info(config, json).await,
        }
    }
}

async fn build_starter(config: &Config, force: bool) -> anyhow::Result<Ending> {
    let atlas = runtime::open_or_create_atlas(config).await?;
    if !force && starter::is_current(&atlas).await? {
        print(&format!(
            "The starter atlas is there: {} entries.",
            atlas.catalogue().await?.len()
        ))?;
        return Ok(Ending::Done);
    }
    let packages = starter::packages()?;
    progress::ensure(&Resolver::new(config.packages()), &packages, "packages").await?;
    let bar = progress::bar(Some(starter::size()?), "starter atlas");
    let cancel = progress::stop_on_interrupt();
    let report = starter::build(&atlas, &config.packages(), &cancel, progress::follow(&bar)).await;
    bar.finish_and_clear();
    let report = report?;
    print(&ingest::summary(&report))?;
    Ok(if report.refused.is_empty() {
        Ending::Done
    } else {
        Ending::Negative
    })
}

async fn info(config: &Config, json: bool) -> anyhow::Result<Ending> {
    let atlas = runtime::open_atlas(config).await?;
    let catalogue = atlas.catalogue().await?;
    let version = atlas.version().await?;
    if json {
        let facets: serde_json::Map<String, serde_json::Value> = Field::ALL
            .into_iter()
            .map(|field| (field.to_string(), json!(catalogue.facet(field))))
            .collect();
        print_json(&json!({
            "uri": config.atlas_uri,
            "version": version,
            "encoder": atlas.encoder_identity(),
            "entries": catalogue.len(),
            "facets": facets,
        }))?;
        return Ok(Ending::Done);
    }
    let mut text = format!(
        "{}: {} entries, version {version}, encoder {}\n",
        config.atlas_uri,
        catalogue.len(),
        atlas.encoder_identity()
    );
    for field in Field::ALL {
        text.push_str(&format!("\n{field}\n"));
        for facet in catalogue.facet(field).iter().take(15) {
            text.push_str(&format!("  {:>6}  {}\n", facet.count, facet.value));
        }
    }
    print(&text)?;
    Ok(Ending::Done)
}
