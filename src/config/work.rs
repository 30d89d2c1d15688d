//! Settings of the engine and of the queue.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::ConfigError;
use crate::store::jobs::Limits;

/// The engine's and the queue's bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkSettings {
    /// Folder whose collections a tutor may import from Discord. `MIRAGE_IMPORTS`, `imports/` in
    /// the data folder by default.
    pub imports: PathBuf,
    /// Jobs that the bot works on at one time; with 0 they are left to `mirage worker`.
    /// `MIRAGE_BOT_WORKERS`, 1 by default.
    pub bot_workers: usize,
    /// How many jobs may be open. `MIRAGE_JOBS_PER_USER` and `MIRAGE_JOBS_PER_SERVER`.
    pub limits: Limits,
    /// Threads that networks compute on. `MIRAGE_THREADS`.
    pub threads: usize,
    /// Whether the bot loads its networks at start. `MIRAGE_WARM`, yes by default.
    pub warm: bool,
    /// Where figures are served, on loopback. `MIRAGE_METRICS`, nowhere by default.
    pub metrics: Option<SocketAddr>,
}

impl WorkSettings {
    pub(super) fn from_lookup(
        lookup: &impl Fn(&str) -> Option<String>,
        data: &Path,
    ) -> Result<Self, ConfigError> {
        let number = |variable, least, usual| number(lookup(variable), variable, least, usual);
        let usual = Limits::default();
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self {
            // A job keeps the path, and its worker may run in another folder.
            imports: absolute(
                lookup("MIRAGE_IMPORTS").map_or_else(|| data.join("imports"), PathBuf::from),
            ),
            bot_workers: number("MIRAGE_BOT_WORKERS", 0, 1)? as usize,
            limits: Limits {
                per_user: number("MIRAGE_JOBS_PER_USER", 1, usual.per_user)?,
                per_server: number("MIRAGE_JOBS_PER_SERVER", 1, usual.per_server)?,
                ..usual
            },
            threads: number(
                "MIRAGE_THREADS",
                1,
                u32::try_from(cores).unwrap_or(u32::MAX),
            )? as usize,
            warm: yes(lookup("MIRAGE_WARM").as_deref())?,
            metrics: lookup("MIRAGE_METRICS")
                .map(|value| loopback(&value))
                .transpose()?,
        })
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// A whole number from `least` to a thousand.
fn number(
    value: Option<String>,
    variable: &'static str,
    least: u32,
    usual: u32,
) -> Result<u32, ConfigError> {
    let Some(value) = value else {
        return Ok(usual);
    };
    let number = value.trim().parse().ok();
    number
        .filter(|number| (least..=1000).contains(number))
        .ok_or(ConfigError::Invalid {
            variable,
            reason: format!("give a whole number from {least} to 1000."),
        })
}

fn yes(value: Option<&str>) -> Result<bool, ConfigError> {
    match value.map(str::trim) {
        None | Some("yes" | "true" | "1") => Ok(true),
        Some("no" | "false" | "0") => Ok(false),
        Some(_) => Err(ConfigError::Invalid {
            variable: "MIRAGE_WARM",
            reason: "say yes or no.".to_owned(),
        }),
    }
}

/// Figures tell who is busy and when: they stay on this machine.
fn loopback(value: &str) -> Result<SocketAddr, ConfigError> {
    let address: Option<SocketAddr> = value.trim().parse().ok();
    address
        .filter(|address| address.ip().is_loopback())
        .ok_or(ConfigError::Invalid {
            variable: "MIRAGE_METRICS",
            reason: "give an address of this machine alone, such as 127.0.0.1:9464.".to_owned(),
        })
}
