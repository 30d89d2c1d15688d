//! Answers in a session, and a tutor's steps. Whoever answers takes part from then on, at any time
//! before the end. Whether an answer counts is the store's to say; here people are told.

use std::time::SystemTime;

use mirage::quiz::{Answer, Course, Item, LONGEST_ANSWER, Step, Task};
use mirage::store::quiz::{Answered, Joined, Session, SessionId, Stepped};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateActionRow, CreateInputText, CreateInteractionResponse, CreateModal,
    EditInteractionResponse, InputTextStyle,
};

use super::asked::{self, Asked};
use super::board;
use super::custom_id::QuizId;
use super::roles::Person;
use super::shape;
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{escape, truncate};

/// The field of the form for an open answer.
pub(super) const FIELD: &str = "answer";
/// Longest answer that is told again.
const TOLD: usize = 300;

/// What somebody answers with.
#[derive(Debug, Clone)]
pub(super) enum Chosen {
    /// What stands at these places.
    Places(Vec<usize>),
    /// What they wrote.
    Text(String),
}

/// Takes an answer, and says what became of it.
///
/// # Errors
/// One sentence if it doesn't count, or what the database reports.
pub(super) async fn answer(
    data: &Data,
    person: &Person,
    (id, place): (SessionId, usize),
    chosen: Chosen,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_student(&data.store).await?;
    let session = board::of_server(data, person, id).await?;
    let item = &current(&session, place)?.item;
    let answer = match chosen {
        Chosen::Text(text) => Some(Answer::Text { text }),
        Chosen::Places(places) => asked::answer(&item.task, &places),
    };
    let answer = answer.ok_or_else(|| shown("Choose or write something first."))?;
    let answered = stored(data, person, (id, place), &answer).await?;
    let told = told(answered, item, &answer)?;
    let mut edit = shape::sentence(told);
    if !session.anonymous {
        let button = board::name_button(id, false);
        edit = edit.components(vec![CreateActionRow::Buttons(vec![button])]);
    }
    Ok(edit)
}

/// The session's current question, if it is at that place.
fn current(
    session: &Session,
    place: usize,
) -> Result<&mirage::store::quiz::Question, CommandError> {
    if session.standing.course == Course::Ended {
        return Err(shown(ENDED));
    }
    let question = &session.question;
    if question.place == place {
        Ok(question)
    } else {
        Err(shown(CLOSED))
    }
}

const ENDED: &str = "This session has ended.";
const CLOSED: &str = "This question takes no more answers.";

/// Stores an answer. Who answers for the first time joins.
async fn stored(
    data: &Data,
    person: &Person,
    (id, place): (SessionId, usize),
    answer: &Answer,
) -> Result<Answered, CommandError> {
    let store = &data.store;
    let question = (person.server, id, place);
    let now = SystemTime::now();
    let answered = store
        .answer_quiz_question(question, person.user, answer, now)
        .await?;
    if answered != Answered::NotMember {
        return Ok(answered);
    }
    let joined = store
        .join_quiz_session(person.server, id, person.user, now)
        .await?;
    match joined {
        Joined::Ended => Ok(Answered::Ended),
        Joined::Unknown => Ok(Answered::Unknown),
        Joined::Now | Joined::Before => Ok(store
            .answer_quiz_question(question, person.user, answer, now)
            .await?),
    }
}

fn told(answered: Answered, item: &Item, answer: &Answer) -> Result<String, CommandError> {
    // What can't be an answer has no words.
    let words = || escape(&truncate(&answer.in_words(&item.task), TOLD));
    match answered {
        Answered::First => Ok(format!(
            "Your answer: **{}**. You can change it once before the reveal.",
            words()
        )),
        Answered::Changed => Ok(format!(
            "Your answer is now: **{}**. It can't be changed again.",
            words()
        )),
        Answered::Same => Ok(format!("This is your answer already: **{}**.", words())),
        Answered::NoMoreChanges => Err(shown(
            "You have changed your answer once, so it stays as it is.",
        )),
        Answered::Closed => Err(shown(CLOSED)),
        Answered::Paused => Err(shown("The session is paused. Answer when it goes on.")),
        Answered::Ended => Err(shown(ENDED)),
        Answered::NotMember => Err(shown("You take no part in this session.")),
        Answered::Unknown => Err(board::unknown()),
        Answered::Fault(fault) => Err(CommandError::Shown(fault.to_string())),
    }
}

