//! "Explain this image" in the menu of a message: `/explain image:` with the message's first picture.
//! The answer is for who asked alone, to keep the channel quiet.

use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments;
use super::errors::CommandError;
use super::explain::{How, Wanted, answer_command};
use super::respond::first_answer;

/// Explain the first picture of this message by those of the atlas
#[poise::command(context_menu_command = "Explain this image")]
pub(crate) async fn explain_image(
    context: Context<'_>,
    message: serenity::Message,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let thinking = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let picture = attachments::first_of(&message).ok_or_else(|| {
        let sentence = "This message has no picture. Choose one that has, or attach a picture to \
            /explain.";
        CommandError::Shown(sentence.to_owned())
    })?;
    let how = How {
        is_private: true,
        ..How::default()
    };
    answer_command(context, Wanted::Picture(picture), how).await
}
