//! Marking open answers: a tutor reads them one after another, without names, with the accepted
//! answers that are nearest in spelling. The mark is the tutor's.

use std::time::SystemTime;

use mirage::quiz::{Answer, Course, Phase, Task, suggestions};
use mirage::store::quiz::{Question, Session, SessionId};
use poise::serenity_prelude as serenity;
use serenity::{ButtonStyle, CreateActionRow, EditInteractionResponse, Http};

use super::asked::button;
use super::custom_id::QuizId;
use super::roles::Person;
use super::shape::{self, counted};
use super::{board, conduct};
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::in_words;
use crate::slash::results::{escape, truncate};

/// Accepted answers that are told beside an answer.
const NEAREST: usize = 3;
const STEM: usize = 400;
const TEXT: usize = 1_000;
const ACCEPTED: usize = 100;

/// The next answer of a question that waits for its mark.
///
/// # Errors
/// One sentence if there is nothing to mark, or what the database reports.
pub(super) async fn next(
    data: &Data,
    person: &Person,
    (id, place): (SessionId, usize),
) -> Result<EditInteractionResponse, CommandError> {
    person.require_tutor(&data.store).await?;
    let session = board::of_server(data, person, id).await?;
    let question = question(data, &session, place).await?;
    let given = data.store.quiz_answers(id, place).await?;
    let waiting: Vec<(u64, &str)> = given
        .iter()
        .filter(|given| given.mark.is_none())
        .filter_map(|given| match &given.answer {
            Answer::Text { text } => Some((given.user, text.as_str())),
            _ => None,
        })
        .collect();
    let Some((user, text)) = waiting.first() else {
        return Ok(shape::sentence(match given.len() {
            0 => "Nobody has answered this question.".to_owned(),
            count => format!("All is marked: {}.", counted(count, "answer")),
        }));
    };
    let mark = |label, thousandths, style| {
        button(QuizId::Mark(id, place, *user, thousandths), label, style)
    };
    let buttons = vec![
        mark("Right", 1_000, ButtonStyle::Success),
        mark("Half right", 500, ButtonStyle::Secondary),
        mark("Wrong", 0, ButtonStyle::Secondary),
    ];
    let told = told(&question, text, waiting.len());
    Ok(shape::sentence(told).components(vec![CreateActionRow::Buttons(buttons)]))
}

/// The question at a place, if it is one to be marked.
async fn question(data: &Data, session: &Session, place: usize) -> Result<Question, CommandError> {
    let questions = data.store.quiz_questions(session.id).await?;
    let question = questions.into_iter().find(|question| {
        question.place == place
            && question.phase == Phase::Revealed
            && matches!(question.item.task, Task::OpenAnswer { .. })
    });
    question.ok_or_else(|| {
        let sentence = "This question has no answers to mark: it was not revealed.";
        CommandError::Shown(sentence.to_owned())
    })
}

fn told(question: &Question, text: &str, waiting: usize) -> String {
    let show = |text: &str, limit| truncate(&escape(text), limit);
    let accepted = match &question.item.task {
        Task::OpenAnswer { accepted } => accepted.as_slice(),
        _ => &[],
    };
    let nearest: Vec<String> = suggestions(accepted, text, NEAREST)
        .iter()
        .map(|near| format!("- {}", show(&near.accepted, ACCEPTED)))
        .collect();
    format!(
        "{}\n\n**Answer:** {}\n\nThe accepted answers that are nearest in spelling:\n{}\n\n{} to \
         mark. Names are not shown.",
        show(&question.item.stem, STEM),
        show(text, TEXT),
        nearest.join("\n"),
        counted(waiting, "answer")
    )
}

/// Gives an answer its mark, and shows the next.
///
/// # Errors
/// As [`next`].
pub(super) async fn mark(
    http: &Http,
    data: &Data,
    person: &Person,
    (id, place, user): (SessionId, usize, u64),
    thousandths: u32,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_tutor(&data.store).await?;
    board::of_server(data, person, id).await?;
    let given = data.store.quiz_answers(id, place).await?;
    // Another tutor may have read the same answer meanwhile: their mark stays.
    if given
        .iter()
        .any(|given| given.user == user && given.mark.is_some())
    {
        let sentence = "This answer has its mark already, which stays. Press “Mark answers” again \
            for the next one.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let question = (person.server, id, place);
    let mark = f64::from(thousandths.min(1_000)) / 1_000.0;
    let is_marked = data
        .store
        .mark_quiz_answer(question, user, mark, person.user, SystemTime::now())
        .await?;
    if !is_marked {
        let sentence = "There is no such answer to mark any more.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let session = board::of_server(data, person, id).await?;
    if session.standing.course == Course::Ended {
        draw_board(http, data, &session).await;
    }
    next(data, person, (id, place)).await
}

/// Draws the board of an ended session anew. What was pressed holds in any case.
pub(super) async fn draw_board(http: &Http, data: &Data, session: &Session) {
    let Some(message) = session.board.filter(|message| *message != 0) else {
        return;
    };
    let page = match board::page(&data.store, session).await {
        Ok(page) => page,
        Err(error) => {
            tracing::warn!(%error, "a board could not be drawn anew");
            return;
        }
    };
    let channel = serenity::ChannelId::new(session.channel.max(1));
    let edited = channel
        .edit_message(http, serenity::MessageId::new(message), shape::edit(page))
        .await;
    if let Err(error) = edited
        && conduct::code(&error) != Some(conduct::UNKNOWN_MESSAGE)
    {
        tracing::warn!(error = in_words(&error), "a board could not be shown anew");
    }
}

#[cfg(test)]
mod tests {
    use mirage::quiz::Item;
    use mirage::store::quiz::ItemId;

    use super::*;

    #[test]
    fn an_answer_of_any_length_stays_within_a_message() {
        let long = "*_`| ".repeat(200);
        let question = Question {
            place: 0,
            item_id: ItemId::parse("1").expect("a number"),
            item: Item {
                stem: long.clone(),
                task: Task::OpenAnswer {
                    accepted: vec![long.clone(), "axial".to_owned()],
                },
                pictures: Vec::new(),
                alt: Vec::new(),
                rationale: String::new(),
                citations: Vec::new(),
                sources: Vec::new(),
                topic: String::new(),
                expected: 0.5,
            },
            phase: Phase::Revealed,
            message: None,
        };
        let told = told(&question, &long, 50);
        assert!(told.encode_utf16().count() <= 2_000, "{}", told.len());
        assert!(told.contains("- axial"), "{told}");
    }
}
