//! Channels: text channels of the guild, threads in them, direct messages with the bot.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::messages::Message;
use super::{State, World};
use crate::clock::timestamp;
use crate::errors::ApiError;
use crate::gateway::{Audience, GUILDS};
use crate::snowflake::Snowflake;
use crate::validate::{Form, FormErrors, Need};

use super::users::{CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MANAGE_THREADS, VIEW_CHANNEL};

/// Discord's numbers for the kinds that exist here.
const TEXT: u8 = 0;
const DM: u8 = 1;
const PUBLIC_THREAD: u8 = 11;
const PRIVATE_THREAD: u8 = 12;

/// A channel of any kind.
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) kind: u8,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) position: u16,
    /// The channel that a thread is in.
    pub(crate) parent: Option<Snowflake>,
    /// Who started a thread.
    pub(crate) owner: Option<Snowflake>,
    /// The person a direct channel leads to.
    pub(crate) recipient: Option<Snowflake>,
    pub(crate) created_ms: u64,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    /// Minutes until an idle thread is archived. It never happens by itself here.
    pub(crate) auto_archive: u64,
    /// Permissions that the bot lacks here and in the threads, whatever its roles say.
    pub(crate) bot_denied: u64,
}

impl Channel {
    fn new(id: Snowflake, kind: u8, name: &str, created_ms: u64) -> Self {
        Self {
            id,
            kind,
            name: name.to_owned(),
            topic: None,
            position: 0,
            parent: None,
            owner: None,
            recipient: None,
            created_ms,
            archived: false,
            locked: false,
            auto_archive: 1_440,
            bot_denied: 0,
        }
    }

    pub(crate) fn text(id: Snowflake, name: &str, position: u16, created_ms: u64) -> Self {
        Self {
            position,
            ..Self::new(id, TEXT, name, created_ms)
        }
    }

    pub(crate) fn thread(
        id: Snowflake,
        name: &str,
        (parent, owner): (Snowflake, Snowflake),
        created_ms: u64,
    ) -> Self {
        let thread = Self::new(id, PUBLIC_THREAD, name, created_ms);
        Self {
            parent: Some(parent),
            owner: Some(owner),
            ..thread
        }
    }

    pub(crate) fn direct(id: Snowflake, recipient: Snowflake, created_ms: u64) -> Self {
        Self {
            recipient: Some(recipient),
            ..Self::new(id, DM, "", created_ms)
        }
    }

    pub(crate) fn is_dm(&self) -> bool {
        self.kind == DM
    }

    pub(crate) fn is_thread(&self) -> bool {
        matches!(self.kind, PUBLIC_THREAD | PRIVATE_THREAD)
    }

    /// How the page groups it.
    pub(crate) fn page_kind(&self) -> &'static str {
        match self.kind {
            DM => "dm",
            PUBLIC_THREAD | PRIVATE_THREAD => "thread",
            _ => "text",
        }
    }
}

impl State {
    fn last_message(&self, channel: Snowflake) -> Option<Snowflake> {
        let in_channel = |id: &&Snowflake| {
            self.messages
                .get(id)
                .is_some_and(|m| m.channel_id == channel && m.is_public())
        };
        self.messages.keys().rev().find(in_channel).copied()
    }

