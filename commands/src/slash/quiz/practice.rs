//! `/quiz practice` and `/quiz me`: approved questions for one student alone. What was missed comes
//! back soon, what was known later; when is FSRS's to say (the library has it). The answer rates
//! itself; of a right one alone the student may say that it was easy. Only the student sees it.

use std::time::SystemTime;

use mirage::store::quiz::{ItemId, PracticeCard, Practised};
use poise::serenity_prelude as serenity;
use serenity::{ButtonStyle, CreateActionRow, EditInteractionResponse};

use super::asked::{self, Asked, button};
use super::custom_id::{QuizId, Topic, carried};
use super::roles::Person;
use super::shape::{self, counted, points};
use super::{begin, finish, reveal};
use crate::slash::Context;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, quote, truncate};
use crate::slash::suggest::suggest_query;

/// Longest answer that is told again.
const TOLD: usize = 300;

/// Practise what is due and what is new, for you alone
#[poise::command(slash_command, guild_only)]
pub(crate) async fn practice(
    context: Context<'_>,
    #[description = "Count the days in a row on which you practise (off at first)"] streak: Option<
        bool,
    >,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_student(&data.store).await?;
    if let Some(is_wanted) = streak {
        data.store.set_quiz_streak(person.user, is_wanted).await?;
    }
    let topic = Topic {
        has_due: true,
        words: String::new(),
    };
    let edit = next(&data, &person, topic).await?;
    finish(context, edit).await
}

/// Be asked approved questions about a topic, for you alone
#[poise::command(slash_command, guild_only)]
pub(crate) async fn me(
    context: Context<'_>,
    #[description = "What they are about, for instance: brain"]
    #[autocomplete = "suggest_query"]
    #[max_length = 100]
    topic: String,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    let edit = about(&data, &person, &topic).await?;
    finish(context, edit).await
}

/// The first approved question about a topic, as `/quiz me` asks it.
///
/// # Errors
/// As [`next`].
pub(in crate::slash) async fn about(
    data: &Data,
    person: &Person,
    topic: &str,
) -> Result<EditInteractionResponse, CommandError> {
    let topic = Topic {
        has_due: false,
        words: carried(topic),
    };
    next(data, person, topic).await
}

/// The next question: what is due first, then what is new.
///
/// # Errors
/// One sentence for who may not practise here, or what the database or the atlas reports.
pub(super) async fn next(
    data: &Data,
    person: &Person,
    topic: Topic,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_student(&data.store).await?;
    let now = SystemTime::now();
    let counts = data
        .store
        .count_quiz_cards(person.user, person.server, now)
        .await?;
    let Some(card) = card(data, person, &topic, now).await? else {
        return Ok(shape::sentence(nothing_left(&topic)));
    };
    let streak = data.store.quiz_streak(person.user, now).await?;
    let item = &card.item;
    let drawn = asked::question(&data.atlas, item, "Practice", false).await?;
    let asked = Asked::Practice(card.item_id, card.card.answers, topic);
    let page = Page {
        content: head(counts, streak),
        embeds: drawn.embeds,
        rows: asked::controls(&item.task, &asked),
        pictures: drawn.pictures,
    };
    Ok(page.into_edit())
}

async fn card(
    data: &Data,
    person: &Person,
    topic: &Topic,
    now: SystemTime,
) -> Result<Option<PracticeCard>, CommandError> {
    let (store, user, server) = (&data.store, person.user, person.server);
    if topic.has_due {
        let due = store.due_quiz_cards(user, server, now, 1).await?;
        if let Some(card) = due.into_iter().next() {
            return Ok(Some(card));
        }
    }
    let new = store
        .new_quiz_cards(user, server, &topic.words, now, 1)
        .await?;
    Ok(new.into_iter().next())
}

/// What is due and new, and the days in a row for who wants to see them.
fn head((due, new): (i64, i64), streak: Option<u32>) -> String {
    let mut line = format!("{due} due, {new} new. Only you see this.");
    if let Some(days) = streak {
        let days = counted(days as usize, "day");
        line = format!("{line} You have practised {days} in a row.");
    }
    line
}

fn nothing_left(topic: &Topic) -> String {
    if topic.words.is_empty() {
        return "Nothing is due, and there is no question here that you have not met. What you \
                answered comes back when it is due."
            .to_owned();
    }
    format!(
        "This server has no approved question about {} that you have not met. Those you have met \
         come back in `/quiz practice`.",
        quote(&topic.words)
    )
}

