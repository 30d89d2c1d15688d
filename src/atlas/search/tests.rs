//! Searches of an atlas that is empty, or whose index is missing, and searches by picture.

use mirage_models::image_encoder::Rgb;

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
        let matched_by = MatchedBy {
            meaning: true,
            ..MatchedBy::WORDS
        };
        assert_eq!(found.hits[0].matched_by, matched_by);
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
    assert_eq!(first.matched_by, MatchedBy::PICTURE);
    let score = &first.score;
    assert_eq!(score.picture_rank, Some(1));
    assert!(score.picture_cosine.is_some_and(|cosine| cosine > 0.99));
    assert_eq!(
        (score.meaning_rank, score.cosine, score.bm25),
        (None, None, None)
    );
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
    let matched_by = MatchedBy {
        picture: true,
        ..MatchedBy::WORDS
    };
    assert_eq!(gray.matched_by, matched_by);
    assert_eq!(gray.shared_words, ["shoulder"]);
    let empty = Query::PictureAndText {
        picture: seen(0),
        text: "  ".to_owned(),
    };
    let error = small.atlas.search(&request(empty)).await;
    assert!(matches!(error, Err(AtlasError::EmptyQuery)));
}

#[tokio::test]
async fn the_share_of_the_picture_decides_between_it_and_the_words() {
    let small = squares().await;
    // In the space of the encoders here the letter B is white.
    let query = Query::PictureAndText {
        picture: seen(0),
        text: "b".to_owned(),
    };
    for (share, nearest) in [(1.0, "mine/black"), (0.5, "mine/gray"), (0.0, "mine/white")] {
        let share = PictureShare::new(share).expect("a share");
        let atlas = small.atlas.clone().with_picture_share(share);
        let found = atlas.search(&request(query.clone())).await;
        assert_eq!(order(&found.expect("an answer"))[0], nearest, "{share:?}");
    }
}

#[tokio::test]
async fn more_like_an_entry_is_what_looks_like_it() {
    let small = testing::atlas().await;
    let knee = ("axial scan of the knee", "MRI");
    let mut unseen = shaded_row("mine", "unseen", knee, 0);
    unseen.image_vector = None;
    let rows = [
        shaded_row("mine", "white knee", knee, 255),
        shaded_row("mine", "black knee", knee, 0),
        shaded_row("mine", "pale chest", ("frontal radiograph", "X-ray"), 250),
        unseen,
    ];
    small.atlas.dataset.upsert(&rows).await.expect("written");
    assert_eq!(small.atlas.pictures_with_vectors().await.ok(), Some(3));
    let like = |name: &str| request(Query::Like(EntryId::new("mine", name)));
    let found = small.atlas.search(&like("white knee")).await;
    let found = found.expect("an answer");
    assert_eq!(order(&found), ["mine/pale chest", "mine/black knee"]);
    assert_eq!(found.hits[0].matched_by, MatchedBy::PICTURE);
    assert!(!found.nothing_close);
    let found = small.atlas.search(&like("black knee")).await;
    assert!(
        found.expect("an answer").nothing_close,
        "the others are pale"
    );
    let found = small.atlas.search(&like("unseen")).await;
    let found = found.expect("an answer");
    assert_eq!(
        found.total, 3,
        "by its words, since its picture has no vector"
    );
    assert_eq!(found.hits[0].matched_by, MatchedBy::MEANING);
    assert_eq!(order(&found)[2], "mine/pale chest");
    let error = small.atlas.search(&like("none")).await;
    assert!(matches!(error, Err(AtlasError::NoSuchEntry { .. })));
}

#[tokio::test]
async fn words_find_pictures_too_where_they_are_nearer_than_chance() {
    let small = squares().await;
    let matched = |found: &Outcome, name: &str| {
        let mut hits = found.hits.iter();
        let hit = hits.find(|hit| hit.entry.id.as_str() == name);
        hit.expect("it is found").matched_by.picture
    };
    let found = small.atlas.search(&words("bbb")).await.expect("an answer");
    assert!(matched(&found, "mine/white") && !matched(&found, "mine/black"));
    let white = &found.hits[0];
    assert_eq!(white.entry.id.as_str(), "mine/white", "{:?}", white.score);
    assert_eq!(white.score.picture_rank, Some(1));
    let found = small.atlas.search(&words("knee")).await.expect("an answer");
    assert_eq!(found.hits[0].entry.id.as_str(), "mine/white");
    assert!(!matched(&found, "mine/white"), "no shade is called a knee");
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
