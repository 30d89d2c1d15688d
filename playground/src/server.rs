//! The running server: it takes the port, serves the routes, and is the entry to everything a test
//! needs.

mod members;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::actor::Actor;
use crate::clock::Clock;
use crate::errors::Error;
use crate::faults::Faults;
use crate::listener::{Switch, SwitchedListener};
use crate::options::{Options, random_hex, random_text};
use crate::snowflake::{Snowflake, SnowflakeGenerator};
use crate::transcript::{Entry, RecordedBody};
use crate::views::MessageView;
use crate::world::{Settings, World};
use routes::{open_by_url, router};

/// How long the application exists before the server starts, so that its id is an old one.
const APPLICATION_AGE_MS: u64 = 365 * 24 * 60 * 60 * 1_000;
/// How long a shutdown waits for requests that are under way.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// A running playground. Dropping it stops it; [`Server::shutdown`] also waits for the end.
pub struct Server {
    world: Arc<World>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

// By hand: the world holds tokens.
impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the port and starts serving.
    ///
    /// # Errors
    ///
    /// [`Error::NotLoopback`] for an address that is none, unless the options allow it;
    /// [`Error::Bind`] if the port cannot be taken.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let wanted = options.listen;
        if !wanted.ip().is_loopback() && !options.allow_other_addresses {
            return Err(Error::NotLoopback(wanted));
        }
        let bind = |source| Error::Bind {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let world = Arc::new(world(options, address));
        let router = router(&world).into_make_service_with_connect_info::<Switch>();
        let shutdown = world.shutdown.clone();
        let task = tokio::spawn(async move {
            let serving = axum::serve(SwitchedListener(listener), router)
                .with_graceful_shutdown(shutdown.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the playground stopped serving");
            }
        });
        Ok(Self {
            world,
            address,
            task,
        })
    }

