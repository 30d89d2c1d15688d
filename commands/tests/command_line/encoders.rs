//! `mirage models add`: an encoder from a folder, with a tiny checkpoint of random weights; and
//! what is said of folders and names that can't be used.

use std::path::{Path, PathBuf};

use crate::home::{Home, Run};
use crate::pictures::write_collection;

/// A tiny checkpoint, by its layout.
fn tiny(layout: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden/tiny");
    golden.join(layout)
}

fn add(home: &Home, folder: &Path, more: &[&str]) -> Run {
    let folder = folder.to_str().expect("text");
    let mut arguments = vec!["models", "add", "--encoder", folder];
    arguments.extend(more);
    home.run(&arguments)
}

/// Runs the program with another profile.
fn with_profile(home: &Home, profile: &str, arguments: &[&str]) -> Run {
    Run::of(home.command(arguments).env("MIRAGE_PROFILE", profile))
}

#[test]
fn an_encoder_is_added_and_finds_pictures() {
    let home = Home::empty();
    let added = add(&home, &tiny("clip"), &["--name", "mine", "--json"]);
    let told = added.says("The encoder works.").ends_with(0).json();
    assert_eq!(told["profile"], "mine");
    assert_eq!(told["layout"], "clip");
    assert_eq!(told["dimensions"], 24);
    assert_eq!(told["image_size"], 32);
    assert_eq!(told["activation"], "QuickGELU");
    assert_eq!(told["maximum_tokens"], 77);
    assert_eq!(told["licence"], "LicenseRef-Unknown");
    assert_eq!(
        told["next"],
        "MIRAGE_PROFILE=mine mirage queue add re-embed"
    );
    assert!(home.path("profiles/mine.toml").is_file());
    let verify = ["models", "verify", "--profile", "mine", "--json"];
    let verified = home.run(&verify).ends_with(0).json();
    assert_eq!(verified["files"].as_array().map(Vec::len), Some(5));

    let drawn = write_collection(&home, "drawn");
    with_profile(&home, "mine", &["ingest", drawn]).ends_with(0);
    let info = with_profile(&home, "mine", &["atlas", "info", "--json"]);
    let info = info.ends_with(0).json();
    let encoder = info["encoder"].as_str().expect("a name");
    assert!(encoder.starts_with("mine@"), "{encoder}");
    let encoder = info["image_encoder"].as_str().expect("a name");
    assert!(encoder.starts_with("mine@"), "{encoder}");
    // Nobody measured random weights, so nothing is said of chance and of words.
    assert_eq!(info["chance_measured"], false);
    let picture = ["find", "--image", "drawn/chest.tif", "--json"];
    let found = with_profile(&home, "mine", &picture).ends_with(0).json();
    assert_eq!(found["hits"][0]["id"], "drawn/chest.tif");
    assert_eq!(found["words"], serde_json::json!([]));
    assert!(found["nothing_close"].is_null(), "{found}");
    with_profile(&home, "mine", &["find", "chest"]).ends_with(0);
}

#[test]
fn every_layout_can_be_added_and_is_told_in_words() {
    let home = Home::empty();
    for (layout, words) in [
        (
            "open-clip",
            "32 x 32 pixels in patches of 8, bicubic, the middle is cut out",
        ),
        (
            "siglip",
            "30 x 30 pixels in patches of 7, bilinear, stretched",
        ),
        ("biomedclip", "up to 32 tokens"),
    ] {
        let run = add(&home, &tiny(layout), &["--licence", "CC0-1.0"]).ends_with(0);
        assert!(
            run.out.starts_with(&format!("Profile {layout}, in ")),
            "{}",
            run.out
        );
        assert!(run.out.contains(words), "{}", run.out);
        assert!(run.out.contains("CC0-1.0"), "{}", run.out);
        let next = format!("MIRAGE_PROFILE={layout} mirage queue add re-embed");
        assert!(run.out.contains(&next), "{}", run.out);
    }
    home.run(&["models", "list", "--profile", "huge"])
        .ends_with(2)
        .says("Known profiles: starter, biomedclip, open-clip, siglip.");
}

#[test]
fn a_folder_without_an_encoder_is_told() {
    let home = Home::empty();
    add(&home, Path::new("none"), &[])
        .ends_with(2)
        .says("There is no folder at none.");
    let folder = home.path("folder");
    std::fs::create_dir(&folder).expect("a folder");
    add(&home, &folder, &[])
        .ends_with(1)
        .says("neither a config.json nor an open_clip_config.json");
    for file in ["config.json", "preprocessor_config.json", "tokenizer.json"] {
        std::fs::copy(tiny("clip").join(file), folder.join(file)).expect("copied");
    }
    add(&home, &folder, &[])
        .ends_with(1)
        .says("there is no model.safetensors");
    std::fs::write(folder.join("pytorch_model.bin"), b"\x80\x02").expect("written");
    add(&home, &folder, &[])
        .ends_with(1)
        .says("pytorch_model.bin are a pickle")
        .says("Convert it to safetensors");
    std::fs::write(folder.join("model.safetensors"), b"no weights").expect("written");
    add(&home, &folder, &[])
        .ends_with(1)
        .says("model.safetensors can't be read");
    assert!(!home.path("profiles").exists(), "nothing is added");
    assert!(!home.path("cache").exists(), "nothing is copied");
}

#[test]
fn a_name_that_cannot_be_used_is_refused_before_anything_is_read() {
    let home = Home::empty();
    for name in ["a/b", "..", "-x", "ä"] {
        add(&home, &tiny("clip"), &[&format!("--name={name}")])
            .ends_with(2)
            .says("can't be used for a profile");
    }
    add(&home, &tiny("clip"), &["--name", "starter"])
        .ends_with(2)
        .says("There is a profile named starter already.");
    add(&home, &tiny("clip"), &["--name", "mine"]).ends_with(0);
    add(&home, &tiny("siglip"), &["--name", "mine"])
        .ends_with(2)
        .says("There is a profile named mine already.");
    home.run(&["models", "add"]).ends_with(2).says("--encoder");
}

#[test]
fn a_profile_that_was_damaged_is_told_with_its_file() {
    let home = Home::empty();
    std::fs::create_dir(home.path("profiles")).expect("a folder");
    std::fs::write(home.path("profiles/mine.toml"), "profile = \"other\"").expect("written");
    with_profile(&home, "mine", &["models", "list"])
        .ends_with(1)
        .says("mine.toml can't be used");
}
