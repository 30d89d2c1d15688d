//! Channels, threads, direct messages, and messages written outside interactions.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::snowflake::{Snowflake, from_json};
use crate::world::messages::{Body, Message, NewMessage, REGULAR};
use crate::world::users::{
    ATTACH_FILES, MANAGE_MESSAGES, READ_MESSAGE_HISTORY, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS,
};
use crate::world::{State as WorldState, World};

type Store = State<Arc<World>>;
type Answer = Result<Json<Value>, ApiError>;

pub(super) async fn get(State(world): Store, Path(channel): Path<Snowflake>) -> Answer {
    let state = world.state();
    let channel = state.visible_channel(channel)?;
    Ok(Json(state.channel_json(channel)))
}

pub(super) async fn change(
    State(world): Store,
    Path(channel): Path<Snowflake>,
    Extension(body): Extension<Body>,
) -> Answer {
    Ok(Json(world.change_channel(channel, &body.json)?))
}

pub(super) async fn delete(State(world): Store, Path(channel): Path<Snowflake>) -> Answer {
    Ok(Json(world.delete_thread(channel)?))
}

pub(super) async fn typing(
    State(world): Store,
    Path(channel): Path<Snowflake>,
) -> Result<StatusCode, ApiError> {
    let state = world.state();
    let channel = state.visible_channel(channel)?;
    state.require(channel, SEND_MESSAGES)?;
    world.typing(&state, channel);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn open_direct(State(world): Store, Extension(body): Extension<Body>) -> Answer {
    let recipient = from_json(&body.json["recipient_id"]).ok_or_else(ApiError::unknown_user)?;
    let mut state = world.state();
    let id = world
        .direct_channel(&mut state, recipient)
        .ok_or_else(ApiError::unknown_user)?;
    let channel = state.visible_channel(id)?;
    Ok(Json(state.channel_json(channel)))
}

pub(super) async fn start_thread(
    State(world): Store,
    Path(channel): Path<Snowflake>,
    Extension(body): Extension<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    Ok((
        StatusCode::CREATED,
        Json(world.start_thread(channel, None, &body.json)?),
    ))
}

pub(super) async fn start_thread_from_message(
    State(world): Store,
    Path((channel, message)): Path<(Snowflake, Snowflake)>,
    Extension(body): Extension<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    Ok((
        StatusCode::CREATED,
        Json(world.start_thread(channel, Some(message), &body.json)?),
    ))
}

/// Everybody sees every thread here, so that joining changes nothing.
pub(super) async fn join_thread(
    State(world): Store,
    Path((channel, user)): Path<(Snowflake, String)>,
) -> Result<StatusCode, ApiError> {
    let state = world.state();
    let is_thread = state.visible_channel(channel)?.is_thread();
    let known = user == "@me" || user.parse().is_ok_and(|user| state.user(user).is_some());
    match (is_thread, known) {
        (false, _) => Err(ApiError::unknown_channel()),
        (true, false) => Err(ApiError::unknown_member()),
        (true, true) => Ok(StatusCode::NO_CONTENT),
    }
}

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    before: Option<Snowflake>,
    after: Option<Snowflake>,
    around: Option<Snowflake>,
}

/// Newest first, as Discord lists them.
pub(super) async fn list(
    State(world): Store,
    Path(channel): Path<Snowflake>,
    Query(page): Query<Page>,
) -> Answer {
    let limit = page.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        let message = "int value should be less than or equal to 100.";
        let error =
            json!({ "limit": { "_errors": [{ "code": "NUMBER_TYPE_MAX", "message": message }] } });
        return Err(ApiError::invalid_form(error));
    }
    if page.around.is_some() {
        return Err(ApiError::not_implemented("listing messages around another"));
    }
    let state = world.state();
    let channel = state.visible_channel(channel)?;
    state.require(channel, READ_MESSAGE_HISTORY)?;
    let mut found: Vec<&Message> = state
        .messages
        .values()
        .filter(|message| message.channel_id == channel.id && message.is_public())
        .filter(|message| page.before.is_none_or(|before| message.id < before))
        .filter(|message| page.after.is_none_or(|after| message.id > after))
        .collect();
    // `after` means the ones right after it; otherwise the newest are wanted.
    if page.after.is_some() {
        found.truncate(limit);
    }
    let newest = found.into_iter().rev().take(limit);
    Ok(Json(
        newest
            .map(|message| world.message_json(&state, message))
            .collect(),
    ))
}

fn public_message(
    state: &WorldState,
    channel: Snowflake,
    message: Snowflake,
) -> Result<&Message, ApiError> {
    state.visible_channel(channel)?;
    let found = state.messages.get(&message);
    found
        .filter(|found| found.channel_id == channel && found.is_public())
        .ok_or_else(ApiError::unknown_message)
}

pub(super) async fn get_message(
    State(world): Store,
    Path((channel, message)): Path<(Snowflake, Snowflake)>,
) -> Answer {
    let state = world.state();
    let message = public_message(&state, channel, message)?;
    Ok(Json(world.message_json(&state, message)))
}

pub(super) async fn create_message(
    State(world): Store,
    Path(channel): Path<Snowflake>,
    Extension(body): Extension<Body>,
) -> Answer {
    let mut state = world.state();
    let place = state.visible_channel(channel)?;
    let send = if place.is_thread() {
        SEND_MESSAGES_IN_THREADS
    } else {
        SEND_MESSAGES
    };
    let files = if body.files.is_empty() {
        0
    } else {
        ATTACH_FILES
    };
    state.require(place, send | files)?;
    let new = NewMessage {
        channel,
        author: state.bot,
        kind: REGULAR,
        ephemeral_to: None,
        origin: None,
        reference: None,
    };
    let id = world.create_message(&mut state, new, &body)?;
    // One with the same nonce may be in another channel.
    let message = state
        .messages
        .get(&id)
        .ok_or_else(ApiError::unknown_message)?;
    Ok(Json(world.message_json(&state, message)))
}

pub(super) async fn edit_message(
    State(world): Store,
    Path((channel, id)): Path<(Snowflake, Snowflake)>,
    Extension(body): Extension<Body>,
) -> Answer {
    let mut state = world.state();
    if public_message(&state, channel, id)?.author != state.bot {
        return Err(ApiError::not_the_author());
    }
    world.edit_message(&mut state, id, &body)?;
    let message = public_message(&state, channel, id)?;
    Ok(Json(world.message_json(&state, message)))
}

pub(super) async fn delete_message(
    State(world): Store,
    Path((channel, id)): Path<(Snowflake, Snowflake)>,
) -> Result<StatusCode, ApiError> {
    let mut state = world.state();
    let is_own = public_message(&state, channel, id)?.author == state.bot;
    if !is_own {
        state.require(state.visible_channel(channel)?, MANAGE_MESSAGES)?;
    }
    world.delete_message(&mut state, id)?;
    Ok(StatusCode::NO_CONTENT)
}
