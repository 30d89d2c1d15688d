//! A query with something added or subtracted: the sum of vectors, and what it finds. It is always
//! that vector that is searched for; words alone would lose the sum.

use super::Comparison;
use super::error::CompareError;
use super::sides::{Found, Idea, MOST, Side, Subject, joined, same_words};
use crate::atlas::{Atlas, Filter, Space};

/// The largest weight that is taken.
pub const HEAVIEST: f32 = 4.0;
/// Shorter sums have no direction of their own: what is left of them is chance.
const SHORTEST: f32 = 0.1;
/// From this cosine on, what is subtracted says what the query says.
const THE_SAME: f32 = 0.98;
/// From this cosine on, the sum is the query again: what is left is rounding.
const UNCHANGED: f32 = 0.999_99;

/// How much is added and subtracted, in lengths of the query's vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    add: f32,
    subtract: f32,
}

impl Weights {
    /// The best of those that `mirage eval arithmetic --sweep` tries on the rows that training kept
    /// aside (docs/compare.md has the figures).
    pub const BEST: Self = Self {
        add: 2.0,
        subtract: 0.25,
    };

    /// Those given, and of those that aren't the best.
    ///
    /// # Errors
    /// [`CompareError::Weight`] for anything but 0 to [`HEAVIEST`].
    pub fn new(add: Option<f32>, subtract: Option<f32>) -> Result<Self, CompareError> {
        let fits = |weight: &f32| (0.0..=HEAVIEST).contains(weight);
        if [add, subtract].iter().flatten().all(fits) {
            Ok(Self {
                add: add.unwrap_or(Self::BEST.add),
                subtract: subtract.unwrap_or(Self::BEST.subtract),
            })
        } else {
            Err(CompareError::Weight)
        }
    }

    /// The weight of what is added.
    pub fn add(self) -> f32 {
        self.add
    }

    /// The weight of what is subtracted.
    pub fn subtract(self) -> f32 {
        self.subtract
    }
}

/// What is calculated.
#[derive(Debug, Clone, PartialEq)]
pub struct Arithmetic {
    /// What it begins with: words, a picture or an entry.
    pub query: Idea,
    /// Words to add.
    pub add: Option<String>,
    /// Words to subtract.
    pub subtract: Option<String>,
    /// How much of each.
    pub weights: Weights,
}

/// The plain query beside the sum, both searched by vector over words and pictures.
pub(super) async fn compare(atlas: &Atlas, asked: Arithmetic) -> Result<Comparison, CompareError> {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (add, subtract) = (given(asked.add), given(asked.subtract));
    check(&asked.query, add.as_deref(), subtract.as_deref())?;
    let subject = asked.query.subject();
    let (query, of) = vector(atlas, asked.query).await?;
    let added = embedded(atlas, add.as_deref()).await?;
    let subtracted = embedded(atlas, subtract.as_deref()).await?;
    let sum = sum(
        &query,
        added.as_deref(),
        subtracted.as_deref(),
        asked.weights,
    )?;
    let changed = Subject::Arithmetic {
        query: Box::new(subject.clone()),
        add,
        subtract,
    };
    let (plain, changed) = tokio::try_join!(
        found(atlas, (&query, of), subject),
        found(atlas, (&sum, of), changed)
    )?;
    joined(plain, changed)
}

/// What the words alone tell, before anything is embedded.
fn check(query: &Idea, add: Option<&str>, subtract: Option<&str>) -> Result<(), CompareError> {
    let is_query = |text: &str| matches!(query, Idea::Words(words) if same_words(words, text));
    match (add, subtract) {
        (None, None) => Err(CompareError::NoChange),
        (Some(add), Some(subtract)) if same_words(add, subtract) => Err(CompareError::SameChange),
        (_, Some(subtract)) if is_query(subtract) => Err(CompareError::Cancelled),
        (Some(add), None) if is_query(add) => Err(CompareError::Unchanged),
        _ => Ok(()),
    }
}

async fn found(
    atlas: &Atlas,
    (vector, of): (&[f32], Space),
    subject: Subject,
) -> Result<Found, CompareError> {
    let everything = Filter::default();
    let mut results = atlas.near(vector, of, &everything, MOST).await?;
    results.truncate(MOST);
    Ok(Found {
        side: Side { subject, results },
        far: false,
    })
}

async fn embedded(atlas: &Atlas, text: Option<&str>) -> Result<Option<Vec<f32>>, CompareError> {
    match text {
        Some(text) => Ok(Some(atlas.embed_words(text).await?)),
        None => Ok(None),
    }
}

