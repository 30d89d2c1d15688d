//! Messages: made, changed, deleted, and told to the bot and the page.

mod show;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::interactions::Origin;
use super::{State, World, message_intents};
use crate::attachments::UploadedFile;
use crate::errors::ApiError;
use crate::gateway::Audience;
use crate::snowflake::{Snowflake, from_json};
use crate::validate::Form;
use crate::validate::message::{Draft, Mode, Planned, draft, nonce_text};

pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub(crate) const HAS_THREAD: u64 = 1 << 5;
pub(crate) const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
/// The flags that a bot may set itself.
const SETTABLE: u64 = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS;

/// How long an enforced nonce lets no second message through: "a few minutes" in Discord's words.
const NONCE_MS: u64 = 5 * 60 * 1_000;

/// Discord's numbers for the kinds of messages that exist here.
pub(crate) const REGULAR: u8 = 0;
pub(crate) const REPLY: u8 = 19;
pub(crate) const CHAT_INPUT_COMMAND: u8 = 20;
pub(crate) const CONTEXT_MENU_COMMAND: u8 = 23;

/// A body with the files that came with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) json: Value,
    pub(crate) files: Vec<UploadedFile>,
}

/// An attachment of a message; its bytes are in the store.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    id: Snowflake,
    filename: String,
    description: Option<String>,
}

/// A message.
pub(crate) struct Message {
    pub(crate) id: Snowflake,
    pub(crate) channel_id: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    attachments: Vec<Attached>,
    pub(crate) flags: u64,
    created_ms: u64,
    edited_ms: Option<u64>,
    tts: bool,
    nonce: Option<Value>,
    reference: Option<Snowflake>,
    mentions: Vec<Snowflake>,
    /// Only this user sees it.
    pub(crate) ephemeral_to: Option<Snowflake>,
    /// The interaction that it answers.
    pub(crate) origin: Option<Origin>,
    /// What the page shows where an answer failed to come. Such a message exists for the page
    /// alone.
    pub(crate) failed: Option<&'static str>,
}

/// What is known of a message before its body.
pub(crate) struct NewMessage {
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) kind: u8,
    pub(crate) ephemeral_to: Option<Snowflake>,
    pub(crate) origin: Option<Origin>,
    pub(crate) reference: Option<Snowflake>,
}

impl Message {
    pub(crate) fn new(id: Snowflake, created_ms: u64, new: NewMessage) -> Self {
        Self {
            id,
            channel_id: new.channel,
            author: new.author,
            kind: new.kind,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            flags: if new.ephemeral_to.is_some() {
                EPHEMERAL
            } else {
                0
            },
            created_ms,
            edited_ms: None,
            tts: false,
            nonce: None,
            reference: new.reference,
            mentions: Vec::new(),
            ephemeral_to: new.ephemeral_to,
            origin: new.origin,
            failed: None,
        }
    }

    /// Whether everybody in the channel, and the channel's API routes, can see it.
    pub(crate) fn is_public(&self) -> bool {
        self.ephemeral_to.is_none() && self.failed.is_none()
    }

    pub(crate) fn is_thinking(&self) -> bool {
        self.flags & LOADING != 0
    }

    pub(crate) fn has_thread(&self) -> bool {
        self.flags & HAS_THREAD != 0
    }

    pub(crate) fn mark_thread(&mut self) {
        self.flags |= HAS_THREAD;
    }

    /// Whether nothing would be left of it.
    fn is_empty_after(&self, draft: &Draft) -> bool {
        let content = draft.content.as_ref().unwrap_or(&self.content);
        content.trim().is_empty()
            && draft.embeds.as_ref().unwrap_or(&self.embeds).is_empty()
            && draft
                .components
                .as_ref()
                .unwrap_or(&self.components)
                .is_empty()
            && draft
                .attachments
                .as_ref()
                .map_or(self.attachments.len(), Vec::len)
                == 0
    }

    fn known_attachments(&self) -> Vec<(Snowflake, String)> {
        self.attachments
            .iter()
            .map(|a| (a.id, a.filename.clone()))
            .collect()
    }
}

