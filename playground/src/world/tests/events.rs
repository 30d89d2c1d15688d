//! Every kind of event, decoded by serenity and by twilight-model. A field that one of them misses
//! would make a real bot ignore the event.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeSeed as _;
use serenity::model::event::{Event, GatewayEvent as SerenityEvent};
use twilight_model::gateway::event::{GatewayEvent, GatewayEventDeserializer};

use super::*;
use crate::gateway::Dispatch;
use crate::world::responses::Target;

fn decode_with_serenity(event: &Value) {
    let decoded = serde_json::from_value::<SerenityEvent>(event.clone());
    match decoded {
        Ok(SerenityEvent::Dispatch(_, Event::Unknown(_))) | Err(_) => {
            panic!("serenity does not know {event}: {:?}", decoded.err())
        }
        Ok(_) => {}
    }
    if event["t"] == "INTERACTION_CREATE" {
        // The event's own decoder hides which field is missing.
        let interaction = event["d"].clone();
        serde_json::from_value::<serenity::model::application::Interaction>(interaction)
            .unwrap_or_else(|error| panic!("serenity: {error} in {event}"));
    }
}

fn decode_with_twilight(event: &Value) {
    let text = event.to_string();
    let seed = GatewayEventDeserializer::from_json(&text).expect("it has an op code");
    let mut json = serde_json::Deserializer::from_str(&text);
    let decoded = seed.deserialize(&mut json);
    match decoded {
        Ok(GatewayEvent::Dispatch(..)) => {}
        Ok(other) => panic!("not a dispatch: {other:?}"),
        Err(error) => panic!("twilight: {error} in {event}"),
    }
}

/// Uses everything that sends an event.
fn everything(fixture: &Fixture) {
    commands_of_every_kind(fixture);
    answers_of_every_kind(fixture);
    channels_and_messages(fixture);
    in_direct_messages(fixture);
    fixture
        .world
        .change_user(fixture.ada, Some(Vec::new()), Some("de".to_owned()));
    fixture
        .world
        .add_member("Student 1")
        .expect("the name is free");
    let send = crate::world::users::SEND_MESSAGES;
    fixture
        .world
        .deny_bot(fixture.general, send)
        .expect("it is the guild's own channel");
    fixture
        .world
        .send_members(0, &[fixture.ada, Snowflake::new(5)], None, Some(json!("n")));
    let resumed = Dispatch {
        name: "RESUMED",
        data: json!({ "_trace": [] }),
        audience: crate::gateway::Audience::EVERYBODY,
    };
    fixture
        .world
        .hub
        .answer(0, &resumed, &fixture.world.transcript);
}

fn commands_of_every_kind(fixture: &Fixture) {
    let upload = fixture.world.keep_upload(picture(0));
    let (role, guild) = {
        let state = fixture.world.state();
        (state.roles[2].id, state.guild.id)
    };
    let option = |name: &str, value: Value| json!({ "name": name, "value": value });
    let options = vec![
        option("query", json!("brain")),
        option("count", json!(3)),
        option("picture", upload["id"].clone()),
        option("who", json!(fixture.ada)),
        option("where", json!(fixture.general)),
        option("role", json!(role)),
    ];
    let command = fixture.command("find");
    fixture.invoke(&Invocation::Command {
        command,
        options,
        target: None,
    });
    let options = vec![json!({ "name": "query", "value": "bra", "focused": true })];
    let typing = fixture.invoke(&Invocation::Autocomplete { command, options });
    let choices = json!([{ "name": "brain", "value": "brain" }]);
    let answer = json!({ "type": 8, "data": { "choices": choices } });
    fixture.respond(typing, answer).expect("accepted");
    let rounds = json!({ "name": "rounds", "value": 2 });
    let options = vec![json!({ "name": "start", "options": [rounds] })];
    let command = fixture.command("quiz");
    fixture.invoke(&Invocation::Command {
        command,
        options,
        target: None,
    });
    context_menus(fixture);
    let local = json!({ "name": "local", "description": "d" });
    fixture
        .world
        .create_command(Some(guild), &local)
        .expect("valid");
    let command = fixture.command("local");
    fixture.invoke(&Invocation::Command {
        command,
        options: Vec::new(),
        target: None,
    });
}

