//! The doctor's checks, each with its mend. None changes anything but what opening a file does.

use std::time::Duration;

use mirage::atlas::AtlasError;
use mirage::config::Config;
use mirage::store::Store;
use mirage_models::resolver::FileState;
use tokio::process::Command;

use super::Finding;
use crate::runtime;

/// Memory that the bot with the starter profile needs beside others, in megabytes.
const MEMORY: u64 = 1_000;
/// Disk that weights, packages and the starter atlas need, in megabytes.
const DISK: u64 = 600;
/// How long Discord may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the vector instructions that the build uses are there, and used.
pub(super) fn processor() -> Finding {
    let subject = "processor";
    #[cfg(target_arch = "x86_64")]
    {
        let has = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        return match (
            has,
            cfg!(all(target_feature = "avx2", target_feature = "fma")),
        ) {
            (true, true) => {
                Finding::fine(subject, "AVX2 and FMA are there, and this build uses them.")
            }
            (true, false) => Finding::warning(
                subject,
                "AVX2 and FMA are there, but this build doesn't use them.",
                "Build inside the repository: .cargo/config.toml asks for them.",
            ),
            // A build that uses them would have stopped before it got here.
            (false, _) => Finding::warning(
                subject,
                "The processor lacks AVX2 or FMA; embedding is slow.",
                "Use a processor of the x86-64-v3 level.",
            ),
        };
    }
    #[cfg(not(target_arch = "x86_64"))]
    Finding::fine(
        subject,
        format!("{} with its baseline instructions.", std::env::consts::ARCH),
    )
}

pub(super) fn memory() -> Finding {
    let subject = "memory";
    let available = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("MemAvailable:"))?;
            line.trim()
                .trim_end_matches("kB")
                .trim()
                .parse::<u64>()
                .ok()
        });
    match available.map(|kilobytes| kilobytes * 1024 / 1_000_000) {
        None => Finding::warning(
            subject,
            "The free memory is not known here.",
            "Keep 1 GB free.",
        ),
        Some(free) if free < MEMORY => Finding::problem(
            subject,
            format!("{free} MB are free; {MEMORY} MB are needed."),
            "End other programs, or use a larger machine.",
        ),
        Some(free) => Finding::fine(subject, format!("{free} MB are free.")),
    }
}

pub(super) fn disk(config: &Config) -> Finding {
    let subject = "disk";
    // The folder may not be there yet; its disk is that of the nearest one above.
    let folder = config.data.ancestors().find(|folder| folder.exists());
    let output = folder.and_then(|folder| {
        std::process::Command::new("df")
            .arg("-Pk")
            .arg(folder)
            .output()
            .ok()
    });
    let free = output.and_then(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let kilobytes: u64 = text
            .lines()
            .nth(1)?
            .split_whitespace()
            .nth(3)?
            .parse()
            .ok()?;
        Some(kilobytes * 1024 / 1_000_000)
    });
    match free {
        None => Finding::warning(
            subject,
            "The free disk space is not known here.",
            "Keep 1 GB free.",
        ),
        Some(free) if free < DISK => Finding::problem(
            subject,
            format!(
                "{free} MB are free for {}; {DISK} MB are needed.",
                config.data.display()
            ),
            "Make room, or set MIRAGE_HOME to a folder on another disk.",
        ),
        Some(free) => Finding::fine(
            subject,
            format!("{free} MB are free for {}.", config.data.display()),
        ),
    }
}

pub(super) async fn python() -> Finding {
    let subject = "python";
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "--version"]).kill_on_drop(true);
    match tokio::time::timeout(PATIENCE * 5, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            let version = String::from_utf8_lossy(&output.stdout);
            let version = version
                .split(" from ")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned();
            Finding::fine(subject, format!("{version} fetches packages."))
        }
        _ => Finding::warning(
            subject,
            "Python 3 with pip doesn't run; nothing new can be fetched from packages.",
            "Install Python 3 with pip.",
        ),
    }
}

pub(super) fn weights(config: &Config) -> Finding {
    let subject = "weights";
    let mend = "Run `mirage models pull`.";
    let (manifest, resolver) = match runtime::profile(config, &config.profile) {
        Ok(profile) => profile,
        Err(error) => return Finding::problem(subject, error.to_string(), "Set MIRAGE_PROFILE."),
    };
    for file in &manifest.files {
        match resolver.look(file) {
            FileState::Ready => {}
            FileState::Missing => {
                return Finding::problem(subject, format!("{} is missing.", file.path), mend);
            }
            FileState::Changed(reason) => {
                return Finding::problem(subject, format!("{}: {reason}.", file.path), mend);
            }
        }
    }
    let files = manifest.files.len();
    Finding::fine(
        subject,
        format!(
            "All {files} files of the profile {} are there.",
            manifest.profile
        ),
    )
}

pub(super) async fn atlas(config: &Config) -> Finding {
    let subject = "atlas";
    let opened = async {
        let atlas = runtime::open_atlas(config).await?;
        anyhow::Ok((
            atlas.catalogue().await?.len(),
            atlas.encoder_identity().to_owned(),
        ))
    };
    match opened.await {
        Ok((0, _)) => Finding::problem(
            subject,
            "The atlas is empty.",
            "Run `mirage atlas starter`.",
        ),
        Ok((entries, encoder)) => {
            Finding::fine(subject, format!("{entries} entries, made with {encoder}."))
        }
        Err(error) => {
            let mend = match error.downcast_ref::<AtlasError>() {
                Some(AtlasError::Missing { .. }) => "Run `mirage atlas starter`.",
                Some(AtlasError::OtherEncoder { .. }) => "Set MIRAGE_PROFILE or MIRAGE_ATLAS_URI.",
                _ => "See the lines above, then MIRAGE_LOG=debug.",
            };
            Finding::problem(subject, error.to_string(), mend)
        }
    }
}

pub(super) async fn database(config: &Config) -> Finding {
    let subject = "database";
    let path = config.database.display();
    if !config.database.exists() {
        return Finding::fine(subject, format!("{path} will be made at the first start."));
    }
    match Store::open(&config.database).await {
        Ok(store) => {
            let in_use = store.lock_for_bot().is_err();
            store.close().await;
            let use_ = if in_use {
                "; a bot is running on it"
            } else {
                ""
            };
            Finding::fine(subject, format!("{path} opens{use_}."))
        }
        Err(error) => Finding::problem(
            subject,
            error.to_string(),
            "Set MIRAGE_DATABASE to another file.",
        ),
    }
}

/// Asks for the gateway without a token, which anybody may.
pub(super) async fn discord(config: &Config) -> Finding {
    let subject = "discord";
    let base = config
        .discord_url
        .as_ref()
        .map_or("https://discord.com", url::Url::as_str);
    let address = format!("{}/api/v10/gateway", base.trim_end_matches('/'));
    let request = reqwest::Client::new()
        .get(&address)
        .timeout(PATIENCE)
        .send()
        .await;
    match request {
        Ok(answer) if !answer.status().is_server_error() => {
            Finding::fine(subject, format!("{base} answers."))
        }
        _ => Finding::warning(
            subject,
            format!("{base} doesn't answer."),
            "Check the network; the demo (cargo xtask demo) needs no Discord.",
        ),
    }
}

pub(super) fn token(config: &Config) -> Finding {
    match config.discord_token {
        Some(_) => Finding::fine("token", "A bot token is configured."),
        None => Finding::warning(
            "token",
            "No bot token is configured.",
            "Set DISCORD_TOKEN_FILE to run the bot on Discord.",
        ),
    }
}
