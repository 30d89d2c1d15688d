//! The world without a network: deadlines by a clock that is moved by hand, Discord's error codes,
//! and every event decoded by two libraries that know nothing of this one.

mod deadlines;
mod events;
mod messages;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::invocation::Invocation;
use super::messages::Body;
use super::{Settings, World};
use crate::attachments::UploadedFile;
use crate::clock::{Clock, ManualClock};
use crate::errors::ApiError;
use crate::gateway::{KNOWN_INTENTS, Outgoing};
use crate::snowflake::{Snowflake, from_json};

/// A world with a bot at the gateway that asked for everything.
struct Fixture {
    world: Arc<World>,
    clock: ManualClock,
    ada: Snowflake,
    general: Snowflake,
    bot: Snowflake,
    _gateway: mpsc::Receiver<Outgoing>,
}

impl Fixture {
    fn new() -> Self {
        let clock = ManualClock::new();
        let bot = Snowflake::new(1_000_000_000_000_000_000);
        let settings = Settings {
            base_url: "http://127.0.0.1:1".to_owned(),
            gateway_url: "ws://127.0.0.1:1/gateway".to_owned(),
            bot_token: "bot".to_owned(),
            page_token: "page".to_owned(),
            heartbeat_interval: Duration::from_secs(40),
            attachment_size_limit: 1_000_000,
            allow_privileged_intents: true,
            loopback_only: true,
        };
        let world = World::new(
            settings,
            Clock::from(clock.clone()),
            (bot, "Bot"),
            10_000_000,
        );
        let world = Arc::new(world);
        let (sender, gateway) = mpsc::channel(1_000);
        let connection = world.hub.connect(sender);
        world.identify(&connection, (KNOWN_INTENTS, false), Some(&json!([0, 1])));
        world
            .replace_commands(None, &commands())
            .expect("the commands are valid");
        let state = world.state();
        let ada = state.find_user("student").expect("she is seeded").id;
        let general = state.find_channel("general").expect("it is seeded").id;
        drop(state);
        Self {
            world,
            clock,
            ada,
            general,
            bot,
            _gateway: gateway,
        }
    }

    fn command(&self, name: &str) -> Snowflake {
        let state = self.world.state();
        state
            .commands
            .iter()
            .find(|command| command.name == name)
            .expect("it is registered")
            .id
    }

    /// Sends an interaction of Ada's in #general.
    fn invoke(&self, invocation: &Invocation) -> Snowflake {
        self.world
            .invoke(self.ada, self.general, invocation)
            .expect("it is allowed")
    }

    fn find(&self) -> Snowflake {
        self.invoke(&Invocation::Command {
            command: self.command("find"),
            options: vec![json!({ "name": "query", "value": "brain" })],
            target: None,
        })
    }

    fn press(&self, message: Snowflake, custom_id: &str) -> Snowflake {
        let custom_id = custom_id.to_owned();
        self.invoke(&Invocation::Component {
            message,
            custom_id,
            values: Vec::new(),
        })
    }

    fn token(&self, id: Snowflake) -> String {
        self.world
            .state()
            .interactions
            .get(&id)
            .expect("it was made")
            .token
            .clone()
    }

    fn respond(&self, id: Snowflake, body: Value) -> Result<Value, ApiError> {
        self.world.respond(
            id,
            &self.token(id),
            &Body {
                json: body,
                files: Vec::new(),
            },
        )
    }

    /// Answers with a message and returns its id.
    fn reply(&self, id: Snowflake, data: &Value) -> Snowflake {
        let answer = self
            .respond(id, json!({ "type": 4, "data": data }))
            .expect("accepted");
        from_json(&answer["resource"]["message"]["id"]).expect("a message was made")
    }

    fn event_names(&self) -> Vec<String> {
        let events = self.world.transcript.events();
        events
            .iter()
            .filter_map(|event| Some(event["t"].as_str()?.to_owned()))
            .collect()
    }
}

fn commands() -> Value {
    json!([
        {
            "name": "find",
            "description": "Finds pictures",
            "options": [
                {
                    "name": "query", "description": "What", "type": 3, "required": true,
                    "autocomplete": true,
                },
                { "name": "count", "description": "How many", "type": 4, "min_value": 1, "max_value": 5 },
                { "name": "picture", "description": "Like this", "type": 11 },
                { "name": "who", "description": "Whose", "type": 6 },
                { "name": "where", "description": "Where", "type": 7 },
                { "name": "role", "description": "Role", "type": 8 },
            ],
        },
        {
            "name": "quiz",
            "description": "A quiz",
            "options": [{
                "name": "start", "description": "Begins", "type": 1,
                "options": [{ "name": "rounds", "description": "How many", "type": 4 }],
            }],
        },
        { "name": "Explain", "type": 3 },
        { "name": "Progress", "type": 2, "default_member_permissions": "32" },
    ])
}

fn picture(index: u64) -> UploadedFile {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(4, 3)
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("a small picture can be encoded");
    UploadedFile::new(Some(index), "brain.png", Bytes::from(png.into_inner()))
}

fn button(custom_id: &str) -> Value {
    let button = json!({ "type": 2, "style": 1, "label": "Next", "custom_id": custom_id });
    json!([{ "type": 1, "components": [button] }])
}
