//! The rules of the REST interface, over plain HTTP.

use bytes::Bytes;
use mirage_playground::{Options, Server};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::bot::Failure;
use crate::{Outcome, SOON};

/// A small picture.
pub(crate) fn png() -> Bytes {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 6)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a small picture can be encoded");
    bytes.into_inner().into()
}

/// A server and someone with the bot's token.
pub(crate) struct Api {
    pub(crate) server: Server,
    pub(crate) http: reqwest::Client,
}

impl Api {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let server = Server::start(Options::default()).await?;
        Ok(Self {
            server,
            http: reqwest::Client::new(),
        })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v10{path}", self.server.base_url());
        let token = format!("Bot {}", self.server.bot_token());
        self.http
            .request(method, url)
            .header("authorization", token)
    }

    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Value), Failure> {
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Value), Failure> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    fn messages(&self) -> Result<String, Failure> {
        Ok(format!(
            "/channels/{}/messages",
            self.server.channel_id("general")?
        ))
    }
}

#[tokio::test]
async fn the_token_is_checked() -> Outcome {
    let api = Api::start().await?;
    let url = format!("{}/api/v10/users/@me", api.server.base_url());
    for request in [
        api.http.get(&url),
        api.http.get(&url).header("authorization", "Bot no"),
    ] {
        let (status, body) = api.send(request).await?;
        assert_eq!((status.as_u16(), &body["code"]), (401, &json!(0)));
    }
    let (status, body) = api.send(api.request(Method::GET, "/users/@me")).await?;
    assert_eq!((status.as_u16(), &body["bot"]), (200, &json!(true)));
    let (_, gateway) = api.send(api.request(Method::GET, "/gateway/bot")).await?;
    assert_eq!(gateway["url"], api.server.gateway_url());
    Ok(())
}

#[tokio::test]
async fn a_missing_route_is_loud() -> Outcome {
    let api = Api::start().await?;
    let (status, _) = api
        .send(api.request(Method::GET, "/guilds/1/audit-logs"))
        .await?;
    assert_eq!(status.as_u16(), 501);
    let (status, _) = api.send(api.request(Method::PUT, "/users/@me")).await?;
    assert_eq!(status.as_u16(), 501);
    assert_eq!(api.server.unimplemented().len(), 2);
    let error = api
        .server
        .assert_clean()
        .expect_err("two routes are missing")
        .to_string();
    assert!(error.contains("GET /api/v10/guilds/1/audit-logs") && error.contains("transcript"));
    Ok(())
}

