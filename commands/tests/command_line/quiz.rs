//! `mirage quiz` as a person meets it: drafting from a drawn atlas, the bank, files in and out, and
//! what can't be done.

use serde_json::Value;

use crate::home::{Home, Run};
use crate::pictures::write_gray;

/// Pixels on each side: smaller pictures are asked about nowhere.
const SIDE: u32 = 120;
/// The pictures: file, modality, plane, part of the body, and what the caption says.
const PICTURES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "a",
        "MRI",
        "axial",
        "shoulder",
        "The humeral head and the glenoid.",
    ),
    (
        "b",
        "X-ray",
        "frontal",
        "knee",
        "The patella and the tibia.",
    ),
    (
        "c",
        "CT",
        "axial",
        "chest",
        "The trachea between the lungs.",
    ),
    (
        "d",
        "Ultrasound",
        "",
        "thyroid",
        "The isthmus in front of the trachea.",
    ),
    (
        "e",
        "Fundus photography",
        "",
        "eye",
        "The optic disc and the macula.",
    ),
    (
        "f",
        "MRI",
        "sagittal",
        "knee",
        "The patella in front of the femur.",
    ),
];

/// A home whose atlas holds the pictures.
fn home() -> Option<Home> {
    let home = Home::with_weights()?;
    let folder = home.path("drawn");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut table = "file,caption,modality,plane,body_part,licence,source\n".to_owned();
    for (number, (name, modality, plane, part, caption)) in PICTURES.iter().enumerate() {
        let waves = (0..SIDE * SIDE).map(|at| {
            let (x, y) = (f64::from(at % SIDE), f64::from(at / SIDE));
            let wave = (x * (0.1 + 0.09 * number as f64)).sin() + (y * 0.07).cos();
            (wave * 60.0 + 128.0) as u8
        });
        let pixels: Vec<u8> = waves.collect();
        write_gray(&folder.join(format!("{name}.tif")), (SIDE, SIDE), &pixels);
        table.push_str(&format!(
            "{name}.tif,\"{caption}\",{modality},{plane},{part},CC0-1.0,Drawn pictures\n"
        ));
    }
    std::fs::write(folder.join("captions.csv"), table).expect("written");
    home.run(&["ingest", "drawn"]).ends_with(0);
    Some(home)
}

fn quiz(home: &Home, arguments: &[&str]) -> Run {
    let mut all = vec!["quiz"];
    all.extend(arguments);
    home.run(&all)
}

const TABLE: &str = "kind,question,key,answer_1,answer_2,answer_3\n\
    single_choice,Which plane shows both eyes?,A,axial,sagittal,\n\
    true_false,MRI uses radio waves.,true,,,\n";

#[test]
fn what_can_not_be_drafted_is_told_before_anything_is_loaded() {
    let home = Home::empty();
    for count in ["0", "101", "1000"] {
        quiz(&home, &["draft", "brain", "--count", count])
            .ends_with(2)
            .says("ask for 1 to 100");
    }
    quiz(&home, &["draft", " "])
        .ends_with(2)
        .says("Name a topic");
    quiz(&home, &["draft", "brain", "--types", "essay"])
        .ends_with(2)
        .says("open_answer");
    quiz(&home, &["draft", "brain", "--difficulty", "impossible"])
        .ends_with(2)
        .says("easy, medium or hard");
    quiz(&home, &["draft", "brain"])
        .ends_with(1)
        .says("`mirage models pull`");
}

#[test]
fn an_empty_bank_says_so() {
    let home = Home::empty();
    let run = quiz(&home, &["bank"]).ends_with(1);
    assert_eq!(run.out, "The bank has no such question.\n");
    let run = quiz(&home, &["bank", "--json"]).ends_with(1).json();
    assert_eq!((&run["total"], &run["page"]), (&0.into(), &1.into()));
    quiz(&home, &["bank", "--id", "7"])
        .ends_with(1)
        .says("no question 7");
    quiz(&home, &["bank", "--id", "zero"])
        .ends_with(2)
        .says("1 or more");
    quiz(&home, &["decide", "approve", "7"])
        .ends_with(1)
        .says("no question 7");
    quiz(&home, &["export", "--format", "csv", "--out", "q.csv"])
        .ends_with(1)
        .says("no such question");
    let run = quiz(&home, &["analyse"]).ends_with(1);
    assert!(
        run.out.starts_with("No question was revealed"),
        "{}",
        run.out
    );
    let run = quiz(&home, &["acts"]).ends_with(0);
    assert_eq!(run.out, "No tutor has done anything yet.\n");
}

