//! Users, members and roles, and the permissions that follow from them.

use serde_json::{Value, json};

use super::State;
use crate::clock::timestamp;
use crate::snowflake::Snowflake;

pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const MANAGE_GUILD: u64 = 1 << 5;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
/// Every permission that exists, which is what administrators have.
const ALL: u64 = (1 << 50) - 1;

/// A role of the guild. The first one, whose id is the guild's, is `@everyone`.
pub(crate) struct Role {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) permissions: u64,
    pub(crate) position: u16,
    pub(crate) color: u32,
    /// The bot's own role, which Discord manages.
    pub(crate) managed_by: Option<Snowflake>,
}

/// A person or the bot. All are members of the guild.
pub(crate) struct User {
    pub(crate) id: Snowflake,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) locale: String,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) joined_ms: u64,
    pub(crate) is_bot: bool,
}

impl User {
    /// The user object.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "username": self.username,
            "global_name": if self.is_bot { Value::Null } else { json!(self.display_name) },
            "discriminator": "0",
            "avatar": null,
            "avatar_decoration_data": null,
            "banner": null,
            "accent_color": null,
            "bot": self.is_bot,
            "system": false,
            "public_flags": 0,
        })
    }
}

impl State {
    pub(crate) fn user(&self, id: Snowflake) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The user object, or that of a deleted user.
    pub(crate) fn user_json(&self, id: Snowflake) -> Value {
        self.user(id).map_or_else(
            || json!({ "id": id, "username": "deleted_user", "discriminator": "0", "avatar": null }),
            User::json,
        )
    }

    /// The bot's own user object, with what only it sees.
    pub(crate) fn bot_user_json(&self) -> Value {
        let mut user = self.user_json(self.bot);
        user["verified"] = json!(true);
        user["mfa_enabled"] = json!(false);
        user["email"] = Value::Null;
        user["flags"] = json!(0);
        user
    }

    /// What a user may do in the guild. Channels take something from the bot alone.
    pub(crate) fn permissions(&self, id: Snowflake) -> u64 {
        let Some(user) = self.user(id) else { return 0 };
        let granted = self
            .roles
            .iter()
            .filter(|role| role.id == self.guild.id || user.roles.contains(&role.id))
            .fold(0, |bits, role| bits | role.permissions);
        if granted & ADMINISTRATOR != 0 || id == self.guild.owner {
            ALL
        } else {
            granted
        }
    }

    /// The member object without `permissions`.
    pub(crate) fn member_json(&self, user: &User) -> Value {
        json!({
            "user": user.json(),
            "nick": null,
            "avatar": null,
            "banner": null,
            "roles": user.roles,
            "joined_at": timestamp(user.joined_ms),
            "premium_since": null,
            "deaf": false,
            "mute": false,
            "flags": 0,
            "pending": false,
            "communication_disabled_until": null,
        })
    }

    /// The member object as an interaction carries it.
    pub(crate) fn interaction_member_json(&self, user: &User) -> Value {
        let mut member = self.member_json(user);
        member["permissions"] = json!(self.permissions(user.id).to_string());
        member["unusual_dm_activity_until"] = Value::Null;
        member
    }

    /// The member object without its user, as messages and resolved data carry it.
    pub(crate) fn partial_member_json(&self, user: &User) -> Value {
        let mut member = self.member_json(user);
        if let Some(fields) = member.as_object_mut() {
            fields.remove("user");
        }
        member
    }

    /// The object of a role.
    pub(crate) fn role_json(&self, role: &Role) -> Value {
        let mut object = json!({
            "id": role.id,
            "name": role.name,
            "description": null,
            "color": role.color,
            "colors": { "primary_color": role.color, "secondary_color": null, "tertiary_color": null },
            "hoist": false,
            "icon": null,
            "unicode_emoji": null,
            "position": role.position,
            "permissions": role.permissions.to_string(),
            "managed": role.managed_by.is_some(),
            "mentionable": false,
            "flags": 0,
        });
        if let Some(bot) = role.managed_by {
            object["tags"] = json!({ "bot_id": bot });
        }
        object
    }

    /// Whether a person counts as a tutor: one who may manage the guild.
    pub(crate) fn is_tutor(&self, id: Snowflake) -> bool {
        self.permissions(id) & MANAGE_GUILD != 0
    }

    fn roles_json(&self) -> Vec<Value> {
        self.roles.iter().map(|role| self.role_json(role)).collect()
    }

    /// The guild object as GET /guilds/{id} gives it.
    pub(crate) fn guild_json(&self) -> Value {
        json!({
            "id": self.guild.id,
            "name": self.guild.name,
            "icon": null,
            "splash": null,
            "discovery_splash": null,
            "owner_id": self.guild.owner,
            "afk_channel_id": null,
            "afk_timeout": 300,
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "roles": self.roles_json(),
            "emojis": [],
            "features": [],
            "mfa_level": 0,
            "application_id": null,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "rules_channel_id": null,
            "max_presences": null,
            "max_members": 500_000,
            "vanity_url_code": null,
            "description": null,
            "banner": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": self.guild.locale,
            "public_updates_channel_id": null,
            "max_video_channel_users": 25,
            "nsfw_level": 0,
            "stickers": [],
            "premium_progress_bar_enabled": false,
            "safety_alerts_channel_id": null,
        })
    }

    /// The guild as GUILD_CREATE announces it.
    pub(crate) fn guild_create_json(&self) -> Value {
        let mut guild = self.guild_json();
        let bot_joined = self.user(self.bot).map_or(0, |bot| bot.joined_ms);
        let in_guild = |thread: bool| -> Vec<Value> {
            self.channels
                .values()
                .filter(|channel| !channel.is_dm() && channel.is_thread() == thread)
                .map(|channel| self.channel_json(channel))
                .collect()
        };
        // Without the members intent only the bot itself is listed.
        let bot: Vec<Value> = self
            .user(self.bot)
            .map(|bot| self.member_json(bot))
            .into_iter()
            .collect();
        guild["joined_at"] = json!(timestamp(bot_joined));
        guild["large"] = json!(false);
        guild["unavailable"] = json!(false);
        guild["member_count"] = json!(self.users.len());
        guild["members"] = json!(bot);
        guild["channels"] = json!(in_guild(false));
        guild["threads"] = json!(in_guild(true));
        for key in [
            "voice_states",
            "presences",
            "stage_instances",
            "guild_scheduled_events",
            "soundboard_sounds",
        ] {
            guild[key] = json!([]);
        }
        guild
    }
}