fn context_menus(fixture: &Fixture) {
    let said = fixture
        .world
        .say(fixture.ada, fixture.general, "What is this?")
        .expect("allowed");
    let command = fixture.command("Explain");
    let target = from_json(&said["id"]);
    fixture.invoke(&Invocation::Command {
        command,
        options: Vec::new(),
        target,
    });
    let sam = fixture
        .world
        .state()
        .find_user("tutor")
        .expect("he is seeded")
        .id;
    let command = fixture.command("Progress");
    let target = Some(fixture.ada);
    let invocation = Invocation::Command {
        command,
        options: Vec::new(),
        target,
    };
    fixture
        .world
        .invoke(sam, fixture.general, &invocation)
        .expect("allowed");
}

/// A message with something of everything.
fn rich_message(fixture: &Fixture) -> Value {
    let select = json!({
        "type": 3,
        "custom_id": "pick",
        "placeholder": "Pick one",
        "options": [{ "label": "One", "value": "1", "description": "The first" }],
    });
    let link = json!({ "type": 2, "style": 5, "label": "Source", "url": "https://example.org" });
    let press = json!({ "type": 2, "style": 1, "custom_id": "next", "emoji": { "name": "🧠" } });
    json!({
        "content": format!("<@{}> look", fixture.ada),
        "embeds": [{
            "title": "Brain",
            "description": "d",
            "url": "https://example.org",
            "color": 255,
            "timestamp": "2026-01-31T12:00:00Z",
            "image": { "url": "attachment://brain.png" },
            "author": { "name": "a" },
            "footer": { "text": "f" },
            "fields": [{ "name": "n", "value": "v", "inline": true }],
        }],
        "components": [
            { "type": 1, "components": [press, link] },
            { "type": 1, "components": [select] },
        ],
    })
}

fn answers_of_every_kind(fixture: &Fixture) {
    let id = fixture.find();
    let data = rich_message(fixture);
    let body = Body {
        json: json!({ "type": 4, "data": data }),
        files: vec![picture(0)],
    };
    let answer = fixture
        .world
        .respond(id, &fixture.token(id), &body)
        .expect("accepted");
    let message = from_json(&answer["resource"]["message"]["id"]).expect("a message");
    let pressed = fixture.press(message, "next");
    fixture
        .respond(pressed, json!({ "type": 6 }))
        .expect("accepted");
    let token = fixture.token(pressed);
    let body = Body {
        json: json!({ "content": "changed" }),
        files: vec![picture(0)],
    };
    let webhook = (fixture.bot, token.as_str());
    fixture
        .world
        .edit_webhook_message(webhook, Target::Original, &body)
        .expect("accepted");
    let further = fixture
        .world
        .follow_up(fixture.bot, &token, &body)
        .expect("accepted");
    let further = from_json(&further["id"])
        .map(Target::Message)
        .expect("a message");
    fixture
        .world
        .delete_webhook_message(fixture.bot, &token, further)
        .expect("accepted");
    a_modal(fixture, message);
}

fn a_modal(fixture: &Fixture, message: Snowflake) {
    let picked = fixture.invoke(&Invocation::Component {
        message,
        custom_id: "pick".to_owned(),
        values: vec!["1".to_owned()],
    });
    let input = json!({ "type": 4, "custom_id": "why", "style": 2, "label": "Why?" });
    let rows = json!([{ "type": 1, "components": [input] }]);
    let modal = json!({ "custom_id": "m", "title": "Why", "components": rows });
    fixture
        .respond(picked, json!({ "type": 9, "data": modal }))
        .expect("accepted");
    let fields = BTreeMap::from([("why".to_owned(), "because".to_owned())]);
    let (opened_by, custom_id) = (picked, "m".to_owned());
    let sent = fixture.invoke(&Invocation::Modal {
        opened_by,
        custom_id,
        fields,
    });
    fixture
        .respond(sent, json!({ "type": 5 }))
        .expect("accepted");
}

