//! What a person does: commands, autocompletion, buttons, selects, modals. The client's own checks
//! come first, as a person could not send what they forbid; then the bot gets INTERACTION_CREATE.

mod components;
mod options;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::channels::Channel;
use super::commands::Command;
use super::interactions::{Acknowledged, Interaction, Kind, Origin, owners_json};
use super::messages::{Body, CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND, NewMessage, REGULAR};
use super::{State, World};
use crate::errors::Refusal;
use crate::gateway::Audience;
use crate::options::random_text;
use crate::snowflake::Snowflake;
use crate::transcript::Direction;
use components::{prepare_component, prepare_modal};

/// Something a person does with the application.
#[derive(Clone, Debug)]
pub(crate) enum Invocation {
    Command {
        command: Snowflake,
        options: Vec<Value>,
        target: Option<Snowflake>,
    },
    Autocomplete {
        command: Snowflake,
        options: Vec<Value>,
    },
    Component {
        message: Snowflake,
        custom_id: String,
        values: Vec<String>,
    },
    Modal {
        opened_by: Snowflake,
        custom_id: String,
        fields: BTreeMap<String, String>,
    },
}

/// An interaction that is about to be sent.
struct Prepared {
    kind: Kind,
    data: Value,
    name: String,
    shown: String,
    answer_kind: u8,
    source: Option<Snowflake>,
    focused_type: i64,
    target_user: Option<Snowflake>,
    target_message: Option<Snowflake>,
    trigger: Option<Origin>,
}

impl Prepared {
    fn new(kind: Kind, data: Value, name: String, shown: String, answer_kind: u8) -> Self {
        Self {
            kind,
            data,
            name,
            shown,
            answer_kind,
            source: None,
            focused_type: 0,
            target_user: None,
            target_message: None,
            trigger: None,
        }
    }
}

impl World {
    /// Checks the invocation, creates the interaction and sends it to the bot.
    pub(crate) fn invoke(
        self: &Arc<Self>,
        user: Snowflake,
        channel: Snowflake,
        invocation: &Invocation,
    ) -> Result<Snowflake, Refusal> {
        let mut state = self.state();
        self.check_place(&state, user, channel)?;
        let prepared = match invocation {
            Invocation::Command {
                command,
                options,
                target,
            } => self.prepare_command(&state, (user, channel), *command, options, *target)?,
            Invocation::Autocomplete { command, options } => {
                prepare_autocomplete(&state, (user, channel), *command, options)?
            }
            Invocation::Component {
                message,
                custom_id,
                values,
            } => prepare_component(&state, (user, channel), *message, custom_id, values)?,
            Invocation::Modal {
                opened_by,
                custom_id,
                fields,
            } => prepare_modal(&mut state, user, *opened_by, custom_id, fields)?,
        };
        let id = self.next_id();
        let created_ms = self.clock.now_ms();
        let interaction = self.interaction(&state, (id, created_ms), (user, channel), &prepared);
        let event = self.interaction_json(&state, &interaction, &prepared)?;
        let line = format!("{} ({id}) in {channel}", prepared.shown);
        self.transcript
            .line(Direction::FromPerson, "interaction", line);
        state.interactions.insert(id, interaction);
        Self::forget_old_interactions(&mut state);
        self.dispatch("INTERACTION_CREATE", event, Audience::EVERYBODY);
        self.changed();
        drop(state);
        self.watch_deadline(id, created_ms);
        Ok(id)
    }

    fn check_place(
        &self,
        state: &State,
        user: Snowflake,
        channel: Snowflake,
    ) -> Result<(), Refusal> {
        let person = state.user(user).filter(|user| !user.is_bot);
        person.ok_or_else(|| Refusal::not_found("There is no such user."))?;
        let channel = state.channels.get(&channel);
        let channel = channel.ok_or_else(|| Refusal::not_found("There is no such channel."))?;
        if channel.recipient.is_some_and(|recipient| recipient != user) {
            let sentence = "This is another person's direct channel.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, sentence));
        }
        Ok(())
    }

