//! The page's side of the server: its files, its interface and its feed of events. The page itself
//! is HTML and JavaScript beside this crate.

mod api;
mod assets;
pub(crate) mod feed;
mod invoke;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::errors::Refusal;
use crate::options::same_secret;
use crate::world::World;

/// What the page says at the top, and the binary when it starts.
pub(crate) const NOTICE: &str = "This is not Discord. It is a local stand-in for trying a bot, \
     and nothing here leaves this computer.";

/// All routes of the page.
pub(crate) fn routes(world: &Arc<World>) -> Router<Arc<World>> {
    let interface = Router::new()
        .route("/playground/api/state", get(api::state))
        .route("/playground/api/users/{id}", post(api::change_user))
        .route("/playground/api/channels/{id}/messages", get(api::messages))
        .route("/playground/api/events", get(api::events))
        .route("/playground/api/uploads", post(api::upload))
        .route("/playground/api/interactions", post(invoke::interactions))
        .route("/playground/api/transcript", get(api::transcript))
        .route_layer(from_fn_with_state(world.clone(), check_token));
    Router::new()
        .route("/", get(assets::redirect))
        .route("/favicon.ico", get(assets::no_icon))
        .route("/playground", get(assets::redirect))
        .route("/playground/", get(assets::index))
        .route("/playground/{file}", get(assets::file))
        .merge(interface)
}

async fn check_token(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get("x-playground-token")
        .and_then(|token| token.to_str().ok());
    if token.is_some_and(|token| same_secret(token, &world.settings.page_token)) {
        next.run(request).await
    } else {
        let sentence = "The token is missing or belongs to another run of the playground.";
        Refusal::new(StatusCode::UNAUTHORIZED, sentence).into_response()
    }
}
