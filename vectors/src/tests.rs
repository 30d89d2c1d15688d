//! The index as a whole: what it finds beside an exact search, and what it refuses.

use super::sample::{Kind, Sample};
use super::*;

const DIMENSIONS: usize = 96;

fn index(vectors: &[f32], dimensions: usize, exact_rows: usize) -> Index {
    let mut builder = Builder::with_exact_rows(dimensions, 0, exact_rows).expect("numbers");
    // In uneven parts, as they are read from a dataset.
    for part in vectors.chunks(dimensions * 333) {
        builder.extend(part).expect("unit vectors");
    }
    builder.finish()
}

/// All rows with their cosines, nearest first, by the definition.
fn by_definition(vectors: &[f32], query: &[f32]) -> Vec<Near> {
    let rows = vectors.chunks_exact(query.len()).zip(0..);
    let cosine = |vector: &[f32]| -> f32 { vector.iter().zip(query).map(|(a, b)| a * b).sum() };
    let mut all: Vec<Near> = rows
        .map(|(vector, row)| Near {
            row,
            cosine: cosine(vector),
        })
        .collect();
    all.sort_by(Near::order);
    all
}

fn rows(found: &[Near]) -> Vec<u32> {
    found.iter().map(|near| near.row).collect()
}

#[test]
fn few_rows_come_in_exactly_the_right_order() {
    let sample = Sample::new(Kind::Clustered, DIMENSIONS, 1);
    let vectors = sample.vectors(0, 1_200);
    let index = index(&vectors, DIMENSIONS, EXACT_ROWS);
    assert!(index.is_exact());
    assert_eq!((index.len(), index.is_empty()), (1_200, false));
    for query in sample.vectors(1 << 40, 20).chunks_exact(DIMENSIONS) {
        let found = index.search(query, 50, None).expect("a query");
        let expected = by_definition(&vectors, query);
        assert_eq!(rows(&found), rows(&expected[..50]));
        assert!((found[0].cosine - expected[0].cosine).abs() < 1e-5);
    }
}

#[test]
fn many_rows_are_found_nearly_all() {
    for kind in [Kind::Clustered, Kind::Even] {
        let sample = Sample::new(kind, DIMENSIONS, 2);
        let vectors = sample.vectors(0, 6_000);
        let index = index(&vectors, DIMENSIONS, 500);
        assert!(!index.is_exact());
        assert_eq!(index.len(), 6_000);
        let (mut hits, mut all) = (0, 0);
        for query in sample.vectors(1 << 40, 50).chunks_exact(DIMENSIONS) {
            let found = index.search(query, 10, None).expect("a query");
            let expected = by_definition(&vectors, query);
            let best = rows(&expected[..10]);
            hits += found.iter().filter(|near| best.contains(&near.row)).count();
            all += best.len();
            for near in found {
                let exact = expected.iter().find(|other| other.row == near.row);
                let exact = exact.expect("each row is there").cosine;
                assert!((near.cosine - exact).abs() < 1e-4, "{kind:?}");
            }
        }
        assert!(hits * 100 >= all * 99, "{kind:?}: {hits} of {all}");
    }
}

#[test]
fn only_allowed_rows_are_found() {
    let sample = Sample::new(Kind::Clustered, DIMENSIONS, 3);
    let vectors = sample.vectors(0, 4_000);
    let query = sample.vectors(1 << 40, 1);
    for exact_rows in [0, EXACT_ROWS] {
        let index = index(&vectors, DIMENSIONS, exact_rows);
        // A few, which are compared one by one, and every third.
        for step in [400, 3] {
            let mut allowed = Mask::none(index.len());
            (0..4_000).step_by(step).for_each(|row| allowed.allow(row));
            let found = index.search(&query, 8, Some(&allowed)).expect("a query");
            let expected = by_definition(&vectors, &query);
            let expected = expected.iter().filter(|near| allowed.allows(near.row));
            let expected: Vec<u32> = expected.take(8).map(|near| near.row).collect();
            assert_eq!(rows(&found), expected, "{exact_rows} {step}");
        }
        let mut beyond = Mask::none(10_000);
        beyond.allow(9_999);
        let found = index.search(&query, 8, Some(&beyond)).expect("a query");
        assert!(found.is_empty(), "there is no such row");
        let none = Mask::none(index.len());
        let found = index.search(&query, 8, Some(&none)).expect("a query");
        assert!(found.is_empty());
    }
}

