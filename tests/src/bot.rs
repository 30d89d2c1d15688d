//! A bot that runs in the test's process against a local server, with a database of its own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mirage::atlas::Atlas;
use mirage::config::Secret;
use mirage::jobs::{self, Jobs, Library, Pace};
use mirage::store::jobs::Limits;
use mirage::store::{Held, Store, StoreError};
use mirage_commands::slash::{self, Settings, StartError, Writer};
use mirage_playground::{Options, Server};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::SOON;

/// The real bot, the local server, and the folder of the bot's database.
pub struct Bot {
    /// The server that the bot is connected to.
    pub server: Arc<Server>,
    folder: TempDir,
    atlas_uri: String,
    /// Whether the bot works on long jobs itself, from its next start on.
    pub works: bool,
    /// Words explanations; nothing does unless a test puts a model in.
    pub writer: Writer,
    /// Whether its engine is the one that makes pictures ([`crate::drawing_engine`]), from its next
    /// start on. Its atlas must be of the same encoders.
    pub draws: bool,
    running: Option<Running>,
}

struct Running {
    cancel: CancellationToken,
    task: JoinHandle<Result<(), StartError>>,
    worker: Option<JoinHandle<Result<(), StoreError>>>,
    store: Store,
    _lock: Held,
}

impl Bot {
    /// Starts a server and a bot on the starter atlas, and waits until the commands are there.
    ///
    /// # Errors
    /// The bot did not get ready.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// The same on a server with other options.
    ///
    /// # Errors
    /// The bot did not get ready.
    pub async fn start_with(options: Options) -> Result<Self> {
        Self::start_on(crate::starter_atlas_uri().await?, options).await
    }

    /// The same on another atlas, which exists.
    ///
    /// # Errors
    /// The bot did not get ready.
    pub async fn start_on(atlas_uri: &str, options: Options) -> Result<Self> {
        let mut bot = Self::prepared(atlas_uri, options).await?;
        bot.run().await?;
        Ok(bot)
    }

    /// A server, and a bot that does not run yet.
    ///
    /// # Errors
    /// The server did not start.
    pub async fn prepared(atlas_uri: &str, options: Options) -> Result<Self> {
        let bot = Self {
            server: Arc::new(Server::start(options).await?),
            folder: tempfile::tempdir()?,
            atlas_uri: atlas_uri.to_owned(),
            works: true,
            writer: Writer::default(),
            draws: false,
            running: None,
        };
        std::fs::create_dir_all(bot.imports())?;
        Ok(bot)
    }

    /// Path of the bot's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("mirage.sqlite")
    }

    /// Folder that a tutor may import from.
    pub fn imports(&self) -> PathBuf {
        self.folder.path().join("imports")
    }

    /// The bot's store, while it runs.
    ///
    /// # Errors
    /// It doesn't run.
    pub fn store(&self) -> Result<&Store> {
        let running = self.running.as_ref().context("the bot doesn't run")?;
        Ok(&running.store)
    }

    /// Starts the bot again on the same database.
    ///
    /// # Errors
    /// It runs already, or did not get ready.
    pub async fn run(&mut self) -> Result<()> {
        if self.running.is_some() {
            bail!("the bot runs already");
        }
        self.running = Some(Running::start(self).await?);
        self.server.wait_for_bot(SOON).await?;
        self.server.wait_for_commands(SOON).await?;
        Ok(())
    }

    /// Asks the bot to end, and waits for it.
    ///
    /// # Errors
    /// It ended with an error, or not in time.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        running.cancel.cancel();
        tokio::time::timeout(SOON, running.task)
            .await
            .context("the bot did not end")???;
        if let Some(worker) = running.worker {
            tokio::time::timeout(SOON, worker)
                .await
                .context("the worker did not end")???;
        }
        running.store.close().await;
        Ok(())
    }

    /// Ends the bot and checks that the server understood everything that it sent.
    ///
    /// # Errors
    /// The server lacked a route or refused a body; the message holds the transcript.
    pub async fn finish(mut self) -> Result<()> {
        self.stop().await?;
        self.server.assert_clean()?;
        Ok(())
    }
}

impl Running {
    async fn start(bot: &Bot) -> Result<Self> {
        let store = Store::open(&*bot.database()).await?;
        let lock = store.lock_for_bot().await?;
        let settings = Settings {
            token: Secret::new(bot.server.bot_token()),
            discord_url: Some(bot.server.base_url().parse()?),
            guild: None,
            imports: bot.imports(),
            writer: bot.writer.clone(),
        };
        let engine = if bot.draws {
            crate::drawing_engine().await?
        } else {
            crate::engine().await?
        };
        let atlas = Atlas::open(&bot.atlas_uri, engine.clone()).await?;
        let cancel = CancellationToken::new();
        let jobs = Jobs::new(store.clone(), Limits::default());
        let mut runner = Library::new(bot.atlas_uri.clone(), engine);
        if bot.draws {
            runner = runner.with_pictures(store.clone(), crate::checks().await?);
        }
        let runner = Arc::new(runner);
        let worker = bot.works.then(|| {
            let work = jobs::work(jobs.clone(), runner, Pace::default(), cancel.clone());
            tokio::spawn(work)
        });
        let (ready, is_ready) = oneshot::channel();
        let task = tokio::spawn(slash::run(
            atlas,
            jobs,
            settings,
            cancel.clone(),
            move || {
                // The test may have given up by then.
                let _ = ready.send(());
            },
        ));
        let mut running = Self {
            cancel,
            task,
            worker,
            store,
            _lock: lock,
        };
        tokio::select! {
            ready = tokio::time::timeout(SOON, is_ready) => {
                ready.context("the bot did not get ready")?.context("the bot ended at once")?;
            }
            ended = &mut running.task => {
                ended??;
                bail!("the bot ended before it was ready");
            }
        }
        Ok(running)
    }
}
