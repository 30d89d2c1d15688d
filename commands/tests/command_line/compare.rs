//! `mirage compare` as a person meets it: panels in files, data for programs, and what can't be
//! compared.

use serde_json::json;

use crate::home::{Home, Run};
use crate::pictures::{write_collection, write_gray};

/// A home whose atlas holds the three drawn pictures.
fn home() -> Option<Home> {
    let home = Home::with_weights()?;
    let name = write_collection(&home, "drawn");
    home.run(&["ingest", name]).ends_with(0);
    Some(home)
}

fn compare(home: &Home, arguments: &[&str]) -> Run {
    let mut all = vec!["compare"];
    all.extend(arguments);
    home.run(&all)
}

const SIZE: (u32, u32) = (200, 160);

/// Numbers by chance: xorshift (Marsaglia, 2003).
fn chance(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state >> 8
}

/// Light blobs on black, moved by so many pixels to the right and down: something to hold on to.
fn blobs(right: f32, down: f32) -> Vec<u8> {
    let mut state = 7;
    let mut drawn = |range: u32, lowest: u32| (chance(&mut state) % range + lowest) as f32;
    let blobs: Vec<[f32; 4]> = (0..40)
        .map(|_| [drawn(240, 0), drawn(200, 0), drawn(14, 5), drawn(90, 60)])
        .collect();
    let light = |x: u32, y: u32| {
        let (x, y) = (x as f32 - right + 20.0, y as f32 - down + 20.0);
        let light = blobs.iter().map(|[left, top, size, light]| {
            let far = (x - left).powi(2) + (y - top).powi(2);
            light * (-far / (2.0 * size * size)).exp()
        });
        light.sum::<f32>().min(255.0) as u8
    };
    let places = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    places.map(|(x, y)| light(x, y)).collect()
}

/// Width and height of a picture that was written.
fn size(home: &Home, name: &str) -> (u32, u32) {
    let file = std::fs::read(home.path(name)).expect("written");
    let picture = mirage::media::decode(&file).expect("a picture");
    (picture.width(), picture.height())
}

#[test]
fn options_that_do_not_go_together_are_told_before_anything_is_loaded() {
    let home = Home::empty();
    for (arguments, sentence) in [
        (&[][..], "Say what to compare: --a and --b; or --query"),
        (&["--a", "chest"][..], "--b is missing."),
        (&["--a", " ", "--b", "knee"][..], "--a is missing."),
        (
            &["--a", "x", "--query", "y"][..],
            "Ask for one comparison at a time.",
        ),
        (
            &["--mode", "same", "--a", "x", "--b", "y"][..],
            "--mode goes with --a alone",
        ),
        (&["--before", "x.png"][..], "--after is missing."),
        (
            &["--before", "x.png", "--after", "y.png"][..],
            "--out NAME.png is missing",
        ),
        (
            &["--query", "x", "--add", "y", "--weight-add", "9"][..],
            "A weight must be a number from 0 to 4.",
        ),
        (
            &["--mode", "best", "--a", "x"][..],
            "same, different and normal",
        ),
    ] {
        compare(&home, arguments).ends_with(2).says(sentence);
    }
    compare(&home, &["--a", "chest", "--b", "knee"])
        .ends_with(1)
        .says("`mirage models pull`");
}

#[test]
fn pictures_that_can_not_be_compared_are_told_before_anything_is_loaded() {
    let home = Home::empty();
    std::fs::write(home.path("paper.png"), "%PDF-1.7 a paper").expect("written");
    write_gray(&home.path("dot.png"), (1, 1), &[9]);
    write_gray(&home.path("strip.png"), (20_000, 10), &vec![9; 200_000]);
    for (file, sentence) in [
        (
            "paper.png",
            "\"paper.png\" can't be compared: the file is not a picture",
        ),
        ("dot.png", "1 by 1 pixels. That is too small to compare"),
        (
            "strip.png",
            "20000 by 10 pixels. That is too small to compare",
        ),
        ("none.png", "could not be read"),
    ] {
        compare(&home, &["--a-image", file, "--b", "knee"])
            .ends_with(2)
            .says(sentence);
    }
    std::fs::write(home.path("mine.png"), "mine").expect("written");
    compare(&home, &["--a", "x", "--b", "y", "--out", "mine.png"])
        .ends_with(1)
        .says("exists and stays as it is");
}

