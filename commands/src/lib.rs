//! Everything that a person can ask of Mirage: slash commands and the shell, side by side on the
//! same library. Nothing is searched, stored or computed here.

pub mod cli;
mod comparing;
mod describe;
mod explaining;
mod generating;
mod metrics;
mod runtime;
pub mod slash;
mod workers;
