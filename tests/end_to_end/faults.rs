//! What happens when Discord fails: the answer comes all the same, or the person is told.

use std::time::Duration;

use anyhow::{Context, Result};
use mirage::store::Store;
use mirage_playground::{Fault, ManualClock, Options};
use mirage_tests::{Bot, SOON, until};

use crate::find::custom_id;

const CALLBACK: &str = "/api/v10/interactions/*/*/callback";
const ORIGINAL: &str = "/api/v10/webhooks/*/*/messages/@original";

#[tokio::test]
async fn a_failing_discord_is_asked_again() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::RateLimited {
            retry_after: Duration::from_millis(200),
        },
        Fault::DropConnection,
    ] {
        bot.server.faults().on("POST", CALLBACK, 1, fault);
        bot.server.faults().on("PATCH", ORIGINAL, 1, fault);
        let call = ada
            .command("find")
            .option("query", "chest X-ray")
            .option("k", 1);
        let answer = call
            .send()
            .await?
            .reply(SOON)
            .await
            .with_context(|| format!("{fault:?}"))?;
        assert_eq!(answer.embeds().len(), 1, "{fault:?}");
        assert_eq!(bot.server.faults().pending(), 0, "{fault:?} did not happen");
    }
    bot.finish().await
}

/// Requests of the bot to addresses of one kind that the server took, and that it refused.
fn sent(bot: &Bot, ends_with: &str) -> (usize, usize) {
    let bodies = bot.server.recorded_bodies();
    let of_kind = bodies.iter().filter(|body| body.path.ends_with(ends_with));
    let (taken, refused): (Vec<_>, Vec<_>) = of_kind.partition(|body| body.status < 400);
    (taken.len(), refused.len())
}

#[tokio::test]
async fn an_acknowledgement_whose_receipt_is_lost_is_not_sent_in_vain() -> Result<()> {
    for fault in [Fault::HandleThenDrop, Fault::HandleThenStatus(502)] {
        let mut bot = Bot::start().await?;
        let ada = bot.server.actor("ada");
        let faults = bot.server.faults();
        faults.on("POST", CALLBACK, 1, fault);
        let call = ada.command("find").option("query", "brain").option("k", 1);
        let answer = call.send().await?.reply(SOON).await?;
        assert_eq!(answer.embeds().len(), 1, "{fault:?}");
        faults.on("POST", CALLBACK, 1, fault);
        let next = ada.press(&answer, &custom_id(&answer, "Next")?).await?;
        assert_eq!(next.edited(SOON).await?.id(), answer.id(), "{fault:?}");
        faults.on("POST", CALLBACK, 1, fault);
        let question = ada.command("my-data").send().await?.reply(SOON).await?;
        assert!(question.content().starts_with("Mirage stores"), "{fault:?}");
        // The last retry is over once the bot has ended.
        bot.stop().await?;
        assert_eq!(bot.server.faults().pending(), 0, "{fault:?}");
        assert_eq!(sent(&bot, "/callback"), (3, 3), "{fault:?}");
        assert_eq!(sent(&bot, "/messages/@original"), (2, 0), "{fault:?}");
        assert_eq!(sent(&bot, "/{token}"), (0, 0), "{fault:?}: no follow-up");
        bot.server.assert_clean()?;
    }
    Ok(())
}

/// How often the bot came back to its session.
fn resumed(bot: &Bot) -> usize {
    let events = bot.server.recorded_events();
    events
        .iter()
        .filter(|event| event["t"] == "RESUMED")
        .count()
}

#[tokio::test]
async fn a_dropped_socket_is_resumed() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    bot.server.faults().drop_gateway();
    let ended = || bot.server.transcript().contains(" ended");
    until("the end of the connection", ended).await?;
    // Sent while the bot is away, or has just come back: what it missed, the server replays.
    let call = ada.command("find").option("query", "pelvis").option("k", 1);
    let answer = call.send().await?.reply(SOON).await?;
    assert_eq!(answer.embeds().len(), 1);
    assert_eq!(resumed(&bot), 1);
    bot.server.faults().reconnect_gateway();
    until("the second resume", || resumed(&bot) == 2).await?;
    let call = ada.command("find").option("query", "retina").option("k", 1);
    assert_eq!(call.send().await?.reply(SOON).await?.embeds().len(), 1);
    bot.finish().await
}

#[tokio::test]
async fn a_late_acknowledgement_is_told_by_discord_and_survived() -> Result<()> {
    let clock = ManualClock::new();
    let mut bot = Bot::start_with(Options {
        clock: clock.clone().into(),
        ..Options::default()
    })
    .await?;
    let ada = bot.server.actor("ada");
    let (deadline, delay) = (Duration::from_secs(3), Duration::from_secs(4));
    let faults = bot.server.faults();
    faults.on("POST", CALLBACK, 1, Fault::Delay(delay));
    let late = ada.command("find").option("query", "skin").send().await?;
    until("the acknowledgement", || faults.pending() == 0).await?;
    clock.advance(deadline);
    late.failed(SOON).await?;
    // Whenever the delay began, it is over now.
    clock.advance(delay);
    let call = ada.command("find").option("query", "skin").option("k", 1);
    assert_eq!(
        call.send().await?.reply(SOON).await?.embeds().len(),
        1,
        "the bot goes on"
    );
    bot.stop().await
}

#[tokio::test]
async fn a_second_bot_on_the_database_is_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let second = Store::open(bot.database().as_path()).await?;
    let refusal = second.lock_for_bot().await;
    let refusal = refusal.expect_err("the first bot runs");
    assert!(
        refusal
            .to_string()
            .starts_with("Another Mirage bot is running"),
        "{refusal}"
    );
    bot.finish().await
}
