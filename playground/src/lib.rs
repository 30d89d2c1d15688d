//! A local Discord-compatible server and its page, for tests and for trying a bot without
//! Discord. It is not Discord and talks to nobody but this computer. It knows nothing of Mirage:
//! any bot that takes a base URL can use it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use mirage_playground::{Options, Server};
//!
//! let server = Server::start(Options::default()).await?;
//! // Start a bot with server.base_url() and server.bot_token(), then:
//! let soon = Duration::from_secs(10);
//! server.wait_for_bot(soon).await?;
//! server.wait_for_commands(soon).await?;
//! let handle = server.actor("student").command("find").option("query", "brain").send().await?;
//! let message = handle.reply(soon).await?;
//! assert!(!message.embeds().is_empty());
//! server.assert_clean()?;
//! # Ok(()) }
//! ```

mod actor;
mod attachments;
mod clock;
mod errors;
mod faults;
mod gateway;
mod handle;
mod listener;
mod options;
mod page;
mod rest;
mod server;
mod snowflake;
mod transcript;
mod validate;
mod views;
mod world;

pub use actor::{Actor, CommandCall};
pub use clock::{Clock, ManualClock};
pub use errors::Error;
pub use faults::{Fault, Faults};
pub use handle::{InteractionHandle, ResponseState};
pub use options::Options;
pub use server::Server;
pub use snowflake::Snowflake;
pub use transcript::{Direction, Entry, RecordedBody};
pub use views::{AttachmentView, ButtonView, Choice, MessageView, ModalView, SelectView};

/// What the page and the binary say about themselves.
pub const NOTICE: &str = page::NOTICE;
