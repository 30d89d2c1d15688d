//! Members that join while the server runs, so that a class can be of any size.

use axum::http::StatusCode;
use serde_json::json;

use super::World;
use super::users::User;
use crate::errors::Refusal;
use crate::gateway::{Audience, GUILD_MEMBERS};
use crate::snowflake::Snowflake;

/// Longest name, in characters, as on Discord.
const NAME_LENGTH: usize = 32;

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
}

/// The user name of someone with this name: in lower case, with `_` for what it may not have.
fn username(name: &str) -> String {
    let allowed = |letter: char| letter.is_alphanumeric() || letter == '.';
    name.to_lowercase()
        .chars()
        .map(|letter| if allowed(letter) { letter } else { '_' })
        .collect()
}
