//! The page acting for a person: commands, autocompletion, buttons, selects, modals.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::parse;
use crate::errors::Refusal;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::interactions::Step;
use crate::world::invocation::Invocation;

/// A little longer than the bot's own 3 seconds, by the computer's clock.
const AUTOCOMPLETE: Duration = Duration::from_millis(3_500);

#[derive(Deserialize)]
struct Action {
    user_id: Snowflake,
    channel_id: Snowflake,
    #[serde(flatten)]
    kind: ActionKind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ActionKind {
    Command {
        command_id: Snowflake,
        #[serde(default)]
        options: Vec<Value>,
        target_id: Option<Snowflake>,
    },
    Autocomplete {
        command_id: Snowflake,
        options: Vec<Value>,
    },
    Component {
        message_id: Snowflake,
        custom_id: String,
        #[serde(default)]
        values: Vec<String>,
    },
    Modal {
        interaction_id: Snowflake,
        custom_id: String,
        #[serde(default)]
        fields: BTreeMap<String, String>,
    },
}

impl From<ActionKind> for Invocation {
    fn from(kind: ActionKind) -> Self {
        match kind {
            ActionKind::Command {
                command_id,
                options,
                target_id,
            } => Self::Command {
                command: command_id,
                options,
                target: target_id,
            },
            ActionKind::Autocomplete {
                command_id,
                options,
            } => Self::Autocomplete {
                command: command_id,
                options,
            },
            ActionKind::Component {
                message_id,
                custom_id,
                values,
            } => Self::Component {
                message: message_id,
                custom_id,
                values,
            },
            ActionKind::Modal {
                interaction_id,
                custom_id,
                fields,
            } => Self::Modal {
                opened_by: interaction_id,
                custom_id,
                fields,
            },
        }
    }
}

pub(super) async fn interactions(
    State(world): State<Arc<World>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let action: Action = parse(&body)?;
    let invocation = Invocation::from(action.kind);
    let id = world.invoke(action.user_id, action.channel_id, &invocation)?;
    if !matches!(invocation, Invocation::Autocomplete { .. }) {
        return Ok(Json(json!({ "interaction_id": id })));
    }
    let answer = world.wait_for_step(id, AUTOCOMPLETE, |steps| {
        steps.iter().find_map(|step| match step {
            Step::Choices(choices) => Some(Some(choices.clone())),
            Step::Failed => Some(None),
            _ => None,
        })
    });
    match answer.await.flatten() {
        Some(choices) => Ok(Json(json!({ "choices": choices }))),
        None => {
            let sentence = "The bot did not answer in time.";
            Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, sentence))
        }
    }
}
