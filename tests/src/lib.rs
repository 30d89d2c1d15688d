//! What the end-to-end tests share: the real weights, the real starter atlas, a bot that runs in
//! the test's process, and a browser. It holds no test.

mod bot;
mod browser;
mod drawing;
mod material;
mod postgres;
mod process;
mod wait;

pub use bot::Bot;
pub use browser::{Browser, artifacts};
pub use drawing::{Crowd, MODEL, SIDE, checks, drawing_engine};
pub use material::{encoder, engine, picture_encoder, starter_atlas, starter_atlas_uri, weights};
pub use postgres::Postgres;
pub use process::Process;
pub use wait::{SOON, until};
