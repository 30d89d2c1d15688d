//! The buttons under a synthetic picture, after a restart where that matters; reports, deletion, and
//! the pictures of both sides of a comparison.

use anyhow::{Context, Result};
use mirage_playground::{InteractionHandle, MessageView};
use mirage_tests::{Bot, SOON};

use crate::find::custom_id;
use crate::generate::{ask, field, file, made, prepared, running};

async fn press(
    bot: &Bot,
    person: &str,
    message: &MessageView,
    label: &str,
) -> Result<InteractionHandle> {
    let id = custom_id(message, label)?;
    Ok(bot.server.actor(person).press(message, &id).await?)
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_and_another_does_not() -> Result<()> {
    let (_folder, mut bot) = prepared().await?;
    bot.run().await?;
    let first = made(&ask(&bot, "chest X-ray", 21, 4).await?).await?;
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.run().await?;
    // Anybody may make it again: it is a picture of their own.
    let again = press(&bot, "noor", &first, "Same seed again").await?;
    let again = made(&again).await?;
    assert!(!again.is_ephemeral());
    assert!(file(&bot, &again).await? == file(&bot, &first).await?);
    let other = press(&bot, "ada", &first, "Vary").await?;
    let other = made(&other).await?;
    assert_ne!(field(&other, "Seed"), field(&first, "Seed"));
    assert_eq!(field(&other, "Prompt"), field(&first, "Prompt"));
    assert!(file(&bot, &other).await? != file(&bot, &first).await?);
    // Nobody chose its seed, so it is the best of several; alone it is the same picture.
    assert!(!first.content().contains("Of 4 pictures"));
    assert!(
        other.content().contains("Of 4 pictures, from the seeds"),
        "{}",
        other.text()
    );
    let alone = press(&bot, "ada", &other, "Same seed again").await?;
    let alone = made(&alone).await?;
    assert!(!alone.content().contains("Of 4 pictures"));
    assert_eq!(field(&alone, "Seed"), field(&other, "Seed"));
    assert!(file(&bot, &alone).await? == file(&bot, &other).await?);
    bot.finish().await
}

#[tokio::test]
async fn a_form_changes_the_words() -> Result<()> {
    let (_folder, bot) = running().await?;
    let ada = bot.server.actor("ada");
    let first = made(&ask(&bot, "chest X-ray", 22, 4).await?).await?;
    let form = press(&bot, "ada", &first, "Edit prompt").await?;
    let form = form.modal(SOON).await?;
    assert_eq!(form.title(), "Edit the prompt");
    assert!(form.json().to_string().contains("chest X-ray"));
    let words = [("prompt", "knee MRI"), ("negative", "text"), ("seed", "99")];
    let edited = made(&ada.submit_modal(&form, &words).await?).await?;
    for (name, value) in [("Prompt", "knee MRI"), ("Without", "text"), ("Seed", "99")] {
        assert_eq!(field(&edited, name).as_deref(), Some(value));
    }
    for (words, said) in [
        (
            [("prompt", "portrait of a man"), ("seed", "1")],
            "Mirage draws no people",
        ),
        (
            [("prompt", "chest X-ray"), ("seed", "seven")],
            "A seed is a whole number",
        ),
    ] {
        let form = press(&bot, "ada", &first, "Edit prompt").await?;
        let form = form.modal(SOON).await?;
        let refused = ada.submit_modal(&form, &words).await?.reply(SOON).await?;
        assert!(refused.content().starts_with(said), "{}", refused.text());
        assert!(refused.is_ephemeral());
    }
    bot.finish().await
}

#[tokio::test]
async fn differences_are_told_and_a_report_reaches_who_runs_it() -> Result<()> {
    let (_folder, bot) = running().await?;
    let first = made(&ask(&bot, "Pattern, X-ray of a wrist", 23, 4).await?).await?;
    let told = press(&bot, "noor", &first, "Explain differences").await?;
    let told = told.reply(SOON).await?;
    assert!(told.is_ephemeral());
    for part in ["Asked for: ", "Of the real pictures alone", "no patient"] {
        assert!(
            told.content().contains(part),
            "{part} in {}",
            told.content()
        );
    }
    assert!(told.content().contains("wrist"), "{}", told.content());
    // The real pictures beside it are explained as any others are.
    let explained = press(&bot, "noor", &told, "Explain R1").await?;
    let explained = explained.reply(SOON).await?;
    assert!(explained.is_ephemeral(), "{}", explained.text());
    assert!(explained.text().contains("Pattern"), "{}", explained.text());
    // Whoever has the picture itself explained is told what it is.
    let noor = bot.server.actor("noor");
    let asked = noor.message_command("Explain this image", &first).await?;
    let marked = |message: &MessageView| message.content().contains("marked as synthetic");
    asked.edited_until(SOON, marked).await?;
    for reason in ["It shows a name", ""] {
        let form = press(&bot, "noor", &first, "Report").await?;
        let form = form.modal(SOON).await?;
        let noor = bot.server.actor("noor");
        let sent = noor.submit_modal(&form, &[("reason", reason)]).await?;
        let answer = sent.reply(SOON).await?;
        assert!(answer.is_ephemeral());
        assert!(
            answer.content().starts_with("Reported."),
            "{}",
            answer.text()
        );
    }
    let reported = bot.store()?.reported_pictures(9).await?;
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].reasons, [""], "the later one counts");
    bot.finish().await
}