/// Takes an answer in practice, and tells what is right.
///
/// # Errors
/// One sentence if it can't be taken, or what the database or the atlas reports.
pub(super) async fn answer(
    data: &Data,
    person: &Person,
    (id, seen): (ItemId, i64),
    places: &[usize],
    topic: Topic,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_student(&data.store).await?;
    let (store, user, server) = (&data.store, person.user, person.server);
    let now = SystemTime::now();
    let known = store.quiz_card(user, server, id, now).await?;
    let known = known.ok_or_else(gone)?;
    let item = &known.item;
    let answer = asked::answer(&item.task, places).ok_or_else(gone)?;
    let practised = store
        .practise_quiz_item((user, server, id), seen, &answer, now)
        .await?;
    let (score, card) = match practised {
        Practised::Done(score, card) => (score, card),
        Practised::Before => {
            let told = "You have answered this before; the first answer counts.";
            return Ok(shape::sentence(told).components(vec![further(topic, None)]));
        }
        Practised::Fault(fault) => return Err(CommandError::Shown(fault.to_string())),
        Practised::Unknown => return Err(gone()),
    };
    let mut drawn = asked::question(&data.atlas, item, "Practice", true).await?;
    drawn.embeds.push(reveal::solution(item));
    let own = escape(&truncate(&answer.in_words(&item.task), TOLD));
    let easy = (score >= 1.0).then(|| QuizId::Easy(id, card.answers, topic.clone()));
    let page = Page {
        content: format!(
            "{}\nYour answer: {own}\n{}",
            verdict(score),
            back(card.due_ms)
        ),
        embeds: drawn.embeds,
        rows: vec![further(topic, easy)],
        pictures: drawn.pictures,
    };
    Ok(page.into_edit())
}

/// What goes on from an answer; `easy` is there for one that is right.
fn further(topic: Topic, easy: Option<QuizId>) -> CreateActionRow {
    let next = QuizId::Further(topic);
    let mut buttons = vec![button(next, "Next question", ButtonStyle::Success)];
    buttons.extend(easy.map(|easy| button(easy, "It was easy", ButtonStyle::Secondary)));
    CreateActionRow::Buttons(buttons)
}

/// Notes that a right answer was easy: the question comes back later. All else stays as it is.
///
/// # Errors
/// One sentence if it can't be noted, or what the database reports.
pub(super) async fn easy(
    data: &Data,
    person: &Person,
    (id, seen): (ItemId, i64),
    topic: Topic,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_student(&data.store).await?;
    let item = (person.user, person.server, id);
    let card = data.store.call_quiz_answer_easy(item, seen).await?;
    let card = card.ok_or_else(|| {
        let sentence = "This was noted before, or you have answered the question again since.";
        CommandError::Shown(sentence.to_owned())
    })?;
    Ok(EditInteractionResponse::new()
        .content(format!(
            "**Right,** and easy for you.\n{}",
            back(card.due_ms)
        ))
        .components(vec![further(topic, None)]))
}

/// When a question comes back, in each reader's own words.
fn back(due_ms: i64) -> String {
    format!("It comes back <t:{}:R>.", due_ms.div_euclid(1_000))
}

fn verdict(score: f64) -> String {
    if score >= 1.0 {
        "**Right.**".to_owned()
    } else if score > 0.0 {
        format!("**Right in part:** {} of 1.", points(score))
    } else {
        "**Not right.**".to_owned()
    }
}

fn gone() -> CommandError {
    let sentence = "This question is no longer practised here. Use /quiz practice for others.";
    CommandError::Shown(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_a_row_are_told_only_to_who_wants_them() {
        assert_eq!(head((2, 1), None), "2 due, 1 new. Only you see this.");
        assert!(head((0, 1), Some(1)).ends_with("practised 1 day in a row."));
    }

    #[test]
    fn an_answer_is_called_right_only_if_all_of_it_is() {
        assert_eq!(verdict(1.0), "**Right.**");
        assert!(verdict(1.0 / 3.0).contains("0.33 of 1"));
        assert_eq!(verdict(0.0), "**Not right.**");
    }

    #[test]
    fn only_a_right_answer_can_be_called_easy() {
        let labels = |easy| {
            let row = further(Topic::default(), easy);
            let row = serde_json::to_value(row).expect("plain data");
            let buttons = row["components"].as_array().cloned().unwrap_or_default();
            let labels = buttons.iter().map(|button| button["label"].to_string());
            labels.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(None), r#""Next question""#);
        let id = ItemId::parse("3").expect("a number");
        let easy = QuizId::Easy(id, 2, Topic::default());
        assert_eq!(labels(Some(easy)), r#""Next question" "It was easy""#);
    }

    #[test]
    fn a_topic_without_questions_is_named() {
        let topic = Topic {
            has_due: false,
            words: "knee".to_owned(),
        };
        assert!(nothing_left(&topic).contains("knee"));
        assert!(nothing_left(&Topic::default()).starts_with("Nothing is due"));
    }
}
