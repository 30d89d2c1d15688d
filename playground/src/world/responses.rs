//! What the bot does with an interaction: the first answer (callback types 4 to 9), then
//! @original and follow-ups through the interaction's webhook.

use serde_json::{Value, json};

use super::interactions::{Acknowledged, Interaction, Kind, Origin, Step};
use super::messages::{Body, EPHEMERAL, LOADING, Message, NewMessage, REPLY};
use super::{State, World};
use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::transcript::Direction;
use crate::validate::{Form, FormErrors, Need, command, component};

/// Which message a webhook route means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Original,
    Message(Snowflake),
}

/// The first answers that exist here.
const ANSWERS: [(u64, &[Kind]); 6] = [
    (4, &[Kind::Command, Kind::Component, Kind::Modal]),
    (5, &[Kind::Command, Kind::Component, Kind::Modal]),
    (6, &[Kind::Component, Kind::Modal]),
    (7, &[Kind::Component, Kind::Modal]),
    (8, &[Kind::Autocomplete]),
    (9, &[Kind::Command, Kind::Component]),
];

impl World {
    /// The first answer to an interaction. Returns the callback object for `with_response`.
    pub(crate) fn respond(
        &self,
        id: Snowflake,
        token: &str,
        body: &Body,
    ) -> Result<Value, ApiError> {
        let mut state = self.state();
        let known = state
            .interactions
            .get(&id)
            .filter(|known| known.token == token);
        let created = known.ok_or_else(ApiError::unknown_interaction)?.created_ms;
        self.fail_if_late(&mut state, id);
        let interaction = state
            .interactions
            .get(&id)
            .ok_or_else(ApiError::unknown_interaction)?;
        match interaction.acknowledged {
            Acknowledged::Yes => return Err(ApiError::already_acknowledged()),
            Acknowledged::Failed => return Err(ApiError::unknown_interaction()),
            Acknowledged::No if interaction.token_expired => {
                return Err(ApiError::unknown_interaction());
            }
            Acknowledged::No => {}
        }
        let answer = answer_type(&Form::body(&body.json)?, interaction)?;
        let data = Body {
            json: body
                .json
                .get("data")
                .filter(|d| !d.is_null())
                .cloned()
                .unwrap_or(json!({})),
            files: body.files.clone(),
        };
        match answer {
            4 => self.answer_message(&mut state, id, &data)?,
            5 => self.answer_thinking(&mut state, id, &data)?,
            6 => self.answer_deferred(&mut state, id),
            7 => self.answer_update(&mut state, id, &data)?,
            8 => self.answer_choices(&mut state, id, &data.json)?,
            _ => self.answer_modal(&mut state, id, &data.json)?,
        }
        let took = self.clock.now_ms().saturating_sub(created);
        let line = format!("{id} answered with type {answer} after {took} ms");
        self.transcript
            .line(Direction::FromBot, "interaction", line);
        self.changed();
        Ok(self.callback_json(&state, id, answer))
    }

    fn callback_json(&self, state: &State, id: Snowflake, answer: u64) -> Value {
        let Some(interaction) = state.interactions.get(&id) else {
            return Value::Null;
        };
        let message = interaction.original.and_then(|id| state.messages.get(&id));
        let mut object = json!({
            "interaction": { "id": id, "type": interaction.kind.number() },
            "resource": { "type": answer },
        });
        if let Some(message) = message.filter(|_| matches!(answer, 4 | 5 | 7)) {
            object["resource"]["message"] = self.message_json(state, message);
            object["interaction"]["response_message_id"] = json!(message.id);
            object["interaction"]["response_message_loading"] = json!(message.is_thinking());
            object["interaction"]["response_message_ephemeral"] =
                json!(message.ephemeral_to.is_some());
        }
        object
    }

    fn answer_message(
        &self,
        state: &mut State,
        id: Snowflake,
        data: &Body,
    ) -> Result<(), ApiError> {
        let new = new_answer(state, id, is_ephemeral(&data.json))?;
        let message = in_data(self.create_message(state, new, data))?;
        self.acknowledge(state, id, Some(message), Step::Replied);
        Ok(())
    }

    fn answer_thinking(
        &self,
        state: &mut State,
        id: Snowflake,
        data: &Body,
    ) -> Result<(), ApiError> {
        let new = new_answer(state, id, is_ephemeral(&data.json))?;
        let mut message = Message::new(self.next_id(), self.clock.now_ms(), new);
        message.flags |= LOADING;
        let message_id = message.id;
        state.messages.insert(message_id, message);
        self.message_created(state, message_id);
        if let Some(interaction) = state.interactions.get_mut(&id) {
            interaction.thinking = true;
        }
        self.acknowledge(state, id, Some(message_id), Step::Thinking);
        Ok(())
    }

