//! The commands that the bot registered, globally or for the guild.

use serde_json::{Map, Value, json};

use super::{State, World};
use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::validate::{Form, FormErrors, command, forms};

/// A registered command, as the bot gave it, with its id and defaults.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) id: Snowflake,
    /// 1 slash, 2 on users, 3 on messages.
    pub(crate) kind: u64,
    pub(crate) name: String,
    /// `None` for a global command.
    pub(crate) guild: Option<Snowflake>,
    /// The whole object.
    pub(crate) object: Value,
}

impl Command {
    /// The options of the command, or of the sub-command at a path of names.
    pub(crate) fn options(&self) -> &[Value] {
        self.object["options"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// The fields that registration may set.
const FIELDS: [&str; 11] = [
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "nsfw",
    "integration_types",
    "contexts",
    "name",
    "type",
];

impl World {
    fn command(&self, state: &State, guild: Option<Snowflake>, form: &Form<'_>) -> Command {
        let kind = form.get("type").and_then(Value::as_u64).unwrap_or(1);
        let name = form
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let same = |command: &&Command| {
            command.guild == guild && command.kind == kind && command.name == name
        };
        // A command that is registered again keeps its id.
        let known = state.commands.iter().find(same).map(|command| command.id);
        let id = known.unwrap_or_else(|| self.next_id());
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(id));
        object.insert("application_id".to_owned(), json!(state.bot));
        object.insert("version".to_owned(), json!(self.next_id()));
        for field in FIELDS {
            // An explicit null asks for the default.
            if let Some(value) = form.get(field) {
                object.insert(field.to_owned(), value.clone());
            }
        }
        let defaults = [
            ("type", json!(1)),
            ("description", json!("")),
            ("default_member_permissions", Value::Null),
            ("nsfw", json!(false)),
            ("integration_types", json!([0])),
        ];
        for (field, value) in defaults {
            object.entry(field).or_insert(value);
        }
        // Discord answers with a string whatever was sent.
        if let Some(bits) = object
            .get("default_member_permissions")
            .and_then(Value::as_u64)
        {
            object.insert(
                "default_member_permissions".to_owned(),
                json!(bits.to_string()),
            );
        }
        if let Some(guild) = guild {
            object.insert("guild_id".to_owned(), json!(guild));
        } else {
            object.entry("contexts").or_insert(Value::Null);
            object.entry("dm_permission").or_insert(json!(true));
        }
        Command {
            id,
            kind,
            name,
            guild,
            object: object.into(),
        }
    }

    /// Replaces all commands of a scope (PUT).
    pub(crate) fn replace_commands(
        &self,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let list = body.as_array().ok_or_else(ApiError::invalid_json)?;
        let mut errors = FormErrors::default();
        let items = forms(&mut errors, list, "");
        command::check_all(&mut errors, &items);
        errors.into_result()?;
        let mut state = self.state();
        let commands: Vec<Command> = items
            .iter()
            .map(|form| self.command(&state, guild, form))
            .collect();
        let answer: Vec<Value> = commands
            .iter()
            .map(|command| command.object.clone())
            .collect();
        state.commands.retain(|command| command.guild != guild);
        state.commands.extend(commands);
        self.publish("commands", None, json!(self.command_objects(&state)));
        Ok(answer.into())
    }

    /// Registers one command (POST). Returns whether it is new.
    pub(crate) fn create_command(
        &self,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Result<(bool, Value), ApiError> {
        let form = Form::body(body)?;
        let mut errors = FormErrors::default();
        command::check(&mut errors, &form);
        errors.into_result()?;
        let mut state = self.state();
        let command = self.command(&state, guild, &form);
        let object = command.object.clone();
        let before = state.commands.len();
        state.commands.retain(|known| known.id != command.id);
        let is_new = state.commands.len() == before;
        let most = if command.kind == 1 { 100 } else { 15 };
        let count = state
            .commands
            .iter()
            .filter(|c| c.guild == guild && c.kind == command.kind)
            .count();
        if count >= most {
            let text = "Maximum number of application commands reached";
            return Err(ApiError::new(
                axum::http::StatusCode::BAD_REQUEST,
                30_032,
                text,
            ));
        }
        state.commands.push(command);
        self.publish("commands", None, json!(self.command_objects(&state)));
        Ok((is_new, object))
    }

    /// Changes one command (PATCH): absent fields stay.
    pub(crate) fn change_command(
        &self,
        guild: Option<Snowflake>,
        id: Snowflake,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let given = Form::body(body)?;
        let mut state = self.state();
        let position = position(&state, guild, id)?;
        let mut merged = state.commands[position].object.clone();
        for field in FIELDS {
            if let Some(value) = given.object.get(field) {
                merged[field] = value.clone();
            }
        }
        let form = Form::body(&merged)?;
        let mut errors = FormErrors::default();
        command::check(&mut errors, &form);
        errors.into_result()?;
        let mut command = self.command(&state, guild, &form);
        command.id = id;
        command.object["id"] = json!(id);
        let object = command.object.clone();
        state.commands[position] = command;
        self.publish("commands", None, json!(self.command_objects(&state)));
        Ok(object)
    }

    pub(crate) fn delete_command(
        &self,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Result<(), ApiError> {
        let mut state = self.state();
        let position = position(&state, guild, id)?;
        state.commands.remove(position);
        self.publish("commands", None, json!(self.command_objects(&state)));
        Ok(())
    }

    pub(crate) fn get_command(
        &self,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Result<Value, ApiError> {
        let state = self.state();
        Ok(state.commands[position(&state, guild, id)?].object.clone())
    }

    /// The commands of one scope.
    pub(crate) fn list_commands(&self, guild: Option<Snowflake>) -> Value {
        let state = self.state();
        let in_scope = state
            .commands
            .iter()
            .filter(|command| command.guild == guild);
        in_scope
            .map(|command| command.object.clone())
            .collect::<Vec<_>>()
            .into()
    }

    /// All commands, for the page.
    pub(crate) fn command_objects(&self, state: &State) -> Vec<Value> {
        state
            .commands
            .iter()
            .map(|command| command.object.clone())
            .collect()
    }
}

fn position(state: &State, guild: Option<Snowflake>, id: Snowflake) -> Result<usize, ApiError> {
    let same = |command: &Command| command.guild == guild && command.id == id;
    state
        .commands
        .iter()
        .position(same)
        .ok_or_else(ApiError::unknown_command)
}
