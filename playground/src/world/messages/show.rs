//! How a message is shown: as the API's object, and as a view with a `playground` part.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Message;
use crate::clock::timestamp;
use crate::snowflake::Snowflake;
use crate::world::channels::Channel;
use crate::world::{State, World};

impl World {
    /// The message object of the API.
    pub(crate) fn message_json(&self, state: &State, message: &Message) -> Value {
        let attachments = self.attachment_objects(message);
        let embeds: Vec<Value> = message
            .embeds
            .iter()
            .map(|embed| embed_json(embed, &attachments))
            .collect();
        let mentions: Vec<Value> = message
            .mentions
            .iter()
            .map(|id| state.user_json(*id))
            .collect();
        let mut object = json!({
            "id": message.id,
            "channel_id": message.channel_id,
            "author": state.user_json(message.author),
            "type": message.kind,
            "content": message.content,
            "timestamp": timestamp(message.created_ms),
            "edited_timestamp": message.edited_ms.map(timestamp),
            "tts": message.tts,
            "mention_everyone": false,
            "mentions": mentions,
            "mention_roles": [],
            "attachments": attachments,
            "embeds": embeds,
            "components": message.components,
            "pinned": false,
            "flags": message.flags,
        });
        if let Some(nonce) = &message.nonce {
            object["nonce"] = nonce.clone();
        }
        if let Some(id) = message.reference {
            self.add_reference(state, &mut object, message, id);
        }
        if let Some(origin) = &message.origin {
            object["application_id"] = json!(state.bot);
            object["webhook_id"] = json!(state.bot);
            object["interaction_metadata"] = origin.metadata_json(state);
            if let Some(deprecated) = origin.deprecated_json(state) {
                object["interaction"] = deprecated;
            }
        }
        if let Some(thread) = state
            .channels
            .get(&message.id)
            .filter(|_| message.has_thread())
        {
            object["thread"] = state.channel_json(thread);
        }
        object
    }

    fn add_reference(&self, state: &State, object: &mut Value, message: &Message, id: Snowflake) {
        object["message_reference"] = json!({
            "type": 0,
            "message_id": id,
            "channel_id": message.channel_id,
            "guild_id": state.guild.id,
        });
        if state
            .channels
            .get(&message.channel_id)
            .is_some_and(Channel::is_dm)
            && let Some(reference) = object["message_reference"].as_object_mut()
        {
            reference.remove("guild_id");
        }
        // One level only, as Discord does.
        object["referenced_message"] = match state.messages.get(&id) {
            Some(referenced) if referenced.reference.is_none() => {
                self.message_json(state, referenced)
            }
            _ => Value::Null,
        };
    }

    fn attachment_objects(&self, message: &Message) -> Vec<Value> {
        let (base, now) = (&self.settings.base_url, self.clock.now_ms());
        message
            .attachments
            .iter()
            .filter_map(|attached| {
                let description = attached.description.as_deref();
                let mut object = self
                    .attachments
                    .object(attached.id, description, base, now)?;
                if message.ephemeral_to.is_some() {
                    object["ephemeral"] = json!(true);
                }
                Some(object)
            })
            .collect()
    }

    /// The message as the page and the tests see it.
    pub(crate) fn view(&self, state: &State, message: &Message) -> Value {
        let mut view = self.message_json(state, message);
        let invoked_by = message.origin.as_ref().map(|origin| {
            let user = state
                .user(origin.user)
                .map(|user| user.display_name.as_str());
            json!({ "user": user, "command": origin.shown })
        });
        view["playground"] = json!({
            "ephemeral_to": message.ephemeral_to,
            "thinking": message.is_thinking(),
            "failed": message.failed,
            "invoked_by": invoked_by,
        });
        view
    }

    /// What a user sees in a channel, oldest first.
    pub(crate) fn views(&self, state: &State, channel: Snowflake, viewer: Snowflake) -> Vec<Value> {
        state
            .messages
            .values()
            .filter(|message| message.channel_id == channel)
            .filter(|message| message.ephemeral_to.is_none_or(|only| only == viewer))
            .map(|message| self.view(state, message))
            .collect()
    }
}

/// An embed as it is shown: of type `rich`, with `attachment://` names resolved. A picture whose
/// attachment is gone is gone too.
fn embed_json(embed: &Value, attachments: &[Value]) -> Value {
    let mut shown = embed.clone();
    shown["type"] = json!("rich");
    if let Some(at) = embed["timestamp"].as_str() {
        shown["timestamp"] = json!(in_utc(at));
    }
    for (part, key) in [
        ("image", "url"),
        ("thumbnail", "url"),
        ("author", "icon_url"),
        ("footer", "icon_url"),
    ] {
        let Some(address) = embed[part][key].as_str() else {
            continue;
        };
        let Some(name) = address.strip_prefix("attachment://") else {
            continue;
        };
        match attachments
            .iter()
            .find(|attachment| attachment["filename"] == name)
        {
            Some(attachment) => {
                shown[part][key] = attachment["url"].clone();
                shown[part][format!("proxy_{key}")] = attachment["proxy_url"].clone();
                if key == "url" {
                    for field in ["width", "height", "content_type", "description"] {
                        if let Some(value) = attachment.get(field) {
                            shown[part][field] = value.clone();
                        }
                    }
                }
            }
            None if key == "url" => shown[part] = Value::Null,
            None => shown[part][key] = Value::Null,
        }
    }
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    shown
}

/// A time in the form that Discord gives all times.
fn in_utc(at: &str) -> String {
    OffsetDateTime::parse(at, &Rfc3339)
        .ok()
        .and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok())
        .map_or_else(|| at.to_owned(), timestamp)
}
