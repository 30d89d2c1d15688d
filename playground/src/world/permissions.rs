//! What the bot may do in a channel, where something can be taken from it, and what an interaction
//! says of that. What roles grant in the guild is in `users`.

use serde_json::{Value, json};

use super::channels::Channel;
use super::users::{
    ADMINISTRATOR, ATTACH_FILES, EMBED_LINKS, MENTION_EVERYONE, USE_EXTERNAL_EMOJIS,
};
use super::{State, World};
use crate::errors::Refusal;
use crate::gateway::{Audience, GUILDS};
use crate::snowflake::Snowflake;

/// `app_permissions` in the direct channel with the bot, as Discord documents it.
const IN_DIRECT: u64 = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE | USE_EXTERNAL_EMOJIS;

impl State {
    /// What the bot may do in a channel of the guild. A thread has the overwrites of its channel.
    pub(crate) fn bot_permissions(&self, channel: &Channel) -> u64 {
        let granted = self.permissions(self.bot);
        let parent = channel.parent.and_then(|id| self.channels.get(&id));
        if granted & ADMINISTRATOR == 0 {
            granted & !parent.unwrap_or(channel).bot_denied
        } else {
            granted
        }
    }

    /// The `app_permissions` of an interaction in this channel.
    pub(crate) fn app_permissions(&self, channel: &Channel) -> u64 {
        if channel.is_dm() {
            IN_DIRECT
        } else {
            self.bot_permissions(channel)
        }
    }

    /// The `permission_overwrites` of a channel: that of the bot, if something is taken from it.
    pub(crate) fn overwrites_json(&self, channel: &Channel) -> Value {
        if channel.bot_denied == 0 {
            return json!([]);
        }
        let denied = channel.bot_denied.to_string();
        json!([{ "id": self.bot, "type": 1, "allow": "0", "deny": denied }])
    }
}

impl World {
    /// Takes these permissions from the bot in a channel and gives all others back.
    pub(crate) fn deny_bot(&self, channel: Snowflake, permissions: u64) -> Result<(), Refusal> {
        let mut state = self.state();
        let known = state.channels.get_mut(&channel);
        let known = known.filter(|known| !known.is_dm() && !known.is_thread());
        let sentence = "Only the guild's own channels have permissions of their own: \
                        for a thread, name the channel it is in.";
        known
            .ok_or_else(|| Refusal::bad_request(sentence))?
            .bot_denied = permissions;
        if let Some(changed) = state.channels.get(&channel) {
            let data = state.channel_json(changed);
            self.dispatch("CHANNEL_UPDATE", data, Audience::with(GUILDS));
        }
        self.publish("state", Some(channel), json!({ "channel_id": channel }));
        Ok(())
    }
}