#[test]
fn a_file_is_imported_whole_or_not_at_all() {
    let home = Home::empty();
    let broken = format!("{TABLE}single_choice,Which?,D,a,b,c\n");
    std::fs::write(home.path("broken.csv"), broken).expect("written");
    quiz(&home, &["import", "broken.csv"])
        .ends_with(1)
        .says("Nothing was imported. Row 4: its key names no answer.");
    quiz(&home, &["bank"]).ends_with(1);
    std::fs::write(home.path("q.csv"), TABLE).expect("written");
    let told = quiz(&home, &["import", "q.csv", "--json"])
        .ends_with(0)
        .json();
    assert_eq!((&told["imported"], &told["known"]), (&2.into(), &0.into()));
    let again = quiz(&home, &["import", "q.csv", "--json"])
        .ends_with(0)
        .json();
    assert_eq!(
        (&again["imported"], &again["known"]),
        (&0.into(), &2.into())
    );
    std::fs::write(home.path("q.docx"), "x").expect("written");
    quiz(&home, &["import", "q.docx"])
        .ends_with(1)
        .says("is not known");
    quiz(&home, &["import", "none.csv"])
        .ends_with(2)
        .says("could not be read");
}

#[test]
fn a_question_is_decided_on_and_written_in_each_form() {
    let home = Home::empty();
    std::fs::write(home.path("q.csv"), TABLE).expect("written");
    quiz(&home, &["import", "q.csv"]).ends_with(0);
    let drafts = quiz(&home, &["bank", "--state", "draft", "--json"])
        .ends_with(0)
        .json();
    assert_eq!(drafts["total"], 2);
    for item in drafts["items"].as_array().expect("items") {
        let number = item["id"].to_string();
        quiz(&home, &["decide", "approve", &number, "--why", "checked"]).ends_with(0);
        quiz(&home, &["decide", "approve", &number])
            .ends_with(1)
            .says("stays as it is");
    }
    let found = quiz(&home, &["bank", "radio", "waves"]).ends_with(0);
    assert!(
        found.out.contains("true or false") && found.out.contains("1 in all"),
        "{}",
        found.out
    );
    for (format, name, said) in [
        ("csv", "out.csv", "kind,question,key"),
        ("anki-text", "out.txt", "#separator:tab"),
        ("moodle", "out.xml", "<quiz>"),
        ("gift", "out.gift", "{"),
        ("anki", "out.apkg", "collection.anki2"),
    ] {
        let arguments = ["export", "--format", format, "--out", name];
        quiz(&home, &arguments).ends_with(0);
        let file = std::fs::read(home.path(name)).expect("written");
        assert!(String::from_utf8_lossy(&file).contains(said), "{format}");
        quiz(&home, &arguments)
            .ends_with(1)
            .says("exists and stays as it is");
        if format != "anki" {
            let told = quiz(&home, &["import", name, "--server", "5", "--json"]).ends_with(0);
            let told = told.json();
            let all = told["imported"].as_i64().unwrap_or(0) + told["known"].as_i64().unwrap_or(0);
            assert_eq!(all, 2, "{format}: {told}");
        }
    }
    let acts = quiz(&home, &["acts", "--json"]).ends_with(0).json();
    let acts: Vec<&str> = acts
        .as_array()
        .expect("acts")
        .iter()
        .filter_map(|act| act["act"].as_str())
        .collect();
    assert_eq!(acts, ["approve", "approve", "import", "import"]);
    quiz(&home, &["export", "--format", "pdf", "--out", "x"])
        .ends_with(2)
        .says("anki-text");
}

