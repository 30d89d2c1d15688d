//! From a topic to the board: drafted, reviewed in the channel that the server chose, asked. And two
//! tutors who decide at once, reasons of rejections, and messages that somebody deleted.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mirage::quiz::{Item, Kind, Task};
use mirage::store::quiz::{ItemId, ItemState};
use mirage_playground::{Actor, MessageView};
use mirage_tests::{Bot, SOON};

use super::{open, press, step, told};
use crate::find::custom_id;

/// Lets drafts be reviewed in `#imaging`.
pub(super) async fn review_in_imaging(bot: &Bot) -> Result<()> {
    let imaging = bot.server.channel_id("imaging")?.to_string();
    let admin = bot.server.actor("admin");
    let call = admin
        .command("quiz settings")
        .option("review_channel", imaging);
    let answer = call.send().await?.reply(SOON).await?;
    ensure!(answer.content().contains("<#"), "{}", answer.text());
    Ok(())
}

async fn draft(bot: &Bot, count: i64, types: &str) -> Result<String> {
    let tutor = bot.server.actor("tutor");
    let call = tutor.command("quiz draft").option("topic", "brain");
    let call = call.option("count", count).option("types", types);
    let answer = call.send().await?.reply(SOON).await?;
    Ok(answer.content().to_owned())
}

/// The message of a draft once it is so.
pub(super) async fn reviewed(
    bot: &Bot,
    id: ItemId,
    is_so: impl Fn(&MessageView) -> bool,
) -> Result<MessageView> {
    let named = [format!("**Draft {id}** "), format!("**Question {id}** ")];
    let message = bot.server.wait_for_message("imaging", SOON, |message| {
        named.iter().any(|name| message.content().contains(name)) && is_so(message)
    });
    Ok(message.await?)
}

pub(super) fn id(number: i64) -> Result<ItemId> {
    ItemId::parse(&number.to_string()).context("a number")
}

/// The label of the button that answers rightly.
fn right(item: &Item) -> Result<String> {
    Ok(match &item.task {
        Task::SingleChoice { options, key } => {
            format!("{}. {}", mirage::quiz::letter(*key), options[*key])
        }
        Task::TrueFalse { key: true } => "True".to_owned(),
        Task::TrueFalse { key: false } => "False".to_owned(),
        Task::WhichPicture { key } => format!("Picture {}", mirage::quiz::letter(*key)),
        other => anyhow::bail!("{other:?}"),
    })
}

#[tokio::test]
async fn a_topic_becomes_drafts_a_review_a_session_and_a_board() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    review_in_imaging(&bot).await?;
    let said = draft(&bot, 3, "single choice, which picture").await?;
    ensure!(said.starts_with("Drafted 3 questions about"), "{said}");
    let (tutor, ada) = (bot.server.actor("tutor"), bot.server.actor("ada"));
    for number in 1..=3 {
        let waiting = reviewed(&bot, id(number)?, |message| {
            message.button("Approve").is_some()
        });
        let waiting = waiting.await?;
        let text = waiting.text();
        for part in ["Key", "Sources", "Licence: "] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!waiting.attachments().is_empty());
        let refused = ada
            .press(&waiting, &custom_id(&waiting, "Approve")?)
            .await?;
        let refused = refused.follow_up(SOON).await?;
        assert!(refused.content().starts_with("Only a tutor"));
        step(&tutor, &waiting, "Approve").await?;
        let done = reviewed(&bot, id(number)?, |message| {
            message.button("Retire").is_some()
        });
        let by = format!("was approved by <@{}>, <t:", tutor.id()?);
        assert!(done.await?.content().contains(&by));
    }
    let call = tutor.command("quiz bank set").option("name", "Brains");
    let saved = call.send().await?.reply(SOON).await?;
    assert!(
        saved.content().contains("with 3 questions"),
        "{}",
        saved.text()
    );
    super::start(&bot.server, "Brains").await?;
    for number in 1..=3 {
        let asked = open(&bot.server, "Brains", number).await?;
        let stored = bot
            .store()?
            .quiz_item(server, id(i64::try_from(number)?)?)
            .await?;
        let item = stored.context("it is there")?.item;
        no_leak(&asked, &item);
        let answer = press(&ada, &asked, &right(&item)?).await?;
        assert!(answer.content().starts_with("Your answer: "));
        step(&tutor, &asked, "Reveal").await?;
        let shown = told(&bot.server, "Brains", number).await?;
        assert!(
            shown.text().contains("1 answer, 1 right"),
            "{}",
            shown.text()
        );
        assert!(shown.text().contains("Licence: "), "{}", shown.text());
        let next = if number == 3 {
            "Finish"
        } else {
            "Next question"
        };
        step(&tutor, &shown, next).await?;
    }
    let line = format!("1. <@{}>: 3 of 3", ada.id()?);
    let board = bot
        .server
        .wait_for_message("Brains", SOON, |message| message.text().contains(&line));
    board.await?;
    bot.finish().await
}

