//! `mirage doctor` on an empty home and on one with weights, without any network.

use serde_json::Value;

use crate::home::{Home, Run};
use crate::pictures::write_collection;

fn checks(home: &Home, code: i32) -> Vec<Value> {
    let mut command = home.command(&["doctor", "--json"]);
    // Nothing listens there, and nothing outside of this machine is asked.
    let run = Run::of(command.env("MIRAGE_DISCORD_URL", "http://127.0.0.1:1"));
    let told = run.ends_with(code).json();
    assert_eq!(told["ok"], code == 0);
    told["checks"].as_array().expect("a list").clone()
}

fn state<'a>(checks: &'a [Value], name: &str) -> &'a str {
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("{name} was not checked"));
    check["state"].as_str().expect("a state")
}

#[test]
fn an_empty_home_has_problems_and_each_has_its_mend() {
    let home = Home::empty();
    let checks = checks(&home, 1);
    for name in ["processor", "memory", "data disk", "cache disk", "Python"] {
        state(&checks, name);
    }
    assert_eq!(state(&checks, "weights"), "problem");
    assert_eq!(state(&checks, "generator"), "warning");
    assert_eq!(state(&checks, "atlas"), "warning");
    assert_eq!(state(&checks, "database"), "ok");
    assert_eq!(state(&checks, "bot token"), "warning");
    assert_eq!(state(&checks, "Discord"), "warning");
    for check in &checks {
        let text = check["text"].as_str().expect("a sentence");
        assert!(text.ends_with('.'), "{text}");
        assert_eq!(check["state"] == "ok", check["mend"].is_null(), "{check}");
    }
    let left: Vec<_> = std::fs::read_dir(home.path(""))
        .expect("the home")
        .collect();
    assert!(left.is_empty(), "the doctor makes nothing: {left:?}");
}

#[test]
fn weights_without_an_atlas_are_one_problem_less() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    let checks = checks(&home, 1);
    assert_eq!(state(&checks, "weights"), "ok");
    assert_eq!(state(&checks, "atlas"), "problem");
    let mut command = home.command(&["doctor"]);
    let run = Run::of(command.env("MIRAGE_DISCORD_URL", "http://127.0.0.1:1")).ends_with(1);
    assert!(
        run.out.contains("Run `mirage atlas starter`."),
        "{}",
        run.out
    );
}

#[test]
fn the_encoder_of_pictures_is_named_and_whether_it_was_measured() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    home.run(&["ingest", write_collection(&home, "drawn")])
        .ends_with(0);
    let info = home.run(&["atlas", "info", "--json"]).ends_with(0).json();
    let encoder = info["image_encoder"].as_str().expect("it has one");
    assert!(encoder.contains('@'), "a name and a version: {encoder}");
    assert_eq!(info["chance_measured"], true);
    assert_eq!(info["pictures_with_vectors"], 3);
    let measured = format!("{encoder}, whose chance was measured");
    let words = home.run(&["atlas", "info"]).ends_with(0).out;
    assert!(words.contains(&measured), "{words}");
    assert!(words.contains("3 of 3 can be found"), "{words}");
    let mut command = home.command(&["doctor", "--json"]);
    let told = Run::of(command.env("MIRAGE_DISCORD_URL", "http://127.0.0.1:1")).json();
    let mut checks = told["checks"].as_array().expect("a list").iter();
    let atlas = checks.find(|check| check["name"] == "atlas");
    let atlas = atlas.expect("it was checked");
    assert_eq!(atlas["state"], "ok");
    let text = atlas["text"].as_str().expect("a sentence");
    assert!(text.contains(&measured), "{text}");
}

#[test]
fn a_database_that_is_none_is_a_problem_and_stays_as_it_is() {
    let home = Home::empty();
    let notes = "These are notes, not a database. ".repeat(64);
    std::fs::write(home.path("mirage.sqlite"), &notes).expect("written");
    assert_eq!(state(&checks(&home, 1), "database"), "problem");
    let kept = std::fs::read_to_string(home.path("mirage.sqlite")).expect("still there");
    assert_eq!(kept, notes);
}