    /// The channel object.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        let mut object = json!({
            "id": channel.id,
            "type": channel.kind,
            "last_message_id": self.last_message(channel.id),
            "flags": 0,
        });
        if let Some(recipient) = channel.recipient {
            object["recipients"] = json!([self.user_json(recipient)]);
            return object;
        }
        object["guild_id"] = json!(self.guild.id);
        object["name"] = json!(channel.name);
        object["parent_id"] = json!(channel.parent);
        object["rate_limit_per_user"] = json!(0);
        object["last_pin_timestamp"] = Value::Null;
        if channel.is_thread() {
            self.add_thread_fields(&mut object, channel);
        } else {
            object["position"] = json!(channel.position);
            object["topic"] = json!(channel.topic);
            object["nsfw"] = json!(false);
            object["permission_overwrites"] = self.overwrites_json(channel);
        }
        object
    }

    fn add_thread_fields(&self, object: &mut Value, thread: &Channel) {
        let count = self
            .messages
            .values()
            .filter(|message| message.channel_id == thread.id && message.is_public())
            .count();
        object["owner_id"] = json!(thread.owner);
        object["message_count"] = json!(count);
        object["total_message_sent"] = json!(count);
        object["member_count"] = json!(1);
        object["thread_metadata"] = json!({
            "archived": thread.archived,
            "auto_archive_duration": thread.auto_archive,
            "archive_timestamp": timestamp(thread.created_ms),
            "create_timestamp": timestamp(thread.created_ms),
            "locked": thread.locked,
        });
        if thread.kind == PRIVATE_THREAD {
            object["thread_metadata"]["invitable"] = json!(true);
        }
    }

    /// The channel as an interaction of this user carries it.
    pub(crate) fn interaction_channel_json(&self, channel: &Channel, user: Snowflake) -> Value {
        let mut object = self.channel_json(channel);
        object["permissions"] = json!(self.permissions(user).to_string());
        object
    }

    /// The channel as resolved data carries it.
    pub(crate) fn resolved_channel_json(&self, channel: &Channel, user: Snowflake) -> Value {
        let mut object = self.interaction_channel_json(channel, user);
        object["app_permissions"] = json!(self.app_permissions(channel).to_string());
        object
    }

    /// A channel that the bot may see.
    pub(crate) fn visible_channel(&self, id: Snowflake) -> Result<&Channel, ApiError> {
        let channel = self
            .channels
            .get(&id)
            .ok_or_else(ApiError::unknown_channel)?;
        self.require(channel, VIEW_CHANNEL)
            .map_err(|_| ApiError::missing_access())?;
        Ok(channel)
    }

    /// That the bot has these permissions in a channel; in direct messages it may do all.
    pub(crate) fn require(&self, channel: &Channel, permissions: u64) -> Result<(), ApiError> {
        if channel.is_dm() || self.bot_permissions(channel) & permissions == permissions {
            Ok(())
        } else {
            Err(ApiError::missing_permissions())
        }
    }

    /// A channel by its name (with or without `#`) or id.
    pub(crate) fn find_channel(&self, name: &str) -> Option<&Channel> {
        let name = name.trim_start_matches('#');
        self.channels
            .values()
            .find(|channel| !channel.is_dm() && channel.name == name)
            .or_else(|| self.channels.get(&name.parse().ok()?))
    }
}

impl World {
    /// The direct channel with a user, opened if need be.
    pub(crate) fn direct_channel(&self, state: &mut State, user: Snowflake) -> Option<Snowflake> {
        if let Some(open) = state.channels.values().find(|c| c.recipient == Some(user)) {
            return Some(open.id);
        }
        state.user(user).filter(|user| !user.is_bot)?;
        let id = self.next_id();
        state
            .channels
            .insert(id, Channel::direct(id, user, self.clock.now_ms()));
        self.publish("state", Some(id), json!({}));
        Some(id)
    }

