//! Our vectors are those of the reference implementations, from text and pixels to the end.

use mirage_models::image_encoder::ImageEncoder as _;
use mirage_models::joint_encoder::inspect;
use mirage_models::text_encoder::TextEncoder as _;
use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, LAYOUTS, folder, pictures, reference};

/// Closer than any wrong step leaves them: GELU in place of QuickGELU is 1e-5 away.
const LEAST: f64 = 0.999_999;

fn cosine(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(ours, theirs) / (dot(ours, ours) * dot(theirs, theirs)).sqrt()
}

/// The least cosine between vectors that belong together.
fn least(ours: &[Vec<f32>], theirs: &Value) -> f64 {
    let theirs: Vec<Vec<f32>> = serde_json::from_value(theirs.clone()).expect("vectors");
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(&theirs);
    pairs
        .map(|(ours, theirs)| cosine(ours, theirs))
        .fold(1.0, f64::min)
}

/// Vectors of the reference's texts and pictures.
fn embed(path: &std::path::Path, texts: &[String]) -> [Vec<Vec<f32>>; 2] {
    let found = inspect(path).expect("an encoder");
    let encoder = found.text_encoder("tiny@1".to_owned(), usize::MAX);
    let encoder = encoder.expect("the tower of texts");
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let of_texts = encoder.embed(&texts).expect("embedded");
    let encoder = found.image_encoder("tiny@1".to_owned());
    let encoder = encoder.expect("the tower of pictures");
    assert_eq!(encoder.identity(), "tiny@1");
    assert_eq!(encoder.dimensions(), found.summary().dimensions);
    let of_pictures = encoder.embed(&pictures()).expect("embedded");
    for vector in of_texts.iter().chain(&of_pictures) {
        let length = vector.iter().map(|value| value * value).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
    [of_texts, of_pictures]
}

fn texts(golden: &Value) -> Vec<String> {
    serde_json::from_value(golden["texts"].clone()).expect("texts")
}

#[test]
fn every_layout_gives_the_vectors_of_its_reference() {
    for layout in LAYOUTS {
        let golden = reference(layout);
        let path = folder(layout);
        let found = inspect(&path).expect("an encoder");
        assert_eq!(found.layout().to_string(), layout);
        found.check().expect("it works");
        let [of_texts, of_pictures] = embed(&path, &texts(&golden));
        let texts = least(&of_texts, &golden["text_vectors"]);
        assert!(texts > LEAST, "{layout}: texts {texts}");
        let pictures = least(&of_pictures, &golden["picture_vectors"]);
        assert!(pictures > LEAST, "{layout}: pictures {pictures}");
    }
}

#[test]
fn quick_gelu_is_another_network_on_the_same_weights() {
    let golden = reference("open-clip");
    let checkpoint = Checkpoint::of("open-clip");
    checkpoint.set("open_clip_config.json", |config| {
        config["model_cfg"]["quick_gelu"] = json!(true);
    });
    let found = inspect(checkpoint.path()).expect("an encoder");
    assert_eq!(found.summary().activation, "QuickGELU");
    let [of_texts, of_pictures] = embed(checkpoint.path(), &texts(&golden));
    for (ours, name) in [(of_texts, "text_vectors"), (of_pictures, "picture_vectors")] {
        let quick = least(&ours, &golden[format!("quick_{name}")]);
        assert!(quick > LEAST, "{name}: {quick}");
        let plain = least(&ours, &golden[name]);
        assert!(
            plain < LEAST,
            "{name}: the two can't be told apart, {plain}"
        );
    }
}

#[test]
fn one_by_one_or_together_makes_no_difference() {
    for layout in LAYOUTS {
        let golden = reference(layout);
        let texts = texts(&golden);
        let found = inspect(&folder(layout)).expect("an encoder");
        let encoder = found.text_encoder(String::new(), usize::MAX);
        let encoder = encoder.expect("the tower of texts");
        let alone: Vec<Vec<f32>> = texts
            .iter()
            .flat_map(|text| encoder.embed(&[text.as_str()]).expect("embedded"))
            .collect();
        let alone = least(&alone, &golden["text_vectors"]);
        assert!(alone > LEAST, "{layout}: {alone}");
        let none = encoder.embed(&[]).expect("nothing to do");
        assert!(none.is_empty());
    }
}

#[test]
fn a_shorter_bound_cuts_a_text_off() {
    let found = inspect(&folder("clip")).expect("an encoder");
    let whole = found.text_encoder(String::new(), 77).expect("a tower");
    let short = found.text_encoder(String::new(), 5).expect("a tower");
    let [start, end] = ["axial chest knee", "axial chest knee left right brain"];
    let vectors = short.embed(&[start, end]).expect("embedded");
    assert!(
        cosine(&vectors[0], &vectors[1]) > LEAST,
        "only the start counts"
    );
    let vectors = whole.embed(&[start, end]).expect("embedded");
    assert!(cosine(&vectors[0], &vectors[1]) < LEAST);
    let error = found.text_encoder(String::new(), 3).err().expect("too few");
    assert!(error.to_string().contains("too few"), "{error}");
}
