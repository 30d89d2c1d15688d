//! `kill -9` of the bot in the middle of a session, again and again: a real process and a real
//! database. The session goes on with all answers, and each message is there once.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use mirage::quiz::{Answer, Course, Item};
use mirage::store::quiz::SessionId;
use mirage::store::{Location, Store};
use mirage_playground::{Actor, Error, MessageView, Options, Server};
use mirage_tests::{Process, SOON};

use super::{number, set, single};
use crate::find::custom_id;
use crate::ingest::{atlas_uri, empty_atlas};

const STUDENTS: usize = 8;
const QUESTIONS: usize = 5;
/// Kills while each question is asked: twenty in all, and one at the end.
const KILLS: u64 = 4;
/// Longest life of a process after it said that it is ready, in milliseconds.
const LONGEST_LIFE: u64 = 900;
/// How long the whole may take; it takes about two minutes.
const PATIENCE: Duration = Duration::from_secs(600);
const THREAD: &str = "Killed";
const LABELS: [&str; 3] = ["A. axial", "B. coronal", "C. sagittal"];
/// How long somebody waits before they press again.
const AGAIN: Duration = Duration::from_millis(100);

/// The message of a question as it is now.
async fn shown(actor: &Actor, place: usize) -> Result<Option<MessageView>> {
    let thread = actor.in_channel(THREAD);
    let messages = thread.messages().await?;
    let mut found = messages.into_iter().rev();
    Ok(found.find(|message| number(message) == Some(place + 1) && !message.is_ephemeral()))
}

/// Presses until the bot has said that the answer is stored.
async fn insist(student: &Actor, place: usize, option: usize) -> Result<()> {
    loop {
        let message = shown(student, place).await?;
        let id = message
            .as_ref()
            .and_then(|message| custom_id(message, LABELS[option]).ok());
        if let (Some(message), Some(id)) = (message, id)
            && let Ok(pressed) = student.press(&message, &id).await
            && let Ok(said) = pressed.reply(SOON).await
            && (said.content().starts_with("Your answer: ")
                || said.content().starts_with("This is your answer already"))
        {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Presses a tutor's button until the session has gone on.
async fn insist_on_step(
    store: &Store,
    tutor: &Actor,
    (id, place): (SessionId, usize),
    label: &str,
) -> Result<()> {
    let before = store.quiz_session(id).await?.context("it is there")?;
    loop {
        let now = store.quiz_session(id).await?.context("it is there")?;
        if now.revision != before.revision {
            return Ok(());
        }
        if let Some(message) = shown(tutor, place).await?
            && let Ok(button) = custom_id(&message, label)
            && let Ok(pressed) = tutor.press(&message, &button).await
        {
            // A process that is killed meanwhile says nothing.
            pressed.next_state(SOON).await.ok();
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Leads from one question to the revealed next one.
async fn lead(
    store: &Store,
    class: &[Actor],
    tutor: &Actor,
    (id, place): (SessionId, usize),
) -> Result<()> {
    if let Some(before) = place.checked_sub(1) {
        insist_on_step(store, tutor, (id, before), "Next question").await?;
    }
    let answers = class.iter().enumerate();
    let answers = answers.map(|(who, student)| insist(student, place, (who + place) % 3));
    try_join_all(answers).await?;
    insist_on_step(store, tutor, (id, place), "Reveal").await
}

/// The bot as a process of its own.
struct Prey {
    settings: Vec<(&'static str, String)>,
    process: Option<Process>,
    kills: u64,
}

impl Prey {
    async fn start(&mut self) -> Result<()> {
        self.process = Some(Process::start(&["bot"], &self.settings, "Ready").await?);
        Ok(())
    }

    /// Kills it so many times, each after some part of a second, and starts it again.
    async fn kill(&mut self, times: u64) -> Result<()> {
        for _ in 0..times {
            self.kills += 1;
            // Numbers that look random and are the same in each run.
            let life = self.kills.wrapping_mul(2_654_435_761) % LONGEST_LIFE;
            tokio::time::sleep(Duration::from_millis(life)).await;
            self.process.take().context("it runs")?.kill().await?;
            self.start().await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_loses_an_answer_or_stops_a_session() -> Result<()> {
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let database = folder.path().join("mirage.sqlite");
    let store = Store::open(Location::File(database.clone())).await?;
    let server = Server::start(Options::default()).await?;
    let token = folder.path().join("token");
    std::fs::write(&token, server.bot_token())?;
    let items: Vec<Item> = (0..QUESTIONS)
        .map(|place| single(&format!("Question about plane {place}?"), place % 3))
        .collect();
    set(&store, server.guild_id().get(), THREAD, &items).await?;
    let settings = vec![
        ("MIRAGE_ATLAS_URI", atlas_uri(folder.path())),
        ("MIRAGE_DATABASE", database.to_string_lossy().into_owned()),
        ("DISCORD_TOKEN_FILE", token.to_string_lossy().into_owned()),
        ("MIRAGE_DISCORD_URL", server.base_url().to_owned()),
        ("MIRAGE_WARM", "no".to_owned()),
    ];
    let mut bot = Prey {
        settings,
        process: None,
        kills: 0,
    };
    let class = (1..=STUDENTS)
        .map(|number| server.add_member(&format!("Student {number}")))
        .collect::<Result<Vec<Actor>, Error>>()?;
    let tutor = server.actor("tutor");
    let id = SessionId::parse("1").context("a number")?;
    let session = async {
        bot.start().await?;
        server.wait_for_commands(SOON).await?;
        super::start(&server, THREAD).await?;
        for place in 0..QUESTIONS {
            let leading = lead(&store, &class, &tutor, (id, place));
            tokio::try_join!(leading, bot.kill(KILLS))?;
        }
        let end = insist_on_step(&store, &tutor, (id, QUESTIONS - 1), "Finish");
        tokio::try_join!(end, bot.kill(1))?;
        server
            .wait_for_message(THREAD, SOON, |message| {
                message.text().contains("Final board")
            })
            .await?;
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, session)
        .await
        .context("it took too long")??;
    drop(bot);
    let session = store.quiz_session(id).await?.context("it is there")?;
    ensure!(session.standing.course == Course::Ended);
    for place in 0..QUESTIONS {
        let given = store.quiz_answers(id, place).await?;
        let stored: HashMap<u64, &Answer> = given
            .iter()
            .map(|given| (given.user, &given.answer))
            .collect();
        assert_eq!((given.len(), stored.len()), (STUDENTS, STUDENTS));
        for (who, student) in class.iter().enumerate() {
            let option = (who + place) % 3;
            let answer = stored.get(&student.id()?.get()).copied();
            assert_eq!(answer, Some(&Answer::One { option }), "{who} at {place}");
        }
    }
    let messages = tutor.in_channel(THREAD).messages().await?;
    let public: Vec<&MessageView> = messages
        .iter()
        .filter(|message| !message.is_ephemeral() && message.failure().is_none())
        .collect();
    let numbers: Vec<usize> = public
        .iter()
        .filter_map(|message| number(message))
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "each question is there once");
    let boards = public
        .iter()
        .filter(|message| message.text().contains("Final board"));
    assert_eq!(boards.count(), 1);
    // Each message shows how its question ended.
    for message in public.iter().filter(|message| number(message).is_some()) {
        assert!(
            message.text().contains("How it was answered"),
            "{}",
            message.text()
        );
        assert!(message.button("Next question").is_none());
    }
    Ok(())
}