#[test]
fn equal_rows_come_in_their_order() {
    let sample = Sample::new(Kind::Even, DIMENSIONS, 4);
    let one = sample.vectors(0, 1);
    let same = one.repeat(3_000);
    for exact_rows in [0, EXACT_ROWS] {
        let index = index(&same, DIMENSIONS, exact_rows);
        let found = index.search(&one, 40, None).expect("a query");
        assert_eq!(rows(&found), (0..40).collect::<Vec<_>>());
        assert!((found[0].cosine - 1.0).abs() < 1e-4);
    }
}

#[test]
fn any_number_of_rows_can_be_asked_for() {
    let sample = Sample::new(Kind::Even, DIMENSIONS, 5);
    let vectors = sample.vectors(0, 300);
    for exact_rows in [0, EXACT_ROWS] {
        let index = index(&vectors, DIMENSIONS, exact_rows);
        for (limit, expected) in [(0, 0), (1, 1), (300, 300), (301, 300), (usize::MAX, 300)] {
            let found = index.search(&vectors[..DIMENSIONS], limit, None);
            assert_eq!(found.expect("a query").len(), expected);
        }
        let empty = self::index(&[], DIMENSIONS, exact_rows);
        let found = empty.search(&vectors[..DIMENSIONS], 5, None);
        assert_eq!(found, Ok(Vec::new()));
    }
}

#[test]
fn length_is_no_matter_and_small_vectors_work_too() {
    for dimensions in [1, 2, 5] {
        let sample = Sample::new(Kind::Even, dimensions, 6);
        let vectors = sample.vectors(0, 200);
        let longer: Vec<f32> = vectors.iter().map(|value| value * 7.5).collect();
        for exact_rows in [0, EXACT_ROWS] {
            let found = |vectors: &[f32], query: &[f32]| {
                let index = index(vectors, dimensions, exact_rows);
                rows(&index.search(query, 1, None).expect("a query"))
            };
            let query = &vectors[..dimensions];
            assert_eq!(found(&vectors, query), found(&longer, query));
        }
    }
}

#[test]
fn bad_vectors_are_refused_and_leave_no_trace() {
    assert_eq!(
        Builder::new(0, 0).err(),
        Some(VectorError::NoDimensions),
        "nothing to compare"
    );
    let mut builder = Builder::new(3, 0).expect("numbers");
    builder.extend(&[1.0, 0.0, 0.0]).expect("a unit vector");
    let refusals: [(&[f32], VectorError); 5] = [
        (&[0.0, 1.0, 0.0, f32::NAN, 0.0, 0.0], VectorError::NotFinite),
        (&[f32::INFINITY, 0.0, 0.0], VectorError::NotFinite),
        (&[1e30, 0.0, 0.0], VectorError::NotFinite),
        (&[0.0, 0.0, 0.0], VectorError::NoDirection),
        (
            &[0.0, 1.0, 0.0, 1.0],
            VectorError::Dimensions {
                found: 1,
                expected: 3,
            },
        ),
    ];
    for (vectors, error) in refusals {
        assert_eq!(builder.extend(vectors), Err(error));
    }
    let index = builder.finish();
    assert_eq!(index.len(), 1);
    let short = VectorError::Dimensions {
        found: 2,
        expected: 3,
    };
    assert_eq!(index.search(&[1.0, 0.0], 1, None), Err(short));
    let error = index.search(&[f32::NAN; 3], 1, None);
    assert_eq!(error, Err(VectorError::NotFinite));
    let error = index.search(&[0.0; 3], 1, None);
    assert_eq!(error, Err(VectorError::NoDirection));
}

#[test]
fn memory_is_told_by_rows() {
    assert_eq!(Index::bytes_of(100, 768), 100 * 768 * 4);
    let row = 768 * 2 + 768 / 8 + 6 * 4;
    assert_eq!(Index::bytes_of(1_000_000, 768), 1_000_000 * row);
    let sample = Sample::new(Kind::Even, DIMENSIONS, 7);
    let index = index(&sample.vectors(0, 100), DIMENSIONS, EXACT_ROWS);
    assert_eq!(index.bytes(), Index::bytes_of(100, DIMENSIONS));
}
