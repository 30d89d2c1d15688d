//! Faults on purpose, as a real client meets them.

use std::time::Duration;

use mirage_playground::{Clock, Error, Fault, ManualClock, Options, Server};
use serenity::http::{HttpBuilder, HttpError};

use crate::bot::Bot;
use crate::{Outcome, SOON};

#[tokio::test]
async fn silence_is_seen_after_three_seconds_of_the_clock() -> Outcome {
    let clock = ManualClock::new();
    let options = Options {
        clock: Clock::from(clock.clone()),
        ..Options::default()
    };
    let bot = Bot::start_on(Server::start(options).await?).await?;
    let handle = bot.server.actor("student").command("silent").send().await?;
    clock.advance(Duration::from_millis(2_999));
    let early = handle.failed(Duration::from_millis(100)).await;
    assert!(matches!(early, Err(Error::TimedOut { .. })), "{early:?}");
    clock.advance(Duration::from_millis(1));
    handle.failed(SOON).await?;
    let seen = bot.server.actor("student").messages().await?;
    assert_eq!(seen[0].failure(), Some("The application did not respond"));
    bot.finish().await
}

#[tokio::test]
async fn a_late_acknowledgement_finds_no_interaction() -> Outcome {
    let clock = ManualClock::new();
    let options = Options {
        clock: Clock::from(clock.clone()),
        ..Options::default()
    };
    let bot = Bot::start_on(Server::start(options).await?).await?;
    let late = Fault::Delay(Duration::from_secs(4));
    bot.server
        .faults()
        .on("POST", "/interactions/*/*/callback", 1, late);
    let handle = bot.server.actor("student").command("slow").send().await?;
    let deadline = tokio::time::Instant::now() + SOON;
    while bot.server.faults().pending() > 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    clock.advance(Duration::from_secs(4));
    handle.failed(SOON).await?;
    let refused = |line: &str| line.contains("callback -> 404: 10062");
    let deadline = tokio::time::Instant::now() + SOON;
    while !bot
        .server
        .entries()
        .iter()
        .any(|entry| refused(&entry.summary))
    {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{}",
            bot.server.transcript()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bot.finish().await
}

#[tokio::test]
async fn routes_fail_as_planned_and_then_work() -> Outcome {
    let server = Server::start(Options::default()).await?;
    let http = HttpBuilder::new(server.bot_token())
        .proxy(server.base_url())
        .ratelimiter_disabled(true)
        .build();
    let faults = server.faults();
    faults.on("GET", "/users/@me", 1, Fault::Status(503));
    faults.on(
        "GET",
        "/users",
        1,
        Fault::RateLimited {
            retry_after: Duration::from_millis(1_500),
        },
    );
    faults.on("*", "/api/v10/users", 1, Fault::DropConnection);
    for status in [503, 429] {
        match http.get_current_user().await {
            Err(serenity::Error::Http(HttpError::UnsuccessfulRequest(response))) => {
                assert_eq!(response.status_code.as_u16(), status);
            }
            other => panic!("{status} was planned: {other:?}"),
        }
    }
    let dropped = http.get_current_user().await;
    let is_broken = matches!(dropped, Err(serenity::Error::Http(HttpError::Request(_))));
    assert!(is_broken, "{dropped:?}");
    assert_eq!(faults.pending(), 0);
    assert_eq!(http.get_current_user().await?.name, "practice_bot");
    server.assert_clean()?;
    Ok(())
}

#[tokio::test]
async fn rate_limits_say_how_long() -> Outcome {
    let server = Server::start(Options::default()).await?;
    let limited = Fault::RateLimited {
        retry_after: Duration::from_millis(1_500),
    };
    server.faults().on("GET", "/gateway", 1, limited);
    let response = reqwest::get(format!("{}/api/v10/gateway", server.base_url())).await?;
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["x-ratelimit-reset-after"], "1.500");
    let body: serde_json::Value = response.json().await?;
    assert_eq!(body["retry_after"], 1.5);
    Ok(())
}
