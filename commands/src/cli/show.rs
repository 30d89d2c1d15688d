//! `mirage show`: one entry whole, and its picture as a file.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use mirage::atlas::{AtlasError, EntryId};
use mirage::config::Config;

use super::{Ending, print_json};
use crate::runtime;

/// Arguments of `mirage show`.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The entry's name, as `mirage find` prints it
    id: String,
    /// Write the picture (JPEG) to this file
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Show {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let atlas = runtime::open_atlas(config).await?;
        let id = EntryId::from_stored(self.id.as_str());
        let missing = || AtlasError::NoSuchEntry {
            id: self.id.clone(),
        };
        let entry = atlas.entry(&id).await?.ok_or_else(missing)?;
        print_json(&entry)?;
        if let Some(path) = &self.out {
            let pictures = atlas.pictures(std::slice::from_ref(&id)).await?;
            let (_, picture) = pictures.into_iter().next().ok_or_else(missing)?;
            std::fs::write(path, picture)
                .with_context(|| format!("{} can't be written.", path.display()))?;
        }
        Ok(Ending::Done)
    }
}
