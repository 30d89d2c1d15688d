//! Tests of the Parquet reader, on files written here.

use std::fs;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{BinaryArray, Int64Array, LargeStringArray, StringArray, StructArray};
use arrow_schema::Field as ArrowField;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::*;
use crate::atlas::readers;

/// One column after the other, as a file of small row groups.
fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(5))
        .build();
    let file = File::create(path).expect("a file");
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("a batch");
    writer.close().expect("a file");
}

/// A column as the hub writes pictures: a struct of bytes and path.
fn pictures(bytes: Vec<Option<&[u8]>>, paths: Vec<Option<&str>>) -> ArrayRef {
    let part = |name: &str, kind| Arc::new(ArrowField::new(name, kind, true));
    Arc::new(StructArray::from(vec![
        (
            part("bytes", DataType::Binary),
            Arc::new(BinaryArray::from(bytes)) as ArrayRef,
        ),
        (
            part("path", DataType::Utf8),
            Arc::new(StringArray::from(paths)) as ArrayRef,
        ),
    ]))
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

fn read(path: &Path) -> Vec<Result<SourceRow, ReadError>> {
    let opened = readers::open(path, Layout::Parquet, &Defaults::default());
    opened.expect("a collection").0.collect()
}

/// A shard of rows with a picture of one byte and the identifiers that start so.
fn shard(path: &Path, start: &str, rows: usize) {
    let names: Vec<String> = (0..rows).map(|row| format!("{start}{row:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let bytes: Vec<Option<&[u8]>> = vec![Some(b"x"); rows];
    write(
        path,
        vec![
            ("image", pictures(bytes, vec![None; rows])),
            ("image_id", texts(&names)),
            ("caption", texts(&vec!["Chest."; rows])),
        ],
    );
}

#[test]
fn the_hubs_columns_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("train.parquet");
    let mut labels = ListBuilder::new(StringBuilder::new());
    labels.append_value([Some("heart"), None]);
    labels.append_null();
    write(
        &path,
        vec![
            (
                "image",
                pictures(vec![Some(b"one"), Some(b"two")], vec![Some("a.jpg"), None]),
            ),
            ("ID", Arc::new(Int64Array::from(vec![Some(7), None]))),
            // A type that only the writer's metadata tells.
            (
                "Caption",
                Arc::new(LargeStringArray::from(vec!["Chest.", "Knee\nof \"x\""])),
            ),
            ("labels", Arc::new(labels.finish())),
            ("license", texts(&["CC0-1.0", ""])),
            (
                "boxes",
                texts(&["[{\"label\":\"heart\",\"box\":[1,2,3,4]}]", ""]),
            ),
            ("cui", texts(&["C1", "C2"])),
        ],
    );
    let rows = read(&path);
    assert_eq!(rows.len(), 2);
    let first = rows[0].as_ref().expect("a row");
    assert_eq!(first.identifier, "7");
    assert_eq!(first.picture, PictureSource::Bytes(b"one".to_vec()));
    assert_eq!(first.description.labels, ["heart"]);
    assert_eq!(first.description.boxes[0].corners, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(first.provenance.licence, "CC0-1.0");
    let second = rows[1].as_ref().expect("a row");
    assert_eq!(second.identifier, "train-2");
    assert_eq!(second.description.caption, "Knee\nof \"x\"");
    assert_eq!(second.provenance.licence, "unknown");
}

#[test]
fn bare_bytes_and_named_files_are_pictures_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![
        Some(b"one".as_slice()),
        Some(b""),
        None,
    ]));
    write(
        &path,
        vec![("img", bytes), ("text", texts(&["a", "b", "c"]))],
    );
    let rows = read(&path);
    assert_eq!(
        rows[0].as_ref().expect("a row").picture,
        PictureSource::Bytes(b"one".to_vec())
    );
    let fault = |row: &Result<SourceRow, ReadError>| {
        row.as_ref()
            .expect_err("refused")
            .fault()
            .cloned()
            .expect("a row's fault")
    };
    assert_eq!(fault(&rows[1]), RowFault::EmptyPicture("a-2".to_owned()));
    assert_eq!(fault(&rows[2]), RowFault::EmptyPicture("a-3".to_owned()));

    fs::write(folder.path().join("p.jpg"), "x").expect("a file");
    let named = vec![Some("p.jpg"), Some("../../etc/passwd"), Some("none.jpg")];
    let captions = texts(&["a", "b", "c"]);
    write(
        &path,
        vec![
            ("image", pictures(vec![None; 3], named)),
            ("text", captions),
        ],
    );
    let rows = read(&path);
    let file = PictureSource::File(folder.path().join("p.jpg"));
    assert_eq!(rows[0].as_ref().expect("a row").picture, file);
    assert_eq!(
        fault(&rows[1]),
        RowFault::UnsafePath("../../etc/passwd".to_owned())
    );
    assert_eq!(
        fault(&rows[2]),
        RowFault::MissingPicture("none.jpg".to_owned())
    );
    assert!(
        rows[2]
            .as_ref()
            .expect_err("refused")
            .to_string()
            .contains("a.parquet, row 3")
    );
}

