//! Options of a command: what was typed is checked against what the bot registered, and ids are
//! resolved to the objects they stand for.

use serde_json::{Map, Value, json};

use super::object;
use crate::errors::Refusal;
use crate::snowflake::{Snowflake, from_json};
use crate::world::{State, World};

const SUB_COMMAND: u64 = 1;
const SUB_COMMAND_GROUP: u64 = 2;
const STRING: u64 = 3;
const INTEGER: u64 = 4;
const BOOLEAN: u64 = 5;
const USER: u64 = 6;
const CHANNEL: u64 = 7;
const ROLE: u64 = 8;
const MENTIONABLE: u64 = 9;
const NUMBER: u64 = 10;
const ATTACHMENT: u64 = 11;

/// The objects behind the ids of an invocation.
pub(super) struct Resolved<'a> {
    state: &'a State,
    world: &'a World,
    user: Snowflake,
    objects: Map<String, Value>,
}

impl<'a> Resolved<'a> {
    pub(super) fn new(state: &'a State, world: &'a World, user: Snowflake) -> Self {
        Self {
            state,
            world,
            user,
            objects: object(),
        }
    }

    pub(super) fn into_json(self) -> Map<String, Value> {
        self.objects
    }

    fn put(&mut self, kind: &str, id: Snowflake, value: Value) {
        self.objects.entry(kind).or_insert_with(|| json!({}))[id.to_string()] = value;
    }

    pub(super) fn add_user(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let user = self.state.user(id);
        let user = user.ok_or_else(|| Refusal::bad_request("There is no such user."))?;
        let mut member = self.state.partial_member_json(user);
        member["permissions"] = json!(self.state.permissions(id).to_string());
        self.put("users", id, user.json());
        self.put("members", id, member);
        Ok(())
    }

    pub(super) fn add_message(&mut self, id: Snowflake, channel: Snowflake) -> Result<(), Refusal> {
        let message = self.state.messages.get(&id).filter(|message| {
            message.channel_id == channel
                && message.failed.is_none()
                && message.ephemeral_to.is_none_or(|only| only == self.user)
        });
        let message =
            message.ok_or_else(|| Refusal::bad_request("There is no such message here."))?;
        let object = self.world.message_json(self.state, message);
        self.put("messages", id, object);
        Ok(())
    }

    fn add_role(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let role = self.state.roles.iter().find(|role| role.id == id);
        let role = role.ok_or_else(|| Refusal::bad_request("There is no such role."))?;
        self.put("roles", id, self.state.role_json(role));
        Ok(())
    }

    fn add_channel(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let channel = self.state.channels.get(&id);
        let channel = channel.ok_or_else(|| Refusal::bad_request("There is no such channel."))?;
        let object = self.state.resolved_channel_json(channel, self.user);
        self.put("channels", id, object);
        Ok(())
    }

    fn add_attachment(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let (base, now) = (&self.world.settings.base_url, self.world.clock.now_ms());
        let uploaded = self.state.uploads.contains(&id);
        let object = self
            .world
            .attachments
            .object(id, None, base, now)
            .filter(|_| uploaded);
        let mut object =
            object.ok_or_else(|| Refusal::bad_request("The file has not been uploaded."))?;
        object["ephemeral"] = json!(true);
        self.put("attachments", id, object);
        Ok(())
    }
}

fn named<'a>(registered: &'a [Value], given: &Value) -> Result<&'a Value, Refusal> {
    let name = given["name"].as_str().unwrap_or_default();
    let found = registered.iter().find(|option| option["name"] == name);
    found.ok_or_else(|| Refusal::bad_request(format!("The command has no option {name:?}.")))
}

fn nested(option: &Value) -> &[Value] {
    option["options"].as_array().map_or(&[], Vec::as_slice)
}

fn kind(option: &Value) -> u64 {
    option["type"].as_u64().unwrap_or_default()
}

/// Checks complete options. Returns them as the bot gets them, and the names of the sub-commands.
pub(super) fn fill<'a>(
    registered: &'a [Value],
    given: &[Value],
    resolved: &mut Resolved<'_>,
) -> Result<(Vec<Value>, Vec<&'a str>), Refusal> {
    let has_sub_commands = registered
        .iter()
        .any(|option| kind(option) <= SUB_COMMAND_GROUP);
    if has_sub_commands {
        let [chosen] = given else {
            return Err(Refusal::bad_request("Choose one sub-command."));
        };
        let option = named(registered, chosen)?;
        let (options, deeper) = fill(nested(option), nested(chosen), resolved)?;
        let name = option["name"].as_str().unwrap_or_default();
        let path = std::iter::once(name).chain(deeper).collect();
        let filled = json!({ "name": name, "type": kind(option), "options": options });
        return Ok((vec![filled], path));
    }
    let mut filled = Vec::new();
    for value in given {
        let option = named(registered, value)?;
        let name = option["name"].as_str().unwrap_or_default();
        if filled.iter().any(|known: &Value| known["name"] == name) {
            return Err(Refusal::bad_request(format!("{name} is given twice.")));
        }
        let value = check(option, &value["value"], resolved)?;
        filled.push(json!({ "name": name, "type": kind(option), "value": value }));
    }
    let missing = registered.iter().find(|option| {
        option["required"] == true && !filled.iter().any(|known| known["name"] == option["name"])
    });
    match missing {
        Some(option) => {
            let name = option["name"].as_str().unwrap_or_default();
            Err(Refusal::bad_request(format!("{name} is required.")))
        }
        None => Ok((filled, Vec::new())),
    }
}

