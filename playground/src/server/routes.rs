//! The routes of the whole server and what guards them: the `Host` header, the gateway's door,
//! attachments. The bot's routes are in `rest`, the page's in `page`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde::Deserialize;

use crate::attachments::{Address, is_inline};
use crate::errors::{ApiError, Refusal};
use crate::gateway::session;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::{page, rest};

/// Everything that is served.
pub(super) fn router(world: &Arc<World>) -> Router {
    Router::new()
        .merge(rest::routes())
        .merge(page::routes(world))
        .route("/gateway", get(gateway))
        .route("/gateway/", get(gateway))
        .route("/attachments/{channel}/{id}/{filename}", get(attachment))
        .fallback(rest::unimplemented)
        .method_not_allowed_fallback(rest::unimplemented)
        .layer(from_fn_with_state(world.clone(), rest::recorder::observe))
        .layer(from_fn_with_state(world.clone(), check_host))
        .layer(from_fn(no_store))
        // Every reader of bodies here has a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(world.clone())
}

/// Refuses requests that reached this port under a foreign name: a page elsewhere may point its
/// own name at 127.0.0.1 (DNS rebinding).
async fn check_host(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if !world.settings.loopback_only || host.is_some_and(is_loopback_name) {
        return next.run(request).await;
    }
    let sentence = "The playground answers under loopback names only.";
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Nothing of a run shall stay in a browser's cache, unless a route says otherwise.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[derive(Deserialize)]
struct Transport {
    v: Option<u8>,
    encoding: Option<String>,
    compress: Option<String>,
}

async fn gateway(
    State(world): State<Arc<World>>,
    Query(transport): Query<Transport>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let missing = match (&transport.encoding, &transport.compress, transport.v) {
        (Some(encoding), ..) if encoding != "json" => Some(format!("encoding={encoding}")),
        (_, Some(compress), _) => Some(format!("compress={compress}")),
        (.., Some(version)) if version != 10 => Some(format!("v={version}")),
        _ => None,
    };
    if let Some(missing) = missing {
        let missing = format!("the gateway with {missing}");
        world.transcript.unimplemented(missing.clone());
        return Err(ApiError::not_implemented(&missing));
    }
    Ok(upgrade
        .on_upgrade(|socket| session::serve(socket, world))
        .into_response())
}

#[derive(Deserialize)]
struct Signature {
    ex: String,
    is: String,
    hm: String,
}

/// Pictures are shown, everything else is a download: nothing here can run script.
async fn attachment(
    State(world): State<Arc<World>>,
    Path((channel_id, id, filename)): Path<(Snowflake, Snowflake, String)>,
    Query(signature): Query<Signature>,
) -> Result<Response, StatusCode> {
    let address = Address {
        channel_id,
        id,
        filename: &filename,
        expires: &signature.ex,
        issued: &signature.is,
        signature: &signature.hm,
    };
    let stored = world.attachments.open(&address, world.clock.now_ms());
    let file = stored.ok_or(StatusCode::NOT_FOUND)?.file;
    let inline = is_inline(&file.content_type);
    let kind = if inline {
        file.content_type.as_str()
    } else {
        "application/octet-stream"
    };
    let way = if inline { "inline" } else { "attachment" };
    // The name has only letters, digits, `.`, `-` and `_`.
    let disposition = format!("{way}; filename=\"{}\"", file.filename);
    let value = |text: &str| HeaderValue::try_from(text).map_err(|_| StatusCode::NOT_FOUND);
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, value(kind)?),
        (header::CONTENT_DISPOSITION, value(&disposition)?),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    Ok((headers, file.bytes).into_response())
}

/// The bytes behind an address as a message shows it.
pub(super) fn open_by_url(world: &World, url: &str) -> Option<Bytes> {
    let path = url
        .strip_prefix(&world.settings.base_url)?
        .strip_prefix("/attachments/")?;
    let (path, query) = path.split_once('?')?;
    let mut segments = path.split('/');
    let part = |key: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    };
    let address = Address {
        channel_id: segments.next()?.parse().ok()?,
        id: segments.next()?.parse().ok()?,
        filename: segments.next()?,
        expires: part("ex")?,
        issued: part("is")?,
        signature: part("hm")?,
    };
    Some(
        world
            .attachments
            .open(&address, world.clock.now_ms())?
            .file
            .bytes,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_pass() {
        for good in [
            "127.0.0.1:80",
            "localhost",
            "LOCALHOST:7878",
            "[::1]:80",
            "127.8.9.1",
        ] {
            assert!(is_loopback_name(good), "{good}");
        }
        for bad in [
            "example.org",
            "127.0.0.1.example.org:80",
            "10.0.0.1",
            "",
            "[::2]:1",
        ] {
            assert!(!is_loopback_name(bad), "{bad}");
        }
    }
}