fn channels_and_messages(fixture: &Fixture) {
    let world = &fixture.world;
    let body = json!({ "name": "A thread", "type": 11, "auto_archive_duration": 60 });
    let thread = world
        .start_thread(fixture.general, None, &body)
        .expect("allowed");
    let thread = from_json(&thread["id"]).expect("an id");
    world
        .change_channel(thread, &json!({ "archived": true }))
        .expect("allowed");
    world
        .change_channel(fixture.general, &json!({ "topic": "News" }))
        .expect("allowed");
    world.delete_thread(thread).expect("allowed");
    let said = world
        .say(fixture.ada, fixture.general, "hello")
        .expect("allowed");
    let message = from_json(&said["id"]).expect("an id");
    let body = json!({ "name": "From a message" });
    world
        .start_thread(fixture.general, Some(message), &body)
        .expect("allowed");
    let mut state = world.state();
    let channel = state.channels.get(&fixture.general).expect("it is seeded");
    world.typing(&state, channel);
    world
        .delete_message(&mut state, message)
        .expect("it is there");
}

fn in_direct_messages(fixture: &Fixture) {
    let channel = {
        let mut state = fixture.world.state();
        fixture
            .world
            .direct_channel(&mut state, fixture.ada)
            .expect("she is a person")
    };
    let invocation = Invocation::Command {
        command: fixture.command("find"),
        options: vec![json!({ "name": "query", "value": "brain" })],
        target: None,
    };
    let id = fixture
        .world
        .invoke(fixture.ada, channel, &invocation)
        .expect("allowed");
    let message = fixture.reply(
        id,
        &json!({ "content": "here", "components": button("next") }),
    );
    let custom_id = "next".to_owned();
    let press = Invocation::Component {
        message,
        custom_id,
        values: Vec::new(),
    };
    fixture
        .world
        .invoke(fixture.ada, channel, &press)
        .expect("allowed");
    let state = fixture.world.state();
    fixture
        .world
        .typing(&state, state.channels.get(&channel).expect("it is open"));
}

#[tokio::test]
async fn two_libraries_decode_every_event() {
    let fixture = Fixture::new();
    everything(&fixture);
    let events = fixture.world.transcript.events();
    for event in &events {
        decode_with_serenity(event);
        decode_with_twilight(event);
    }
    let seen: BTreeSet<String> = fixture.event_names().into_iter().collect();
    let all = [
        "CHANNEL_UPDATE",
        "GUILD_CREATE",
        "GUILD_MEMBERS_CHUNK",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "INTERACTION_CREATE",
        "MESSAGE_CREATE",
        "MESSAGE_DELETE",
        "MESSAGE_UPDATE",
        "READY",
        "RESUMED",
        "THREAD_CREATE",
        "THREAD_DELETE",
        "THREAD_UPDATE",
        "TYPING_START",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn interactions_carry_what_bots_read() {
    let fixture = Fixture::new();
    everything(&fixture);
    let events = fixture.world.transcript.events();
    let interactions: Vec<&Value> = events
        .iter()
        .filter(|e| e["t"] == "INTERACTION_CREATE")
        .map(|e| &e["d"])
        .collect();
    let kinds: BTreeSet<u64> = interactions
        .iter()
        .filter_map(|i| i["type"].as_u64())
        .collect();
    assert_eq!(kinds, BTreeSet::from([2, 3, 4, 5]));
    for interaction in &interactions {
        let direct = interaction["context"] == 1;
        assert_eq!(interaction["member"].is_null(), direct);
        assert_eq!(interaction["user"].is_null(), !direct);
        assert_eq!(interaction["attachment_size_limit"], 1_000_000);
        for key in [
            "app_permissions",
            "locale",
            "channel",
            "authorizing_integration_owners",
        ] {
            assert!(!interaction[key].is_null(), "{key} in {interaction}");
        }
    }
    let resolved = &interactions[0]["data"]["resolved"];
    for key in ["users", "members", "roles", "channels", "attachments"] {
        assert_eq!(
            resolved[key].as_object().map(serde_json::Map::len),
            Some(1),
            "{key}"
        );
    }
}

#[tokio::test]
async fn two_libraries_decode_registered_commands() {
    let fixture = Fixture::new();
    let nulls = json!({
        "name": "nulls", "description": "d", "contexts": null, "integration_types": null,
        "name_localizations": null, "default_member_permissions": null,
    });
    fixture
        .world
        .create_command(None, &nulls)
        .expect("null is as good as absent");
    let state = fixture.world.state();
    for command in fixture.world.command_objects(&state) {
        serde_json::from_value::<serenity::all::Command>(command.clone())
            .unwrap_or_else(|error| panic!("serenity: {error} in {command}"));
        serde_json::from_value::<twilight_model::application::command::Command>(command.clone())
            .unwrap_or_else(|error| panic!("twilight: {error} in {command}"));
    }
}
