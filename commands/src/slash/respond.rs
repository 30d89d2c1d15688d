//! Sending answers so that a hiccup of Discord does not lose them. It decides no content.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use poise::serenity_prelude as serenity;

use super::Context;

/// Pauses before the second, third and fourth try.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(1_000),
    Duration::from_millis(2_500),
];
/// Discord's code for a second first answer to an interaction.
const ALREADY_ACKNOWLEDGED: isize = 40_060;

/// Runs a request again when Discord failed (5xx), asked for patience (429) or dropped the
/// connection. What Discord refused for a reason is not tried again.
///
/// # Errors
/// The last try's.
pub(crate) async fn with_retries<T, F: Future<Output = Result<T, serenity::Error>>>(
    mut request: impl FnMut() -> F,
) -> Result<T, serenity::Error> {
    for pause in PAUSES {
        match request().await {
            Err(error) if is_passing(&error) => {
                let error = in_words(&error);
                tracing::warn!(error, "Discord did not take a request; trying again");
                tokio::time::sleep(pause).await;
            }
            other => return other,
        }
    }
    request().await
}

/// The same for the first answer to an interaction. When a later try is told that the interaction
/// was acknowledged already, an earlier one arrived and only its answer was lost.
///
/// # Errors
/// The last try's.
pub(crate) async fn acknowledge<F: Future<Output = Result<(), serenity::Error>>>(
    mut request: impl FnMut() -> F,
) -> Result<(), serenity::Error> {
    let mut tries = 0_u32;
    with_retries(|| {
        tries += 1;
        let is_later = tries > 1;
        let answer = request();
        async move {
            match answer.await {
                Err(error) if is_later && is_already_acknowledged(&error) => Ok(()),
                other => other,
            }
        }
    })
    .await
}

/// Sends the first answer to a command, so that poise makes what is sent later a follow-up.
///
/// # Errors
/// As [`acknowledge`].
pub(crate) async fn first_answer(
    context: Context<'_>,
    answer: serenity::CreateInteractionResponse,
) -> Result<(), serenity::Error> {
    let interaction = context.interaction;
    acknowledge(|| interaction.create_response(context.http(), answer.clone())).await?;
    context
        .has_sent_initial_response
        .store(true, Ordering::SeqCst);
    Ok(())
}

/// An error for the log. The addresses that a failed request names hold tokens.
pub(crate) fn in_words(error: &serenity::Error) -> String {
    use serenity::{Error, HttpError};
    match error {
        Error::Http(HttpError::Request(error)) if error.is_timeout() => {
            "Discord did not answer in time".to_owned()
        }
        Error::Http(HttpError::Request(error)) if error.is_connect() => {
            "Discord can't be reached".to_owned()
        }
        Error::Http(HttpError::Request(_)) => "the connection to Discord broke".to_owned(),
        Error::Http(HttpError::UnsuccessfulRequest(refusal)) => format!(
            "{} ({}, code {})",
            refusal.error.message, refusal.status_code, refusal.error.code
        ),
        other => other.to_string(),
    }
}

fn is_passing(error: &serenity::Error) -> bool {
    use serenity::{Error, HttpError};
    match error {
        Error::Http(HttpError::Request(_)) => true,
        Error::Http(http) => http
            .status_code()
            .is_some_and(|code| code.is_server_error() || code == 429),
        _ => false,
    }
}

fn is_already_acknowledged(error: &serenity::Error) -> bool {
    use serenity::{Error, HttpError};
    matches!(
        error,
        Error::Http(HttpError::UnsuccessfulRequest(refusal))
            if refusal.error.code == ALREADY_ACKNOWLEDGED
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn only_a_passing_failure_is_tried_again() {
        let mut tries = 0;
        let refused: Result<(), _> = with_retries(|| {
            tries += 1;
            async { Err(serenity::Error::Other("refused")) }
        })
        .await;
        assert!(refused.is_err());
        assert_eq!(tries, 1);
    }

    /// What serenity makes of an answer of Discord: its errors can't be built by hand.
    async fn answered(status: &str, code: isize) -> serenity::Error {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let body = format!("{{\"code\":{code},\"message\":\"\"}}");
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4_096];
            assert!(socket.read(&mut request).await.expect("a request") > 0);
            socket.write_all(answer.as_bytes()).await.expect("taken");
        });
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let response = client.get(format!("http://{address}/")).send().await;
        let response = response.expect("an answer");
        server.await.expect("the server ends");
        let refusal = serenity::ErrorResponse::from_response(response, reqwest::Method::POST);
        serenity::Error::Http(refusal.await.into())
    }

    #[tokio::test]
    async fn an_acknowledgement_that_arrived_is_told_from_one_that_is_too_many() {
        let already = || answered("400 Bad Request", ALREADY_ACKNOWLEDGED);
        let mut tries = 0;
        let lost = acknowledge(|| {
            tries += 1;
            let first = tries == 1;
            async move {
                Err(if first {
                    answered("502 Bad Gateway", 0).await
                } else {
                    already().await
                })
            }
        });
        assert!(lost.await.is_ok(), "the first try had arrived");
        assert_eq!(tries, 2);
        let twice = acknowledge(|| async { Err(already().await) }).await;
        assert!(twice.is_err(), "somebody else had answered");
    }
}
