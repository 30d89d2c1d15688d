//! Sending answers so that a hiccup of Discord does not lose them. It decides no content.

use std::future::Future;
use std::time::Duration;

use poise::serenity_prelude as serenity;

/// Pauses before the second, third and fourth try.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(1_000),
    Duration::from_millis(2_500),
];

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
                tracing::warn!(%error, "Discord did not take a request; trying again");
                tokio::time::sleep(pause).await;
            }
            other => return other,
        }
    }
    request().await
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