impl World {
    /// Makes a message from a body and tells the bot and the page. Returns its id, or that of the
    /// message that was made with the same nonce before, if the body asks to enforce it.
    pub(crate) fn create_message(
        &self,
        state: &mut State,
        new: NewMessage,
        body: &Body,
    ) -> Result<Snowflake, ApiError> {
        let limit = self.settings.attachment_size_limit;
        let draft = draft(
            &Form::body(&body.json)?,
            &body.files,
            &[],
            Mode::Create,
            limit,
        )?;
        if draft.is_empty() {
            return Err(ApiError::empty_message());
        }
        if draft
            .reference
            .is_some_and(|id| !state.messages.contains_key(&id))
        {
            return Err(ApiError::unknown_message());
        }
        // Answers to interactions have no nonce to enforce.
        if draft.enforce_nonce && new.origin.is_none() {
            let nonce = draft.nonce.as_ref().and_then(nonce_text);
            if let Some(same) = nonce.and_then(|nonce| self.with_nonce(state, new.author, &nonce)) {
                return Ok(same);
            }
        }
        let mut message = Message::new(self.next_id(), self.clock.now_ms(), new);
        self.apply(state, &mut message, draft, &body.files);
        let id = message.id;
        state.messages.insert(id, message);
        self.message_created(state, id);
        Ok(id)
    }

    /// The author's newest message of the last minutes that carries the nonce, in any channel.
    fn with_nonce(&self, state: &State, author: Snowflake, nonce: &str) -> Option<Snowflake> {
        let oldest = self.clock.now_ms().saturating_sub(NONCE_MS);
        let mut recent = state
            .messages
            .values()
            .rev()
            .filter(|message| message.author == author && message.created_ms >= oldest);
        let same = recent
            .find(|message| message.nonce.as_ref().and_then(nonce_text).as_deref() == Some(nonce));
        same.map(|message| message.id)
    }

    /// Changes a message. Filling in a "thinking" one ends that.
    pub(crate) fn edit_message(
        &self,
        state: &mut State,
        id: Snowflake,
        body: &Body,
    ) -> Result<(), ApiError> {
        let message = state
            .messages
            .get(&id)
            .ok_or_else(ApiError::unknown_message)?;
        let known = message.known_attachments();
        let limit = self.settings.attachment_size_limit;
        let draft = draft(
            &Form::body(&body.json)?,
            &body.files,
            &known,
            Mode::Edit,
            limit,
        )?;
        if message.is_empty_after(&draft) {
            return Err(ApiError::empty_message());
        }
        let mut message = state
            .messages
            .remove(&id)
            .ok_or_else(ApiError::unknown_message)?;
        if message.is_thinking() {
            message.flags &= !LOADING;
        } else {
            message.edited_ms = Some(self.clock.now_ms());
        }
        self.apply(state, &mut message, draft, &body.files);
        state.messages.insert(id, message);
        self.message_changed(state, id);
        Ok(())
    }

    /// Writes a checked draft into a message.
    fn apply(&self, state: &State, message: &mut Message, draft: Draft, files: &[UploadedFile]) {
        if let Some(plan) = draft.attachments {
            self.replace_attachments(message, plan, files);
        }
        if let Some(embeds) = draft.embeds {
            message.embeds = embeds;
        }
        if let Some(mut components) = draft.components {
            number_components(&mut components, &mut 1);
            message.components = components;
        }
        if let Some(flags) = draft.flags {
            message.flags = message.flags & !SETTABLE | flags & SETTABLE;
        }
        if let Some(content) = draft.content {
            message.mentions = mentions(state, &content, draft.allowed_mentions.as_ref());
            message.content = content;
        }
        message.tts |= draft.tts;
        message.nonce = draft.nonce.or(message.nonce.take());
        if draft.reference.is_some() && message.reference.is_none() {
            message.reference = draft.reference;
            message.kind = REPLY;
        }
    }

