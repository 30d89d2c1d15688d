//! Practice alone: what was missed comes back, and nothing that nobody approved is ever shown.

use std::time::SystemTime;

use anyhow::{Context, Result};
use mirage::quiz::Task;
use mirage_playground::MessageView;
use mirage_tests::{Bot, SOON};
use sqlx::sqlite::SqliteConnectOptions;

use super::{approved, item, press, single};
use crate::explain::{explained, whole};
use crate::find::custom_id;

async fn practice(bot: &Bot, command: &str, options: &[(&str, &str)]) -> Result<MessageView> {
    let mut call = bot.server.actor("ada").command(command);
    for (name, value) in options {
        call = call.option(name, *value);
    }
    let answer = call.send().await?.reply(SOON).await?;
    assert!(answer.is_ephemeral(), "{}", answer.text());
    Ok(answer)
}

/// Presses a button of one's own message, which is edited.
async fn turn(bot: &Bot, message: &MessageView, label: &str) -> Result<MessageView> {
    let ada = bot.server.actor("ada");
    let pressed = ada.press(message, &custom_id(message, label)?).await?;
    Ok(pressed.edited(SOON).await?)
}

#[tokio::test]
async fn what_was_missed_comes_back_and_what_was_known_does_not() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let items = [
        single("Which plane is first?", 0),
        single("Which plane is second?", 1),
    ];
    approved(bot.store()?, server, &items).await?;
    let first = practice(&bot, "quiz practice", &[]).await?;
    assert!(
        first.content().starts_with("0 due, 2 new."),
        "{}",
        first.text()
    );
    assert!(first.text().contains("Which plane is first?"));
    assert!(!first.text().contains("The reason"), "{}", first.text());
    let missed = turn(&bot, &first, "C. sagittal").await?;
    assert!(
        missed.content().starts_with("**Not right.**"),
        "{}",
        missed.text()
    );
    assert!(
        missed
            .text()
            .contains("The reason for: Which plane is first?")
    );
    let second = turn(&bot, &missed, "Next question").await?;
    assert!(second.text().contains("Which plane is second?"));
    let known = turn(&bot, &second, "B. coronal").await?;
    assert!(
        known.content().starts_with("**Right.**"),
        "{}",
        known.text()
    );
    let nothing = turn(&bot, &known, "Next question").await?;
    assert!(
        nothing.content().starts_with("Nothing is due"),
        "{}",
        nothing.text()
    );

    // Ten minutes go by: the card of the one that was missed is due, the other isn't for days.
    let options = SqliteConnectOptions::new().filename(bot.database());
    let pool = sqlx::SqlitePool::connect_with(options).await?;
    let minutes = 11 * 60 * 1_000;
    sqlx::query("UPDATE quiz_cards SET due_ms = due_ms - ?, last_ms = last_ms - ?")
        .bind(minutes)
        .bind(minutes)
        .execute(&pool)
        .await?;
    let back = practice(&bot, "quiz practice", &[]).await?;
    assert!(
        back.content().starts_with("1 due, 0 new."),
        "{}",
        back.text()
    );
    assert!(
        back.text().contains("Which plane is first?"),
        "{}",
        back.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn two_presses_at_once_are_one_answer() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    approved(bot.store()?, server, &[single("Which plane?", 0)]).await?;
    let asked = practice(&bot, "quiz practice", &[]).await?;
    let ada = bot.server.actor("ada");
    let one = ada.press(&asked, &custom_id(&asked, "A. axial")?).await?;
    let other = ada.press(&asked, &custom_id(&asked, "B. coronal")?).await?;
    one.edited(SOON).await?;
    other.edited(SOON).await?;
    let data = bot.store()?.quiz_data_of_user(ada.id()?.get()).await?;
    assert_eq!(data.practice.len(), 1);
    bot.finish().await
}

#[tokio::test]
async fn a_topic_has_its_approved_questions_alone_and_a_streak_is_asked_for() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let store = bot.store()?;
    let statement = item("The knee is shown.", Task::TrueFalse { key: true });
    approved(store, server, &[statement]).await?;
    let draft = [single("A draft about the elbow?", 0)];
    store
        .add_quiz_items(server, 1, &draft, "draft", SystemTime::now())
        .await?;
    let knee = practice(&bot, "quiz me", &[("topic", "knee")]).await?;
    assert!(
        knee.text().contains("The knee is shown."),
        "{}",
        knee.text()
    );
    let answer = turn(&bot, &knee, "True").await?;
    assert!(
        answer.content().starts_with("**Right.**"),
        "{}",
        answer.text()
    );
    let nothing = turn(&bot, &answer, "Next question").await?;
    assert!(nothing.content().contains("no approved question about"));
    for words in ["elbow", "draft"] {
        let none = practice(&bot, "quiz me", &[("topic", words)]).await?;
        assert!(none.embeds().is_empty(), "{}", none.text());
        assert!(none.content().contains("no approved question about"));
    }
    let quiet = practice(&bot, "quiz practice", &[]).await?;
    assert!(!quiet.text().contains("in a row"), "{}", quiet.text());
    approved(store, server, &[single("A new one?", 0)]).await?;
    let ada = bot.server.actor("ada");
    let call = ada.command("quiz practice").option("streak", true);
    let counted = call.send().await?.reply(SOON).await?;
    let said = "You have practised 1 day in a row.";
    assert!(counted.content().ends_with(said), "{}", counted.text());
    bot.finish().await
}

