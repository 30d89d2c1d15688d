//! The gateway as serenity meets it: compressed frames, resumes, reconnects, refusals.

use std::time::Duration;

use mirage_playground::{Options, Server};
use serenity::all::{Client, GatewayIntents};
use serenity::http::HttpBuilder;

use crate::bot::Bot;
use crate::{Outcome, SOON};

fn names(server: &Server) -> Vec<String> {
    let events = server.recorded_events();
    events
        .iter()
        .filter_map(|event| Some(event["t"].as_str()?.to_owned()))
        .collect()
}

async fn wait_for_event(server: &Server, name: &str, count: usize) {
    let deadline = tokio::time::Instant::now() + SOON;
    while names(server).iter().filter(|known| *known == name).count() < count {
        assert!(
            tokio::time::Instant::now() < deadline,
            "no {name}: {}",
            server.transcript()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn still_answers(bot: &Bot) -> Outcome {
    let handle = bot
        .server
        .actor("student")
        .command("echo")
        .option("text", "there")
        .send()
        .await?;
    assert_eq!(handle.reply(SOON).await?.content(), "there");
    Ok(())
}

#[tokio::test]
async fn a_dropped_socket_is_resumed_and_nothing_is_lost() -> Outcome {
    let bot = Bot::start().await?;
    bot.server.faults().drop_gateway();
    // Sent into the gap: the replay after RESUME brings it.
    still_answers(&bot).await?;
    wait_for_event(&bot.server, "RESUMED", 1).await;
    assert_eq!(
        names(&bot.server)
            .iter()
            .filter(|name| *name == "READY")
            .count(),
        1
    );
    bot.finish().await
}

#[tokio::test]
async fn reconnect_and_resumable_invalidation_end_in_a_resume() -> Outcome {
    let bot = Bot::start().await?;
    bot.server.faults().reconnect_gateway();
    wait_for_event(&bot.server, "RESUMED", 1).await;
    still_answers(&bot).await?;
    bot.server.faults().invalidate_session(true);
    wait_for_event(&bot.server, "RESUMED", 2).await;
    still_answers(&bot).await?;
    bot.finish().await
}

#[tokio::test]
async fn a_lost_session_is_identified_anew() -> Outcome {
    let bot = Bot::start().await?;
    bot.server.faults().invalidate_session(false);
    wait_for_event(&bot.server, "READY", 2).await;
    still_answers(&bot).await?;
    bot.finish().await
}

#[tokio::test]
async fn a_gateway_without_heartbeat_answers_is_left() -> Outcome {
    let heartbeat_interval = Duration::from_millis(700);
    let options = Options {
        heartbeat_interval,
        ..Options::default()
    };
    let bot = Bot::start_on(Server::start(options).await?).await?;
    bot.server.faults().stop_heartbeat_acks(true);
    let away = |server: &Server| names(server).iter().filter(|name| *name == "READY").count() > 1;
    let deadline = tokio::time::Instant::now() + SOON;
    while !away(&bot.server) && !names(&bot.server).contains(&"RESUMED".to_owned()) {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{}",
            bot.server.transcript()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bot.server.faults().stop_heartbeat_acks(false);
    bot.server.wait_for_bot(SOON).await?;
    still_answers(&bot).await?;
    bot.finish().await
}

#[tokio::test]
async fn only_asked_for_events_are_sent() -> Outcome {
    let bot = Bot::start().await?;
    bot.server
        .actor("student")
        .say("not for a bot with GUILDS alone")
        .await?;
    still_answers(&bot).await?;
    let seen = names(&bot.server);
    assert!(!seen.contains(&"MESSAGE_CREATE".to_owned()), "{seen:?}");
    assert!(seen.contains(&"GUILD_CREATE".to_owned()), "{seen:?}");
    bot.finish().await
}

async fn start_with(server: &Server, token: &str, intents: GatewayIntents) -> serenity::Error {
    let http = HttpBuilder::new(token)
        .proxy(server.base_url())
        .ratelimiter_disabled(true)
        .build();
    let client = serenity::client::ClientBuilder::new_with_http(http, intents).await;
    let mut client: Client = match client {
        Ok(client) => client,
        Err(error) => return error,
    };
    let ended = tokio::time::timeout(SOON, client.start()).await;
    ended
        .expect("the gateway refuses at once")
        .expect_err("it is refused")
}

#[tokio::test]
async fn a_wrong_token_and_forbidden_intents_are_refused() -> Outcome {
    let options = Options {
        allow_privileged_intents: false,
        ..Options::default()
    };
    let server = Server::start(options).await?;
    let wrong = start_with(&server, "no.such.token", GatewayIntents::GUILDS).await;
    assert!(
        matches!(
            wrong,
            serenity::Error::Http(_) | serenity::Error::Gateway(_)
        ),
        "{wrong:?}"
    );
    let intents = GatewayIntents::GUILDS | GatewayIntents::MESSAGE_CONTENT;
    let forbidden = start_with(&server, server.bot_token(), intents).await;
    assert!(
        matches!(forbidden, serenity::Error::Gateway(_)),
        "{forbidden:?}"
    );
    Ok(())
}
