//! `mirage atlas starter`: what it tells of its work. What it makes is tested in the package
//! `tests`.

use mirage::atlas::starter;

use crate::home::Home;

#[test]
fn the_report_is_told_as_json_too() {
    let Some(home) = Home::with_packages() else {
        return;
    };
    let size = starter::size().expect("the shipped files agree");
    let arguments = ["atlas", "starter", "--json"];
    let first = home.run(&arguments).ends_with(0).json();
    assert_eq!(first["collection"], "starter");
    assert_eq!(first["up_to_date"], false);
    assert_eq!(first["read"], size);
    assert_eq!(first["removed"], 0);
    assert_eq!(first["refused"], serde_json::json!([]));
    assert_eq!(first["entries"], first["added"]);
    let second = home.run(&arguments).ends_with(0).json();
    assert_eq!(second["up_to_date"], true);
    assert_eq!(second["added"], 0);
    assert_eq!(second["entries"], first["entries"]);
}

#[test]
fn a_failure_leaves_standard_output_empty() {
    let home = Home::empty();
    let run = home.run(&["atlas", "starter", "--json"]).ends_with(1);
    assert_eq!(run.out, "");
}
