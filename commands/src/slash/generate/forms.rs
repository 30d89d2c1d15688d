//! The forms that buttons under a synthetic picture open, and what is sent with them. A form carries
//! what its button does.

use std::time::Duration;

use mirage::generate::LONGEST_PROMPT;
use mirage::store::PictureId;
use poise::serenity_prelude as serenity;
use serenity::{
    ActionRowComponent, ComponentInteraction, CreateActionRow, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseMessage, CreateModal,
    EditInteractionResponse, InputTextStyle, ModalInteraction,
};

use super::Asker;
use super::acts::{self, Act, Edited};
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::{acknowledge, in_words, with_retries};
use crate::slash::results::truncate;

/// Fields of the forms.
const PROMPT: &str = "prompt";
const NEGATIVE: &str = "negative";
const SEED: &str = "seed";
const REASON: &str = "reason";

/// How long the store may take before a form opens: Discord waits for three seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Longest reason of a report, in characters.
const LONGEST_REASON: u16 = 1_000;

/// Opens the form of a button, which can only be the first answer to a press.
pub(in crate::slash) async fn open_form(
    context: &serenity::Context,
    press: &ComponentInteraction,
    data: &Data,
    act: Act,
    id: &PictureId,
) {
    let response = match form(data, act, id).await {
        Ok(form) => CreateInteractionResponse::Modal(form),
        Err(failure) => {
            let sentence = failure.sentence(press.id.get(), "a button");
            let message = CreateInteractionResponseMessage::new()
                .content(sentence)
                .ephemeral(true);
            CreateInteractionResponse::Message(message)
        }
    };
    let http = &context.http;
    let opened = acknowledge(|| press.create_response(http, response.clone())).await;
    if let Err(error) = opened {
        tracing::warn!(error = in_words(&error), "a form could not be opened");
    }
}

/// The form of a button that opens one.
async fn form(data: &Data, act: Act, id: &PictureId) -> Result<CreateModal, CommandError> {
    let carried = CustomId::Picture {
        act,
        picture: id.clone(),
    }
    .to_string();
    if act == Act::Report {
        let reason =
            CreateInputText::new(InputTextStyle::Paragraph, "What is wrong with it?", REASON)
                .max_length(LONGEST_REASON)
                .required(false);
        let form = CreateModal::new(carried, "Report this picture");
        return Ok(form.components(rows(vec![reason])));
    }
    let stored = tokio::time::timeout(PATIENCE, acts::repeatable(data, id)).await;
    let recipe = stored.map_err(|_| {
        let sentence = "The database is busy. Try again in a moment.";
        CommandError::Shown(sentence.to_owned())
    })??;
    let longest = u16::try_from(LONGEST_PROMPT).unwrap_or(u16::MAX);
    let words = |label: &str, name: &str, value: &str| {
        let field = CreateInputText::new(InputTextStyle::Paragraph, label, name);
        let field = field.max_length(longest);
        // Discord refuses a value that is longer than the field may be.
        match value {
            "" => field,
            value => field.value(truncate(value, LONGEST_PROMPT)),
        }
    };
    let seed = CreateInputText::new(InputTextStyle::Short, "Seed (empty: another one)", SEED)
        .max_length(20)
        .value(recipe.seed.to_string());
    let form = CreateModal::new(carried, "Edit the prompt");
    Ok(form.components(rows(vec![
        words("What to draw", PROMPT, &recipe.prompt),
        words("What to leave out", NEGATIVE, &recipe.negative).required(false),
        seed.required(false),
    ])))
}

fn rows(fields: Vec<CreateInputText>) -> Vec<CreateActionRow> {
    fields.into_iter().map(CreateActionRow::InputText).collect()
}

