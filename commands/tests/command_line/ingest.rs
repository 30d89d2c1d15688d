//! `mirage ingest`: what can't be read, what is read twice, what is refused.

use crate::home::Home;
use crate::pictures::write_collection;

#[test]
fn what_cannot_be_read_is_told_before_anything_is_loaded() {
    let home = Home::empty();
    home.run(&["ingest", "./none"])
        .ends_with(1)
        .says("There is no file or folder ./none.");
    std::fs::create_dir(home.path("blank")).expect("a folder");
    home.run(&["ingest", "blank"])
        .ends_with(1)
        .says("No collection was recognised in blank.");
    std::fs::write(home.path("notes.txt"), "Not a collection.").expect("written");
    home.run(&["ingest", "notes.txt"])
        .ends_with(1)
        .says("No collection was recognised in notes.txt.");
    std::fs::write(home.path("blank/captions.csv"), "picture,words\na,b\n").expect("written");
    home.run(&["ingest", "blank"])
        .ends_with(1)
        .says("has no column for the picture's file name");
    assert!(!home.path("atlas").exists(), "nothing is made of it");
}

/// Root may read everything, so there the folder is read and found empty.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::empty();
    let folder = home.path("closed");
    std::fs::create_dir(&folder).expect("a folder");
    let allow = |mode| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&folder, rights).expect("it is ours");
    };
    allow(0o000);
    let is_closed = std::fs::read_dir(&folder).is_err();
    let run = home.run(&["ingest", "closed"]);
    allow(0o700);
    run.ends_with(1).says(if is_closed {
        "closed can't be read"
    } else {
        "No collection was recognised in closed."
    });
}

#[test]
fn a_second_run_changes_nothing_and_copies_are_left_out() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    let name = write_collection(&home, "drawn");
    let first = home.run(&["ingest", name, "--json"]).ends_with(0).json();
    assert_eq!(first["collection"], "drawn");
    assert_eq!(first["layout"], "captions");
    assert_eq!(first["read"], 3);
    assert_eq!(first["added"], 3);
    let second = home.run(&["ingest", name, "--json"]).ends_with(0).json();
    assert_eq!(second["added"], 0);
    assert_eq!(second["unchanged"], 3);
    // The same pictures under another name.
    let copies = ["ingest", name, "--collection", "copies"];
    let run = home.run(&copies).ends_with(0);
    assert!(
        run.out
            .starts_with("Collection copies: 3 rows read, 0 added"),
        "{}",
        run.out
    );
    assert!(run.out.contains("3 duplicates"), "{}", run.out);
    assert!(
        run.out
            .contains("copies/chest.tif shows the same as drawn/chest.tif"),
        "{}",
        run.out
    );
    let info = home.run(&["atlas", "info", "--json"]).ends_with(0).json();
    assert_eq!(info["entries"], 3);
    let encoder = info["encoder"].as_str().expect("a name");
    assert!(encoder.starts_with("all-MiniLM-L6-v2@"), "{encoder}");
    let modalities = info["facets"]["modality"].as_array().expect("a list");
    assert_eq!(modalities.len(), 3);
}

#[test]
fn refused_rows_are_told_with_their_reasons_and_all_refused_is_a_failure() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    write_collection(&home, "drawn");
    let table = home.path("drawn/captions.csv");
    let whole = std::fs::read_to_string(&table).expect("written");
    std::fs::write(home.path("drawn/broken.tif"), "II*\0 cut off").expect("written");
    let rows = "gone.tif,A picture that is not there.,,,,,,\n\
                broken.tif,A picture that is cut off.,,,,,,\n";
    std::fs::write(&table, format!("{whole}{rows}")).expect("written");
    let run = home.run(&["ingest", "drawn"]).ends_with(0);
    assert!(run.out.contains("3 added"), "{}", run.out);
    assert!(run.out.contains("2 refused"), "{}", run.out);
    assert!(
        run.out.contains("there is no picture \"gone.tif\""),
        "{}",
        run.out
    );
    assert!(run.out.contains("broken.tif: "), "{}", run.out);
    let header = whole.lines().next().expect("a header");
    std::fs::create_dir(home.path("bad")).expect("a folder");
    std::fs::write(home.path("bad/captions.csv"), format!("{header}\n{rows}")).expect("written");
    let run = home.run(&["ingest", "bad"]).ends_with(1);
    assert!(
        run.out.contains("2 rows read, 0 added") && run.out.contains("2 refused"),
        "{}",
        run.out
    );
}
