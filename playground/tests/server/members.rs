//! Who may do what: students and the tutor, a class of thirty, a bot that may not post.

use std::collections::BTreeSet;

use mirage_playground::{Actor, Error, Server, Snowflake};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bot::{Bot, Failure};
use crate::rest::Api;
use crate::{Outcome, SOON};

const MANAGE_GUILD: u64 = 1 << 5;
const SEND_MESSAGES: u64 = 1 << 11;

/// The data of every interaction of this user that the bot was sent.
fn interactions_of(server: &Server, user: Snowflake) -> Vec<Value> {
    let user = json!(user);
    server
        .recorded_events()
        .into_iter()
        .filter(|event| event["t"] == "INTERACTION_CREATE")
        .map(|mut event| event["d"].take())
        .filter(|data| data["member"]["user"]["id"] == user)
        .collect()
}

fn bits(value: &Value) -> Result<u64, Failure> {
    Ok(value.as_str().ok_or("a text of digits")?.parse()?)
}

#[tokio::test]
async fn interactions_say_what_each_may_do() -> Outcome {
    let bot = Bot::start().await?;
    let imaging = json!(bot.server.channel_id("imaging")?);
    for (name, manages) in [("student", false), ("noor", false), ("tutor", true)] {
        let actor = bot.server.actor(name).in_channel("imaging");
        let panel = actor.command("panel").send().await?.reply(SOON).await?;
        actor.press(&panel, "now").await?.edited(SOON).await?;
        let sent = interactions_of(&bot.server, actor.id()?);
        let kinds: Vec<&Value> = sent.iter().map(|data| &data["type"]).collect();
        assert_eq!(kinds, [&json!(2), &json!(3)]);
        for data in &sent {
            let held = bits(&data["member"]["permissions"])?;
            assert_eq!(held & MANAGE_GUILD != 0, manages, "{name}");
            assert_ne!(held & SEND_MESSAGES, 0, "{name}");
            assert_ne!(bits(&data["app_permissions"])? & SEND_MESSAGES, 0);
            assert_eq!(data["channel_id"], imaging);
        }
    }
    bot.finish().await
}

#[tokio::test]
async fn a_command_for_tutors_is_refused_to_students() -> Outcome {
    let api = Api::start().await?;
    let path = format!("/applications/{}/commands", api.server.application_id());
    let setup = json!({
        "name": "setup", "description": "Sets up",
        "default_member_permissions": MANAGE_GUILD.to_string(),
    });
    let (_, created) = api.post(&path, &setup).await?;
    match api.server.actor("student").command("setup").send().await {
        Err(Error::Refused(sentence)) => assert!(sentence.contains("permission"), "{sentence}"),
        other => panic!("a student may not: {other:?}"),
    }
    api.server.actor("tutor").command("setup").send().await?;
    let page = |method: Method, path: &str| {
        let url = format!("{}/playground/api/{path}", api.server.base_url());
        let request = api.http.request(method, url);
        request.header("x-playground-token", api.server.page_token())
    };
    let act = json!({
        "kind": "command", "command_id": created["id"],
        "user_id": api.server.user_id("student")?,
        "channel_id": api.server.channel_id("general")?,
    });
    let (status, refused) = api
        .send(page(Method::POST, "interactions").json(&act))
        .await?;
    assert_eq!(status.as_u16(), 403);
    let sentence = refused["error"].as_str().unwrap_or_default();
    assert!(sentence.contains("permission"), "{sentence}");
    let (_, state) = api.send(page(Method::GET, "state")).await?;
    // From these the page hides the command.
    for (name, manages) in [("ada", false), ("sam", true)] {
        let mut users = state["users"].as_array().into_iter().flatten();
        let user = users.find(|user| user["name"] == name);
        let user = user.ok_or("everybody is listed")?;
        assert_eq!(bits(&user["permissions"])? & MANAGE_GUILD != 0, manages);
    }
    Ok(())
}

