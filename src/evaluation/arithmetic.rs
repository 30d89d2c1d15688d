//! Queries with something added and subtracted: how many of the first pictures show what was added,
//! beside other ways to ask for the same. Only pictures' vectors are compared, since the captions of
//! labelled sets are made from the labels.

use rayon::prelude::*;
use serde::Serialize;

use super::error::EvaluationError;
use super::pairs::Pairs;
use super::prompts::{in_words, of_set, templates};
use super::random::Random;
use super::retrieval::quantile;
use super::{dot, mean};

/// The first ranks that are looked at.
const CUT: usize = 5;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 1_000;
/// Seed of the bootstrap.
const SEED: u64 = 0;
/// Weights of what is added that a sweep tries.
const ADDED: [f32; 8] = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5];
/// Weights of what is subtracted that a sweep tries.
const SUBTRACTED: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The weights of the deployed MIRAGE.
const UNIT: WeightPair = WeightPair {
    add: 1.0,
    subtract: 1.0,
};
/// What a picture of a set is called without its class, by the first letters of the set's name.
const PLAIN: &[(&str, &str)] = &[
    ("mednist", "A radiological picture"),
    ("ham10000", "Dermoscopy of a skin lesion"),
    ("bonefracture", "Limb x-ray"),
    ("lc25000", "Histology of the lung"),
    ("gastrovision", "Endoscopy"),
    ("busi", "Breast ultrasound"),
];
/// The same for any other set.
const GENERAL: &str = "A medical picture";

/// A query, what is added and what is subtracted, with the labels that both stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The query in words.
    pub query: String,
    /// What is added, in words.
    pub add: String,
    /// What is subtracted, in words.
    pub subtract: String,
    /// The label that the first pictures should have.
    pub wanted: String,
}

impl Task {
    /// The texts to embed: query, addition, subtraction, and all three in one text.
    pub fn texts(&self) -> [String; 4] {
        let whole = format!(
            "{}, {}, not {}",
            self.query.trim_end_matches('.'),
            self.add,
            self.subtract
        );
        [
            self.query.clone(),
            self.add.clone(),
            self.subtract.clone(),
            whole,
        ]
    }
}

/// The tasks of a labelled set: for each two of its labels, one that begins with what all pictures
/// of the set are called, and one that begins with what is to be subtracted.
///
/// # Errors
/// [`EvaluationError::Lacking`] if no row has a label, [`EvaluationError::OneClass`] if all have
/// the same one.
pub fn arithmetic_tasks(pairs: &Pairs) -> Result<Vec<Task>, EvaluationError> {
    let labels = pairs.rows().iter().filter_map(|row| row.labels.first());
    let mut labels: Vec<&String> = labels.collect();
    labels.sort_unstable();
    labels.dedup();
    let path = || pairs.path().to_owned();
    match labels.as_slice() {
        [] => {
            return Err(EvaluationError::Lacking {
                path: path(),
                what: "label",
            });
        }
        [class] => {
            return Err(EvaluationError::OneClass {
                path: path(),
                class: (*class).clone(),
            });
        }
        _ => {}
    }
    let plain = of_set(pairs, PLAIN).unwrap_or(GENERAL);
    let template = templates(pairs).first().copied().unwrap_or("{}");
    let mut tasks = Vec::new();
    for wanted in &labels {
        for other in labels.iter().filter(|other| *other != wanted) {
            let (add, subtract) = (in_words(wanted), in_words(other));
            let named = template.replace("{}", subtract);
            for query in [plain.to_owned(), named] {
                tasks.push(Task {
                    query,
                    add: add.to_owned(),
                    subtract: subtract.to_owned(),
                    wanted: (*wanted).clone(),
                });
            }
        }
    }
    Ok(tasks)
}

/// A set with the vectors of its pictures and of its tasks' texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// The label of each picture.
    pub labels: Vec<String>,
    /// A unit vector of each picture.
    pub pictures: Vec<Vec<f32>>,
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Unit vectors of each task's texts, in the order of [`Task::texts`].
    pub texts: Vec<[Vec<f32>; 4]>,
}

