//! @original and follow-ups, through an interaction's webhook. Other webhooks do not exist here.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;

use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::messages::Body;
use crate::world::responses::Target;

#[derive(Deserialize)]
pub(super) struct Wanted {
    wait: Option<bool>,
}

/// The webhook of an interaction answers with the message unless told not to.
pub(super) async fn follow_up(
    State(world): State<Arc<World>>,
    Path((application, token)): Path<(Snowflake, String)>,
    Query(wanted): Query<Wanted>,
    Extension(body): Extension<Body>,
) -> Result<Response, ApiError> {
    let message = world.follow_up(application, &token, &body)?;
    if wanted.wait == Some(false) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Json(message).into_response())
}

fn target(message: &str) -> Result<Target, ApiError> {
    if message == "@original" {
        return Ok(Target::Original);
    }
    message
        .parse()
        .map(Target::Message)
        .map_err(|_| ApiError::unknown_message())
}

pub(super) async fn get(
    State(world): State<Arc<World>>,
    Path((application, token, message)): Path<(Snowflake, String, String)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(world.webhook_message(
        application,
        &token,
        target(&message)?,
    )?))
}

pub(super) async fn edit(
    State(world): State<Arc<World>>,
    Path((application, token, message)): Path<(Snowflake, String, String)>,
    Extension(body): Extension<Body>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(world.edit_webhook_message(
        (application, &token),
        target(&message)?,
        &body,
    )?))
}

pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Path((application, token, message)): Path<(Snowflake, String, String)>,
) -> Result<StatusCode, ApiError> {
    world.delete_webhook_message(application, &token, target(&message)?)?;
    Ok(StatusCode::NO_CONTENT)
}
