//! Buttons, found by what they carry and answered from the store: they work after a restart. Who
//! pressed is checked here.

use mirage::atlas::{EntryId, Query};
use mirage::explain::FollowUp;
use mirage::store::{ComparisonId, ExplanationId, PictureId, Search, SearchId, SearchSubject};
use poise::serenity_prelude as serenity;
use serenity::{
    ComponentInteraction, ComponentInteractionDataKind, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, EditInteractionResponse,
};

use super::compare::Viewer;
use super::custom_id::{CustomId, Deed, View};
use super::data::Data;
use super::errors::CommandError;
use super::explain::Asker;
use super::generate::Act;
use super::quiz::Person;
use super::respond::{acknowledge, in_words, with_retries};
use super::{compare, explain, find, generate, my_data, queue, quiz, results};

/// Answers a press. A failure is shown to who pressed; nothing is returned.
pub(crate) async fn dispatch(
    context: &serenity::Context,
    press: &ComponentInteraction,
    data: &Data,
) {
    let _work = data.work.begin().await;
    let data = &data.on_behalf_of(press.user.id, press.guild_id);
    let pressed = Press {
        context,
        press,
        data,
    };
    let Some(id) = CustomId::parse(&press.data.custom_id) else {
        pressed.refuse().await;
        return;
    };
    let id = match id {
        CustomId::Quiz(id) => return quiz::press(context, press, data, id).await,
        CustomId::Picture {
            act: act @ (Act::Edit | Act::Report),
            picture,
        } => return generate::open_form(context, press, data, act, &picture).await,
        other => other,
    };
    // Before anything else: Discord waits for three seconds, and a busy database for longer.
    let place = pressed.place(&id);
    if let Err(error) = pressed.acknowledge(place).await {
        // What isn't acknowledged can't be answered either; Discord tells the person.
        tracing::warn!(
            error = in_words(&error),
            "a press could not be acknowledged"
        );
        return;
    }
    let answered = match id {
        CustomId::Page { search, offset } => pressed.page(&search, offset).await.map(Some),
        CustomId::Like { search, place } => pressed.like(&search, place).await.map(Some),
        CustomId::Source { search, place } => pressed.source(&search, place).await.map(Some),
        CustomId::Explain { search, place } => pressed.explain(&search, place).await.map(Some),
        CustomId::Explained { deed, explanation } => pressed.explained(deed, &explanation).await,
        CustomId::Outline {
            explanation,
            number,
        } => pressed.outline(&explanation, number).await.map(Some),
        CustomId::Part { explanation, part } => pressed.part(&explanation, part).await.map(Some),
        CustomId::Compare {
            comparison, view, ..
        } => pressed.compare(&comparison, view).await.map(Some),
        CustomId::Differs {
            comparison,
            is_swapped,
        } => pressed.differs(&comparison, is_swapped).await.map(Some),
        CustomId::AddToQuiz { comparison, view } => {
            pressed.add_to_quiz(&comparison, view).await.map(Some)
        }
        // What follows is told by who announces.
        CustomId::Draw {
            comparison,
            is_swapped,
        } => {
            let asker = generate::Asker::of_press(press);
            let drawn = generate::draw_sides(data, &asker, &comparison, is_swapped).await;
            drawn.map(|()| None)
        }
        CustomId::Picture { act, picture } => pressed.picture(act, &picture).await,
        // The job's message is edited by who announces.
        CustomId::CancelJob(job) => queue::cancel(press, data, job).await.map(|()| None),
        CustomId::CancelListedJob(job) => queue::cancel_listed(press, data, job).await.map(Some),
        CustomId::DeleteMyData => my_data::delete(data, press.user.id.get()).await.map(Some),
        CustomId::KeepMyData => Ok(Some(my_data::keep())),
        CustomId::Quiz(_) => Ok(None),
    };
    let shown = match answered {
        Ok(Some(edit)) => pressed.edit(edit).await,
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = shown {
        pressed.show_failure(place, &failure).await;
    }
}

/// Where the answer to a press is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the message with the button.
    SameMessage,
    /// In a new message, for who pressed alone.
    Private,
    /// In a new message, for all.
    Public,
    /// In a form that opens.
    Form,
}

/// One press of a button.
struct Press<'a> {
    context: &'a serenity::Context,
    press: &'a ComponentInteraction,
    data: &'a Data,
}