/// The value of an option in the form that the bot gets, if it is allowed.
fn check(option: &Value, value: &Value, resolved: &mut Resolved<'_>) -> Result<Value, Refusal> {
    let name = option["name"].as_str().unwrap_or_default();
    let refuse = |what: &str| Refusal::bad_request(format!("{name} {what}."));
    let id = || from_json(value).ok_or_else(|| refuse("is no id"));
    let checked = match kind(option) {
        STRING => {
            let text = value.as_str().ok_or_else(|| refuse("must be a text"))?;
            check_length(option, name, text)?;
            json!(text)
        }
        INTEGER => json!(
            value
                .as_i64()
                .ok_or_else(|| refuse("must be a whole number"))?
        ),
        NUMBER => json!(value.as_f64().ok_or_else(|| refuse("must be a number"))?),
        BOOLEAN => json!(
            value
                .as_bool()
                .ok_or_else(|| refuse("must be true or false"))?
        ),
        USER => {
            resolved.add_user(id()?)?;
            json!(id()?)
        }
        CHANNEL => {
            resolved.add_channel(id()?)?;
            json!(id()?)
        }
        ROLE => {
            resolved.add_role(id()?)?;
            json!(id()?)
        }
        MENTIONABLE => {
            let id = id()?;
            resolved.add_user(id).or_else(|_| resolved.add_role(id))?;
            json!(id)
        }
        ATTACHMENT => {
            resolved.add_attachment(id()?)?;
            json!(id()?)
        }
        _ => return Err(refuse("has an unknown type")),
    };
    check_range(option, name, &checked)?;
    let choices = option["choices"]
        .as_array()
        .filter(|choices| !choices.is_empty());
    if let Some(choices) = choices
        && !choices.iter().any(|choice| choice["value"] == checked)
    {
        return Err(refuse("is none of the choices"));
    }
    Ok(checked)
}

fn check_length(option: &Value, name: &str, text: &str) -> Result<(), Refusal> {
    let length = text.chars().count() as u64;
    let min = option["min_length"].as_u64().unwrap_or(1);
    let max = option["max_length"].as_u64().unwrap_or(6_000);
    if (min..=max).contains(&length) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "{name} must have {min} to {max} characters."
    )))
}

fn check_range(option: &Value, name: &str, value: &Value) -> Result<(), Refusal> {
    let Some(number) = value.as_f64() else {
        return Ok(());
    };
    let below = option["min_value"].as_f64().is_some_and(|min| number < min);
    let above = option["max_value"].as_f64().is_some_and(|max| number > max);
    if below || above {
        let range = format!("{} to {}", option["min_value"], option["max_value"]);
        return Err(Refusal::bad_request(format!("{name} must be in {range}.")));
    }
    Ok(())
}

/// Options as they are while someone types: unchecked values, one of them focused. Returns them
/// and the type of the focused one.
pub(super) fn partial(registered: &[Value], given: &[Value]) -> Result<(Vec<Value>, i64), Refusal> {
    let mut focused = None;
    let options = partial_level(registered, given, &mut focused)?;
    let focused = focused.ok_or_else(|| Refusal::bad_request("No option is focused."))?;
    Ok((options, focused))
}

fn partial_level(
    registered: &[Value],
    given: &[Value],
    focused: &mut Option<i64>,
) -> Result<Vec<Value>, Refusal> {
    let mut options = Vec::new();
    for value in given {
        let option = named(registered, value)?;
        let kind = kind(option);
        if matches!(kind, SUB_COMMAND | SUB_COMMAND_GROUP) {
            let inner = partial_level(nested(option), nested(value), focused)?;
            options.push(json!({ "name": option["name"], "type": kind, "options": inner }));
            continue;
        }
        let mut item = json!({ "name": option["name"], "type": kind, "value": value["value"] });
        if value["focused"] == true {
            if option["autocomplete"] != true {
                return Err(Refusal::bad_request("This option has no autocompletion."));
            }
            // While it is typed, a number is a text too.
            let typed = match &value["value"] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            item["value"] = json!(typed);
            item["focused"] = json!(true);
            *focused = Some(i64::try_from(kind).unwrap_or_default());
        }
        options.push(item);
    }
    Ok(options)
}
