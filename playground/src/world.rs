//! The one store of the server: guild, users, channels, messages, commands, interactions. Every
//! write goes through here and has two projections: an event for the bot's gateway and one for the
//! page. It knows nothing of HTTP routes or websocket frames.

pub(crate) mod channels;
pub(crate) mod commands;
pub(crate) mod interactions;
pub(crate) mod invocation;
mod members;
pub(crate) mod messages;
mod permissions;
pub(crate) mod responses;
mod seed;
#[cfg(test)]
mod tests;
pub(crate) mod users;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::attachments::{AttachmentStore, UploadedFile};
use crate::clock::Clock;
use crate::faults::Rules;
use crate::gateway::{
    Audience, Connection, DIRECT_MESSAGE_TYPING, DIRECT_MESSAGES, Dispatch, GUILD_MEMBERS,
    GUILD_MESSAGE_TYPING, GUILD_MESSAGES, GUILDS, GatewayFault, Hub, ResumeError,
};
use crate::page::feed::Feed;
use crate::snowflake::{Snowflake, SnowflakeGenerator};
use crate::transcript::{Direction, Transcript};
use channels::Channel;
use commands::Command;
use interactions::{Interaction, Step};
use messages::Message;
use users::{Role, User};

/// Interactions that are remembered; older ones are long past their 15 minutes.
const REMEMBERED_INTERACTIONS: usize = 2_000;

/// Files that were uploaded for options and are still there.
const KEPT_UPLOADS: usize = 200;

/// What stays the same for a run.
pub(crate) struct Settings {
    pub(crate) base_url: String,
    pub(crate) gateway_url: String,
    pub(crate) bot_token: String,
    pub(crate) page_token: String,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) attachment_size_limit: u64,
    pub(crate) allow_privileged_intents: bool,
    /// Whether only loopback names are accepted in the `Host` header.
    pub(crate) loopback_only: bool,
}

/// The guild's own properties.
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
    pub(crate) locale: &'static str,
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) guild: Guild,
    pub(crate) roles: Vec<Role>,
    pub(crate) users: Vec<User>,
    /// The bot's user; its id is the application's too.
    pub(crate) bot: Snowflake,
    pub(crate) channels: BTreeMap<Snowflake, Channel>,
    pub(crate) messages: BTreeMap<Snowflake, Message>,
    pub(crate) commands: Vec<Command>,
    pub(crate) interactions: BTreeMap<Snowflake, Interaction>,
    /// Files that the page uploaded for an option, oldest first.
    pub(crate) uploads: VecDeque<Snowflake>,
}

/// The store and everything that its writes reach.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) ids: SnowflakeGenerator,
    pub(crate) attachments: AttachmentStore,
    pub(crate) hub: Hub,
    pub(crate) feed: Feed,
    pub(crate) rules: Rules,
    pub(crate) transcript: Transcript,
    pub(crate) shutdown: CancellationToken,
    /// Counts writes, so that tests can wait for one.
    pub(crate) changes: watch::Sender<u64>,
    state: Mutex<State>,
}

