//! Messages: attachments, ephemeral ones, follow-ups, and what a person may do.

use std::collections::BTreeMap;

use super::*;
use crate::world::messages::{NewMessage, REGULAR};
use crate::world::responses::Target;

#[tokio::test]
async fn the_first_follow_up_fills_in_a_thinking_answer() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture
        .respond(id, json!({ "type": 5, "data": { "flags": 64 } }))
        .expect("accepted");
    let token = fixture.token(id);
    let follow_up = |content: &str| {
        let body = Body {
            json: json!({ "content": content }),
            files: Vec::new(),
        };
        fixture
            .world
            .follow_up(fixture.bot, &token, &body)
            .expect("accepted")
    };
    let first = follow_up("first");
    let original = fixture
        .world
        .webhook_message(fixture.bot, &token, Target::Original);
    assert_eq!(original.expect("it is there")["content"], "first");
    assert_eq!(
        first["flags"], 64,
        "the deferred answer decides that it is ephemeral"
    );
    let second = follow_up("second");
    assert_ne!(first["id"], second["id"]);
    assert_eq!(second["flags"], 0);
    assert_eq!(
        fixture
            .event_names()
            .iter()
            .filter(|name| *name == "MESSAGE_CREATE")
            .count(),
        1
    );
}

#[tokio::test]
async fn pictures_in_embeds_come_from_attachments() {
    let fixture = Fixture::new();
    let id = fixture.find();
    let data = json!({
        "embeds": [{ "title": "Brain", "image": { "url": "attachment://brain.png" } }],
        "attachments": [{ "id": 0, "filename": "brain.png", "description": "An axial slice" }],
    });
    let body = Body {
        json: json!({ "type": 4, "data": data }),
        files: vec![picture(0)],
    };
    let answer = fixture
        .world
        .respond(id, &fixture.token(id), &body)
        .expect("accepted");
    let message = &answer["resource"]["message"];
    let attachment = &message["attachments"][0];
    assert_eq!(message["embeds"][0]["image"]["url"], attachment["url"]);
    assert_eq!(attachment["description"], "An axial slice");
    assert_eq!(
        (&attachment["width"], &attachment["height"]),
        (&json!(4), &json!(3))
    );
    let token = fixture.token(id);
    let edit = |json: Value| {
        let body = Body {
            json,
            files: Vec::new(),
        };
        fixture
            .world
            .edit_webhook_message((fixture.bot, &token), Target::Original, &body)
    };
    let kept = edit(json!({ "content": "more" })).expect("accepted");
    assert_eq!(kept["attachments"][0]["id"], attachment["id"]);
    let dropped = edit(json!({ "attachments": [] })).expect("accepted");
    assert_eq!(dropped["attachments"], json!([]));
    assert!(
        dropped["embeds"][0]["image"].is_null(),
        "the picture went with its attachment"
    );
    let empty = edit(json!({ "content": "", "embeds": [] }));
    assert_eq!(empty.expect_err("nothing is left").code, 50_006);
}

#[tokio::test]
async fn ephemeral_messages_are_for_one_person_and_no_event() {
    let fixture = Fixture::new();
    let id = fixture.find();
    let data = json!({ "content": "psst", "flags": 64, "components": button("go") });
    let message = fixture.reply(id, &data);
    assert!(!fixture.event_names().contains(&"MESSAGE_CREATE".to_owned()));
    let sam = fixture
        .world
        .state()
        .find_user("tutor")
        .expect("he is seeded")
        .id;
    let invocation = Invocation::Component {
        message,
        custom_id: "go".to_owned(),
        values: Vec::new(),
    };
    assert!(
        fixture
            .world
            .invoke(sam, fixture.general, &invocation)
            .is_err()
    );
    let press = fixture.press(message, "go");
    fixture
        .respond(press, json!({ "type": 7, "data": { "content": "new" } }))
        .expect("accepted");
    let state = fixture.world.state();
    assert_eq!(
        state.messages.get(&message).expect("it is there").content,
        "new"
    );
}

