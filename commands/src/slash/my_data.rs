//! `/my-data`: what is stored of a person, and its deletion after a confirmation. Discord's
//! developer policy asks for it.

use poise::serenity_prelude as serenity;
use serenity::{
    CreateActionRow, CreateButton, CreateInteractionResponse, CreateInteractionResponseMessage,
    EditInteractionResponse,
};

use super::Context;
use super::custom_id::CustomId;
use super::data::Data;
use super::errors::CommandError;
use super::respond::first_answer;

const WHAT_IS_STORED: &str = "Mirage stores your searches, your comparisons, your explanations, what \
    you thought of explanations, the words and settings of your synthetic pictures, what you reported of \
    such pictures, and your long jobs with your Discord id for 30 days, so that the buttons under an \
    answer work and /queue can show them; a picture that you gave for a synthetic one until that is made; \
    and your first choice of “Compare with…” for 15 minutes. Tutors see explanations that somebody found \
    helpful or not. Of quizzes it stores your answers, what you practise, and what you made and decided \
    as a tutor. Nothing else is stored of you. Delete all of it now? The buttons under your earlier \
    answers will stop working, your open jobs are cancelled, and your answers leave all quizzes. \
    Questions that you made stay, without your name.";

/// See what Mirage stores of you, and delete it
#[poise::command(slash_command, rename = "my-data")]
pub(crate) async fn my_data(context: Context<'_>) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let message = CreateInteractionResponseMessage::new()
        .content(WHAT_IS_STORED)
        .components(vec![CreateActionRow::Buttons(vec![
            CreateButton::new(CustomId::DeleteMyData.to_string())
                .label("Delete my data")
                .style(serenity::ButtonStyle::Danger),
            CreateButton::new(CustomId::KeepMyData.to_string())
                .label("Keep it")
                .style(serenity::ButtonStyle::Secondary),
        ])])
        .ephemeral(true);
    let response = CreateInteractionResponse::Message(message);
    first_answer(context, response).await?;
    Ok(())
}

/// The confirmation, in place of the question. That was shown to one person alone, who is who
/// pressed.
pub(crate) async fn delete(
    data: &Data,
    user: u64,
) -> Result<EditInteractionResponse, CommandError> {
    Ok(closed(match data.store.delete_user(user).await? {
        0 => "There was nothing stored of you.".to_owned(),
        1 => "Deleted: 1 record.".to_owned(),
        count => format!("Deleted: {count} records."),
    }))
}

/// The other answer.
pub(crate) fn keep() -> EditInteractionResponse {
    closed("Nothing was deleted.".to_owned())
}

fn closed(sentence: String) -> EditInteractionResponse {
    EditInteractionResponse::new()
        .content(sentence)
        .components(Vec::new())
}
