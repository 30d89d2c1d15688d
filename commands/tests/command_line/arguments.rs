//! Help and command lines that can't be used. None of it needs weights, an atlas or a network.

use crate::home::{Home, Run};

#[test]
fn help_is_there_for_every_command_with_an_example() {
    let home = Home::empty();
    for command in [
        "find",
        "show",
        "compare",
        "explain",
        "eval explain",
        "generate",
        "reported",
        "bench generate",
        "eval generate",
        "ingest",
        "atlas starter",
        "atlas info",
        "models list",
        "models pull",
        "models verify",
        "models add",
        "doctor",
        "bot",
        "bench find",
        "bench compare",
        "bench search",
        "bench encode",
        "bench chat",
        "bench quiz",
        "eval quiz",
        "quiz draft",
        "quiz bank",
        "quiz decide",
        "quiz export",
        "quiz import",
        "quiz analyse",
        "quiz acts",
    ] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let run = home.run(&arguments).ends_with(0);
        let example = format!("Example:\n  mirage {command}");
        assert!(run.out.contains(&example), "{command}: {}", run.out);
    }
    let run = home.run(&["find", "--help"]).ends_with(0);
    assert!(run.out.contains("Exit codes: 0 found; 1 nothing found"));
    home.run(&[]).ends_with(2).says("Usage: mirage");
    home.run(&["fnid", "x"]).ends_with(2);
}

#[test]
fn what_can_not_be_explained_is_told_before_anything_is_loaded() {
    let home = Home::empty();
    for (arguments, told) in [
        (vec!["explain", " "], "Give a topic to explain"),
        (
            vec!["explain", "pons", "--level", "expert"],
            "lay, student and resident",
        ),
        (vec!["explain", "pons", "--zoom", "10"], "1..=9"),
        (
            vec!["explain", "pons", "--image", "a.png"],
            "cannot be used with",
        ),
        (vec!["explain"], "required"),
    ] {
        home.run(&arguments).ends_with(2).says(told);
    }
    let long = "a".repeat(501);
    home.run(&["explain", &long])
        .ends_with(2)
        .says("501 characters");
}

#[test]
fn an_empty_query_is_told_before_anything_is_loaded() {
    let home = Home::empty();
    for query in ["", "   ", "\t\n"] {
        home.run(&["find", query])
            .ends_with(2)
            .says("mirage: The query is empty.");
    }
    home.run(&["find"]).ends_with(2).says("QUERY");
}

#[test]
fn numbers_are_bounded_with_their_range() {
    let home = Home::empty();
    for (value, reason) in [("0", "1..=25"), ("1000", "1..=25"), ("many", "--k")] {
        home.run(&["find", "brain", "--k", value])
            .ends_with(2)
            .says(reason);
    }
    home.run(&["find", "brain", "--page", "0"])
        .ends_with(2)
        .says("--page");
    home.run(&["bench", "find", "--calls", "0"])
        .ends_with(2)
        .says("--calls");
    for (what, option, value) in [
        ("compare", "--panels", "0"),
        ("search", "--rows", "0"),
        ("search", "--dimensions", "9000"),
        ("encode", "--batch", "65"),
        ("encode", "--rounds", "0"),
        ("chat", "--rounds", "0"),
        ("chat", "--threads", "1001"),
        ("generate", "--pictures", "0"),
        ("generate", "--steps", "101"),
    ] {
        home.run(&["bench", what, option, value])
            .ends_with(2)
            .says(option);
    }
}

#[test]
fn a_share_lies_between_nought_and_one_and_needs_a_picture() {
    let home = Home::empty();
    for share in ["1.5", "-0.1", "half", "NaN"] {
        let option = format!("--picture-share={share}");
        home.run(&["find", "brain", "--image", "a.png", &option])
            .ends_with(2)
            .says("give a number from 0 (the words alone) to 1 (the picture alone)");
    }
    home.run(&["find", "brain", "--picture-share", "0.5"])
        .ends_with(2)
        .says("--image");
}

#[test]
fn a_layout_or_a_name_that_does_not_exist_is_refused() {
    let home = Home::empty();
    home.run(&["ingest", ".", "--layout", "zip"])
        .ends_with(2)
        .says("There is no layout \"zip\"; there are captions");
    home.run(&["ingest", ".", "--collection", "a/b"])
        .ends_with(2)
        .says("can't be used for a collection");
    home.run(&["ingest", ".", "--collection", "starter"])
        .ends_with(2)
        .says("belongs to the starter atlas");
    home.run(&["bot", "--discord-url", "ftp://localhost"])
        .ends_with(2)
        .says("http or https");
}

#[test]
fn settings_that_cannot_be_used_name_their_variable() {
    let home = Home::empty();
    for (name, value) in [
        ("MIRAGE_DISCORD_URL", "nonsense"),
        ("MIRAGE_GUILD", "my server"),
        ("MIRAGE_LOG", "mirage=loud"),
        ("MIRAGE_PICTURE_SHARE", "1.5"),
    ] {
        let mut command = home.command(&["models", "list"]);
        let run = Run::of(command.env(name, value)).ends_with(2);
        assert!(
            run.err
                .starts_with(&format!("mirage: {name} can't be used")),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_token_file_that_cannot_be_read_stops_only_what_needs_the_token() {
    let home = Home::empty();
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        Run::of(command.env("DISCORD_TOKEN_FILE", "no/such/file"))
    };
    run(&["models", "list"]).ends_with(0);
    run(&["find", "brain"])
        .ends_with(1)
        .says("config.json is missing");
    run(&["bot"])
        .ends_with(2)
        .says("mirage: DISCORD_TOKEN_FILE can't be used: the file no/such/file");
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_no_text_names_its_variable() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::empty();
    let mut command = home.command(&["models", "list"]);
    Run::of(command.env("MIRAGE_PROFILE", OsStr::from_bytes(b"st\xffrter")))
        .ends_with(2)
        .says("mirage: MIRAGE_PROFILE can't be used");
}
