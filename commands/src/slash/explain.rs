//! `/explain`: what the atlas says on a topic or on pictures like one, each sentence with its sources.
//! The library explains and withholds; how a message looks is decided in [`page`]. What the buttons
//! under it do is in [`pressed`].

mod closer;
mod page;
mod pressed;
mod sources;
mod stream;

use mirage::atlas::EntryId;
use mirage::explain::{
    self, About, Answer, Asked, Concept, Conversation, Kind, Level, Style, Subject, Turn,
};
use mirage::media::{self, Given};
use mirage::store::StoredExplanation;
use mirage_models::image_encoder::Rgb;
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments::Attached;
use super::data::Data;
use super::errors::CommandError;
use super::find::check_filled;
use super::respond::{first_answer, with_retries};
use super::results::Page;
use super::suggest::suggest_query;
use crate::{describe, explaining, generating};
use page::Pictures;
use stream::Canvas;

pub(crate) use page::{further_question, head, question_of};
pub(crate) use pressed::Asker;

/// Below an answer to a picture.
const NOTICE: &str = "The picture that was given is not kept. Don't upload pictures of patients.";
/// Below an answer to a picture that everybody sees.
const PRIVATE_ONLY: &str = "Mirage shows it to nobody, so there is no “Zoom” here; `private: True` \
    offers it.";

/// Who the answer is for.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Reader {
    #[name = "lay: for everybody"]
    Lay,
    #[name = "student"]
    Student,
    #[name = "resident: with details"]
    Resident,
}

impl From<Reader> for Level {
    fn from(reader: Reader) -> Self {
        match reader {
            Reader::Lay => Self::Lay,
            Reader::Student => Self::Student,
            Reader::Resident => Self::Resident,
        }
    }
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Form {
    #[name = "summary"]
    Summary,
    #[name = "report: technique, findings, structures"]
    Report,
    #[name = "differential: what similar pictures are documented as"]
    Differential,
    #[name = "mnemonic: first letters to remember"]
    Mnemonic,
}

impl From<Form> for Style {
    fn from(form: Form) -> Self {
        match form {
            Form::Summary => Self::Summary,
            Form::Report => Self::Report,
            Form::Differential => Self::Differential,
            Form::Mnemonic => Self::Mnemonic,
        }
    }
}

/// Explain a topic or a picture, each sentence with its source
#[poise::command(slash_command)]
pub(crate) async fn explain(
    context: Context<'_>,
    #[description = "What to explain, for instance: fourth ventricle"]
    #[autocomplete = "suggest_query"]
    #[max_length = 500]
    topic: Option<String>,
    #[description = "A picture to explain, at most 10 MiB; none of a patient"] image: Option<
        serenity::Attachment,
    >,
    #[description = "What to answer of it: open, yes or no, or a choice of two"]
    #[max_length = 500]
    question: Option<String>,
    #[description = "For whom (default: student)"] level: Option<Reader>,
    #[description = "In which form (default: summary)"] style: Option<Form>,
    #[description = "Show the answer to you alone"] private: Option<bool>,
) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    // Discord waits three seconds for a sign; a language model takes longer.
    let is_private = private.unwrap_or(false);
    let thinking = CreateInteractionResponseMessage::new().ephemeral(is_private);
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let topic = topic.filter(|topic| !topic.trim().is_empty());
    let given = match (topic, image) {
        (Some(topic), None) => Wanted::Topic(topic),
        (None, Some(image)) => Wanted::Picture(Attached::from(&image)),
        (Some(_), Some(_)) => {
            let sentence = "Give a topic or a picture. What you want to know of a picture goes \
                into `question`.";
            return Err(CommandError::Shown(sentence.to_owned()));
        }
        (None, None) => {
            let sentence = "Say what to explain in `topic`, or attach a picture in `image`.";
            return Err(CommandError::Shown(sentence.to_owned()));
        }
    };
    let how = How {
        question,
        level: level.map_or_else(Level::default, Level::from),
        style: style.map_or_else(Style::default, Style::from),
        is_private,
    };
    answer_command(context, given, how).await
}

/// What a command was given to explain.
pub(crate) enum Wanted {
    Topic(String),
    Picture(Attached),
}

/// How it is to be explained.
#[derive(Default)]
pub(crate) struct How {
    pub(crate) question: Option<String>,
    pub(crate) level: Level,
    pub(crate) style: Style,
    /// Whether the answer is for who asked alone.
    pub(crate) is_private: bool,
}