/// Nothing of the message tells the answer before the reveal: neither words, nor names of files, nor
/// alt texts.
fn no_leak(message: &MessageView, item: &Item) {
    assert!(
        !message.text().contains(item.rationale.as_str()),
        "{}",
        message.text()
    );
    for (place, picture) in message.attachments().iter().enumerate() {
        assert_eq!(picture.filename, item.picture_name(place));
        let alt = picture.description.as_deref().unwrap_or_default();
        assert!(!alt.is_empty());
        if let Task::SingleChoice { options, key } = &item.task {
            let key = options[*key].to_lowercase();
            assert!(!alt.to_lowercase().contains(&key), "{key} in {alt}");
        }
    }
}

#[tokio::test]
async fn of_two_tutors_who_decide_at_once_one_wins_and_the_other_is_told() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    review_in_imaging(&bot).await?;
    draft(&bot, 1, "single choice").await?;
    let waiting = reviewed(&bot, id(1)?, |message| message.button("Approve").is_some());
    let waiting = waiting.await?;
    let (tutor, admin) = (bot.server.actor("tutor"), bot.server.actor("admin"));
    let (approve, reject) = (
        custom_id(&waiting, "Approve")?,
        custom_id(&waiting, "Reject")?,
    );
    let form = admin.press(&waiting, &reject).await?.modal(SOON).await?;
    let approving = tutor.press(&waiting, &approve).await?;
    let rejecting = admin.submit_modal(&form, &[("reason", "too easy")]).await?;
    let refused = tokio::select! {
        refused = approving.follow_up(SOON) => refused?,
        refused = rejecting.follow_up(SOON) => refused?,
    };
    assert!(refused.is_ephemeral());
    let stored = bot
        .store()?
        .quiz_item(server, id(1)?)
        .await?
        .context("it is there")?;
    let (winner, done): (&Actor, &str) = match stored.state {
        ItemState::Approved => (&tutor, "approved"),
        ItemState::Rejected => (&admin, "rejected"),
        other => anyhow::bail!("{other:?}"),
    };
    let who = format!("<@{}> was faster: it was {done}", winner.id()?);
    assert!(refused.content().starts_with(&who), "{}", refused.text());
    let acts = bot
        .store()?
        .quiz_acts(server, ItemId::parse("1"), 10)
        .await?;
    let decisions = acts
        .iter()
        .filter(|act| matches!(act.act.as_str(), "approve" | "reject"));
    assert_eq!(decisions.count(), 1);
    // Both see in the channel how it stands.
    let stands = reviewed(&bot, id(1)?, |message| {
        message.content().contains(&format!("was {done} by"))
    });
    stands.await?;
    bot.finish().await
}

