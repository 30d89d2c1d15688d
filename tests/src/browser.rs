//! A headless Chromium, driven through the standard WebDriver protocol by Debian's chromedriver.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

/// How long the page may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser window that closes when the value is dropped.
pub struct Browser {
    /// The session, for what this type has no word for.
    pub client: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of that size in pixels; `None` where no Chromium or driver is installed.
    ///
    /// # Errors
    /// The browser is there but doesn't start.
    pub async fn open(width: u32, height: u32) -> Result<Option<Self>> {
        let (Some(chromium), Some(chromedriver)) = (program("chromium"), program("chromedriver"))
        else {
            return Ok(None);
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let driver = Command::new(chromedriver)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver")?;
        let profile = tempfile::tempdir()?;
        let client = match connect(port, &chromium, profile.path(), width, height).await {
            Ok(client) => client,
            Err(error) => {
                end(driver);
                return Err(error);
            }
        };
        Ok(Some(Self {
            client,
            driver,
            _profile: profile,
        }))
    }

    /// Waits for an element and returns its text.
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(selector))
            .await;
        Ok(found
            .with_context(|| format!("no {selector}"))?
            .text()
            .await?)
    }

    /// Waits until at least `count` elements are there.
    ///
    /// # Errors
    /// There are fewer in the end.
    pub async fn wait_for(&self, selector: &str, count: usize) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.client.find_all(Locator::Css(selector)).await?.len();
            if found >= count {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{found} of {count} {selector}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Keeps a picture of the window among the artifacts of the tests.
    ///
    /// # Errors
    /// The picture can't be taken or written.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = artifacts();
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.client.screenshot().await?)?;
        Ok(path)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser with it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Where tests leave what a person may want to look at: `artifacts/` in the target folder.
pub fn artifacts() -> PathBuf {
    crate::material::target().join("artifacts")
}

async fn connect(
    port: u16,
    chromium: &Path,
    profile: &Path,
    width: u32,
    height: u32,
) -> Result<Client> {
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--hide-scrollbars",
            format!("--user-data-dir={}", profile.display()),
            format!("--window-size={width},{height}"),
        ],
    });
    let capabilities = json!({ "browserName": "chrome", "goog:chromeOptions": options });
    let capabilities = capabilities.as_object().cloned().unwrap_or_default();
    let address = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.clone());
        match builder.connect(&address).await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("the browser does not start");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

fn end(mut driver: Child) {
    let _ = driver.kill();
    let _ = driver.wait();
}

/// A program of the system, by its usual places.
fn program(name: &str) -> Option<PathBuf> {
    [
        "/usr/bin",
        "/usr/local/bin",
        "/snap/bin",
        "/opt/homebrew/bin",
    ]
    .into_iter()
    .map(|folder| Path::new(folder).join(name))
    .find(|path| path.exists())
}