#[tokio::test]
async fn a_refused_body_is_loud() -> Outcome {
    let api = Api::start().await?;
    let (status, body) = api
        .post(&api.messages()?, &json!({ "content": "x".repeat(2_001) }))
        .await?;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!(50_035)));
    assert_eq!(
        body["errors"]["content"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    let (_, body) = api.post(&api.messages()?, &json!({})).await?;
    assert_eq!(body["code"], 50_006);
    let broken = api.request(Method::POST, &api.messages()?).body("{");
    let (_, body) = api.send(broken).await?;
    assert_eq!(body["code"], 50_109);
    assert_eq!(api.server.rejected_bodies().len(), 3);
    assert!(api.server.assert_clean().is_err());
    Ok(())
}

#[tokio::test]
async fn messages_live_in_channels() -> Outcome {
    let api = Api::start().await?;
    let path = api.messages()?;
    let (_, first) = api.post(&path, &json!({ "content": "first" })).await?;
    let reference =
        json!({ "content": "second", "message_reference": { "message_id": first["id"] } });
    let (_, second) = api.post(&path, &reference).await?;
    assert_eq!(second["referenced_message"]["content"], "first");
    let (_, list) = api
        .send(api.request(Method::GET, &format!("{path}?limit=1")))
        .await?;
    assert_eq!(list[0]["id"], second["id"]);
    let one = format!("{path}/{}", first["id"].as_str().unwrap_or_default());
    let edit = api
        .request(Method::PATCH, &one)
        .json(&json!({ "content": "changed" }));
    let (_, edited) = api.send(edit).await?;
    assert_eq!(edited["content"], "changed");
    assert!(!edited["edited_timestamp"].is_null());
    let (status, _) = api.send(api.request(Method::DELETE, &one)).await?;
    assert_eq!(status.as_u16(), 204);
    let (status, gone) = api.send(api.request(Method::GET, &one)).await?;
    assert_eq!((status.as_u16(), &gone["code"]), (404, &json!(10_008)));
    let said = api.server.actor("student").say("mine").await?;
    let other = format!("{path}/{}", said.id());
    let edit = api
        .request(Method::PATCH, &other)
        .json(&json!({ "content": "yours" }));
    assert_eq!(api.send(edit).await?.1["code"], 50_005);
    assert_eq!(
        api.send(api.request(Method::DELETE, &other)).await?.1["code"],
        50_013
    );
    api.server.assert_clean()?;
    Ok(())
}

#[tokio::test]
async fn an_enforced_nonce_makes_one_message() -> Outcome {
    let api = Api::start().await?;
    let path = api.messages()?;
    let body = json!({ "content": "once", "nonce": "round-7", "enforce_nonce": true });
    let (_, first) = api.post(&path, &body).await?;
    assert_eq!(first["nonce"], "round-7");
    let (status, again) = api.post(&path, &body).await?;
    assert_eq!((status.as_u16(), &again["id"]), (200, &first["id"]));
    let plain = json!({ "content": "twice", "nonce": "round-7" });
    let (_, second) = api.post(&path, &plain).await?;
    assert_ne!(second["id"], first["id"], "nobody asked to enforce it");
    assert_eq!(api.server.actor("student").messages().await?.len(), 2);
    api.server.assert_clean()?;
    let long = json!({ "content": "x", "nonce": "x".repeat(26) });
    let (status, refused) = api.post(&path, &long).await?;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(50_035)));
    let problem = &refused["errors"]["nonce"]["_errors"][0]["code"];
    assert_eq!(problem, "BASE_TYPE_MAX_LENGTH");
    Ok(())
}

#[tokio::test]
async fn permissions_and_access_are_checked() -> Outcome {
    let api = Api::start().await?;
    let view = 1 << 10;
    api.server.set_bot_permissions(view);
    let (status, body) = api
        .post(&api.messages()?, &json!({ "content": "x" }))
        .await?;
    assert_eq!((status.as_u16(), &body["code"]), (403, &json!(50_013)));
    api.server.set_bot_permissions(0);
    let (_, body) = api
        .post(&api.messages()?, &json!({ "content": "x" }))
        .await?;
    assert_eq!(body["code"], 50_001);
    let (_, body) = api
        .post("/channels/1/messages", &json!({ "content": "x" }))
        .await?;
    assert_eq!(body["code"], 10_003);
    Ok(())
}

