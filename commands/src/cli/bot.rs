//! `mirage bot`: the Discord bot as a process, from start to an orderly end.

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use mirage::config::Config;
use mirage::store::Store;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Ending, WrongUse, print};
use crate::runtime;
use crate::slash::{self, Settings};

/// How long an orderly end may take before the process ends anyway.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `mirage bot`.
#[derive(Debug, Args)]
pub(super) struct Bot {
    /// Base URL of a Discord-compatible server, for instance http://127.0.0.1:7878
    #[arg(long)]
    discord_url: Option<Url>,
}

impl Bot {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let started = Instant::now();
        let token = config.discord_token.clone().ok_or_else(|| {
            WrongUse("There is no token. Set DISCORD_TOKEN or DISCORD_TOKEN_FILE.".to_owned())
        })?;
        let settings = Settings {
            token,
            discord_url: self.discord_url.or_else(|| config.discord_url.clone()),
            guild: config.guild,
        };
        let store = Store::open(&config.database).await?;
        let _lock = store.lock_for_bot()?;
        let atlas = runtime::open_atlas(&config).await?;
        // The first query must not pay for what is loaded lazily.
        atlas.warm().await?;
        let cancel = CancellationToken::new();
        tokio::spawn(end_on_signal(cancel.clone()));
        let ready = move || {
            let seconds = started.elapsed().as_secs_f32();
            let line = match runtime::resident_megabytes() {
                Some(megabytes) => format!("Ready after {seconds:.1} s, {megabytes} MB resident"),
                None => format!("Ready after {seconds:.1} s"),
            };
            // Nobody may be reading; the bot goes on.
            if let Err(error) = print(&line) {
                tracing::debug!(%error, "the ready line was not printed");
            }
        };
        slash::run(atlas, store.clone(), settings, cancel, ready).await?;
        store.close().await;
        Ok(Ending::Done)
    }
}

/// The first signal asks for an orderly end, the second one (or a long wait) ends the process.
async fn end_on_signal(cancel: CancellationToken) {
    if let Err(error) = signal().await {
        tracing::warn!(%error, "signals are not watched");
        return;
    }
    tracing::info!("ending; a second signal ends at once");
    cancel.cancel();
    let _ = tokio::time::timeout(PATIENCE, signal()).await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("Ctrl-C")
}
