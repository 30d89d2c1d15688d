//! Writers of several processes at one dataset: Lance lets the first commit and tells the others,
//! who try again after a while.

use std::time::Duration;

use super::error::AtlasError;

/// How often a write is tried again.
const TRIES: u32 = 8;
/// The first pause; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(40);

/// Pauses before the second try and all others, of a random length: two who met must not meet
/// again.
pub(super) fn pauses() -> impl Iterator<Item = Duration> + Send {
    (0..TRIES).map(|number| (FIRST_PAUSE * (1 << number)).mul_f64(rand::random_range(0.5..1.5)))
}

/// Waits for the next try if somebody else's commit was in the way.
///
/// # Errors
/// Any other failure, and a conflict after the last try.
pub(super) async fn wait(
    error: lancedb::Error,
    pauses: &mut (impl Iterator<Item = Duration> + Send),
) -> Result<(), AtlasError> {
    match pauses.next().filter(|_| is_conflict(&error)) {
        Some(pause) => {
            tracing::debug!(%error, "another process wrote to the atlas; trying again");
            tokio::time::sleep(pause).await;
            Ok(())
        }
        None => Err(error.into()),
    }
}

/// Lance's own type is no dependency of ours; its sentences are told through the chain of causes.
pub(super) fn is_conflict(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(current) = cause {
        let sentence = current.to_string().to_lowercase();
        if ["conflict", "contention", "concurrent"]
            .iter()
            .any(|word| sentence.contains(word))
        {
            return true;
        }
        cause = current.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_conflicts_are_waited_for_and_not_for_ever() {
        let error = |message: &str| lancedb::Error::Runtime {
            message: message.to_owned(),
        };
        let mut pauses = [Duration::ZERO, Duration::ZERO].into_iter();
        assert!(
            wait(error("the file is damaged"), &mut pauses)
                .await
                .is_err()
        );
        let mut pauses = [Duration::ZERO].into_iter();
        assert!(
            wait(error("Retryable commit conflict"), &mut pauses)
                .await
                .is_ok()
        );
        assert!(
            wait(error("Retryable commit conflict"), &mut pauses)
                .await
                .is_err()
        );
    }
}
