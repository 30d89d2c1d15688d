//! The errors of the server: Discord's own for the bot ([`ApiError`]), a sentence for the person
//! at the page ([`Refusal`]) and [`Error`] for tests and the binary.

use std::net::SocketAddr;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What the test-side interface and start-up can answer instead of a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not a loopback one and nothing allowed that.
    #[error("the playground listens on loopback addresses only, and {0} is none")]
    NotLoopback(SocketAddr),
    /// The port could not be taken.
    #[error("could not listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No such user in the guild.
    #[error("there is no user {0:?} (try student, noor, tutor or admin)")]
    UnknownUser(String),
    /// No such channel or thread.
    #[error("there is no channel {0:?}")]
    UnknownChannel(String),
    /// The bot registered no such command.
    #[error("the bot has registered no command {0:?}")]
    UnknownCommand(String),
    /// The Discord client would not have let this through.
    #[error("{0}")]
    Refused(String),
    /// What was waited for did not happen in time.
    #[error("waited {waited_ms} ms for {waited_for} in vain\n{transcript}")]
    TimedOut {
        /// What should have happened.
        waited_for: String,
        /// How long, in milliseconds.
        waited_ms: u128,
        /// What happened instead.
        transcript: String,
    },
    /// The interaction ended in another way than the one waited for.
    #[error("waited for {waited_for}, but {happened}\n{transcript}")]
    Unexpected {
        /// What should have happened.
        waited_for: String,
        /// What happened instead, in words.
        happened: String,
        /// Everything up to then.
        transcript: String,
    },
    /// Routes were missing or bodies were refused.
    #[error("{0}")]
    NotClean(String),
    /// No attachment at this address, or its signature has expired.
    #[error("no attachment at {0}")]
    NoAttachment(String),
}

/// A request that the person at the page (or a test in their place) may not make.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) sentence: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    pub(crate) fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.sentence)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.sentence }))).into_response()
    }
}

/// An error in Discord's own form: an HTTP status, a JSON code and, for bodies, the nested
/// `errors` object.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: u64,
    pub(crate) message: String,
    pub(crate) errors: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: u64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized")
    }

    pub(crate) fn unknown_channel() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_003, "Unknown Channel")
    }

    pub(crate) fn unknown_guild() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_004, "Unknown Guild")
    }

    pub(crate) fn unknown_member() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_007, "Unknown Member")
    }

    pub(crate) fn unknown_message() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_008, "Unknown Message")
    }

    pub(crate) fn unknown_user() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_013, "Unknown User")
    }

    pub(crate) fn unknown_webhook() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_015, "Unknown Webhook")
    }

    pub(crate) fn unknown_interaction() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_062, "Unknown interaction")
    }

    pub(crate) fn unknown_command() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10_063, "Unknown application command")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            40_005,
            "Request entity too large",
        )
    }

    pub(crate) fn already_acknowledged() -> Self {
        let message = "Interaction has already been acknowledged.";
        Self::new(StatusCode::BAD_REQUEST, 40_060, message)
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(StatusCode::FORBIDDEN, 50_001, "Missing Access")
    }

    pub(crate) fn not_the_author() -> Self {
        let message = "Cannot edit a message authored by another user";
        Self::new(StatusCode::FORBIDDEN, 50_005, message)
    }

    pub(crate) fn empty_message() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            50_006,
            "Cannot send an empty message",
        )
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(StatusCode::FORBIDDEN, 50_013, "Missing Permissions")
    }

    pub(crate) fn invalid_webhook_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 50_027, "Invalid Webhook Token")
    }

    pub(crate) fn invalid_form(errors: Value) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, 50_035, "Invalid Form Body");
        Self {
            errors: Some(errors),
            ..error
        }
    }

    pub(crate) fn invalid_json() -> Self {
        let message = "The request body contains invalid JSON.";
        Self::new(StatusCode::BAD_REQUEST, 50_109, message)
    }

    pub(crate) fn not_implemented(what: &str) -> Self {
        let message = format!("The playground does not implement {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, 0, message)
    }

    /// Whether the body itself was at fault, which a correct bot never lets happen.
    pub(crate) fn is_rejected_body(&self) -> bool {
        matches!(self.code, 40_005 | 50_006 | 50_035 | 50_109)
    }

    /// One line for the transcript.
    pub(crate) fn summary(&self) -> String {
        match &self.errors {
            Some(errors) => format!("{} {} {errors}", self.code, self.message),
            None => format!("{} {}", self.code, self.message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        let mut response = (self.status, Json(body)).into_response();
        // The recorder reads it back from here.
        response.extensions_mut().insert(self);
        response
    }
}
