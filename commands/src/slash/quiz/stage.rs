//! The messages of a session as everybody in its thread sees them: the question, how it stands, and
//! the tutors' buttons. What is shown follows from the session alone, so that it can be drawn again
//! after any restart. Nothing is sent here.

use mirage::atlas::Atlas;
use mirage::quiz::{Course, Phase, Step, Task};
use mirage::store::quiz::{Given, Question, Session};
use poise::serenity_prelude as serenity;
use serenity::{ButtonStyle, CreateActionRow, CreateButton};

use super::asked::{self, Asked, button};
use super::custom_id::QuizId;
use super::reveal::{self, Tally};
use super::shape::counted;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, truncate};

/// Longest title of a session in a line.
const TITLE: usize = 200;

/// How a question of a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// It takes answers.
    Open,
    /// It takes answers again when the tutor resumes.
    Paused,
    /// Its key is told, and the session stands here.
    Told,
    /// The same while the session is paused.
    ToldPaused,
    /// The session has gone on; its key stays told.
    Past,
    /// It was passed over; its key is not told.
    Skipped,
}

impl View {
    /// How a question is shown as its session stands.
    pub(super) fn of(session: &Session, question: &Question) -> Self {
        let is_current = question.place == session.standing.place;
        match (question.phase, session.standing.course) {
            (Phase::Skipped | Phase::Waiting, _) => Self::Skipped,
            (Phase::Revealed, Course::Running) if is_current => Self::Told,
            (Phase::Revealed, Course::Paused) if is_current => Self::ToldPaused,
            (Phase::Revealed, _) => Self::Past,
            (Phase::Open, Course::Running) => Self::Open,
            (Phase::Open, Course::Paused) => Self::Paused,
            (Phase::Open, Course::Ended) => Self::Skipped,
        }
    }

    fn is_told(self) -> bool {
        matches!(self, Self::Told | Self::ToldPaused | Self::Past)
    }
}

/// The message of a question. `given` are its answers; before the reveal they are only counted.
///
/// # Errors
/// What the atlas reports, or pictures that could not be drawn.
pub(super) async fn page(
    atlas: &Atlas,
    session: &Session,
    question: &Question,
    given: &[Given],
) -> Result<Page, CommandError> {
    let view = View::of(session, question);
    let title = format!(
        "Question {} of {}",
        question.place + 1,
        session.standing.count
    );
    let mut drawn = asked::question(atlas, &question.item, &title, view.is_told()).await?;
    if view.is_told() {
        let tally = Tally::of(&question.item, given);
        let (embed, picture) = reveal::reveal(&question.item, &tally).await?;
        drawn.embeds.push(embed);
        drawn.pictures.extend(picture);
    }
    Ok(Page {
        content: content(session, question, given.len()),
        embeds: drawn.embeds,
        rows: rows(session, question),
        pictures: drawn.pictures,
    })
}

/// The line above a question: what session it is, and how it stands.
pub(super) fn content(session: &Session, question: &Question, answers: usize) -> String {
    let mut parts = vec![format!("**{}**", truncate(&escape(&session.title), TITLE))];
    if session.anonymous {
        parts.push("Nobody is named in this session.".to_owned());
    }
    parts.push(match View::of(session, question) {
        View::Open => {
            let mut open = format!(
                "{} so far. You can change yours once before the reveal.",
                counted(answers, "answer")
            );
            if let Some(closes) = session.standing.closes_ms {
                // Rounded up, so that nobody is told a time that is over.
                let second = closes.div_euclid(1_000) + 1;
                open = format!("{open} It closes <t:{second}:R>.");
            }
            open
        }
        View::Paused => format!("Paused by a tutor, with {}.", counted(answers, "answer")),
        View::Told => "The answer is told below.".to_owned(),
        View::ToldPaused => "The answer is told below. Paused by a tutor.".to_owned(),
        View::Past => "The answer is told below. The session has gone on.".to_owned(),
        View::Skipped => "This question was skipped and doesn't count.".to_owned(),
    });
    parts.join("\n")
}

