//! The page's interface, as its JavaScript uses it.

use mirage_playground::Server;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::Outcome;
use crate::bot::{Bot, Failure};

struct Page<'a> {
    server: &'a Server,
    http: reqwest::Client,
}

impl<'a> Page<'a> {
    fn new(server: &'a Server) -> Self {
        Self {
            server,
            http: reqwest::Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/playground/api/{path}", self.server.base_url())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), Failure> {
        let response = request
            .header("x-playground-token", self.server.page_token())
            .send()
            .await?;
        let status = response.status().as_u16();
        Ok((status, response.json().await?))
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        let (status, body) = self.send(self.http.get(self.url(path))).await?;
        assert_eq!(status, 200, "{path}: {body}");
        Ok(body)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// Reads events until one meets the condition.
    async fn follow(
        &self,
        mut since: u64,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        for _ in 0..50 {
            let answer = self.get(&format!("events?since={since}")).await?;
            since = answer["next"].as_u64().unwrap_or_default();
            if let Some(event) = answer["events"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|e| wanted(e))
            {
                return Ok(event.clone());
            }
        }
        Err("the event did not come".into())
    }
}

fn id<'a>(list: &'a Value, name: &str) -> &'a Value {
    let items = list.as_array().into_iter().flatten();
    let mut found = items.filter(|item| item["name"] == name);
    &found.next().expect("the item is listed")["id"]
}

#[tokio::test]
async fn the_files_are_served_under_a_strict_policy() -> Outcome {
    let server = Server::start(mirage_playground::Options::default()).await?;
    for file in [
        "",
        "index.html",
        "style.css",
        "app.js",
        "api.js",
        "render.js",
        "commands.js",
    ] {
        let response = reqwest::get(format!("{}/playground/{file}", server.base_url())).await?;
        assert_eq!(response.status().as_u16(), 200, "{file}");
        let policy = response.headers()["content-security-policy"]
            .to_str()?
            .to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let missing = reqwest::get(format!("{}/playground/other.js", server.base_url())).await?;
    assert_eq!(missing.status().as_u16(), 404);
    let icon = reqwest::get(format!("{}/favicon.ico", server.base_url())).await?;
    assert_eq!(icon.status().as_u16(), 204);
    assert!(server.unimplemented().is_empty());
    let root = reqwest::get(server.base_url()).await?;
    assert!(root.url().path().ends_with("/playground/"));
    assert!(
        server
            .page_url()
            .ends_with(&format!("#token={}", server.page_token()))
    );
    Ok(())
}

#[tokio::test]
async fn the_interface_needs_the_token() -> Outcome {
    let server = Server::start(mirage_playground::Options::default()).await?;
    let url = format!("{}/playground/api/state", server.base_url());
    let response = reqwest::get(url).await?;
    assert_eq!(response.status().as_u16(), 401);
    let body: Value = response.json().await?;
    assert!(body["error"].is_string());
    Ok(())
}

/// Ada in #general.
struct Seat<'a> {
    page: &'a Page<'a>,
    state: Value,
}

impl Seat<'_> {
    fn ada(&self) -> &Value {
        id(&self.state["users"], "ada")
    }

    fn channel(&self) -> &Value {
        id(&self.state["channels"], "general")
    }

    fn command(&self, name: &str) -> &Value {
        id(&self.state["commands"], name)
    }

    fn next(&self) -> u64 {
        self.state["next"].as_u64().unwrap_or_default()
    }

    async fn act(&self, mut body: Value) -> Result<(u16, Value), Failure> {
        body["user_id"] = self.ada().clone();
        body["channel_id"] = self.channel().clone();
        self.page.post("interactions", &body).await
    }
}

