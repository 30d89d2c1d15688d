//! A person and a real client: commands, autocompletion, components, modals, context menus.

use mirage_playground::ResponseState;

use crate::bot::Bot;
use crate::{Outcome, SOON};

#[tokio::test]
async fn a_command_is_answered() -> Outcome {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("student");
    let handle = ada
        .command("echo")
        .option("text", "مرحبا 🧠")
        .send()
        .await?;
    let message = handle.reply(SOON).await?;
    assert_eq!(message.content(), "مرحبا 🧠");
    assert!(!message.is_ephemeral());
    assert_eq!(ada.messages().await?.len(), 1);
    bot.finish().await
}

#[tokio::test]
async fn typing_gets_suggestions() -> Outcome {
    let bot = Bot::start().await?;
    let choices = bot
        .server
        .actor("student")
        .autocomplete("echo", "text", "br")
        .await?;
    let names: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["brain", "breast"]);
    bot.finish().await
}

#[tokio::test]
async fn a_slow_answer_is_seen_step_by_step() -> Outcome {
    let bot = Bot::start().await?;
    let handle = bot
        .server
        .actor("noor")
        .in_channel("imaging")
        .command("slow")
        .send()
        .await?;
    assert!(handle.thinking(SOON).await?.is_thinking());
    let message = handle.reply(SOON).await?;
    assert!(!message.is_thinking());
    let [picture] = &message.attachments()[..] else {
        panic!("one picture: {message:?}")
    };
    assert_eq!(picture.description.as_deref(), Some("An axial slice"));
    assert_eq!(message.embeds()[0]["image"]["url"], picture.url.as_str());
    assert_eq!(
        bot.server.attachment_bytes(&picture.url).await?,
        crate::rest::png()
    );
    assert_eq!(handle.follow_up(SOON).await?.content(), "One more thing");
    bot.finish().await
}

#[tokio::test]
async fn buttons_and_menus_change_their_message() -> Outcome {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("student");
    let panel = ada.command("panel").send().await?.reply(SOON).await?;
    assert!(panel.is_ephemeral());
    assert!(bot.server.actor("tutor").messages().await?.is_empty());
    assert!(
        bot.server
            .actor("tutor")
            .press(&panel, "now")
            .await
            .is_err()
    );
    let now = ada.press(&panel, "now").await?.edited(SOON).await?;
    assert_eq!((now.id(), now.content()), (panel.id(), "Changed now"));
    let later = ada.press(&panel, "later").await?;
    assert_eq!(later.next_state(SOON).await?, ResponseState::Acknowledged);
    assert_eq!(later.edited(SOON).await?.content(), "Changed later");
    let chosen = ada
        .select(&panel, "kind", &["MRI"])
        .await?
        .edited(SOON)
        .await?;
    assert_eq!(chosen.content(), "MRI");
    assert!(ada.select(&panel, "kind", &["PET"]).await.is_err());
    bot.finish().await
}

#[tokio::test]
async fn a_modal_is_opened_and_sent() -> Outcome {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("student");
    let panel = ada.command("panel").send().await?.reply(SOON).await?;
    let modal = ada.press(&panel, "ask").await?.modal(SOON).await?;
    assert_eq!((modal.title(), modal.custom_id()), ("A question", "reason"));
    let handle = ada.submit_modal(&modal, &[("why", "it shines")]).await?;
    assert_eq!(handle.reply(SOON).await?.content(), "Because it shines");
    bot.finish().await
}

#[tokio::test]
async fn a_context_menu_carries_its_message() -> Outcome {
    let bot = Bot::start().await?;
    let said = bot
        .server
        .actor("tutor")
        .say("Look at the thalamus")
        .await?;
    let handle = bot
        .server
        .actor("student")
        .message_command("Repeat", &said)
        .await?;
    assert_eq!(handle.reply(SOON).await?.content(), "Look at the thalamus");
    bot.finish().await
}

#[tokio::test]
async fn direct_messages_work_too() -> Outcome {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("student").in_direct();
    let handle = ada
        .command("echo")
        .option("text", "in private")
        .send()
        .await?;
    assert_eq!(handle.reply(SOON).await?.content(), "in private");
    assert!(bot.server.actor("student").messages().await?.is_empty());
    bot.finish().await
}
