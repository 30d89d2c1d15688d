//! The judge of synthetic pictures against what `PyTorch` computes of the same pictures: its package's
//! weights as they come, preprocessing, network, both layers and the axes.

use anyhow::{Context as _, Result, ensure};
use mirage::config::Config;
use mirage_models::image_encoder::Rgb;
use mirage_models::judge::{self, Judge};
use mirage_models::resolver::Resolver;
use serde::Deserialize;

const GOLDEN: &str = include_str!("../../models/golden/judge/pictures.json");
/// Height and width of the pictures.
const SHAPES: [(usize, usize); 4] = [(128, 128), (256, 341), (300, 200), (64, 64)];

#[derive(Deserialize)]
struct Golden {
    pictures: Vec<Seen>,
}

#[derive(Deserialize)]
struct Seen {
    modality: usize,
    region: usize,
    /// The first of 1,280.
    features: Vec<f32>,
    reduced: Vec<f32>,
}

async fn judge() -> Result<Judge> {
    let folder = Config::from_environment()?.weights().join(Judge::FOLDER);
    Resolver::new(&folder)
        .ensure(&judge::files()?, |_| {})
        .await?;
    Ok(tokio::task::spawn_blocking(move || Judge::load(&folder)).await??)
}

/// The same as `formula_picture` of `models/golden/judge.py`.
fn formula_picture(number: usize) -> Result<Rgb> {
    let (height, width) = SHAPES[number];
    let colour = 40 * (number % 2);
    let mut pixels = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            let gray = x * 3 + y * 2 + x * y / 16 % 64 + number * 31;
            pixels.extend((0..3).map(|channel| ((gray + channel * colour) % 256) as u8));
        }
    }
    Ok(Rgb::new(width, height, pixels)?)
}

/// The largest difference, as a share of the largest number.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    let largest = theirs
        .iter()
        .fold(1e-6_f32, |most, one| most.max(one.abs()));
    let pairs = ours.iter().zip(theirs);
    let most = pairs.map(|(one, other)| (one - other).abs());
    most.fold(0.0, f32::max) / largest
}

#[tokio::test]
async fn it_sees_what_the_reference_sees() -> Result<()> {
    let golden: Golden = serde_json::from_str(GOLDEN)?;
    ensure!(golden.pictures.len() == SHAPES.len());
    let judge = judge().await?;
    let pictures = (0..SHAPES.len()).map(formula_picture);
    let pictures: Vec<Rgb> = pictures.collect::<Result<_>>()?;
    let opinions = judge.look(&pictures)?;
    let features = opinions.iter().map(|one| one.features.as_slice());
    let reduced = judge.reduced(features)?;
    for (number, expected) in golden.pictures.iter().enumerate() {
        let opinion = opinions.get(number).context("an opinion of each")?;
        let of_features = difference(&opinion.features, &expected.features);
        ensure!(of_features < 2e-3, "features of {number}: {of_features}");
        let of_axes = difference(&reduced[number], &expected.reduced);
        ensure!(of_axes < 2e-3, "axes of {number}: {of_axes}");
        let seen = (opinion.modality, opinion.region);
        ensure!(seen == (expected.modality, expected.region), "{number}");
        let itself = judge.centred(&opinion.features);
        let length: f32 = itself.iter().map(|value| value * value).sum();
        ensure!((length - 1.0).abs() < 1e-4, "{number}: {length}");
    }
    Ok(())
}

#[tokio::test]
async fn no_pictures_give_no_opinions() -> Result<()> {
    let judge = judge().await?;
    ensure!(judge.look(&[])?.is_empty());
    ensure!(judge.reduced(std::iter::empty::<&[f32]>())?.is_empty());
    Ok(())
}