#[tokio::test]
async fn a_question_that_was_retired_meanwhile_is_not_practised() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let store = bot.store()?;
    let ids = approved(store, server, &[single("Which plane?", 0)]).await?;
    let asked = practice(&bot, "quiz practice", &[]).await?;
    let tutor = bot.server.actor("tutor");
    let browsed = tutor
        .command("quiz bank browse")
        .send()
        .await?
        .reply(SOON)
        .await?;
    let menu = browsed.selects().pop().context("no menu")?;
    let id = ids[0].to_string();
    let opened = tutor.select(&browsed, &menu.custom_id, &[&id]).await?;
    let opened = opened.reply(SOON).await?;
    let retired = tutor.press(&opened, &custom_id(&opened, "Retire")?).await?;
    let retired = retired.edited(SOON).await?;
    assert!(
        retired.content().contains("was retired by"),
        "{}",
        retired.text()
    );
    let ada = bot.server.actor("ada");
    let late = ada.press(&asked, &custom_id(&asked, "A. axial")?).await?;
    let late = late.follow_up(SOON).await?;
    assert!(
        late.content()
            .starts_with("This question is no longer practised")
    );
    bot.finish().await
}

#[tokio::test]
async fn a_right_answer_that_was_easy_comes_back_later() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let items = [single("Which plane is first?", 0), single("Second?", 1)];
    let ids = approved(bot.store()?, server, &items).await?;
    let ada = bot.server.actor("ada").id()?.get();
    let due = async || -> Result<i64> {
        let now = SystemTime::now();
        let card = bot.store()?.quiz_card(ada, server, ids[0], now).await?;
        Ok(card.context("it is approved")?.card.due_ms)
    };
    let asked = practice(&bot, "quiz practice", &[]).await?;
    let known = turn(&bot, &asked, "A. axial").await?;
    let before = due().await?;
    let easy = turn(&bot, &known, "It was easy").await?;
    assert!(
        easy.content().starts_with("**Right,** and easy for you."),
        "{}",
        easy.text()
    );
    assert!(easy.text().contains("The reason for"), "its answer stays");
    assert!(easy.button("It was easy").is_none());
    assert!(due().await? > before);
    let second = turn(&bot, &easy, "Next question").await?;
    let missed = turn(&bot, &second, "A. axial").await?;
    assert!(missed.content().starts_with("**Not right.**"));
    assert!(missed.button("It was easy").is_none(), "{}", missed.text());
    bot.finish().await
}

#[tokio::test]
async fn an_explanation_leads_on_to_approved_questions_about_its_topic() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let (ada, noor) = (bot.server.actor("ada"), bot.server.actor("noor"));
    let answer = explained(&bot, "ada", &[("topic", "fourth ventricle")]).await?;
    let store = bot.store()?;
    let draft = [single("A draft of the fourth ventricle?", 0)];
    store
        .add_quiz_items(server, 1, &draft, "draft", SystemTime::now())
        .await?;
    let none = press(&ada, &answer, "Quiz me").await?;
    assert!(none.embeds().is_empty(), "{}", none.text());
    assert!(
        none.content().contains("no approved question about")
            && none.content().contains("fourth ventricle"),
        "{}",
        none.text()
    );
    let items = [
        item("The knee is shown.", Task::TrueFalse { key: true }),
        item(
            "The fourth ventricle is shown.",
            Task::TrueFalse { key: true },
        ),
    ];
    approved(store, server, &items).await?;
    // Anybody may go on, in private.
    for actor in [&ada, &noor] {
        let asked = press(actor, &answer, "Quiz me").await?;
        assert!(
            asked.text().contains("The fourth ventricle is shown."),
            "{}",
            asked.text()
        );
        let told = actor.press(&asked, &custom_id(&asked, "True")?).await?;
        let told = told.edited(SOON).await?;
        assert!(told.content().starts_with("**Right.**"), "{}", told.text());
    }
    let direct = ada.in_direct().command("explain");
    let direct = direct.option("topic", "fourth ventricle").send().await?;
    let direct = whole(&direct).await?;
    assert!(direct.button("Simpler").is_some());
    assert!(
        direct.button("Quiz me").is_none(),
        "quizzes belong to a server"
    );
    bot.finish().await
}