#[tokio::test]
async fn a_person_has_pictures_and_their_words_deleted() -> Result<()> {
    let (_folder, bot) = running().await?;
    let first = made(&ask(&bot, "chest X-ray", 24, 2).await?).await?;
    let ada = bot.server.actor("ada");
    let question = ada.command("my-data").send().await?.reply(SOON).await?;
    assert!(question.content().contains("synthetic pictures"));
    let deleted = press(&bot, "ada", &question, "Delete my data").await?;
    let deleted = deleted.edited(SOON).await?;
    assert_eq!(deleted.content(), "Deleted: 2 records.", "job and picture");
    for label in ["Same seed again", "Explain differences"] {
        let gone = press(&bot, "ada", &first, label).await?.reply(SOON).await?;
        assert!(
            gone.content()
                .starts_with("This picture is no longer kept."),
            "{}",
            gone.text()
        );
    }
    let form = press(&bot, "ada", &first, "Edit prompt").await?;
    let gone = form.reply(SOON).await?;
    assert!(gone.is_ephemeral(), "{}", gone.text());
    bot.finish().await
}

#[tokio::test]
async fn both_sides_of_a_comparison_are_drawn_from_one_seed() -> Result<()> {
    let (_folder, bot) = running().await?;
    let ada = bot.server.actor("ada");
    let call = ada.command("compare").option("query", "chest X-ray");
    let call = call.option("add", "pacemaker").option("subtract", "ribs");
    let panel = call.send().await?.reply(SOON).await?;
    let drawn = press(&bot, "ada", &panel, "Draw each side").await?;
    let told = made(&drawn).await?;
    assert_eq!(told.attachments().len(), 4, "{}", told.text());
    let embeds = told.embeds();
    let title = |embed: usize| embeds[embed]["title"].as_str().unwrap_or_default();
    assert_eq!(title(0), "SYNTHETIC picture, A");
    assert_eq!(title(2), "SYNTHETIC picture, B");
    let of_b = |name: &str| {
        let fields = embeds[2]["fields"].as_array()?;
        let found = fields.iter().find(|field| field["name"] == name)?;
        found["value"].as_str().map(str::to_owned)
    };
    assert_eq!(field(&told, "Prompt").as_deref(), Some("chest X-ray"));
    assert_eq!(of_b("Prompt").as_deref(), Some("chest X-ray, pacemaker"));
    assert_eq!(of_b("Without").as_deref(), Some("ribs"));
    let seed = field(&told, "Seed").context("no seed")?;
    assert_eq!(of_b("Seed"), Some(seed));
    assert!(told.button("Vary A").is_some() && told.button("Vary B").is_some());
    bot.finish().await
}
