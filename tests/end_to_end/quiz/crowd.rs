//! A large class that answers at the same moment: no answer is lost, none counts twice.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use mirage::quiz::Answer;
use mirage::store::quiz::{Given, SessionId};
use mirage_playground::{Actor, Error, MessageView};
use mirage_tests::{Bot, SOON};

use super::{open, question, set, single, start, step, told};
use crate::find::custom_id;

const STUDENTS: usize = 50;
const LABELS: [&str; 3] = ["A. axial", "B. coronal", "C. sagittal"];

/// Presses an answer; how long it took until it was acknowledged, and what was said.
async fn answer(
    student: &Actor,
    message: &MessageView,
    option: usize,
) -> Result<(Duration, String)> {
    let id = custom_id(message, LABELS[option])?;
    let pressed = Instant::now();
    let handle = student.press(message, &id).await?;
    handle.thinking(SOON).await?;
    let took = pressed.elapsed();
    let said = handle.edited(SOON).await?;
    ensure!(said.is_ephemeral(), "{}", said.text());
    Ok((took, said.content().to_owned()))
}

fn options(given: &[Given]) -> HashMap<u64, (usize, bool)> {
    let option = |given: &Given| match given.answer {
        Answer::One { option } => option,
        _ => usize::MAX,
    };
    given
        .iter()
        .map(|given| (given.user, (option(given), given.changed)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_students_answer_at_once_and_each_answer_counts_once() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    set(bot.store()?, server, "Crowd", &[single("Which plane?", 0)]).await?;
    let class = (1..=STUDENTS)
        .map(|number| bot.server.add_member(&format!("Student {number}")))
        .collect::<Result<Vec<Actor>, Error>>()?;
    start(&bot.server, "Crowd").await?;
    let began = Instant::now();
    let asked = open(&bot.server, "Crowd", 1).await?;
    let session = SessionId::parse("1").context("a number")?;

    let pressed = class.iter().enumerate();
    let pressed = pressed.map(|(number, student)| answer(student, &asked, number % 3));
    let answered = try_join_all(pressed).await?;
    for (_, said) in &answered {
        assert!(said.starts_with("Your answer: "), "{said}");
    }
    let mut took: Vec<Duration> = answered.iter().map(|(took, _)| *took).collect();
    took.sort_unstable();
    let at = |share: usize| took[(STUDENTS * share).div_ceil(100) - 1].as_millis();
    println!(
        "{STUDENTS} students at once: acknowledged within {} ms (p50), {} ms (p99)",
        at(50),
        at(99)
    );
    let given = bot.store()?.quiz_answers(session, 0).await?;
    let stored = options(&given);
    assert_eq!((given.len(), stored.len()), (STUDENTS, STUDENTS));
    for (number, student) in class.iter().enumerate() {
        let user = student.id()?.get();
        assert_eq!(stored.get(&user), Some(&(number % 3, false)), "{number}");
    }
    let counted = question(&bot.server, "Crowd", 1, |message| {
        message.content().contains("50 answers so far")
    });
    counted.await?;

    // Now all change their minds twice at the same moment: one of the changes holds.
    let changes = class.iter().enumerate().flat_map(|(number, student)| {
        [1, 2].map(|further| answer(student, &asked, (number + further) % 3))
    });
    let said = try_join_all(changes).await?;
    let taken = said
        .iter()
        .filter(|(_, said)| said.starts_with("Your answer is now"));
    assert_eq!(taken.count(), STUDENTS);
    let refused = said
        .iter()
        .filter(|(_, said)| said.starts_with("You have changed"));
    assert_eq!(refused.count(), STUDENTS);
    let given = bot.store()?.quiz_answers(session, 0).await?;
    assert_eq!(given.len(), STUDENTS);
    assert!(given.iter().all(|given| given.changed));

    // The count on the message was edited now and then, not with each answer.
    let path = format!("/messages/{}", asked.id());
    let bodies = bot.server.recorded_bodies().into_iter();
    let edits = bodies.filter(|sent| sent.method == "PATCH" && sent.path.ends_with(&path));
    let most = began.elapsed().as_secs() / 2 + 2;
    let edits = edits.count() as u64;
    assert!((1..=most).contains(&edits), "{edits} edits, at most {most}");

    let tutor = bot.server.actor("tutor");
    step(&tutor, &asked, "Reveal").await?;
    let shown = told(&bot.server, "Crowd", 1).await?;
    assert!(shown.text().contains("50 answers, "), "{}", shown.text());
    bot.finish().await
}
