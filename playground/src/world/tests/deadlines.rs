//! Three seconds to acknowledge, fifteen minutes for the token, by the clock alone.

use std::time::Duration;

use super::*;
use crate::world::interactions::{DID_NOT_RESPOND, Step};
use crate::world::responses::Target;

fn last_step(fixture: &Fixture, id: Snowflake) -> Option<Step> {
    fixture
        .world
        .state()
        .interactions
        .get(&id)
        .and_then(|found| found.steps.last().cloned())
}

#[tokio::test]
async fn an_answer_just_in_time_is_taken() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture.clock.advance(Duration::from_millis(2_999));
    fixture.reply(id, &json!({ "content": "here" }));
    fixture.clock.advance(Duration::from_secs(60));
    tokio::task::yield_now().await;
    assert!(matches!(last_step(&fixture, id), Some(Step::Replied(_))));
}

#[tokio::test]
async fn silence_fails_after_three_seconds_and_late_answers_find_nothing() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture.clock.advance(Duration::from_secs(3));
    let soon = Duration::from_secs(5);
    let failed = fixture.world.wait_for_step(id, soon, |steps| {
        steps
            .iter()
            .any(|step| matches!(step, Step::Failed))
            .then_some(())
    });
    failed
        .await
        .expect("the deadline task ends it without the bot");
    let error = fixture
        .respond(id, json!({ "type": 5 }))
        .expect_err("too late");
    assert_eq!((error.status.as_u16(), error.code), (404, 10_062));
    let state = fixture.world.state();
    let seen = fixture.world.views(&state, fixture.general, fixture.ada);
    assert_eq!(seen[0]["playground"]["failed"], DID_NOT_RESPOND);
    assert_eq!(seen[0]["playground"]["invoked_by"]["command"], "/find");
    let sam = state.find_user("tutor").expect("he is seeded").id;
    assert!(fixture.world.views(&state, fixture.general, sam).is_empty());
    assert!(!fixture.event_names().contains(&"MESSAGE_CREATE".to_owned()));
}

#[tokio::test]
async fn a_late_answer_is_refused_even_before_the_task_has_run() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture.clock.advance(Duration::from_secs(3));
    assert_eq!(
        fixture
            .respond(id, json!({ "type": 5 }))
            .expect_err("late")
            .code,
        10_062
    );
}

#[tokio::test]
async fn an_interaction_is_acknowledged_once() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture.respond(id, json!({ "type": 5 })).expect("first");
    assert_eq!(
        fixture
            .respond(id, json!({ "type": 5 }))
            .expect_err("second")
            .code,
        40_060
    );
    let body = Body {
        json: json!({ "type": 5 }),
        files: Vec::new(),
    };
    let wrong = fixture.world.respond(id, "no token", &body);
    assert_eq!(wrong.expect_err("a wrong token").code, 10_062);
}

#[tokio::test]
async fn answers_must_fit_the_interaction() {
    let fixture = Fixture::new();
    for kind in [1, 6, 7, 8, 10, 12, 99] {
        let id = fixture.find();
        let error = fixture.respond(id, json!({ "type": kind, "data": {} }));
        assert_eq!(
            error.expect_err("no answer to a command").code,
            50_035,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn the_token_lives_fifteen_minutes() {
    let fixture = Fixture::new();
    let id = fixture.find();
    let token = fixture.token(id);
    let edit = |content: &str| {
        let body = Body {
            json: json!({ "content": content }),
            files: Vec::new(),
        };
        fixture
            .world
            .edit_webhook_message((fixture.bot, &token), Target::Original, &body)
    };
    assert_eq!(
        edit("early").expect_err("not acknowledged yet").code,
        10_015
    );
    fixture.respond(id, json!({ "type": 5 })).expect("in time");
    fixture.clock.advance(Duration::from_secs(15 * 60 - 1));
    edit("in time").expect("the token is valid");
    fixture.clock.advance(Duration::from_secs(1));
    let error = edit("late").expect_err("the token is not");
    assert_eq!((error.status.as_u16(), error.code), (401, 50_027));
    let unknown = fixture
        .world
        .webhook_message(fixture.bot, "unknown", Target::Original);
    assert_eq!(unknown.expect_err("no such token").code, 10_015);
}

#[tokio::test]
async fn tokens_can_be_expired_as_a_fault() {
    let fixture = Fixture::new();
    let id = fixture.find();
    fixture.respond(id, json!({ "type": 5 })).expect("in time");
    fixture.world.expire_tokens();
    let token = fixture.token(id);
    let error = fixture
        .world
        .webhook_message(fixture.bot, &token, Target::Original);
    assert_eq!(error.expect_err("expired").code, 50_027);
}
