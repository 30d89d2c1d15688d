//! A person at the local server's page, without the page: interactions go in and answers come out
//! through the page's interface.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mirage::config::Secret;
use serde_json::{Value, json};
use url::Url;

use super::playground::Playground;

/// Longest wait for one answer. The server holds a poll for 25 s.
const PATIENCE: Duration = Duration::from_secs(60);
/// Discord's number for an option that is a text.
const TEXT_OPTION: u8 = 3;
/// The same for a file.
const ATTACHMENT_OPTION: u8 = 11;

/// What `/find` is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Words(&'static str),
    /// A file of a picture (JPEG).
    Picture(Vec<u8>),
}

/// A session of one person in one channel.
pub(super) struct Page {
    client: reqwest::Client,
    address: Url,
    token: Secret,
    user: Value,
    channel: Value,
    command: Value,
    /// Number of the last event that was read.
    since: u64,
}

impl Page {
    /// Waits until the bot has registered `/find`.
    ///
    /// # Errors
    /// The server doesn't answer, or the command doesn't come.
    pub(super) async fn open(playground: &Playground, patience: Duration) -> Result<Self> {
        let client = reqwest::Client::builder()
            // A proxy of the environment is not for this machine's own addresses.
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        let mut page = Self {
            client,
            address: playground.address.join("playground/api/")?,
            token: playground.page_token.clone(),
            user: Value::Null,
            channel: Value::Null,
            command: Value::Null,
            since: 0,
        };
        let deadline = Instant::now() + patience;
        while !page.look().await? {
            if Instant::now() > deadline {
                bail!("the bot did not register /find in time");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(page)
    }

    /// Reads who, where and which command; whether all are there.
    async fn look(&mut self) -> Result<bool> {
        let state = self.get("state").await?;
        let id_of = |list: &str, key: &str, value: &str| {
            let mut items = state[list].as_array().into_iter().flatten();
            let found = items.find(|item| value.is_empty() || item[key] == value);
            found.map(|item| item["id"].clone())
        };
        let (Some(user), Some(channel), Some(command)) = (
            id_of("users", "id", ""),
            id_of("channels", "kind", "text"),
            id_of("commands", "name", "find"),
        ) else {
            return Ok(false);
        };
        (self.user, self.channel, self.command) = (user, channel, command);
        self.since = state["next"].as_u64().unwrap_or_default();
        Ok(true)
    }

    /// Asks `/find`, and tells how long it took until the pictures were there. A picture is
    /// uploaded before.
    ///
    /// # Errors
    /// The bot failed, answered without pictures, or did not answer.
    pub(super) async fn find(&mut self, asked: &Asked) -> Result<Duration> {
        let (option, query) = match asked {
            Asked::Words(query) => {
                let option = json!({ "name": "query", "type": TEXT_OPTION, "value": query });
                (option, *query)
            }
            Asked::Picture(jpeg) => {
                let id = self.upload(jpeg.clone()).await?;
                let option = json!({ "name": "image", "type": ATTACHMENT_OPTION, "value": id });
                (option, "a picture")
            }
        };
        let call = json!({
            "kind": "command",
            "user_id": self.user,
            "channel_id": self.channel,
            "command_id": self.command,
            "options": [option],
        });
        let started = Instant::now();
        let sent = self.post("interactions", &call).await?;
        let interaction = &sent["interaction_id"];
        if interaction.is_null() {
            bail!("the server gave the call for {query:?} no number");
        }
        while started.elapsed() < PATIENCE {
            let news = self.get(&format!("events?since={}", self.since)).await?;
            let took = started.elapsed();
            self.since = news["next"].as_u64().context("a poll has no number")?;
            for event in news["events"].as_array().into_iter().flatten() {
                match judge(event, interaction) {
                    Answer::Not => {}
                    Answer::Pictures => return Ok(took),
                    Answer::Other(text) => bail!("the answer to {query:?} has no picture: {text}"),
                }
            }
        }
        bail!("there was no answer to {query:?}")
    }

    /// Uploads a file as a person does who attaches it, and gives its id.
    async fn upload(&self, jpeg: Vec<u8>) -> Result<Value> {
        let file = reqwest::multipart::Part::bytes(jpeg).file_name("picture.jpg");
        let form = reqwest::multipart::Form::new().part("file", file);
        let request = self.client.post(self.address.join("uploads")?);
        let uploaded = self.send(request.multipart(form)).await?;
        Ok(uploaded["id"].clone())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(self.address.join(path)?);
        self.send(request).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.client.post(self.address.join(path)?).json(body);
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let request = request.header("x-playground-token", self.token.expose());
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        if !status.is_success() {
            bail!("the playground refused: {status} {}", body["error"]);
        }
        Ok(body)
    }
}

/// What an event means for a call.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// It belongs to something else, or the bot is still thinking.
    Not,
    /// The answer with its pictures.
    Pictures,
    /// An answer without pictures, or none in time.
    Other(String),
}

fn judge(event: &Value, interaction: &Value) -> Answer {
    let message = &event["data"];
    let is_message = matches!(
        event["type"].as_str(),
        Some("message_create" | "message_update")
    );
    if !is_message || &message["interaction_metadata"]["id"] != interaction {
        return Answer::Not;
    }
    let shown = &message["playground"];
    if let Some(sentence) = shown["failed"].as_str() {
        return Answer::Other(sentence.to_owned());
    }
    if shown["thinking"] == true {
        return Answer::Not;
    }
    let has_pictures = message["attachments"]
        .as_array()
        .is_some_and(|attachments| !attachments.is_empty());
    if has_pictures {
        Answer::Pictures
    } else {
        Answer::Other(message["content"].as_str().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(interaction: &str, thinking: bool, attachments: &[&str]) -> Value {
        json!({ "type": "message_update", "data": {
            "content": "text", "attachments": attachments,
            "interaction_metadata": { "id": interaction },
            "playground": { "thinking": thinking, "failed": null },
        }})
    }

    #[test]
    fn only_the_last_state_of_the_own_answer_counts() {
        let own = json!("7");
        assert_eq!(judge(&event("8", false, &["a"]), &own), Answer::Not);
        assert_eq!(judge(&event("7", true, &[]), &own), Answer::Not);
        assert_eq!(judge(&event("7", false, &["a"]), &own), Answer::Pictures);
        let bare = Answer::Other("text".to_owned());
        assert_eq!(judge(&event("7", false, &[]), &own), bare);
        assert_eq!(
            judge(&json!({ "type": "bot", "data": {} }), &own),
            Answer::Not
        );
    }

    #[test]
    fn a_bot_that_is_late_is_a_failure() {
        let mut late = event("7", false, &[]);
        late["data"]["playground"]["failed"] = json!("The application did not respond");
        assert_eq!(
            judge(&late, &json!("7")),
            Answer::Other("The application did not respond".to_owned())
        );
    }
}
