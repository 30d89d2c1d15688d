//! "Compare with…" in the menu of a message: chosen once, the message's first picture waits for a
//! second one for some minutes; chosen again, both are compared. What waits are the entries that
//! the picture led to, never the picture. The answers are for who asked alone.

use std::time::SystemTime;

use mirage::compare::{self, Idea, Picture};
use mirage::store::{CHOICE_KEPT, Choice};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateInteractionResponse, CreateInteractionResponseMessage, EditInteractionResponse,
};

use super::Context;
use super::compare::{Viewer, first_page, picture};
use super::data::Data;
use super::errors::CommandError;
use super::find::check_filled;
use super::respond::{first_answer, with_retries};
use super::{attachments, results};
use crate::comparing;

/// Compare the first picture of this message with that of another
#[poise::command(context_menu_command = "Compare with…")]
pub(crate) async fn compare_with(
    context: Context<'_>,
    message: serenity::Message,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let thinking = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let interaction = context.interaction;
    let data = context
        .data()
        .on_behalf_of(interaction.user.id, interaction.guild_id);
    check_filled(&data.atlas).await?;
    let member = interaction.member.as_deref();
    let viewer = Viewer::of(&data, interaction.user.id, interaction.guild_id, member).await?;
    let edit = answer(&data, viewer, &message).await?;
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

async fn answer(
    data: &Data,
    viewer: Viewer,
    message: &serenity::Message,
) -> Result<EditInteractionResponse, CommandError> {
    let user = viewer.user();
    let earlier = data.store.choice(user, SystemTime::now()).await?;
    let is_same = |choice: &Choice| choice.message == message.id.get();
    if earlier.as_ref().is_some_and(is_same) {
        let sentence = "This is the message that you chose first. Open the menu of another one.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let attached = attachments::first_of(message).ok_or_else(|| {
        let sentence = "This message has no picture. Choose one that has, or use /compare.";
        CommandError::Shown(sentence.to_owned())
    })?;
    let picture = picture(data, &attached).await?;
    match earlier {
        None => {
            let told = first_choice(data, user, message.id.get(), picture).await?;
            Ok(EditInteractionResponse::new().content(told))
        }
        Some(first) => {
            let page = second_choice(data, viewer, first, picture).await?;
            Ok(page.into_edit())
        }
    }
}

/// Keeps the first choice and says what to do next.
async fn first_choice(
    data: &Data,
    user: u64,
    message: u64,
    picture: Picture,
) -> Result<String, CommandError> {
    let mut told = vec![format!(
        "The picture of this message will be A. Open the menu of the message with the other one \
         and choose “Compare with…” again, within {} minutes.",
        CHOICE_KEPT.as_secs() / 60
    )];
    if picture.is_first_of_many {
        told.push(comparing::first_frame("A"));
    }
    told.push(comparing::NOTICE.to_owned());
    let side = compare::side(&data.atlas, Idea::Picture(picture.pixels)).await?;
    data.store
        .keep_choice(user, &Choice { message, side })
        .await?;
    Ok(told.join("\n"))
}

/// Compares the second choice with the first, which is forgotten.
async fn second_choice(
    data: &Data,
    viewer: Viewer,
    first: Choice,
    picture: Picture,
) -> Result<results::Page, CommandError> {
    let mut told = Vec::new();
    if picture.is_first_of_many {
        told.push(comparing::first_frame("B"));
    }
    told.push(comparing::NOTICE.to_owned());
    let idea = Idea::Picture(picture.pixels);
    let comparison = compare::with_earlier(&data.atlas, first.side, idea).await?;
    let page = first_page(data, viewer, comparison, told).await?;
    data.store.forget_choice(viewer.user()).await?;
    Ok(page)
}
