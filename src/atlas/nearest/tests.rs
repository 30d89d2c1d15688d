//! The index in memory beside LanceDB, which is exact: same rows, same order.

use mirage_vectors::sample::{Kind, Sample};

use super::super::filter::Filter;
use super::super::schema::Row;
use super::super::testing::{self, row};
use super::*;

/// Rows with vectors that lie in all directions. Every fifth has none of its picture.
fn rows(count: u64) -> Vec<Row> {
    let numbers = 0..count;
    numbers.map(numbered).collect()
}

fn numbered(number: u64) -> Row {
    let modality = if number.is_multiple_of(3) {
        "MRI"
    } else {
        "CT"
    };
    let mut row = row("mine", &number.to_string(), "a knee", modality);
    let sample = Sample::new(Kind::Even, row.text_vector.len(), 1);
    row.text_vector = sample.vectors(number, 1);
    let picture = sample.vectors(number + 1_000_000, 1);
    row.image_vector = (!number.is_multiple_of(5)).then_some(picture);
    row
}

fn queries(dimensions: usize) -> Vec<Vec<f32>> {
    let sample = Sample::new(Kind::Even, dimensions, 2);
    (0..5).map(|number| sample.vectors(number, 1)).collect()
}

async fn version(dataset: &Dataset) -> u64 {
    dataset.version().await.expect("readable")
}

/// Whether the current version is held.
async fn is_current(nearest: &Nearest, dataset: &Dataset) -> bool {
    let version = version(dataset).await;
    nearest.held(version).is_some()
}

/// Waits for an index that is being made.
async fn until_current(nearest: &Nearest, dataset: &Dataset) {
    let made = async {
        while !is_current(nearest, dataset).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let made = tokio::time::timeout(Duration::from_secs(20), made).await;
    made.expect("an index in time");
}

async fn assert_same(nearest: &Nearest, dataset: &Dataset, filter: &Filter) {
    for column in [TEXT_VECTOR, IMAGE_VECTOR] {
        for query in queries(dataset.dimensions(column)) {
            let expected = dataset.nearest(column, &query, filter.expression(), 12);
            let expected = expected.await.expect("searched");
            let found = nearest.find(dataset, column, &query, filter.expression(), 12);
            let found = found.await.expect("searched");
            assert_eq!(names(&found), names(&expected), "{column} {filter}");
            for ((_, found), (_, expected)) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
    }
}

fn names(found: &[Scored]) -> Vec<&str> {
    found.iter().map(|(id, _)| id.as_str()).collect()
}

#[tokio::test]
async fn the_index_finds_what_lancedb_finds_in_the_same_order() {
    let small = testing::atlas().await;
    let (dataset, nearest) = (&small.atlas.dataset, &small.atlas.nearest);
    // In two versions, so that there are several files.
    let rows = rows(60);
    for part in rows.chunks(40) {
        dataset.upsert(part).await.expect("written");
    }
    nearest.prepare(dataset).await.expect("read");
    assert!(is_current(nearest, dataset).await);
    let mut filter = Filter::default();
    assert_same(nearest, dataset, &filter).await;
    filter.modality = Some("mri".to_owned());
    assert_same(nearest, dataset, &filter).await;
    filter.modality = Some("ultrasound".to_owned());
    assert_same(nearest, dataset, &filter).await;
    // What is joined or deleted changes the ids of rows.
    let ids = [rows[4].entry.id.clone(), rows[9].entry.id.clone()];
    dataset.delete(&ids).await.expect("deleted");
    dataset.finish().await.expect("joined");
    nearest.prepare(dataset).await.expect("read");
    assert!(is_current(nearest, dataset).await);
    filter.modality = Some("CT".to_owned());
    assert_same(nearest, dataset, &filter).await;
    assert_same(nearest, dataset, &Filter::default()).await;
}

#[tokio::test]
async fn a_row_that_is_added_is_found_at_once() {
    let small = testing::atlas().await;
    let (dataset, nearest) = (&small.atlas.dataset, &small.atlas.nearest);
    dataset.upsert(&rows(20)).await.expect("written");
    nearest.prepare(dataset).await.expect("read");
    let added = numbered(77);
    dataset
        .upsert(std::slice::from_ref(&added))
        .await
        .expect("written");
    assert!(!is_current(nearest, dataset).await);
    for _ in ["from disk", "from memory"] {
        let found = nearest.find(dataset, TEXT_VECTOR, &added.text_vector, None, 1);
        let found = found.await.expect("searched");
        assert_eq!(names(&found), ["mine/77"]);
        // The search itself may have begun to make the next.
        nearest.prepare(dataset).await.expect("read");
        until_current(nearest, dataset).await;
    }
}

#[tokio::test]
async fn a_program_that_searches_often_gets_an_index_by_itself() {
    let small = testing::atlas().await;
    let (dataset, nearest) = (&small.atlas.dataset, &small.atlas.nearest);
    dataset.upsert(&rows(10)).await.expect("written");
    let query = &queries(dataset.dimensions(TEXT_VECTOR))[0];
    for number in 1..=PATIENCE {
        assert!(!is_current(nearest, dataset).await, "search {number}");
        let found = nearest.find(dataset, TEXT_VECTOR, query, None, 3);
        assert_eq!(found.await.expect("searched").len(), 3);
    }
    until_current(nearest, dataset).await;
}

#[tokio::test]
async fn without_memory_vectors_stay_on_disk() {
    let small = testing::atlas().await;
    let atlas = small.atlas.clone().with_index_memory(0);
    let (dataset, nearest) = (&atlas.dataset, &atlas.nearest);
    dataset.upsert(&rows(10)).await.expect("written");
    nearest.prepare(dataset).await.expect("nothing to do");
    for _ in 0..2 * PATIENCE {
        assert_same(nearest, dataset, &Filter::default()).await;
    }
    assert!(!is_current(nearest, dataset).await);
    // 10 rows of two vectors take more than a thousand bytes.
    let little = Nearest {
        memory: 1_000,
        ..Nearest::new(1)
    };
    little.prepare(dataset).await.expect("refused quietly");
    assert!(!is_current(&little, dataset).await);
    assert_same(&little, dataset, &Filter::default()).await;
}

#[tokio::test]
async fn vectors_that_point_nowhere_are_passed_over() {
    let small = testing::atlas().await;
    let (dataset, nearest) = (&small.atlas.dataset, &small.atlas.nearest);
    let mut rows = rows(4);
    rows[1].text_vector.fill(0.0);
    rows[2].text_vector[3] = f32::NAN;
    dataset.upsert(&rows).await.expect("written");
    nearest.prepare(dataset).await.expect("read");
    assert!(is_current(nearest, dataset).await);
    let found = nearest.find(dataset, TEXT_VECTOR, &rows[3].text_vector, None, 9);
    let found = found.await.expect("searched");
    assert_eq!(names(&found), ["mine/3", "mine/0"]);
}
