//! The gateway: sessions, their numbered events and what a resume replays. Which events there are
//! is decided by the world; how they travel is in [`session`] and [`frames`].

pub(crate) mod frames;
pub(crate) mod session;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::options::random_hex;
use crate::transcript::{Direction, Transcript};

pub(crate) const GUILDS: u64 = 1;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
pub(crate) const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
pub(crate) const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
/// Those that an application must be granted.
pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
/// All that exist: 0 to 16, 20, 21, 24 and 25.
pub(crate) const KNOWN_INTENTS: u64 = 0x1_FFFF | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

/// Events kept for a resume, per session.
const REPLAYED: usize = 1_000;
/// Sessions without a connection that can still be resumed; the oldest go first.
const RESUMABLE: usize = 8;

/// A fault of the gateway as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GatewayFault {
    Drop,
    Reconnect,
    InvalidSession { resumable: bool },
    StopAcks(bool),
}

/// What a connection is told to send.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    Payload(Value),
    Close(u16, &'static str),
    /// Let the socket fall without a word.
    Drop,
}

/// Who gets an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    /// One of these intents is needed; 0 for events that everybody gets.
    pub(crate) intents: u64,
    /// Whether the message content intent decides about text and pictures in it.
    pub(crate) sensitive: bool,
}

impl Audience {
    pub(crate) const EVERYBODY: Self = Self {
        intents: 0,
        sensitive: false,
    };

    pub(crate) const fn with(intents: u64) -> Self {
        Self {
            intents,
            sensitive: false,
        }
    }

    fn accepts(self, intents: u64) -> bool {
        self.intents == 0 || self.intents & intents != 0
    }
}

/// An event on its way to the sessions.
#[derive(Clone, Debug)]
pub(crate) struct Dispatch {
    pub(crate) name: &'static str,
    pub(crate) data: Value,
    pub(crate) audience: Audience,
}

/// One end of an open connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) sender: mpsc::Sender<Outgoing>,
}

#[derive(Debug)]
struct Session {
    number: u64,
    sequence: u64,
    intents: u64,
    compress: bool,
    replay: VecDeque<(u64, Value)>,
    connection: Option<Connection>,
}

impl Session {
    fn send(&mut self, dispatch: &Dispatch, transcript: &Transcript) {
        if !dispatch.audience.accepts(self.intents) {
            return;
        }
        let mut data = dispatch.data.clone();
        if dispatch.audience.sensitive && self.intents & MESSAGE_CONTENT == 0 {
            blank(&mut data);
        }
        self.sequence += 1;
        let payload = json!({ "op": 0, "s": self.sequence, "t": dispatch.name, "d": data });
        if self.replay.len() == REPLAYED {
            self.replay.pop_front();
        }
        self.replay.push_back((self.sequence, payload.clone()));
        self.transmit(payload, transcript);
    }

    fn transmit(&mut self, payload: Value, transcript: &Transcript) {
        let Some(connection) = &self.connection else {
            return;
        };
        if connection
            .sender
            .try_send(Outgoing::Payload(payload.clone()))
            .is_err()
        {
            // It is closed, or so slow that Discord would close it too.
            self.connection = None;
            return;
        }
        let name = payload["t"].as_str().unwrap_or_default();
        transcript.line(
            Direction::ToBot,
            "gateway",
            format!("{name} (s={})", payload["s"]),
        );
        transcript.event(payload);
    }
}

/// What a bot without the message content intent does not see.
fn blank(message: &mut Value) {
    message["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        message[key] = json!([]);
    }
}

#[derive(Debug, Default)]
struct Sessions {
    by_id: HashMap<String, Session>,
    started: u64,
    acks_stopped: bool,
}

/// Why a session cannot be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResumeError {
    /// Op 9: the bot must identify anew.
    InvalidSession,
    /// Close code 4007.
    InvalidSequence,
}

/// All sessions of the bot.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    sessions: Mutex<Sessions>,
    connections: AtomicU64,
}

impl Hub {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connect(&self, sender: mpsc::Sender<Outgoing>) -> Connection {
        Connection {
            id: self.connections.fetch_add(1, Ordering::Relaxed),
            sender,
        }
    }

