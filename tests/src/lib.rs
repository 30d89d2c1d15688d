//! What the end-to-end tests share: the real weights, the real starter atlas, a bot that runs in
//! the test's process, and a browser. It holds no test.

mod bot;
mod browser;
mod material;

pub use bot::{Bot, SOON};
pub use browser::{Browser, artifacts};
pub use material::{encoder, starter_atlas, weights};
