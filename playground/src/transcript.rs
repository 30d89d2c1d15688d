//! Everything that went over the wire, kept for tests and for the page: one line each, the JSON
//! bodies of the bot, the events sent to it, the routes that are missing. Tokens never get here.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::clock::{Clock, timestamp};

/// How many lines, bodies and events are kept; the oldest go first.
const KEPT: usize = 5_000;

/// Who spoke to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The bot to the server.
    FromBot,
    /// The server to the bot.
    ToBot,
    /// A person (the page or a test) to the server.
    FromPerson,
    /// The server about itself: deadlines, faults.
    Server,
}

/// One line of the transcript.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// When, as an ISO 8601 timestamp of the server's clock.
    pub at: String,
    /// Who spoke to whom.
    pub direction: Direction,
    /// `rest`, `gateway`, `interaction` or `fault`.
    pub kind: &'static str,
    /// What happened, in one line, without tokens.
    pub summary: String,
}

/// A JSON body that the bot sent, so that a test can decode it again with another library.
#[derive(Clone, Debug)]
pub struct RecordedBody {
    /// The HTTP method.
    pub method: String,
    /// The path with tokens replaced by `{token}`, e.g.
    /// `/api/v10/interactions/123/{token}/callback`.
    pub path: String,
    /// The JSON body (of a multipart request: its `payload_json`).
    pub body: Value,
    /// The status that was answered.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Records {
    entries: VecDeque<Entry>,
    bodies: VecDeque<RecordedBody>,
    events: VecDeque<Value>,
    unimplemented: Vec<String>,
    rejected: Vec<String>,
}

/// The recorder. All of it lives in memory.
#[derive(Debug)]
pub(crate) struct Transcript {
    clock: Clock,
    records: Mutex<Records>,
}

impl Transcript {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            records: Mutex::default(),
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn line(&self, direction: Direction, kind: &'static str, summary: String) {
        tracing::debug!(?direction, kind, "{summary}");
        let at = timestamp(self.clock.now_ms());
        push(
            &mut self.records().entries,
            Entry {
                at,
                direction,
                kind,
                summary,
            },
        );
    }

    pub(crate) fn body(&self, body: RecordedBody) {
        push(&mut self.records().bodies, body);
    }

    pub(crate) fn event(&self, payload: Value) {
        push(&mut self.records().events, payload);
    }

    pub(crate) fn unimplemented(&self, what: String) {
        let mut records = self.records();
        if !records.unimplemented.contains(&what) {
            records.unimplemented.push(what);
        }
    }

    pub(crate) fn rejected(&self, what: String) {
        self.records().rejected.push(what);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.records().entries.iter().cloned().collect()
    }

    pub(crate) fn bodies(&self) -> Vec<RecordedBody> {
        self.records().bodies.iter().cloned().collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.records().events.iter().cloned().collect()
    }

    pub(crate) fn missing(&self) -> Vec<String> {
        self.records().unimplemented.clone()
    }

    pub(crate) fn refused(&self) -> Vec<String> {
        self.records().rejected.clone()
    }

    /// The whole transcript as text, one line an entry.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("transcript of the playground:\n");
        for entry in &self.records().entries {
            let arrow = match entry.direction {
                Direction::FromBot => "bot    ->",
                Direction::ToBot => "bot    <-",
                Direction::FromPerson => "person ->",
                Direction::Server => "server   ",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "  {} {arrow} {}: {}",
                entry.at, entry.kind, entry.summary
            );
        }
        text
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(item);
}

/// The path with what follows `/interactions/{id}/` and `/webhooks/{id}/` hidden.
pub(crate) fn without_tokens(path: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').collect();
    if let Some(at) = segments
        .iter()
        .position(|s| matches!(*s, "interactions" | "webhooks"))
        && let Some(token) = segments.get_mut(at + 2)
    {
        *token = "{token}";
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_leave_the_path() {
        assert_eq!(
            without_tokens("/api/v10/webhooks/1/abc/messages/@original"),
            "/api/v10/webhooks/1/{token}/messages/@original"
        );
        assert_eq!(
            without_tokens("/api/v10/interactions/1/abc/callback"),
            "/api/v10/interactions/1/{token}/callback"
        );
        assert_eq!(
            without_tokens("/api/v10/gateway/bot"),
            "/api/v10/gateway/bot"
        );
    }

    #[test]
    fn old_entries_make_room() {
        let transcript = Transcript::new(Clock::System);
        for number in 0..KEPT + 3 {
            transcript.line(Direction::Server, "rest", number.to_string());
        }
        let entries = transcript.entries();
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries[0].summary, "3");
    }
}