/// The unit vector of an idea, and what it was made of. An entry's is the one that it was stored
/// with.
pub(super) async fn vector(atlas: &Atlas, idea: Idea) -> Result<(Vec<f32>, Space), CompareError> {
    match idea {
        Idea::Words(words) => Ok((atlas.embed_words(&words).await?, Space::Words)),
        Idea::Picture(picture) => Ok((atlas.embed_picture(picture).await?, Space::Pictures)),
        Idea::Entry(id) => Ok(atlas.vector_of(&id).await?),
    }
}

/// `query + add * weight - subtract * weight` as a unit vector.
///
/// # Errors
/// [`CompareError::Cancelled`] if nothing with a direction is left, [`CompareError::Unchanged`] if
/// the query's own is, [`CompareError::OtherSpace`] for vectors of different lengths.
fn sum(
    query: &[f32],
    add: Option<&[f32]>,
    subtract: Option<&[f32]>,
    weights: Weights,
) -> Result<Vec<f32>, CompareError> {
    let parts = [(add, weights.add), (subtract, -weights.subtract)];
    if parts
        .iter()
        .any(|(part, _)| part.is_some_and(|part| part.len() != query.len()))
    {
        return Err(CompareError::OtherSpace);
    }
    // A part of the query that is the whole of it would leave what was asked for, only shorter.
    if subtract.is_some_and(|subtract| dot(query, subtract) >= THE_SAME) {
        return Err(CompareError::Cancelled);
    }
    let mut sum = query.to_vec();
    for (part, weight) in parts {
        for (sum, value) in sum.iter_mut().zip(part.unwrap_or_default()) {
            *sum += weight * value;
        }
    }
    let length = dot(&sum, &sum).sqrt();
    if length < SHORTEST || !length.is_finite() {
        return Err(CompareError::Cancelled);
    }
    if dot(&sum, query) / length >= UNCHANGED {
        return Err(CompareError::Unchanged);
    }
    Ok(sum.into_iter().map(|value| value / length).collect())
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(add: f32, subtract: f32) -> Weights {
        Weights::new(Some(add), Some(subtract)).expect("in range")
    }

    #[test]
    fn a_sum_is_weighted_and_of_unit_length() {
        let (x, y) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let z = [0.0, 0.0, 1.0];
        let sum = sum(&x, Some(&y), Some(&z), weights(2.0, 2.0)).expect("a direction");
        for (value, expected) in sum.iter().zip([1.0_f32 / 3.0, 2.0 / 3.0, -2.0 / 3.0]) {
            assert!((value - expected).abs() < 1e-6, "{sum:?}");
        }
    }

    #[test]
    fn either_part_may_be_missing() {
        let (x, y) = ([1.0, 0.0], [0.0, 1.0]);
        let added = sum(&x, Some(&y), None, weights(1.0, 1.0)).expect("a direction");
        let subtracted = sum(&x, None, Some(&y), weights(1.0, 1.0)).expect("a direction");
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert!((added[1] - half).abs() < 1e-6 && (subtracted[1] + half).abs() < 1e-6);
    }

    #[test]
    fn what_cancels_the_query_is_refused_whatever_the_weights() {
        let x = [1.0, 0.0];
        for weight in [0.25, 1.0, 4.0] {
            let cancelled = sum(&x, None, Some(&x), weights(1.0, weight));
            assert!(matches!(cancelled, Err(CompareError::Cancelled)));
        }
        // Opposite to what is added, so that the sum is nothing.
        let opposite = [-1.0, 0.0];
        let cancelled = sum(&x, Some(&opposite), None, weights(1.0, 1.0));
        assert!(matches!(cancelled, Err(CompareError::Cancelled)));
    }

    #[test]
    fn what_changes_nothing_is_refused() {
        let (x, y) = ([1.0, 0.0], [0.0, 1.0]);
        let same = sum(&x, Some(&x), None, weights(1.0, 1.0));
        assert!(matches!(same, Err(CompareError::Unchanged)));
        let weightless = sum(&x, Some(&y), Some(&y), weights(0.0, 0.0));
        assert!(matches!(weightless, Err(CompareError::Unchanged)));
        assert!(
            sum(&x, Some(&y), None, weights(0.05, 0.0)).is_ok(),
            "a little"
        );
    }

    #[test]
    fn vectors_of_two_spaces_are_not_added() {
        let added = sum(&[1.0, 0.0], Some(&[1.0, 0.0, 0.0]), None, Weights::BEST);
        assert!(matches!(added, Err(CompareError::OtherSpace)));
    }

    #[test]
    fn weights_are_bounded_numbers() {
        for weight in [-0.1, 4.1, f32::NAN, f32::INFINITY] {
            assert!(Weights::new(Some(weight), None).is_err(), "{weight}");
            assert!(Weights::new(None, Some(weight)).is_err(), "{weight}");
        }
        assert_eq!(Weights::new(None, None).expect("the best"), Weights::BEST);
        assert!((Weights::new(Some(1.0), None).expect("in range").add() - 1.0).abs() < 1e-6);
    }
}