impl World {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        (bot, bot_name): (Snowflake, &str),
        memory_limit: u64,
    ) -> Self {
        let ids = SnowflakeGenerator::default();
        let state = seed::state(&ids, clock.now_ms(), bot, bot_name);
        Self {
            settings,
            attachments: AttachmentStore::new(memory_limit),
            hub: Hub::default(),
            feed: Feed::default(),
            rules: Rules::default(),
            transcript: Transcript::new(clock.clone()),
            shutdown: CancellationToken::new(),
            changes: watch::Sender::new(0),
            clock,
            ids,
            state: Mutex::new(state),
        }
    }

    /// The state, locked. Never held across an await; taken before any other lock.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next id for something made now.
    pub(crate) fn next_id(&self) -> Snowflake {
        self.ids.next(self.clock.now_ms())
    }

    /// Tells waiting tests that something was written.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// The gateway projection of a write.
    pub(crate) fn dispatch(&self, name: &'static str, data: Value, audience: Audience) {
        self.hub.dispatch(
            &Dispatch {
                name,
                data,
                audience,
            },
            &self.transcript,
        );
    }

    /// The page projection of a write.
    pub(crate) fn publish(&self, kind: &str, channel: Option<Snowflake>, data: Value) {
        self.feed.publish(kind, channel, data);
        self.changed();
    }

    /// Starts a gateway session with READY and GUILD_CREATE.
    pub(crate) fn identify(
        &self,
        connection: &Connection,
        (intents, compress): (u64, bool),
        shard: Option<&Value>,
    ) {
        // Held until the session exists, so that no event falls in between.
        let state = self.state();
        let mut ready = json!({
            "v": 10,
            "user": state.bot_user_json(),
            "guilds": [{ "id": state.guild.id, "unavailable": true }],
            "session_id": "",
            "session_type": "normal",
            "resume_gateway_url": self.settings.gateway_url,
            "private_channels": [],
            "relationships": [],
            "application": { "id": state.bot, "flags": 0 },
            "_trace": [],
        });
        if let Some(shard) = shard {
            ready["shard"] = shard.clone();
        }
        let first = vec![
            Dispatch {
                name: "READY",
                data: ready,
                audience: Audience::EVERYBODY,
            },
            Dispatch {
                name: "GUILD_CREATE",
                data: state.guild_create_json(),
                audience: Audience::with(GUILDS),
            },
        ];
        self.hub
            .identify(connection, (intents, compress), first, &self.transcript);
        self.publish("bot", None, self.bot_json(&state));
    }

    pub(crate) fn resume(
        &self,
        connection: &Connection,
        session: &str,
        sequence: u64,
    ) -> Result<bool, ResumeError> {
        let state = self.state();
        let compress = self
            .hub
            .resume(connection, session, sequence, &self.transcript)?;
        self.publish("bot", None, self.bot_json(&state));
        Ok(compress)
    }

    /// A gateway connection has ended.
    pub(crate) fn gateway_left(&self, connection: u64, forget: bool) {
        let state = self.state();
        self.hub.disconnect(connection, forget);
        self.publish("bot", None, self.bot_json(&state));
    }

    pub(crate) fn gateway_fault(&self, fault: GatewayFault) {
        self.transcript
            .line(Direction::Server, "fault", format!("gateway: {fault:?}"));
        self.hub.fault(fault);
    }

    /// Answers op 8 with one chunk of members.
    pub(crate) fn send_members(
        &self,
        connection: u64,
        ids: &[Snowflake],
        query: Option<&str>,
        nonce: Option<Value>,
    ) {
        let state = self.state();
        let wanted = |user: &&User| match query {
            Some(query) => user.username.starts_with(query),
            None => ids.contains(&user.id),
        };
        let members: Vec<Value> = state
            .users
            .iter()
            .filter(wanted)
            .map(|user| state.member_json(user))
            .collect();
        let missing: Vec<&Snowflake> = ids
            .iter()
            .filter(|id| !state.users.iter().any(|user| user.id == **id))
            .collect();
        let mut data = json!({
            "guild_id": state.guild.id,
            "members": members,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": missing,
        });
        if let Some(nonce) = nonce {
            data["nonce"] = nonce;
        }
        let dispatch = Dispatch {
            name: "GUILD_MEMBERS_CHUNK",
            data,
            audience: Audience::EVERYBODY,
        };
        self.hub.answer(connection, &dispatch, &self.transcript);
    }

    /// The `bot` part of the page's state.
    pub(crate) fn bot_json(&self, state: &State) -> Value {
        let name = state.user(state.bot).map(|bot| bot.display_name.clone());
        json!({ "id": state.bot, "name": name, "connected": self.hub.is_connected() })
    }

    /// Changes a person's roles or locale, as the page's pickers do.
    pub(crate) fn change_user(
        &self,
        id: Snowflake,
        roles: Option<Vec<Snowflake>>,
        locale: Option<String>,
    ) -> Option<()> {
        let mut state = self.state();
        let user = state
            .users
            .iter_mut()
            .find(|user| user.id == id && !user.is_bot)?;
        if let Some(locale) = locale {
            user.locale = locale;
        }
        let roles_changed = roles.is_some();
        if let Some(roles) = roles {
            user.roles = roles;
        }
        let user = state.user(id)?;
        if roles_changed {
            let mut data = state.member_json(user);
            data["guild_id"] = json!(state.guild.id);
            self.dispatch("GUILD_MEMBER_UPDATE", data, Audience::with(GUILD_MEMBERS));
        }
        self.publish("state", None, json!({ "user_id": id }));
        Some(())
    }

    /// TYPING_START for the bot's own typing, as Discord sends it back.
    pub(crate) fn typing(&self, state: &State, channel: &Channel) {
        let mut data = json!({
            "channel_id": channel.id,
            "user_id": state.bot,
            "timestamp": self.clock.now_ms() / 1_000,
        });
        if !channel.is_dm() {
            data["guild_id"] = json!(state.guild.id);
            data["member"] = state
                .user(state.bot)
                .map(|bot| state.member_json(bot))
                .into();
        }
        let (guild, direct) = (GUILD_MESSAGE_TYPING, DIRECT_MESSAGE_TYPING);
        let intents = if channel.is_dm() { direct } else { guild };
        self.dispatch("TYPING_START", data, Audience::with(intents));
    }

    /// Keeps a file that a person uploaded for an option. Returns the page's description of it.
    pub(crate) fn keep_upload(&self, file: UploadedFile) -> Value {
        let mut state = self.state();
        let (id, now) = (self.next_id(), self.clock.now_ms());
        self.attachments.add(id, state.guild.id, file, now);
        state.uploads.push_back(id);
        if state.uploads.len() > KEPT_UPLOADS
            && let Some(oldest) = state.uploads.pop_front()
        {
            self.attachments.remove(oldest);
        }
        self.attachments
            .object(id, None, &self.settings.base_url, now)
            .unwrap_or_default()
    }

    /// Waits until something can be picked from an interaction's steps; `None` after `timeout`.
    pub(crate) async fn wait_for_step<T>(
        &self,
        id: Snowflake,
        timeout: Duration,
        mut pick: impl FnMut(&[Step]) -> Option<T>,
    ) -> Option<T> {
        self.wait_for(timeout, |state| {
            state
                .interactions
                .get(&id)
                .and_then(|interaction| pick(&interaction.steps))
        })
        .await
    }

    /// Waits until something can be picked from the state; `None` after `timeout`.
    pub(crate) async fn wait_for<T>(
        &self,
        timeout: Duration,
        mut pick: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        let mut changes = self.changes.subscribe();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = pick(&self.state()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, waiting).await.ok().flatten()
    }

    /// Drops the oldest interactions once there are too many.
    pub(crate) fn forget_old_interactions(state: &mut State) {
        while state.interactions.len() > REMEMBERED_INTERACTIONS {
            state.interactions.pop_first();
        }
    }
}

/// The intents that decide about messages of a channel.
pub(crate) fn message_intents(channel: &Channel) -> u64 {
    if channel.is_dm() {
        DIRECT_MESSAGES
    } else {
        GUILD_MESSAGES
    }
}