/// Answers a command that was acknowledged.
///
/// # Errors
/// [`CommandError`]; a picture that can't be used is told in one sentence.
pub(crate) async fn answer_command(
    context: Context<'_>,
    wanted: Wanted,
    how: How,
) -> Result<(), CommandError> {
    let interaction = context.interaction;
    let data = context
        .data()
        .on_behalf_of(interaction.user.id, interaction.guild_id);
    let mut remarks = Vec::new();
    let subject = match wanted {
        Wanted::Topic(topic) => Subject::Topic(topic),
        Wanted::Picture(attached) => {
            let (given, is_synthetic) = data.attachments.picture_and_kind(&attached).await?;
            let Given {
                pixels,
                is_first_of_many,
            } = given;
            if is_synthetic {
                remarks.push(generating::GIVEN_IS_SYNTHETIC.to_owned());
            }
            if is_first_of_many {
                remarks.push(describe::FIRST_FRAME.to_owned());
            }
            remarks.push(NOTICE.to_owned());
            Subject::Picture(pixels)
        }
    };
    let request = Request {
        asked: Asked {
            subject,
            question: how.question,
            level: how.level,
            style: how.style,
            worded_anew: false,
        },
        place: Place {
            user: interaction.user.id.get(),
            server: interaction.guild_id.map_or(0, serenity::GuildId::get),
            channel: interaction.channel_id.get(),
        },
        earlier: Conversation::default(),
        remarks,
        is_private: how.is_private,
    };
    let canvas = Canvas::new(context.http(), &interaction.token);
    let page = answer(&data, canvas, request).await?;
    let edit = page.into_edit();
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

/// Who asks, and where.
#[derive(Debug, Clone, Copy)]
struct Place {
    user: u64,
    /// 0 in a direct message.
    server: u64,
    channel: u64,
}

/// An explanation that is asked for.
struct Request {
    asked: Asked,
    place: Place,
    /// What was explained before in this conversation.
    earlier: Conversation,
    /// What is said with the answer once.
    remarks: Vec<String>,
    /// Whether who asks alone sees the answer: then a picture that was given may stand in it.
    is_private: bool,
}

/// Explains while it shows how far it is, remembers the explanation for its buttons, and makes its
/// message.
async fn answer(
    data: &Data,
    mut canvas: Canvas<'_>,
    request: Request,
) -> Result<Page, CommandError> {
    let Request {
        asked,
        place,
        earlier: mut conversation,
        mut remarks,
        is_private,
    } = request;
    asked.check()?;
    check_filled(&data.atlas).await?;
    let head = page::head(&turn(&asked));
    let answer = stream::explained(data, &asked, &mut canvas, &head).await?;
    let concepts = concepts(data, &asked, &answer).await?;
    let pictures = pictures(data, &asked, &answer, is_private).await?;
    let is_picture = matches!(asked.subject, Subject::Picture(_));
    if is_picture && answer.kind == Kind::Answered {
        remarks.push(explaining::ABOUT_NEAREST.to_owned());
        if !is_private {
            remarks.push(PRIVATE_ONLY.to_owned());
        }
    }
    conversation.remember(&asked, &answer);
    let stored = StoredExplanation::new(
        (place.user, place.server, place.channel),
        conversation,
        &answer,
        concepts,
    );
    let id = data.store.remember_explanation(&stored).await?;
    canvas.rest().await;
    Ok(page::page(&id, &stored, &answer, &remarks, pictures))
}

/// A request as a turn of a conversation, before it is answered.
fn turn(asked: &Asked) -> Turn {
    let about = match &asked.subject {
        Subject::Topic(words) => About::Topic {
            words: words.trim().to_owned(),
        },
        Subject::Picture(_) => About::Picture,
        Subject::Entry(id) => About::Entry { id: id.clone() },
    };
    Turn {
        about,
        question: asked.question.clone(),
        level: asked.level,
        style: asked.style,
        cited: Vec::new(),
    }
}

/// The concepts of a picture that was given, which can't be asked later: it isn't kept. To a
/// personal question none are told.
async fn concepts(
    data: &Data,
    asked: &Asked,
    answer: &Answer,
) -> Result<Vec<Concept>, CommandError> {
    let is_told = matches!(asked.subject, Subject::Picture(_)) && answer.kind == Kind::Answered;
    if !is_told {
        return Ok(Vec::new());
    }
    Ok(explain::why(&data.atlas, &asked.subject).await?)
}

/// The pictures that stand in an answer: the one that was given where nobody else sees it, or that of
/// the first source. None where somebody asks for their own case.
async fn pictures(
    data: &Data,
    asked: &Asked,
    answer: &Answer,
    is_private: bool,
) -> Result<Pictures, CommandError> {
    let mut pictures = Pictures::default();
    if matches!(answer.kind, Kind::Advice { .. }) {
        return Ok(pictures);
    }
    match (&asked.subject, answer.sources.first()) {
        (Subject::Picture(picture), _) if is_private => {
            pictures.given = Some(jpeg(picture.clone()).await?);
        }
        (Subject::Picture(_), _) | (_, None) => {}
        (_, Some(listed)) => {
            let id = &listed.entry.id;
            pictures.first = picture_of(data, id).await?;
        }
    }
    Ok(pictures)
}

/// An entry's stored picture as a JPEG; `None` if the entry is gone.
async fn picture_of(data: &Data, id: &EntryId) -> Result<Option<Vec<u8>>, CommandError> {
    let pictures = data.atlas.pictures(std::slice::from_ref(id)).await?;
    let first = pictures.into_iter().next();
    Ok(first.map(|(_, jpeg)| jpeg))
}

/// Pixels as a JPEG, made on a thread that may block.
async fn jpeg(picture: Rgb) -> Result<Vec<u8>, CommandError> {
    let encoding = tokio::task::spawn_blocking(move || media::jpeg(&picture));
    let encoded = encoding
        .await
        .map_err(|error| CommandError::Unexpected(error.into()))?;
    encoded.map_err(|error| CommandError::Unexpected(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_tell_what_is_taken_without_them() {
        let command = explain();
        let described = |name: &str| {
            let mut options = command.parameters.iter();
            let option = options.find(|option| option.name == name);
            option.and_then(|option| option.description.clone())
        };
        for (name, value) in [
            ("level", Level::default().name()),
            ("style", Style::default().name()),
        ] {
            let described = described(name).expect("an option");
            assert!(
                described.ends_with(&format!("(default: {value})")),
                "{described}"
            );
        }
        // Discord's limit of an option is the library's.
        assert_eq!(explain::LONGEST, 500);
    }
}
