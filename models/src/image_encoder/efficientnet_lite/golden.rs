//! The shipped weights against `PyTorch`: on network inputs and on pictures that a formula makes, so
//! that no picture needs to be kept. Real pictures are compared where an atlas is.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::super::{ImageEncoder as _, Rgb};
use super::{CHANNELS, EfficientNetLite};

#[derive(Deserialize)]
struct Golden {
    formula_pictures: Vec<Vec<f32>>,
    formula_tensors: Vec<Vec<f32>>,
}

fn golden() -> Golden {
    let text = include_str!("../../../golden/image_encoder.json");
    serde_json::from_str(text).expect("JSON")
}

fn encoder() -> EfficientNetLite {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/image-encoder");
    EfficientNetLite::load(&folder).expect("the shipped weights")
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The same as `formula_tensor` of the script.
fn formula_tensor(number: usize, size: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(size * size * CHANNELS);
    for y in 0..size {
        for x in 0..size {
            for channel in 0..CHANNELS {
                let value = x * 5 + y * 3 + x * y / 32 % 96 + channel * 53 + number * 77;
                values.push(((value % 256) as f32 - 127.0) / 128.0);
            }
        }
    }
    values
}

/// The same as `formula_picture` of `models/training/export.py`.
fn formula_picture(number: usize) -> Rgb {
    let (height, width) = [(224, 224), (256, 341), (300, 200), (64, 64)][number];
    let mut pixels = Vec::with_capacity(height * width * CHANNELS);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..CHANNELS {
                let shift = if number % 2 == 1 { channel * 40 } else { 0 };
                let value = x * 3 + y * 2 + x * y / 16 % 64 + shift + number * 31;
                pixels.push((value % 256) as u8);
            }
        }
    }
    Rgb::new(width, height, pixels).expect("three bytes a pixel")
}

#[test]
fn network_inputs_give_the_vectors_of_the_reference() {
    let encoder = encoder();
    let size = encoder.preprocessing.size;
    let expected = golden().formula_tensors;
    assert_eq!(expected.len(), 4);
    for (number, expected) in expected.iter().enumerate() {
        let inputs = formula_tensor(number, size);
        let inputs = Tensor::from_vec(inputs, (1, size, size, CHANNELS), &Device::Cpu);
        let vectors = encoder
            .forward(&inputs.expect("a tensor"))
            .expect("vectors");
        let vectors = vectors.to_vec2::<f32>().expect("numbers");
        let likeness = cosine(&vectors[0], expected);
        assert!(likeness > 0.9999, "tensor {number}: {likeness}");
    }
}

#[test]
fn pictures_of_any_shape_give_the_vectors_of_the_reference() {
    let encoder = encoder();
    let expected = golden().formula_pictures;
    assert_eq!(expected.len(), 4);
    let pictures: Vec<Rgb> = (0..expected.len()).map(formula_picture).collect();
    let together = encoder.embed(&pictures).expect("vectors");
    for (number, expected) in expected.iter().enumerate() {
        let likeness = cosine(&together[number], expected);
        assert!(likeness > 0.9999, "picture {number}: {likeness}");
        let alone = encoder.embed(&pictures[number..=number]).expect("a vector");
        let likeness = cosine(&alone[0], expected);
        assert!(likeness > 0.9999, "picture {number} alone: {likeness}");
    }
}
