//! What may happen on the way of a session: answers that come too late, a pause, a restart, a timer,
//! two sessions beside each other, two tutors at once, somebody of another server.

use std::time::SystemTime;

use anyhow::{Context, Result};
use mirage::atlas::{Filter, Query, Request};
use mirage::quiz::{Grid, Task};
use mirage::store::quiz::{NewSession, SessionId, Started};
use mirage_tests::{Bot, SOON, starter_atlas};

use super::{approved, item, open, press, question, set, single, start, step, told};
use crate::find::custom_id;

#[tokio::test]
async fn answers_after_the_reveal_and_after_the_end_are_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let atlas = starter_atlas().await?;
    let request = Request {
        query: Query::Text("brain thalamus axial".to_owned()),
        filter: Filter::default(),
        offset: 0,
        limit: 1,
    };
    let entry = atlas.search(&request).await?.hits;
    let entry = entry
        .first()
        .context("the atlas has brains")?
        .entry
        .id
        .clone();
    let mut points = Vec::new();
    for stem in ["Where is the thalamus?", "Where is it now?"] {
        let mut point = item(
            stem,
            Task::Point {
                target: "thalamus".to_owned(),
                boxes: vec![[42.0, 42.0, 58.0, 58.0]],
                grid: Grid::default(),
            },
        );
        point.pictures = vec![entry.clone()];
        point.alt = vec!["An axial cut of a brain.".to_owned()];
        points.push(point);
    }
    set(bot.store()?, server, "Points", &points).await?;
    start(&bot.server, "Points").await?;
    let (ada, noor) = (bot.server.actor("ada"), bot.server.actor("noor"));
    let tutor = bot.server.actor("tutor");
    let first = open(&bot.server, "Points", 1).await?;
    let picture = first.attachments().pop().context("no picture")?;
    let alt = picture.description.context("no alt text")?;
    assert!(
        alt.contains("columns A to E") && !alt.contains("Framed"),
        "{alt}"
    );
    assert!(
        !picture.filename.contains("thalamus"),
        "{}",
        picture.filename
    );
    // Each opens the cells before the reveal; one of them is too late.
    let cells = press(&ada, &first, "Choose a cell").await?;
    assert_eq!(cells.buttons().len(), 25);
    let late = press(&noor, &first, "Choose a cell").await?;
    let chosen = ada.press(&cells, &custom_id(&cells, "C3")?).await?;
    let chosen = chosen.edited(SOON).await?;
    assert!(chosen.content().contains("**C3**"), "{}", chosen.text());
    step(&tutor, &first, "Reveal").await?;
    let shown = told(&bot.server, "Points", 1).await?;
    assert!(
        shown.text().contains("1 answer, 1 right"),
        "{}",
        shown.text()
    );
    let framed = shown
        .attachments()
        .into_iter()
        .next()
        .context("no picture")?;
    assert!(
        framed
            .description
            .unwrap_or_default()
            .contains("Framed: C3.")
    );
    let refused = noor.press(&late, &custom_id(&late, "C3")?).await?;
    let refused = refused.follow_up(SOON).await?;
    assert!(
        refused
            .content()
            .starts_with("This question takes no more answers."),
        "{}",
        refused.text()
    );
    step(&tutor, &shown, "Next question").await?;
    let second = open(&bot.server, "Points", 2).await?;
    let ended = press(&noor, &second, "Choose a cell").await?;
    step(&tutor, &second, "End session").await?;
    bot.server
        .wait_for_message("Points", SOON, |message| {
            message.text().contains("Final board")
        })
        .await?;
    let refused = noor.press(&ended, &custom_id(&ended, "A1")?).await?;
    let refused = refused.follow_up(SOON).await?;
    assert!(
        refused.content().starts_with("This session has ended."),
        "{}",
        refused.text()
    );
    // The question that was open at the end doesn't count.
    let only = SessionId::parse("1").context("a number")?;
    let (board, questions) = bot.store()?.quiz_board(only).await?;
    assert_eq!((board.len(), questions), (1, 1));
    bot.finish().await
}

