//! The text encoder against vectors of its reference implementation.

use anyhow::Result;
use serde_json::Value;

const GOLDEN: &str = include_str!("../../models/golden/minilm.json");

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())
}

#[tokio::test]
async fn embeddings_equal_the_reference() -> Result<()> {
    let golden: Value = serde_json::from_str(GOLDEN)?;
    let sentences: Vec<String> = serde_json::from_value(golden["sentences"].clone())?;
    let expected: Vec<Vec<f32>> = serde_json::from_value(golden["embeddings"].clone())?;
    assert!(sentences.len() >= 50);
    let encoder = mirage_tests::encoder().await?;
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let batched = encoder.embed(&texts)?;
    for (index, text) in texts.iter().enumerate() {
        let likeness = cosine(&batched[index], &expected[index]);
        assert!(likeness > 0.9999, "{text:?}: {likeness} in a batch");
        let length = cosine(&batched[index], &batched[index]);
        assert!((length - 1.0).abs() < 1e-6);
    }
    // A text's embedding must not depend on what shares its batch.
    for index in [0, 4, 31, 49] {
        let alone = encoder.embed(&texts[index..=index])?;
        let likeness = cosine(&alone[0], &expected[index]);
        assert!(likeness > 0.9999, "{:?}: {likeness} alone", texts[index]);
    }
    Ok(())
}

#[tokio::test]
async fn no_texts_give_no_vectors() -> Result<()> {
    assert!(mirage_tests::encoder().await?.embed(&[])?.is_empty());
    Ok(())
}
