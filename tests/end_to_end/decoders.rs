//! Everything that went over the wire, read by decoders that know nothing of the local server:
//! serenity and twilight for events, twilight's rules for what the bot sent.

use anyhow::{Context, Result};
use mirage_tests::{Bot, SOON};
use serde_json::Value;
use twilight_model::gateway::event::GatewayEvent;

use crate::explain::{explained, whole};
use crate::find::custom_id;

/// A session that uses every kind of answer that the bot has.
async fn session() -> Result<Bot> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "'brain' <b> **MRI** صورة");
    let answer = call.send().await?.reply(SOON).await?;
    for label in ["More like 1", "Next"] {
        let id = answer.button(label).and_then(|button| button.custom_id);
        let press = ada.press(&answer, &id.context("no button")?).await?;
        if label == "Next" {
            press.edited(SOON).await?
        } else {
            press.reply(SOON).await?
        };
    }
    ada.autocomplete("find", "query", "br").await?;
    ada.command("my-data").send().await?.reply(SOON).await?;
    let explained = explained(&bot, "ada", &[("topic", "thalamus")]).await?;
    let menu = explained.selects().pop().context("no menu of sources")?;
    let (_, number) = menu.options.first().context("no source")?;
    let opened = ada
        .select(&explained, &menu.custom_id, &[number.as_str()])
        .await?;
    opened.reply(SOON).await?;
    let ask = custom_id(&explained, "Ask further")?;
    let form = ada.press(&explained, &ask).await?.modal(SOON).await?;
    let sent = ada.submit_modal(&form, &[("question", "Where is it?")]);
    whole(&sent.await?).await?;
    crate::quiz::brief(&bot).await?;
    Ok(bot)
}

#[tokio::test]
async fn two_decoders_read_every_event() -> Result<()> {
    let mut bot = session().await?;
    bot.stop().await?;
    let events = bot.server.recorded_events();
    assert!(events.len() > 5);
    for event in events {
        let name = event["t"].as_str().unwrap_or("?").to_owned();
        let text = event.to_string();
        let deserializer =
            twilight_model::gateway::event::GatewayEventDeserializer::from_json(&text)
                .context("no gateway event")?;
        let mut json = serde_json::Deserializer::from_str(&text);
        let decoded = serde::de::DeserializeSeed::deserialize(deserializer, &mut json)
            .with_context(|| format!("twilight: {name}"))?;
        assert!(matches!(decoded, GatewayEvent::Dispatch(..)), "{name}");
        let decoded: serenity::model::event::GatewayEvent =
            serde_json::from_value(event).with_context(|| format!("serenity: {name}"))?;
        if let serenity::model::event::GatewayEvent::Dispatch(_, event) = decoded {
            assert!(
                !matches!(event, serenity::model::event::Event::Unknown(_)),
                "{name}"
            );
        }
    }
    bot.server.assert_clean()?;
    Ok(())
}

#[tokio::test]
async fn every_body_keeps_discords_limits() -> Result<()> {
    let mut bot = session().await?;
    bot.stop().await?;
    let mut checked = 0;
    for sent in bot.server.recorded_bodies() {
        assert!(
            sent.status < 400,
            "{} {} was answered {}",
            sent.method,
            sent.path,
            sent.status
        );
        let message = if sent.path.ends_with("/callback") {
            &sent.body["data"]
        } else {
            &sent.body
        };
        let (Value::Object(_), true) = (message, message["content"].is_string()) else {
            continue;
        };
        twilight_validate::message::content(message["content"].as_str().unwrap_or_default())?;
        if message["embeds"].is_array() {
            let embeds: Vec<twilight_model::channel::message::Embed> = message["embeds"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|embed| {
                    // Received embeds name their kind; sent ones may leave it out.
                    let mut embed = embed.clone();
                    embed["type"] = Value::from("rich");
                    serde_json::from_value(embed)
                })
                .collect::<Result<_, _>>()?;
            twilight_validate::message::embeds(&embeds)?;
        }
        if message["components"].is_array() {
            let rows: Vec<twilight_model::channel::message::Component> =
                serde_json::from_value(message["components"].clone())?;
            twilight_validate::message::components(&rows, false)?;
        }
        checked += 1;
    }
    assert!(checked >= 4, "{checked} messages were checked");
    Ok(())
}

#[tokio::test]
async fn the_commands_that_were_registered_are_valid() -> Result<()> {
    let bot = Bot::start().await?;
    let commands = bot.server.wait_for_commands(SOON).await?;
    let names: Vec<&str> = commands
        .iter()
        .filter_map(|command| command["name"].as_str())
        .collect();
    let expected = [
        "find",
        "Find similar images",
        "explain",
        "Explain this image",
        "compare",
        "Compare with…",
        "generate",
        "Make a synthetic variant",
        "queue",
        "quiz",
        "atlas",
        "explain-feedback",
        "my-data",
    ];
    assert_eq!(names, expected);
    for command in &commands {
        let command: twilight_model::application::command::Command =
            serde_json::from_value(command.clone())?;
        twilight_validate::command::command(&command)?;
    }
    bot.finish().await
}
