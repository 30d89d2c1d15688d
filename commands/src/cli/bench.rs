//! `mirage bench`: speed on this machine, as medians and ratios of one run.

mod find;
mod local_discord;

use clap::Subcommand;
use mirage::config::Config;

use super::Ending;

/// Subcommands of `mirage bench`.
#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Time /find from interaction to final reply through the local Discord server, beside the
    /// same searches in process
    Find(find::Find),
}

impl Bench {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        match self {
            Self::Find(find) => find.run(config).await,
        }
    }
}