    fn answer_deferred(&self, state: &mut State, id: Snowflake) {
        let source = state
            .interactions
            .get(&id)
            .and_then(|interaction| interaction.source);
        self.acknowledge(state, id, source, |_| Step::Deferred);
    }

    fn answer_update(&self, state: &mut State, id: Snowflake, data: &Body) -> Result<(), ApiError> {
        let source = state
            .interactions
            .get(&id)
            .and_then(|interaction| interaction.source);
        let source = source.ok_or_else(ApiError::unknown_message)?;
        in_data(self.edit_message(state, source, data))?;
        self.acknowledge(state, id, Some(source), Step::Edited);
        Ok(())
    }

    fn answer_choices(
        &self,
        state: &mut State,
        id: Snowflake,
        data: &Value,
    ) -> Result<(), ApiError> {
        let form = Form::body(data)?;
        let mut errors = FormErrors::default();
        let kind = state
            .interactions
            .get(&id)
            .map_or(0, |interaction| interaction.focused_type);
        let choices = form.objects(&mut errors, "choices", 0..=25, Need::Required);
        for choice in &choices {
            command::check_choice(&mut errors, choice, kind);
        }
        in_data(errors.into_result())?;
        let choices = choices
            .iter()
            .map(|choice| choice.object.clone().into())
            .collect();
        self.acknowledge(state, id, None, |_| Step::Choices(choices));
        Ok(())
    }

    fn answer_modal(&self, state: &mut State, id: Snowflake, data: &Value) -> Result<(), ApiError> {
        let mut errors = FormErrors::default();
        component::check_modal(&mut errors, &Form::body(data)?);
        in_data(errors.into_result())?;
        let interaction = state
            .interactions
            .get_mut(&id)
            .ok_or_else(ApiError::unknown_interaction)?;
        let modal = json!({
            "interaction_id": id,
            "user_id": interaction.user,
            "custom_id": data["custom_id"],
            "title": data["title"],
            "components": data["components"],
        });
        interaction.modal = Some(modal.clone());
        let channel = interaction.channel;
        self.acknowledge(state, id, None, |_| Step::Modal(modal.clone()));
        self.publish("modal", Some(channel), modal);
        Ok(())
    }

    /// Records the first answer; `original` is what @original means from now on.
    fn acknowledge(
        &self,
        state: &mut State,
        id: Snowflake,
        original: Option<Snowflake>,
        step: impl FnOnce(Value) -> Step,
    ) {
        let view = self.view_of(state, original);
        if let Some(interaction) = state.interactions.get_mut(&id) {
            interaction.acknowledged = Acknowledged::Yes;
            interaction.original = original;
            interaction.step(step(view));
        }
    }

    fn view_of(&self, state: &State, message: Option<Snowflake>) -> Value {
        let message = message.and_then(|id| state.messages.get(&id));
        message.map_or(Value::Null, |message| self.view(state, message))
    }

    /// A message of an interaction's webhook.
    pub(crate) fn webhook_message(
        &self,
        application: Snowflake,
        token: &str,
        target: Target,
    ) -> Result<Value, ApiError> {
        let state = self.state();
        let id = self.by_token(&state, application, token)?;
        let message = target_message(&state, id, target)?;
        let message = state
            .messages
            .get(&message)
            .ok_or_else(ApiError::unknown_message)?;
        Ok(self.message_json(&state, message))
    }

    /// PATCH of @original or a follow-up.
    pub(crate) fn edit_webhook_message(
        &self,
        (application, token): (Snowflake, &str),
        target: Target,
        body: &Body,
    ) -> Result<Value, ApiError> {
        let mut state = self.state();
        let id = self.by_token(&state, application, token)?;
        let message = target_message(&state, id, target)?;
        self.edit_message(&mut state, message, body)?;
        self.record_edit(&mut state, id, message);
        let message = state
            .messages
            .get(&message)
            .ok_or_else(ApiError::unknown_message)?;
        let object = self.message_json(&state, message);
        self.changed();
        Ok(object)
    }

    fn record_edit(&self, state: &mut State, id: Snowflake, message: Snowflake) {
        let view = self.view_of(state, Some(message));
        let Some(interaction) = state.interactions.get_mut(&id) else {
            return;
        };
        if interaction.original == Some(message) {
            interaction.thinking = false;
            interaction.step(Step::Edited(view));
        } else {
            interaction.step(Step::FollowUpEdited(view));
        }
    }

