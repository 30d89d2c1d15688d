//! "Find similar images" in the menu of a message: the search of `/find image:` with the message's
//! first picture. The answer is for who asked alone, to keep the channel quiet.

use mirage::atlas::Filter;
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments;
use super::errors::CommandError;
use super::find::{Asked, answer};
use super::respond::first_answer;
use super::results::LARGEST_PAGE;

/// Find pictures like the first picture of this message
#[poise::command(context_menu_command = "Find similar images")]
pub(crate) async fn similar(
    context: Context<'_>,
    message: serenity::Message,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let thinking = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let picture = attachments::first_of(&message).ok_or_else(|| {
        let sentence = "This message has no picture. Choose one that has, or attach a picture to \
            /find.";
        CommandError::Shown(sentence.to_owned())
    })?;
    let asked = Asked {
        words: None,
        picture: Some(picture),
        filter: Filter::default(),
        page_size: LARGEST_PAGE,
    };
    answer(context, asked).await
}
