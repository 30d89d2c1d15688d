//! `/quiz` as tutors and students use it: drafts, review, sessions, practice, and what must not
//! happen in any of them.

mod bank;
mod compared;
mod course;
mod crowd;
mod killed;
mod practice;
mod refused;
mod review;
mod session;

use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use mirage::quiz::{Item, Task};
use mirage::store::Store;
use mirage::store::quiz::{Added, Decided, Decision, ItemId, Saved};
use mirage_playground::{Actor, MessageView, Server};
use mirage_tests::{Bot, SOON};

use crate::find::custom_id;

/// A question without pictures.
fn item(stem: &str, task: Task) -> Item {
    Item {
        stem: stem.to_owned(),
        task,
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale: format!("The reason for: {stem}"),
        citations: Vec::new(),
        sources: Vec::new(),
        topic: "planes".to_owned(),
        expected: 0.5,
    }
}

/// A single choice of three.
fn single(stem: &str, key: usize) -> Item {
    let options = ["axial", "coronal", "sagittal"].map(str::to_owned).to_vec();
    item(stem, Task::SingleChoice { options, key })
}

/// Adds questions to a server's bank as somebody's, and approves them.
async fn approved(store: &Store, server: u64, items: &[Item]) -> Result<Vec<ItemId>> {
    let now = SystemTime::now();
    let added = store.add_quiz_items(server, 1, items, "draft", now).await?;
    let mut ids = Vec::new();
    for added in added {
        let Added::New(id) = added else {
            bail!("{added:?}");
        };
        let stored = store.quiz_item(server, id).await?.context("it is there")?;
        let named = (server, id, stored.revision);
        let decided = store
            .decide_quiz_item(named, Decision::Approve, 1, "", now)
            .await?;
        ensure!(matches!(decided, Decided::Done(_)), "{decided:?}");
        ids.push(id);
    }
    Ok(ids)
}

/// The same as a set.
async fn set(store: &Store, server: u64, name: &str, items: &[Item]) -> Result<Vec<ItemId>> {
    let ids = approved(store, server, items).await?;
    let now = SystemTime::now();
    let saved = store.save_quiz_set(server, name, &ids, 1, now).await?;
    ensure!(saved == Saved::Done, "{saved:?}");
    Ok(ids)
}

/// Starts a session as the tutor; its thread has the name of the set. The answer comes back.
async fn start(server: &Server, set: &str) -> Result<String> {
    let tutor = server.actor("tutor");
    let call = tutor.command("quiz start").option("set", set);
    let answer = call.send().await?.reply(SOON).await?;
    ensure!(answer.is_ephemeral(), "{}", answer.text());
    let content = answer.content().to_owned();
    ensure!(content.contains(" has begun in "), "{content}");
    Ok(content)
}

/// The number of a question's message, from 1; nothing for other messages.
fn number(message: &MessageView) -> Option<usize> {
    let title = message.embeds().first()?["title"].as_str()?;
    let number = title.strip_prefix("Question ")?.split(' ').next()?;
    number.parse().ok()
}

/// The message of a question once it is so.
async fn question(
    server: &Server,
    thread: &str,
    wanted: usize,
    is_so: impl Fn(&MessageView) -> bool,
) -> Result<MessageView> {
    let message = server.wait_for_message(thread, SOON, |message| {
        number(message) == Some(wanted) && is_so(message)
    });
    Ok(message.await?)
}

/// The message of an open question.
async fn open(server: &Server, thread: &str, wanted: usize) -> Result<MessageView> {
    question(server, thread, wanted, |message| {
        message.button("Reveal").is_some()
    })
    .await
}

/// The message of a question whose answer is told.
async fn told(server: &Server, thread: &str, wanted: usize) -> Result<MessageView> {
    question(server, thread, wanted, |message| {
        message.text().contains("How it was answered")
    })
    .await
}

/// Presses a button that shows something to who presses alone, and returns that.
async fn press(actor: &Actor, message: &MessageView, label: &str) -> Result<MessageView> {
    let pressed = actor.press(message, &custom_id(message, label)?).await?;
    let reply = pressed.reply(SOON).await?;
    ensure!(reply.is_ephemeral(), "{}", reply.text());
    Ok(reply)
}

/// The same for a button whose effect others show.
async fn step(actor: &Actor, message: &MessageView, label: &str) -> Result<()> {
    let pressed = actor.press(message, &custom_id(message, label)?).await?;
    pressed.next_state(SOON).await?;
    Ok(())
}

/// A session of one question from its start to its board: for checks of everything that is sent.
pub(crate) async fn brief(bot: &Bot) -> Result<()> {
    let server = bot.server.guild_id().get();
    set(bot.store()?, server, "Brief", &[single("Which plane?", 0)]).await?;
    start(&bot.server, "Brief").await?;
    let asked = open(&bot.server, "Brief", 1).await?;
    press(&bot.server.actor("ada"), &asked, "A. axial").await?;
    let tutor = bot.server.actor("tutor");
    step(&tutor, &asked, "Reveal").await?;
    let shown = told(&bot.server, "Brief", 1).await?;
    step(&tutor, &shown, "Finish").await?;
    bot.server
        .wait_for_message("Brief", SOON, |message| {
            message.text().contains("Final board")
        })
        .await?;
    Ok(())
}
