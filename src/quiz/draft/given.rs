//! A question of pictures that somebody chose, such as the sides of a comparison. What may be asked
//! of them is told by the same rules as for any draft; who chose them is not known here.

use std::collections::HashSet;

use super::Wanted;
use super::knowledge::Knowledge;
use super::near::Near;
use super::select::select;
use super::topic::Topic;
use super::workshop::Workshop;
use crate::atlas::EntryId;
use crate::quiz::error::QuizError;
use crate::quiz::item::{Item, Kind};

/// Pictures of a side that are tried.
const TRIED: usize = 3;

/// A pair of one picture of each side, of those first that stand first.
///
/// # Errors
/// [`QuizError::NotAskable`], [`QuizError::NoPair`] or [`QuizError::PairKnown`].
pub(super) fn pair(
    knowledge: &Knowledge,
    sides: &[Vec<EntryId>; 2],
    known: &HashSet<String>,
    seed: u64,
) -> Result<Item, QuizError> {
    let [firsts, seconds] = [&sides[0], &sides[1]].map(|side| places(knowledge, side));
    if firsts.is_empty() || seconds.is_empty() {
        return Err(QuizError::NotAskable);
    }
    // Nothing names a term here, and nothing is near: what is asked follows from the labels.
    let topic = Topic::of("", knowledge);
    let mut workshop = Workshop::new(knowledge, Near::default(), &topic, seed);
    let mut candidates = Vec::new();
    for (rank, first) in &firsts {
        for (other_rank, second) in seconds.iter().filter(|(_, second)| second != first) {
            candidates.extend(workshop.pairs_of(*first, *second, rank + other_rank));
        }
    }
    let wanted = Wanted {
        topic: String::new(),
        count: 1,
        kinds: vec![Kind::ConfusablePair],
        difficulty: None,
        seed,
    };
    let chosen = select(candidates, &wanted, known).map_err(|error| match error {
        QuizError::AllKnown(_) => QuizError::PairKnown,
        _ => QuizError::NoPair,
    });
    chosen?.into_iter().next().ok_or(QuizError::NoPair)
}

/// The first pictures of a side that may be asked about, with their ranks.
fn places(knowledge: &Knowledge, side: &[EntryId]) -> Vec<(u8, usize)> {
    let ranked = (0..).zip(side.iter().take(TRIED));
    ranked
        .filter_map(|(rank, id)| {
            let mut entries = knowledge.entries.iter();
            Some((rank, entries.position(|entry| entry.id == *id)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{boxed, entry};
    use super::*;
    use crate::quiz::item::Task;
    use crate::quiz::leaks::leaks;

    fn knowledge() -> Knowledge {
        let mut synthetic = entry("s", "MRI", "knee", "A knee.", &[]);
        synthetic.description.labels.push("synthetic".to_owned());
        Knowledge::of(vec![
            boxed("a", &["pons", "cerebellum"]),
            boxed("b", &["thalamus", "putamen"]),
            boxed("c", &["pons", "amygdala"]),
            boxed("d", &["thalamus", "insula"]),
            entry("x", "X-ray", "chest", "A chest.", &[]),
            entry("y", "X-ray", "chest", "Another chest.", &[]),
            synthetic,
        ])
    }

    fn ids(names: &[&str]) -> Vec<EntryId> {
        names.iter().map(|name| EntryId::new("t", name)).collect()
    }

    fn drafted(one: &[&str], other: &[&str], known: &[Item]) -> Result<Item, QuizError> {
        let known = known.iter().map(Item::fingerprint).collect();
        pair(&knowledge(), &[ids(one), ids(other)], &known, 7)
    }

    #[test]
    fn two_pictures_whose_labels_differ_make_a_pair() {
        let item = drafted(&["a"], &["b"], &[]).expect("they differ");
        assert_eq!(item.check(), Ok(()));
        assert!(leaks(&item, &[]).is_empty(), "{item:?}");
        let Task::ConfusablePair { options, keys } = &item.task else {
            panic!("{item:?}");
        };
        // The structures of two cuts of one volume, and nothing that both have.
        for (picture, own) in item.pictures.iter().zip(keys) {
            let shown: &[&str] = match picture.as_str() {
                "t/a" => &["pons", "cerebellum"],
                _ => &["thalamus", "putamen"],
            };
            assert!(shown.contains(&options[*own].as_str()), "{item:?}");
        }
        assert_eq!(item.topic, options.join(" "));
        assert_eq!(item.sources.len(), 2);
        assert!(item.rationale.contains("[1]") && item.rationale.contains("[2]"));
    }

    #[test]
    fn pictures_without_structures_are_told_apart_by_how_they_were_made() {
        let item = drafted(&["x"], &["a"], &[]).expect("they differ");
        let Task::ConfusablePair { options, .. } = &item.task else {
            panic!("{item:?}");
        };
        assert_eq!(options, &["MRI".to_owned(), "X-ray".to_owned()]);
    }

    #[test]
    fn the_first_pictures_are_asked_about_first() {
        let item = drafted(&["x", "a"], &["y", "b"], &[]).expect("some differ");
        let mut pictures: Vec<&str> = item.pictures.iter().map(EntryId::as_str).collect();
        pictures.sort_unstable();
        // The first of both sides show the same, so the first of one stands beside the second of
        // the other.
        assert!(
            [["t/b", "t/x"], ["t/a", "t/y"]].contains(&[pictures[0], pictures[1]]),
            "{pictures:?}"
        );
    }

    #[test]
    fn what_makes_no_pair_is_told_in_a_sentence() {
        let same = drafted(&["x"], &["y"], &[]).expect_err("both are the same");
        assert!(matches!(same, QuizError::NoPair), "{same}");
        let one = drafted(&["x"], &["x"], &[]).expect_err("it is one picture");
        assert!(matches!(one, QuizError::NoPair), "{one}");
        for other in ["s", "gone"] {
            let none = drafted(&["a"], &[other], &[]).expect_err("it is not asked about");
            assert!(matches!(none, QuizError::NotAskable), "{none}");
        }
        let mut known: Vec<Item> = Vec::new();
        let refused = loop {
            match drafted(&["a"], &["x"], &known) {
                Ok(item) => known.push(item),
                Err(error) => break error,
            }
            assert!(known.len() < 20, "each is drafted once");
        };
        assert!(matches!(refused, QuizError::PairKnown), "{refused}");
        assert!(!known.is_empty());
    }
}
