//! Presses, choices and forms of quizzes: acknowledged first, then answered from the store. Who may
//! do what is checked by what answers.

use std::time::Duration;

use mirage::store::quiz::{ItemId, Session, SessionId};
use poise::serenity_prelude as serenity;
use serenity::{
    Builder as _, ComponentInteraction, ComponentInteractionDataKind, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, EditInteractionResponse,
    Http, MessageFlags, ModalInteraction,
};

use super::answering::{self, Chosen};
use super::custom_id::{Act, QuizId};
use super::edit::Texts;
use super::review::{self, Reviewed};
use super::roles::Person;
use super::{bank, board, edit, marking, post, practice, shape};
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::{acknowledge, in_words, with_retries};

/// How long a form may take to be filled before it opens: Discord waits for three seconds.
const FORM: Duration = Duration::from_millis(2_000);

/// Where an answer is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the message with the button.
    SameMessage,
    /// In a new message, for who pressed alone.
    Private,
    /// In a form.
    Form,
}

/// Something of a quiz that somebody pressed, chose or sent.
struct Interaction<'a> {
    http: &'a Http,
    id: serenity::InteractionId,
    token: &'a str,
    user: serenity::UserId,
    server: Option<serenity::GuildId>,
    member: Option<&'a serenity::Member>,
    /// The message with the button, and whether one person alone sees it.
    message: Option<(u64, bool)>,
    data: &'a Data,
}

/// Answers a press of a button, or a choice in a menu.
pub(in crate::slash) async fn press(
    context: &serenity::Context,
    press: &ComponentInteraction,
    data: &Data,
    id: QuizId,
) {
    let interaction = Interaction {
        http: &context.http,
        id: press.id,
        token: &press.token,
        user: press.user.id,
        server: press.guild_id,
        member: press.member.as_ref(),
        message: Some(message(&press.message)),
        data,
    };
    let chosen = match &press.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => values.clone(),
        _ => Vec::new(),
    };
    interaction.pressed(id, &chosen).await;
}

/// Takes a form.
pub(in crate::slash) async fn submit(
    context: &serenity::Context,
    form: &ModalInteraction,
    data: &Data,
) {
    let _work = data.work.begin().await;
    let data = &data.on_behalf_of(form.user.id, form.guild_id);
    let interaction = Interaction {
        http: &context.http,
        id: form.id,
        token: &form.token,
        user: form.user.id,
        server: form.guild_id,
        member: form.member.as_ref(),
        message: form.message.as_deref().map(message),
        data,
    };
    let Some(CustomId::Quiz(id)) = CustomId::parse(&form.data.custom_id) else {
        return interaction.refuse().await;
    };
    interaction.sent(id, &Texts::of(&form.data)).await;
}

fn message(message: &serenity::Message) -> (u64, bool) {
    let flags = message.flags.unwrap_or_default();
    (message.id.get(), flags.contains(MessageFlags::EPHEMERAL))
}