#[tokio::test]
async fn files_come_back_as_they_were_and_run_nothing() -> Outcome {
    let api = Api::start().await?;
    let payload = json!({
        "attachments": [{ "id": 0, "description": "A picture" }, { "id": 1 }],
        "embeds": [{ "image": { "url": "attachment://a.png" } }],
    });
    let form = Form::new()
        .text("payload_json", payload.to_string())
        .part("files[0]", Part::bytes(png().to_vec()).file_name("a.png"))
        .part(
            "files[1]",
            Part::bytes(b"<script>1</script>".to_vec()).file_name("b.html"),
        );
    let request = api.request(Method::POST, &api.messages()?).multipart(form);
    let (status, message) = api.send(request).await?;
    assert_eq!(status.as_u16(), 200, "{message}");
    let url = |index: usize| {
        message["attachments"][index]["url"]
            .as_str()
            .unwrap_or_default()
    };
    assert_eq!(message["embeds"][0]["image"]["url"], url(0));
    assert_eq!(message["attachments"][0]["width"], 8);
    let picture = reqwest::get(url(0)).await?;
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.headers()["x-content-type-options"], "nosniff");
    assert_eq!(picture.bytes().await?, png());
    let page = reqwest::get(url(1)).await?;
    assert_eq!(page.headers()["content-type"], "application/octet-stream");
    let disposition = page.headers()["content-disposition"].to_str()?;
    assert!(disposition.starts_with("attachment"), "{disposition}");
    let unsigned = url(0).split('?').next().unwrap_or_default();
    assert_eq!(reqwest::get(unsigned).await?.status().as_u16(), 400);
    let wrong = url(0).replace("hm=", "hm=0");
    assert_eq!(reqwest::get(wrong).await?.status().as_u16(), 404);
    Ok(())
}

#[tokio::test]
async fn commands_are_registered_and_keep_their_ids() -> Outcome {
    let api = Api::start().await?;
    let path = format!("/applications/{}/commands", api.server.application_id());
    let find = json!({ "name": "find", "description": "Finds" });
    let (status, created) = api.post(&path, &find).await?;
    assert_eq!(status.as_u16(), 201);
    let (status, again) = api.post(&path, &find).await?;
    assert_eq!((status.as_u16(), &again["id"]), (200, &created["id"]));
    let all = json!([find, { "name": "Explain", "type": 3 }]);
    let (_, list) = api.send(api.request(Method::PUT, &path).json(&all)).await?;
    assert_eq!(
        (&list[0]["id"], list.as_array().map(Vec::len)),
        (&created["id"], Some(2))
    );
    let one = format!("{path}/{}", created["id"].as_str().unwrap_or_default());
    let change = json!({ "description": "Finds pictures" });
    let (_, changed) = api
        .send(api.request(Method::PATCH, &one).json(&change))
        .await?;
    assert_eq!(
        (&changed["name"], &changed["id"]),
        (&json!("find"), &created["id"])
    );
    let (status, _) = api.send(api.request(Method::DELETE, &one)).await?;
    assert_eq!(status.as_u16(), 204);
    assert_eq!(
        api.send(api.request(Method::GET, &one)).await?.1["code"],
        10_063
    );
    let guild = format!(
        "/applications/{}/guilds/{}/commands",
        api.server.application_id(),
        api.server.guild_id()
    );
    let (_, list) = api
        .send(api.request(Method::PUT, &guild).json(&json!([find])))
        .await?;
    assert_eq!(list[0]["guild_id"], json!(api.server.guild_id()));
    assert_eq!(api.server.wait_for_commands(SOON).await?.len(), 2);
    let wrong = json!([{ "name": "Two Words", "description": "" }]);
    let (_, body) = api
        .send(api.request(Method::PUT, &path).json(&wrong))
        .await?;
    assert!(
        !body["errors"]["0"]["name"].is_null() && !body["errors"]["0"]["description"].is_null()
    );
    Ok(())
}

#[tokio::test]
async fn threads_and_direct_channels_open() -> Outcome {
    let api = Api::start().await?;
    let general = api.server.channel_id("general")?;
    let body = json!({ "name": "Case 7", "type": 11 });
    let (status, thread) = api
        .post(&format!("/channels/{general}/threads"), &body)
        .await?;
    assert_eq!(
        (status.as_u16(), &thread["parent_id"]),
        (201, &json!(general))
    );
    let id = thread["id"].as_str().unwrap_or_default();
    let (status, _) = api
        .post(
            &format!("/channels/{id}/messages"),
            &json!({ "content": "x" }),
        )
        .await?;
    assert_eq!(status.as_u16(), 200);
    let seen = api
        .server
        .wait_for_message("Case 7", SOON, |message| message.content() == "x");
    assert_eq!(seen.await?.channel_id().to_string(), id);
    let recipient = json!({ "recipient_id": api.server.user_id("noor")? });
    let (_, direct) = api.post("/users/@me/channels", &recipient).await?;
    assert_eq!(direct["type"], 1);
    let (_, again) = api.post("/users/@me/channels", &recipient).await?;
    assert_eq!(again["id"], direct["id"]);
    api.server.assert_clean()?;
    Ok(())
}

