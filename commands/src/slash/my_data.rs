//! `/my-data`: what is stored of a person, and its deletion after a confirmation. Discord's
//! developer policy asks for it.

use poise::serenity_prelude as serenity;
use serenity::{
    ComponentInteraction, CreateActionRow, CreateButton, CreateInteractionResponse,
    CreateInteractionResponseMessage,
};

use super::Context;
use super::custom_id::CustomId;
use super::data::Data;
use super::errors::CommandError;
use super::respond::with_retries;

const WHAT_IS_STORED: &str = "Mirage stores your searches with your Discord id for 30 days, so \
    that the buttons under an answer work. Nothing else is stored of you. Delete your searches \
    now? The buttons under your earlier answers will stop working.";

/// See what Mirage stores of you, and delete it
#[poise::command(slash_command, rename = "my-data")]
pub(crate) async fn my_data(context: Context<'_>) -> Result<(), CommandError> {
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
    with_retries(|| {
        context
            .interaction
            .create_response(context.http(), response.clone())
    })
    .await?;
    Ok(())
}

/// The confirmation. The question was shown to one person alone, who is who pressed.
pub(crate) async fn delete(
    context: &serenity::Context,
    press: &ComponentInteraction,
    data: &Data,
) -> Result<(), CommandError> {
    let deleted = data.store.delete_user(press.user.id.get()).await?;
    let sentence = match deleted {
        0 => "There was nothing stored of you.".to_owned(),
        1 => "Deleted: 1 search.".to_owned(),
        count => format!("Deleted: {count} searches."),
    };
    close(context, press, sentence).await
}

/// The other answer.
pub(crate) async fn keep(
    context: &serenity::Context,
    press: &ComponentInteraction,
) -> Result<(), CommandError> {
    close(context, press, "Nothing was deleted.".to_owned()).await
}

async fn close(
    context: &serenity::Context,
    press: &ComponentInteraction,
    sentence: String,
) -> Result<(), CommandError> {
    // The message holds no picture, so an update may replace it whole.
    let message = CreateInteractionResponseMessage::new()
        .content(sentence)
        .components(Vec::new());
    let response = CreateInteractionResponse::UpdateMessage(message);
    with_retries(|| press.create_response(&context.http, response.clone())).await?;
    Ok(())
}
