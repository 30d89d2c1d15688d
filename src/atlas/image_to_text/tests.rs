//! Black, gray and white squares and the letters that stand for them: A is black, B is white.

use super::super::search::{Outcome, Query, Request};
use super::super::testing::{self, shaded_row, square};
use super::super::{Atlas, Filter};
use super::*;
use crate::media;

/// An atlas of squares: name, shade, modality, labels.
async fn squares(rows: &[(&str, u8, &str, &[&str])]) -> testing::Small {
    let small = testing::atlas().await;
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, shade, modality, labels)| {
            let mut row = shaded_row("mine", name, ("A square.", *modality), *shade);
            row.entry.description.labels = labels.iter().map(|l| (*l).to_owned()).collect();
            row
        })
        .collect();
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small.atlas.refresh().await.expect("readable");
    small
}

async fn search(atlas: &Atlas, query: Query) -> Outcome {
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: 2,
    };
    atlas.search(&request).await.expect("an answer")
}

async fn words_for(atlas: &Atlas, shade: u8) -> Vec<FittingWord> {
    let picture = media::pixels(&square(shade)).expect("pixels");
    search(atlas, Query::Picture(picture)).await.words
}

fn told(words: &[FittingWord]) -> Vec<(&str, &[usize])> {
    let told = words.iter();
    told.map(|word| (word.word.as_str(), word.results.as_slice()))
        .collect()
}

#[tokio::test]
async fn a_word_is_told_with_the_near_entries_that_carry_it() {
    let rows: &[(&str, u8, &str, &[&str])] = &[
        ("black", 0, "", &["AAA"]),
        ("dark", 10, "", &[]),
        ("darker", 20, "", &["AAA", "b", "zzz"]),
        ("white", 255, "", &["aa"]),
    ];
    let small = squares(rows).await;
    let words = words_for(&small.atlas, 0).await;
    // "aa" fits as well, but is said of the opposite; "b" and "zzz" are said of it and don't fit.
    let expected: [(&str, &[usize]); 1] = [("AAA", &[1, 3])];
    assert_eq!(told(&words), expected);
    let word = &words[0];
    assert_eq!((word.rank, word.field), (1, WordField::Label));
    let evidence = ["black", "darker"].map(|name| EntryId::new("mine", name));
    assert_eq!(word.evidence, evidence);
    let json = serde_json::to_value(word).expect("plain data");
    assert_eq!(json["field"], "label");
    assert_eq!(json["evidence"][1], "mine/darker");
}

#[tokio::test]
async fn a_picture_has_one_modality_and_any_number_of_labels() {
    let rows: &[(&str, u8, &str, &[&str])] = &[
        ("black", 0, "aab", &["aaaab"]),
        ("dark", 10, "aa", &["aaaaaab"]),
    ];
    let small = squares(rows).await;
    let words = words_for(&small.atlas, 0).await;
    // The best first, and no second modality.
    let expected: [(&str, &[usize]); 3] = [("aa", &[2]), ("aaaaaab", &[2]), ("aaaab", &[1])];
    assert_eq!(told(&words), expected);
    assert_eq!(words[0].field, WordField::Modality);
}

#[tokio::test]
async fn where_nothing_is_close_no_word_is_told() {
    let rows: &[(&str, u8, &str, &[&str])] = &[("black", 0, "", &["bbb"])];
    let small = squares(rows).await;
    let white = media::pixels(&square(255)).expect("pixels");
    let found = search(&small.atlas, Query::Picture(white.clone())).await;
    assert!(found.nothing_close && found.words.is_empty());
    // Words beside the picture don't bring it nearer.
    let text = "a".to_owned();
    let both = Query::PictureAndText {
        picture: white,
        text,
    };
    let found = search(&small.atlas, both).await;
    assert!(found.nothing_close && found.words.is_empty());
}

#[tokio::test]
async fn words_beside_a_picture_change_nothing_of_what_fits_it() {
    let rows: &[(&str, u8, &str, &[&str])] =
        &[("black", 0, "", &["aaa"]), ("white", 255, "", &["bbb"])];
    let small = squares(rows).await;
    let query = Query::PictureAndText {
        picture: media::pixels(&square(0)).expect("pixels"),
        text: "bbb".to_owned(),
    };
    let found = search(&small.atlas, query).await;
    assert!(!found.nothing_close);
    let words: Vec<&str> = found.words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(words, ["aaa"]);
    let rank = found.words[0].results[0];
    assert_eq!(found.hits[rank - 1].entry.id.as_str(), "mine/black");
    let like = Query::Like(EntryId::new("mine", "black"));
    assert!(search(&small.atlas, like).await.words.is_empty());
}

#[tokio::test]
async fn prompts_are_embedded_once_and_only_new_ones_later() {
    let small = testing::atlas().await;
    let embedder = small.atlas.embedder();
    let vocabulary = |prompts: &[&str]| Vocabulary {
        prompts: prompts.iter().map(|prompt| (*prompt).to_owned()).collect(),
        ..Vocabulary::default()
    };
    let kept = PromptVectors::default();
    let first = vocabulary(&["a", "b"]);
    let one = kept.of(&first, &embedder).await.expect("embedded");
    let same = kept.of(&first, &embedder).await.expect("kept");
    assert!(Arc::ptr_eq(&one, &same));
    let more = vocabulary(&["b", "c"]);
    let other = kept.of(&more, &embedder).await.expect("embedded");
    assert_eq!((other.len(), &other[0]), (2, &one[1]));
    assert!(other[1][2] > 0.9, "the third letter");
}