    /// DELETE of @original or a follow-up.
    pub(crate) fn delete_webhook_message(
        &self,
        application: Snowflake,
        token: &str,
        target: Target,
    ) -> Result<(), ApiError> {
        let mut state = self.state();
        let id = self.by_token(&state, application, token)?;
        let message = target_message(&state, id, target)?;
        self.delete_message(&mut state, message)?;
        if let Some(interaction) = state.interactions.get_mut(&id) {
            interaction.thinking &= interaction.original != Some(message);
            interaction.step(Step::Deleted(message));
        }
        self.changed();
        Ok(())
    }

    /// A follow-up. After type 5 the first one fills in @original.
    pub(crate) fn follow_up(
        &self,
        application: Snowflake,
        token: &str,
        body: &Body,
    ) -> Result<Value, ApiError> {
        let mut state = self.state();
        let id = self.by_token(&state, application, token)?;
        let interaction = state
            .interactions
            .get(&id)
            .ok_or_else(ApiError::unknown_webhook)?;
        let original = interaction.original;
        let message = match original.filter(|_| interaction.thinking) {
            Some(original) => {
                self.edit_message(&mut state, original, body)?;
                self.record_edit(&mut state, id, original);
                original
            }
            None => {
                let mut new = new_answer(&state, id, is_ephemeral(&body.json))?;
                new.kind = REPLY;
                new.reference = original.filter(|id| state.messages.contains_key(id));
                new.origin = new.origin.map(|origin| Origin {
                    original_response: original,
                    ..origin
                });
                let message = self.create_message(&mut state, new, body)?;
                let view = self.view_of(&state, Some(message));
                if let Some(interaction) = state.interactions.get_mut(&id) {
                    interaction.step(Step::FollowedUp(view));
                }
                message
            }
        };
        let message = state
            .messages
            .get(&message)
            .ok_or_else(ApiError::unknown_message)?;
        let object = self.message_json(&state, message);
        self.changed();
        Ok(object)
    }
}

/// The callback type, if it exists and fits the interaction.
fn answer_type(form: &Form<'_>, interaction: &Interaction) -> Result<u64, ApiError> {
    let mut errors = FormErrors::default();
    let number = form.integer(&mut errors, "type", 0..=i64::MAX, Need::Required);
    let number = number.and_then(|number| u64::try_from(number).ok());
    let from_message = interaction.source.is_some();
    let fits = ANSWERS.iter().any(|(answer, kinds)| {
        Some(*answer) == number
            && kinds.contains(&interaction.kind)
            // A modal that a command opened has no message to update.
            && (from_message || !matches!(answer, 6 | 7))
    });
    if let (Some(number), false) = (number, fits) {
        let message = format!("Type {number} is no answer to this interaction.");
        errors.add("type", "BASE_TYPE_CHOICES", message);
    }
    errors.into_result()?;
    Ok(number.unwrap_or_default())
}

/// Problems of the inner object are reported under `data`.
fn in_data<T>(result: Result<T, ApiError>) -> Result<T, ApiError> {
    result.map_err(|mut error| {
        error.errors = error.errors.map(|inner| json!({ "data": inner }));
        error
    })
}

fn is_ephemeral(body: &Value) -> bool {
    body["flags"]
        .as_u64()
        .is_some_and(|flags| flags & EPHEMERAL != 0)
}

fn new_answer(state: &State, id: Snowflake, ephemeral: bool) -> Result<NewMessage, ApiError> {
    let interaction = state
        .interactions
        .get(&id)
        .ok_or_else(ApiError::unknown_interaction)?;
    let from_message = interaction
        .source
        .filter(|id| state.messages.contains_key(id));
    Ok(NewMessage {
        channel: interaction.channel,
        author: state.bot,
        kind: interaction.answer_kind,
        ephemeral_to: ephemeral.then_some(interaction.user),
        origin: Some(interaction.origin.clone()),
        reference: from_message,
    })
}

fn target_message(state: &State, id: Snowflake, target: Target) -> Result<Snowflake, ApiError> {
    let interaction = state
        .interactions
        .get(&id)
        .ok_or_else(ApiError::unknown_webhook)?;
    let message = match target {
        Target::Original => interaction.original,
        // Only messages of this very interaction can be reached through its token.
        Target::Message(message) => Some(message).filter(|message| {
            interaction.original == Some(*message)
                || state.messages.get(message).is_some_and(|known| {
                    known.failed.is_none()
                        && known
                            .origin
                            .as_ref()
                            .is_some_and(|origin| origin.interaction == id)
                })
        }),
    };
    message
        .filter(|message| state.messages.contains_key(message))
        .ok_or_else(ApiError::unknown_message)
}
