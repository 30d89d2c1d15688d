//! Tests of what holds for all layouts, on collections written here.

use std::fs;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

#[test]
fn layouts_have_names_for_the_command_line() {
    for layout in Layout::ALL {
        assert_eq!(layout.to_string().parse(), Ok(layout));
    }
    assert_eq!("Tar-JSONL".parse(), Ok(Layout::TarJsonl));
    let error = "zip".parse::<Layout>().expect_err("there is none");
    for layout in Layout::ALL {
        assert!(error.to_string().contains(layout.name()));
    }
}

#[test]
fn each_layout_is_recognised_by_its_files() {
    let cases: [(&[(&str, &str)], Layout); 9] = [
        (&[("captions.csv", ""), ("a.png", "")], Layout::Captions),
        (&[("rows.jsonl", "")], Layout::Captions),
        (&[("train_captions.csv", "ID,Caption\n")], Layout::Roco),
        (
            &[
                ("radiology/captions.txt", ""),
                ("radiology/images/a.jpg", ""),
            ],
            Layout::Roco,
        ),
        (&[("data/train/radiology/captions.txt", "")], Layout::Roco),
        (
            &[("Descriptions.json", "[]"), ("images/a.png", "")],
            Layout::MedPix,
        ),
        (
            &[("data/train-00000-of-00001.parquet", "")],
            Layout::Parquet,
        ),
        (
            &[("a.tar", ""), ("a.jsonl", ""), ("README.md", "")],
            Layout::TarJsonl,
        ),
        (&[("my_captions.csv", "file,caption\n")], Layout::Captions),
    ];
    for (files, layout) in cases {
        assert_eq!(
            detect(folder(files).path()).expect("a layout"),
            layout,
            "{files:?}"
        );
    }
}

#[test]
fn a_file_is_recognised_by_its_name() {
    let folder = folder(&[
        ("a.parquet", ""),
        ("a.csv", "file,caption\n"),
        ("b.jsonl", ""),
        ("c.jsonl", ""),
        ("c.tar", ""),
    ]);
    for (name, layout) in [
        ("a.parquet", Layout::Parquet),
        ("a.csv", Layout::Captions),
        ("b.jsonl", Layout::Captions),
        ("c.jsonl", Layout::TarJsonl),
        ("c.tar", Layout::TarJsonl),
    ] {
        assert_eq!(
            detect(&folder.path().join(name)).expect("a layout"),
            layout,
            "{name}"
        );
    }
}

#[test]
fn what_is_not_recognised_says_what_was_looked_for() {
    let folder = folder(&[("notes.txt", "hello")]);
    let error = detect(folder.path()).expect_err("there is no collection");
    for part in [
        "Descriptions.json",
        "*.parquet",
        "captions.csv",
        "NAME.tar",
        "captions.txt",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(error.is_fatal());
    for layout in Layout::ALL {
        let error = open(folder.path(), layout, &Defaults::default()).err();
        let error = error.expect("there is no collection").to_string();
        assert!(error.contains(layout.files()), "{error}");
    }
    let missing = folder.path().join("missing");
    assert!(matches!(detect(&missing), Err(ReadError::Missing { .. })));
    let opened = open(&missing, Layout::Captions, &Defaults::default());
    assert!(matches!(opened, Err(ReadError::Missing { .. })));
}

#[test]
fn identifiers_are_unique_and_the_second_is_refused() {
    let folder = folder(&[
        (
            "captions.csv",
            "id,file,caption\n1,a.png,x\n1,a.png,y\n2,a.png,z\n",
        ),
        ("a.png", "x"),
    ]);
    let (rows, count) =
        open(folder.path(), Layout::Captions, &Defaults::default()).expect("a collection");
    let rows: Vec<_> = rows.collect();
    assert_eq!(count, Some(3));
    assert_eq!(rows[0].as_ref().expect("a row").identifier, "1");
    let error = rows[1].as_ref().expect_err("it is there already");
    assert_eq!(error.fault(), Some(&RowFault::Duplicate("1".to_owned())));
    assert!(
        error
            .to_string()
            .contains("line 3: the identifier \"1\" stands for an earlier")
    );
    assert_eq!(rows[2].as_ref().expect("a row").identifier, "2");
}

#[test]
fn a_collection_without_rows_is_an_error() {
    for (name, content) in [
        ("c.csv", "file,caption\n"),
        ("c.csv", ""),
        ("c.jsonl", "\n\n"),
    ] {
        let folder = folder(&[(name, content)]);
        let opened = open(folder.path(), Layout::Captions, &Defaults::default());
        let error = match opened {
            Ok((mut rows, _)) => {
                let error = rows.next().expect("an error").expect_err("no row");
                assert!(rows.next().is_none(), "nothing follows");
                error
            }
            Err(error) => error,
        };
        assert!(matches!(error, ReadError::NoRows { .. }), "{error}");
    }
}

#[test]
fn the_source_falls_back_to_the_name_of_the_collection() {
    let folder = folder(&[
        ("teaching/c.csv", "file,caption\na.png,x\n"),
        ("teaching/a.png", "x"),
    ]);
    let path = folder.path().join("teaching");
    let source = |defaults: &Defaults| {
        let (mut rows, _) = open(&path, Layout::Captions, defaults).expect("a collection");
        rows.next()
            .expect("a row")
            .expect("a good row")
            .provenance
            .source
    };
    assert_eq!(source(&Defaults::default()), "teaching");
    let named = Defaults {
        source: Some("Our atlas".to_owned()),
        ..Defaults::default()
    };
    assert_eq!(source(&named), "Our atlas");
}
