//! Real pictures in the proportions in which kinds of pictures are asked for. Without that a distance
//! would tell how many chest x-rays are on each side, and not what they look like.

use std::collections::BTreeMap;

use super::prompts::Prompt;

/// Real pictures that a kind needs to stand for itself; otherwise all others of its modality do.
const LEAST: usize = 10;

/// What is known of a real picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// `None` where the labels don't say.
    pub(super) modality: Option<String>,
    /// As `modality`.
    pub(super) region: Option<String>,
}

/// A modality, and the region if it stands for itself.
type Key = (String, Option<String>);

/// The kind that each real picture stands for, and how much it counts.
pub(super) struct Strata {
    kinds: Vec<Option<Key>>,
    weights: Vec<f64>,
}

impl Strata {
    /// A picture counts for the share of the prompts that ask for its kind, divided among the
    /// pictures of that kind: nothing if nobody asks for it, or if its modality isn't known.
    pub(super) fn new(kinds: &[Kind], prompts: &[Prompt]) -> Self {
        let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for kind in kinds {
            if let (Some(modality), Some(region)) = (&kind.modality, &kind.region) {
                *known.entry((modality, region)).or_default() += 1;
            }
        }
        let stands = |prompt: &Prompt| {
            let count = known.get(&(prompt.modality.as_str(), prompt.region.as_str()));
            count.is_some_and(|count| *count >= LEAST)
        };
        let mut asked: BTreeMap<Key, f64> = BTreeMap::new();
        for prompt in prompts {
            let region = stands(prompt).then(|| prompt.region.clone());
            let key = (prompt.modality.clone(), region);
            *asked.entry(key).or_default() += 1.0 / prompts.len() as f64;
        }
        let kinds: Vec<Option<Key>> = kinds.iter().map(|kind| key(kind, &asked)).collect();
        let mut counts: BTreeMap<&Key, f64> = BTreeMap::new();
        for key in kinds.iter().flatten() {
            *counts.entry(key).or_default() += 1.0;
        }
        let weight = |key: &Option<Key>| {
            let key = key.as_ref()?;
            Some(asked.get(key)? / counts.get(key)?)
        };
        let weights = kinds.iter().map(|key| weight(key).unwrap_or(0.0)).collect();
        Self { kinds, weights }
    }

    /// How much the picture at a place counts; the sum is 1 if there are pictures of each kind.
    pub(super) fn weight(&self, place: usize) -> f64 {
        self.weights[place]
    }

    /// Two halves of the pictures that count, alike in kinds: every other one of each.
    pub(super) fn halves(&self) -> [Vec<usize>; 2] {
        let mut turns: BTreeMap<&Key, usize> = BTreeMap::new();
        let mut halves = [Vec::new(), Vec::new()];
        for (place, key) in self.kinds.iter().enumerate() {
            if let Some(key) = key {
                let turn = turns.entry(key).or_default();
                halves[*turn % 2].push(place);
                *turn += 1;
            }
        }
        halves
    }
}

/// Which of the kinds that are asked for a picture stands for.
fn key(kind: &Kind, asked: &BTreeMap<Key, f64>) -> Option<Key> {
    let modality = kind.modality.clone()?;
    let own = (modality.clone(), kind.region.clone());
    let rest = (modality, None);
    [own, rest].into_iter().find(|key| asked.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(modality: &str, region: &str) -> Kind {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Kind {
            modality: said(modality),
            region: said(region),
        }
    }

    fn prompt(modality: &str, region: &str) -> Prompt {
        Prompt {
            modality: modality.to_owned(),
            region: region.to_owned(),
            text: String::new(),
        }
    }

    #[test]
    fn pictures_count_as_often_as_their_kind_is_asked_for() {
        let mut kinds = vec![kind("CT", "head"); 20];
        kinds.extend(vec![kind("CT", "spine"); 3]);
        kinds.push(kind("CT", ""));
        kinds.push(kind("", "head"));
        kinds.push(kind("MRI", "head"));
        let prompts = [
            prompt("CT", "head"),
            prompt("CT", "head"),
            prompt("CT", "head"),
            prompt("CT", "spine"),
        ];
        let strata = Strata::new(&kinds, &prompts);
        let of = |range: std::ops::Range<usize>| -> f64 { range.map(|at| strata.weight(at)).sum() };
        assert!((of(0..20) - 0.75).abs() < 1e-12);
        // Three of the spine are too few: with the one of which no region is known they stand for
        // what else is asked for of CT.
        assert!((of(20..24) - 0.25).abs() < 1e-12);
        assert!((strata.weight(20) - strata.weight(23)).abs() < 1e-12);
        assert_eq!(of(24..26), 0.0);
    }

    #[test]
    fn halves_are_alike_and_together_all_that_counts() {
        let mut kinds = vec![kind("CT", "head"); 12];
        kinds[2] = kind("", "");
        kinds.extend([kind("MRI", "head"), kind("MRI", "spine"), kind("MRI", "")]);
        let prompts = [prompt("CT", "head"), prompt("MRI", "breast")];
        let [one, other] = Strata::new(&kinds, &prompts).halves();
        assert_eq!(one, [0, 3, 5, 7, 9, 11, 12, 14]);
        assert_eq!(other, [1, 4, 6, 8, 10, 13]);
    }
}
