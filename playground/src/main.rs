//! The `playground` command: starts the server, prints the page's address and stays until it is
//! told to stop. All else is in the library.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use mirage_playground::{NOTICE, Options, Server};
use tracing_subscriber::EnvFilter;

/// A local stand-in for Discord, for trying a bot. It is not Discord.
#[derive(Debug, Parser)]
#[command(name = "playground", version)]
struct Arguments {
    /// Loopback address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Write the bot token of this run to this file, readable by you alone
    #[arg(long, value_name = "PATH")]
    bot_token_file: Option<PathBuf>,
    /// Write the page token of this run to this file, readable by you alone
    #[arg(long, value_name = "PATH")]
    page_token_file: Option<PathBuf>,
    /// Name of the bot's user
    #[arg(long, default_value = "Practice Bot")]
    bot_name: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let options = Options {
        listen: arguments.listen,
        bot_name: arguments.bot_name,
        ..Options::default()
    };
    let server = Server::start(options).await?;
    if let Some(path) = &arguments.bot_token_file {
        write_secret(path, server.bot_token())?;
    }
    if let Some(path) = &arguments.page_token_file {
        write_secret(path, server.page_token())?;
    }
    eprintln!("{NOTICE}");
    // The one line on standard output, for people and for scripts. The address holds the page's
    // token by design: it opens the page in this person's browser.
    println!("{}", server.page_url());
    std::io::stdout().flush()?;
    stop_signal().await?;
    server.shutdown().await;
    Ok(())
}

/// Writes a secret that only its owner can read, replacing what was there in one step.
fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    // A left-over of a crash may have other rights.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&temporary)?.write_all(secret.as_bytes())?;
    std::fs::rename(temporary, path)
}

#[cfg(unix)]
async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