#[test]
fn two_pictures_over_time_make_three_files_and_no_claim() {
    let home = Home::empty();
    write_gray(&home.path("first.png"), SIZE, &blobs(0.0, 0.0));
    write_gray(&home.path("second.png"), SIZE, &blobs(8.0, -3.0));
    let arguments = ["--before", "first.png", "--after", "second.png"];
    let both = [&arguments[..], &["--out", "knee.png", "--json"][..]].concat();
    let answer = compare(&home, &both).ends_with(0).json();
    let shift = &answer["shift"];
    // What lies further to the right in the second picture is moved back to the left.
    let near = |value: &serde_json::Value, expected: f64| {
        value
            .as_f64()
            .is_some_and(|value| (value - expected).abs() < 1.5)
    };
    assert!(near(&shift[0], -8.0) && near(&shift[1], 3.0), "{answer}");
    for name in ["overlay", "difference", "blink"] {
        let file = answer[name].as_str().expect("a file");
        assert!(size(&home, file).0 >= 480, "{name}");
    }
    let told = answer["remarks"].to_string();
    assert!(told.contains("which is not a finding"), "{told}");
    compare(&home, &both)
        .ends_with(1)
        .says("exists and stays as it is");
    let mut state = 1;
    let noise: Vec<u8> = (0..SIZE.0 * SIZE.1)
        .map(|_| (chance(&mut state) % 256) as u8)
        .collect();
    write_gray(&home.path("noise.png"), SIZE, &noise);
    let strangers = [
        "--before",
        "first.png",
        "--after",
        "noise.png",
        "--out",
        "x.png",
    ];
    compare(&home, &strangers)
        .ends_with(1)
        .says("could not be laid over each other");
    let same = [
        "--before",
        "first.png",
        "--after",
        "first.png",
        "--out",
        "y.png",
    ];
    compare(&home, &same).ends_with(2).says("are the same");
}

#[test]
fn a_panel_is_written_with_everything_that_belongs_to_it() {
    let Some(home) = home() else { return };
    let arguments = ["--a", "shoulder MRI", "--b", "chest radiograph"];
    let all = [&arguments[..], &["--out", "panel.png", "--json"][..]].concat();
    let answer = compare(&home, &all).ends_with(0).json();
    assert_eq!(answer["a"]["shown"][0]["id"], "drawn/shoulder.tif");
    assert_eq!(answer["b"]["shown"][0]["id"], "drawn/chest.tif");
    assert_eq!(answer["b"]["shown"][0]["licence"], "CC-BY-4.0");
    assert_eq!(answer["a"]["total"], 3);
    assert!(
        answer["both"]
            .as_array()
            .is_some_and(|both| !both.is_empty())
    );
    assert_eq!(size(&home, "panel.png").0, 800);
    let told = compare(&home, &arguments).ends_with(0);
    for part in ["In both", "A1. MRI, axial, shoulder", "Licence  CC-BY-4.0"] {
        assert!(told.out.contains(part), "no {part:?} in {}", told.out);
    }
    let jpeg = [&arguments[..], &["--out", "panel.jpg"][..]].concat();
    compare(&home, &jpeg).ends_with(0);
    let panel = std::fs::read(home.path("panel.jpg")).expect("written");
    assert!(panel.starts_with(&[0xff, 0xd8, 0xff]), "a JPEG");
}

#[test]
fn sums_modes_and_their_refusals() {
    let Some(home) = home() else { return };
    let sum = [
        "--query",
        "axial",
        "--add",
        "retina with the optic disc",
        "--json",
    ];
    let answer = compare(&home, &sum).ends_with(0).json();
    assert_eq!(
        (&answer["a"]["total"], &answer["b"]["total"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(answer["b"]["subject"]["add"], "retina with the optic disc");
    for (arguments, code, sentence) in [
        (
            &["--a", "Chest ", "--b", "chest"][..],
            2,
            "A and B are the same.",
        ),
        (&["--query", "chest"][..], 2, "Say what to add to the query"),
        (
            &["--query", "chest", "--subtract", "chest"][..],
            2,
            "cancels the query",
        ),
        (
            &["--query", "x", "--add", "lung", "--subtract", "Lung"][..],
            2,
            "they cancel each other",
        ),
        (
            &["--mode", "normal", "--like", "drawn/chest.tif"][..],
            1,
            "nothing that is called normal",
        ),
        (
            &["--mode", "same", "--like", "drawn/none.tif"][..],
            1,
            "drawn/none.tif",
        ),
    ] {
        compare(&home, arguments).ends_with(code).says(sentence);
    }
    let file = "drawn/shoulder.tif";
    let picture = ["--a-image", file, "--b", "retina", "--json"];
    let answer = compare(&home, &picture).ends_with(0).json();
    assert_eq!(answer["a"]["shown"][0]["id"], file);
    assert_eq!(answer["a"]["subject"]["kind"], "picture");
}