    fn replace_attachments(
        &self,
        message: &mut Message,
        plan: Vec<Planned>,
        files: &[UploadedFile],
    ) {
        let mut old: BTreeMap<Snowflake, Attached> = message
            .attachments
            .drain(..)
            .map(|attached| (attached.id, attached))
            .collect();
        for planned in plan {
            match planned {
                Planned::Kept { id, description } => {
                    if let Some(mut kept) = old.remove(&id) {
                        kept.description = description.or(kept.description);
                        message.attachments.push(kept);
                    }
                }
                Planned::New {
                    position,
                    filename,
                    description,
                } => {
                    let Some(file) = files.get(position) else {
                        continue;
                    };
                    let id = self.next_id();
                    let file = UploadedFile {
                        filename: filename.clone(),
                        ..file.clone()
                    };
                    self.attachments
                        .add(id, message.channel_id, file, self.clock.now_ms());
                    message.attachments.push(Attached {
                        id,
                        filename,
                        description,
                    });
                }
            }
        }
        for id in old.into_keys() {
            self.attachments.remove(id);
        }
    }

    /// Deletes a message and its files.
    pub(crate) fn delete_message(&self, state: &mut State, id: Snowflake) -> Result<(), ApiError> {
        let message = state
            .messages
            .remove(&id)
            .ok_or_else(ApiError::unknown_message)?;
        for attached in &message.attachments {
            self.attachments.remove(attached.id);
        }
        let channel = state.channels.get(&message.channel_id);
        if let Some(channel) = channel.filter(|_| message.is_public()) {
            let mut data = json!({ "id": id, "channel_id": channel.id });
            if !channel.is_dm() {
                data["guild_id"] = json!(state.guild.id);
            }
            self.dispatch(
                "MESSAGE_DELETE",
                data,
                Audience::with(message_intents(channel)),
            );
        }
        let data = json!({ "id": id, "playground": { "ephemeral_to": message.ephemeral_to } });
        self.publish("message_delete", Some(message.channel_id), data);
        Ok(())
    }

    pub(crate) fn message_created(&self, state: &State, id: Snowflake) {
        self.project(state, id, "MESSAGE_CREATE", "message_create");
    }

    pub(crate) fn message_changed(&self, state: &State, id: Snowflake) {
        self.project(state, id, "MESSAGE_UPDATE", "message_update");
    }

    /// The two projections of a message. An ephemeral one has no gateway event.
    fn project(&self, state: &State, id: Snowflake, event: &'static str, page_event: &str) {
        let Some(message) = state.messages.get(&id) else {
            return;
        };
        let Some(channel) = state.channels.get(&message.channel_id) else {
            return;
        };
        if message.is_public() {
            let mut data = self.message_json(state, message);
            if let Some(author) = state.user(message.author).filter(|_| !channel.is_dm()) {
                data["guild_id"] = json!(state.guild.id);
                data["member"] = state.partial_member_json(author);
            }
            let sensitive = message.author != state.bot
                && !channel.is_dm()
                && !message.mentions.contains(&state.bot);
            let audience = Audience {
                intents: message_intents(channel),
                sensitive,
            };
            self.dispatch(event, data, audience);
        }
        self.publish(
            page_event,
            Some(message.channel_id),
            self.view(state, message),
        );
    }
}

/// Discord numbers all components of a message.
fn number_components(components: &mut [Value], next: &mut u64) {
    for component in components {
        if let Some(fields) = component.as_object_mut() {
            fields.entry("id").or_insert_with(|| json!(*next));
            *next += 1;
            if let Some(Value::Array(children)) = fields.get_mut("components") {
                number_components(children, next);
            }
        }
    }
}

/// Users named in the text as `<@id>` that the allowed mentions let through.
fn mentions(state: &State, content: &str, allowed: Option<&Value>) -> Vec<Snowflake> {
    let may_mention = |id: Snowflake| {
        let Some(allowed) = allowed else { return true };
        let parsed = allowed["parse"]
            .as_array()
            .is_some_and(|p| p.iter().any(|v| v == "users"));
        let listed = allowed["users"]
            .as_array()
            .is_some_and(|users| users.iter().filter_map(from_json).any(|user| user == id));
        parsed || listed
    };
    let mut found = Vec::new();
    for part in content.split("<@").skip(1) {
        let Some((id, _)) = part.trim_start_matches('!').split_once('>') else {
            continue;
        };
        let Ok(id) = id.parse::<Snowflake>() else {
            continue;
        };
        if state.user(id).is_some() && may_mention(id) && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}
