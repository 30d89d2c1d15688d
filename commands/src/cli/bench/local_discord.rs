//! The local Discord server as a process beside this one, driven as its page drives it. This crate
//! doesn't know the server's own: it asks over HTTP, as a browser would.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use url::Url;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends when the value is dropped.
pub(super) struct LocalDiscord {
    _server: Child,
    folder: Folder,
    url: Url,
    bot_token: String,
    page_token: String,
    client: reqwest::Client,
    place: OnceCell<Place>,
}

/// Who asks what and where.
struct Place {
    user: Value,
    channel: Value,
    command: Value,
}

impl LocalDiscord {
    /// Starts the `playground` program that lies beside this one.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("this program's place is not known")?;
        let program = own.with_file_name("playground");
        let folder = Folder::new()?;
        let (bot_file, page_file) = (folder.0.join("bot-token"), folder.0.join("page-token"));
        let mut server = Command::new(&program)
            .args(["--listen", "127.0.0.1:0", "--bot-token-file"])
            .arg(&bot_file)
            .arg("--page-token-file")
            .arg(&page_file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!(
                    "{} can't be started. Build the workspace first.",
                    program.display()
                )
            })?;
        let out = server.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .context("the server did not start")??;
        let mut url: Url = line.context("the server ended at once")?.parse()?;
        url.set_path("/");
        url.set_fragment(None);
        Ok(Self {
            bot_token: std::fs::read_to_string(&bot_file)?.trim().to_owned(),
            page_token: std::fs::read_to_string(&page_file)?.trim().to_owned(),
            _server: server,
            folder,
            url,
            client: reqwest::Client::new(),
            place: OnceCell::new(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.0
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn bot_token(&self) -> &str {
        &self.bot_token
    }

    /// Asks `/find` and returns the time until the final reply with its pictures.
    pub(super) async fn find(&self, query: &str) -> anyhow::Result<Duration> {
        let place = self.place.get_or_try_init(|| self.find_place()).await?;
        let mut since = self.events(u64::MAX).await?.0;
        let started = Instant::now();
        self.post(
            "interactions",
            &json!({
                "kind": "command",
                "user_id": place.user,
                "channel_id": place.channel,
                "command_id": place.command,
                "options": [{ "name": "query", "type": 3, "value": query }],
            }),
        )
        .await?;
        while started.elapsed() < PATIENCE {
            let (next, events) = self.events(since).await?;
            since = next;
            if events.iter().any(is_final) {
                return Ok(started.elapsed());
            }
        }
        bail!("/find {query} was not answered.")
    }

    async fn find_place(&self) -> anyhow::Result<Place> {
        let state = self.get("state").await?;
        let named = |list: &str, name: &str| {
            let entries = state[list].as_array().into_iter().flatten();
            entries
                .into_iter()
                .find(|entry| entry["name"] == name)
                .map(|entry| entry["id"].clone())
        };
        Ok(Place {
            user: state["users"][0]["id"].clone(),
            channel: state["channels"][0]["id"].clone(),
            command: named("commands", "find").context("the bot registered no /find")?,
        })
    }

    /// The events after `since` (with the largest number: none, and where they stand), long-polled.
    async fn events(&self, since: u64) -> anyhow::Result<(u64, Vec<Value>)> {
        let path = if since == u64::MAX {
            "events".to_owned()
        } else {
            format!("events?since={since}")
        };
        let answer = self.get(&path).await?;
        let next = answer["next"]
            .as_u64()
            .context("no number of the next event")?;
        Ok((
            next,
            answer["events"].as_array().cloned().unwrap_or_default(),
        ))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self
            .client
            .get(self.address(path)?)
            .header("x-playground-token", &self.page_token);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self
            .client
            .post(self.address(path)?)
            .header("x-playground-token", &self.page_token);
        Ok(request
            .json(body)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    fn address(&self, path: &str) -> anyhow::Result<Url> {
        Ok(self.url.join("playground/api/")?.join(path)?)
    }
}

/// A message that shows pictures and waits for nothing.
fn is_final(event: &Value) -> bool {
    let data = &event["data"];
    let message = event["type"] == "message_create" || event["type"] == "message_update";
    let pictures = data["attachments"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    message && pictures && data["playground"]["thinking"] == false
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("mirage-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays in the system's temporary folder is cleared by the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
