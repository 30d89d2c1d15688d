//! Retrieval over the whole pool: does a caption find its own picture among all, and a picture its
//! caption. The figures are those of `models/training/evaluate.py`.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::Serialize;

use super::random::Random;
use super::{dot, mean};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 1_000;
/// Seed of the bootstrap.
const BOOTSTRAP_SEED: u64 = 0;
/// Seed of the order in which the pictures are shuffled.
const SHUFFLE_SEED: u64 = 1;
/// The cut of R@10, which the interval is of.
const TEN: usize = 10;

/// Figures of one direction; shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Share of the queries whose own item is the first.
    pub r1: f64,
    /// Share of the queries whose own item is among the first 5.
    pub r5: f64,
    /// Share of the queries whose own item is among the first 10.
    pub r10: f64,
    /// Median of the ranks, from 1.
    pub median_rank: f64,
    /// Mean of one over the rank.
    pub mrr: f64,
    /// Bootstrap 95 % interval of `r10`.
    pub ci95: [f64; 2],
}

/// What an order by chance reaches on average.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expected {
    /// As [`Figures::r1`].
    pub r1: f64,
    /// As [`Figures::r5`].
    pub r5: f64,
    /// As [`Figures::r10`].
    pub r10: f64,
    /// As [`Figures::median_rank`].
    pub median_rank: f64,
    /// As [`Figures::mrr`].
    pub mrr: f64,
}

/// The same encoders with each picture given to another row by chance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shuffled {
    /// Captions look for pictures.
    pub text_to_image: Figures,
    /// Pictures look for captions.
    pub image_to_text: Figures,
}

/// What the figures stand beside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselines {
    /// Chance, by calculation; the same in both directions.
    pub random: Expected,
    /// Pictures that were shuffled among the rows.
    pub shuffled_pictures: Shuffled,
}

/// Retrieval in both directions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retrieval {
    /// How many pictures there are, each with its caption.
    pub pool: usize,
    /// Captions look for pictures.
    pub text_to_image: Figures,
    /// Pictures look for captions.
    pub image_to_text: Figures,
    /// What the figures stand beside.
    pub baselines: Baselines,
}

/// Measures unit vectors of pictures and of their captions, row by row.
pub fn retrieval(pictures: &[Vec<f32>], captions: &[Vec<f32>]) -> Retrieval {
    let order = Random::new(SHUFFLE_SEED).order(pictures.len());
    let shuffled: Vec<&[f32]> = order.iter().map(|&row| &*pictures[row]).collect();
    let pictures: Vec<&[f32]> = pictures.iter().map(|vector| &**vector).collect();
    let captions: Vec<&[f32]> = captions.iter().map(|vector| &**vector).collect();
    let measured = |queries: &[&[f32]], items: &[&[f32]]| Figures::of(&ranks(queries, items));
    Retrieval {
        pool: pictures.len(),
        text_to_image: measured(&captions, &pictures),
        image_to_text: measured(&pictures, &captions),
        baselines: Baselines {
            random: Expected::by_chance(pictures.len()),
            shuffled_pictures: Shuffled {
                text_to_image: measured(&captions, &shuffled),
                image_to_text: measured(&shuffled, &captions),
            },
        },
    }
}

/// The place of each query's own item, from 1: those with a higher score come before it, and half
/// of those with an equal one.
fn ranks(queries: &[&[f32]], items: &[&[f32]]) -> Vec<f64> {
    let place = |(own, query): (usize, &&[f32])| {
        let scores: Vec<f32> = items.iter().map(|item| dot(query, item)).collect();
        rank(&scores, own)
    };
    queries.par_iter().enumerate().map(place).collect()
}

/// The place of the item `own` by the scores of all.
pub(super) fn rank(scores: &[f32], own: usize) -> f64 {
    let others = scores.iter().enumerate().filter(|(item, _)| *item != own);
    let before = others.map(|(_, score)| match score.partial_cmp(&scores[own]) {
        Some(Ordering::Less) => 0.0,
        Some(Ordering::Equal) => 0.5,
        // What is no number is no reason to come first.
        Some(Ordering::Greater) | None => 1.0,
    });
    1.0 + before.sum::<f64>()
}

impl Figures {
    /// The figures of ranks from 1.
    pub(super) fn of(ranks: &[f64]) -> Self {
        Self {
            r1: recall(ranks, 1),
            r5: recall(ranks, 5),
            r10: recall(ranks, TEN),
            median_rank: median(ranks),
            mrr: mean(ranks.iter().map(|rank| 1.0 / rank)),
            ci95: interval(ranks),
        }
    }
}

impl Expected {
    /// Each order of the pool is as likely as any other.
    pub(super) fn by_chance(pool: usize) -> Self {
        let recall = |cut: usize| cut.min(pool) as f64 / pool.max(1) as f64;
        Self {
            r1: recall(1),
            r5: recall(5),
            r10: recall(TEN),
            median_rank: (pool as f64 + 1.0) / 2.0,
            mrr: mean((0..pool).map(|above| 1.0 / (above as f64 + 1.0))),
        }
    }
}

fn recall(ranks: &[f64], cut: usize) -> f64 {
    mean(ranks.iter().map(|rank| f64::from(*rank <= cut as f64)))
}

fn median(ranks: &[f64]) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// The quantile of sorted values, between neighbours in proportion, as numpy has it.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let below = place.floor();
    let at = |index: usize| sorted.get(index).or(sorted.last()).copied();
    let (low, high) = (at(below as usize), at(below as usize + 1));
    let (low, high) = (low.unwrap_or_default(), high.unwrap_or_default());
    low + (high - low) * (place - below)
}

/// The percentile bootstrap of R@10 (Efron, 1979): the queries are drawn again with replacement.
fn interval(ranks: &[f64]) -> [f64; 2] {
    let hits: Vec<bool> = ranks.iter().map(|rank| *rank <= TEN as f64).collect();
    if hits.is_empty() {
        return [0.0, 0.0];
    }
    let mut random = Random::new(BOOTSTRAP_SEED);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..hits.len()).filter(|_| hits[random.below(hits.len())]);
            drawn.count() as f64 / hits.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    [quantile(&means, 0.025), quantile(&means, 0.975)]
}
