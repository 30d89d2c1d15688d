//! Searches of an atlas that is empty, or whose index is missing.

use super::super::testing::{self, row};
use super::*;

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