impl Interaction<'_> {
    async fn pressed(&self, id: QuizId, chosen: &[String]) {
        let place = self.place(&id);
        if place == Place::Form {
            return self.open_form(id).await;
        }
        if !self.acknowledged(place).await {
            return;
        }
        let answered = self.answer(id, chosen).await;
        self.show(place, answered).await;
    }

    async fn sent(&self, id: QuizId, texts: &Texts) {
        let place = match id {
            QuizId::Review(..) => Place::SameMessage,
            _ => Place::Private,
        };
        if !self.acknowledged(place).await {
            return;
        }
        let answered = self.take(id, texts).await;
        self.show(place, answered).await;
    }

    fn person(&self) -> Result<Person, CommandError> {
        Person::of(self.user, self.server, self.member)
    }

    /// What everybody sees is changed by who conducts; who presses gets an answer of their own,
    /// which later presses on it change.
    fn place(&self, id: &QuizId) -> Place {
        let is_private = self.message.is_some_and(|(_, is_private)| is_private);
        match id {
            QuizId::Write(..) | QuizId::Review(_, _, Act::Edit | Act::Reject) => Place::Form,
            QuizId::Step(..) | QuizId::Review(..) => Place::SameMessage,
            QuizId::Open | QuizId::Grid(..) => Place::Private,
            _ if is_private => Place::SameMessage,
            _ => Place::Private,
        }
    }

    /// Before anything else: Discord waits for three seconds, and a busy database for longer.
    async fn acknowledged(&self, place: Place) -> bool {
        let response = match place {
            Place::SameMessage | Place::Form => CreateInteractionResponse::Acknowledge,
            Place::Private => {
                let message = CreateInteractionResponseMessage::new().ephemeral(true);
                CreateInteractionResponse::Defer(message)
            }
        };
        self.respond(response).await
    }

    async fn respond(&self, response: CreateInteractionResponse) -> bool {
        let sent = acknowledge(|| response.clone().execute(self.http, (self.id, self.token))).await;
        if let Err(error) = &sent {
            // What isn't acknowledged can't be answered either; Discord tells the person.
            let error = in_words(error);
            tracing::warn!(error, "a press of a quiz could not be acknowledged");
        }
        sent.is_ok()
    }

    /// What a press leads to; nothing where others show it.
    async fn answer(
        &self,
        id: QuizId,
        chosen: &[String],
    ) -> Result<Option<EditInteractionResponse>, CommandError> {
        let person = &self.person()?;
        let data = self.data;
        let places = || chosen.iter().filter_map(|value| value.parse().ok());
        match id {
            QuizId::Answer(session, place, choice) => {
                let chosen = Chosen::Places(vec![choice]);
                answering::answer(data, person, (session, place), chosen).await
            }
            QuizId::Choose(session, place) => {
                let chosen = Chosen::Places(places().collect());
                answering::answer(data, person, (session, place), chosen).await
            }
            QuizId::Grid(session, place) => answering::grid(data, person, (session, place)).await,
            QuizId::Step(session, revision, step) => {
                answering::step(data, person, (session, revision), step).await?;
                return Ok(None);
            }
            QuizId::Name(session, is_named) => self.name(person, session, is_named).await,
            QuizId::Missed(session, number) => board::missed(data, person, session, number).await,
            QuizId::Again(session) => board::again(data, person, session).await,
            QuizId::Marks(session, place) => marking::next(data, person, (session, place)).await,
            QuizId::Mark(session, place, user, mark) => {
                let named = (session, place, user);
                marking::mark(self.http, data, person, named, mark).await
            }
            QuizId::Review(item, revision, Act::Repost) => {
                let named = (item, revision);
                let reviewed = post::again(self.http, data, person, named).await?;
                return self.reviewed(reviewed).await.map(Some);
            }
            QuizId::Review(item, revision, act) => {
                let named = (item, revision);
                let reviewed = review::decide(data, person, named, (act, "")).await?;
                return self.reviewed(reviewed).await.map(Some);
            }
            QuizId::Bank(view) => bank::page(data, person, view).await,
            QuizId::Open => bank::open(data, person, chosen).await,
            QuizId::Practise(item, seen, choice, topic) => {
                practice::answer(data, person, (item, seen), &[choice], topic).await
            }
            QuizId::PractiseMenu(item, seen, topic) => {
                let places: Vec<usize> = places().collect();
                practice::answer(data, person, (item, seen), &places, topic).await
            }
            QuizId::Easy(item, seen, topic) => {
                practice::easy(data, person, (item, seen), topic).await
            }
            QuizId::Further(topic) => practice::next(data, person, topic).await,
            QuizId::Write(..) => return Ok(None),
        }
        .map(Some)
    }

    async fn name(
        &self,
        person: &Person,
        session: SessionId,
        is_named: bool,
    ) -> Result<EditInteractionResponse, CommandError> {
        let (told, board): (String, Option<Session>) =
            board::name(self.data, person, session, is_named).await?;
        if let Some(board) = board {
            marking::draw_board(self.http, self.data, &board).await;
        }
        Ok(shape::sentence(told))
    }

    /// Shows how a question stands after a press, wherever it is shown.
    async fn reviewed(&self, reviewed: Reviewed) -> Result<EditInteractionResponse, CommandError> {
        let Reviewed { item, remark } = reviewed;
        let atlas = &self.data.atlas;
        let page = match self.message {
            Some((_, true)) => review::opened(atlas, &item).await?,
            _ => review::page(atlas, &item).await?,
        };
        let pressed = self.message.map(|(message, _)| message);
        post::draw_review(self.http, self.data, &item, pressed).await;
        if let Some(remark) = remark {
            self.tell(remark).await;
        }
        Ok(page.into_edit())
    }

    /// What a form leads to.
    async fn take(
        &self,
        id: QuizId,
        texts: &Texts,
    ) -> Result<Option<EditInteractionResponse>, CommandError> {
        let person = self.person()?;
        match id {
            QuizId::Write(session, place) => {
                let text = texts.get(answering::FIELD).to_owned();
                let chosen = Chosen::Text(text);
                let answered = answering::answer(self.data, &person, (session, place), chosen);
                answered.await.map(Some)
            }
            QuizId::Review(item, revision, Act::Edit) => {
                let reviewed = self.edited(&person, (item, revision), texts).await?;
                self.reviewed(reviewed).await.map(Some)
            }
            QuizId::Review(item, revision, Act::Reject) => {
                let (named, why) = ((item, revision), texts.get(review::REASON));
                let decided = review::decide(self.data, &person, named, (Act::Reject, why));
                self.reviewed(decided.await?).await.map(Some)
            }
            _ => Err(CommandError::Shown(OLD.to_owned())),
        }
    }

    async fn edited(
        &self,
        person: &Person,
        (id, revision): (ItemId, i64),
        texts: &Texts,
    ) -> Result<Reviewed, CommandError> {
        let store = &self.data.store;
        person.require_tutor(store).await?;
        let stored = store.quiz_item(person.server, id).await?;
        let stored = stored.ok_or_else(review::unknown)?;
        // Texts for what stood there before need not mean anything for what stands there now.
        if stored.revision != revision {
            return Ok(review::taken(Box::new(stored)));
        }
        let item = texts.applied_to(&stored.item)?;
        let now = std::time::SystemTime::now();
        let named = (person.server, id, revision);
        let edited = store.edit_quiz_item(named, &item, person.user, now).await?;
        review::reviewed(edited)
    }

    /// Opens a form, which must be the first answer.
    async fn open_form(&self, id: QuizId) {
        let form = tokio::time::timeout(FORM, self.form(id)).await;
        let form = form.unwrap_or_else(|_| {
            let sentence = "Mirage is busy. Nothing was changed; try again in a moment.";
            Err(CommandError::Shown(sentence.to_owned()))
        });
        let response = match form {
            Ok(form) => form,
            Err(failure) => {
                let sentence = failure.sentence(self.id.get(), "a form of a quiz");
                private(sentence)
            }
        };
        self.respond(response).await;
    }

    async fn form(&self, id: QuizId) -> Result<CreateInteractionResponse, CommandError> {
        let person = self.person()?;
        match id {
            QuizId::Write(session, place) => Ok(answering::form(session, place)),
            QuizId::Review(item, revision, act) => {
                person.require_tutor(&self.data.store).await?;
                let stored = self.data.store.quiz_item(person.server, item).await?;
                let stored = stored.ok_or_else(review::unknown)?;
                if stored.revision != revision {
                    let sentence = "Somebody else was faster and changed this question. Press a \
                        button of it again to see it as it is now.";
                    return Err(CommandError::Shown(sentence.to_owned()));
                }
                match act {
                    Act::Reject => Ok(review::rejection(&stored)),
                    _ => edit::form(&stored),
                }
            }
            _ => Err(CommandError::Shown(OLD.to_owned())),
        }
    }

    async fn show(
        &self,
        place: Place,
        answered: Result<Option<EditInteractionResponse>, CommandError>,
    ) {
        let failure = match answered {
            Ok(None) => return,
            Ok(Some(edit)) => match self.edit(edit).await {
                Ok(()) => return,
                Err(error) => CommandError::from(error),
            },
            Err(failure) => failure,
        };
        let sentence = failure.sentence(self.id.get(), "a press of a quiz");
        match place {
            // An edit fills the private message, however often it is sent.
            Place::Private => {
                if let Err(error) = self.edit(shape::sentence(sentence)).await {
                    let error = in_words(&error);
                    tracing::warn!(error, "a failure could not be shown");
                }
            }
            // The message with the button stays as it is.
            Place::SameMessage | Place::Form => self.tell(sentence).await,
        }
    }

    async fn edit(&self, edit: EditInteractionResponse) -> Result<(), serenity::Error> {
        with_retries(|| edit.clone().execute(self.http, self.token)).await?;
        Ok(())
    }

    /// A sentence for who pressed alone, beside what was shown.
    async fn tell(&self, sentence: String) {
        let further = CreateInteractionResponseFollowup::new()
            .content(sentence)
            .ephemeral(true);
        let told = with_retries(|| further.clone().execute(self.http, (None, self.token))).await;
        if let Err(error) = told {
            let error = in_words(&error);
            tracing::warn!(error, "a sentence could not be shown");
        }
    }

    /// Answers a form that Mirage no longer understands.
    async fn refuse(&self) {
        self.respond(private(OLD.to_owned())).await;
    }
}

const OLD: &str = "This belongs to an older version of Mirage. Begin again.";

fn private(sentence: String) -> CreateInteractionResponse {
    let message = CreateInteractionResponseMessage::new()
        .content(sentence)
        .ephemeral(true);
    CreateInteractionResponse::Message(message)
}
