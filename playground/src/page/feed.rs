//! The page's projection of writes: numbered events, fetched by long poll.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::snowflake::Snowflake;

/// Events kept for pages that are slow to ask.
const KEPT: usize = 2_000;

#[derive(Debug)]
pub(crate) struct Feed {
    events: Mutex<VecDeque<(u64, Value)>>,
    last: watch::Sender<u64>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            events: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }
}

impl Feed {
    fn events(&self) -> MutexGuard<'_, VecDeque<(u64, Value)>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event and wakes the pages.
    pub(crate) fn publish(&self, kind: &str, channel: Option<Snowflake>, data: Value) {
        let mut event = json!({ "type": kind });
        if let Some(channel) = channel {
            event["channel_id"] = json!(channel);
        }
        event["data"] = data;
        let mut events = self.events();
        let number = *self.last.borrow() + 1;
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back((number, event));
        self.last.send_replace(number);
    }

    /// The number of the newest event.
    pub(crate) fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Follows the number of the newest event.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The events after `since`, and the number to ask with next. If some of them are gone, the
    /// page is told to load everything anew.
    pub(crate) fn after(&self, since: u64) -> (u64, Vec<Value>) {
        let events = self.events();
        let last = self.last();
        let oldest = events.front().map_or(last + 1, |(number, _)| *number);
        // `since` may also come from an earlier run, whose numbers mean nothing here.
        if since > last || since + 1 < oldest {
            return (
                last,
                vec![json!({ "type": "state", "data": { "reload": true } })],
            );
        }
        let newer = events.iter().filter(|(number, _)| *number > since);
        (last, newer.map(|(_, event)| event.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_once_and_in_order() {
        let feed = Feed::default();
        feed.publish("bot", None, json!(1));
        feed.publish("bot", None, json!(2));
        let (next, events) = feed.after(0);
        assert_eq!((next, events.len()), (2, 2));
        assert_eq!(feed.after(next), (2, vec![]));
        feed.publish("bot", None, json!(3));
        assert_eq!(feed.after(next).1[0]["data"], 3);
    }

    #[test]
    fn a_page_that_fell_behind_reloads() {
        let feed = Feed::default();
        for number in 0..=KEPT {
            feed.publish("bot", None, json!(number));
        }
        let (next, events) = feed.after(0);
        assert_eq!(next, KEPT as u64 + 1);
        assert_eq!(events[0]["type"], "state");
        assert_eq!(feed.after(99_999_999).1[0]["type"], "state");
    }
}