#[test]
fn questions_are_drafted_stored_and_not_drafted_twice() {
    let Some(home) = home() else { return };
    let draft = [
        "draft",
        "MRI X-ray",
        "--count",
        "4",
        "--seed",
        "3",
        "--json",
    ];
    let shown = quiz(&home, &[&draft[..], &["--dry-run"][..]].concat())
        .ends_with(0)
        .json();
    let shown = shown.as_array().expect("drafts");
    assert!(!shown.is_empty() && shown.iter().all(|item| item.get("id").is_none()));
    quiz(&home, &["bank"]).ends_with(1);
    let stored = quiz(&home, &draft).ends_with(0).json();
    let stored = stored.as_array().expect("drafts");
    for item in stored {
        assert!(item["id"].as_i64().is_some_and(|id| id > 0), "{item}");
        assert_eq!(item["sources"][0]["licence"], "CC0-1.0", "{item}");
        let rationale = item["rationale"].as_str().unwrap_or_default();
        assert!(rationale.contains("[1]"), "{item}");
        let alts = item["alt"].as_array().expect("alt texts");
        assert_eq!(alts.len(), item["pictures"].as_array().map_or(0, Vec::len));
        no_leak(item);
    }
    let more = quiz(&home, &["draft", "MRI X-ray", "--count", "4", "--json"]);
    if more.code == 0 {
        for item in more.json().as_array().expect("drafts") {
            assert!(
                stored.iter().all(|known| known["id"] != item["id"]),
                "{item}"
            );
        }
    } else {
        more.ends_with(1).says("were drafted before");
    }
    let number = stored[0]["id"].to_string();
    let whole = quiz(&home, &["bank", "--id", &number]).ends_with(0);
    for part in ["(draft)", "Key ", "Reason ", "Licence: CC0-1.0"] {
        assert!(whole.out.contains(part), "{part} in {}", whole.out);
    }
    quiz(&home, &["draft", "zebra"])
        .ends_with(1)
        .says("no pictures about");
    let told = quiz(&home, &["draft", "knee", "--dry-run", "--count", "1"]).ends_with(0);
    assert!(told.out.contains("Nothing was stored."), "{}", told.out);
}

/// The key of a single choice stands in no alt text.
fn no_leak(item: &Value) {
    if item["kind"] != "single_choice" {
        return;
    }
    let key = item["key"]
        .as_u64()
        .and_then(|key| usize::try_from(key).ok());
    let key = key
        .and_then(|key| item["options"][key].as_str())
        .expect("a key");
    let alt = item["alt"][0].as_str().expect("an alt text");
    assert!(!alt.to_lowercase().contains(&key.to_lowercase()), "{item}");
}

#[test]
fn pictures_of_a_file_must_be_in_the_atlas() {
    let Some(home) = home() else { return };
    let head = "kind,question,key,answer_1,answer_2,answer_3,pictures,alt\n";
    let row =
        |picture: &str| format!("single_choice,Which plane?,A,axial,coronal,,{picture},A cut.\n");
    std::fs::write(home.path("no.csv"), head.to_owned() + &row("drawn/none")).expect("written");
    quiz(&home, &["import", "no.csv"])
        .ends_with(1)
        .says("Question 1: the atlas has no picture drawn/none.");
    std::fs::write(home.path("q.csv"), head.to_owned() + &row("drawn/a.tif")).expect("written");
    let told = quiz(&home, &["import", "q.csv", "--json"])
        .ends_with(0)
        .json();
    let number = told["ids"][0].to_string();
    let item = quiz(&home, &["bank", "--id", &number, "--json"])
        .ends_with(0)
        .json();
    assert_eq!(item["sources"][0]["source"], "Drawn pictures");
    quiz(&home, &["decide", "approve", &number]).ends_with(0);
    quiz(&home, &["export", "--format", "gift", "--out", "x.gift"])
        .ends_with(2)
        .says("GIFT holds no pictures");
    quiz(&home, &["export", "--format", "moodle", "--out", "x.xml"]).ends_with(0);
    let xml = std::fs::read_to_string(home.path("x.xml")).expect("written");
    assert!(xml.contains("encoding=\"base64\">/9j/"), "a JPEG");
}

#[test]
fn the_drafts_of_an_atlas_are_measured() {
    let Some(home) = home() else { return };
    let figures = home.run(&["eval", "quiz", "--json", "--out", "all.csv"]);
    let figures = figures.ends_with(0).json();
    assert_eq!(figures["pictures"], 6);
    assert_eq!(figures["items"], figures["distinct"]);
    assert_eq!(figures["leaks"], serde_json::json!([]));
    assert_eq!(figures["faults"], serde_json::json!([]));
    let items = figures["items"].as_u64().expect("a number");
    assert!(items >= 6, "{figures}");
    let told = quiz(&home, &["import", "all.csv", "--json"])
        .ends_with(0)
        .json();
    assert_eq!(
        told["imported"].as_u64(),
        Some(items),
        "what was drafted can be brought in"
    );
    let figures = home
        .run(&["bench", "quiz", "--drafts", "2", "--json"])
        .ends_with(0)
        .json();
    assert_eq!(
        (&figures["drafts"], &figures["kept"]),
        (&2.into(), &true.into())
    );
}