fn shown(sentence: &str) -> CommandError {
    CommandError::Shown(sentence.to_owned())
}

/// The cells of the current question's grid, for who presses alone.
///
/// # Errors
/// One sentence if it takes no answers, or what the database reports.
pub(super) async fn grid(
    data: &Data,
    person: &Person,
    (id, place): (SessionId, usize),
) -> Result<EditInteractionResponse, CommandError> {
    person.require_student(&data.store).await?;
    let session = board::of_server(data, person, id).await?;
    let Task::Point { grid, .. } = &current(&session, place)?.item.task else {
        return Err(shown(CLOSED));
    };
    let rows = asked::cells(*grid, &Asked::Session(id, place));
    let told = "Choose the cell. They lie as on the picture.";
    Ok(EditInteractionResponse::new()
        .content(told)
        .components(rows))
}

/// The form for an open answer.
pub(super) fn form(id: SessionId, place: usize) -> CreateInteractionResponse {
    let most = u16::try_from(LONGEST_ANSWER).unwrap_or(u16::MAX);
    let input = CreateInputText::new(InputTextStyle::Paragraph, "Your answer", FIELD)
        .placeholder("A few words")
        .max_length(most);
    let form = QuizId::Write(id, place);
    let title = format!("Question {}", place + 1);
    let modal = CreateModal::new(CustomId::Quiz(form).to_string(), title)
        .components(vec![CreateActionRow::InputText(input)]);
    CreateInteractionResponse::Modal(modal)
}

/// Takes a tutor's step. What follows is shown by who conducts.
///
/// # Errors
/// One sentence if it can't be taken, or what the database reports.
pub(super) async fn step(
    data: &Data,
    person: &Person,
    (id, revision): (SessionId, i64),
    step: Step,
) -> Result<(), CommandError> {
    person.require_tutor(&data.store).await?;
    let session = (person.server, id, Some(revision));
    let stepped = data
        .store
        .step_quiz_session(session, step, Some(person.user), SystemTime::now())
        .await?;
    data.quizzes.notify_one();
    match stepped {
        Stepped::Now(_) => Ok(()),
        Stepped::Refused(reason, _) => Err(CommandError::Shown(reason.to_string())),
        Stepped::Unknown => Err(board::unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item {
            stem: "Which plane?".to_owned(),
            task: Task::SingleChoice {
                options: ["axial", "**coronal**", "sagittal"]
                    .map(str::to_owned)
                    .to_vec(),
                key: 0,
            },
            pictures: Vec::new(),
            alt: Vec::new(),
            rationale: String::new(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        }
    }

    #[test]
    fn nothing_that_is_said_of_an_answer_tells_whether_it_is_right() {
        let said = |option| {
            let answer = Answer::One { option };
            let told = told(Answered::First, &item(), &answer).expect("it counts");
            told.replace("axial", "_").replace("sagittal", "_")
        };
        assert_eq!(said(0), said(2));
        let markup = told(Answered::First, &item(), &Answer::One { option: 1 });
        assert!(markup.expect("it counts").contains("\\*\\*coronal"));
    }

    #[test]
    fn a_place_that_no_question_has_is_refused() {
        let cells = mirage::quiz::Grid {
            columns: 1,
            rows: 2,
        };
        let mut point = item();
        point.task = Task::Point {
            target: "thalamus".to_owned(),
            boxes: vec![[1.0, 1.0, 9.0, 9.0]],
            grid: cells,
        };
        let far = Answer::Cell { cell: usize::MAX };
        let fault = far.check(&point.task).expect_err("there is no such cell");
        let refused = told(Answered::Fault(fault), &point, &far);
        assert!(matches!(refused, Err(CommandError::Shown(_))));
    }

    #[test]
    fn what_does_not_count_is_told_in_one_sentence() {
        let answer = Answer::One { option: 0 };
        for (answered, said) in [
            (Answered::Closed, CLOSED),
            (Answered::Ended, ENDED),
            (
                Answered::Paused,
                "The session is paused. Answer when it goes on.",
            ),
            (Answered::Unknown, "This server has no such quiz session."),
        ] {
            match told(answered, &item(), &answer) {
                Err(CommandError::Shown(sentence)) => assert_eq!(sentence, said),
                other => panic!("{other:?}"),
            }
        }
    }
}