    /// Starts a session and sends it its first events; `session_id` is written into READY.
    pub(crate) fn identify(
        &self,
        connection: &Connection,
        (intents, compress): (u64, bool),
        mut first: Vec<Dispatch>,
        transcript: &Transcript,
    ) {
        let id = random_hex(32);
        let mut sessions = self.sessions();
        sessions.started += 1;
        let mut session = Session {
            number: sessions.started,
            sequence: 0,
            intents,
            compress,
            replay: VecDeque::new(),
            connection: Some(connection.clone()),
        };
        for dispatch in &mut first {
            if dispatch.name == "READY" {
                dispatch.data["session_id"] = json!(id);
            }
            session.send(dispatch, transcript);
        }
        sessions.by_id.insert(id, session);
    }

    /// Replays what was missed after `sequence`, then RESUMED. Returns whether to compress.
    pub(crate) fn resume(
        &self,
        connection: &Connection,
        session_id: &str,
        sequence: u64,
        transcript: &Transcript,
    ) -> Result<bool, ResumeError> {
        let mut sessions = self.sessions();
        let session = sessions
            .by_id
            .get_mut(session_id)
            .ok_or(ResumeError::InvalidSession)?;
        if sequence > session.sequence {
            return Err(ResumeError::InvalidSequence);
        }
        let oldest = session
            .replay
            .front()
            .map_or(session.sequence + 1, |(first, _)| *first);
        if sequence + 1 < oldest {
            sessions.by_id.remove(session_id);
            return Err(ResumeError::InvalidSession);
        }
        session.connection = Some(connection.clone());
        let missed: Vec<Value> = session
            .replay
            .iter()
            .filter(|(number, _)| *number > sequence)
            .map(|(_, payload)| payload.clone())
            .collect();
        for payload in missed {
            session.transmit(payload, transcript);
        }
        let data = json!({ "_trace": [] });
        let resumed = Dispatch {
            name: "RESUMED",
            data,
            audience: Audience::EVERYBODY,
        };
        session.send(&resumed, transcript);
        Ok(session.compress)
    }

    pub(crate) fn dispatch(&self, dispatch: &Dispatch, transcript: &Transcript) {
        for session in self.sessions().by_id.values_mut() {
            session.send(dispatch, transcript);
        }
    }

    /// Sends an event to the session of one connection only (answers to requests).
    pub(crate) fn answer(&self, connection: u64, dispatch: &Dispatch, transcript: &Transcript) {
        let mut sessions = self.sessions();
        let session = sessions.by_id.values_mut().find(|session| {
            session
                .connection
                .as_ref()
                .is_some_and(|known| known.id == connection)
        });
        if let Some(session) = session {
            session.send(dispatch, transcript);
        }
    }

    /// A connection has ended. After a clean close its session cannot be resumed.
    pub(crate) fn disconnect(&self, connection: u64, forget: bool) {
        let mut sessions = self.sessions();
        let belongs = |session: &Session| {
            session
                .connection
                .as_ref()
                .is_some_and(|known| known.id == connection)
        };
        if forget {
            sessions.by_id.retain(|_, session| !belongs(session));
        }
        for session in sessions
            .by_id
            .values_mut()
            .filter(|session| belongs(session))
        {
            session.connection = None;
        }
        while sessions
            .by_id
            .values()
            .filter(|s| s.connection.is_none())
            .count()
            > RESUMABLE
        {
            let oldest = sessions
                .by_id
                .iter()
                .filter(|(_, session)| session.connection.is_none())
                .min_by_key(|(_, session)| session.number)
                .map(|(id, _)| id.clone());
            let Some(oldest) = oldest else { break };
            sessions.by_id.remove(&oldest);
        }
    }

    /// Whether a bot is there now.
    pub(crate) fn is_connected(&self) -> bool {
        self.sessions().by_id.values().any(|session| {
            session
                .connection
                .as_ref()
                .is_some_and(|known| !known.sender.is_closed())
        })
    }

    pub(crate) fn acks_stopped(&self) -> bool {
        self.sessions().acks_stopped
    }

