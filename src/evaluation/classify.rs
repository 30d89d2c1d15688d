//! Zero-shot classes: a picture is of the class whose prompts are nearest. The figures are those of
//! `models/training/evaluate.py`.

use serde::Serialize;

use super::confusion::Confusion;
use super::dot;
use super::pairs::Pairs;
use super::prompts::Prompts;

/// How well pictures find their class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Classes {
    /// Mean over the classes of the share of their pictures that find them.
    pub macro_accuracy: f64,
    /// How many classes.
    pub classes: usize,
    /// How many pictures.
    pub n: usize,
    /// Which class was found for the pictures of each.
    #[serde(flatten)]
    pub confusion: Confusion,
}

/// Measures unit vectors of the pictures, row by row, with those of the prompts' texts, class by
/// class in one list. A row's first label is its class; rows without are left out.
pub fn classify(
    pairs: &Pairs,
    pictures: &[Vec<f32>],
    prompts: &Prompts,
    texts: &[Vec<f32>],
) -> Classes {
    let mut texts = texts.iter();
    let centres: Vec<Vec<f32>> = prompts
        .texts
        .iter()
        .map(|of_class| centre(texts.by_ref().take(of_class.len())))
        .collect();
    let mut confusion = Confusion::new(prompts.classes.clone());
    for (row, picture) in pairs.rows().iter().zip(pictures) {
        let label = row.labels.first();
        let class = label.and_then(|label| prompts.classes.binary_search(label).ok());
        if let Some(class) = class {
            confusion.count(class, nearest(picture, &centres));
        }
    }
    Classes {
        macro_accuracy: confusion.macro_accuracy(),
        classes: prompts.classes.len(),
        n: confusion.total(),
        confusion,
    }
}

/// The mean of vectors, as it is.
fn centre<'a>(vectors: impl Iterator<Item = &'a Vec<f32>>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut count = 0.0_f32;
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut()
            .zip(vector)
            .for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sum.iter_mut().for_each(|sum| *sum /= count);
    sum
}

/// The nearest class, of equally near ones the first.
fn nearest(picture: &[f32], centres: &[Vec<f32>]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, centre) in centres.iter().enumerate() {
        let score = dot(picture, centre);
        if score > best.1 {
            best = (class, score);
        }
    }
    best.0
}
