//! The page's files, compiled in. They are the same for everybody and need no token.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, type and content of each file.
const FILES: [(&str, &str, &str); 6] = [
    ("index.html", HTML, include_str!("../../page/index.html")),
    ("style.css", CSS, include_str!("../../page/style.css")),
    ("app.js", JAVASCRIPT, include_str!("../../page/app.js")),
    ("api.js", JAVASCRIPT, include_str!("../../page/api.js")),
    (
        "render.js",
        JAVASCRIPT,
        include_str!("../../page/render.js"),
    ),
    (
        "commands.js",
        JAVASCRIPT,
        include_str!("../../page/commands.js"),
    ),
];

/// Nothing but the page's own files, pictures from this server and its own interface.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'";

pub(super) async fn redirect() -> Redirect {
    Redirect::temporary("/playground/")
}

pub(super) async fn index() -> Response {
    serve("index.html")
}

pub(super) async fn file(Path(name): Path<String>) -> Response {
    serve(&name)
}

fn serve(name: &str) -> Response {
    let Some((_, kind, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, *content).into_response()
}
