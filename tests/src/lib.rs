//! What the end-to-end tests share: the real weights, the real starter atlas, and a bot that runs
//! in the test's process. It holds no test.

mod bot;
mod material;

pub use bot::{Bot, SOON};
pub use material::{encoder, starter_atlas, weights};
