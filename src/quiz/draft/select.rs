//! Which candidates are drafted: sound ones that are new, of each wanted kind in turn, those first
//! whose picture has most of the topic and that ask for what it names, and as little as can be of
//! what was asked already.

use std::collections::{HashMap, HashSet};

use super::Wanted;
use super::workshop::Candidate;
use crate::atlas::EntryId;
use crate::quiz::error::QuizError;
use crate::quiz::item::{Item, Kind};
use crate::quiz::leaks::leaks;

/// How often something was asked already.
#[derive(Default)]
struct Asked {
    themes: HashMap<String, usize>,
    pictures: HashMap<EntryId, usize>,
}

/// Chooses as many as are wanted, if there are so many.
///
/// # Errors
/// [`QuizError::NoQuestions`] or [`QuizError::AllKnown`].
pub(super) fn select(
    candidates: Vec<Candidate>,
    wanted: &Wanted,
    known: &HashSet<String>,
) -> Result<Vec<Item>, QuizError> {
    let sound: Vec<Candidate> = candidates
        .into_iter()
        .filter(|candidate| is_sound(&candidate.item, wanted))
        .collect();
    let topic = || wanted.topic.trim().to_owned();
    if sound.is_empty() {
        return Err(QuizError::NoQuestions(topic()));
    }
    let mut seen = known.clone();
    let new = sound
        .into_iter()
        .filter(|candidate| seen.insert(candidate.item.fingerprint()));
    let mut by_kind: Vec<(Kind, Vec<Candidate>)> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, Vec::new()))
        .collect();
    for candidate in new {
        let kind = candidate.item.kind();
        if let Some((_, list)) = by_kind.iter_mut().find(|(of, _)| *of == kind) {
            list.push(candidate);
        }
    }
    let items = in_turn(by_kind, wanted.count);
    if items.is_empty() {
        return Err(QuizError::AllKnown(topic()));
    }
    Ok(items)
}

fn is_sound(item: &Item, wanted: &Wanted) -> bool {
    let is_as_difficult = wanted
        .difficulty
        .is_none_or(|difficulty| item.difficulty() == difficulty);
    // Pictures with letters on them were left out before.
    is_as_difficult && item.check().is_ok() && leaks(item, &[]).is_empty()
}

/// One of each kind in turn.
fn in_turn(mut by_kind: Vec<(Kind, Vec<Candidate>)>, count: usize) -> Vec<Item> {
    let mut asked = Asked::default();
    let mut items = Vec::new();
    loop {
        let before = items.len();
        for (_, list) in &mut by_kind {
            if items.len() == count {
                return items;
            }
            items.extend(asked.next(list));
        }
        if items.len() == before {
            return items;
        }
    }
}

impl Asked {
    /// Takes the best of a list that is not asked too often.
    fn next(&mut self, list: &mut Vec<Candidate>) -> Option<Item> {
        list.retain(|candidate| self.of_theme(candidate) < candidate.quota);
        let best = list.iter().enumerate().min_by_key(|(place, candidate)| {
            (
                candidate.tier,
                !candidate.is_topical,
                self.of_theme(candidate),
                self.of_pictures(&candidate.item),
                *place,
            )
        });
        let place = best.map(|(place, _)| place)?;
        let Candidate { item, theme, .. } = list.remove(place);
        *self.themes.entry(theme).or_default() += 1;
        for picture in &item.pictures {
            *self.pictures.entry(picture.clone()).or_default() += 1;
        }
        Some(item)
    }

    fn of_theme(&self, candidate: &Candidate) -> usize {
        self.themes
            .get(&candidate.theme)
            .copied()
            .unwrap_or_default()
    }

    /// How often the picture was shown that was shown most.
    fn of_pictures(&self, item: &Item) -> usize {
        let counts = item
            .pictures
            .iter()
            .map(|picture| self.pictures.get(picture));
        counts.flatten().copied().max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::item::{Difficulty, Task};
    use crate::quiz::testing::{single, text_item};

    fn wanted(count: usize) -> Wanted {
        Wanted {
            topic: "planes".to_owned(),
            count,
            kinds: Vec::new(),
            difficulty: None,
            seed: 1,
        }
    }

    fn candidate(item: Item, theme: &str) -> Candidate {
        Candidate {
            item,
            theme: theme.to_owned(),
            quota: 1,
            tier: 0,
            is_topical: false,
        }
    }

    fn choice(stem: &str) -> Item {
        single(stem, &["axial", "coronal", "sagittal"], 0)
    }

    fn statement(stem: &str) -> Item {
        text_item(stem, Task::TrueFalse { key: true })
    }

    fn stems(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.stem.as_str()).collect()
    }

    #[test]
    fn kinds_take_turns_and_a_theme_is_asked_once() {
        let candidates = vec![
            candidate(choice("one"), "a"),
            candidate(choice("one again"), "a"),
            candidate(choice("two"), "b"),
            candidate(statement("three"), "c"),
        ];
        let items = select(candidates, &wanted(10), &HashSet::new()).expect("some");
        assert_eq!(stems(&items), ["one", "three", "two"]);
    }

    #[test]
    fn what_the_topic_names_comes_first() {
        let mut far = candidate(choice("far"), "a");
        far.tier = 3;
        let mut named = candidate(choice("named"), "b");
        named.is_topical = true;
        let candidates = vec![far, candidate(choice("plain"), "c"), named];
        let items = select(candidates, &wanted(3), &HashSet::new()).expect("some");
        assert_eq!(stems(&items), ["named", "plain", "far"]);
    }

    #[test]
    fn what_is_known_unsound_or_leaking_is_not_drafted() {
        let all = || {
            vec![
                candidate(choice("one"), "a"),
                candidate(choice("one"), "b"),
                candidate(choice("An axial one"), "c"),
                candidate(single("two", &["a"], 0), "d"),
            ]
        };
        let none = HashSet::new();
        let items = select(all(), &wanted(9), &none).expect("some");
        assert_eq!(stems(&items), ["one"]);
        let known = HashSet::from([choice("one").fingerprint()]);
        let error = select(all(), &wanted(9), &known).expect_err("all is known");
        assert!(matches!(error, QuizError::AllKnown(_)), "{error}");
        let hard = Wanted {
            difficulty: Some(Difficulty::Easy),
            ..wanted(9)
        };
        let error = select(all(), &hard, &none).expect_err("none is easy");
        assert!(matches!(error, QuizError::NoQuestions(_)), "{error}");
    }
}
