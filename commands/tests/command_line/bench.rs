//! `mirage bench search`, `encode`, `chat` and `generate` in small: the figures are there under their
//! names. How large they are is for a machine that does nothing else.

use serde_json::Value;

use crate::home::Home;
use crate::pictures::write_collection;

/// What every measurement of a search tells.
const OF_A_SEARCH: &[&str] = &[
    "rows",
    "dimensions",
    "queries",
    "threads",
    "build_seconds",
    "index_megabytes",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "recall_at_10",
    "recall_queries",
];

fn assert_numbers(figures: &Value, keys: &[&str]) {
    for key in keys {
        assert!(figures[key].is_number(), "{key}: {figures}");
    }
}

#[test]
fn a_search_is_measured_with_a_peer_or_says_why_not() {
    let home = Home::empty();
    let small = ["--rows", "2000", "--dimensions", "64", "--queries", "20"];
    let mut arguments = vec!["bench", "search"];
    arguments.extend(small);
    arguments.push("--json");
    let figures = home.run(&arguments).ends_with(0).json();
    assert_numbers(&figures, OF_A_SEARCH);
    assert_eq!(figures["rows"], 2_000);
    assert_eq!(figures["vectors"], "clustered");
    assert_eq!(figures["index"], "exact");
    assert_eq!(figures["recall_at_10"], 1.0);
    let peer = &figures["peer"];
    if peer.is_null() {
        let sentence = figures["no_peer"].as_str().unwrap_or_default();
        assert!(sentence.starts_with("There is no peer: "), "{figures}");
    } else {
        assert_numbers(peer, &["p50_ms", "product_p50_ms", "times_faster"]);
        let recall = peer["recall_at_10"].as_f64().unwrap_or_default();
        assert!(recall >= 0.99, "numpy has the same vectors: {figures}");
    }
}

#[test]
fn many_rows_are_coded_and_found_all_the_same() {
    let home = Home::empty();
    let arguments = "bench search --rows 12000 --dimensions 48 --queries 10 --alone --even --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let figures = home.run(&arguments).ends_with(0).json();
    assert_numbers(&figures, OF_A_SEARCH);
    assert_eq!(figures["index"], "coded");
    assert_eq!(figures["vectors"], "even");
    let recall = figures["recall_at_10"].as_f64().unwrap_or_default();
    assert!(recall >= 0.95, "{figures}");
    assert!(figures["peer"].is_null());
}

#[test]
fn a_peer_that_is_not_there_is_told_and_stops_nothing() {
    let home = Home::empty();
    let arguments = "bench search --rows 100 --dimensions 8 --queries 2 --peer no/such/python";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let run = home.run(&arguments).ends_with(0);
    assert!(run.out.starts_with("100 clustered vectors"), "{}", run.out);
    let sentence = "There is no peer: no/such/python could not be started";
    assert!(run.out.contains(sentence), "{}", run.out);
    home.run(&["bench", "search", "--alone", "--peer", "python3"])
        .ends_with(2)
        .says("--alone");
}

#[test]
fn the_image_encoder_is_measured() {
    let empty = Home::empty();
    empty
        .run(&["bench", "encode", "--alone"])
        .ends_with(1)
        .says("`mirage models pull`");
    let Some(home) = Home::with_weights() else {
        return;
    };
    let arguments = "bench encode --pictures 3 --batch 2 --rounds 1 --alone --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let figures = home.run(&arguments).ends_with(0).json();
    let keys = ["pictures_per_second", "network_per_second", "threads"];
    assert_numbers(&figures, &keys);
    assert_eq!(figures["pictures"], 3);
    assert_eq!(figures["batch"], 2);
    assert!(figures["no_peer"].is_string(), "{figures}");
}

#[test]
fn a_language_model_needs_weights_and_says_so_with_other_threads_too() {
    let home = Home::empty();
    for threads in ["1", "2", "3"] {
        home.run(&["bench", "chat", "--alone", "--threads", threads])
            .ends_with(1)
            .says("`mirage models pull`");
    }
    home.run(&["bench", "chat", "--alone", "--original"])
        .ends_with(2)
        .says("--original");
}

#[test]
fn the_language_model_is_measured() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    let name = write_collection(&home, "drawn");
    home.run(&["ingest", name]).ends_with(0);
    let arguments = "bench chat --rounds 1 --peer no/such/python --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let figures = home.run(&arguments).ends_with(0).json();
    assert_numbers(&figures, &["prefill_tok_s", "decode_tok_s", "threads"]);
    assert_eq!(figures["form"], "Q8_0");
    assert_eq!(figures["topics"], 12);
    let long = figures["lengths"][1]["prompt_tokens"].as_u64();
    assert!(long.is_some_and(|tokens| tokens >= 390), "{figures}");
    let sentence = figures["no_peer"].as_str().unwrap_or_default();
    let expected = "There is no peer: no/such/python could not be started";
    assert!(sentence.starts_with(expected), "{figures}");
}

#[test]
fn the_generator_is_measured() {
    let empty = Home::empty();
    empty
        .run(&["bench", "generate", "--alone"])
        .ends_with(1)
        .says("`mirage models pull`");
    empty
        .run(&["bench", "generate", "--steps", "0"])
        .ends_with(2)
        .says("--steps");
    let Some(home) = Home::with_weights() else {
        return;
    };
    let arguments = "bench generate --pictures 2 --steps 2 --alone --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let figures = home.run(&arguments).ends_with(0).json();
    let keys = [
        "seconds_per_picture",
        "words_seconds",
        "steps_seconds",
        "decoding_seconds",
        "size",
        "threads",
    ];
    assert_numbers(&figures, &keys);
    assert_eq!(figures["steps"], 2);
    assert_eq!(figures["pictures"], 2);
    assert!(figures["no_peer"].is_string() && figures["peer"].is_null());
    let arguments = "bench generate --pictures 1 --steps 1 --peer no/such/python";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let run = home.run(&arguments).ends_with(0);
    let sentence = "There is no peer: no/such/python could not be started";
    assert!(run.out.contains(sentence), "{}", run.out);
}
