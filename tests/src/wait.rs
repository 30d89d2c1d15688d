//! Waiting for what the local server has no waiting method for: for the thing itself, with a limit.

use std::time::Duration;

use anyhow::{Context, Result};

/// How long a test waits for anything.
pub const SOON: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOKS: Duration = Duration::from_millis(20);

/// Waits until something is so.
///
/// # Errors
/// It is not so in time; the message says what was waited for.
pub async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(LOOKS).await;
        }
    };
    tokio::time::timeout(SOON, looking)
        .await
        .with_context(|| format!("waited in vain for {what}"))
}
