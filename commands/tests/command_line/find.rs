//! `mirage find` and `mirage show` on a small atlas of one's own: answers, filters, odd queries.

use serde_json::Value;

use crate::home::{Home, Run};
use crate::pictures::{write_collection, write_pages};

/// A home whose atlas holds the three drawn pictures.
fn home() -> Option<Home> {
    let home = Home::with_weights()?;
    let name = write_collection(&home, "drawn");
    home.run(&["ingest", name]).ends_with(0);
    Some(home)
}

fn ids(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().into_iter().flatten();
    hits.filter_map(|hit| hit["id"].as_str()).collect()
}

/// The searches that found a hit.
fn reasons(hit: &Value) -> Vec<&str> {
    let reasons = hit["matched_by"].as_array().expect("a list");
    reasons.iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_best_match_comes_first_with_everything_that_belongs_to_it() {
    let Some(home) = home() else { return };
    let answer = home
        .run(&["find", "shoulder", "MRI", "--json"])
        .ends_with(0)
        .json();
    assert_eq!(answer["query"], "shoulder MRI");
    assert_eq!(answer["total"], 3);
    let first = &answer["hits"][0];
    assert_eq!(first["rank"], 1);
    assert_eq!(first["id"], "drawn/shoulder.tif");
    assert_eq!(first["licence"], "CC0-1.0");
    assert_eq!(first["source"], "Drawn pictures");
    assert_eq!(first["source_url"], "https://example.org/shoulder");
    let found_by = reasons(first);
    assert!(found_by.contains(&"meaning") && found_by.contains(&"words"));
    assert_eq!(
        first["shared_words"],
        serde_json::json!(["shoulder", "mri"])
    );
    for part in ["fused", "cosine", "bm25"] {
        assert!(first["score"][part].as_f64().is_some_and(|part| part > 0.0));
    }
    let text = home.run(&["find", "shoulder MRI", "--k", "1"]).ends_with(0);
    for part in [
        "  1. MRI, axial, shoulder",
        "Axial MRI of the shoulder with the rotator cuff.",
        "     Why      ",
        "meaning and words: shoulder, mri",
        "Source   Drawn pictures",
        "https://example.org/shoulder",
        "Licence  CC0-1.0",
        "Id       drawn/shoulder.tif",
    ] {
        assert!(text.out.contains(part), "no {part:?} in {}", text.out);
    }
    assert!(!text.out.contains("  2. "), "one was asked for");
    assert!(!text.out.contains('\u{1b}'), "no colour but on a terminal");
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let Some(home) = home() else { return };
    let page = |number: &str| {
        let arguments = ["find", "picture", "--k", "2", "--page", number, "--json"];
        home.run(&arguments)
    };
    let (first, second) = (page("1").ends_with(0).json(), page("2").ends_with(0).json());
    assert_eq!(ids(&first).len(), 2);
    assert_eq!(ids(&second).len(), 1);
    assert_eq!(second["hits"][0]["rank"], 3);
    assert!(!ids(&first).contains(&ids(&second)[0]));
    assert!(ids(&page("3").ends_with(1).json()).is_empty());
    let run = home.run(&["find", "picture", "--k", "2", "--page", "3"]);
    let run = run.ends_with(1);
    assert!(
        run.out.contains("3 pictures on 2 pages"),
        "the end is told: {}",
        run.out
    );
}

#[test]
fn a_filter_that_matches_nothing_is_explained() {
    let Some(home) = home() else { return };
    let run = home.run(&["find", "bones", "--modality", "Xray"]);
    let run = run.ends_with(1);
    assert!(
        run.out
            .contains("No picture has the modality \"Xray\"; the nearest: X-ray"),
        "{}",
        run.out
    );
    assert!(run.out.contains("Without the filter there is:"));
    assert!(run.out.contains("Id       drawn/"), "{}", run.out);
    let both = ["find", "bones", "--modality", "MRI", "--body-part", "eye"];
    let run = home.run(&both).ends_with(1);
    assert!(
        run.out.contains("no picture has them together"),
        "{}",
        run.out
    );
    let arguments = ["find", "bones", "--licence", "WTFPL", "--json"];
    let answer = home.run(&arguments).ends_with(1).json();
    assert_eq!(answer["hits"], serde_json::json!([]));
    let unknown = &answer["no_match"]["unknown"][0];
    assert_eq!(unknown["field"], "licence");
    assert_eq!(unknown["value"], "WTFPL");
    assert!(!unknown["nearest"].as_array().expect("a list").is_empty());
    let near = answer["no_match"]["without_filter"].as_array();
    assert_eq!(near.expect("a list").len(), 3);
    let arguments = ["find", "anything", "--licence", "cc-by-4.0", "--json"];
    let answer = home.run(&arguments).ends_with(0).json();
    assert_eq!(ids(&answer), ["drawn/chest.tif"]);
}

#[test]
fn odd_queries_get_an_ordinary_answer() {
    let Some(home) = home() else { return };
    let longest = "shoulder ".repeat(223).trim_end().to_owned();
    let exactly = longest.chars().take(2_000).collect::<String>();
    assert_eq!(exactly.trim().chars().count(), 2_000);
    for query in [
        "🩻🧠",
        "صورة أشعة للكتف",
        "'; DROP TABLE pictures; --",
        "\" OR 1=1 NEAR(x) AND (",
        "$(reboot) `id` %s \\u0000",
        exactly.as_str(),
    ] {
        let answer = home.run(&["find", query, "--json"]).ends_with(0).json();
        assert_eq!(answer["query"], query);
        assert_eq!(ids(&answer).len(), 3, "{query}");
    }
    let long = format!("{exactly}x");
    home.run(&["find", &long])
        .ends_with(2)
        .says("mirage: The query has 2001 characters; at most 2000 can be searched for.");
    let injected = ["find", "bones", "--source", "x' OR '1'='1", "--json"];
    let answer = home.run(&injected).ends_with(1).json();
    assert_eq!(answer["no_match"]["unknown"][0]["value"], "x' OR '1'='1");
}

#[test]
fn an_entry_is_shown_whole_and_its_picture_is_written_once() {
    let Some(home) = home() else { return };
    let id = "drawn/shoulder.tif";
    let run = home
        .run(&["show", id, "--out", "shoulder.jpg"])
        .ends_with(0);
    for part in ["Alt text", "Licence     CC0-1.0", "64 by 64 pixels", id] {
        assert!(run.out.contains(part), "no {part:?} in {}", run.out);
    }
    let picture = std::fs::read(home.path("shoulder.jpg")).expect("written");
    assert!(picture.starts_with(&[0xff, 0xd8, 0xff]), "a JPEG");
    std::fs::write(home.path("mine.jpg"), "mine").expect("written");
    home.run(&["show", id, "--out", "mine.jpg"])
        .ends_with(1)
        .says("exists and stays as it is");
    let kept = std::fs::read_to_string(home.path("mine.jpg")).expect("still there");
    assert_eq!(kept, "mine");
    let entry = home.run(&["show", id, "--json"]).ends_with(0).json();
    assert_eq!(entry["body_part"], "shoulder");
    home.run(&["show", "drawn/none.tif"])
        .ends_with(1)
        .says("There is no picture \"drawn/none.tif\" in the atlas.");
}

#[test]
fn a_picture_finds_itself_and_what_is_none_is_an_argument_that_cannot_be_used() {
    let Some(home) = home() else { return };
    let file = "drawn/shoulder.tif";
    let answer = home
        .run(&["find", "--image", file, "--json"])
        .ends_with(0)
        .json();
    assert_eq!(answer["image"], file);
    assert_eq!(answer["query"], "");
    let first = &answer["hits"][0];
    assert_eq!(first["id"], "drawn/shoulder.tif");
    assert_eq!(reasons(first), ["picture"]);
    assert_eq!(first["score"]["picture_rank"], 1);
    let both = ["find", "shoulder", "--image", file, "--json"];
    let answer = home.run(&both).ends_with(0).json();
    assert_eq!(reasons(&answer["hits"][0]), ["picture", "words"]);
    std::fs::write(home.path("words.png"), "only words").expect("written");
    home.run(&["find", "--image", "words.png"])
        .ends_with(2)
        .says("\"words.png\" can't be searched by: the file is not a picture");
    home.run(&["find", "--image", "none.png"])
        .ends_with(2)
        .says("could not be read");
}

/// How near the chest's picture is to what was asked for, with more arguments and settings.
fn nearness(home: &Home, more: &[&str], setting: Option<&str>) -> f64 {
    let mut arguments = vec!["find", "shoulder", "--image", "drawn/chest.tif", "--json"];
    arguments.extend(more);
    let mut command = home.command(&arguments);
    command.envs(setting.map(|share| ("MIRAGE_PICTURE_SHARE", share)));
    let answer = Run::of(&mut command).ends_with(0).json();
    let mut hits = answer["hits"].as_array().expect("a list").iter();
    let chest = hits.find(|hit| hit["id"] == "drawn/chest.tif");
    let score = &chest.expect("its picture was asked for")["score"];
    score["picture_cosine"].as_f64().expect("a number")
}

#[test]
fn the_share_of_the_picture_is_an_option_before_it_is_a_setting() {
    let Some(home) = home() else { return };
    let alone = nearness(&home, &["--picture-share", "1"], None);
    assert!(alone > 0.9, "the picture alone: {alone}");
    let words = nearness(&home, &["--picture-share", "0"], None);
    assert!(words < 0.6, "the words alone: {words}");
    let both = nearness(&home, &[], None);
    assert!(words < both && both < alone, "{words} {both} {alone}");
    let close = |one: f64, other: f64| (one - other).abs() < 1e-3;
    assert!(close(nearness(&home, &[], Some("1")), alone));
    assert!(close(
        nearness(&home, &["--picture-share", "0"], Some("1")),
        words
    ));
}

#[test]
fn words_that_fit_a_picture_are_told_with_the_results_that_carry_them() {
    let Some(home) = home() else { return };
    let picture = ["find", "--image", "drawn/shoulder.tif"];
    let answer = home.run(&[&picture[..], &["--json"]].concat());
    let answer = answer.ends_with(0).json();
    let words = answer["words"].as_array().expect("a list");
    for (index, word) in words.iter().enumerate() {
        assert_eq!(word["rank"], index + 1);
        let evidence = word["evidence"].as_array().expect("a list");
        let results = word["results"].as_array().expect("a list");
        assert!(!evidence.is_empty() && evidence.len() == results.len());
        for (id, rank) in evidence.iter().zip(results) {
            let mut hits = answer["hits"].as_array().expect("a list").iter();
            let hit = hits.find(|hit| hit["id"] == *id);
            assert_eq!(&hit.expect("it is among the results")["rank"], rank);
        }
    }
    let told = home.run(&picture).ends_with(0).out;
    let is_told = told.contains("Words that fit the picture best: ");
    assert_eq!(is_told, !words.is_empty(), "{told}");
    let text = home
        .run(&["find", "shoulder", "--json"])
        .ends_with(0)
        .json();
    assert!(text["words"].is_null(), "without a picture there are none");
}

#[test]
fn a_file_of_several_pages_is_searched_by_the_first_and_says_so() {
    let Some(home) = home() else { return };
    write_pages(&home.path("pages.tif"), 2);
    let picture = ["find", "--image", "pages.tif"];
    let told = home.run(&picture).ends_with(0).out;
    let notice = "The file has several frames; only the first was looked at.";
    assert!(told.contains(notice), "{told}");
    let answer = home.run(&[&picture[..], &["--json"]].concat());
    let answer = answer.ends_with(0).json();
    assert_eq!(answer["first_frame_only"], true);
    assert_eq!(answer["hits"][0]["id"], "drawn/shoulder.tif");
    let one = ["find", "--image", "drawn/shoulder.tif", "--json"];
    let one = home.run(&one).ends_with(0).json();
    assert!(one["first_frame_only"].is_null(), "{one}");
}
