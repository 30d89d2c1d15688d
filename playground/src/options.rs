//! What a person or a test may choose when the server starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::clock::Clock;

/// Choices for [`Server::start`](crate::Server::start). `Options::default()` suits tests: a free
/// loopback port and fresh random tokens.
#[derive(Clone)]
pub struct Options {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Allows `listen` to be something other than a loopback address. Off by default: the server
    /// is no public service and has no accounts.
    pub allow_other_addresses: bool,
    /// The bot token to accept; a random one of the right shape if absent.
    pub bot_token: Option<String>,
    /// The token that the page must send; a random one if absent.
    pub page_token: Option<String>,
    /// Name of the bot's user.
    pub bot_name: String,
    /// What deadlines follow.
    pub clock: Clock,
    /// The heartbeat interval named in HELLO. A client that is silent for two intervals is closed
    /// with 4009.
    pub heartbeat_interval: Duration,
    /// Largest file a bot may attach, in bytes (`attachment_size_limit` of an interaction).
    pub attachment_size_limit: u64,
    /// How many bytes of attachments are kept in memory; the oldest go first.
    pub attachment_memory_limit: u64,
    /// Whether the bot may ask for the privileged intents (members, presences, message content).
    /// If not, IDENTIFY with one of them is closed with 4014.
    pub allow_privileged_intents: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_other_addresses: false,
            bot_token: None,
            page_token: None,
            bot_name: "Practice Bot".to_owned(),
            clock: Clock::System,
            heartbeat_interval: Duration::from_millis(41_250),
            attachment_size_limit: 10 * 1024 * 1024,
            attachment_memory_limit: 512 * 1024 * 1024,
            allow_privileged_intents: true,
        }
    }
}

// By hand so that no token is ever printed.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("listen", &self.listen)
            .field("allow_other_addresses", &self.allow_other_addresses)
            .field("bot_token", &self.bot_token.as_ref().map(|_| "***"))
            .field("page_token", &self.page_token.as_ref().map(|_| "***"))
            .field("bot_name", &self.bot_name)
            .field("clock", &self.clock)
            .field("heartbeat_interval", &self.heartbeat_interval)
            .field("attachment_size_limit", &self.attachment_size_limit)
            .field("attachment_memory_limit", &self.attachment_memory_limit)
            .field("allow_privileged_intents", &self.allow_privileged_intents)
            .finish()
    }
}

/// Random letters and digits from the thread's cryptographic generator.
pub(crate) fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// Random hexadecimal digits.
pub(crate) fn random_hex(length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(b"0123456789abcdef"[random.random_range(0..16)]))
        .collect()
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
pub(crate) fn same_secret(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .fold(0, |sum, (a, b)| sum | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_printed() {
        let options = Options {
            bot_token: Some("s3cret".to_owned()),
            ..Options::default()
        };
        assert!(!format!("{options:?}").contains("s3cret"));
    }

    #[test]
    fn secrets_compare_whole() {
        assert!(same_secret("abc", "abc"));
        assert!(!same_secret("abc", "abd"));
        assert!(!same_secret("abc", "abcd"));
    }
}