#[tokio::test]
async fn tokens_and_foreign_names_stay_out() -> Outcome {
    let api = Api::start().await?;
    let request = api
        .request(Method::GET, "/users/@me")
        .header("host", "evil.example");
    assert_eq!(api.send(request).await?.0.as_u16(), 421);
    let secret = "a-token-that-must-not-be-kept";
    api.post(
        &format!("/interactions/1/{secret}/callback"),
        &json!({ "type": 5 }),
    )
    .await?;
    api.post(&format!("/webhooks/1/{secret}"), &json!({ "content": "x" }))
        .await?;
    let transcript = api.server.transcript();
    assert!(
        transcript.contains("10062") && transcript.contains("10015"),
        "{transcript}"
    );
    assert!(!transcript.contains(secret) && !transcript.contains(api.server.bot_token()));
    assert!(
        api.server
            .recorded_bodies()
            .iter()
            .all(|body| !body.path.contains(secret))
    );
    Ok(())
}

#[tokio::test]
async fn serenity_reads_every_object() -> Outcome {
    let server = Server::start(Options::default()).await?;
    let http = serenity::http::HttpBuilder::new(server.bot_token())
        .proxy(server.base_url())
        .ratelimiter_disabled(true)
        .build();
    assert_eq!(http.get_gateway().await?.url, server.gateway_url());
    assert_eq!(http.get_bot_gateway().await?.shards, 1);
    let information = http.get_current_application_info().await?;
    assert_eq!(information.id.get(), server.application_id().get());
    assert_eq!(
        information.owner.map(|owner| owner.name),
        Some("robin".to_owned())
    );
    let guild = serenity::all::GuildId::new(server.guild_id().get());
    assert_eq!(http.get_guild(guild).await?.name, "Radiology class");
    assert_eq!(http.get_channels(guild).await?.len(), 2);
    assert_eq!(http.get_guild_roles(guild).await?.len(), 4);
    assert_eq!(http.get_guilds(None, None).await?.len(), 1);
    let user = serenity::all::UserId::new(server.user_id("tutor")?.get());
    assert_eq!(http.get_member(guild, user).await?.roles.len(), 1);
    assert_eq!(
        http.get_user(user).await?.global_name.as_deref(),
        Some("Sam")
    );
    let thread = serenity::all::ChannelId::new(server.channel_id("Week 1 cases")?.get());
    assert!(
        http.get_channel(thread)
            .await?
            .guild()
            .is_some_and(|it| it.thread_metadata.is_some())
    );
    let direct = user.create_dm_channel(&http).await?;
    let sent = direct.id.say(&http, "hello").await?;
    assert_eq!(direct.id.message(&http, sent.id).await?.content, "hello");
    direct.id.broadcast_typing(&http).await?;
    let general = serenity::all::ChannelId::new(server.channel_id("general")?.get());
    let message = general.say(&http, "A case").await?;
    let builder = serenity::all::CreateThread::new("Case 9");
    let thread = general
        .create_thread_from_message(&http, message.id, builder)
        .await?;
    assert_eq!(thread.id.get(), message.id.get());
    let edit = serenity::all::EditThread::new().archived(true);
    let archived = thread.id.edit_thread(&http, edit).await?;
    assert!(
        archived
            .thread_metadata
            .is_some_and(|metadata| metadata.archived)
    );
    thread.id.delete(&http).await?;
    message.delete(&http).await?;
    server.assert_clean()?;
    Ok(())
}
