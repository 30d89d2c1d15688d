//! The end of a session: the board, whether one is named on it, and what one missed. The board is
//! for all; what somebody missed is told to them alone.

use std::time::SystemTime;

use mirage::quiz::Course;
use mirage::store::Store;
use mirage::store::quiz::{BoardRow, Missed, Session, SessionId};
use poise::serenity_prelude as serenity;
use serenity::{
    ButtonStyle, CreateActionRow, CreateEmbed, CreateEmbedFooter, EditInteractionResponse,
};

use super::asked::{self, button};
use super::custom_id::QuizId;
use super::reveal;
use super::roles::Person;
use super::shape::{self, counted, points};
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, truncate};

/// Members on the board; a longer list is counted.
const ROWS: usize = 25;
const TITLE: usize = 200;
const DESCRIPTION: usize = 3_500;
/// Longest answer of one's own that is told again.
const OWN: usize = 300;

/// The board of a session that has ended.
///
/// # Errors
/// What the database reports.
pub(super) async fn page(store: &Store, session: &Session) -> Result<Page, CommandError> {
    let (rows, questions) = store.quiz_board(session.id).await?;
    let embed = CreateEmbed::new()
        .title(truncate(
            &format!("Final board: {}", escape(&session.title)),
            TITLE,
        ))
        .description(listed(&rows, questions, session.anonymous))
        .footer(CreateEmbedFooter::new("For study, not for diagnosis"));
    let mut buttons = vec![button(
        QuizId::Missed(session.id, 0),
        "My missed questions",
        ButtonStyle::Primary,
    )];
    if !session.anonymous {
        buttons.push(name_button(session.id, false));
        buttons.push(name_button(session.id, true));
    }
    Ok(Page {
        content: "The session has ended.".to_owned(),
        embeds: vec![embed],
        rows: vec![CreateActionRow::Buttons(buttons)],
        pictures: Vec::new(),
    })
}

/// The button that names who presses on the board, or doesn't.
pub(super) fn name_button(session: SessionId, is_named: bool) -> serenity::CreateButton {
    let label = if is_named {
        "Show my name"
    } else {
        "Hide my name"
    };
    let id = QuizId::Name(session, is_named);
    button(id, label, ButtonStyle::Secondary)
}

/// The members in order. Equal scores share a place; nobody is named who doesn't want to be.
fn listed(rows: &[BoardRow], questions: usize, is_anonymous: bool) -> String {
    let head = match questions {
        0 => "No question was revealed, so nothing counts.".to_owned(),
        count => format!(
            "{} counted. {} took part.",
            counted(count, "question"),
            counted(rows.len(), "member")
        ),
    };
    let mut lines = vec![head, String::new()];
    let mut place = 0;
    let mut before = f64::NAN;
    for (above, row) in rows.iter().enumerate().take(ROWS) {
        // Sums of the same parts in another order differ in their last digits.
        if (row.score - before).abs() > 1e-9 || before.is_nan() {
            place = above + 1;
            before = row.score;
        }
        let who = if is_anonymous || !row.is_named {
            "a member without a name".to_owned()
        } else {
            format!("<@{}>", row.user)
        };
        let (score, answered) = (points(row.score), counted(row.answered, "answer"));
        lines.push(format!(
            "{place}. {who}: {score} of {questions} ({answered})"
        ));
    }
    if rows.len() > ROWS {
        lines.push(format!("and {} more.", rows.len() - ROWS));
    }
    truncate(&lines.join("\n"), DESCRIPTION)
}

