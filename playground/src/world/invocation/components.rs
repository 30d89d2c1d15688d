//! Buttons, selects and modals: what a person may do with them, and what the bot gets.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Prepared;
use crate::errors::Refusal;
use crate::snowflake::Snowflake;
use crate::world::State;
use crate::world::interactions::Kind;
use crate::world::messages::REPLY;

pub(super) fn prepare_component(
    state: &State,
    (user, channel): (Snowflake, Snowflake),
    message: Snowflake,
    custom_id: &str,
    values: &[String],
) -> Result<Prepared, Refusal> {
    let known = state.messages.get(&message).filter(|known| {
        known.channel_id == channel && known.ephemeral_to.is_none_or(|only| only == user)
    });
    let known = known.ok_or_else(|| Refusal::not_found("There is no such message here."))?;
    let component = find_component(&known.components, custom_id);
    let component =
        component.ok_or_else(|| Refusal::not_found("The message has no such button or menu."))?;
    if component["disabled"] == true {
        return Err(Refusal::bad_request("This button or menu is disabled."));
    }
    let kind = component["type"].as_u64().unwrap_or_default();
    let mut data = json!({ "id": component["id"], "custom_id": custom_id, "component_type": kind });
    match kind {
        2 if values.is_empty() => {}
        3 => {
            check_values(component, values)?;
            data["values"] = json!(values);
        }
        2 => return Err(Refusal::bad_request("A button takes no values.")),
        _ => {
            let sentence = "Menus of users, roles and channels are not implemented.";
            return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, sentence));
        }
    }
    let label = component["label"]
        .as_str()
        .or_else(|| component["placeholder"].as_str());
    let shown = label.unwrap_or(custom_id).to_owned();
    let prepared = Prepared::new(Kind::Component, data, custom_id.to_owned(), shown, REPLY);
    Ok(Prepared {
        source: Some(message),
        ..prepared
    })
}

fn check_values(select: &Value, values: &[String]) -> Result<(), Refusal> {
    let min = select["min_values"].as_u64().unwrap_or(1);
    let max = select["max_values"].as_u64().unwrap_or(1);
    if !(min..=max).contains(&(values.len() as u64)) {
        return Err(Refusal::bad_request(format!(
            "Choose {min} to {max} values."
        )));
    }
    let known = |value: &String| {
        select["options"].as_array().is_some_and(|options| {
            options
                .iter()
                .any(|option| option["value"].as_str() == Some(value))
        })
    };
    match values.iter().find(|value| !known(value)) {
        Some(value) => Err(Refusal::bad_request(format!(
            "The menu has no value {value:?}."
        ))),
        None => Ok(()),
    }
}

/// The component with this custom id, in any row.
fn find_component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|component| {
        if component["custom_id"].as_str() == Some(custom_id) {
            return Some(component);
        }
        find_component(component["components"].as_array()?, custom_id)
    })
}

pub(super) fn prepare_modal(
    state: &mut State,
    user: Snowflake,
    opened_by: Snowflake,
    custom_id: &str,
    fields: &BTreeMap<String, String>,
) -> Result<Prepared, Refusal> {
    let missing = || Refusal::not_found("There is no such modal open.");
    let opener = state
        .interactions
        .get_mut(&opened_by)
        .filter(|opener| opener.user == user);
    let opener = opener.ok_or_else(missing)?;
    let modal = opener
        .modal
        .as_ref()
        .filter(|modal| modal["custom_id"] == custom_id);
    let modal = modal.ok_or_else(missing)?;
    let mut rows = Vec::new();
    let inputs = modal["components"].as_array().into_iter().flatten();
    for (index, input) in inputs.map(|row| &row["components"][0]).enumerate() {
        let id = input["custom_id"].as_str().unwrap_or_default();
        let value = fields.get(id).map_or("", String::as_str);
        check_field(input, value)?;
        let number = 2 * index + 1;
        rows.push(json!({
            "type": 1,
            "id": number,
            "components": [{ "type": 4, "id": number + 1, "custom_id": id, "value": value }],
        }));
    }
    let has_input = |id: &String| {
        rows.iter()
            .any(|row| row["components"][0]["custom_id"].as_str() == Some(id))
    };
    if let Some(unknown) = fields.keys().find(|id| !has_input(id)) {
        return Err(Refusal::bad_request(format!(
            "The modal has no field {unknown:?}."
        )));
    }
    let shown = modal["title"].as_str().unwrap_or_default().to_owned();
    let data = json!({ "custom_id": custom_id, "components": rows });
    let prepared = Prepared::new(Kind::Modal, data, custom_id.to_owned(), shown, REPLY);
    let (source, trigger) = (opener.source, opener.origin.clone());
    // A modal is sent once.
    opener.modal = None;
    Ok(Prepared {
        source,
        trigger: Some(trigger),
        ..prepared
    })
}

fn check_field(input: &Value, value: &str) -> Result<(), Refusal> {
    let label = input["label"].as_str().unwrap_or("field");
    let length = value.chars().count() as u64;
    if value.is_empty() {
        return if input["required"] == false {
            Ok(())
        } else {
            Err(Refusal::bad_request(format!("{label} is required.")))
        };
    }
    let min = input["min_length"].as_u64().unwrap_or(0);
    let max = input["max_length"].as_u64().unwrap_or(4_000);
    if (min..=max).contains(&length) {
        Ok(())
    } else {
        Err(Refusal::bad_request(format!(
            "{label} must have {min} to {max} characters."
        )))
    }
}
