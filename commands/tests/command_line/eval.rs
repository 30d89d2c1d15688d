//! `mirage eval` as a person meets it: what it says of data that can't be used, and its figures
//! over a few drawn pictures.

use std::path::Path;

use serde_json::json;

use crate::home::{Home, Run};
use crate::pictures;

/// The drawn pictures: file, caption, label.
const ROWS: &[(&str, &str, &str)] = &[
    ("shoulder.tif", "Axial MRI of the shoulder.", "MRI"),
    ("chest.tif", "Chest radiograph, frontal.", "CXR"),
    ("retina.tif", "Photograph of the retina.", "retina"),
];

/// A file of an archive: a header of 512 bytes, and the content in whole blocks.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    let size = format!("{:011o}\0", content.len());
    header[124..136].copy_from_slice(size.as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut entry = header.to_vec();
    entry.extend(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// Writes `x.jsonl` and `x.tar` with the drawn pictures; each three times, so that its label is
/// asked for.
fn write_pairs(home: &Home) {
    let folder = pictures::write_collection(home, "drawn");
    let mut archive = Vec::new();
    let mut rows = String::new();
    for (file, caption, label) in ROWS {
        let content = std::fs::read(home.path(folder).join(file)).expect("written");
        archive.extend(entry(file, &content));
        for copy in 0..3 {
            let row = json!({
                "id": format!("{file}-{copy}"), "file": file, "caption": caption,
                "labels": [label], "group": file, "split": "dev",
            });
            rows.push_str(&format!("{row}\n"));
        }
    }
    archive.extend([0; 1024]);
    write(&home.path("x.tar"), &archive);
    write(&home.path("x.jsonl"), rows.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
}

fn eval(home: &Home, what: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["eval", what, "--pairs", "x.jsonl", "--images", "x.tar"];
    arguments.extend(more);
    home.run(&arguments)
}

#[test]
fn help_has_an_example_for_each() {
    let home = Home::empty();
    for what in ["retrieval", "concepts", "classify", "arithmetic"] {
        let run = home.run(&["eval", what, "--help"]).ends_with(0);
        let example = format!("Example:\n  mirage eval {what} --pairs");
        assert!(run.out.contains(&example), "{}", run.out);
    }
    home.run(&["eval", "retrieval"])
        .ends_with(2)
        .says("--pairs");
}

#[test]
fn data_that_cannot_be_used_is_told_before_weights_are_looked_for() {
    let home = Home::empty();
    eval(&home, "retrieval", &[])
        .ends_with(1)
        .says("mirage: There is no file or folder x.jsonl.");
    write_pairs(&home);
    eval(&home, "retrieval", &["--split", "test"])
        .ends_with(2)
        .says("x.jsonl has no row of the split \"test\". It has: dev.");
    eval(&home, "retrieval", &["--profile", "huge"])
        .ends_with(2)
        .says("There is no profile named huge");
    eval(&home, "retrieval", &[])
        .ends_with(1)
        .says("config.json is missing")
        .says("`mirage models pull`");
    let rows = home.path("x.jsonl");
    for (text, sentence) in [
        (
            "{\"file\": \"chest.tif\"}\n{",
            "x.jsonl, line 2: this is not a JSON object",
        ),
        (
            "{\"file\": \"none.tif\", \"caption\": \"x\"}",
            "x.jsonl, line 1: there is no picture \"none.tif\".",
        ),
        (
            "{\"id\": \"a\", \"file\": \"1\"}\n{\"id\": \"a\", \"file\": \"2\"}",
            "line 2: the identifier \"a\" stands for an earlier row already.",
        ),
        (
            "{\"file\": \"chest.tif\"}",
            "No row of x.jsonl has a caption",
        ),
    ] {
        write(&rows, text.as_bytes());
        eval(&home, "retrieval", &[]).ends_with(1).says(sentence);
    }
    write(&rows, b"{\"file\": \"chest.tif\", \"labels\": [\"CXR\"]}");
    eval(&home, "classify", &[])
        .ends_with(1)
        .says("are of one class, \"CXR\"");
    eval(&home, "concepts", &[])
        .ends_with(1)
        .says("x.jsonl holds no query");
    eval(&home, "arithmetic", &[])
        .ends_with(1)
        .says("are of one class, \"CXR\"");
    eval(&home, "arithmetic", &["--pairs", "y.jsonl"])
        .ends_with(2)
        .says("each set needs both");
}

#[test]
fn an_archive_that_is_none_is_told() {
    let home = Home::empty();
    write_pairs(&home);
    write(&home.path("x.tar"), &b"words ".repeat(200));
    eval(&home, "retrieval", &[])
        .ends_with(1)
        .says("x.tar can't be used: it is no tar archive");
    std::fs::remove_file(home.path("x.tar")).expect("removed");
    eval(&home, "retrieval", &[])
        .ends_with(1)
        .says("There is no file or folder x.tar.");
}

#[test]
fn figures_are_as_documented_and_the_same_again() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    write_pairs(&home);
    let first = eval(&home, "retrieval", &["--split", "dev", "--json"]).ends_with(0);
    let again = eval(&home, "retrieval", &["--split", "dev", "--json"]).ends_with(0);
    assert_eq!(first.out, again.out);
    let figures = first.json();
    assert_eq!(figures["pool"], 9);
    for direction in ["text_to_image", "image_to_text"] {
        for key in ["r1", "r5", "r10", "median_rank", "mrr"] {
            assert!(figures[direction][key].is_number(), "{figures}");
        }
        assert_eq!(figures[direction]["ci95"].as_array().map(Vec::len), Some(2));
    }
    assert!(figures["baselines"]["random"]["r10"].is_number());
    let told = eval(&home, "retrieval", &[]).ends_with(0);
    assert!(told.out.starts_with("Pool: 9 pictures"), "{}", told.out);
    let figures = eval(&home, "concepts", &["--json"]).ends_with(0).json();
    for way in ["vector", "bm25", "hybrid", "mirage"] {
        assert!(figures[way]["p5"].is_number(), "{figures}");
        assert!(figures[way]["ndcg10"].is_number(), "{figures}");
    }
    let sweep = ["--sweep", "--json"];
    let figures = eval(&home, "arithmetic", &sweep).ends_with(0).json();
    for key in [
        "hit5_arithmetic",
        "hit5_two_queries",
        "hit5_concat",
        "hit5_mirage",
    ] {
        assert!(figures[key].is_number(), "{figures}");
    }
    // Three labels make six pairs, with two tasks each.
    assert_eq!((&figures["n"], &figures["pool"]), (&json!(12), &json!(9)));
    assert!(figures["sweep"][0]["hit5"].is_number(), "{figures}");
    let picture = ["--confusion", "matrix.png", "--json"];
    let figures = eval(&home, "classify", &picture).ends_with(0).json();
    assert_eq!((&figures["classes"], &figures["n"]), (&json!(3), &json!(9)));
    assert!(figures["macro_accuracy"].is_number(), "{figures}");
    let written = std::fs::read(home.path("matrix.png")).expect("written");
    assert!(written.starts_with(b"\x89PNG"));
    eval(&home, "classify", &picture)
        .ends_with(1)
        .says("matrix.png exists and stays as it is");
}

#[test]
fn what_synthetic_pictures_cannot_be_measured_with_is_told() {
    let home = Home::empty();
    let run = home.run(&["eval", "generate", "--help"]).ends_with(0);
    let example = "Example:\n  mirage eval generate --data";
    assert!(run.out.contains(example), "{}", run.out);
    home.run(&["eval", "generate"]).ends_with(2).says("--data");
    for (option, value) in [
        ("--guidance", "NaN"),
        ("--guidance", "21"),
        ("--steps", "0"),
    ] {
        home.run(&["eval", "generate", "--data", "none", option, value])
            .ends_with(2)
            .says(option);
    }
    home.run(&["eval", "generate", "--data", "none"])
        .ends_with(1)
        .says("There is no file or folder none");
    write(&home.path("sheet.png"), b"mine");
    home.run(&["eval", "generate", "--data", "none", "--sheet", "sheet.png"])
        .ends_with(1)
        .says("sheet.png exists and stays as it is");
    // Other data than the weights were trained on would give other figures under the same names.
    write_pairs(&home);
    for (from, to) in [("x.jsonl", "roco.jsonl"), ("x.tar", "roco.tar")] {
        std::fs::rename(home.path(from), home.path(to)).expect("renamed");
    }
    home.run(&["eval", "generate", "--data", "."])
        .ends_with(1)
        .says("which was kept aside when the weights were trained");
}