/// What is pressed under a question.
pub(super) fn rows(session: &Session, question: &Question) -> Vec<CreateActionRow> {
    let view = View::of(session, question);
    let is_last = question.place + 1 >= session.standing.count;
    let next = if is_last {
        (Step::Next, "Finish", ButtonStyle::Success)
    } else {
        (Step::Next, "Next question", ButtonStyle::Success)
    };
    let end = (Step::End, "End session", ButtonStyle::Danger);
    let pause = (Step::Pause, "Pause", ButtonStyle::Secondary);
    let resume = (Step::Resume, "Resume", ButtonStyle::Success);
    let mut rows = Vec::new();
    let steps = match view {
        View::Open => {
            let asked = Asked::Session(session.id, question.place);
            rows = asked::controls(&question.item.task, &asked);
            vec![
                (Step::Reveal, "Reveal", ButtonStyle::Success),
                (Step::Skip, "Skip", ButtonStyle::Secondary),
                pause,
                end,
            ]
        }
        View::Told => vec![next, pause, end],
        View::Paused | View::ToldPaused => vec![resume, end],
        View::Past | View::Skipped => Vec::new(),
    };
    let mut buttons: Vec<CreateButton> = steps
        .into_iter()
        .map(|(step, label, style)| {
            button(
                QuizId::Step(session.id, session.revision, step),
                label,
                style,
            )
        })
        .collect();
    let is_open_answer = matches!(question.item.task, Task::OpenAnswer { .. });
    if is_open_answer && view.is_told() {
        let id = QuizId::Marks(session.id, question.place);
        buttons.push(button(id, "Mark answers", ButtonStyle::Primary));
    }
    if !buttons.is_empty() {
        rows.push(CreateActionRow::Buttons(buttons));
    }
    rows
}

#[cfg(test)]
mod tests {
    use mirage::quiz::{Item, Standing};
    use mirage::store::quiz::{ItemId, SessionId};

    use super::*;

    fn question(place: usize, phase: Phase) -> Question {
        Question {
            place,
            item_id: ItemId::parse("4").expect("a number"),
            item: Item {
                stem: "Which plane?".to_owned(),
                task: Task::TrueFalse { key: true },
                pictures: Vec::new(),
                alt: Vec::new(),
                rationale: String::new(),
                citations: Vec::new(),
                sources: Vec::new(),
                topic: String::new(),
                expected: 0.5,
            },
            phase,
            message: Some(9),
        }
    }

    fn session(course: Course, place: usize, phase: Phase) -> Session {
        let standing = Standing {
            course,
            place,
            phase,
            ..Standing::begin(2, None, 0)
        };
        Session {
            id: SessionId::parse("3").expect("a number"),
            server: 1,
            channel: 2,
            title: "Planes".to_owned(),
            started_by: Some(5),
            anonymous: false,
            revision: 8,
            standing,
            question: question(place, phase),
            board: None,
        }
    }

    fn labels(rows: &[CreateActionRow]) -> Vec<String> {
        let rows = serde_json::to_value(rows).expect("plain data");
        let rows = rows.as_array().into_iter().flatten();
        let buttons =
            rows.flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
        buttons
            .map(|button| button["label"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn buttons_follow_from_how_the_session_stands() {
        use Course::{Ended, Paused, Running};
        use Phase::{Open, Revealed, Skipped};
        let tutors = ["Reveal", "Skip", "Pause", "End session"];
        for (course, place, phase, expected) in [
            (Running, 0, Open, [&["False", "True"][..], &tutors].concat()),
            (Paused, 0, Open, vec!["Resume", "End session"]),
            (
                Running,
                0,
                Revealed,
                vec!["Next question", "Pause", "End session"],
            ),
            (Running, 1, Revealed, vec!["Finish", "Pause", "End session"]),
            (Paused, 0, Revealed, vec!["Resume", "End session"]),
            (Ended, 1, Revealed, vec![]),
            (Ended, 1, Skipped, vec![]),
        ] {
            let session = session(course, place, phase);
            let told = labels(&rows(&session, &session.question));
            assert_eq!(told, expected, "{course:?} {phase:?}");
        }
    }

    #[test]
    fn a_question_that_the_session_left_has_no_buttons_but_keeps_its_answer() {
        let session = session(Course::Running, 1, Phase::Open);
        let past = question(0, Phase::Revealed);
        assert_eq!(View::of(&session, &past), View::Past);
        assert!(rows(&session, &past).is_empty());
        let skipped = question(0, Phase::Skipped);
        assert!(!View::of(&session, &skipped).is_told());
    }

    #[test]
    fn the_line_counts_answers_and_tells_when_it_closes() {
        let mut session = session(Course::Running, 0, Phase::Open);
        session.title = "**Planes** @everyone".to_owned();
        session.standing.closes_ms = Some(30_400);
        let line = content(&session, &session.question, 1);
        assert!(line.contains("1 answer so far."), "{line}");
        assert!(line.ends_with("It closes <t:31:R>."), "{line}");
        assert!(!line.contains("@everyone"), "{line}");
        session.anonymous = true;
        assert!(content(&session, &session.question, 0).contains("Nobody is named"));
    }
}
