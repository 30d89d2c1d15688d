//! One websocket connection of the bot: HELLO, IDENTIFY or RESUME, heartbeats, and the events of
//! its session. A RESUME may come before the client has read HELLO.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Connection, KNOWN_INTENTS, Outgoing, PRIVILEGED, ResumeError, frames};
use crate::options::same_secret;
use crate::snowflake::from_json;
use crate::transcript::Direction;
use crate::world::World;

/// Events that may wait for a slow client.
const WAITING: usize = 1_024;

/// A reason to close: code and text.
type Close = (u16, &'static str);

struct Link {
    world: Arc<World>,
    connection: Connection,
    authenticated: bool,
    compress: bool,
}

/// How a connection ended.
#[derive(PartialEq, Eq)]
enum End {
    /// The client said goodbye: its session is over.
    Clean,
    /// Anything else: the session can be resumed.
    Broken,
}

/// Runs a connection until it ends.
pub(crate) async fn serve(mut socket: WebSocket, world: Arc<World>) {
    let (sender, mut outgoing) = mpsc::channel(WAITING);
    let connection = world.hub.connect(sender);
    let id = connection.id;
    let mut link = Link {
        world: world.clone(),
        connection,
        authenticated: false,
        compress: false,
    };
    let end = run(&mut socket, &mut outgoing, &mut link).await;
    world.transcript.line(
        Direction::Server,
        "gateway",
        format!("connection {id} ended"),
    );
    world.gateway_left(id, end == End::Clean);
}

async fn run(
    socket: &mut WebSocket,
    outgoing: &mut mpsc::Receiver<Outgoing>,
    link: &mut Link,
) -> End {
    let interval = link.world.settings.heartbeat_interval;
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": millis(interval), "_trace": [] } });
    if send(socket, &hello, false).await.is_err() {
        return End::Broken;
    }
    let mut heard = Instant::now();
    loop {
        let next = tokio::select! {
            () = link.world.shutdown.cancelled() => Outgoing::Close(1001, "going away"),
            () = tokio::time::sleep_until(heard + interval * 2) => {
                Outgoing::Close(4009, "Session timed out.")
            }
            told = outgoing.recv() => told.unwrap_or(Outgoing::Drop),
            incoming = socket.recv() => {
                heard = Instant::now();
                match incoming {
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map(|frame| frame.code);
                        return if matches!(code, Some(1000 | 1001)) { End::Clean } else { End::Broken };
                    }
                    Some(Ok(message)) => match link.receive(&message) {
                        Ok(Some(answer)) => Outgoing::Payload(answer),
                        Ok(None) => continue,
                        Err((code, reason)) => Outgoing::Close(code, reason),
                    },
                    Some(Err(_)) | None => return End::Broken,
                }
            }
        };
        match next {
            Outgoing::Payload(payload) => {
                if payload["op"] == 9 {
                    // The client may identify anew on the same connection.
                    link.authenticated = false;
                }
                if send(socket, &payload, link.compress).await.is_err() {
                    return End::Broken;
                }
            }
            Outgoing::Close(code, reason) => {
                close(socket, code, reason).await;
                return End::Broken;
            }
            Outgoing::Drop => return End::Broken,
        }
    }
}

async fn send(socket: &mut WebSocket, payload: &Value, compress: bool) -> Result<(), axum::Error> {
    let frame = frames::encode(payload, compress).map_err(axum::Error::new)?;
    socket.send(frame).await
}

/// Closes and waits a moment for the client's answer, so that it reads the reason.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
        // A client that does not answer is simply left.
        let _ = tokio::time::timeout(Duration::from_secs(1), drained).await;
    }
}

impl Link {
    /// Handles one frame; the answer, if any, goes out next.
    fn receive(&mut self, message: &Message) -> Result<Option<Value>, Close> {
        let Some(payload) = frames::decode(message) else {
            return Ok(None);
        };
        let payload = payload.map_err(|_| (4002, "Error while decoding payload."))?;
        let op = payload["op"]
            .as_u64()
            .ok_or((4002, "Error while decoding payload."))?;
        let data = &payload["d"];
        if op != 1 {
            let summary = format!("op {op}");
            self.world
                .transcript
                .line(Direction::FromBot, "gateway", summary);
        }
        match op {
            1 => Ok((!self.world.hub.acks_stopped()).then(|| json!({ "op": 11 }))),
            2 => self.identify(data).map(|()| None),
            6 => self.resume(data),
            _ if !self.authenticated => Err((4003, "Not authenticated.")),
            // Presence and voice state: nobody sees them here.
            3 | 4 => Ok(None),
            8 => {
                self.members(data);
                Ok(None)
            }
            _ => {
                self.world
                    .transcript
                    .unimplemented(format!("gateway op {op}"));
                Err((4001, "Unknown opcode."))
            }
        }
    }

    fn check_token(&self, data: &Value) -> Result<(), Close> {
        let token = data["token"].as_str().unwrap_or_default();
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        if same_secret(token, &self.world.settings.bot_token) {
            Ok(())
        } else {
            Err((4004, "Authentication failed."))
        }
    }

    fn identify(&mut self, data: &Value) -> Result<(), Close> {
        if self.authenticated {
            return Err((4005, "Already authenticated."));
        }
        self.check_token(data)?;
        let intents = data["intents"]
            .as_u64()
            .ok_or((4013, "Invalid intent(s)."))?;
        if intents & !KNOWN_INTENTS != 0 {
            return Err((4013, "Invalid intent(s)."));
        }
        if intents & PRIVILEGED != 0 && !self.world.settings.allow_privileged_intents {
            return Err((4014, "Disallowed intent(s)."));
        }
        self.authenticated = true;
        self.compress = data["compress"].as_bool() == Some(true);
        let shard = data.get("shard").filter(|shard| shard.is_array());
        self.world
            .identify(&self.connection, (intents, self.compress), shard);
        Ok(())
    }

    fn resume(&mut self, data: &Value) -> Result<Option<Value>, Close> {
        if self.authenticated {
            return Err((4005, "Already authenticated."));
        }
        self.check_token(data)?;
        let session = data["session_id"].as_str().unwrap_or_default();
        let sequence = data["seq"].as_u64().unwrap_or_default();
        match self.world.resume(&self.connection, session, sequence) {
            Ok(compress) => {
                self.authenticated = true;
                self.compress = compress;
                Ok(None)
            }
            Err(ResumeError::InvalidSession) => Ok(Some(json!({ "op": 9, "d": false }))),
            Err(ResumeError::InvalidSequence) => Err((4007, "Invalid seq.")),
        }
    }

    fn members(&self, data: &Value) {
        let ids = match &data["user_ids"] {
            Value::Array(list) => list.iter().filter_map(from_json).collect(),
            single => from_json(single).into_iter().collect::<Vec<_>>(),
        };
        let query = data["query"].as_str().map(str::to_lowercase);
        let nonce = data.get("nonce").cloned();
        self.world
            .send_members(self.connection.id, &ids, query.as_deref(), nonce);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
