//! The safety gate against what onnxruntime computes of the same file: network, preprocessing, and
//! what it says of the starter atlas.

use anyhow::{Result, ensure};
use mirage::config::Config;
use mirage_models::image_encoder::Rgb;
use mirage_models::resolver::Resolver;
use mirage_models::safety_gate::{self, SafetyGate};
use serde::Deserialize;

const GOLDEN: &str = include_str!("../../models/golden/safety_gate.json");
/// Height and width of the pictures.
const SHAPES: [(usize, usize); 4] = [(128, 128), (256, 341), (300, 200), (64, 64)];
/// Side of the network's input.
const SIDE: usize = 224;

#[derive(Deserialize)]
struct Golden {
    tensors: Vec<[f32; 2]>,
    pictures: Vec<[f32; 2]>,
}

async fn gate() -> Result<SafetyGate> {
    let folder = Config::from_environment()?
        .weights()
        .join(SafetyGate::FOLDER);
    Resolver::new(&folder)
        .ensure(&safety_gate::files()?, |_| {})
        .await?;
    Ok(tokio::task::spawn_blocking(move || SafetyGate::load(&folder)).await??)
}

/// The same as `formula_tensor` of `models/golden/safety_gate.py`.
fn formula_tensor(number: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(SIDE * SIDE * 3);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let gray = x * 5 + y * 3 + x * y / 32 % 96 + number * 77;
            values.extend((0..3).map(|channel| ((gray + channel * 53) % 256) as f32 - 127.0));
        }
    }
    values
}

/// The same as `formula_picture` of the script.
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

#[tokio::test]
async fn it_computes_what_the_reference_computes() -> Result<()> {
    let golden: Golden = serde_json::from_str(GOLDEN)?;
    ensure!(golden.tensors.len() == SHAPES.len());
    let gate = gate().await?;
    for (number, expected) in golden.tensors.iter().enumerate() {
        let found = gate.logits(formula_tensor(number))?;
        let apart = found[0].iter().zip(expected).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0_f32, f32::max);
        ensure!(apart < 2e-3, "tensor {number}: {found:?} and {expected:?}");
    }
    Ok(())
}

#[tokio::test]
async fn pictures_of_any_shape_are_seen_as_the_reference_sees_them() -> Result<()> {
    let golden: Golden = serde_json::from_str(GOLDEN)?;
    let gate = gate().await?;
    let pictures = (0..SHAPES.len()).map(formula_picture);
    let pictures: Vec<Rgb> = pictures.collect::<Result<_>>()?;
    let shares = gate.look(&pictures)?;
    ensure!(shares.len() == golden.pictures.len());
    for (number, (share, [safe, not])) in shares.iter().zip(golden.pictures).enumerate() {
        let expected = not.exp() / (safe.exp() + not.exp());
        ensure!(
            (share - expected).abs() < 5e-3,
            "{number}: {share}, not {expected}"
        );
    }
    ensure!(gate.look(&[])?.is_empty());
    Ok(())
}
