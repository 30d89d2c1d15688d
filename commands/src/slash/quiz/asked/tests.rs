//! Tests of how a question looks.

use std::collections::HashSet;

use super::*;

fn item(task: Task) -> Item {
    Item {
        stem: "Which plane is this?".to_owned(),
        task,
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale: "Both eyes are seen.".to_owned(),
        citations: Vec::new(),
        sources: Vec::new(),
        topic: "planes".to_owned(),
        expected: 0.5,
    }
}

fn single(options: &[&str], key: usize) -> Task {
    let options = options.iter().map(|text| (*text).to_owned()).collect();
    Task::SingleChoice { options, key }
}

fn point(corners: [f32; 4]) -> Task {
    Task::Point {
        target: "thalamus".to_owned(),
        boxes: vec![corners],
        grid: Grid::default(),
    }
}

fn session() -> Asked {
    Asked::Session(SessionId::parse("12").expect("a number"), 3)
}

fn practice() -> Asked {
    let topic = Topic {
        has_due: true,
        words: "brain".to_owned(),
    };
    Asked::Practice(ItemId::parse("7").expect("a number"), 2, topic)
}

fn json(rows: &[CreateActionRow]) -> serde_json::Value {
    serde_json::to_value(rows).expect("plain data")
}

/// Ids and labels of all buttons.
fn buttons(rows: &[CreateActionRow]) -> Vec<(String, String)> {
    let rows = json(rows);
    let parts = rows.as_array().into_iter().flatten();
    let parts = parts.flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    parts
        .map(|part| (text(&part["custom_id"]), text(&part["label"])))
        .collect()
}

#[test]
fn nothing_that_is_shown_before_the_reveal_depends_on_the_key() {
    let options = ["axial", "coronal", "sagittal"];
    let pair = |keys| Task::ConfusablePair {
        options: ["axial".to_owned(), "coronal".to_owned()],
        keys,
    };
    for (one, other) in [
        (single(&options, 0), single(&options, 2)),
        (
            Task::TrueFalse { key: true },
            Task::TrueFalse { key: false },
        ),
        (Task::WhichPicture { key: 0 }, Task::WhichPicture { key: 3 }),
        (pair([0, 1]), pair([1, 0])),
        (point([1.0, 1.0, 9.0, 9.0]), point([61.0, 61.0, 69.0, 69.0])),
    ] {
        for asked in [session(), practice()] {
            assert_eq!(
                json(&controls(&one, &asked)),
                json(&controls(&other, &asked))
            );
        }
        let shown = |task: &Task| serde_json::to_value(first(&item(task.clone()), "1 of 2"));
        let shown = [shown(&one), shown(&other)].map(|shown| shown.expect("plain data"));
        assert_eq!(shown[0], shown[1]);
        assert!(!shown[0].to_string().contains("eyes"), "{}", shown[0]);
    }
}

#[test]
fn alt_text_names_the_right_cells_only_once_the_key_is_told() {
    let mut item = item(point([42.0, 42.0, 58.0, 58.0]));
    item.alt = vec!["An axial cut of a brain.".to_owned()];
    let before = alt(&item, 0, None);
    assert!(before.starts_with("An axial cut of a brain."), "{before}");
    assert!(before.contains("columns A to E"), "{before}");
    assert!(!before.contains("C3"), "{before}");
    let told = alt(&item, 0, Some("The thalamus.".to_owned()));
    assert!(told.starts_with("The thalamus."), "{told}");
    assert!(told.ends_with("Framed: C3."), "{told}");
    let long = alt(&item, 0, Some("x".repeat(3_000)));
    assert!(long.encode_utf16().count() <= ALT);
}

#[test]
fn buttons_are_told_apart_and_keep_discords_limits() {
    let long = "👩‍⚕️".repeat(80);
    let options: Vec<String> = (0..10).map(|place| format!("{place} {long}")).collect();
    let several = Task::MultipleChoice {
        options: options.clone(),
        keys: vec![0],
    };
    let tasks = [
        Task::SingleChoice { options, key: 0 },
        several,
        Task::TrueFalse { key: true },
        Task::WhichPicture { key: 0 },
        Task::ConfusablePair {
            options: ["a".repeat(80), "b".repeat(80)],
            keys: [0, 1],
        },
        point([1.0, 1.0, 9.0, 9.0]),
    ];
    for task in tasks {
        for asked in [session(), practice()] {
            let rows = controls(&task, &asked);
            assert!((1..=5).contains(&rows.len()), "{task:?}");
            let buttons = buttons(&rows);
            let ids: HashSet<&String> = buttons.iter().map(|(id, _)| id).collect();
            assert_eq!(ids.len(), buttons.len(), "{task:?}");
            for (id, label) in &buttons {
                assert!(id.chars().count() <= 100, "{id}");
                assert!(label.encode_utf16().count() <= LABEL, "{label}");
            }
        }
    }
}

#[test]
fn each_place_is_one_answer_that_fits_its_question() {
    let options = ["axial", "coronal", "sagittal"];
    let grid = point([42.0, 42.0, 58.0, 58.0]);
    for (task, place, expected) in [
        (single(&options, 1), 1, Some(1.0)),
        (single(&options, 1), 0, Some(0.0)),
        (Task::TrueFalse { key: true }, 1, Some(1.0)),
        (Task::TrueFalse { key: true }, 0, Some(0.0)),
        (Task::WhichPicture { key: 2 }, 2, Some(1.0)),
        (grid, 12, Some(1.0)),
        (single(&options, 1), 9, None),
    ] {
        let answer = answer(&task, &[place]).expect("it is answered by places");
        assert_eq!(mirage::quiz::score(&task, &answer), expected, "{task:?}");
    }
    let pair = Task::ConfusablePair {
        options: ["axial".to_owned(), "coronal".to_owned()],
        keys: [1, 0],
    };
    let rows = json(&controls(&pair, &session()));
    let chosen = &rows[0]["components"][0]["options"][2];
    assert_eq!(chosen["label"], "Picture A: coronal");
    assert_eq!(chosen["description"], "Picture B: axial");
    let right = answer(&pair, &[2]).expect("by places");
    assert_eq!(mirage::quiz::score(&pair, &right), Some(1.0));
    assert_eq!(answer(&pair, &[]), None);
    // Nothing that Mirage wrote says so.
    let statement = Task::TrueFalse { key: false };
    assert_eq!(answer(&statement, &[usize::MAX]), None);
    for (task, far) in [(pair, usize::MAX), (point([1.0, 1.0, 9.0, 9.0]), 25)] {
        let answer = answer(&task, &[far]).expect("by places");
        assert!(answer.check(&task).is_err(), "{task:?}");
    }
}

#[test]
fn the_cells_of_a_grid_lie_as_on_the_picture() {
    let rows = cells(Grid::default(), &practice());
    let labels: Vec<String> = buttons(&rows).into_iter().map(|(_, label)| label).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(labels[..6], ["A1", "B1", "C1", "D1", "E1", "A2"]);
    let wide = cells(
        Grid {
            columns: 12,
            rows: 2,
        },
        &practice(),
    );
    assert_eq!(wide.len(), 5, "rows of five where it doesn't fit");
}
