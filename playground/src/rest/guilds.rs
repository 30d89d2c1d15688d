//! The guild, its channels, roles and members.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::world::{State as WorldState, World};

fn check(state: &WorldState, guild: Snowflake) -> Result<(), ApiError> {
    if state.guild.id == guild {
        Ok(())
    } else {
        Err(ApiError::unknown_guild())
    }
}

pub(super) async fn mine(State(world): State<Arc<World>>) -> Json<Value> {
    let state = world.state();
    Json(json!([{
        "id": state.guild.id,
        "name": state.guild.name,
        "icon": null,
        "banner": null,
        "owner": false,
        "permissions": state.permissions(state.bot).to_string(),
        "features": [],
    }]))
}

pub(super) async fn get(
    State(world): State<Arc<World>>,
    Path(guild): Path<Snowflake>,
) -> Result<Json<Value>, ApiError> {
    let state = world.state();
    check(&state, guild)?;
    Ok(Json(state.guild_json()))
}

pub(super) async fn channels(
    State(world): State<Arc<World>>,
    Path(guild): Path<Snowflake>,
) -> Result<Json<Value>, ApiError> {
    let state = world.state();
    check(&state, guild)?;
    let channels = state
        .channels
        .values()
        .filter(|c| !c.is_dm() && !c.is_thread());
    Ok(Json(
        channels
            .map(|channel| state.channel_json(channel))
            .collect(),
    ))
}

pub(super) async fn roles(
    State(world): State<Arc<World>>,
    Path(guild): Path<Snowflake>,
) -> Result<Json<Value>, ApiError> {
    let state = world.state();
    check(&state, guild)?;
    Ok(Json(
        state
            .roles
            .iter()
            .map(|role| state.role_json(role))
            .collect(),
    ))
}

pub(super) async fn member(
    State(world): State<Arc<World>>,
    Path((guild, user)): Path<(Snowflake, Snowflake)>,
) -> Result<Json<Value>, ApiError> {
    let state = world.state();
    check(&state, guild)?;
    let user = state.user(user).ok_or_else(ApiError::unknown_member)?;
    Ok(Json(state.member_json(user)))
}