    fn interaction(
        &self,
        state: &State,
        (id, created_ms): (Snowflake, u64),
        (user, channel): (Snowflake, Snowflake),
        prepared: &Prepared,
    ) -> Interaction {
        let is_direct = state.channels.get(&channel).is_some_and(Channel::is_dm);
        let origin = Origin {
            interaction: id,
            kind: prepared.kind,
            user,
            is_direct,
            guild: state.guild.id,
            name: prepared.name.clone(),
            shown: prepared.shown.clone(),
            original_response: None,
            interacted: prepared.source.filter(|_| prepared.kind == Kind::Component),
            target_user: prepared.target_user,
            target_message: prepared.target_message,
            trigger: prepared.trigger.clone().map(Box::new),
        };
        Interaction {
            id,
            token: random_text(96),
            kind: prepared.kind,
            user,
            channel,
            created_ms,
            token_expired: false,
            acknowledged: Acknowledged::No,
            original: None,
            thinking: false,
            origin,
            answer_kind: prepared.answer_kind,
            source: prepared.source,
            focused_type: prepared.focused_type,
            modal: None,
            steps: Vec::new(),
        }
    }

    /// The data of INTERACTION_CREATE. Every field that a decoder may require is there: a missing
    /// one makes a bot ignore the event without a word.
    fn interaction_json(
        &self,
        state: &State,
        interaction: &Interaction,
        prepared: &Prepared,
    ) -> Result<Value, Refusal> {
        let gone = || Refusal::not_found("The user or channel is gone.");
        let user = state.user(interaction.user).ok_or_else(gone)?;
        let channel = state.channels.get(&interaction.channel).ok_or_else(gone)?;
        let is_direct = channel.is_dm();
        let mut event = json!({
            "id": interaction.id,
            "application_id": state.bot,
            "type": interaction.kind.number(),
            "token": interaction.token,
            "version": 1,
            "data": prepared.data,
            "channel_id": channel.id,
            "channel": state.interaction_channel_json(channel, user.id),
            "app_permissions": state.app_permissions(channel).to_string(),
            "locale": user.locale,
            "entitlements": [],
            "authorizing_integration_owners": owners_json(state.guild.id, is_direct),
            "context": u8::from(is_direct),
            "attachment_size_limit": self.settings.attachment_size_limit,
        });
        if is_direct {
            event["user"] = user.json();
        } else {
            event["guild_id"] = json!(state.guild.id);
            event["guild"] = json!({
                "id": state.guild.id,
                "locale": state.guild.locale,
                "features": [],
            });
            event["guild_locale"] = json!(state.guild.locale);
            event["member"] = state.interaction_member_json(user);
        }
        if let Some(message) = prepared.source.and_then(|id| state.messages.get(&id)) {
            event["message"] = self.message_json(state, message);
        }
        Ok(event)
    }

    fn prepare_command(
        &self,
        state: &State,
        (user, channel): (Snowflake, Snowflake),
        id: Snowflake,
        given: &[Value],
        target: Option<Snowflake>,
    ) -> Result<Prepared, Refusal> {
        let command = usable_command(state, (user, channel), id)?;
        let mut data = command_data(command);
        let mut resolved = options::Resolved::new(state, self, user);
        if command.kind == 1 {
            let (options, path) = options::fill(command.options(), given, &mut resolved)?;
            if !options.is_empty() {
                data["options"] = json!(options);
            }
            let name = std::iter::once(command.name.as_str())
                .chain(path)
                .collect::<Vec<_>>();
            let name = name.join(" ");
            add_resolved(&mut data, resolved);
            let shown = format!("/{name}");
            return Ok(Prepared::new(
                Kind::Command,
                data,
                name,
                shown,
                CHAT_INPUT_COMMAND,
            ));
        }
        let target =
            target.ok_or_else(|| Refusal::bad_request("Choose what the command is for."))?;
        data["target_id"] = json!(target);
        let (mut target_user, mut target_message) = (None, None);
        if command.kind == 2 {
            resolved.add_user(target)?;
            target_user = Some(target);
        } else {
            resolved.add_message(target, channel)?;
            target_message = Some(target);
        }
        add_resolved(&mut data, resolved);
        let (name, kind) = (command.name.clone(), CONTEXT_MENU_COMMAND);
        let prepared = Prepared::new(Kind::Command, data, name.clone(), name, kind);
        Ok(Prepared {
            target_user,
            target_message,
            ..prepared
        })
    }

