//! Long jobs as a class and its tutor see them: places, progress, cancelling, results after a
//! restart, and results that have nowhere to go.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use mirage::engine::Caller;
use mirage::store::jobs::{JobId, Limits, NewJob};
use mirage_playground::{ManualClock, MessageView, Options};
use mirage_tests::{Bot, SOON};
use tempfile::TempDir;

use crate::find::{custom_id, find};
use crate::ingest::{atlas_uri, collection, empty_atlas};

/// A bot on an atlas of its own, with a collection that a tutor can import. It doesn't run yet.
async fn prepared(options: Options, pictures: u32) -> Result<(TempDir, Bot)> {
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let bot = Bot::prepared(&atlas_uri(folder.path()), options).await?;
    let patterns = bot.imports().join("patterns");
    std::fs::create_dir(&patterns)?;
    collection(&patterns, pictures)?;
    Ok((folder, bot))
}

async fn import(bot: &Bot) -> Result<mirage_playground::InteractionHandle> {
    let call = bot.server.actor("sam").command("atlas import");
    Ok(call.option("collection", "patterns").send().await?)
}

/// A job of somebody in the class, which nobody works on.
async fn waiting_job(bot: &Bot, person: &str) -> Result<JobId> {
    let user = bot.server.actor(person).id()?;
    let job = NewJob {
        kind: "import",
        request: "{}".to_owned(),
        title: format!("Import for {person}"),
        caller: Caller::new(user.get(), bot.server.guild_id().get()),
        size: 1,
        cost: Duration::from_secs(20),
        reply: None,
    };
    let accepted = bot
        .store()?
        .enqueue(&job, Limits::default(), SystemTime::now());
    accepted
        .await?
        .map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
}

fn mentions(bot: &Bot, message: &MessageView, person: &str) -> Result<bool> {
    let mention = format!("<@{}>", bot.server.actor(person).id()?);
    Ok(message.content().starts_with(&mention))
}

/// Waits until every job was answered for.
async fn until_nothing_is_owed(bot: &Bot) -> Result<()> {
    let looking = async {
        while !bot.store()?.deliveries().await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, looking)
        .await
        .context("an answer is owed still")?
}

#[tokio::test]
async fn a_tutor_imports_a_collection_and_a_student_finds_it() -> Result<()> {
    let (_folder, mut bot) = prepared(Options::default(), 6).await?;
    bot.run().await?;
    let names = bot
        .server
        .actor("sam")
        .autocomplete("atlas import", "collection", "pat")
        .await?;
    assert_eq!(names.len(), 1);
    let asked = import(&bot).await?;
    let told = asked
        .edited_until(SOON, |message| message.content().contains("done."))
        .await?;
    assert!(
        told.content().contains("6 rows read, 6 added"),
        "{}",
        told.content()
    );
    assert!(told.buttons().is_empty(), "nothing is left to cancel");
    let answer = find(&bot, "ada", "Pattern 3").await?;
    assert_eq!(answer.embeds().len(), 5, "{}", answer.text());
    bot.finish().await
}

#[tokio::test]
async fn only_a_tutor_may_change_the_atlas_and_only_from_the_folder() -> Result<()> {
    let (_folder, mut bot) = prepared(Options::default(), 1).await?;
    bot.run().await?;
    let call = bot.server.actor("ada").command("atlas import");
    assert!(call.option("collection", "patterns").send().await.is_err());
    let call = bot.server.actor("sam").command("atlas import");
    let asked = call.option("collection", "../patterns").send().await?;
    let told = asked.reply(SOON).await?;
    assert!(
        told.content().starts_with("There is no such collection"),
        "{}",
        told.content()
    );
    bot.finish().await
}

#[tokio::test]
async fn a_place_is_told_within_a_second_and_a_limit_says_when_to_come_back() -> Result<()> {
    let (_folder, mut bot) = prepared(Options::default(), 1).await?;
    bot.works = false;
    bot.run().await?;
    waiting_job(&bot, "noor").await?;
    let started = std::time::Instant::now();
    let first = import(&bot).await?.reply(SOON).await?;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(
        first.content().contains("queued, 2nd, about 20 s"),
        "{}",
        first.content()
    );
    assert!(first.button("Cancel").is_some());
    let second = import(&bot).await?.reply(SOON).await?;
    assert!(
        second.content().contains("queued, 3rd"),
        "{}",
        second.content()
    );
    let third = import(&bot).await?.reply(SOON).await?;
    assert!(
        third.content().starts_with("You have 2 jobs"),
        "{}",
        third.content()
    );
    assert!(
        third.content().contains("Try again in about"),
        "{}",
        third.content()
    );
    bot.finish().await
}