/// A weight for each part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WeightPair {
    /// Of what is added.
    pub add: f32,
    /// Of what is subtracted.
    pub subtract: f32,
}

/// What one pair of weights reaches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Swept {
    /// The weights.
    #[serde(flatten)]
    pub weights: WeightPair,
    /// Hit rate over the first five.
    pub hit5: f64,
}

/// Bootstrap 95 % intervals of the figures of the same names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intervals {
    /// Of the arithmetic.
    pub arithmetic: [f64; 2],
    /// Of two queries.
    pub two_queries: [f64; 2],
    /// Of one text.
    pub concat: [f64; 2],
    /// Of unit weights.
    pub mirage: [f64; 2],
    /// Of the addition by itself.
    pub add_alone: [f64; 2],
}

/// Share of the first five pictures that show what was added, in the mean over the tasks, for each
/// way to ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arithmetic {
    /// `query + add * weight - subtract * weight`.
    pub hit5_arithmetic: f64,
    /// The query and the addition as two queries, whose pictures are taken in turn.
    pub hit5_two_queries: f64,
    /// One text: "query, add, not subtract".
    pub hit5_concat: f64,
    /// The arithmetic with both weights one, as in the deployed MIRAGE.
    pub hit5_mirage: f64,
    /// The addition as a query of its own.
    pub hit5_add_alone: f64,
    /// Number of tasks.
    pub n: usize,
    /// Number of pictures.
    pub pool: usize,
    /// The weights of `hit5_arithmetic`.
    pub weights: WeightPair,
    /// Intervals of the figures.
    pub ci95: Intervals,
    /// All weights that were tried, the best first; of equal ones the smaller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sweep: Vec<Swept>,
}

/// The pictures of all sets, which all tasks are asked of.
#[derive(Debug, Clone, Copy)]
pub struct Pool<'a>(&'a [Labelled]);

impl<'a> Pool<'a> {
    /// Takes the sets. Labels of two sets differ, whatever they are called.
    pub fn new(sets: &'a [Labelled]) -> Self {
        Self(sets)
    }

    fn len(self) -> usize {
        self.0.iter().map(|set| set.pictures.len()).sum()
    }

    /// The product of a vector with each picture.
    fn scores(self, vector: &[f32]) -> Vec<f32> {
        let pictures = self.0.iter().flat_map(|set| &set.pictures);
        pictures.map(|picture| dot(vector, picture)).collect()
    }

    /// Whether each picture shows what a task of a set wants.
    fn wanted(self, set: usize, task: &Task) -> Vec<bool> {
        let sets = self.0.iter().enumerate();
        sets.flat_map(|(number, one)| {
            let is_wanted = move |label: &String| number == set && *label == task.wanted;
            one.labels.iter().map(is_wanted)
        })
        .collect()
    }
}

/// The scores of a task's texts, and which pictures it wants.
struct Scored {
    query: Vec<f32>,
    add: Vec<f32>,
    subtract: Vec<f32>,
    whole: Vec<f32>,
    wanted: Vec<bool>,
}

impl Scored {
    /// The sum's product is the sum of the products; its length changes no order.
    fn sum(&self, weights: WeightPair) -> f64 {
        let parts = self.query.iter().zip(&self.add).zip(&self.subtract);
        let sums: Vec<f32> = parts
            .map(|((query, add), subtract)| query + weights.add * add - weights.subtract * subtract)
            .collect();
        self.hits(&first(&sums))
    }

    /// Both queries' pictures in turn, each once.
    fn in_turn(&self) -> f64 {
        let mut found = Vec::new();
        for (one, other) in first(&self.query).into_iter().zip(first(&self.add)) {
            for row in [one, other] {
                if !found.contains(&row) && found.len() < CUT {
                    found.push(row);
                }
            }
        }
        self.hits(&found)
    }

