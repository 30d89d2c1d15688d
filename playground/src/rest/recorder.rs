//! What happens around every REST request: planned faults, the bot's token, the body (JSON or
//! multipart), and the record of it all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body as HttpBody, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::PREFIX;
use crate::attachments::UploadedFile;
use crate::errors::ApiError;
use crate::faults::Fault;
use crate::listener::Switch;
use crate::options::same_secret;
use crate::transcript::{Direction, RecordedBody, without_tokens};
use crate::world::World;
use crate::world::messages::Body;

/// Largest request, files and all.
const REQUEST_LIMIT: usize = 25 * 1024 * 1024;

/// Wraps the whole router; requests outside the REST interface pass untouched.
pub(crate) async fn observe(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if !path.starts_with("/api/") {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let route = path.strip_prefix(PREFIX).unwrap_or(&path);
    let shown = format!("{method} {}", without_tokens(&path));
    let fault = world.rules.take(method.as_str(), route);
    let switch = request
        .extensions()
        .get::<ConnectInfo<Switch>>()
        .map(|info| info.0.clone());
    if let Some(fault) = fault {
        world
            .transcript
            .line(Direction::Server, "fault", format!("{shown}: {fault:?}"));
        if let Some(response) = before_handling(&world, fault, switch.as_ref()).await {
            return response;
        }
    }
    let (response, body) = match prepare(&world, route, &method, request).await {
        Ok((request, body)) => (next.run(request).await, body),
        Err(error) => (error.into_response(), Value::Null),
    };
    // What the server did is recorded, whatever the caller gets to see of it.
    record(&world, &method, &path, &shown, body, &response);
    match fault {
        Some(fault) => after_handling(fault, response, switch.as_ref()),
        None => response,
    }
}

/// Does what the fault says first; `None` if the request shall be handled after all.
async fn before_handling(world: &World, fault: Fault, switch: Option<&Switch>) -> Option<Response> {
    match fault {
        Fault::Delay(duration) => {
            world.clock.sleep(duration).await;
            None
        }
        Fault::Status(status) => Some(planned_status(status)),
        Fault::RateLimited { retry_after } => Some(rate_limited(retry_after)),
        Fault::DropConnection => Some(dropped(switch)),
        Fault::HandleThenDrop | Fault::HandleThenStatus(_) => None,
    }
}

/// What the caller gets once the request was handled.
fn after_handling(fault: Fault, response: Response, switch: Option<&Switch>) -> Response {
    match fault {
        Fault::HandleThenDrop => dropped(switch),
        Fault::HandleThenStatus(status) => planned_status(status),
        Fault::Status(_) | Fault::RateLimited { .. } | Fault::Delay(_) | Fault::DropConnection => {
            response
        }
    }
}

fn planned_status(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, 0, format!("{status} (planned fault)")).into_response()
}

/// Cuts the connection. The response is seen only where there is none to cut.
fn dropped(switch: Option<&Switch>) -> Response {
    if let Some(switch) = switch {
        switch.cut();
    }
    StatusCode::BAD_GATEWAY.into_response()
}

fn rate_limited(retry_after: Duration) -> Response {
    let seconds = retry_after.as_secs_f64();
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": seconds,
        "global": false,
    });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
    let number =
        |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("1"));
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, number(seconds.ceil().to_string()));
    headers.insert("x-ratelimit-limit", HeaderValue::from_static("5"));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
    headers.insert("x-ratelimit-reset-after", number(format!("{seconds:.3}")));
    headers.insert("x-ratelimit-scope", HeaderValue::from_static("user"));
    response
}

/// Checks the token and reads the body. Returns the request with the body as an extension, and the
/// JSON for the record.
async fn prepare(
    world: &World,
    route: &str,
    method: &Method,
    request: Request,
) -> Result<(Request, Value), ApiError> {
    if needs_bot_token(route) && !has_bot_token(world, request.headers()) {
        return Err(ApiError::unauthorized());
    }
    let (mut parts, body) = request.into_parts();
    let bytes = to_bytes(body, REQUEST_LIMIT)
        .await
        .map_err(|_| ApiError::too_large())?;
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let body = if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let request = Request::from_parts(parts.clone(), HttpBody::from(bytes));
        read_multipart(request).await?
    } else {
        read_json(method, &bytes)?
    };
    let json = body.json.clone();
    parts.extensions.insert(body);
    Ok((Request::from_parts(parts, HttpBody::empty()), json))
}

/// Interaction tokens stand in the path and are enough by themselves.
fn needs_bot_token(route: &str) -> bool {
    !route.starts_with("/interactions/") && !route.starts_with("/webhooks/") && route != "/gateway"
}

fn has_bot_token(world: &World, headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bot "))
        .is_some_and(|token| same_secret(token, &world.settings.bot_token))
}

fn read_json(method: &Method, bytes: &Bytes) -> Result<Body, ApiError> {
    if bytes.is_empty() {
        // A POST without a body is an empty object to Discord.
        let json = if *method == Method::GET {
            Value::Null
        } else {
            json!({})
        };
        return Ok(Body {
            json,
            files: Vec::new(),
        });
    }
    let json = serde_json::from_slice(bytes).map_err(|_| ApiError::invalid_json())?;
    Ok(Body {
        json,
        files: Vec::new(),
    })
}

async fn read_multipart(request: Request) -> Result<Body, ApiError> {
    let broken = |_| ApiError::invalid_json();
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| ApiError::invalid_json())?;
    let mut body = Body {
        json: json!({}),
        files: Vec::new(),
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let filename = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(broken)?;
        if name == "payload_json" {
            body.json = serde_json::from_slice(&bytes).map_err(|_| ApiError::invalid_json())?;
        } else if let Some(filename) = filename {
            let index = name
                .strip_prefix("files[")
                .and_then(|rest| rest.strip_suffix(']'));
            let index = index.and_then(|index| index.parse().ok());
            body.files.push(UploadedFile::new(index, &filename, bytes));
        } else {
            body.json[name] = json!(String::from_utf8_lossy(&bytes));
        }
    }
    Ok(body)
}

fn record(
    world: &World,
    method: &Method,
    path: &str,
    shown: &str,
    body: Value,
    response: &Response,
) {
    let status = response.status();
    let error = response.extensions().get::<ApiError>();
    let mut summary = format!("{shown} -> {}", status.as_u16());
    if let Some(error) = error {
        summary.push_str(": ");
        summary.push_str(&error.summary());
        if error.is_rejected_body() {
            world.transcript.rejected(summary.clone());
        }
        if error.status == StatusCode::NOT_IMPLEMENTED {
            world
                .transcript
                .unimplemented(format!("{shown}: {}", error.message));
        }
    }
    world.transcript.line(Direction::FromBot, "rest", summary);
    let has_body = body.as_object().is_none_or(|object| !object.is_empty()) && !body.is_null();
    if has_body {
        world.transcript.body(RecordedBody {
            method: method.to_string(),
            path: without_tokens(path),
            body,
            status: status.as_u16(),
        });
    }
}
