//! How well pictures and words find each other, measured over pairs (`NAME.tar` and `NAME.jsonl`):
//! retrieval, concepts, classes, arithmetic; and how good synthetic pictures are (`generate`). The
//! figures of the first three agree with `models/training/evaluate.py`; each is the same on every
//! run. Only explanations are measured over an atlas; nothing is stored.

mod archive;
mod arithmetic;
mod bm25;
mod classify;
mod concepts;
mod confusion;
mod embed;
mod error;
mod explain;
pub mod generate;
mod names;
mod pairs;
mod prompts;
mod queries;
pub(crate) mod random;
mod ranking;
mod retrieval;
pub(crate) mod stem;

pub use archive::Archive;
pub use arithmetic::{
    Arithmetic, Intervals, Labelled, Pool, Swept, Task, WeightPair, arithmetic, arithmetic_tasks,
};
pub use classify::{Classes, classify};
pub use concepts::{Concepts, Figures as ConceptFigures, Rows, concepts};
pub use confusion::Confusion;
pub use embed::{Encoders, pictures, texts};
pub use error::EvaluationError;
pub use explain::{
    Checker, Explanations, LabelledClaim, Scope, ScopeFigures, Share, Split, Topic, explanations,
    labelled_claims, topics,
};
pub use names::Names;
pub use pairs::{HELD_OUT, Pairs, Row};
pub use prompts::{Prompts, prompts};
pub use queries::{ConceptQuery, concept_queries};
pub use retrieval::{Baselines, Expected, Figures, Retrieval, Shuffled, retrieval};

/// The product of two vectors: their cosine, where both are unit vectors. Both orders of the two
/// give the same bits, so that a rank doesn't depend on who is asked for.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut lanes = [0.0_f32; LANES];
    let (one, other) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest = one.remainder().iter().zip(other.remainder());
    let rest: f32 = rest.map(|(one, other)| one * other).sum();
    for (one, other) in one.zip(other) {
        for (lane, (one, other)) in lanes.iter_mut().zip(one.iter().zip(other)) {
            *lane += one * other;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The mean; zero of nothing.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

#[cfg(test)]
mod tests;
