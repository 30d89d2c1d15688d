//! `mirage bot`: runs the Discord side until it is told to stop. What it does there is in
//! [`crate::slash`].

use std::time::{Duration, Instant};

use clap::Args;
use mirage::atlas::Atlas;
use mirage::config::Config;
use mirage::engine::Engine;
use mirage::jobs::{Jobs, Library};
use mirage::store::Store;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Exit;
use super::failure::Failure;
use super::interrupt;
use super::output;
use crate::metrics;
use crate::runtime::{self, OpenError};
use crate::slash::{self, Settings, Writer};
use crate::workers;

/// How long an orderly end may take.
const GRACE: Duration = Duration::from_secs(10);
/// How long the database may take to be closed.
const CLOSING: Duration = Duration::from_secs(2);

/// Run the Discord bot until Ctrl-C
///
/// The token comes from DISCORD_TOKEN_FILE or DISCORD_TOKEN. One line that begins with "Ready"
/// is printed when the bot answers.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage bot --discord-url http://127.0.0.1:7878\n\n\
    The first Ctrl-C ends it in order, within 10 s; the second at once."
)]
pub(crate) struct Arguments {
    /// Address of a Discord-compatible server (default: MIRAGE_DISCORD_URL, else Discord)
    #[arg(long, value_name = "URL", value_parser = server)]
    discord_url: Option<Url>,
}

/// The rule of `MIRAGE_DISCORD_URL`.
fn server(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is not an address ({error})"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err("give an http or https address".to_owned())
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut settings = settings(arguments, config)?;
    let store = Store::open(&config.database).await?;
    let _lock = store.lock_for_bot().await?;
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let engine = runtime::start_engine(config)?;
    let opening = open(config, engine.clone());
    let atlas =
        interrupt::unless_stopped(&cancel, "Stopped before it was ready.", opening).await??;
    settings.writer = load_writer(config);
    let jobs = Jobs::new(store.clone(), config.work.limits);
    if let Some(address) = config.work.metrics {
        metrics::serve(address, engine.metrics(), jobs.clone(), cancel.clone()).await?;
    }
    let runner = Library::new(config.atlas_uri.clone(), engine)
        .with_pictures(store.clone(), runtime::checks(config)?);
    let mut workers = workers::hire(&jobs, &runner, config.work.bot_workers, &cancel);
    let ready = move || announce(started);
    let bot = slash::run(atlas, jobs, settings, cancel.clone(), ready);
    let ended = tokio::select! {
        ended = bot => ended,
        () = overdue(&cancel) => {
            tracing::warn!("the bot did not end within {} s and was dropped", GRACE.as_secs());
            Ok(())
        }
    };
    cancel.cancel();
    workers::dismiss(&mut workers).await;
    // What is dropped above may still hold a connection.
    if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        tracing::warn!("the database was not closed in time; it recovers by itself");
    }
    ended?;
    Ok(Exit::Done)
}

/// Opens the atlas and loads what the first question would wait for.
async fn open(config: &Config, engine: Engine) -> Result<Atlas, OpenError> {
    let atlas = runtime::open_atlas_with(config, engine).await?;
    if config.work.warm
        && let Err(error) = atlas.warm().await
    {
        // An atlas that is still empty is no reason to stay away.
        tracing::warn!(%error, "the first answer may be slow");
    }
    Ok(atlas)
}

/// Loads the language model beside everything else: until it is there, and where it can't be
/// loaded, explanations are in their sources' own words.
fn load_writer(config: &Config) -> Writer {
    let writer = Writer::default();
    let (config, loaded) = (config.clone(), writer.clone());
    // A thread of its own: the end of the program waits for none.
    std::thread::spawn(move || match runtime::language_model(&config) {
        Ok(Some(model)) => loaded.set(model),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "explanations are in their sources' own words"),
    });
    writer
}

fn settings(arguments: &Arguments, config: &Config) -> Result<Settings, Failure> {
    let token = config.discord_token()?;
    let token = token.ok_or_else(|| {
        Failure::user(
            "No bot token is set. Write it to a file and set DISCORD_TOKEN_FILE to that file's \
             path.",
        )
    })?;
    let discord_url = arguments
        .discord_url
        .clone()
        .or_else(|| config.discord_url.clone());
    Ok(Settings {
        token,
        discord_url,
        guild: config.guild,
        imports: config.work.imports.clone(),
        writer: Writer::default(),
    })
}

/// Comes when a stop was asked for and the time for it is over.
async fn overdue(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Prints the line that people and `cargo xtask demo` wait for.
fn announce(started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let memory = match runtime::resident_megabytes() {
        Some(megabytes) => format!("{megabytes} MB"),
        None => "unknown".to_owned(),
    };
    let line = format!("Ready in {seconds:.1} s (resident memory: {memory}). Ctrl-C stops it.\n");
    if output::print(&line).is_err() {
        tracing::info!("ready; standard output is closed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        assert!(server("http://127.0.0.1:7878").is_ok());
        for text in ["127.0.0.1:7878", "ftp://localhost", "nonsense", ""] {
            assert!(server(text).is_err(), "{text}");
        }
    }

    #[test]
    fn without_a_token_the_mend_is_told() {
        let config = |token: Option<&str>| {
            Config::from_lookup(|name| match name {
                "MIRAGE_HOME" => Some("m".to_owned()),
                "DISCORD_TOKEN" => token.map(str::to_owned),
                _ => None,
            })
            .expect("valid")
        };
        let arguments = Arguments { discord_url: None };
        let failure = settings(&arguments, &config(None)).expect_err("no token");
        assert!(matches!(&failure, Failure::User(error)
            if error.to_string().contains("DISCORD_TOKEN_FILE")));
        assert!(settings(&arguments, &config(Some("abc"))).is_ok());
    }
}