#[test]
fn shards_come_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    shard(&data.join("train-00001-of-00002.parquet"), "b", 12);
    shard(&data.join("train-00000-of-00002.parquet"), "a", 21);
    let opened = readers::open(folder.path(), Layout::Parquet, &Defaults::default());
    let (rows, count) = opened.expect("a collection");
    let names: Vec<String> = rows.map(|row| row.expect("a row").identifier).collect();
    assert_eq!((names.len(), count), (33, Some(33)));
    assert!(names.is_sorted());
}

#[test]
fn a_missing_column_is_named_with_the_names_that_would_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let error = || {
        let opened = readers::open(&path, Layout::Parquet, &Defaults::default());
        opened.err().expect("a column is missing").to_string()
    };
    write(
        &path,
        vec![
            ("image", pictures(vec![None], vec![None])),
            ("words", texts(&["a"])),
        ],
    );
    assert!(
        error().contains("has no column for the caption"),
        "{}",
        error()
    );
    assert!(
        error().contains("caption, text, description. It has: image, words."),
        "{}",
        error()
    );
    write(
        &path,
        vec![("image", texts(&["a"])), ("caption", texts(&["a"]))],
    );
    assert!(
        error().contains("has no column for the picture"),
        "{}",
        error()
    );
}

#[test]
fn a_truncated_file_is_refused_and_does_not_hide_the_other_shards() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    shard(&path("a.parquet"), "a", 10);
    let whole = fs::read(path("a.parquet")).expect("a file");
    for length in [0, 3, whole.len() / 2, whole.len() - 1] {
        fs::write(path("a.parquet"), &whole[..length]).expect("a file");
        let opened = readers::open(&path("a.parquet"), Layout::Parquet, &Defaults::default());
        let error = opened.err().expect("it is cut off");
        assert!(
            error.is_fatal() && error.to_string().contains("not a whole Parquet"),
            "{error}"
        );
    }
    shard(&path("b.parquet"), "b", 2);
    let rows = read(folder.path());
    assert_eq!(rows.len(), 3);
    let error = rows[0].as_ref().expect_err("a.parquet is cut off");
    assert!(
        !error.is_fatal() && error.place().ends_with("a.parquet"),
        "{error}"
    );
    assert!(rows[1..].iter().all(Result::is_ok));
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.parquet");
        shard(&path, "a", 20);
        let mut bytes = fs::read(&path).expect("a file");
        for (index, byte) in &changes {
            let index = index.index(bytes.len());
            bytes[index] = *byte;
        }
        fs::write(&path, &bytes).expect("a file");
        if let Ok((rows, _)) = readers::open(&path, Layout::Parquet, &Defaults::default()) {
            prop_assert!(rows.count() <= 21, "no more rows than there are");
        }
    }
}
