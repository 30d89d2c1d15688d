//! What can't be done is told in one plain sentence: bad input, missing rights, an empty atlas.

use anyhow::Result;
use mirage_playground::{MessageView, Options};
use mirage_tests::{Bot, SOON};
use serde_json::Value;

use super::{approved, press, single};
use crate::find::custom_id;
use crate::ingest::{atlas_uri, empty_atlas};

/// The answer to a command, which is for who gave it alone.
async fn said(
    bot: &Bot,
    actor: &str,
    command: &str,
    options: &[(&str, Value)],
) -> Result<MessageView> {
    let mut call = bot.server.actor(actor).command(command);
    for (name, value) in options {
        call = call.option(name, value.clone());
    }
    let answer = call.send().await?.reply(SOON).await?;
    assert!(answer.is_ephemeral(), "{}", answer.text());
    assert!(answer.embeds().is_empty(), "{}", answer.text());
    Ok(answer)
}

#[tokio::test]
async fn a_session_that_can_not_begin_says_why_and_leaves_no_thread() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let store = bot.store()?;
    let ids = approved(store, server, &[single("Which plane?", 0)]).await?;
    let now = std::time::SystemTime::now();
    store.save_quiz_set(server, "Planes", &ids, 1, now).await?;
    let planes = || ("set", Value::from("Planes"));
    for timer in [0, 4, 3_601] {
        let options = [planes(), ("timer", Value::from(timer))];
        let answer = said(&bot, "tutor", "quiz start", &options).await?;
        let expected = "Give each question 5 to 3600 seconds";
        assert!(answer.content().starts_with(expected), "{}", answer.text());
    }
    let options = [("set", Value::from("Nothing"))];
    let answer = said(&bot, "tutor", "quiz start", &options).await?;
    assert!(
        answer.content().starts_with("This server has no set"),
        "{}",
        answer.text()
    );
    let answer = said(&bot, "student", "quiz start", &[planes()]).await?;
    assert!(
        answer.content().starts_with("Only a tutor"),
        "{}",
        answer.text()
    );
    // A draft is never asked: an edit makes a question one again.
    let drafts = [single("A draft?", 1)];
    let added = store
        .add_quiz_items(server, 1, &drafts, "draft", now)
        .await?;
    let mirage::store::quiz::Added::New(draft) = added[0] else {
        anyhow::bail!("{added:?}");
    };
    store
        .save_quiz_set(server, "Drafts", &[draft], 1, now)
        .await?;
    let options = [("set", Value::from("Drafts"))];
    let answer = said(&bot, "tutor", "quiz start", &options).await?;
    assert!(
        answer.content().starts_with("No question of the set"),
        "{}",
        answer.text()
    );
    for name in ["Planes", "Drafts", "Nothing"] {
        assert!(
            bot.server.channel_id(name).is_err(),
            "no thread was opened for {name}"
        );
    }
    bot.server.deny_bot_permissions("general", 1 << 35)?;
    let answer = said(&bot, "tutor", "quiz start", &[planes()]).await?;
    assert!(
        answer
            .content()
            .starts_with("Mirage may not open threads in <#"),
        "{}",
        answer.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn drafts_that_can_not_be_drafted_say_why() -> Result<()> {
    let bot = Bot::start().await?;
    let brain = || ("topic", Value::from("brain"));
    for count in [-1, 0, 1_000] {
        let options = [brain(), ("count", Value::from(count))];
        let answer = said(&bot, "tutor", "quiz draft", &options).await?;
        assert!(
            !answer.content().starts_with("Something went wrong"),
            "{}",
            answer.text()
        );
        assert!(
            !answer.content().starts_with("Drafted"),
            "{count}: {}",
            answer.text()
        );
    }
    let options = [brain(), ("types", Value::from("essay"))];
    let answer = said(&bot, "tutor", "quiz draft", &options).await?;
    assert!(
        answer.content().starts_with("There is no kind “"),
        "{}",
        answer.text()
    );
    let options = [("topic", Value::from("zzzxqy wvutsr"))];
    let answer = said(&bot, "tutor", "quiz draft", &options).await?;
    assert!(
        !answer.content().starts_with("Something went wrong"),
        "{}",
        answer.text()
    );
    assert!(
        !answer.content().starts_with("Drafted"),
        "{}",
        answer.text()
    );
    let answer = said(&bot, "student", "quiz draft", &[brain()]).await?;
    assert!(
        answer.content().starts_with("Only a tutor"),
        "{}",
        answer.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn an_empty_atlas_drafts_nothing_and_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let bot = Bot::start_on(&atlas_uri(folder.path()), Options::default()).await?;
    let options = [("topic", Value::from("brain"))];
    let answer = said(&bot, "tutor", "quiz draft", &options).await?;
    assert!(answer.content().contains("empty"), "{}", answer.text());
    bot.finish().await
}

#[tokio::test]
async fn a_server_chooses_who_tutors_and_students_are() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let (leads, class) = (bot.server.add_role("Leads")?, bot.server.add_role("Class")?);
    let role = |name, id: mirage_playground::Snowflake| (name, Value::from(id.to_string()));
    // Who may not manage the server changes nothing.
    let options = [role("tutor_role", leads)];
    let answer = said(&bot, "student", "quiz settings", &options).await?;
    assert!(
        answer.content().starts_with("Only a tutor"),
        "{}",
        answer.text()
    );
    let options = [role("tutor_role", leads), role("student_role", class)];
    let answer = said(&bot, "admin", "quiz settings", &options).await?;
    assert!(
        answer.content().contains(&format!("<@&{leads}>")),
        "{}",
        answer.text()
    );
    approved(bot.store()?, server, &[single("Which plane?", 0)]).await?;
    let (ada, noor) = (bot.server.actor("ada"), bot.server.actor("noor"));
    let answer = said(&bot, "ada", "quiz practice", &[]).await?;
    let expected = format!("Quizzes of this server are for the role <@&{class}>");
    assert!(answer.content().starts_with(&expected), "{}", answer.text());
    ada.set_roles(&["Class"])?;
    noor.set_roles(&["Leads"])?;
    let practice = ada
        .command("quiz practice")
        .send()
        .await?
        .reply(SOON)
        .await?;
    assert!(!practice.embeds().is_empty(), "{}", practice.text());
    let answer = said(&bot, "ada", "quiz bank browse", &[]).await?;
    assert!(
        answer.content().starts_with("Only a tutor"),
        "{}",
        answer.text()
    );
    let answer = said(&bot, "noor", "quiz bank browse", &[]).await?;
    assert!(
        answer.content().starts_with("Questions 1 to 1 of 1"),
        "{}",
        answer.text()
    );
    // A tutor by role alone sees the settings, and can't change them.
    let answer = said(&bot, "noor", "quiz settings", &[]).await?;
    assert!(
        answer.content().contains("**Students:** <@&"),
        "{}",
        answer.text()
    );
    let answer = said(&bot, "noor", "quiz settings", &[("reset", Value::from(1))]).await?;
    assert!(
        answer.content().starts_with("Only somebody who may manage"),
        "{}",
        answer.text()
    );
    let answer = said(&bot, "admin", "quiz settings", &[("reset", Value::from(2))]).await?;
    assert!(
        answer.content().contains("**Students:** everybody"),
        "{}",
        answer.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn a_review_channel_that_the_bot_may_not_use_is_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    bot.server.forbid_bot_to_post("imaging")?;
    let imaging = bot.server.channel_id("imaging")?.to_string();
    let options = [("review_channel", Value::from(imaging))];
    let answer = said(&bot, "admin", "quiz settings", &options).await?;
    assert!(
        answer.content().starts_with("Nothing was changed"),
        "{}",
        answer.text()
    );
    assert_eq!(
        bot.store()?.quiz_settings(server).await?.review_channel,
        None
    );
    bot.finish().await
}

#[tokio::test]
async fn quizzes_belong_to_a_server() -> Result<()> {
    let bot = Bot::start().await?;
    let direct = bot.server.actor("ada").in_direct();
    let sent = direct.command("quiz practice").send().await;
    assert!(
        sent.is_err(),
        "the command is not offered in a direct message"
    );
    bot.finish().await
}

#[tokio::test]
async fn what_was_missed_is_told_to_students_of_the_server_alone() -> Result<()> {
    let bot = Bot::start().await?;
    super::brief(&bot).await?;
    let board = bot.server.wait_for_message("Brief", SOON, |message| {
        message.text().contains("Final board")
    });
    let board = board.await?;
    let noor = bot.server.actor("noor");
    let missed = press(&noor, &board, "My missed questions").await?;
    assert!(missed.button("Practise these").is_some());
    let class = bot.server.add_role("Class")?;
    let options = [("student_role", Value::from(class.to_string()))];
    said(&bot, "admin", "quiz settings", &options).await?;
    let expected = format!("Quizzes of this server are for the role <@&{class}>");
    let refused = press(&noor, &board, "My missed questions").await?;
    assert!(
        refused.content().starts_with(&expected),
        "{}",
        refused.text()
    );
    let again = custom_id(&missed, "Practise these")?;
    let refused = noor.press(&missed, &again).await?.follow_up(SOON).await?;
    assert!(
        refused.content().starts_with(&expected),
        "{}",
        refused.text()
    );
    bot.finish().await
}