#[tokio::test]
async fn a_draft_is_drafted_again_and_edited_in_a_form() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    review_in_imaging(&bot).await?;
    draft(&bot, 1, "single choice").await?;
    let waiting = reviewed(&bot, id(1)?, |message| message.button("Edit").is_some()).await?;
    let (tutor, ada) = (bot.server.actor("tutor"), bot.server.actor("ada"));
    let first = bot
        .store()?
        .quiz_item(server, id(1)?)
        .await?
        .context("it is there")?;
    let redrafted = tutor
        .press(&waiting, &custom_id(&waiting, "Redraft")?)
        .await?;
    let waiting = redrafted.edited(SOON).await?;
    assert!(
        waiting.content().contains("Changed by <@"),
        "{}",
        waiting.content()
    );
    let other = bot
        .store()?
        .quiz_item(server, id(1)?)
        .await?
        .context("it is there")?;
    assert_eq!((other.kind(), other.revision), (Kind::SingleChoice, 2));
    assert_ne!(other.item.fingerprint(), first.item.fingerprint());
    let refused = ada.press(&waiting, &custom_id(&waiting, "Edit")?).await?;
    let refused = refused.reply(SOON).await?;
    assert!(
        refused.content().starts_with("Only a tutor"),
        "{}",
        refused.text()
    );
    let pressed = tutor.press(&waiting, &custom_id(&waiting, "Edit")?).await?;
    let form = pressed.modal(SOON).await?;
    assert_eq!(form.title(), "Edit question 1");
    let before = bot
        .store()?
        .quiz_item(server, id(1)?)
        .await?
        .context("it is there")?;
    let alts = before.item.alt.join("\n");
    let texts = |answers: &'static str| {
        [
            ("stem", "Which plane was edited?"),
            ("answers", answers),
            ("rationale", "Because a tutor said so."),
            ("topic", "planes"),
            ("alt", alts.as_str()),
        ]
    };
    let unmarked = tutor.submit_modal(&form, &texts("axial\ncoronal")).await?;
    let unmarked = unmarked.follow_up(SOON).await?;
    assert!(
        unmarked
            .content()
            .starts_with("Nothing was changed: mark one")
    );
    let pressed = tutor.press(&waiting, &custom_id(&waiting, "Edit")?).await?;
    let form = pressed.modal(SOON).await?;
    let sent = tutor
        .submit_modal(&form, &texts("axial\n* coronal"))
        .await?;
    let edited = sent.edited(SOON).await?;
    assert!(
        edited.text().contains("Which plane was edited?"),
        "{}",
        edited.text()
    );
    assert!(
        edited.content().contains("Changed by <@"),
        "{}",
        edited.content()
    );
    let after = bot
        .store()?
        .quiz_item(server, id(1)?)
        .await?
        .context("it is there")?;
    assert_eq!((after.state, after.revision), (ItemState::Draft, 3));
    assert_eq!(after.item.task.key_in_words(), "coronal");
    // An edit can give the answer away: who decides is told so.
    let warning = "It may give its answer away";
    let pressed = tutor.press(&edited, &custom_id(&edited, "Edit")?).await?;
    let form = pressed.modal(SOON).await?;
    let mut telling = texts("axial\n* coronal");
    telling[4] = ("alt", "A coronal cut.");
    let sent = tutor.submit_modal(&form, &telling).await?;
    let told = sent.edited(SOON).await?;
    assert!(told.content().contains(warning), "{}", told.text());
    bot.finish().await
}

#[tokio::test]
async fn drafts_go_on_to_be_posted_after_a_restart() -> Result<()> {
    let mut bot = Bot::start().await?;
    // Drafted before there is a place for reviews, and by a bot that ends at once.
    let said = draft(&bot, 2, "single choice").await?;
    assert!(said.contains("/quiz settings"), "{said}");
    review_in_imaging(&bot).await?;
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.run().await?;
    for number in 1..=2 {
        let waiting = reviewed(&bot, id(number)?, |message| {
            message.button("Approve").is_some()
        });
        waiting.await?;
    }
    let posted = bot
        .server
        .actor("tutor")
        .in_channel("imaging")
        .messages()
        .await?;
    let drafts = posted
        .iter()
        .filter(|message| message.content().starts_with("**Draft"));
    assert_eq!(drafts.count(), 2, "each is posted once");
    bot.finish().await
}

#[tokio::test]
async fn a_rejection_keeps_its_reason_if_one_is_given() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    review_in_imaging(&bot).await?;
    draft(&bot, 2, "single choice").await?;
    let (tutor, ada) = (bot.server.actor("tutor"), bot.server.actor("ada"));
    for (number, reason) in [(1, "two **answers** are right"), (2, "")] {
        let waiting = reviewed(&bot, id(number)?, |message| {
            message.button("Reject").is_some()
        });
        let waiting = waiting.await?;
        let refused = press(&ada, &waiting, "Reject").await?;
        assert!(
            refused.content().starts_with("Only a tutor"),
            "{}",
            refused.text()
        );
        let pressed = tutor
            .press(&waiting, &custom_id(&waiting, "Reject")?)
            .await?;
        let form = pressed.modal(SOON).await?;
        assert_eq!(form.title(), format!("Reject draft {number}"));
        let sent = tutor.submit_modal(&form, &[("reason", reason)]).await?;
        let done = sent.edited(SOON).await?;
        assert!(
            done.content().contains("was rejected by <@"),
            "{}",
            done.text()
        );
        let acts = bot.store()?.quiz_acts(server, Some(id(number)?), 1).await?;
        let act = acts.first().context("nothing was noted")?;
        assert_eq!((act.act.as_str(), act.details.as_str()), ("reject", reason));
    }
    bot.finish().await
}

