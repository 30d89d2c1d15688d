//! The REST interface, version 10. A route that is not listed here answers 501 and is recorded.

mod channels;
mod commands;
mod guilds;
mod identity;
mod interactions;
pub(crate) mod recorder;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::{get, post, put};

use crate::errors::ApiError;
use crate::world::World;

/// What every route begins with.
pub(crate) const PREFIX: &str = "/api/v10";

/// All routes of the bot.
pub(crate) fn routes() -> Router<Arc<World>> {
    let at = |path: &str| format!("{PREFIX}{path}");
    Router::new()
        .route(&at("/gateway"), get(identity::gateway))
        .route(&at("/gateway/bot"), get(identity::gateway_bot))
        .route(&at("/oauth2/applications/@me"), get(identity::application))
        .route(&at("/applications/@me"), get(identity::application))
        .route(&at("/users/@me"), get(identity::me))
        .route(&at("/users/@me/guilds"), get(guilds::mine))
        .route(&at("/users/@me/channels"), post(channels::open_direct))
        .route(&at("/users/{user}"), get(identity::user))
        .merge(command_routes())
        .route(
            &at("/interactions/{id}/{token}/callback"),
            post(interactions::callback),
        )
        .route(
            &at("/webhooks/{application}/{token}"),
            post(webhooks::follow_up),
        )
        .route(
            &at("/webhooks/{application}/{token}/messages/{message}"),
            get(webhooks::get)
                .patch(webhooks::edit)
                .delete(webhooks::delete),
        )
        .route(&at("/guilds/{guild}"), get(guilds::get))
        .route(&at("/guilds/{guild}/channels"), get(guilds::channels))
        .route(&at("/guilds/{guild}/roles"), get(guilds::roles))
        .route(&at("/guilds/{guild}/members/{user}"), get(guilds::member))
        .merge(channel_routes())
}

fn command_routes() -> Router<Arc<World>> {
    let global = format!("{PREFIX}/applications/{{application}}/commands");
    let guild = format!("{PREFIX}/applications/{{application}}/guilds/{{guild}}/commands");
    Router::new()
        .route(
            &global,
            get(commands::list)
                .post(commands::create)
                .put(commands::replace),
        )
        .route(
            &format!("{global}/{{command}}"),
            get(commands::get)
                .patch(commands::change)
                .delete(commands::delete),
        )
        .route(
            &guild,
            get(commands::list_guild)
                .post(commands::create_guild)
                .put(commands::replace_guild),
        )
        .route(
            &format!("{guild}/{{command}}"),
            get(commands::get_guild)
                .patch(commands::change_guild)
                .delete(commands::delete_guild),
        )
}

fn channel_routes() -> Router<Arc<World>> {
    let channel = format!("{PREFIX}/channels/{{channel}}");
    let messages = format!("{channel}/messages");
    Router::new()
        .route(
            &channel,
            get(channels::get)
                .patch(channels::change)
                .delete(channels::delete),
        )
        .route(&format!("{channel}/typing"), post(channels::typing))
        .route(&format!("{channel}/threads"), post(channels::start_thread))
        .route(
            &format!("{channel}/thread-members/{{user}}"),
            put(channels::join_thread),
        )
        .route(
            &messages,
            get(channels::list).post(channels::create_message),
        )
        .route(
            &format!("{messages}/{{message}}"),
            get(channels::get_message)
                .patch(channels::edit_message)
                .delete(channels::delete_message),
        )
        .route(
            &format!("{messages}/{{message}}/threads"),
            post(channels::start_thread_from_message),
        )
}

/// Every route and method that does not exist.
pub(crate) async fn unimplemented(method: Method, uri: Uri) -> ApiError {
    ApiError::not_implemented(&format!(
        "{method} {}",
        crate::transcript::without_tokens(uri.path())
    ))
}