    /// Starts a thread, from a message or on its own.
    pub(crate) fn start_thread(
        &self,
        parent: Snowflake,
        message: Option<Snowflake>,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let wanted = WantedThread::read(body)?;
        let public = message.is_some() || wanted.public;
        let mut state = self.state();
        let channel = state.visible_channel(parent)?;
        let needed = if public {
            CREATE_PUBLIC_THREADS
        } else {
            CREATE_PRIVATE_THREADS
        };
        state.require(channel, needed)?;
        if channel.kind != TEXT {
            let text = "Cannot execute action on this channel type";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, 50_024, text));
        }
        if let Some(message) = message {
            mark_start(&mut state, parent, message)?;
        }
        // A thread shares the id of the message it starts from.
        let id = message.unwrap_or_else(|| self.next_id());
        let owner = state.bot;
        let now = self.clock.now_ms();
        let thread = Channel {
            kind: if public {
                PUBLIC_THREAD
            } else {
                PRIVATE_THREAD
            },
            auto_archive: wanted.auto_archive,
            ..Channel::thread(id, &wanted.name, (parent, owner), now)
        };
        let answer = state.channel_json(&thread);
        state.channels.insert(id, thread);
        let mut created = answer.clone();
        created["newly_created"] = json!(true);
        self.dispatch("THREAD_CREATE", created, Audience::with(GUILDS));
        if let Some(message) = message {
            self.message_changed(&state, message);
        }
        self.publish("state", Some(id), json!({ "channel_id": id }));
        Ok(answer)
    }

    /// Renames, archives or locks a thread; other channels only take a name and a topic.
    pub(crate) fn change_channel(&self, id: Snowflake, body: &Value) -> Result<Value, ApiError> {
        let form = Form::body(body)?;
        let mut errors = FormErrors::default();
        let name = form
            .text(&mut errors, "name", 1..=100, Need::Optional)
            .map(str::to_owned);
        let topic = form
            .text(&mut errors, "topic", 0..=1_024, Need::Optional)
            .map(str::to_owned);
        let archived = form.boolean(&mut errors, "archived");
        let locked = form.boolean(&mut errors, "locked");
        errors.into_result()?;
        let mut state = self.state();
        let channel = state.visible_channel(id)?;
        let is_thread = channel.is_thread();
        if channel.owner != Some(state.bot) {
            state.require(channel, MANAGE_THREADS)?;
        }
        let channel = state
            .channels
            .get_mut(&id)
            .ok_or_else(ApiError::unknown_channel)?;
        channel.name = name.unwrap_or_else(|| channel.name.clone());
        channel.topic = topic.or_else(|| channel.topic.clone());
        channel.archived = archived.unwrap_or(channel.archived);
        channel.locked = locked.unwrap_or(channel.locked);
        let object = state
            .visible_channel(id)
            .map(|channel| state.channel_json(channel))?;
        let event = if is_thread {
            "THREAD_UPDATE"
        } else {
            "CHANNEL_UPDATE"
        };
        self.dispatch(event, object.clone(), Audience::with(GUILDS));
        self.publish("state", Some(id), json!({ "channel_id": id }));
        Ok(object)
    }

    /// Deletes a thread with its messages. Other channels stay: nothing here could bring them back.
    pub(crate) fn delete_thread(&self, id: Snowflake) -> Result<Value, ApiError> {
        let mut state = self.state();
        let channel = state.visible_channel(id)?;
        if !channel.is_thread() {
            return Err(ApiError::not_implemented(
                "deleting channels other than threads",
            ));
        }
        state.require(channel, MANAGE_THREADS)?;
        let object = state.channel_json(channel);
        let data = json!({
            "id": id,
            "guild_id": state.guild.id,
            "parent_id": channel.parent,
            "type": channel.kind,
        });
        let inside = |message: &&Message| message.channel_id == id;
        let messages: Vec<Snowflake> = state
            .messages
            .values()
            .filter(inside)
            .map(|message| message.id)
            .collect();
        for message in messages {
            // Each with its files.
            self.delete_message(&mut state, message)?;
        }
        state.channels.remove(&id);
        self.dispatch("THREAD_DELETE", data, Audience::with(GUILDS));
        self.publish("state", Some(id), json!({ "channel_id": id }));
        Ok(object)
    }
}

/// What the body of a new thread asks for.
struct WantedThread {
    name: String,
    auto_archive: u64,
    public: bool,
}

impl WantedThread {
    fn read(body: &Value) -> Result<Self, ApiError> {
        let form = Form::body(body)?;
        let mut errors = FormErrors::default();
        let name = form.text(&mut errors, "name", 1..=100, Need::Required);
        let minutes = form.integer(
            &mut errors,
            "auto_archive_duration",
            0..=10_080,
            Need::Optional,
        );
        if minutes.is_some_and(|minutes| ![60, 1_440, 4_320, 10_080].contains(&minutes)) {
            let message = "Value must be one of (60, 1440, 4320, 10080).";
            errors.add("auto_archive_duration", "BASE_TYPE_CHOICES", message);
        }
        let kind = form.integer(&mut errors, "type", 10..=12, Need::Optional);
        errors.into_result()?;
        Ok(Self {
            name: name.unwrap_or_default().to_owned(),
            auto_archive: minutes
                .and_then(|minutes| minutes.try_into().ok())
                .unwrap_or(1_440),
            public: kind == Some(i64::from(PUBLIC_THREAD)),
        })
    }
}

/// Marks a message as the start of a thread; it can start one only.
fn mark_start(state: &mut State, channel: Snowflake, id: Snowflake) -> Result<(), ApiError> {
    let known = state.messages.get_mut(&id);
    let message = known
        .filter(|message| message.channel_id == channel && message.is_public())
        .ok_or_else(ApiError::unknown_message)?;
    if message.has_thread() {
        let text = "A thread has already been created for this message";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, 160_004, text));
    }
    message.mark_thread();
    Ok(())
}
