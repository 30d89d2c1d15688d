//! What happens when Discord fails: the answer comes all the same, or the person is told.

use std::time::Duration;

use anyhow::{Context, Result};
use mirage::store::Store;
use mirage_playground::Fault;
use mirage_tests::{Bot, SOON};

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

#[tokio::test]
async fn a_dropped_socket_is_resumed() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    bot.server.faults().drop_gateway();
    bot.server.wait_for_bot(SOON).await?;
    // Sent while the bot may still be away: the server replays it.
    let call = ada.command("find").option("query", "pelvis").option("k", 1);
    let answer = call.send().await?.reply(SOON).await?;
    assert_eq!(answer.embeds().len(), 1);
    bot.server.faults().reconnect_gateway();
    tokio::time::sleep(Duration::from_millis(500)).await;
    bot.server.wait_for_bot(SOON).await?;
    let call = ada.command("find").option("query", "retina").option("k", 1);
    assert_eq!(call.send().await?.reply(SOON).await?.embeds().len(), 1);
    bot.finish().await
}

#[tokio::test]
async fn a_late_acknowledgement_is_told_by_discord_and_survived() -> Result<()> {
    let mut bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    bot.server.faults().on(
        "POST",
        CALLBACK,
        1,
        Fault::Delay(Duration::from_millis(3_500)),
    );
    let late = ada.command("find").option("query", "skin").send().await?;
    late.failed(SOON).await?;
    bot.server.faults().clear();
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
    let second = Store::open(&bot.database()).await?;
    let refusal = second.lock_for_bot().expect_err("the first bot runs");
    assert!(
        refusal
            .to_string()
            .starts_with("Another Mirage bot is running"),
        "{refusal}"
    );
    bot.finish().await
}
