//! What is read, what is refused, and which rows a split keeps.

use super::*;

fn read(text: &str) -> Result<Pairs, ReadError> {
    Pairs::of_lines(Path::new("x.jsonl"), text.as_bytes())
}

fn ids(pairs: &Pairs) -> Vec<&str> {
    pairs.rows().iter().map(|row| row.id.as_str()).collect()
}

#[test]
fn rows_come_with_what_is_said_of_them() {
    let pairs = read(
        "\u{feff}{\"id\": \"a\", \"file\": \"a.jpg\", \"caption\": \" Chest. \", \"labels\": \
         [\"CXR\", \"CXR\"], \"cuis\": [\"C1\"], \"boxes\": [], \"group\": \"g\", \"split\": \
         \"dev\"}\n\n{\"file\": \"b.jpg\", \"caption\": null}\n",
    );
    let pairs = pairs.expect("two rows");
    assert_eq!(ids(&pairs), ["a", "b.jpg"]);
    let first = &pairs.rows()[0];
    assert_eq!((first.caption.as_str(), first.labels.len()), ("Chest.", 1));
    assert_eq!(pairs.rows()[1].line, 3);
    let with_captions = pairs.with_captions().expect("one has");
    assert_eq!(ids(&with_captions), ["a"]);
    assert_eq!(ids(&pairs.with_labels().expect("one has")), ["a"]);
}

#[test]
fn the_first_bad_row_is_named_by_its_line() {
    let cases = [
        (
            "{\"file\": \"a\"}\n{",
            "x.jsonl, line 2: this is not a JSON object",
        ),
        (
            "{\"file\": 7}",
            "x.jsonl, line 1: this is not a JSON object",
        ),
        (
            "{\"id\": \"a\"}",
            "x.jsonl, line 1: the file of the picture is missing",
        ),
        (
            "{\"id\": \"a\", \"file\": \"1\"}\n{\"id\": \"a\", \"file\": \"2\"}",
            "x.jsonl, line 2: the identifier \"a\" stands for an earlier row already.",
        ),
        ("\n\n", "x.jsonl holds no rows."),
    ];
    for (text, expected) in cases {
        let error = read(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let long = format!("{{\"file\": \"{}\"}}", "x".repeat(MAXIMUM_LINE));
    let error = read(&long).expect_err("too long").to_string();
    assert!(error.contains("line 1: the row is longer than"), "{error}");
    let missing = Pairs::read(Path::new("no/such.jsonl")).expect_err("none");
    assert_eq!(
        missing.to_string(),
        "There is no file or folder no/such.jsonl."
    );
}

#[test]
fn a_split_that_is_not_there_names_those_that_are() {
    let text = "{\"file\": \"a\", \"split\": \"train\"}\n{\"file\": \"b\", \"split\": \"dev\"}";
    let pairs = read(text).expect("two rows");
    let all = pairs.clone().select(None).expect("all");
    assert_eq!(all.rows().len(), 2);
    for split in ["dev", HELD_OUT] {
        let kept = pairs.clone().select(Some(split)).expect("one row");
        assert_eq!(ids(&kept), ["b"]);
    }
    let error = pairs.select(Some("test")).expect_err("none").to_string();
    assert_eq!(
        error,
        "x.jsonl has no row of the split \"test\". It has: dev, train."
    );
    let bare = read("{\"file\": \"a\"}").expect("a row");
    let error = bare.select(Some("dev")).expect_err("none").to_string();
    assert!(error.ends_with("It has: none."), "{error}");
}

#[test]
fn without_dev_rows_a_seventh_of_the_groups_is_held_out_as_in_training() {
    // Of these names Python's `held_out` keeps "e" alone aside.
    let lines: Vec<String> = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .map(|group| format!("{{\"file\": \"{group}\", \"group\": \"{group}\"}}"))
        .collect();
    let pairs = read(&lines.join("\n")).expect("eight rows");
    let kept = pairs.select(Some(HELD_OUT)).expect("one row");
    assert_eq!(ids(&kept), ["e"]);
}

#[test]
fn nothing_to_measure_is_said() {
    let pairs = read("{\"file\": \"a\"}").expect("a row");
    let error = pairs.with_captions().expect_err("none").to_string();
    assert_eq!(
        error,
        "No row of x.jsonl has a caption, so there is nothing to measure."
    );
    assert!(pairs.with_labels().is_err());
}