    /// Share of the first that are wanted. Missing ones count as wrong.
    fn hits(&self, found: &[usize]) -> f64 {
        let right = found.iter().filter(|row| self.wanted[**row]).count();
        right as f64 / CUT as f64
    }
}

/// The first rows by their scores, best first. Equal ones keep the order of the pool.
fn first(scores: &[f32]) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(CUT + 1);
    for (row, score) in scores.iter().enumerate() {
        let place = best.iter().position(|other| *score > scores[*other]);
        match place {
            Some(place) => best.insert(place, row),
            None if best.len() < CUT => best.push(row),
            None => continue,
        }
        best.truncate(CUT);
    }
    best
}

/// Measures the tasks of all sets over the pictures of all sets.
pub fn arithmetic(pool: Pool<'_>, weights: WeightPair, is_swept: bool) -> Arithmetic {
    let tasks: Vec<(usize, &Task, &[Vec<f32>; 4])> = pool
        .0
        .iter()
        .enumerate()
        .flat_map(|(number, set)| {
            let texts = set.tasks.iter().zip(&set.texts);
            texts.map(move |(task, texts)| (number, task, texts))
        })
        .collect();
    let scored: Vec<Scored> = tasks
        .par_iter()
        .map(|(set, task, [query, add, subtract, whole])| Scored {
            query: pool.scores(query),
            add: pool.scores(add),
            subtract: pool.scores(subtract),
            whole: pool.scores(whole),
            wanted: pool.wanted(*set, task),
        })
        .collect();
    let of_each = |measure: &(dyn Fn(&Scored) -> f64 + Sync)| -> Vec<f64> {
        scored.par_iter().map(measure).collect()
    };
    let sums = of_each(&|task| task.sum(weights));
    let two = of_each(&Scored::in_turn);
    let concat = of_each(&|task| task.hits(&first(&task.whole)));
    let unit = of_each(&|task| task.sum(UNIT));
    let alone = of_each(&|task| task.hits(&first(&task.add)));
    Arithmetic {
        hit5_arithmetic: average(&sums),
        hit5_two_queries: average(&two),
        hit5_concat: average(&concat),
        hit5_mirage: average(&unit),
        hit5_add_alone: average(&alone),
        n: scored.len(),
        pool: pool.len(),
        weights,
        ci95: Intervals {
            arithmetic: interval(&sums),
            two_queries: interval(&two),
            concat: interval(&concat),
            mirage: interval(&unit),
            add_alone: interval(&alone),
        },
        sweep: if is_swept { sweep(&scored) } else { Vec::new() },
    }
}

fn sweep(scored: &[Scored]) -> Vec<Swept> {
    let pairs = ADDED
        .into_iter()
        .flat_map(|add| SUBTRACTED.map(|subtract| WeightPair { add, subtract }));
    let mut swept: Vec<Swept> = pairs
        .map(|weights| {
            let hits: Vec<f64> = scored.par_iter().map(|task| task.sum(weights)).collect();
            Swept {
                weights,
                hit5: average(&hits),
            }
        })
        .collect();
    // The sort is stable, and the smaller weights come first.
    swept.sort_by(|one, other| other.hit5.total_cmp(&one.hit5));
    swept
}

fn average(values: &[f64]) -> f64 {
    mean(values.iter().copied())
}

/// The percentile bootstrap of the mean (Efron, 1979): the tasks are drawn again with replacement.
/// Tasks of one set share labels, so that the truth may be wider.
fn interval(values: &[f64]) -> [f64; 2] {
    if values.is_empty() {
        return [0.0, 0.0];
    }
    let mut random = Random::new(SEED);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| mean((0..values.len()).map(|_| values[random.below(values.len())])))
        .collect();
    means.sort_by(f64::total_cmp);
    [quantile(&means, 0.025), quantile(&means, 0.975)]
}

#[cfg(test)]
mod tests;