#[tokio::test]
async fn the_person_and_a_tutor_can_cancel_and_nobody_else() -> Result<()> {
    let (_folder, mut bot) = prepared(Options::default(), 1).await?;
    bot.works = false;
    bot.run().await?;
    let asked = import(&bot).await?;
    let told = asked.reply(SOON).await?;
    let cancel = custom_id(&told, "Cancel")?;
    let refused = bot.server.actor("ada").press(&told, &cancel).await?;
    let refused = refused.follow_up(SOON).await?;
    assert!(refused.is_ephemeral());
    assert!(
        refused.content().starts_with("Only the person"),
        "{}",
        refused.content()
    );
    bot.server.actor("sam").press(&told, &cancel).await?;
    let ended = asked
        .edited_until(SOON, |message| message.content().contains("cancelled."))
        .await?;
    assert!(
        ended.content().contains("by the person who asked"),
        "{}",
        ended.content()
    );
    assert!(ended.buttons().is_empty());
    let noors = waiting_job(&bot, "noor").await?;
    let adas = waiting_job(&bot, "ada").await?;
    let list = |person: &'static str| {
        let call = bot.server.actor(person).command("queue");
        async move { anyhow::Ok(call.send().await?.reply(SOON).await?) }
    };
    let own = list("ada").await?;
    assert!(own.is_ephemeral());
    assert!(
        own.content().contains(&format!("Job {adas}, yours")),
        "{}",
        own.content()
    );
    assert!(
        own.content().contains(&format!("Job {noors}")),
        "{}",
        own.content()
    );
    assert!(
        !own.content().contains("Import for noor"),
        "{}",
        own.content()
    );
    assert_eq!(own.buttons().len(), 1);
    let tutors = list("sam").await?;
    assert_eq!(tutors.buttons().len(), 2);
    let label = format!("Cancel job {noors}");
    let press = bot
        .server
        .actor("sam")
        .press(&tutors, &custom_id(&tutors, &label)?)
        .await?;
    let left = press.edited(SOON).await?;
    assert!(
        !left.content().contains(&format!("Job {noors}")),
        "{}",
        left.content()
    );
    let job = bot.store()?.job(noors).await?.context("it is kept")?;
    assert_eq!(job.outcome.as_deref(), Some("Cancelled by a tutor."));
    bot.finish().await
}

#[tokio::test]
async fn a_job_that_was_accepted_before_a_restart_is_done_after_it() -> Result<()> {
    let (_folder, mut bot) = prepared(Options::default(), 3).await?;
    bot.works = false;
    bot.run().await?;
    let asked = import(&bot).await?;
    asked
        .edited_until(SOON, |message| message.content().contains("queued"))
        .await?;
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.works = true;
    bot.run().await?;
    let told = asked
        .edited_until(SOON, |message| message.content().contains("done."))
        .await?;
    assert!(told.content().contains("3 added"), "{}", told.content());
    until_nothing_is_owed(&bot).await?;
    bot.finish().await
}

#[tokio::test]
async fn a_result_that_comes_after_a_quarter_of_an_hour_mentions_its_person() -> Result<()> {
    let clock = ManualClock::new();
    let options = Options {
        clock: clock.clone().into(),
        ..Options::default()
    };
    let (_folder, mut bot) = prepared(options, 2).await?;
    bot.works = false;
    bot.run().await?;
    let asked = import(&bot).await?;
    asked
        .edited_until(SOON, |message| message.content().contains("queued"))
        .await?;
    bot.stop().await?;
    clock.advance(Duration::from_secs(16 * 60));
    bot.works = true;
    bot.run().await?;
    let told = bot
        .server
        .wait_for_message("general", SOON, |message| {
            message.content().contains("done.")
        })
        .await?;
    assert!(mentions(&bot, &told, "sam")?, "{}", told.content());
    // It is told once: nothing is owed any more.
    until_nothing_is_owed(&bot).await?;
    let messages = bot.server.actor("sam").messages().await?;
    let told = messages
        .iter()
        .filter(|message| message.content().contains("done."));
    assert_eq!(told.count(), 1);
    bot.stop().await
}

#[tokio::test]
async fn a_result_that_may_not_be_posted_waits_in_the_queue_for_its_person() -> Result<()> {
    let clock = ManualClock::new();
    let options = Options {
        clock: clock.clone().into(),
        ..Options::default()
    };
    let (_folder, mut bot) = prepared(options, 2).await?;
    bot.works = false;
    bot.run().await?;
    let asked = import(&bot).await?;
    asked
        .edited_until(SOON, |message| message.content().contains("queued"))
        .await?;
    bot.stop().await?;
    clock.advance(Duration::from_secs(16 * 60));
    bot.server.forbid_bot_to_post("general")?;
    bot.works = true;
    bot.run().await?;
    until_nothing_is_owed(&bot).await?;
    let list = async || {
        let call = bot.server.actor("sam").command("queue");
        anyhow::Ok(call.send().await?.reply(SOON).await?)
    };
    let first = list().await?;
    assert!(
        first.content().contains("Results that waited for you"),
        "{}",
        first.content()
    );
    assert!(first.content().contains("2 added"), "{}", first.content());
    // It is noted as seen a moment after it was shown.
    let gone = async {
        while list().await?.content().contains("Results that waited") {}
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, gone)
        .await
        .context("it is shown again and again")??;
    bot.stop().await
}

#[tokio::test]
async fn a_class_of_thirty_that_asks_at_once_is_answered() -> Result<()> {
    let bot = Bot::start().await?;
    let mut class = Vec::new();
    for number in 1..=30 {
        class.push(bot.server.add_member(&format!("Student {number}"))?);
    }
    let asked = class
        .iter()
        .enumerate()
        .map(|(number, student)| async move {
            let query = ["chest X-ray", "brain MRI", "shoulder", "abdomen CT"][number % 4];
            let call = student
                .command("find")
                .option("query", query)
                .option("k", 1);
            anyhow::Ok(call.send().await?.reply(SOON).await?)
        });
    for answer in futures::future::try_join_all(asked).await? {
        assert_eq!(answer.embeds().len(), 1, "{}", answer.text());
    }
    bot.finish().await
}
