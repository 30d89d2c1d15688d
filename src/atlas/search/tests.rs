//! Searches of an atlas that is empty, or whose index is missing, and searches by picture.

use super::super::testing::{self, row, shaded_row, square};
use super::*;
use crate::media;

fn words(text: &str) -> Request {
    Request {
        query: Query::Text(text.to_owned()),
        filter: Filter::default(),
        offset: 0,
        limit: 5,
    }
}

#[tokio::test]
async fn an_empty_atlas_finds_nothing_and_does_not_fail() {
    let small = testing::atlas().await;
    small.atlas.warm().await.expect("nothing to load");
    let found = small.atlas.search(&words("shoulder MRI")).await;
    let found = found.expect("an answer");
    assert_eq!((found.total, found.no_match), (0, None));
    let mut request = words("shoulder MRI");
    request.filter.modality = Some("MRI".to_owned());
    let found = small.atlas.search(&request).await.expect("an answer");
    let no_match = found.no_match.expect("the filter is explained");
    assert_eq!(no_match.unknown.len(), 1);
    assert!(no_match.without_filter.is_empty());
}

#[tokio::test]
async fn an_atlas_without_its_index_is_searched_by_words_too() {
    let small = testing::atlas().await;
    let rows = [
        row("mine", "a", "axial scan of the shoulder", "MRI"),
        row("mine", "b", "frontal radiograph of the chest", "X-ray"),
    ];
    let dataset = &small.atlas.dataset;
    dataset.upsert(&rows).await.expect("written");
    assert!(!dataset.is_indexed().await.expect("readable"));
    let mut request = words("shoulder");
    for _ in ["without the index", "with it"] {
        request.filter = Filter::default();
        let found = small.atlas.search(&request).await.expect("an answer");
        assert_eq!(found.total, 2);
        assert_eq!(found.hits[0].entry.id.as_str(), "mine/a");
        assert_eq!(found.hits[0].matched_by, MatchedBy::Both);
        assert_eq!(found.hits[0].shared_words, ["shoulder"]);
        request.filter.modality = Some("x-ray".to_owned());
        let found = small.atlas.search(&request).await.expect("an answer");
        assert_eq!(found.total, 1, "the filter holds");
        dataset.finish().await.expect("indexed");
    }
    assert!(dataset.is_indexed().await.expect("readable"));
}

fn seen(shade: u8) -> Rgb {
    media::pixels(&square(shade)).expect("pixels")
}

fn request(query: Query) -> Request {
    Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: 5,
    }
}

/// A black, a gray and a white square.
async fn squares() -> testing::Small {
    let small = testing::atlas().await;
    let rows = [
        shaded_row(
            "mine",
            "black",
            ("frontal radiograph of the chest", "X-ray"),
            0,
        ),
        shaded_row("mine", "gray", ("axial scan of the shoulder", "MRI"), 128),
        shaded_row("mine", "white", ("axial scan of the knee", "MRI"), 255),
    ];
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small.atlas.dataset.finish().await.expect("indexed");
    small
}

fn order(outcome: &Outcome) -> Vec<&str> {
    let hits = outcome.hits.iter();
    hits.map(|hit| hit.entry.id.as_str()).collect()
}

#[tokio::test]
async fn a_picture_finds_what_looks_like_it() {
    let small = squares().await;
    let found = small
        .atlas
        .search(&request(Query::Picture(seen(250))))
        .await;
    let found = found.expect("an answer");
    assert_eq!(order(&found), ["mine/white", "mine/gray", "mine/black"]);
    assert_eq!((found.total, found.nothing_close), (3, false));
    let first = &found.hits[0];
    assert_eq!(first.matched_by, MatchedBy::Picture);
    assert_eq!(first.score.picture_rank, Some(1));
    assert_eq!((first.score.meaning_rank, first.score.bm25), (None, None));
    assert!(first.score.cosine.is_some_and(|cosine| cosine > 0.99));
    let mut only = request(Query::Picture(seen(250)));
    only.filter.modality = Some("x-ray".to_owned());
    let found = small.atlas.search(&only).await.expect("an answer");
    assert_eq!(order(&found), ["mine/black"], "the filter holds");
    assert!(
        found.nothing_close,
        "black and white have nothing in common"
    );
}

#[tokio::test]
async fn words_beside_a_picture_are_looked_for_too() {
    let small = squares().await;
    let query = Query::PictureAndText {
        picture: seen(0),
        text: " shoulder ".to_owned(),
    };
    let found = small.atlas.search(&request(query)).await;
    let found = found.expect("an answer");
    let gray = found
        .hits
        .iter()
        .find(|hit| hit.entry.id.as_str() == "mine/gray");
    let gray = gray.expect("its words were asked for");
    assert_eq!(gray.matched_by, MatchedBy::PictureAndWords);
    assert_eq!(gray.shared_words, ["shoulder"]);
    let empty = Query::PictureAndText {
        picture: seen(0),
        text: "  ".to_owned(),
    };
    let error = small.atlas.search(&request(empty)).await;
    assert!(matches!(error, Err(AtlasError::EmptyQuery)));
}

#[test]
fn what_is_mixed_is_a_unit_vector_between_both() {
    let mixed = super::mixed(&[1.0, 0.0], &[0.0, 1.0]);
    let half = std::f32::consts::FRAC_1_SQRT_2;
    assert!(
        mixed.iter().all(|value| (value - half).abs() < 1e-6),
        "{mixed:?}"
    );
    assert_eq!(super::mixed(&[1.0], &[-1.0]), [0.0]);
}

#[tokio::test]
async fn a_profile_without_an_image_encoder_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let uri = folder.path().join("atlas");
    let uri = uri.to_str().expect("a path in UTF-8");
    let atlas = Atlas::open_or_create(uri, testing::engine_for_words()).await;
    let atlas = atlas.expect("an empty atlas");
    let mut one = row("mine", "a", "a knee", "MRI");
    one.image_vector = None;
    atlas.dataset.upsert(&[one]).await.expect("written");
    let found = atlas.search(&words("knee")).await.expect("an answer");
    assert_eq!(found.total, 1);
    let error = atlas.search(&request(Query::Picture(seen(0)))).await;
    let error = error.expect_err("it can't").to_string();
    assert!(error.contains("no image encoder"), "{error}");
    let error = Atlas::open(uri, testing::engine()).await.err();
    assert!(matches!(error, Some(AtlasError::OtherEncoder { .. })));
}