/// Answers a form that was sent. A failure is shown to who sent it; nothing is returned.
pub(in crate::slash) async fn submit(
    context: &serenity::Context,
    form: &ModalInteraction,
    data: &Data,
) {
    let _work = data.work.begin().await;
    let sent = Sent {
        context,
        form,
        data: &data.on_behalf_of(form.user.id, form.guild_id),
    };
    if let Err(error) = sent.answer().await {
        // What isn't acknowledged can't be answered either; Discord tells the person.
        let error = in_words(&error);
        tracing::warn!(error, "a form could not be answered");
    }
}

/// One form that was sent.
struct Sent<'a> {
    context: &'a serenity::Context,
    form: &'a ModalInteraction,
    data: &'a Data,
}

impl Sent<'_> {
    async fn answer(&self) -> Result<(), serenity::Error> {
        match CustomId::parse(&self.form.data.custom_id) {
            Some(CustomId::Picture {
                act: Act::Edit,
                picture,
            }) => self.edit(&picture).await,
            Some(CustomId::Picture {
                act: Act::Report,
                picture,
            }) => self.report(&picture).await,
            _ => {
                let sentence = "This form belongs to an older version of Mirage.";
                self.say(sentence.to_owned()).await
            }
        }
    }

    /// The words are looked at before the form is acknowledged: a refusal is for who typed them
    /// alone, the picture for all.
    async fn edit(&self, id: &PictureId) -> Result<(), serenity::Error> {
        let words = Edited::of(
            &self.field(PROMPT),
            &self.field(NEGATIVE),
            &self.field(SEED),
        );
        let words = match words {
            Ok(words) => words,
            Err(failure) => return self.say(self.sentence(&failure)).await,
        };
        self.defer(false).await?;
        let form = self.form;
        let asker = Asker {
            user: form.user.id,
            server: form.guild_id,
            token: &form.token,
            channel: form.channel_id,
        };
        // The message is edited by who announces.
        match acts::make_edited(self.data, &asker, id, words).await {
            Ok(()) => Ok(()),
            Err(failure) => self.fill(self.sentence(&failure)).await,
        }
    }

    async fn report(&self, id: &PictureId) -> Result<(), serenity::Error> {
        self.defer(true).await?;
        let reason = self.field(REASON);
        let told = acts::report(self.data, self.form.user.id, id, &reason).await;
        let told = told.unwrap_or_else(|failure| self.sentence(&failure));
        self.fill(told).await
    }

    fn sentence(&self, failure: &CommandError) -> String {
        failure.sentence(self.form.id.get(), "a form")
    }

    /// What was typed in a field; nothing where the form has none of that name.
    fn field(&self, name: &str) -> String {
        let rows = self.form.data.components.iter();
        let mut fields = rows.flat_map(|row| &row.components);
        let typed = fields.find_map(|component| match component {
            ActionRowComponent::InputText(text) if text.custom_id == name => text.value.clone(),
            _ => None,
        });
        typed.unwrap_or_default()
    }

    async fn defer(&self, is_private: bool) -> Result<(), serenity::Error> {
        let message = CreateInteractionResponseMessage::new().ephemeral(is_private);
        self.respond(CreateInteractionResponse::Defer(message))
            .await
    }

    /// Answers with a sentence for who sent it alone.
    async fn say(&self, sentence: String) -> Result<(), serenity::Error> {
        let message = CreateInteractionResponseMessage::new()
            .content(sentence)
            .ephemeral(true);
        self.respond(CreateInteractionResponse::Message(message))
            .await
    }

    async fn respond(&self, response: CreateInteractionResponse) -> Result<(), serenity::Error> {
        let http = &self.context.http;
        acknowledge(|| self.form.create_response(http, response.clone())).await
    }

    /// Fills the message that was announced.
    async fn fill(&self, sentence: String) -> Result<(), serenity::Error> {
        let http = &self.context.http;
        let edit = EditInteractionResponse::new().content(sentence);
        with_retries(|| self.form.edit_response(http, edit.clone())).await?;
        Ok(())
    }
}