impl Press<'_> {
    /// The person who searched turns the page for all; anybody else gets a page of their own.
    fn place(&self, id: &CustomId) -> Place {
        match id {
            CustomId::Page { .. } | CustomId::Compare { .. }
                if asker(&self.press.message) == Some(self.press.user.id) =>
            {
                Place::SameMessage
            }
            CustomId::Page { .. }
            | CustomId::Compare { .. }
            | CustomId::Differs { .. }
            | CustomId::AddToQuiz { .. }
            | CustomId::Like { .. }
            | CustomId::Source { .. }
            | CustomId::Explain { .. }
            | CustomId::Outline { .. }
            | CustomId::Picture {
                act: Act::Explain | Act::Edit | Act::Report,
                ..
            } => Place::Private,
            CustomId::Draw { .. }
            | CustomId::Picture {
                act: Act::Again | Act::Vary,
                ..
            } => Place::Public,
            CustomId::Explained { deed, .. } => match deed {
                Deed::Ask => Place::Form,
                _ => Place::Private,
            },
            // Its message is private already.
            CustomId::Part { .. }
            | CustomId::CancelJob(_)
            | CustomId::CancelListedJob(_)
            | CustomId::DeleteMyData
            | CustomId::KeepMyData
            | CustomId::Quiz(_) => Place::SameMessage,
        }
    }

    async fn acknowledge(&self, place: Place) -> Result<(), serenity::Error> {
        let response = match place {
            Place::SameMessage => CreateInteractionResponse::Acknowledge,
            Place::Private | Place::Public => {
                let is_private = place == Place::Private;
                let message = CreateInteractionResponseMessage::new().ephemeral(is_private);
                CreateInteractionResponse::Defer(message)
            }
            // The form carries what its button does.
            Place::Form => {
                let form = explain::further_question(&self.press.data.custom_id);
                CreateInteractionResponse::Modal(form)
            }
        };
        let http = &self.context.http;
        acknowledge(|| self.press.create_response(http, response.clone())).await
    }

    async fn page(
        &self,
        id: &SearchId,
        offset: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let search = self.search(id).await?;
        let page = find::page_at(self.data, id, &search, offset).await?;
        Ok(page.into_edit())
    }

    async fn like(
        &self,
        id: &SearchId,
        place: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let search = self.search(id).await?;
        let entry = result_at(&search, place)?.clone();
        let search = Search {
            user: self.press.user.id.get(),
            subject: SearchSubject::Like(entry.clone()),
            results: Vec::new(),
            nothing_close: false,
            ..search
        };
        let page = find::first_page(self.data, search, Query::Like(entry)).await?;
        Ok(page.into_edit())
    }

    async fn source(
        &self,
        id: &SearchId,
        place: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let search = self.search(id).await?;
        let entry = result_at(&search, place)?;
        let entry = self.data.atlas.entry(entry).await?.ok_or_else(gone)?;
        Ok(EditInteractionResponse::new().content(results::provenance(&entry)))
    }

    async fn compare(
        &self,
        id: &ComparisonId,
        view: View,
    ) -> Result<EditInteractionResponse, CommandError> {
        let press = self.press;
        let member = press.member.as_ref();
        let viewer = Viewer::of(self.data, press.user.id, press.guild_id, member).await?;
        let page = compare::page_at(self.data, viewer, id, view).await?;
        Ok(page.into_edit())
    }

    async fn differs(
        &self,
        id: &ComparisonId,
        is_swapped: bool,
    ) -> Result<EditInteractionResponse, CommandError> {
        let told = compare::difference(self.data, id, is_swapped).await?;
        Ok(EditInteractionResponse::new().content(told))
    }

    async fn add_to_quiz(
        &self,
        id: &ComparisonId,
        view: View,
    ) -> Result<EditInteractionResponse, CommandError> {
        let told = compare::add_to_quiz(self.data, &self.person()?, id, view).await?;
        Ok(EditInteractionResponse::new().content(told))
    }

    /// Who pressed, in their server.
    fn person(&self) -> Result<Person, CommandError> {
        let press = self.press;
        Person::of(press.user.id, press.guild_id, press.member.as_ref())
    }

    async fn explain(
        &self,
        id: &SearchId,
        place: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let search = self.search(id).await?;
        let entry = result_at(&search, place)?.clone();
        let page = self.asker().entry(entry).await?;
        Ok(page.into_edit())
    }

    /// Nothing comes back where a form was opened: what is sent with it is another interaction.
    async fn explained(
        &self,
        deed: Deed,
        id: &ExplanationId,
    ) -> Result<Option<EditInteractionResponse>, CommandError> {
        let asker = self.asker();
        let page = match deed {
            Deed::Simpler => asker.follow_up(id, FollowUp::Simpler).await?,
            Deed::Deeper => asker.follow_up(id, FollowUp::Deeper).await?,
            Deed::Again => asker.follow_up(id, FollowUp::Again).await?,
            Deed::Show => asker.show(id).await?,
            Deed::Why => asker.why(id).await?,
            Deed::Zoom => asker.zoom(id, None, &self.press.message).await?,
            Deed::Open => asker.source(id, self.chosen()?).await?,
            Deed::Quiz => {
                let topic = asker.topic(id).await?;
                let asked = quiz::practise_about(self.data, &self.person()?, &topic).await?;
                return Ok(Some(asked));
            }
            Deed::Ask => return Ok(None),
            Deed::Helpful | Deed::Unhelpful => {
                let noted = asker.vote(id, deed == Deed::Helpful).await?;
                return Ok(Some(EditInteractionResponse::new().content(noted)));
            }
        };
        Ok(Some(page.into_edit()))
    }

    async fn outline(
        &self,
        id: &ExplanationId,
        number: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let page = self.asker().outline(id, number).await?;
        Ok(page.into_edit())
    }

    async fn part(
        &self,
        id: &ExplanationId,
        part: usize,
    ) -> Result<EditInteractionResponse, CommandError> {
        let message = &self.press.message;
        let page = self.asker().zoom(id, Some(part), message).await?;
        Ok(page.into_edit())
    }

    /// The number that was chosen in a menu.
    fn chosen(&self) -> Result<usize, CommandError> {
        let number = match &self.press.data.kind {
            ComponentInteractionDataKind::StringSelect { values } => {
                values.first().and_then(|value| value.parse().ok())
            }
            _ => None,
        };
        number.ok_or_else(|| {
            CommandError::Shown("Nothing was chosen. Choose one of the sources.".to_owned())
        })
    }

    fn asker(&self) -> Asker<'_> {
        let press = self.press;
        let place = (press.user.id, press.guild_id, press.channel_id);
        Asker::new(self.data, &self.context.http, &press.token, place)
    }

    /// A button under a synthetic picture. What is made again is told by who announces.
    async fn picture(
        &self,
        act: Act,
        id: &PictureId,
    ) -> Result<Option<EditInteractionResponse>, CommandError> {
        if act == Act::Explain {
            let page = generate::explanation(self.data, self.press.user.id, id).await?;
            return Ok(Some(page.into_edit()));
        }
        let asker = generate::Asker::of_press(self.press);
        generate::make_again(self.data, &asker, id, act).await?;
        Ok(None)
    }

    async fn search(&self, id: &SearchId) -> Result<Search, CommandError> {
        self.data.store.search(id).await?.ok_or_else(gone)
    }

    async fn edit(&self, edit: EditInteractionResponse) -> Result<(), CommandError> {
        let http = &self.context.http;
        with_retries(|| self.press.edit_response(http, edit.clone())).await?;
        Ok(())
    }

    /// Shows a sentence to who pressed, after the press was acknowledged.
    async fn show_failure(&self, place: Place, failure: &CommandError) {
        let http = &self.context.http;
        let sentence = failure.sentence(self.press.id.get(), "a button");
        let shown = match place {
            // An edit fills the new message, however often it is sent.
            Place::Private | Place::Public => {
                let edit = EditInteractionResponse::new().content(sentence);
                with_retries(|| self.press.edit_response(http, edit.clone())).await
            }
            // The message with the button stays as it is.
            Place::SameMessage | Place::Form => {
                let further = CreateInteractionResponseFollowup::new()
                    .content(sentence)
                    .ephemeral(true);
                with_retries(|| self.press.create_followup(http, further.clone())).await
            }
        };
        if let Err(error) = shown {
            tracing::warn!(error = in_words(&error), "a failure could not be shown");
        }
    }

    /// Answers a press of something that Mirage no longer understands.
    async fn refuse(&self) {
        let message = CreateInteractionResponseMessage::new()
            .content("This button belongs to an older version of Mirage. Use /find again.")
            .ephemeral(true);
        let response = CreateInteractionResponse::Message(message);
        let http = &self.context.http;
        let sent = acknowledge(|| self.press.create_response(http, response.clone())).await;
        if let Err(error) = sent {
            tracing::warn!(error = in_words(&error), "a failure could not be shown");
        }
    }
}

/// Who asked for a message, by Discord's own word: the store must not be asked before the press is
/// acknowledged.
fn asker(message: &serenity::Message) -> Option<serenity::UserId> {
    use serenity::MessageInteractionMetadata::{Command, Component, ModalSubmit};
    match message.interaction_metadata.as_deref()? {
        Command(asked) => Some(asked.user.id),
        Component(asked) => Some(asked.user.id),
        ModalSubmit(asked) => Some(asked.user.id),
        _ => None,
    }
}

fn result_at(search: &Search, place: usize) -> Result<&EntryId, CommandError> {
    let result = search.results.get(place);
    result.map(|(entry, _)| entry).ok_or_else(gone)
}

fn gone() -> CommandError {
    CommandError::Shown("This answer is no longer kept. Use /find again.".to_owned())
}
