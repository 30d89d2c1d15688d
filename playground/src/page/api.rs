//! The page's interface, as far as it does not act for a person: state, messages, events, uploads,
//! transcript.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::NOTICE;
use crate::attachments::UploadedFile;
use crate::errors::Refusal;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::channels::Channel;

/// How long a poll without news is held.
const POLL: Duration = Duration::from_secs(25);
/// Largest file that a person may upload, as on Discord without a subscription.
const UPLOAD_LIMIT: usize = 10 * 1024 * 1024;
/// Discord's locales, and Arabic, so that right-to-left answers can be tried.
const LOCALES: [&str; 33] = [
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "hi",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th",
    "tr", "uk", "vi", "zh-CN", "zh-TW",
];

/// Reads a JSON body; what is wrong with it is said in a sentence.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("The request cannot be read: {error}.")))
}

pub(super) async fn state(State(world): State<Arc<World>>) -> Json<Value> {
    let state = world.state();
    let channels: Vec<Value> = state
        .channels
        .values()
        .map(|channel| {
            let mut object =
                json!({ "id": channel.id, "name": channel.name, "kind": channel.page_kind() });
            if let Some(user) = channel.recipient.and_then(|id| state.user(id)) {
                object["name"] = json!(format!("{} and the bot", user.display_name));
                object["recipient_id"] = json!(user.id);
            }
            if let Some(parent) = channel.parent {
                object["parent_id"] = json!(parent);
            }
            object
        })
        .collect();
    let users: Vec<Value> = state
        .users
        .iter()
        .filter(|user| !user.is_bot)
        .map(|user| {
            json!({
                "id": user.id,
                "name": user.username,
                "display_name": user.display_name,
                "roles": user.roles,
                "locale": user.locale,
                "permissions": state.permissions(user.id).to_string(),
                "is_tutor": state.is_tutor(user.id),
            })
        })
        .collect();
    let roles: Vec<Value> = state
        .roles
        .iter()
        .filter(|role| role.managed_by.is_none())
        .map(|role| {
            let permissions = role.permissions.to_string();
            json!({ "id": role.id, "name": role.name, "permissions": permissions })
        })
        .collect();
    Json(json!({
        "notice": NOTICE,
        "guild": { "id": state.guild.id, "name": state.guild.name },
        "channels": channels,
        "users": users,
        "roles": roles,
        "commands": world.command_objects(&state),
        "bot": world.bot_json(&state),
        "locales": &LOCALES[..],
        "next": world.feed.last(),
    }))
}

#[derive(Deserialize)]
struct UserChange {
    roles: Option<Vec<Snowflake>>,
    locale: Option<String>,
}

pub(super) async fn change_user(
    State(world): State<Arc<World>>,
    Path(id): Path<Snowflake>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let change: UserChange = parse(&body)?;
    if change
        .locale
        .as_ref()
        .is_some_and(|locale| !LOCALES.contains(&locale.as_str()))
    {
        return Err(Refusal::bad_request("There is no such locale."));
    }
    {
        let state = world.state();
        let assignable = |id: &Snowflake| {
            *id != state.guild.id
                && state
                    .roles
                    .iter()
                    .any(|role| role.id == *id && role.managed_by.is_none())
        };
        if change.roles.iter().flatten().any(|role| !assignable(role)) {
            return Err(Refusal::bad_request("There is no such role."));
        }
    }
    world
        .change_user(id, change.roles, change.locale)
        .ok_or_else(|| Refusal::not_found("There is no such user."))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
pub(super) struct Viewer {
    viewer: Snowflake,
}

pub(super) async fn messages(
    State(world): State<Arc<World>>,
    Path(channel): Path<Snowflake>,
    Query(viewer): Query<Viewer>,
) -> Result<Json<Value>, Refusal> {
    let state = world.state();
    let may_see = |channel: &&Channel| channel.recipient.is_none_or(|only| only == viewer.viewer);
    let channel = state.channels.get(&channel).filter(may_see);
    let channel = channel.ok_or_else(|| Refusal::not_found("There is no such channel."))?;
    Ok(Json(
        json!({ "messages": world.views(&state, channel.id, viewer.viewer) }),
    ))
}

#[derive(Deserialize)]
pub(super) struct Since {
    /// Absent: from now on.
    since: Option<u64>,
}

pub(super) async fn events(
    State(world): State<Arc<World>>,
    Query(since): Query<Since>,
) -> Json<Value> {
    let since = since.since.unwrap_or_else(|| world.feed.last());
    let mut newest = world.feed.subscribe();
    let news = newest.wait_for(|last| *last != since);
    tokio::select! {
        _ = tokio::time::timeout(POLL, news) => {}
        () = world.shutdown.cancelled() => {}
    }
    let (next, mut events) = world.feed.after(since);
    if since == 0 {
        // A page that begins at the very start must not open modals of long ago.
        events.retain(|event| event["type"] != "modal");
    }
    Json(json!({ "next": next, "events": events }))
}

pub(super) async fn upload(
    State(world): State<Arc<World>>,
    mut form: Multipart,
) -> Result<Json<Value>, Refusal> {
    let unreadable = |error| Refusal::bad_request(format!("The upload cannot be read: {error}."));
    let mut file = None;
    while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or("file").to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
            if bytes.len() + chunk.len() > UPLOAD_LIMIT {
                let sentence = "The file is larger than 10 MiB.";
                return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, sentence));
            }
            bytes.extend_from_slice(&chunk);
        }
        file = Some(UploadedFile::new(None, &name, bytes.into()));
    }
    let file = file.ok_or_else(|| Refusal::bad_request("The upload has no file."))?;
    Ok(Json(world.keep_upload(file)))
}

pub(super) async fn transcript(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({
        "entries": world.transcript.entries(),
        "unimplemented": world.transcript.missing(),
    }))
}
