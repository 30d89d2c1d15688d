//! `mirage bench`: measurements that are printed with their terms, so that they can be repeated.

mod chat;
mod compare;
mod encode;
mod engine;
mod find;
mod generate;
mod page;
mod peer;
mod playground;
mod queries;
mod quiz;
mod search;
mod statistics;

use clap::{Args, Subcommand};
use mirage::config::Config;

use super::Exit;
use super::failure::Failure;

/// Measure how fast Mirage answers
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Find(find::Arguments),
    Compare(compare::Arguments),
    Engine(engine::Arguments),
    Search(search::Arguments),
    Encode(encode::Arguments),
    Chat(chat::Arguments),
    Quiz(quiz::Arguments),
    Generate(generate::Arguments),
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Find(arguments) => find::run(arguments, config).await,
        What::Compare(arguments) => compare::run(arguments, config).await,
        What::Engine(arguments) => engine::run(arguments, config).await,
        What::Search(arguments) => search::run(arguments, config).await,
        What::Encode(arguments) => encode::run(arguments, config).await,
        What::Chat(arguments) => chat::run(arguments, config).await,
        What::Quiz(arguments) => quiz::run(arguments, config).await,
        What::Generate(arguments) => generate::run(arguments, config).await,
    }
}
