//! Registration of commands, globally and for the guild.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::Value;

use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::messages::Body;

type Store = State<Arc<World>>;
type Answer = Result<Json<Value>, ApiError>;
type Global = Path<Snowflake>;
type OneGlobal = Path<(Snowflake, Snowflake)>;
type Guild = Path<(Snowflake, Snowflake)>;
type OneGuild = Path<(Snowflake, Snowflake, Snowflake)>;

/// That the application is the bot's, and the guild the one there is.
fn check(world: &World, application: Snowflake, guild: Option<Snowflake>) -> Result<(), ApiError> {
    let state = world.state();
    if application != state.bot {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            10_002,
            "Unknown Application",
        ));
    }
    if guild.is_some_and(|guild| guild != state.guild.id) {
        return Err(ApiError::missing_access());
    }
    Ok(())
}

fn create_in(
    world: &World,
    guild: Option<Snowflake>,
    body: &Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (is_new, command) = world.create_command(guild, &body.json)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(command)))
}

pub(super) async fn list(State(world): Store, Path(application): Global) -> Answer {
    check(&world, application, None)?;
    Ok(Json(world.list_commands(None)))
}

pub(super) async fn list_guild(State(world): Store, Path((application, guild)): Guild) -> Answer {
    check(&world, application, Some(guild))?;
    Ok(Json(world.list_commands(Some(guild))))
}

pub(super) async fn replace(
    State(world): Store,
    Path(application): Global,
    Extension(body): Extension<Body>,
) -> Answer {
    check(&world, application, None)?;
    Ok(Json(world.replace_commands(None, &body.json)?))
}

pub(super) async fn replace_guild(
    State(world): Store,
    Path((application, guild)): Guild,
    Extension(body): Extension<Body>,
) -> Answer {
    check(&world, application, Some(guild))?;
    Ok(Json(world.replace_commands(Some(guild), &body.json)?))
}

pub(super) async fn create(
    State(world): Store,
    Path(application): Global,
    Extension(body): Extension<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    check(&world, application, None)?;
    create_in(&world, None, &body)
}

pub(super) async fn create_guild(
    State(world): Store,
    Path((application, guild)): Guild,
    Extension(body): Extension<Body>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    check(&world, application, Some(guild))?;
    create_in(&world, Some(guild), &body)
}

pub(super) async fn get(State(world): Store, Path((application, command)): OneGlobal) -> Answer {
    check(&world, application, None)?;
    Ok(Json(world.get_command(None, command)?))
}

pub(super) async fn get_guild(
    State(world): Store,
    Path((application, guild, command)): OneGuild,
) -> Answer {
    check(&world, application, Some(guild))?;
    Ok(Json(world.get_command(Some(guild), command)?))
}

pub(super) async fn change(
    State(world): Store,
    Path((application, command)): OneGlobal,
    Extension(body): Extension<Body>,
) -> Answer {
    check(&world, application, None)?;
    Ok(Json(world.change_command(None, command, &body.json)?))
}

pub(super) async fn change_guild(
    State(world): Store,
    Path((application, guild, command)): OneGuild,
    Extension(body): Extension<Body>,
) -> Answer {
    check(&world, application, Some(guild))?;
    Ok(Json(world.change_command(
        Some(guild),
        command,
        &body.json,
    )?))
}

pub(super) async fn delete(
    State(world): Store,
    Path((application, command)): OneGlobal,
) -> Result<StatusCode, ApiError> {
    check(&world, application, None)?;
    world.delete_command(None, command)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete_guild(
    State(world): Store,
    Path((application, guild, command)): OneGuild,
) -> Result<StatusCode, ApiError> {
    check(&world, application, Some(guild))?;
    world.delete_command(Some(guild), command)?;
    Ok(StatusCode::NO_CONTENT)
}
