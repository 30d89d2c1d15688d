//! Which pictures a topic is about, and which terms it asks for. Words decide, with the spellings
//! that mean the same; no encoder is asked, so that a topic finds the same pictures with each.

use super::facts::{Facts, Field};
use super::kin::{SAME, chief};
use super::knowledge::Knowledge;
use crate::evaluation::random::Random;
use crate::evaluation::stem::stems;

/// Share of a topic's parts that a picture must have.
const LEAST_SHARE: f32 = 0.5;

/// A topic in parts, each a term or a word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Topic(Vec<Part>);

/// A part of a topic.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// These words, as stems with blanks between them.
    Words(String),
    /// A term that has other spellings: its words, and the spelling that stands for all.
    Spelled(String, String),
}

impl Topic {
    /// Reads a topic: terms of the atlas of several words first, then terms that have other
    /// spellings, then words.
    pub(super) fn of(text: &str, knowledge: &Knowledge) -> Self {
        let mut left = stems(text);
        left.sort_unstable();
        left.dedup();
        let mut parts = Vec::new();
        for key in knowledge.long_keys() {
            if taken(&mut left, key) {
                parts.push(Part::Words(key.to_owned()));
            }
        }
        for term in SAME.iter().copied().flatten() {
            let key = stems(term).join(" ");
            if taken(&mut left, &key) {
                parts.push(Part::Spelled(key, chief(term)));
            }
        }
        parts.extend(left.into_iter().map(Part::Words));
        Self(parts)
    }

    /// Places of the pictures that are asked about, those first that have more of the topic; where
    /// there are too many, a part of them by chance.
    pub(super) fn keys(&self, knowledge: &Knowledge, most: usize, seed: u64) -> Vec<(usize, u8)> {
        let mut random = Random::new(seed);
        let order = random.order(knowledge.facts.len());
        let mut keys: Vec<(usize, u8)> = order
            .into_iter()
            .map(|at| (at, self.share(&knowledge.facts[at])))
            .filter(|(_, share)| *share >= LEAST_SHARE)
            .map(|(at, share)| (at, ((1.0 - share) * 10.0).round() as u8))
            .collect();
        keys.sort_by_key(|(_, tier)| *tier);
        keys.truncate(most);
        keys
    }

    /// Share of the parts that a picture has, 0 to 1.
    pub(super) fn share(&self, facts: &Facts) -> f32 {
        let held = self.0.iter().filter(|part| part.is_held_by(facts));
        held.count() as f32 / self.0.len().max(1) as f32
    }

    /// Whether the topic asks for a term by its name.
    pub(super) fn names(&self, field: Field, key: &str) -> bool {
        // The method, the plane and the region say among which pictures to look.
        if !matches!(field, Field::Structure | Field::Finding) {
            return false;
        }
        let has = |words: &str| {
            words
                .split(' ')
                .all(|word| key.split(' ').any(|of| of == word))
        };
        self.0.iter().any(|part| match part {
            Part::Words(words) | Part::Spelled(words, _) => has(words),
        })
    }
}

impl Part {
    fn is_held_by(&self, facts: &Facts) -> bool {
        match self {
            Self::Words(words) => facts.says(words),
            Self::Spelled(words, stands_for) => {
                let mut known = facts.facts.iter();
                facts.says(words) || known.any(|fact| chief(&fact.name) == *stands_for)
            }
        }
    }
}

/// Takes the words of a key out of a list, if it has all of them.
fn taken(left: &mut Vec<String>, key: &str) -> bool {
    let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
    let has_all = words
        .iter()
        .all(|word| left.iter().any(|known| known == word));
    if words.is_empty() || !has_all {
        return false;
    }
    left.retain(|known| !words.contains(&known.as_str()));
    true
}

impl Knowledge {
    /// Keys of structures and findings that have several words, the longest first.
    fn long_keys(&self) -> Vec<&str> {
        let terms = self
            .terms(Field::Structure)
            .chain(self.terms(Field::Finding));
        let keys = terms.map(|term| term.key.as_str());
        let mut keys: Vec<&str> = keys.filter(|key| key.contains(' ')).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.split(' ').count()));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{boxed, entry};
    use super::*;

    fn knowledge() -> Knowledge {
        let mut sagittal = boxed("b", &["pons", "lateral ventricle"]);
        sagittal.description.plane = Some("sagittal".to_owned());
        Knowledge::of(vec![
            boxed("a", &["pons", "thalamus"]),
            sagittal,
            entry(
                "c",
                "X-ray",
                "chest",
                "Lungs, seen from front to back.",
                &[],
            ),
            entry("d", "CT", "head", "A head.", &[]),
        ])
    }

    fn found(topic: &str) -> Vec<String> {
        let knowledge = knowledge();
        let topic = Topic::of(topic, &knowledge);
        let keys = topic.keys(&knowledge, 10, 1);
        let mut names: Vec<String> = keys
            .into_iter()
            .filter(|(_, tier)| *tier == 0)
            .map(|(at, _)| knowledge.entries[at].id.to_string())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_topic_finds_pictures_by_its_words_and_by_other_spellings() {
        assert_eq!(found("thalamus"), ["t/a"]);
        assert_eq!(found("Pons!"), ["t/a", "t/b"]);
        assert_eq!(found("transverse magnetic resonance imaging"), ["t/a"]);
        assert_eq!(found("plain film of the thorax"), ["t/c"]);
        assert!(found("knee").is_empty());
        assert!(found("🩻").is_empty());
    }

    #[test]
    fn a_term_of_the_atlas_comes_before_the_spellings_of_its_words() {
        // "lateral" alone would be a sagittal view, "back" the spine.
        assert_eq!(found("lateral ventricle"), ["t/b"]);
        assert!(found("spine").is_empty());
    }

    #[test]
    fn pictures_with_more_of_the_topic_come_first_and_half_is_enough() {
        let knowledge = knowledge();
        let topic = Topic::of("pons thalamus", &knowledge);
        let keys = topic.keys(&knowledge, 10, 1);
        assert_eq!(keys.len(), 2);
        assert_eq!(knowledge.entries[keys[0].0].id.as_str(), "t/a");
        assert!(keys[0].1 < keys[1].1);
        assert_eq!(topic.keys(&knowledge, 1, 1).len(), 1);
    }

    #[test]
    fn structures_are_asked_for_by_name_and_methods_are_not() {
        let knowledge = knowledge();
        let topic = Topic::of("MRI thalamus", &knowledge);
        let key = |name: &str| stems(name).join(" ");
        assert!(topic.names(Field::Structure, &key("thalamus")));
        assert!(!topic.names(Field::Structure, &key("pons")));
        assert!(!topic.names(Field::Modality, &key("MRI")));
    }
}
