//! `/quiz`: questions drafted from the atlas and approved by a tutor, sessions in threads, and
//! practice. The store keeps all of it, so that everything goes on after a restart; what a question
//! is and what an answer is worth is the library's concern.

mod answering;
mod asked;
mod bank;
mod board;
mod compared;
mod conduct;
mod custom_id;
mod dispatch;
mod draft;
mod edit;
mod exchange;
mod marking;
mod post;
mod practice;
mod results;
mod reveal;
mod review;
mod roles;
mod settings;
mod shape;
mod stage;
mod start;

use poise::serenity_prelude as serenity;
use serenity::{
    CreateInteractionResponse, CreateInteractionResponseMessage, EditInteractionResponse,
};

use super::Context;
use super::data::Data;
use super::errors::CommandError;
use super::respond::{first_answer, with_retries};
use bank::bank;
use draft::draft;
use practice::{me, practice};
use results::results;
use settings::settings;
use start::start;

pub(super) use compared::draft_compared;
pub(super) use conduct::conduct;
pub(super) use custom_id::QuizId;
pub(super) use dispatch::{press, submit};
pub(super) use practice::about as practise_about;
pub(super) use roles::Person;

/// Quizzes: draft, review, lead a session, practise
#[poise::command(
    slash_command,
    guild_only,
    subcommands("draft", "bank", "start", "practice", "me", "settings", "results"),
    subcommand_required
)]
#[expect(clippy::unused_async, reason = "poise's signature")]
pub(crate) async fn quiz(_context: Context<'_>) -> Result<(), CommandError> {
    Ok(())
}

/// Acknowledges a command, whose answer will be for who gave it alone, and tells who that is.
///
/// # Errors
/// The sentence for somebody who isn't in a server, or what Discord reports.
async fn begin(context: Context<'_>) -> Result<(Data, Person), CommandError> {
    let message = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(message)).await?;
    let interaction = context.interaction;
    let data = context
        .data()
        .on_behalf_of(interaction.user.id, interaction.guild_id);
    Ok((data, Person::of_command(context)?))
}

/// Answers a command that was acknowledged.
async fn finish(context: Context<'_>, edit: EditInteractionResponse) -> Result<(), CommandError> {
    let interaction = context.interaction;
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}
