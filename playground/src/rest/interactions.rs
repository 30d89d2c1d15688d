//! The first answer to an interaction.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;

use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::messages::Body;

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    with_response: bool,
}

pub(super) async fn callback(
    State(world): State<Arc<World>>,
    Path((id, token)): Path<(Snowflake, String)>,
    Query(wanted): Query<Wanted>,
    Extension(body): Extension<Body>,
) -> Result<Response, ApiError> {
    let callback = world.respond(id, &token, &body)?;
    if wanted.with_response {
        Ok(Json(callback).into_response())
    } else {
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}
