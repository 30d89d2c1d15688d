//! What a person is told when something is missing or in the way: weights, atlas, token, profile,
//! an atlas of another encoder, another bot, a reader who left.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;

use mirage::atlas::Atlas;
use mirage::engine::Engine;
use mirage::store::Store;
use mirage_models::text_encoder::{EncoderError, TextEncoder};

use crate::home::{Home, Run};

#[test]
fn missing_weights_are_told_with_the_command_that_fetches_them() {
    let home = Home::empty();
    for arguments in [
        &["find", "brain"][..],
        &["show", "starter/a"],
        &["atlas", "info"],
        &["atlas", "starter"],
    ] {
        home.run(arguments)
            .ends_with(1)
            .says("text-encoder/config.json is missing")
            .says("`mirage models pull`");
    }
    assert!(!home.path("atlas").exists(), "a look makes nothing");
}

#[test]
fn missing_and_changed_files_are_listed_and_verify_fails() {
    let home = Home::empty();
    let listed = home.run(&["models", "list", "--json"]).ends_with(0).json();
    let files = listed["files"].as_array().expect("files");
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(file["state"], "missing", "{file}");
        assert!(file["licence"].is_string() && file["size"].is_u64());
    }
    let folder = home.path("cache/weights/starter/text-encoder");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config.json"), "{}").expect("written");
    let run = home.run(&["models", "verify"]).ends_with(1);
    assert!(run.out.contains("changed: it has 2 bytes"), "{}", run.out);
    assert!(run.out.contains("missing"), "{}", run.out);
    home.run(&["find", "brain"])
        .ends_with(1)
        .says("config.json is not the right one");
}

#[test]
fn a_profile_that_does_not_exist_names_those_that_do() {
    let home = Home::empty();
    home.run(&["models", "list", "--profile", "huge"])
        .ends_with(2)
        .says("mirage: There is no profile named huge. Known profiles: starter");
    let mut command = home.command(&["find", "brain"]);
    Run::of(command.env("MIRAGE_PROFILE", "huge"))
        .ends_with(2)
        .says("There is no profile named huge");
}

#[test]
fn a_missing_atlas_is_told_with_the_command_that_makes_it() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    home.run(&["find", "brain"])
        .ends_with(1)
        .says("mirage: There is no atlas at")
        .says("`mirage atlas starter`");
    assert!(!home.path("atlas").exists(), "a look makes nothing");
}

/// An encoder that this version doesn't ship; only its name matters.
struct Other;

impl TextEncoder for Other {
    fn identity(&self) -> &str {
        "another-encoder@00000000"
    }

    fn dimensions(&self) -> usize {
        4
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        Ok(texts.iter().map(|_| vec![1.0, 0.0, 0.0, 0.0]).collect())
    }
}

#[tokio::test]
async fn an_atlas_of_another_encoder_is_refused_with_both_names() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    let uri = home.path("atlas").to_string_lossy().into_owned();
    let engine = Engine::with_encoder(Arc::new(Other)).expect("a thread");
    Atlas::open_or_create(&uri, engine)
        .await
        .expect("an empty atlas");
    for arguments in [&["find", "brain"][..], &["atlas", "info"]] {
        home.run(arguments)
            .ends_with(1)
            .says("made with the encoder another-encoder@00000000")
            .says("all-MiniLM-L6-v2@");
    }
}

#[test]
fn a_bot_without_a_token_says_where_it_goes() {
    let home = Home::empty();
    home.run(&["bot"])
        .ends_with(1)
        .says("mirage: No bot token is set.")
        .says("DISCORD_TOKEN_FILE");
}

#[tokio::test]
async fn a_second_bot_on_the_same_database_is_refused() {
    let home = Home::empty();
    let store = Store::open(&*home.path("mirage.sqlite"))
        .await
        .expect("a database");
    let _lock = store.lock_for_bot().await.expect("the first bot");
    let mut command = home.command(&["bot"]);
    Run::of(command.env("DISCORD_TOKEN", "first.second.third"))
        .ends_with(1)
        .says("Another Mirage bot is running on the database");
}

#[test]
fn a_token_is_never_printed_whatever_is_logged() {
    let home = Home::empty();
    let token = "MTIzNDU2.s3cret.t0ken";
    for arguments in [&["bot"][..], &["doctor"]] {
        let mut command = home.command(arguments);
        command
            .env("DISCORD_TOKEN", token)
            .env("MIRAGE_LOG", "trace")
            .env("MIRAGE_DISCORD_URL", "http://127.0.0.1:1");
        let run = Run::of(&mut command).ends_with(1);
        let said = run.out + &run.err;
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn the_causes_of_a_failure_are_in_the_log_when_asked_for() {
    let home = Home::empty();
    let mut command = home.command(&["find", "brain"]);
    Run::of(command.env("MIRAGE_LOG", "mirage=debug"))
        .ends_with(1)
        .says("the command failed");
}

#[test]
fn a_reader_who_leaves_ends_the_program_quietly() {
    let home = Home::empty();
    let mut child = home
        .command(&["models", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // As `| head -0` does: the pipe is closed before anything was read.
    drop(child.stdout.take());
    let mut said = String::new();
    let mut errors = child.stderr.take().expect("it is piped");
    errors.read_to_string(&mut said).expect("text");
    let status = child.wait().expect("it ends");
    assert_eq!(said, "");
    assert!(status.success(), "{status}");
}