#[tokio::test]
async fn a_session_is_paused_goes_on_after_a_restart_and_closes_by_its_timer() -> Result<()> {
    let mut bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let items = [single("First?", 0), single("Second?", 1)];
    set(bot.store()?, server, "Timed", &items).await?;
    let tutor = bot.server.actor("tutor");
    let call = tutor.command("quiz start").option("set", "Timed");
    let call = call.option("timer", 12).option("anonymous", true);
    call.send().await?.reply(SOON).await?;
    let first = open(&bot.server, "Timed", 1).await?;
    assert!(
        first.content().contains("It closes <t:"),
        "{}",
        first.content()
    );
    assert!(first.content().contains("Nobody is named"));
    step(&tutor, &first, "Pause").await?;
    let paused = question(&bot.server, "Timed", 1, |message| {
        message.button("Resume").is_some()
    });
    let paused = paused.await?;
    assert!(paused.button("A. axial").is_none());
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    // Somebody else leads on: who began it may have left.
    bot.run().await?;
    let admin = bot.server.actor("admin");
    step(&admin, &paused, "Resume").await?;
    let resumed = open(&bot.server, "Timed", 1).await?;
    let ada = bot.server.actor("ada");
    let answer = press(&ada, &resumed, "A. axial").await?;
    assert!(
        answer.buttons().is_empty(),
        "nobody is named, so nothing is hidden"
    );
    // Nobody reveals: its time runs out.
    let shown = told(&bot.server, "Timed", 1).await?;
    assert!(
        shown.text().contains("1 answer, 1 right"),
        "{}",
        shown.text()
    );
    step(&admin, &shown, "Next question").await?;
    let second = open(&bot.server, "Timed", 2).await?;
    step(&admin, &second, "Skip").await?;
    let board = bot.server.wait_for_message("Timed", SOON, |message| {
        message.text().contains("Final board")
    });
    let board = board.await?;
    assert!(
        board.text().contains("a member without a name: 1 of 1"),
        "{}",
        board.text()
    );
    assert!(board.button("Hide my name").is_none());
    bot.finish().await
}

#[tokio::test]
async fn two_sessions_run_beside_each_other_and_one_channel_has_one() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    set(bot.store()?, server, "One", &[single("One?", 0)]).await?;
    set(bot.store()?, server, "Two", &[single("Two?", 1)]).await?;
    start(&bot.server, "One").await?;
    let (ada, tutor) = (bot.server.actor("ada"), bot.server.actor("tutor"));
    // The other one in a thread of another channel.
    let imaging = bot.server.channel_id("imaging")?.to_string();
    let call = tutor.command("quiz start").option("set", "Two");
    let elsewhere = call.option("channel", imaging).send().await?;
    let elsewhere = elsewhere.reply(SOON).await?;
    assert!(
        elsewhere.content().contains("has begun"),
        "{}",
        elsewhere.text()
    );
    let (one, two) = (
        open(&bot.server, "One", 1).await?,
        open(&bot.server, "Two", 1).await?,
    );
    press(&ada, &one, "A. axial").await?;
    press(&ada, &two, "A. axial").await?;
    step(&tutor, &one, "Reveal").await?;
    assert!(
        told(&bot.server, "One", 1)
            .await?
            .text()
            .contains("1 right")
    );
    let changed = press(&ada, &two, "B. coronal").await?;
    assert!(changed.content().starts_with("Your answer is now"));
    let inside = tutor.in_channel("One");
    let call = inside.command("quiz start").option("set", "Two");
    let busy = call.send().await?.reply(SOON).await?;
    assert!(
        busy.content().starts_with("Session 1 is under way"),
        "{}",
        busy.text()
    );
    // Two tutors reveal at once: the question is revealed once, and both go on.
    let id = custom_id(&two, "Reveal")?;
    let admin = bot.server.actor("admin");
    let (first, second) = (tutor.press(&two, &id).await?, admin.press(&two, &id).await?);
    told(&bot.server, "Two", 1).await?;
    let refused = tokio::select! {
        refused = first.follow_up(SOON) => refused?,
        refused = second.follow_up(SOON) => refused?,
    };
    let said = refused.content();
    assert!(said.starts_with("Somebody else was faster"), "{said}");
    bot.finish().await
}

#[tokio::test]
async fn a_student_of_another_server_can_not_answer() -> Result<()> {
    let bot = Bot::start().await?;
    let elsewhere = 4_711;
    let store = bot.store()?;
    let ids = approved(store, elsewhere, &[single("Elsewhere?", 0)]).await?;
    // A session of another server whose question stands here: its buttons work there alone.
    let new = NewSession {
        server: elsewhere,
        channel: bot.server.channel_id("general")?.get(),
        title: "Elsewhere",
        items: &ids,
        timer: None,
        anonymous: false,
        by: 1,
    };
    let started = store.start_quiz_session(&new, SystemTime::now()).await?;
    let Started::Session(session) = started else {
        anyhow::bail!("{started:?}");
    };
    let asked = open(&bot.server, "general", 1).await?;
    let (ada, tutor) = (bot.server.actor("ada"), bot.server.actor("tutor"));
    let refused = press(&ada, &asked, "A. axial").await?;
    let said = "This server has no such quiz session.";
    assert_eq!(refused.content(), said);
    let id = custom_id(&asked, "Reveal")?;
    let refused = tutor.press(&asked, &id).await?.follow_up(SOON).await?;
    assert_eq!(refused.content(), said);
    assert_eq!(store.count_quiz_answers(session.id, 0).await?, (0, 0));
    bot.finish().await
}
