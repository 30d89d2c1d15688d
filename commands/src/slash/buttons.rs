//! Buttons, found by what they carry and answered from the store: they work after a restart. Who
//! pressed is checked here.

use mirage::store::{Search, SearchId, SearchSubject};
use poise::serenity_prelude as serenity;
use serenity::{
    ComponentInteraction, CreateInteractionResponse, CreateInteractionResponseMessage,
    EditInteractionResponse,
};

use super::custom_id::CustomId;
use super::data::Data;
use super::errors::CommandError;
use super::respond::with_retries;
use super::{find, my_data, results};

/// Answers a press. A failure is shown to who pressed; nothing is returned.
pub(crate) async fn dispatch(
    context: &serenity::Context,
    press: &ComponentInteraction,
    data: &Data,
) {
    let _work = data.work.begin().await;
    let pressed = Press {
        context,
        press,
        data,
    };
    let Some(id) = CustomId::parse(&press.data.custom_id) else {
        let sentence = "This button belongs to an older version of Mirage. Use /find again.";
        pressed
            .show_failure(&CommandError::Shown(sentence.to_owned()))
            .await;
        return;
    };
    let answered = match id {
        CustomId::Page { search, offset } => pressed.page(&search, offset).await,
        CustomId::Like { search, place } => pressed.like(&search, place).await,
        CustomId::Source { search, place } => pressed.source(&search, place).await,
        CustomId::DeleteMyData => my_data::delete(context, press, data).await,
        CustomId::KeepMyData => my_data::keep(context, press).await,
    };
    if let Err(failure) = answered {
        pressed.show_failure(&failure).await;
    }
}

/// One press of a button.
struct Press<'a> {
    context: &'a serenity::Context,
    press: &'a ComponentInteraction,
    data: &'a Data,
}

impl Press<'_> {
    /// The person who searched turns the page for all; anybody else gets a page of their own.
    async fn page(&self, id: &SearchId, offset: usize) -> Result<(), CommandError> {
        let search = self.search(id).await?;
        if self.press.user.id.get() == search.user {
            self.acknowledge(CreateInteractionResponse::Acknowledge)
                .await?;
        } else {
            self.think_in_private().await?;
        }
        let page = find::page_at(self.data, id, &search, offset).await?;
        self.edit(page.into_edit()).await
    }

    async fn like(&self, id: &SearchId, place: usize) -> Result<(), CommandError> {
        let search = self.search(id).await?;
        self.think_in_private().await?;
        let search = Search {
            user: self.press.user.id.get(),
            subject: SearchSubject::Like(result_at(&search, place)?.clone()),
            results: Vec::new(),
            ..search
        };
        let page = find::first_page(self.data, search).await?;
        self.edit(page.into_edit()).await
    }

    async fn source(&self, id: &SearchId, place: usize) -> Result<(), CommandError> {
        let search = self.search(id).await?;
        self.think_in_private().await?;
        let entry = result_at(&search, place)?;
        let entry = self.data.atlas.entry(entry).await?.ok_or_else(gone)?;
        self.edit(EditInteractionResponse::new().content(results::provenance(&entry)))
            .await
    }

    async fn search(&self, id: &SearchId) -> Result<Search, CommandError> {
        self.data.store.search(id).await?.ok_or_else(gone)
    }

    async fn think_in_private(&self) -> Result<(), CommandError> {
        let message = CreateInteractionResponseMessage::new().ephemeral(true);
        self.acknowledge(CreateInteractionResponse::Defer(message))
            .await
    }

    async fn acknowledge(&self, response: CreateInteractionResponse) -> Result<(), CommandError> {
        let http = &self.context.http;
        with_retries(|| self.press.create_response(http, response.clone())).await?;
        Ok(())
    }

    async fn edit(&self, edit: EditInteractionResponse) -> Result<(), CommandError> {
        let http = &self.context.http;
        with_retries(|| self.press.edit_response(http, edit.clone())).await?;
        Ok(())
    }

    /// Shows a sentence to who pressed, whether or not the press was acknowledged before.
    async fn show_failure(&self, failure: &CommandError) {
        let sentence = failure.sentence(self.press.id.get(), "a button");
        let first = CreateInteractionResponseMessage::new()
            .content(&sentence)
            .ephemeral(true);
        let first = CreateInteractionResponse::Message(first);
        if self
            .press
            .create_response(&self.context.http, first)
            .await
            .is_ok()
        {
            return;
        }
        let follow_up = serenity::CreateInteractionResponseFollowup::new()
            .content(sentence)
            .ephemeral(true);
        if let Err(error) = self
            .press
            .create_followup(&self.context.http, follow_up)
            .await
        {
            tracing::warn!(%error, "a failure could not be shown");
        }
    }
}

fn result_at(search: &Search, place: usize) -> Result<&mirage::atlas::EntryId, CommandError> {
    search.results.get(place).ok_or_else(gone)
}

fn gone() -> CommandError {
    CommandError::Shown("This answer is no longer kept. Use /find again.".to_owned())
}