/// Sets whether who presses is named. The sentence, and the board that must be drawn anew.
///
/// # Errors
/// The sentence for who takes no part, or what the database reports.
pub(super) async fn name(
    data: &Data,
    person: &Person,
    id: SessionId,
    is_named: bool,
) -> Result<(String, Option<Session>), CommandError> {
    of_server(data, person, id).await?;
    let store = &data.store;
    if !store.name_on_quiz_board(id, person.user, is_named).await? {
        let sentence = "You take no part in this session, so the board doesn't name you.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    // Read again: the board may have been posted in the meantime, from the names as they were.
    let session = of_server(data, person, id).await?;
    let told = if session.anonymous {
        "Nobody is named in this session, and you aren't either."
    } else if is_named {
        "Your name is on the board."
    } else {
        "Your name is not on the board. Your answers count all the same."
    };
    let has_board = session.standing.course == Course::Ended && session.board.is_some();
    Ok((told.to_owned(), has_board.then_some(session)))
}

/// A session of the person's own server.
///
/// # Errors
/// The sentence if the server has none of the number, or what the database reports.
pub(super) async fn of_server(
    data: &Data,
    person: &Person,
    id: SessionId,
) -> Result<Session, CommandError> {
    let session = data.store.quiz_session(id).await?;
    session
        .filter(|session| session.server == person.server)
        .ok_or_else(unknown)
}

/// What is said of a session that the server doesn't have.
pub(super) fn unknown() -> CommandError {
    CommandError::Shown("This server has no such quiz session.".to_owned())
}

/// Passes for who may answer in the server, once the session has ended.
async fn ended(data: &Data, person: &Person, id: SessionId) -> Result<(), CommandError> {
    person.require_student(&data.store).await?;
    let session = of_server(data, person, id).await?;
    if session.standing.course == Course::Ended {
        return Ok(());
    }
    let sentence = "What you missed is told when the session has ended.";
    Err(CommandError::Shown(sentence.to_owned()))
}

/// One of the questions that who presses missed, with its answer.
///
/// # Errors
/// One sentence for who may not see it or not yet, or what the database or the atlas reports.
pub(super) async fn missed(
    data: &Data,
    person: &Person,
    id: SessionId,
    number: usize,
) -> Result<EditInteractionResponse, CommandError> {
    ended(data, person, id).await?;
    let missed = data.store.missed_quiz_questions(id, person.user).await?;
    if missed.is_empty() {
        return Ok(shape::sentence(
            "You missed nothing that counted in this session.",
        ));
    }
    let number = number.min(missed.len() - 1);
    let page = missed_page(data, id, &missed, number).await?;
    Ok(page.into_edit())
}

async fn missed_page(
    data: &Data,
    id: SessionId,
    missed: &[Missed],
    number: usize,
) -> Result<Page, CommandError> {
    let one = &missed[number];
    let title = format!("Question {}", one.place + 1);
    let mut drawn = asked::question(&data.atlas, &one.item, &title, true).await?;
    let own = match &one.answer {
        Some(answer) => escape(&truncate(&answer.in_words(&one.item.task), OWN)),
        None => "None was given.".to_owned(),
    };
    let solution = reveal::solution(&one.item).field("Your answer", own, false);
    drawn.embeds.push(solution);
    let (previous, next) = (number.saturating_sub(1), number + 1);
    let turn = |to: usize, label, is_there: bool| {
        button(QuizId::Missed(id, to), label, ButtonStyle::Secondary).disabled(!is_there)
    };
    let has_next = next < missed.len();
    // Ids must differ, also where a button leads nowhere.
    let buttons = vec![
        turn(previous, "Previous", number > 0),
        turn(next, "Next", has_next),
        button(QuizId::Again(id), "Practise these", ButtonStyle::Primary),
    ];
    Ok(Page {
        content: format!(
            "{} of {} that you missed.",
            number + 1,
            counted(missed.len(), "question")
        ),
        embeds: drawn.embeds,
        rows: vec![CreateActionRow::Buttons(buttons)],
        pictures: drawn.pictures,
    })
}

/// Makes what who presses missed due in practice.
///
/// # Errors
/// As [`missed`].
pub(super) async fn again(
    data: &Data,
    person: &Person,
    id: SessionId,
) -> Result<EditInteractionResponse, CommandError> {
    ended(data, person, id).await?;
    let now = SystemTime::now();
    let count = data.store.practise_missed(id, person.user, now).await?;
    let is = if count == 1 { "is" } else { "are" };
    Ok(shape::sentence(format!(
        "{} {is} due now. Practise with /quiz practice.",
        counted(count, "question")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(user: u64, score: f64, is_named: bool) -> BoardRow {
        BoardRow {
            user,
            is_named,
            score,
            answered: 3,
        }
    }

    #[test]
    fn equal_scores_share_a_place_and_who_wants_no_name_has_none() {
        let rows = [
            row(11, 3.0, true),
            row(12, 0.1 + 0.2, true),
            row(13, 0.3, false),
            row(14, 0.0, true),
        ];
        let told = listed(&rows, 3, false);
        for line in [
            "3 questions counted. 4 members took part.",
            "1. <@11>: 3 of 3 (3 answers)",
            "2. <@12>: 0.3 of 3",
            "2. a member without a name: 0.3 of 3",
            "4. <@14>: 0 of 3",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
        assert!(!told.contains("<@13>"), "{told}");
        let told = listed(&rows, 3, true);
        assert!(!told.contains("<@"), "{told}");
    }

    #[test]
    fn a_long_board_is_counted_and_an_empty_one_says_so() {
        let rows: Vec<BoardRow> = (0..60)
            .map(|user| row(u64::MAX - user, 1.0, true))
            .collect();
        let told = listed(&rows, 100, false);
        assert!(told.ends_with("and 35 more."), "{told}");
        assert!(listed(&[], 0, false).contains("nothing counts"));
    }
}
