//! Members that join and roles that are made while the server runs, so that a class can be of any
//! size and have its own order.

use axum::http::StatusCode;
use serde_json::json;

use super::World;
use super::users::{Role, User};
use crate::errors::Refusal;
use crate::gateway::{Audience, GUILD_MEMBERS, GUILDS};
use crate::snowflake::Snowflake;

/// Longest name, in characters, as on Discord.
const NAME_LENGTH: usize = 32;
/// The same of a role.
const ROLE_NAME_LENGTH: usize = 100;

impl World {
    /// Adds a person without roles, who speaks English and has a direct channel with the bot. Two
    /// members never share a name, whatever its case.
    pub(crate) fn add_member(&self, name: &str) -> Result<Snowflake, Refusal> {
        let name = name.trim();
        if !(1..=NAME_LENGTH).contains(&name.chars().count()) {
            let sentence = format!("A member's name has 1 to {NAME_LENGTH} characters.");
            return Err(Refusal::bad_request(sentence));
        }
        let username = username(name);
        let mut state = self.state();
        let same = |user: &User| user.username == username;
        if state.find_user(name).is_some() || state.users.iter().any(same) {
            let sentence = format!("There is a member with the name {name:?} already.");
            return Err(Refusal::new(StatusCode::CONFLICT, sentence));
        }
        let user = User {
            id: self.next_id(),
            username,
            display_name: name.to_owned(),
            locale: "en-US".to_owned(),
            roles: Vec::new(),
            joined_ms: self.clock.now_ms(),
            is_bot: false,
        };
        let id = user.id;
        let mut data = state.member_json(&user);
        data["guild_id"] = json!(state.guild.id);
        state.users.push(user);
        self.direct_channel(&mut state, id);
        self.dispatch("GUILD_MEMBER_ADD", data, Audience::with(GUILD_MEMBERS));
        self.publish("state", None, json!({ "user_id": id }));
        Ok(id)
    }

    /// Adds a role that grants nothing. Two roles may share a name on Discord; here they don't,
    /// since tests name them.
    pub(crate) fn add_role(&self, name: &str) -> Result<Snowflake, Refusal> {
        let name = name.trim();
        if !(1..=ROLE_NAME_LENGTH).contains(&name.chars().count()) {
            let sentence = format!("A role's name has 1 to {ROLE_NAME_LENGTH} characters.");
            return Err(Refusal::bad_request(sentence));
        }
        let mut state = self.state();
        if state.roles.iter().any(|role| role.name == name) {
            let sentence = format!("There is a role with the name {name:?} already.");
            return Err(Refusal::new(StatusCode::CONFLICT, sentence));
        }
        let role = Role {
            id: self.next_id(),
            name: name.to_owned(),
            permissions: 0,
            position: u16::try_from(state.roles.len()).unwrap_or(u16::MAX),
            color: 0,
            managed_by: None,
        };
        let id = role.id;
        let data = json!({ "guild_id": state.guild.id, "role": state.role_json(&role) });
        state.roles.push(role);
        self.dispatch("GUILD_ROLE_CREATE", data, Audience::with(GUILDS));
        self.publish("state", None, json!({}));
        Ok(id)
    }
}

/// The user name of someone with this name: in lower case, with `_` for what it may not have.
fn username(name: &str) -> String {
    let allowed = |letter: char| letter.is_alphanumeric() || letter == '.';
    name.to_lowercase()
        .chars()
        .map(|letter| if allowed(letter) { letter } else { '_' })
        .collect()
}
