//! The local server as a program of its own, as a person would start it. It ends with the value.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mirage::config::Secret;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with the tokens of its run.
pub(super) struct Playground {
    /// Where it listens.
    pub(super) address: Url,
    /// What the bot signs in with.
    pub(super) bot_token: Secret,
    /// What the page's interface asks for.
    pub(super) page_token: Secret,
    /// Ended when it is dropped.
    _program: Child,
}

impl Playground {
    /// Starts it on a free port, with the bot's token in a file in that folder.
    ///
    /// # Errors
    /// It doesn't start, or doesn't tell its address in time.
    pub(super) async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let token_file = folder.join("bot-token");
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--bot-token-file"])
            .arg(&token_file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let output = child
            .stdout
            .take()
            .context("the playground has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .context("the playground did not start in time")??
            .context("the playground ended at once")?;
        let (address, page_token) = read_address(&line)?;
        // It is written before the address is told.
        let bot_token = std::fs::read_to_string(&token_file)
            .context("the playground wrote no token for the bot")?;
        Ok(Self {
            address,
            bot_token: Secret::new(&bot_token),
            page_token,
            _program: child,
        })
    }
}

/// Takes the page's address apart: the server, and the token of its interface.
fn read_address(line: &str) -> Result<(Url, Secret)> {
    // The line holds a token, so it is not quoted.
    let mut address = Url::parse(line.trim()).context("the playground told no address")?;
    let token = address
        .fragment()
        .and_then(|fragment| fragment.strip_prefix("token="))
        .map(Secret::new)
        .context("the playground told no token for its page")?;
    address.set_fragment(None);
    address.set_path("/");
    Ok((address, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_apart() {
        let line = "http://127.0.0.1:4321/playground/#token=abc\n";
        let (address, token) = read_address(line).expect("an address");
        assert_eq!(address.as_str(), "http://127.0.0.1:4321/");
        assert_eq!(token.expose(), "abc");
        let error = read_address("http://127.0.0.1:4321/playground/").expect_err("no token");
        assert!(error.to_string().contains("no token"), "{error}");
        assert!(read_address("listening").is_err());
    }
}
