//! A bot that runs in the test's process against a local server, with a database of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mirage::config::Secret;
use mirage::store::{BotLock, Store};
use mirage_commands::slash::{self, Settings, StartError};
use mirage_playground::{Options, Server};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for anything.
pub const SOON: Duration = Duration::from_secs(30);

/// The real bot, the local server, and the folder of the bot's database.
pub struct Bot {
    /// The server that the bot is connected to.
    pub server: Arc<Server>,
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    cancel: CancellationToken,
    task: JoinHandle<Result<(), StartError>>,
    store: Store,
    _lock: BotLock,
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
        let server = Arc::new(Server::start(options).await?);
        let mut bot = Self {
            server,
            folder: tempfile::tempdir()?,
            running: None,
        };
        bot.run().await?;
        Ok(bot)
    }

    /// Path of the bot's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("mirage.sqlite")
    }

    /// Starts the bot again on the same database.
    ///
    /// # Errors
    /// It runs already, or did not get ready.
    pub async fn run(&mut self) -> Result<()> {
        if self.running.is_some() {
            bail!("the bot runs already");
        }
        let running = Running::start(&self.server, &self.database()).await?;
        self.running = Some(running);
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
    async fn start(server: &Server, database: &Path) -> Result<Self> {
        let store = Store::open(database).await?;
        let lock = store.lock_for_bot()?;
        let settings = Settings {
            token: Secret::new(server.bot_token()),
            discord_url: Some(server.base_url().parse()?),
            guild: None,
        };
        let atlas = crate::starter_atlas().await?;
        let cancel = CancellationToken::new();
        let (ready, is_ready) = oneshot::channel();
        let task = tokio::spawn(slash::run(
            atlas,
            store.clone(),
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