#[tokio::test]
async fn a_person_uses_buttons_and_modals_of_the_page() -> Outcome {
    let bot = Bot::start().await?;
    let page = &Page::new(&bot.server);
    let seat = Seat {
        page,
        state: page.get("state").await?,
    };
    let command = json!({ "kind": "command", "command_id": seat.command("panel") });
    let (_, sent) = seat.act(command).await?;
    assert!(sent["interaction_id"].is_string(), "{sent}");
    let event = page
        .follow(seat.next(), |event| event["type"] == "message_create")
        .await?;
    assert_eq!(event["data"]["playground"]["ephemeral_to"], *seat.ada());
    assert_eq!(
        event["data"]["playground"]["invoked_by"]["command"],
        "/panel"
    );
    let ask = json!({
        "kind": "component", "message_id": event["data"]["id"], "custom_id": "ask",
        "component_type": 2,
    });
    let (_, pressed) = seat.act(ask).await?;
    let modal = page
        .follow(seat.next(), |event| event["type"] == "modal")
        .await?;
    assert_eq!(modal["data"]["interaction_id"], pressed["interaction_id"]);
    let answer = json!({
        "kind": "modal", "interaction_id": pressed["interaction_id"], "custom_id": "reason",
        "fields": { "why": "it shines" },
    });
    let (status, _) = seat.act(answer).await?;
    assert_eq!(status, 200);
    let said = |event: &Value| event["data"]["content"] == "Because it shines";
    page.follow(seat.next(), said).await?;
    let viewer = seat.ada().as_str().unwrap_or_default();
    let place = seat.channel().as_str().unwrap_or_default();
    let seen = page
        .get(&format!("channels/{place}/messages?viewer={viewer}"))
        .await?;
    assert_eq!(seen["messages"].as_array().map(Vec::len), Some(2));
    bot.finish().await
}

#[tokio::test]
async fn a_person_types_on_the_page() -> Outcome {
    let bot = Bot::start().await?;
    let page = &Page::new(&bot.server);
    let seat = Seat {
        page,
        state: page.get("state").await?,
    };
    assert_eq!(seat.state["bot"]["connected"], true);
    let notice = seat.state["notice"].as_str().unwrap_or_default();
    assert!(notice.contains("not Discord"));
    let echo = seat.command("echo");
    let typing = json!({
        "kind": "autocomplete", "command_id": echo,
        "options": [{ "name": "text", "type": 3, "value": "kn", "focused": true }],
    });
    let (_, choices) = seat.act(typing).await?;
    assert_eq!(
        choices["choices"],
        json!([{ "name": "knee", "value": "knee" }])
    );
    let (status, refused) = seat
        .act(json!({ "kind": "command", "command_id": echo }))
        .await?;
    assert_eq!(
        (status, &refused["error"]),
        (400, &json!("text is required."))
    );
    let transcript = page.get("transcript").await?;
    assert_eq!(transcript["unimplemented"], json!([]));
    assert!(
        transcript["entries"]
            .as_array()
            .is_some_and(|list| list.len() > 5)
    );
    bot.finish().await
}

#[tokio::test]
async fn roles_locales_and_uploads() -> Outcome {
    let server = Server::start(mirage_playground::Options::default()).await?;
    let page = Page::new(&server);
    let state = page.get("state").await?;
    let ada = id(&state["users"], "ada").as_str().unwrap_or_default();
    let change = json!({ "roles": [id(&state["roles"], "Tutor")], "locale": "de" });
    let (status, _) = page.post(&format!("users/{ada}"), &change).await?;
    assert_eq!(status, 200);
    let state = page.get("state").await?;
    let users = state["users"].as_array().into_iter().flatten();
    let ada_now = users
        .clone()
        .find(|user| user["id"] == ada)
        .expect("she is listed");
    assert_eq!(
        (&ada_now["is_tutor"], &ada_now["locale"]),
        (&json!(true), &json!("de"))
    );
    let (status, _) = page
        .post(&format!("users/{ada}"), &json!({ "locale": "xx" }))
        .await?;
    assert_eq!(status, 400);
    let upload = |bytes: Vec<u8>| {
        let form = Form::new().part("file", Part::bytes(bytes).file_name("scan.png"));
        page.http.post(page.url("uploads")).multipart(form)
    };
    let (status, uploaded) = page.send(upload(crate::rest::png().to_vec())).await?;
    assert_eq!(
        (status, &uploaded["content_type"]),
        (200, &json!("image/png"))
    );
    let url = uploaded["url"].as_str().unwrap_or_default();
    assert_eq!(server.attachment_bytes(url).await?, crate::rest::png());
    let (status, refused) = page.send(upload(vec![0; 10 * 1024 * 1024 + 1])).await?;
    assert_eq!(status, 413);
    assert!(
        refused["error"]
            .as_str()
            .is_some_and(|error| error.contains("10 MiB"))
    );
    Ok(())
}