    /// Stops serving and waits until the port is free.
    pub async fn shutdown(mut self) {
        self.world.shutdown.cancel();
        if tokio::time::timeout(SHUTDOWN, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for the bot, e.g. `http://127.0.0.1:40123`: what serenity's
    /// `HttpBuilder::proxy` takes (with `ratelimiter_disabled(true)`).
    pub fn base_url(&self) -> &str {
        &self.world.settings.base_url
    }

    /// The websocket address that GET /gateway answers.
    pub fn gateway_url(&self) -> &str {
        &self.world.settings.gateway_url
    }

    /// The token that the bot must use. A secret: keep it out of logs.
    pub fn bot_token(&self) -> &str {
        &self.world.settings.bot_token
    }

    /// The token that the page must send. A secret: keep it out of logs.
    pub fn page_token(&self) -> &str {
        &self.world.settings.page_token
    }

    /// The page's address with its token, to be opened in a browser.
    pub fn page_url(&self) -> String {
        format!(
            "{}/playground/#token={}",
            self.base_url(),
            self.page_token()
        )
    }

    /// The id of the application and of the bot's user.
    pub fn application_id(&self) -> Snowflake {
        self.world.state().bot
    }

    /// The id of the guild.
    pub fn guild_id(&self) -> Snowflake {
        self.world.state().guild.id
    }

    /// The id of a channel or thread by its name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownChannel`].
    pub fn channel_id(&self, name: &str) -> Result<Snowflake, Error> {
        let state = self.world.state();
        let channel = state.find_channel(name);
        channel
            .map(|channel| channel.id)
            .ok_or_else(|| Error::UnknownChannel(name.to_owned()))
    }

    /// The id of a user: `student`, `noor`, `tutor`, `admin` or the name of an added member.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`].
    pub fn user_id(&self, name: &str) -> Result<Snowflake, Error> {
        let state = self.world.state();
        let user = state.find_user(name);
        user.map(|user| user.id)
            .ok_or_else(|| Error::UnknownUser(name.to_owned()))
    }

    /// Someone to act as, in `#general` at first: `student` (Ada, en-US), `noor` (a student, ar),
    /// `tutor` (Sam), `admin` (Robin) or the name of an added member. An unknown name is an error
    /// of the first action.
    pub fn actor(&self, name: &str) -> Actor {
        Actor::new(self.world.clone(), name)
    }

    /// The faults that can be planned.
    pub fn faults(&self) -> Faults {
        Faults {
            world: self.world.clone(),
        }
    }

    /// Waits until a bot has identified itself at the gateway.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`].
    pub async fn wait_for_bot(&self, timeout: Duration) -> Result<(), Error> {
        let connected = |_: &_| self.world.hub.is_connected().then_some(());
        let found = self.world.wait_for(timeout, connected).await;
        found.ok_or_else(|| self.timed_out("the bot to connect", timeout))
    }

    /// Waits until no bot is connected.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`].
    pub async fn wait_for_bot_to_leave(&self, timeout: Duration) -> Result<(), Error> {
        let gone = |_: &_| (!self.world.hub.is_connected()).then_some(());
        let found = self.world.wait_for(timeout, gone).await;
        found.ok_or_else(|| self.timed_out("the bot to leave", timeout))
    }

    /// Waits until the bot has registered commands and returns their objects.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`].
    pub async fn wait_for_commands(&self, timeout: Duration) -> Result<Vec<Value>, Error> {
        let registered = |state: &crate::world::State| {
            (!state.commands.is_empty()).then(|| self.world.command_objects(state))
        };
        let found = self.world.wait_for(timeout, registered).await;
        found.ok_or_else(|| self.timed_out("commands to be registered", timeout))
    }

    /// Waits for a message in a channel, as everybody sees it, that meets a condition.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownChannel`] or [`Error::TimedOut`].
    pub async fn wait_for_message(
        &self,
        channel: &str,
        timeout: Duration,
        condition: impl Fn(&MessageView) -> bool,
    ) -> Result<MessageView, Error> {
        let id = self.channel_id(channel)?;
        let found = self.world.wait_for(timeout, |state| {
            state
                .messages
                .values()
                .filter(|message| message.channel_id == id && message.is_public())
                .map(|message| MessageView::new(self.world.view(state, message)))
                .find(&condition)
        });
        found
            .await
            .ok_or_else(|| self.timed_out("a message that meets the condition", timeout))
    }

    /// The bytes of an attachment, by the address that a message shows.
    ///
    /// # Errors
    ///
    /// [`Error::NoAttachment`] if the address is none, is not signed right, or has expired.
    pub async fn attachment_bytes(&self, url: &str) -> Result<Bytes, Error> {
        let stored = open_by_url(&self.world, url);
        stored.ok_or_else(|| Error::NoAttachment(url.split('?').next().unwrap_or(url).to_owned()))
    }

    /// Every JSON body that the bot sent, in order.
    pub fn recorded_bodies(&self) -> Vec<RecordedBody> {
        self.world.transcript.bodies()
    }

    /// The raw JSON of every event that was sent to the bot, in order.
    pub fn recorded_events(&self) -> Vec<Value> {
        self.world.transcript.events()
    }

    /// Routes and features that the bot used and that do not exist here.
    pub fn unimplemented(&self) -> Vec<String> {
        self.world.transcript.missing()
    }

    /// Bodies that were refused (400 with 50035 and its like), one line each.
    pub fn rejected_bodies(&self) -> Vec<String> {
        self.world.transcript.refused()
    }

    /// The lines of the transcript.
    pub fn entries(&self) -> Vec<Entry> {
        self.world.transcript.entries()
    }

    /// The transcript as text.
    pub fn transcript(&self) -> String {
        self.world.transcript.text()
    }

    /// That the bot used nothing that is missing here and sent no body that was refused.
    ///
    /// # Errors
    ///
    /// [`Error::NotClean`] with what was wrong and the transcript.
    pub fn assert_clean(&self) -> Result<(), Error> {
        let (missing, refused) = (self.unimplemented(), self.rejected_bodies());
        if missing.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let list = |title: &str, lines: &[String]| {
            lines
                .iter()
                .fold(format!("{title}: {}\n", lines.len()), |text, line| {
                    format!("{text}  {line}\n")
                })
        };
        let mut text = list("not implemented", &missing);
        text.push_str(&list("refused bodies", &refused));
        text.push_str(&self.transcript());
        Err(Error::NotClean(text))
    }

    fn timed_out(&self, waited_for: &str, waited: Duration) -> Error {
        Error::TimedOut {
            waited_for: waited_for.to_owned(),
            waited_ms: waited.as_millis(),
            transcript: self.transcript(),
        }
    }

    /// The clock that deadlines follow.
    pub fn clock(&self) -> &Clock {
        &self.world.clock
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.world.shutdown.cancel();
    }
}

fn world(options: Options, address: SocketAddr) -> World {
    let ids = SnowflakeGenerator::default();
    let bot = ids.next(options.clock.now_ms().saturating_sub(APPLICATION_AGE_MS));
    let settings = Settings {
        base_url: format!("http://{address}"),
        gateway_url: format!("ws://{address}/gateway"),
        bot_token: options.bot_token.unwrap_or_else(|| new_bot_token(bot)),
        page_token: options.page_token.unwrap_or_else(|| random_hex(48)),
        heartbeat_interval: options.heartbeat_interval,
        attachment_size_limit: options.attachment_size_limit,
        allow_privileged_intents: options.allow_privileged_intents,
        loopback_only: address.ip().is_loopback(),
    };
    let name = options.bot_name.as_str();
    World::new(
        settings,
        options.clock,
        (bot, name),
        options.attachment_memory_limit,
    )
}

/// A random token in the shape of Discord's: the id in base64, a part of six, a part of 38.
fn new_bot_token(bot: Snowflake) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in bot.to_string().as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits: usize, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            encoded.push(char::from(DIGITS[bits >> (18 - 6 * position) & 63]));
        }
    }
    format!("{encoded}.{}.{}", random_text(6), random_text(38))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bot_tokens_have_three_parts() {
        let token = new_bot_token(Snowflake::new(1_234_567_890_123_456_789));
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ");
        assert_eq!((parts.len(), parts[1].len(), parts[2].len()), (3, 6, 38));
    }

    #[tokio::test]
    async fn other_addresses_are_refused() {
        let listen = SocketAddr::from(([0, 0, 0, 0], 0));
        let started = Server::start(Options {
            listen,
            ..Options::default()
        })
        .await;
        assert!(matches!(started.err(), Some(Error::NotLoopback(_))));
    }
}
