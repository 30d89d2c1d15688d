//! Faults on purpose, as a real client meets them.

use std::time::Duration;

use mirage_playground::{Clock, Error, Fault, ManualClock, Options, Server, Snowflake};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use serenity::http::{HttpBuilder, HttpError};

use crate::bot::{Bot, Failure};
use crate::{Outcome, SOON};

/// An interaction that the bot leaves alone, answered here over plain HTTP.
struct ByHand {
    http: reqwest::Client,
    /// Where its first answer goes.
    callback: String,
    /// Where follow-ups go; @original is below it.
    webhook: String,
}

impl ByHand {
    fn new(server: &Server, id: Snowflake) -> Result<Self, Failure> {
        let events = server.recorded_events();
        let sent = events
            .iter()
            .map(|event| &event["d"])
            .find(|data| data["id"] == json!(id));
        let token = sent.and_then(|data| data["token"].as_str());
        let token = token.ok_or("the interaction was not sent to the bot")?;
        let api = format!("{}/api/v10", server.base_url());
        Ok(Self {
            http: reqwest::Client::new(),
            callback: format!("{api}/interactions/{id}/{token}/callback"),
            webhook: format!("{api}/webhooks/{}/{token}", server.application_id()),
        })
    }

    fn original(&self, method: Method) -> RequestBuilder {
        let url = format!("{}/messages/@original", self.webhook);
        self.http.request(method, url)
    }

    async fn answer(&self, body: &Value) -> Result<(u16, Value), reqwest::Error> {
        send(self.http.post(&self.callback).json(body)).await
    }
}

async fn send(request: RequestBuilder) -> Result<(u16, Value), reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

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

#[tokio::test]
async fn a_lost_answer_was_given_all_the_same() -> Outcome {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("student");
    let body = json!({ "type": 4, "data": { "content": "here" } });
    for fault in [Fault::HandleThenDrop, Fault::HandleThenStatus(502)] {
        let handle = ada.command("silent").send().await?;
        let by_hand = ByHand::new(&bot.server, handle.id())?;
        let faults = bot.server.faults();
        faults.on("POST", "/interactions/*/*/callback", 1, fault);
        let first = by_hand.answer(&body).await;
        match first {
            Ok((status, _)) => assert_eq!((fault, status), (Fault::HandleThenStatus(502), 502)),
            Err(error) => assert_eq!(fault, Fault::HandleThenDrop, "{error}"),
        }
        let (status, again) = by_hand.answer(&body).await?;
        assert_eq!((status, &again["code"]), (400, &json!(40_060)));
        assert_eq!(handle.reply(SOON).await?.content(), "here");
        let line = format!("{} answered with type", handle.id());
        let entries = bot.server.entries();
        let answers = entries
            .iter()
            .filter(|entry| entry.summary.starts_with(&line));
        assert_eq!(answers.count(), 1, "{}", bot.server.transcript());
    }
    assert_eq!(ada.messages().await?.len(), 2, "one for each interaction");
    bot.finish().await
}

#[tokio::test]
async fn an_expired_token_opens_nothing() -> Outcome {
    let clock = ManualClock::new();
    let options = Options {
        clock: Clock::from(clock.clone()),
        ..Options::default()
    };
    let bot = Bot::start_on(Server::start(options).await?).await?;
    let handle = bot.server.actor("student").command("silent").send().await?;
    let by_hand = ByHand::new(&bot.server, handle.id())?;
    assert_eq!(by_hand.answer(&json!({ "type": 5 })).await?.0, 204);
    let body = json!({ "content": "here" });
    clock.advance(Duration::from_secs(15 * 60 - 1));
    let (status, _) = send(by_hand.original(Method::PATCH).json(&body)).await?;
    assert_eq!(status, 200, "the token still lives");
    clock.advance(Duration::from_secs(1));
    for request in [
        by_hand.original(Method::PATCH).json(&body),
        by_hand.http.post(&by_hand.webhook).json(&body),
        by_hand.original(Method::GET),
        by_hand.original(Method::DELETE),
    ] {
        let (status, refused) = send(request).await?;
        assert_eq!((status, &refused["code"]), (401, &json!(50_027)));
        assert_eq!(refused["message"], "Invalid Webhook Token");
    }
    assert_eq!(
        handle.current().map(|it| it.content().to_owned()),
        Some("here".to_owned())
    );
    bot.finish().await
}