    /// A message that a person writes, without the bot.
    pub(crate) fn say(
        &self,
        user: Snowflake,
        channel: Snowflake,
        content: &str,
    ) -> Result<Value, Refusal> {
        let mut state = self.state();
        self.check_place(&state, user, channel)?;
        let new = NewMessage {
            channel,
            author: user,
            kind: REGULAR,
            ephemeral_to: None,
            origin: None,
            reference: None,
        };
        let body = Body {
            json: json!({ "content": content }),
            files: Vec::new(),
        };
        let id = self
            .create_message(&mut state, new, &body)
            .map_err(|error| Refusal::bad_request(error.summary()))?;
        let message = state
            .messages
            .get(&id)
            .map(|message| self.view(&state, message));
        Ok(message.unwrap_or_default())
    }
}

/// The command, if this user may use it in this place.
fn usable_command(
    state: &State,
    (user, channel): (Snowflake, Snowflake),
    id: Snowflake,
) -> Result<&Command, Refusal> {
    let command = state.commands.iter().find(|command| command.id == id);
    let command = command.ok_or_else(|| Refusal::not_found("The bot has no such command."))?;
    let forbidden = |sentence: &str| Refusal::new(StatusCode::FORBIDDEN, sentence);
    let is_direct = state.channels.get(&channel).is_some_and(Channel::is_dm);
    let context = u64::from(is_direct);
    let object = &command.object;
    let allowed_here = match object["contexts"].as_array() {
        Some(contexts) => contexts.iter().any(|known| known.as_u64() == Some(context)),
        None => !is_direct || object["dm_permission"].as_bool() != Some(false),
    };
    if !allowed_here || (is_direct && command.guild.is_some()) {
        return Err(forbidden("This command cannot be used here."));
    }
    // In direct messages nobody has more rights than another.
    if let Some(bits) = object["default_member_permissions"]
        .as_str()
        .filter(|_| !is_direct)
    {
        let needed: u64 = bits.parse().unwrap_or_default();
        // "0" leaves the command to administrators.
        let has = state.permissions(user);
        let enough =
            has & needed == needed && (needed != 0 || has & super::users::ADMINISTRATOR != 0);
        if !enough {
            return Err(forbidden(
                "This user does not have permission to use this command.",
            ));
        }
    }
    Ok(command)
}

fn command_data(command: &Command) -> Value {
    let mut data = json!({ "id": command.id, "name": command.name, "type": command.kind });
    if let Some(guild) = command.guild {
        data["guild_id"] = json!(guild);
    }
    data
}

fn add_resolved(data: &mut Value, resolved: options::Resolved<'_>) {
    let resolved = resolved.into_json();
    if !resolved.is_empty() {
        data["resolved"] = resolved.into();
    }
}

fn prepare_autocomplete(
    state: &State,
    place: (Snowflake, Snowflake),
    id: Snowflake,
    given: &[Value],
) -> Result<Prepared, Refusal> {
    let command = usable_command(state, place, id)?;
    let (options, focused_type) = options::partial(command.options(), given)?;
    let mut data = command_data(command);
    data["options"] = json!(options);
    let shown = format!("/{} (autocomplete)", command.name);
    let prepared = Prepared::new(
        Kind::Autocomplete,
        data,
        command.name.clone(),
        shown,
        CHAT_INPUT_COMMAND,
    );
    Ok(Prepared {
        focused_type,
        ..prepared
    })
}

/// An empty JSON object.
fn object() -> Map<String, Value> {
    Map::new()
}
