//! The image encoder against vectors that `PyTorch` made of the same real pictures: decoding,
//! resizing and the network together. The network alone is compared in `models`.

use anyhow::{Context as _, Result, ensure};
use mirage::atlas::EntryId;
use mirage::media;
use serde::Deserialize;

const GOLDEN: &str = include_str!("../../models/golden/image_encoder.json");

#[derive(Deserialize)]
struct Golden {
    entries: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
    embedding: Vec<f32>,
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn real_pictures_give_the_vectors_of_the_reference() -> Result<()> {
    let golden: Golden = serde_json::from_str(GOLDEN)?;
    assert_eq!(golden.entries.len(), 20);
    let encoder = mirage_tests::picture_encoder().await?;
    let atlas = mirage_tests::starter_atlas().await?;
    for reference in &golden.entries {
        let id = EntryId::from_stored(reference.id.as_str());
        let found = atlas.pictures(std::slice::from_ref(&id)).await?;
        let (_, bytes) = found.first().with_context(|| format!("no entry {id}"))?;
        let pixels = media::pixels(&media::decode(bytes)?).context("no pixels")?;
        let vector = encoder.embed(&[pixels])?.concat();
        let likeness = cosine(&vector, &reference.embedding);
        ensure!(likeness > 0.999, "{id}: {likeness}");
    }
    Ok(())
}
