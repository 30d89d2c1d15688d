//! Tasks and figures by hand, in a space that can be seen through.

use std::path::Path;

use super::*;

fn pairs(file: &str, labels: &[&str]) -> Pairs {
    let lines: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(row, label)| format!("{{\"file\": \"{row}\", \"labels\": [\"{label}\"]}}"))
        .collect();
    Pairs::of_lines(Path::new(file), lines.join("\n").as_bytes()).expect("rows")
}

#[test]
fn each_two_labels_make_two_tasks() {
    let tasks = arithmetic_tasks(&pairs("busi.jsonl", &["normal", "benign", "normal"]));
    let tasks = tasks.expect("two labels");
    assert_eq!(tasks.len(), 4);
    assert_eq!(
        tasks[0].texts(),
        [
            "Breast ultrasound",
            "benign",
            "normal",
            "Breast ultrasound, benign, not normal"
        ]
    );
    assert_eq!(tasks[1].query, "Breast ultrasound: normal finding.");
    assert_eq!(
        tasks[1].texts()[3],
        "Breast ultrasound: normal finding, benign, not normal"
    );
    assert_eq!(tasks[3].wanted, "normal");
    let unknown = arithmetic_tasks(&pairs("x.jsonl", &["a", "b"])).expect("two labels");
    assert_eq!(unknown[0].query, GENERAL);
}

#[test]
fn one_label_is_nothing_to_subtract() {
    let one = arithmetic_tasks(&pairs("x.jsonl", &["a", "a"]));
    assert!(matches!(one, Err(EvaluationError::OneClass { .. })));
    let none = Pairs::of_lines(Path::new("x.jsonl"), &b"{\"file\": \"a\"}"[..]);
    let none = arithmetic_tasks(&none.expect("a row"));
    assert!(matches!(none, Err(EvaluationError::Lacking { .. })));
}

#[test]
fn the_first_are_best_first_and_stable() {
    assert_eq!(first(&[0.1, 0.5, 0.5, 0.9, 0.2, 0.3, 0.4]), [3, 1, 2, 6, 5]);
    assert_eq!(first(&[0.1, 0.2]), [1, 0]);
    assert!(first(&[]).is_empty());
}

/// Three labels on three axes, five pictures each; the query names the first.
fn set() -> Labelled {
    let axis = |place: usize| {
        let mut vector = vec![0.0; 3];
        vector[place] = 1.0;
        vector
    };
    let rows = (0..15).map(|row| row / 5);
    Labelled {
        labels: rows.clone().map(|label| label.to_string()).collect(),
        pictures: rows.map(axis).collect(),
        tasks: vec![Task {
            query: "zero".to_owned(),
            add: "one".to_owned(),
            subtract: "zero".to_owned(),
            wanted: "1".to_owned(),
        }],
        texts: vec![[axis(0), axis(1), axis(0), axis(2)]],
    }
}

#[test]
fn figures_are_those_of_each_way_to_ask() {
    let sets = [set()];
    let weights = WeightPair {
        add: 0.5,
        subtract: 1.0,
    };
    let measured = arithmetic(Pool::new(&sets), weights, true);
    let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
    close(measured.hit5_arithmetic, 1.0);
    close(measured.hit5_mirage, 1.0);
    close(measured.hit5_add_alone, 1.0);
    close(measured.hit5_concat, 0.0);
    // Of zero, one, zero, one, zero.
    close(measured.hit5_two_queries, 0.4);
    assert_eq!((measured.n, measured.pool), (1, 15));
    assert_eq!(measured.ci95.concat, [0.0, 0.0]);
    assert_eq!(measured.sweep.len(), ADDED.len() * SUBTRACTED.len());
    assert!(measured.sweep[0].hit5 >= measured.sweep[39].hit5);
    let json = serde_json::to_value(&measured).expect("JSON");
    for key in [
        "hit5_arithmetic",
        "hit5_two_queries",
        "hit5_concat",
        "hit5_mirage",
    ] {
        assert!(json[key].is_f64(), "{key}");
    }
    assert_eq!(json["n"], 1);
    assert!(json["sweep"][0]["add"].is_f64() && json["sweep"][0]["hit5"].is_f64());
    let again = arithmetic(Pool::new(&sets), weights, false);
    assert!(again.sweep.is_empty());
    assert_eq!(again.ci95, measured.ci95, "seeded");
}

#[test]
fn labels_of_two_sets_differ_whatever_they_are_called() {
    let sets = [set(), set()];
    let weights = WeightPair {
        add: 1.0,
        subtract: 1.0,
    };
    let measured = arithmetic(Pool::new(&sets), weights, false);
    assert_eq!((measured.n, measured.pool), (2, 30));
    // Ten pictures are equally near, and the first five are of the first set.
    assert!((measured.hit5_arithmetic - 0.5).abs() < 1e-9);
}
