//! Who the bot is, and where the gateway is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::world::World;

pub(super) async fn gateway(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "url": world.settings.gateway_url }))
}

pub(super) async fn gateway_bot(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({
        "url": world.settings.gateway_url,
        "shards": 1,
        "session_start_limit": {
            "total": 1_000,
            "remaining": 1_000,
            "reset_after": 0,
            "max_concurrency": 1,
        },
    }))
}

pub(super) async fn application(State(world): State<Arc<World>>) -> Json<Value> {
    let state = world.state();
    let name = state.user(state.bot).map(|bot| bot.display_name.clone());
    Json(json!({
        "id": state.bot,
        "name": name,
        "icon": null,
        "description": "A bot in the playground, which is not Discord",
        "rpc_origins": [],
        "bot_public": false,
        "bot_require_code_grant": false,
        "bot": state.bot_user_json(),
        "owner": state.user_json(state.guild.owner),
        "summary": "",
        "verify_key": "0".repeat(64),
        "team": null,
        "flags": 0,
        "tags": [],
        "integration_types_config": { "0": {} },
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "redirect_uris": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
    }))
}

pub(super) async fn me(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.state().bot_user_json())
}

pub(super) async fn user(
    State(world): State<Arc<World>>,
    Path(user): Path<Snowflake>,
) -> Result<Json<Value>, ApiError> {
    let state = world.state();
    let user = state.user(user).ok_or_else(ApiError::unknown_user)?;
    Ok(Json(user.json()))
}
