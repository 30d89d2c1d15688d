//! Forms that were sent, found by what they carry and answered from the store, as buttons are.

use mirage::explain::FollowUp;
use poise::serenity_prelude as serenity;
use serenity::{
    CreateInteractionResponse, CreateInteractionResponseMessage, EditInteractionResponse,
    ModalInteraction,
};

use super::custom_id::{CustomId, Deed};
use super::data::Data;
use super::errors::CommandError;
use super::explain::{Asker, question_of};
use super::respond::{acknowledge, in_words, with_retries};
use super::{generate, quiz};

/// Answers a form, for who sent it alone. A failure is shown to them; nothing is returned.
pub(crate) async fn dispatch(context: &serenity::Context, sent: &ModalInteraction, data: &Data) {
    match CustomId::parse(&sent.data.custom_id) {
        Some(CustomId::Quiz(_)) => return quiz::submit(context, sent, data).await,
        Some(CustomId::Picture { .. }) => return generate::submit(context, sent, data).await,
        _ => {}
    }
    let _work = data.work.begin().await;
    let data = &data.on_behalf_of(sent.user.id, sent.guild_id);
    let http = &context.http;
    let thinking = CreateInteractionResponseMessage::new().ephemeral(true);
    let response = CreateInteractionResponse::Defer(thinking);
    let acknowledged = acknowledge(|| sent.create_response(http, response.clone())).await;
    if let Err(error) = acknowledged {
        // What isn't acknowledged can't be answered either; Discord tells the person.
        tracing::warn!(error = in_words(&error), "a form could not be acknowledged");
        return;
    }
    let edit = match answer(context, sent, data).await {
        Ok(edit) => edit,
        Err(failure) => {
            let sentence = failure.sentence(sent.id.get(), "a form");
            EditInteractionResponse::new().content(sentence)
        }
    };
    let shown = with_retries(|| sent.edit_response(http, edit.clone())).await;
    if let Err(error) = shown {
        tracing::warn!(error = in_words(&error), "an answer could not be shown");
    }
}

async fn answer(
    context: &serenity::Context,
    sent: &ModalInteraction,
    data: &Data,
) -> Result<EditInteractionResponse, CommandError> {
    let Some(CustomId::Explained {
        deed: Deed::Ask,
        explanation,
    }) = CustomId::parse(&sent.data.custom_id)
    else {
        let sentence = "This form belongs to an older version of Mirage. Use /explain again.";
        return Err(CommandError::Shown(sentence.to_owned()));
    };
    let question = question_of(&sent.data).ok_or_else(|| {
        CommandError::Shown("The question is empty. Write what you want to know.".to_owned())
    })?;
    let place = (sent.user.id, sent.guild_id, sent.channel_id);
    let asker = Asker::new(data, &context.http, &sent.token, place);
    let follow_up = FollowUp::Question(question.trim().to_owned());
    let page = asker.follow_up(&explanation, follow_up).await?;
    Ok(page.into_edit())
}