#[tokio::test]
async fn a_class_of_thirty_presses_one_button() -> Outcome {
    let bot = Bot::start().await?;
    let class = (1..=30)
        .map(|number| bot.server.add_member(&format!("Student {number}")))
        .collect::<Result<Vec<Actor>, Error>>()?;
    let button = json!({ "type": 2, "style": 1, "label": "Now", "custom_id": "now" });
    let body = json!({ "content": "Go", "components": [{ "type": 1, "components": [button] }] });
    let general = bot.server.channel_id("general")?;
    let url = format!(
        "{}/api/v10/channels/{general}/messages",
        bot.server.base_url()
    );
    let token = format!("Bot {}", bot.server.bot_token());
    let request = reqwest::Client::new().post(url).json(&body);
    let posted = request.header("authorization", token).send().await?;
    assert_eq!(posted.status().as_u16(), 200);
    let go = bot
        .server
        .wait_for_message("general", SOON, |message| message.button("Now").is_some())
        .await?;
    let mut presses = Vec::new();
    for student in &class {
        presses.push(student.press(&go, "now").await?);
    }
    for press in &presses {
        assert_eq!(press.edited(SOON).await?.content(), "Changed now");
    }
    let ids = class
        .iter()
        .map(Actor::id)
        .collect::<Result<BTreeSet<Snowflake>, Error>>()?;
    assert_eq!(ids.len(), 30);
    for id in ids {
        assert_eq!(interactions_of(&bot.server, id).len(), 1);
    }
    for taken in ["student 7", "Ada", "practice_bot", " "] {
        assert!(bot.server.add_member(taken).is_err(), "{taken:?}");
    }
    let alone = bot.server.actor("Student 7").in_direct();
    let handle = alone.command("echo").option("text", "psst").send().await?;
    assert_eq!(handle.reply(SOON).await?.content(), "psst");
    bot.finish().await
}

/// What `app_permissions` says in the newest interaction of this actor.
fn app_permissions(server: &Server, actor: &Actor) -> Result<u64, Failure> {
    let sent = interactions_of(server, actor.id()?);
    bits(&sent.last().ok_or("there is one")?["app_permissions"])
}

#[tokio::test]
async fn a_channel_can_be_closed_to_the_bot() -> Outcome {
    let bot = Bot::start().await?;
    let http = reqwest::Client::new();
    let post = |channel: Snowflake| {
        let url = format!(
            "{}/api/v10/channels/{channel}/messages",
            bot.server.base_url()
        );
        let token = format!("Bot {}", bot.server.bot_token());
        let request = http.post(url).header("authorization", token);
        request.json(&json!({ "content": "here" })).send()
    };
    let general = bot.server.channel_id("general")?;
    let imaging = bot.server.channel_id("imaging")?;
    let thread = bot.server.channel_id("Week 1 cases")?;
    bot.server.forbid_bot_to_post("imaging")?;
    for closed in [imaging, thread] {
        let refused = post(closed).await?;
        assert_eq!(refused.status().as_u16(), 403);
        assert_eq!(refused.json::<Value>().await?["code"], 50_013);
    }
    assert_eq!(post(general).await?.status().as_u16(), 200);
    let ada = bot.server.actor("student");
    for (channel, open) in [("imaging", false), ("general", true)] {
        let there = ada.in_channel(channel);
        let handle = there
            .command("echo")
            .option("text", "answered")
            .send()
            .await?;
        assert_eq!(handle.reply(SOON).await?.content(), "answered");
        let held = app_permissions(&bot.server, &ada)?;
        assert_eq!(held & SEND_MESSAGES != 0, open, "{channel}");
    }
    let no_thread = bot.server.forbid_bot_to_post("Week 1 cases");
    assert!(matches!(no_thread, Err(Error::Refused(_))), "{no_thread:?}");
    bot.server.deny_bot_permissions("imaging", 0)?;
    assert_eq!(post(imaging).await?.status().as_u16(), 200);
    bot.finish().await
}

#[tokio::test]
async fn a_role_that_is_added_can_be_given_and_grants_nothing() -> Outcome {
    let bot = Bot::start().await?;
    let role = bot.server.add_role("Class A")?;
    assert_eq!(bot.server.role_id("Class A")?, role);
    assert!(matches!(
        bot.server.add_role("Class A"),
        Err(Error::Refused(_))
    ));
    assert!(matches!(bot.server.add_role(" "), Err(Error::Refused(_))));
    assert!(matches!(
        bot.server.role_id("Class B"),
        Err(Error::Refused(_))
    ));
    let student = bot.server.actor("student");
    student.set_roles(&["Class A"])?;
    student.command("panel").send().await?.reply(SOON).await?;
    let sent = interactions_of(&bot.server, student.id()?);
    assert_eq!(sent[0]["member"]["roles"], json!([role]));
    assert_eq!(bits(&sent[0]["member"]["permissions"])? & MANAGE_GUILD, 0);
    let created = bot.server.recorded_events().into_iter();
    let created = created.filter(|event| event["t"] == "GUILD_ROLE_CREATE");
    assert_eq!(created.count(), 1);
    bot.finish().await
}