#[tokio::test]
async fn a_refused_body_names_the_field_under_data() {
    let fixture = Fixture::new();
    let id = fixture.find();
    let body = json!({ "type": 4, "data": { "content": "x".repeat(2_001) } });
    let errors = fixture
        .respond(id, body)
        .expect_err("too long")
        .errors
        .unwrap_or_default();
    assert_eq!(
        errors["data"]["content"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    fixture.reply(id, &json!({ "content": "a refused answer is none" }));
}

#[tokio::test]
async fn the_client_checks_options_before_the_bot_sees_them() {
    let fixture = Fixture::new();
    let find = fixture.command("find");
    let refused = |options: Value| {
        let options = options.as_array().expect("a list").clone();
        let invocation = Invocation::Command {
            command: find,
            options,
            target: None,
        };
        let result = fixture
            .world
            .invoke(fixture.ada, fixture.general, &invocation);
        result.expect_err("a person could not send this").sentence
    };
    assert_eq!(refused(json!([])), "query is required.");
    let query = json!({ "name": "query", "value": "x" });
    assert!(refused(json!([query, { "name": "count", "value": 6 }])).contains("must be in"));
    assert!(refused(json!([query, { "name": "count", "value": "2" }])).contains("whole number"));
    assert!(refused(json!([query, { "name": "other", "value": 1 }])).contains("no option"));
    assert!(refused(json!([query, { "name": "picture", "value": "1" }])).contains("uploaded"));
    assert!(refused(json!([{ "name": "query", "value": "x".repeat(6_001) }])).contains("6000"));
}

#[tokio::test]
async fn member_permissions_of_commands_are_honoured() {
    let fixture = Fixture::new();
    let invocation = Invocation::Command {
        command: fixture.command("Progress"),
        options: Vec::new(),
        target: Some(fixture.ada),
    };
    let refused = fixture
        .world
        .invoke(fixture.ada, fixture.general, &invocation);
    assert_eq!(refused.expect_err("a student may not").status.as_u16(), 403);
    let sam = fixture
        .world
        .state()
        .find_user("tutor")
        .expect("he is seeded")
        .id;
    fixture
        .world
        .invoke(sam, fixture.general, &invocation)
        .expect("a tutor may");
}

#[tokio::test]
async fn modals_go_to_the_one_who_opened_them_and_once() {
    let fixture = Fixture::new();
    let opener = fixture.find();
    let input =
        json!({ "type": 4, "custom_id": "why", "style": 1, "label": "Why?", "max_length": 5 });
    let modal = json!({
        "custom_id": "m",
        "title": "A question",
        "components": [{ "type": 1, "components": [input] }],
    });
    fixture
        .respond(opener, json!({ "type": 9, "data": modal }))
        .expect("accepted");
    let submit = |text: &str| Invocation::Modal {
        opened_by: opener,
        custom_id: "m".to_owned(),
        fields: BTreeMap::from([("why".to_owned(), text.to_owned())]),
    };
    let send = |text: &str| {
        fixture
            .world
            .invoke(fixture.ada, fixture.general, &submit(text))
    };
    assert!(send("").is_err() && send("too long").is_err());
    let id = send("short").expect("it is allowed");
    assert!(send("again").is_err());
    fixture.reply(id, &json!({ "content": "thanks" }));
}

/// A message of the bot's own in #general with this nonce, which is enforced.
fn with_nonce(fixture: &Fixture, nonce: &Value) -> Snowflake {
    let new = NewMessage {
        channel: fixture.general,
        author: fixture.bot,
        kind: REGULAR,
        ephemeral_to: None,
        origin: None,
        reference: None,
    };
    let body = Body {
        json: json!({ "content": "once", "nonce": nonce, "enforce_nonce": true }),
        files: Vec::new(),
    };
    let mut state = fixture.world.state();
    fixture
        .world
        .create_message(&mut state, new, &body)
        .expect("accepted")
}

#[tokio::test]
async fn an_enforced_nonce_holds_for_some_minutes() {
    let fixture = Fixture::new();
    let first = with_nonce(&fixture, &json!(7));
    assert_eq!(with_nonce(&fixture, &json!("7")), first);
    assert_ne!(with_nonce(&fixture, &json!("8")), first);
    let events = fixture.world.transcript.events();
    let nonces: Vec<&Value> = events
        .iter()
        .filter(|event| event["t"] == "MESSAGE_CREATE")
        .map(|event| &event["d"]["nonce"])
        .collect();
    assert_eq!(nonces, [&json!(7), &json!("8")]);
    fixture.clock.advance(Duration::from_secs(5 * 60 + 1));
    assert_ne!(with_nonce(&fixture, &json!(7)), first);
}
