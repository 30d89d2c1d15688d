//! Tests of the bank's pages and sets.

use mirage::quiz::{Item, Task};

use super::*;

fn id(number: i64) -> ItemId {
    ItemId::parse(&number.to_string()).expect("a number")
}

fn stored(number: i64, stem: &str) -> StoredItem {
    StoredItem {
        id: id(number),
        server: 1,
        state: ItemState::Approved,
        revision: 1,
        made_by: None,
        made_ms: 0,
        decided_by: None,
        decided_ms: None,
        review: None,
        item: Item {
            stem: stem.to_owned(),
            task: Task::TrueFalse { key: true },
            pictures: Vec::new(),
            alt: Vec::new(),
            rationale: String::new(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        },
    }
}

#[test]
fn numbers_are_read_in_their_order() {
    let read = read_numbers("3 5-7, 1").expect("numbers");
    assert_eq!(read, [3, 5, 6, 7, 1].map(id));
    for text in ["x", "0", "-3", "7-5", "3-", "1-99999999999999999999"] {
        assert!(read_numbers(text).is_err(), "{text}");
    }
    let many = read_numbers("1-9223372036854775807").expect_err("too many");
    assert!(many.to_string().contains("at most 100"), "{many}");
    assert!(read_numbers(" ").expect("none").is_empty());
}

#[test]
fn the_longest_page_keeps_discords_limits() {
    for stem in ["word ".repeat(300), "*_`|".repeat(300)] {
        let page = BankPage {
            items: (1..=10).map(|number| stored(number, &stem)).collect(),
            total: 1_000,
        };
        let view = BankView {
            state: Some(ItemState::Approved),
            offset: 10,
            words: "x".repeat(50),
        };
        let told = listing(&view, &page);
        assert!(told.encode_utf16().count() <= 2_000);
        assert!(
            told.starts_with("Questions 11 to 20 of 1000 approved"),
            "{told}"
        );
    }
}

#[test]
fn a_page_has_buttons_to_where_there_is_something() {
    let labels = |offset, total| {
        let view = BankView {
            offset,
            ..BankView::default()
        };
        let row = serde_json::to_value(turns(&view, total)).expect("plain data");
        let buttons = row["components"].as_array().cloned().unwrap_or_default();
        let is_there = buttons.iter().map(|button| button["disabled"] != true);
        is_there.collect::<Vec<bool>>()
    };
    assert!(labels(0, 10).is_empty());
    assert_eq!(labels(0, 11), [false, true]);
    assert_eq!(labels(10, 11), [true, false]);
}

#[test]
fn a_menu_names_each_question_once_and_no_more_than_it_can() {
    let many = (0..60).map(|number| (number / 2, "Which plane?"));
    let row = serde_json::to_value(opener(many, "Open")).expect("plain data");
    let options = row["components"][0]["options"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(options, CHOICES);
    assert!(opener(std::iter::empty(), "Open").is_none());
}

#[test]
fn a_set_that_can_not_be_saved_says_why() {
    let why = |saved| {
        let refused = saved_in_words(&saved, "Planes", 0);
        refused.expect_err("it is not saved").to_string()
    };
    assert!(why(Saved::BadCount).contains("1 to 100"));
    assert!(why(Saved::BadName).contains("1 to 80"));
    assert!(why(Saved::Unknown(vec![id(4), id(9)])).ends_with("twice: 4, 9."));
    let saved = saved_in_words(&Saved::Done, "Planes", 3).expect("saved");
    assert!(saved.contains("3 questions"), "{saved}");
}

#[test]
fn sets_are_listed_with_what_waits() {
    let set = |approved| QuizSet {
        name: "Planes".to_owned(),
        count: 3,
        approved,
    };
    assert_eq!(sets_in_words(&[set(3)]), "- **Planes**: 3 questions");
    assert!(sets_in_words(&[set(1)]).ends_with(", 2 of them not approved"));
    assert!(sets_in_words(&[]).starts_with("This server has no sets"));
}
