//! Wrong answers: terms and pictures that are surely wrong and likely to be taken for right. Terms
//! are likely that share words with the key (by the structure of the labels) or that near pictures
//! have; pictures are likely that the encoder finds close.

use std::collections::BTreeSet;

use super::facts::Field;
use super::kin::related;
use super::knowledge::{Knowledge, Term};
use super::near::Near;
use crate::evaluation::random::Random;

/// Terms of a field that are looked at; a large atlas has more than enough.
const LOOKED_AT: usize = 300;
/// Neighbours beyond this place count as far.
const FAR: usize = 40;
/// How much chance weighs beside likeness, so that not all questions have the same wrong answers.
const CHANCE: f32 = 0.2;

/// Terms of a field that are surely not right for a picture, in a random order.
pub(super) fn absent(
    knowledge: &Knowledge,
    field: Field,
    at: usize,
    random: &mut Random,
) -> Vec<Term> {
    let terms: Vec<&Term> = knowledge.terms(field).collect();
    let order = random.order(terms.len());
    order
        .into_iter()
        .take(LOOKED_AT)
        .map(|place| terms[place])
        .filter(|term| knowledge.is_absent(term, at))
        .cloned()
        .collect()
}

/// The likeliest of absent terms beside a key, no two of which are kin, at most so many.
pub(super) fn likeliest(
    knowledge: &Knowledge,
    near: &Near,
    (key, at): (&Term, usize),
    absent: &[Term],
    most: usize,
    random: &mut Random,
) -> Vec<Term> {
    let mut ranked: Vec<(f32, &Term)> = absent
        .iter()
        .map(|term| {
            let likeness = shared_words(&key.key, &term.key) + nearness(knowledge, near, at, term);
            let chance = random.below(1_000) as f32 / 1_000.0;
            (likeness + CHANCE * chance, term)
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut chosen: Vec<Term> = Vec::new();
    for (_, term) in ranked {
        if chosen.len() == most {
            break;
        }
        let is_kin = |other: &Term| related(term.field, &term.name, &other.name);
        if !is_kin(key) && !chosen.iter().any(is_kin) {
            chosen.push(term.clone());
        }
    }
    chosen
}

/// Share of words that two keys have in common, 0 to 1.
fn shared_words(one: &str, other: &str) -> f32 {
    let words = |key: &str| {
        key.split(' ')
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (one, other) = (words(one), words(other));
    let shared = one.intersection(&other).count();
    2.0 * shared as f32 / (one.len() + other.len()).max(1) as f32
}

/// How near the nearest picture is that has a term, 0 to 1.
fn nearness(knowledge: &Knowledge, near: &Near, at: usize, term: &Term) -> f32 {
    let others = near.to(at).iter().take(FAR);
    let mut places = others.enumerate();
    let first = places.find(|(_, other)| knowledge.has(**other, term));
    first.map_or(0.0, |(place, _)| 1.0 - place as f32 / FAR as f32)
}

/// Pictures for which a term is surely wrong, the likeliest first, at most so many. Of one patient or
/// volume there is one picture, unless cuts or planes are to be told apart.
pub(super) fn pictures(
    knowledge: &Knowledge,
    near: &Near,
    (term, at): (&Term, usize),
    is_cut: bool,
    most: usize,
    random: &mut Random,
) -> Vec<usize> {
    let others = random.order(knowledge.entries.len());
    let mut chosen: Vec<usize> = Vec::new();
    let near = near.to(at).iter().copied();
    for other in near.chain(others.into_iter().take(LOOKED_AT)) {
        if chosen.len() == most {
            break;
        }
        if other == at || chosen.contains(&other) {
            continue;
        }
        let is_alike = |chosen: &usize| knowledge.is_same_group(*chosen, other);
        let fits = if is_cut {
            knowledge.is_same_series(at, other)
        } else {
            // The planes of one volume may well be told apart.
            term.field == Field::Plane || (!is_alike(&at) && !chosen.iter().any(is_alike))
        };
        if fits && knowledge.is_absent(term, other) {
            chosen.push(other);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::testing::{boxed, entry};
    use super::*;

    fn term(knowledge: &Knowledge, field: Field, name: &str) -> Term {
        let mut terms = knowledge.terms(field);
        terms
            .find(|term| term.name == name)
            .expect("a term")
            .clone()
    }

    #[test]
    fn wrong_answers_share_words_with_the_key_or_are_on_near_pictures() {
        let knowledge = Knowledge::of(vec![
            boxed("a", &["superior frontal gyrus", "precentral gyrus"]),
            boxed("b", &["pons", "cerebellum"]),
            boxed("c", &["pons", "lingual gyrus"]),
            boxed("d", &["cerebellum", "inferior frontal gyrus"]),
            boxed("e", &["lingual gyrus", "inferior frontal gyrus"]),
        ]);
        let key = term(&knowledge, Field::Structure, "superior frontal gyrus");
        let mut random = Random::new(7);
        let absent = absent(&knowledge, Field::Structure, 0, &mut random);
        let mut names: Vec<&str> = absent.iter().map(|term| term.name.as_str()).collect();
        names.sort_unstable();
        let all = [
            "cerebellum",
            "inferior frontal gyrus",
            "lingual gyrus",
            "pons",
        ];
        assert_eq!(names, all);
        let likeliest = |near: &Near, random: &mut Random| {
            let chosen = likeliest(&knowledge, near, (&key, 0), &absent, 1, random);
            chosen[0].name.clone()
        };
        let far = Near::default();
        assert_eq!(likeliest(&far, &mut random), "inferior frontal gyrus");
        let near = Near::made_up(HashMap::from([(0, vec![1])]));
        // Two of three words are worth 0.67, the nearest picture is worth 1.
        let chosen = likeliest(&near, &mut random);
        assert!(
            ["pons", "cerebellum"].contains(&chosen.as_str()),
            "{chosen}"
        );
    }

    #[test]
    fn wrong_answers_are_no_kin_of_one_another() {
        let knowledge = Knowledge::of(vec![
            entry("a", "MRI", "knee", "A knee.", &[]),
            entry("b", "MRI", "brain", "A brain.", &[]),
            entry("c", "MRI", "head", "A head.", &[]),
            entry("d", "MRI", "heart", "A heart.", &[]),
        ]);
        let key = term(&knowledge, Field::Part, "knee");
        let mut random = Random::new(1);
        let absent = absent(&knowledge, Field::Part, 0, &mut random);
        assert_eq!(absent.len(), 3);
        let near = Near::default();
        let chosen = likeliest(&knowledge, &near, (&key, 0), &absent, 3, &mut random);
        assert_eq!(chosen.len(), 2, "brain or head, and heart: {chosen:?}");
    }

    #[test]
    fn wrong_pictures_come_from_the_nearest_on_and_one_of_a_patient() {
        let mut entries = vec![
            entry("a", "CT", "head", "A.", &[]),
            entry("b", "MRI", "head", "B.", &[]),
            entry("c", "MRI", "head", "C.", &[]),
            entry("d", "X-ray", "head", "D.", &[]),
        ];
        entries[2].description.group = entries[1].description.group.clone();
        let knowledge = Knowledge::of(entries);
        let key = term(&knowledge, Field::Modality, "CT");
        let near = Near::made_up(HashMap::from([(0, vec![2, 1, 3])]));
        let mut random = Random::new(1);
        let chosen = pictures(&knowledge, &near, (&key, 0), false, 3, &mut random);
        assert_eq!(chosen, [2, 3]);
    }
}
