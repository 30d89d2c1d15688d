//! The server over real sockets: an unmodified serenity client as the bot, plain HTTP for the
//! rules of the interface and for the page.

mod bot;
mod faults;
mod gateway;
mod interactions;
mod members;
mod page;
mod rest;

use std::time::Duration;

/// How long a test waits for anything.
const SOON: Duration = Duration::from_secs(20);

/// What a test answers with when something fails.
type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;
