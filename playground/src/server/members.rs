//! Who is in the guild and what the bot may do there, as a test sets it up.

use super::Server;
use crate::actor::Actor;
use crate::errors::{Error, Refusal};
use crate::snowflake::Snowflake;
use crate::world::users::{SEND_MESSAGES, SEND_MESSAGES_IN_THREADS};

impl Server {
    /// Adds a member without roles (en-US), as `student` is one, and returns them in `#general`.
    /// They can be named by this name from then on, in [`Server::actor`] too.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the name is taken or does not have 1 to 32 characters.
    pub fn add_member(&self, name: &str) -> Result<Actor, Error> {
        self.world.add_member(name)?;
        Ok(self.actor(name.trim()))
    }

    /// Adds a role that grants nothing, which [`Actor::set_roles`] can give, and returns its id.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the name is taken or does not have 1 to 100 characters.
    pub fn add_role(&self, name: &str) -> Result<Snowflake, Error> {
        Ok(self.world.add_role(name)?)
    }

    /// The id of a role by its name, such as `Tutor`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is none.
    pub fn role_id(&self, name: &str) -> Result<Snowflake, Error> {
        let state = self.world.state();
        let role = state.roles.iter().find(|role| role.name == name);
        let missing = || Refusal::not_found(format!("There is no role {name:?}."));
        Ok(role.map(|role| role.id).ok_or_else(missing)?)
    }

    /// Sets what the bot may do in the guild (a permission bit set).
    pub fn set_bot_permissions(&self, permissions: u64) {
        let mut state = self.world.state();
        let (bot, guild) = (state.bot, state.guild.id);
        for role in &mut state.roles {
            if role.managed_by == Some(bot) {
                role.permissions = permissions;
            } else if role.id == guild {
                // The bot is a member of everyone too.
                role.permissions &= permissions;
            }
        }
    }

    /// Takes these permissions (a bit set) from the bot in one channel and in its threads, as an
    /// overwrite of that channel does; 0 gives all back. It shows in `app_permissions`, and what
    /// needs one of them is answered with 403 and 50013 (50001 without the right to see it).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownChannel`], or [`Error::Refused`] for a thread or a direct channel.
    pub fn deny_bot_permissions(&self, channel: &str, permissions: u64) -> Result<(), Error> {
        let channel = self.channel_id(channel)?;
        Ok(self.world.deny_bot(channel, permissions)?)
    }

    /// Forbids the bot to post in one channel and in its threads. It can still answer interactions
    /// there, as on Discord.
    ///
    /// # Errors
    ///
    /// As [`Server::deny_bot_permissions`].
    pub fn forbid_bot_to_post(&self, channel: &str) -> Result<(), Error> {
        self.deny_bot_permissions(channel, SEND_MESSAGES | SEND_MESSAGES_IN_THREADS)
    }
}
