//! Tests of how values are read and checked.

use super::*;

fn row(json: &str) -> Result<SourceRow, RowFault> {
    row_with(json, &Defaults::default())
}

fn row_with(json: &str, defaults: &Defaults) -> Result<SourceRow, RowFault> {
    let object: Map<String, Value> = serde_json::from_str(json).expect("the test's JSON");
    RawRow::of_json(&object)?.finish("a", PictureSource::Bytes(vec![1]), defaults)
}

#[test]
fn names_are_compared_without_case_and_the_first_known_name_wins() {
    let row = row(r#"{"Text": "second", "Body Part": "knee", "CAPTION": "first", "x": []}"#)
        .expect("a row");
    assert_eq!(row.description.caption, "first");
    assert_eq!(row.description.body_part.as_deref(), Some("knee"));
}

#[test]
fn the_licence_is_never_invented() {
    assert_eq!(
        row(r#"{"caption": "x"}"#)
            .expect("a row")
            .provenance
            .licence,
        "unknown"
    );
    let defaults = Defaults {
        licence: Some("CC0-1.0".to_owned()),
        source: Some("Atlas".to_owned()),
        modality: Some("mr".to_owned()),
    };
    let filled = row_with(r#"{"caption": "x", "source": " "}"#, &defaults).expect("a row");
    assert_eq!(filled.provenance.licence, "CC0-1.0");
    assert_eq!(filled.provenance.source, "Atlas");
    assert_eq!(filled.description.modality, "MRI");
    let own = r#"{"caption": "x", "license": "unknown", "source": "B", "modality": "CT"}"#;
    let own = row_with(own, &defaults).expect("a row");
    assert_eq!(
        own.provenance.licence, "unknown",
        "what a row says is not replaced"
    );
    assert_eq!(own.provenance.source, "B");
    assert_eq!(own.description.modality, "CT");
}

#[test]
fn what_says_nothing_counts_as_missing() {
    let row = row(r#"{"caption": "x", "modality": "unknown", "plane": "N/A", "alt": ""}"#)
        .expect("a row");
    assert_eq!(row.description.modality, "");
    assert_eq!(row.description.plane, None);
    assert_eq!(row.description.alt, None);
}

#[test]
fn a_region_in_place_of_the_modality_is_the_body_part() {
    let row = row(r#"{"caption": "", "modality": "ABD"}"#).expect("a row");
    assert_eq!(row.description.modality, "");
    assert_eq!(row.description.body_part.as_deref(), Some("abdomen"));
}

#[test]
fn boxes_must_lie_on_the_picture() {
    let with = |corners: &str| {
        row(&format!(
            r#"{{"caption": "x", "boxes": [{{"label": "l", "box": {corners}}}]}}"#
        ))
    };
    let good = with("[0, 0.5, 100, 99.5]").expect("a row");
    assert_eq!(good.description.boxes[0].corners, [0.0, 0.5, 100.0, 99.5]);
    let bad_box = Err(RowFault::BadBox {
        label: "l".to_owned(),
    });
    for corners in [
        "[-1,0,5,5]",
        "[0,0,100.5,5]",
        "[5,0,5,5]",
        "[0,9,5,5]",
        "[0,0,1e30,1]",
    ] {
        assert_eq!(with(corners), bad_box, "{corners}");
    }
    for corners in ["[0,0,5]", "\"0,0,5,5\"", "null", "[0,0,5,5,5]"] {
        assert!(
            matches!(with(corners), Err(RowFault::WrongKind { .. })),
            "{corners}"
        );
    }
}

#[test]
fn a_caption_of_a_hundred_kilobytes_is_refused_and_a_long_one_is_kept() {
    let caption = |length: usize| format!(r#"{{"caption": "{}"}}"#, "x".repeat(length));
    let kept = row(&caption(MAXIMUM_CAPTION)).expect("a row");
    assert_eq!(kept.description.caption.len(), MAXIMUM_CAPTION);
    let fault = row(&caption(100_000)).expect_err("it is too long");
    assert_eq!(
        fault.to_string(),
        "the caption has 100000 bytes; at most 65536 are taken"
    );
}

#[test]
fn a_row_without_words_is_refused() {
    assert_eq!(
        row(r#"{"caption": " ", "labels": []}"#),
        Err(RowFault::NoWords)
    );
    assert!(row(r#"{"labels": ["melanoma"]}"#).is_ok());
    assert!(row(r#"{"alt": "A dark spot."}"#).is_ok());
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for json in [
        r#"{"caption": ["x"]}"#,
        r#"{"caption": true}"#,
        r#"{"caption": "x", "labels": [["y"]]}"#,
        r#"{"caption": "x", "labels": {"y": 1}}"#,
        r#"{"caption": "x", "boxes": {"y": 1}}"#,
        r#"{"caption": "x", "boxes": "left"}"#,
    ] {
        assert!(
            matches!(row(json), Err(RowFault::WrongKind { .. })),
            "{json}"
        );
    }
    let many = vec!["\"l\""; 501].join(",");
    let fault = row(&format!(r#"{{"caption": "x", "labels": [{many}]}}"#));
    assert!(matches!(fault, Err(RowFault::TooMany { found: 501, .. })));
}

#[test]
fn labels_come_as_a_list_or_as_one_text() {
    for labels in [r#"["a", "b c", 3, ""]"#, r#""a; b c|3;""#] {
        let row = row(&format!(r#"{{"caption": "x", "labels": {labels}}}"#)).expect("a row");
        assert_eq!(row.description.labels, ["a", "b c", "3"]);
    }
}

#[test]
fn identifiers_are_names() {
    for bad in ["", " ", "a\nb", &"x".repeat(401)] {
        assert_eq!(
            checked_identifier(bad),
            Err(RowFault::BadIdentifier),
            "{bad:?}"
        );
    }
    assert_eq!(checked_identifier(" ROCO_1 ").as_deref(), Ok("ROCO_1"));
}