/// Waits until the bot has noted the message of the first draft.
async fn noted(bot: &Bot, message: &MessageView) -> Result<()> {
    let (server, store) = (bot.server.guild_id().get(), bot.store()?);
    let posted = Some((message.channel_id().get(), message.id().get()));
    let noted = async {
        loop {
            let stored = store.quiz_item(server, id(1)?).await?;
            if stored.context("it is there")?.review == posted {
                return Ok::<_, anyhow::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, noted).await?
}

/// Deletes it as somebody does by hand.
async fn delete(bot: &Bot, message: &MessageView) -> Result<()> {
    noted(bot, message).await?;
    let address = format!(
        "{}/api/v10/channels/{}/messages/{}",
        bot.server.base_url(),
        message.channel_id(),
        message.id()
    );
    let token = format!("Bot {}", bot.server.bot_token());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let deleted = client.delete(address).header("authorization", token);
    let status = deleted.send().await?.status();
    ensure!(status.is_success(), "{status}");
    Ok(())
}

/// The only draft, opened in the bank.
async fn opened(bot: &Bot) -> Result<MessageView> {
    let tutor = bot.server.actor("tutor");
    // The first of the states.
    let call = tutor.command("quiz bank browse").option("state", 0);
    let drafts = call.send().await?.reply(SOON).await?;
    let menu = drafts.selects().pop().context("no menu")?;
    let (_, number) = menu.options.first().context("no draft")?;
    let opened = tutor.select(&drafts, &menu.custom_id, &[number]).await?;
    Ok(opened.reply(SOON).await?)
}

#[tokio::test]
async fn a_draft_whose_message_was_deleted_is_posted_again() -> Result<()> {
    let bot = Bot::start().await?;
    review_in_imaging(&bot).await?;
    draft(&bot, 1, "single choice").await?;
    let tutor = bot.server.actor("tutor");
    let first = reviewed(&bot, id(1)?, |message| message.button("Approve").is_some()).await?;
    let label = "Post again for review";
    assert!(first.button(label).is_none(), "it is there");
    delete(&bot, &first).await?;

    // What is done with it in the bank finds that its message is gone.
    let open = opened(&bot).await?;
    let redrafted = tutor.press(&open, &custom_id(&open, "Redraft")?).await?;
    redrafted.edited(SOON).await?;
    let second = reviewed(&bot, id(1)?, |message| message.id() != first.id()).await?;
    assert!(second.content().contains("Changed by <@"));
    delete(&bot, &second).await?;

    // A tutor may also ask for it.
    let open = opened(&bot).await?;
    let again = tutor.press(&open, &custom_id(&open, label)?).await?;
    let told = again.follow_up(SOON).await?;
    assert!(told.is_ephemeral());
    assert!(
        told.content().starts_with("It is posted again in <#"),
        "{}",
        told.text()
    );
    let third = reviewed(&bot, id(1)?, |message| {
        ![first.id(), second.id()].contains(&message.id())
    });
    let third = third.await?;
    noted(&bot, &third).await?;

    // One that is still there makes room.
    let open = opened(&bot).await?;
    let again = tutor.press(&open, &custom_id(&open, label)?).await?;
    again.follow_up(SOON).await?;
    let fourth = reviewed(&bot, id(1)?, |message| {
        ![first.id(), second.id(), third.id()].contains(&message.id())
    });
    step(&tutor, &fourth.await?, "Approve").await?;
    let done = reviewed(&bot, id(1)?, |message| {
        message.content().contains("was approved by")
    });
    done.await?;
    let posted = tutor.in_channel("imaging").messages().await?;
    let left = posted
        .iter()
        .filter(|message| message.content().contains("**Question 1** "));
    assert_eq!(left.count(), 1, "one message is left");
    assert!(
        !posted
            .iter()
            .any(|message| message.content().contains("**Draft 1** "))
    );
    bot.finish().await
}