    pub(crate) fn fault(&self, fault: GatewayFault) {
        let mut sessions = self.sessions();
        let outgoing = match fault {
            GatewayFault::StopAcks(stop) => {
                sessions.acks_stopped = stop;
                return;
            }
            GatewayFault::Drop => Outgoing::Drop,
            GatewayFault::Reconnect => Outgoing::Payload(json!({ "op": 7, "d": null })),
            GatewayFault::InvalidSession { resumable } => {
                Outgoing::Payload(json!({ "op": 9, "d": resumable }))
            }
        };
        for session in sessions.by_id.values() {
            if let Some(connection) = &session.connection {
                // A full or closed channel is a broken connection already.
                let _ = connection.sender.try_send(outgoing.clone());
            }
        }
        if fault == (GatewayFault::InvalidSession { resumable: false }) {
            sessions.by_id.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn message(sensitive: bool) -> Dispatch {
        let data = json!({ "content": "secret", "embeds": [1], "attachments": [] });
        let audience = Audience {
            intents: GUILD_MESSAGES,
            sensitive,
        };
        Dispatch {
            name: "MESSAGE_CREATE",
            data,
            audience,
        }
    }

    fn start(hub: &Hub, intents: u64) -> (mpsc::Receiver<Outgoing>, String, Transcript) {
        let transcript = Transcript::new(Clock::System);
        let (sender, mut receiver) = mpsc::channel(16);
        let connection = hub.connect(sender);
        let ready = Dispatch {
            name: "READY",
            data: json!({}),
            audience: Audience::EVERYBODY,
        };
        hub.identify(&connection, (intents, false), vec![ready], &transcript);
        let Ok(Outgoing::Payload(payload)) = receiver.try_recv() else {
            panic!("READY is sent")
        };
        let id = payload["d"]["session_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        (receiver, id, transcript)
    }

    fn next(receiver: &mut mpsc::Receiver<Outgoing>) -> Option<Value> {
        match receiver.try_recv() {
            Ok(Outgoing::Payload(payload)) => Some(payload),
            _ => None,
        }
    }

    #[test]
    fn intents_decide_what_is_sent() {
        let hub = Hub::default();
        let (mut without, _, transcript) = start(&hub, GUILDS);
        let (mut blanked, _, _) = start(&hub, GUILD_MESSAGES);
        let (mut with, _, _) = start(&hub, GUILD_MESSAGES | MESSAGE_CONTENT);
        hub.dispatch(&message(true), &transcript);
        assert_eq!(next(&mut without), None);
        assert_eq!(next(&mut blanked).expect("sent")["d"]["content"], "");
        assert_eq!(next(&mut with).expect("sent")["d"]["content"], "secret");
    }

    #[test]
    fn a_resume_replays_what_was_missed_and_nothing_else() {
        let hub = Hub::default();
        let (receiver, id, transcript) = start(&hub, GUILD_MESSAGES);
        drop(receiver);
        hub.dispatch(&message(false), &transcript);
        hub.dispatch(&message(false), &transcript);
        let (sender, mut receiver) = mpsc::channel(16);
        let connection = hub.connect(sender);
        let unknown = hub.resume(&connection, "unknown", 1, &transcript);
        assert_eq!(unknown, Err(ResumeError::InvalidSession));
        let ahead = hub.resume(&connection, &id, 99, &transcript);
        assert_eq!(ahead, Err(ResumeError::InvalidSequence));
        assert_eq!(hub.resume(&connection, &id, 2, &transcript), Ok(false));
        let replayed = next(&mut receiver).expect("one event was missed");
        assert_eq!(
            (&replayed["t"], &replayed["s"]),
            (&json!("MESSAGE_CREATE"), &json!(3))
        );
        assert_eq!(
            next(&mut receiver).expect("RESUMED ends it")["t"],
            "RESUMED"
        );
        assert_eq!(next(&mut receiver), None);
    }

    #[test]
    fn a_clean_close_ends_the_session() {
        let hub = Hub::default();
        let (_receiver, id, transcript) = start(&hub, GUILDS);
        assert!(hub.is_connected());
        hub.disconnect(0, true);
        assert!(!hub.is_connected());
        let (sender, _other) = mpsc::channel(16);
        let connection = hub.connect(sender);
        let resumed = hub.resume(&connection, &id, 1, &transcript);
        assert_eq!(resumed, Err(ResumeError::InvalidSession));
    }
}
