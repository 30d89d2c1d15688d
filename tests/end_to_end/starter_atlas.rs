//! The starter atlas as a student meets it: what it holds, and what is found in it.

use anyhow::{Context, Result};
use mirage::atlas::{Entry, Field, Filter, Outcome, Query, Request};

async fn find(query: &str, filter: Filter, limit: usize) -> Result<Outcome> {
    let atlas = mirage_tests::starter_atlas().await?;
    let query = Query::Text(query.to_owned());
    Ok(atlas
        .search(&Request {
            query,
            filter,
            offset: 0,
            limit,
        })
        .await?)
}

fn body_part(entry: &Entry) -> &str {
    entry.description.body_part.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn it_is_large_enough_and_every_entry_has_its_provenance() -> Result<()> {
    let atlas = mirage_tests::starter_atlas().await?;
    assert!(atlas.catalogue().await?.len() >= 120);
    let every = Request {
        query: Query::Text("picture".to_owned()),
        filter: Filter::default(),
        offset: 0,
        limit: usize::MAX,
    };
    for hit in atlas.search(&every).await?.hits {
        let Entry {
            provenance,
            description,
            id,
            ..
        } = &hit.entry;
        assert!(
            !provenance.licence.is_empty() && !provenance.source.is_empty(),
            "{id}"
        );
        assert!(
            provenance.source_url.is_some() && provenance.attribution.is_some(),
            "{id}"
        );
        assert!(
            description.alt.is_some() && !description.modality.is_empty(),
            "{id}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_shoulder_is_found_however_it_is_asked_for() -> Result<()> {
    for query in [
        "shoulder MRI",
        "magnetic resonance image of the shoulder joint",
        "MR of a humeral head and the glenoid",
        "picture of the rotator cuff and the supraspinatus tendon",
        "where the arm meets the scapula, MRI",
        "glenohumeral joint",
    ] {
        let outcome = find(query, Filter::default(), 5).await?;
        let first = &outcome.hits.first().context("nothing found")?.entry;
        assert_eq!(body_part(first), "shoulder", "{query}: {}", first.id);
    }
    Ok(())
}

#[tokio::test]
async fn structures_on_a_plane_are_found_with_their_boxes() -> Result<()> {
    let outcome = find("brain thalamus axial", Filter::default(), 5).await?;
    assert_eq!(outcome.hits.len(), 5);
    let mut with_boxes = 0;
    for hit in &outcome.hits {
        let description = &hit.entry.description;
        // The first ones have all three words; a cut in another plane may follow.
        if hit.rank <= 3 {
            let plane = description.plane.as_deref();
            assert_eq!(plane, Some("axial"), "{}", hit.entry.id);
        }
        assert!(
            description.search_text().contains("thalamus"),
            "{}",
            hit.entry.id
        );
        assert!(hit.matched_by.meaning && hit.matched_by.words);
        assert!(hit.shared_words.contains(&"thalamus".to_owned()));
        // Tissue maps have no boxes; T1 cuts have.
        let mut boxes = description.boxes.iter();
        if let Some(thalamus) = boxes.find(|located| located.label.contains("thalamus")) {
            let [left, top, right, bottom] = thalamus.corners;
            assert!(0.0 <= left && left < right && right <= 100.0);
            assert!(0.0 <= top && top < bottom && bottom <= 100.0);
            with_boxes += 1;
        }
    }
    assert!(with_boxes >= 3, "{with_boxes} of 5 have the thalamus's box");
    Ok(())
}

#[tokio::test]
async fn filters_hold_and_a_hopeless_one_is_explained() -> Result<()> {
    let modality = |value: &str| Filter {
        modality: Some(value.to_owned()),
        ..Filter::default()
    };
    let outcome = find("bones", modality("x-RAY"), 10).await?;
    assert!(!outcome.hits.is_empty());
    assert!(
        outcome
            .hits
            .iter()
            .all(|hit| hit.entry.description.modality == "X-ray")
    );
    let outcome = find("bones", modality("Xray"), 10).await?;
    assert!(outcome.hits.is_empty());
    let no_match = outcome.no_match.context("nothing is explained")?;
    assert_eq!(no_match.unknown[0].0, Field::Modality);
    assert_eq!(no_match.unknown[0].2[0], "X-ray");
    assert!(!no_match.without_filter.is_empty());
    let impossible = Filter {
        body_part: Some("eye".to_owned()),
        ..modality("MRI")
    };
    let no_match = find("bones", impossible, 10)
        .await?
        .no_match
        .context("not explained")?;
    assert!(no_match.unknown.is_empty(), "each value exists by itself");
    Ok(())
}

#[tokio::test]
async fn odd_queries_are_answered_or_refused_in_words() -> Result<()> {
    for query in [
        "🩻🧠",
        "صورة شعاعية للصدر",
        "'; DROP TABLE pictures; --",
        "\" OR 1=1 AND (\\",
        "a:b^2 +c -d ~e* \"f",
        &"thalamus ".repeat(222),
    ] {
        let outcome = find(query, Filter::default(), 3).await?;
        assert_eq!(outcome.hits.len(), 3, "{query}");
    }
    for query in ["", "   ", &"x".repeat(2_001)] {
        assert!(find(query, Filter::default(), 3).await.is_err());
    }
    Ok(())
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() -> Result<()> {
    let atlas = mirage_tests::starter_atlas().await?;
    let mut seen = Vec::new();
    for offset in [0, 5, 10] {
        let query = Query::Text("coronal brain".to_owned());
        let request = Request {
            query,
            filter: Filter::default(),
            offset,
            limit: 5,
        };
        let outcome = atlas.search(&request).await?;
        for (index, hit) in outcome.hits.into_iter().enumerate() {
            assert_eq!(hit.rank, offset + index + 1);
            assert!(!seen.contains(&hit.entry.id), "{} twice", hit.entry.id);
            seen.push(hit.entry.id);
        }
    }
    assert_eq!(seen.len(), 15);
    Ok(())
}

#[tokio::test]
async fn more_like_a_picture_leaves_itself_out() -> Result<()> {
    let atlas = mirage_tests::starter_atlas().await?;
    let first = find("fundus photograph of the optic disc", Filter::default(), 1).await?;
    let id = first.hits[0].entry.id.clone();
    let query = Query::Like(id.clone());
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: 3,
    };
    let outcome = atlas.search(&request).await?;
    assert!(outcome.hits.iter().all(|hit| hit.entry.id != id));
    assert_eq!(body_part(&outcome.hits[0].entry), "eye");
    Ok(())
}
