//! What a person sees, for tests: messages with their parts, modals, choices. Plain readers over
//! the JSON; nothing here changes anything.

use serde_json::Value;

use crate::snowflake::{Snowflake, from_json};

/// A message as one person sees it: Discord's message object plus a `playground` part.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    json: Value,
}

/// A button of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonView {
    /// Absent for links.
    pub custom_id: Option<String>,
    /// What is written on it.
    pub label: String,
    /// 1 primary, 2 secondary, 3 success, 4 danger, 5 link.
    pub style: u64,
    /// Whether it can be pressed.
    pub disabled: bool,
    /// Where a link leads.
    pub url: Option<String>,
}

/// A select menu of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectView {
    /// Its custom id.
    pub custom_id: String,
    /// What it says before something is chosen.
    pub placeholder: Option<String>,
    /// Label and value of each option.
    pub options: Vec<(String, String)>,
    /// Whether it can be used.
    pub disabled: bool,
}

/// An attachment of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// Its id.
    pub id: Snowflake,
    /// The file name.
    pub filename: String,
    /// The signed address.
    pub url: String,
    /// The alternative text.
    pub description: Option<String>,
    /// The media type.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Pixels, for pictures.
    pub width: Option<u64>,
    /// Pixels, for pictures.
    pub height: Option<u64>,
}

/// A choice of an autocompletion.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What the person sees.
    pub name: String,
    /// What the bot gets.
    pub value: Value,
}

/// A modal that the bot opened.
#[derive(Clone, Debug, PartialEq)]
pub struct ModalView {
    json: Value,
    pub(crate) channel: Snowflake,
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

impl MessageView {
    pub(crate) fn new(json: Value) -> Self {
        Self { json }
    }

    /// The whole object.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The message's id.
    pub fn id(&self) -> Snowflake {
        from_json(&self.json["id"]).unwrap_or(Snowflake::new(0))
    }

    /// The channel it is in.
    pub fn channel_id(&self) -> Snowflake {
        from_json(&self.json["channel_id"]).unwrap_or(Snowflake::new(0))
    }

    /// The text.
    pub fn content(&self) -> &str {
        self.json["content"].as_str().unwrap_or_default()
    }

    /// The embeds, with `attachment://` names resolved.
    pub fn embeds(&self) -> &[Value] {
        list(&self.json, "embeds")
    }

    /// The components as they were sent.
    pub fn components(&self) -> &[Value] {
        list(&self.json, "components")
    }

    /// Everything that can be read in it: content, then titles, descriptions, fields, authors and
    /// footers of the embeds, one a line.
    pub fn text(&self) -> String {
        let mut lines = vec![self.content().to_owned()];
        for embed in self.embeds() {
            lines.extend(text(&embed["author"], "name"));
            lines.extend(text(embed, "title"));
            lines.extend(text(embed, "description"));
            for field in list(embed, "fields") {
                lines.extend(text(field, "name"));
                lines.extend(text(field, "value"));
            }
            lines.extend(text(&embed["footer"], "text"));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    /// The attachments.
    pub fn attachments(&self) -> Vec<AttachmentView> {
        let view = |attachment: &Value| {
            Some(AttachmentView {
                id: from_json(&attachment["id"])?,
                filename: text(attachment, "filename")?,
                url: text(attachment, "url")?,
                description: text(attachment, "description"),
                content_type: text(attachment, "content_type")?,
                size: attachment["size"].as_u64()?,
                width: attachment["width"].as_u64(),
                height: attachment["height"].as_u64(),
            })
        };
        list(&self.json, "attachments")
            .iter()
            .filter_map(view)
            .collect()
    }

    fn all_components(&self) -> impl Iterator<Item = &Value> {
        self.components()
            .iter()
            .flat_map(|row| list(row, "components"))
    }

    /// The buttons, row by row.
    pub fn buttons(&self) -> Vec<ButtonView> {
        self.all_components()
            .filter(|component| component["type"] == 2)
            .map(|button| ButtonView {
                custom_id: text(button, "custom_id"),
                label: text(button, "label").unwrap_or_default(),
                style: button["style"].as_u64().unwrap_or_default(),
                disabled: button["disabled"] == true,
                url: text(button, "url"),
            })
            .collect()
    }

    /// The first button with this label.
    pub fn button(&self, label: &str) -> Option<ButtonView> {
        self.buttons()
            .into_iter()
            .find(|button| button.label == label)
    }

    /// The select menus with options of their own.
    pub fn selects(&self) -> Vec<SelectView> {
        self.all_components()
            .filter(|component| component["type"] == 3)
            .map(|select| SelectView {
                custom_id: text(select, "custom_id").unwrap_or_default(),
                placeholder: text(select, "placeholder"),
                options: list(select, "options")
                    .iter()
                    .filter_map(|option| Some((text(option, "label")?, text(option, "value")?)))
                    .collect(),
                disabled: select["disabled"] == true,
            })
            .collect()
    }

    /// Whether only its invoker sees it.
    pub fn is_ephemeral(&self) -> bool {
        !self.json["playground"]["ephemeral_to"].is_null()
    }

    /// Whether the bot is still "thinking".
    pub fn is_thinking(&self) -> bool {
        self.json["playground"]["thinking"] == true
    }

    /// The sentence that a person reads when the bot did not answer in time.
    pub fn failure(&self) -> Option<&str> {
        self.json["playground"]["failed"].as_str()
    }
}

impl Choice {
    pub(crate) fn new(json: &Value) -> Self {
        Self {
            name: text(json, "name").unwrap_or_default(),
            value: json["value"].clone(),
        }
    }
}

impl ModalView {
    pub(crate) fn new(json: Value, channel: Snowflake) -> Self {
        Self { json, channel }
    }

    /// The whole object: `interaction_id`, `user_id`, `custom_id`, `title`, `components`.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The title.
    pub fn title(&self) -> &str {
        self.json["title"].as_str().unwrap_or_default()
    }

    /// The modal's custom id.
    pub fn custom_id(&self) -> &str {
        self.json["custom_id"].as_str().unwrap_or_default()
    }

    /// Custom id and label of each text input.
    pub fn inputs(&self) -> Vec<(String, String)> {
        let inputs = list(&self.json, "components")
            .iter()
            .map(|row| &row["components"][0]);
        inputs
            .filter_map(|input| Some((text(input, "custom_id")?, text(input, "label")?)))
            .collect()
    }

    pub(crate) fn interaction(&self) -> Snowflake {
        from_json(&self.json["interaction_id"]).unwrap_or(Snowflake::new(0))
    }
}
