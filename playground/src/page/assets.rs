//! The page's files, compiled in. They are the same for everybody and need no token.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A file's name, type and content, compiled in by its name alone.
macro_rules! page_file {
    ($kind:expr, $name:literal) => {
        ($name, $kind, include_str!(concat!("../../page/", $name)))
    };
}

/// Every file of the page.
const FILES: &[(&str, &str, &str)] = &[
    page_file!(JAVASCRIPT, "announcer.js"),
    page_file!(JAVASCRIPT, "api.js"),
    page_file!(JAVASCRIPT, "app.js"),
    page_file!(JAVASCRIPT, "combobox.js"),
    page_file!(JAVASCRIPT, "commands.js"),
    page_file!(JAVASCRIPT, "components.js"),
    page_file!(JAVASCRIPT, "composer.js"),
    page_file!(CSS, "composing.css"),
    page_file!(JAVASCRIPT, "connection.js"),
    page_file!(JAVASCRIPT, "context_menu.js"),
    page_file!(HTML, "index.html"),
    page_file!(JAVASCRIPT, "markdown.js"),
    page_file!(JAVASCRIPT, "media.js"),
    page_file!(JAVASCRIPT, "message_list.js"),
    page_file!(CSS, "messages.css"),
    page_file!(JAVASCRIPT, "modal.js"),
    page_file!(JAVASCRIPT, "nodes.js"),
    page_file!(JAVASCRIPT, "options_form.js"),
    page_file!(JAVASCRIPT, "parts.js"),
    page_file!(JAVASCRIPT, "place.js"),
    page_file!(JAVASCRIPT, "render.js"),
    page_file!(CSS, "screens.css"),
    page_file!(JAVASCRIPT, "sidebar.js"),
    page_file!(JAVASCRIPT, "state.js"),
    page_file!(CSS, "style.css"),
    page_file!(JAVASCRIPT, "times.js"),
    page_file!(JAVASCRIPT, "transcript.js"),
    page_file!(JAVASCRIPT, "typed_line.js"),
];

/// Nothing but the page's own files, pictures from this server and its own interface.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'";

pub(super) async fn redirect() -> Redirect {
    Redirect::temporary("/playground/")
}

/// Browsers ask for an icon by themselves. The page has none, which is no fault of anybody's.
pub(super) async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between two marks, each time.
    fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
        let parts = text.split(start).skip(1);
        parts.filter_map(|part| part.split(end).next()).collect()
    }

    #[test]
    fn every_file_that_the_page_names_is_served() {
        let mut named = 0;
        for (file, _, content) in FILES {
            let imported = between(content, "from \"./", "\"");
            let linked = between(content, "rel=\"stylesheet\" href=\"", "\"");
            for name in imported.into_iter().chain(linked) {
                assert!(
                    FILES.iter().any(|(known, ..)| *known == name),
                    "{file} names {name}, which is not served"
                );
                named += 1;
            }
        }
        assert!(named > 10, "{named} names were found");
    }
}
