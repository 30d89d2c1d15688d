//! Whether the atlas has something on a topic: one entry must hold the topic's words, or most of
//! them and be near in meaning. The bound was chosen on the dev half of the topics of `mirage eval
//! explain`; docs/explain.md has the figures.

use std::collections::HashSet;

use super::words::{is_number, keys};
use crate::atlas::Hit;

/// Name of the text encoder that the bound was calibrated with.
const CALIBRATED: &str = "all-MiniLM-L6-v2";
/// What cosine and share of words must reach together. On the dev half 48 of 52 topics of the atlas
/// come above it, and none of 72 others.
const BOUND: f32 = 1.12;
/// Share of words that is needed where the encoder's cosines were not calibrated.
const WORDS_ALONE: f32 = 0.75;

/// Words of questions that no topic is told by.
const ASKING: &str = "about also any appear appearance beginner beginners can compare describe \
    detail difference different do does example explain find from give help how i identify image \
    in is it know learn lies look like main mean me medical meaning normal on one picture please \
    see seen show shown simple some student study teach tell than that the they thing topic \
    understand use used versus vs we what when where which who why work would you your my our \
    explanation between anatomy overview basics introduction quick short word words";

/// Whether the cosines of a text encoder, by its name and version, were calibrated.
pub(super) fn is_calibrated(encoder: &str) -> bool {
    encoder.starts_with(CALIBRATED)
}

/// What a topic is told by: its words without those of the question around it.
pub(super) fn topic_keys(text: &str) -> Vec<String> {
    let asking: HashSet<String> = keys(ASKING).into_iter().collect();
    let mut seen = HashSet::new();
    let mut told = keys(text);
    told.retain(|key| !asking.contains(key) && !is_number(key) && seen.insert(key.clone()));
    told
}

/// Share of a topic's words that a text holds, 0 to 1.
pub(super) fn share(topic: &[String], text: &str) -> f32 {
    let held: HashSet<String> = keys(text).into_iter().collect();
    let common = topic.iter().filter(|key| held.contains(*key)).count();
    common as f32 / topic.len().max(1) as f32
}

/// What speaks for the atlas having something on a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    /// Cosine of the topic with the nearest entry's words.
    pub(super) cosine: f32,
    /// Largest share of the topic's words that one entry holds, 0 to 1.
    pub(super) words: f32,
    /// Whether the topic has words at all.
    pub(super) has_words: bool,
}

impl Evidence {
    pub(super) fn of(topic: &[String], hits: &[Hit]) -> Self {
        let cosines = hits.iter().filter_map(|hit| hit.score.cosine);
        let shares = hits
            .iter()
            .map(|hit| share(topic, &hit.entry.description.search_text()));
        Self {
            cosine: cosines.fold(0.0, f32::max),
            words: shares.fold(0.0, f32::max),
            has_words: !topic.is_empty(),
        }
    }

    /// Whether that is enough, with the text encoder of this name and version.
    pub(super) fn is_enough(&self, encoder: &str) -> bool {
        if !self.has_words {
            return false;
        }
        if is_calibrated(encoder) {
            self.cosine + self.words >= BOUND
        } else {
            self.words >= WORDS_ALONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_told_by_its_topic() {
        assert_eq!(
            topic_keys("What does the fourth ventricle look like on MRI? The ventricles!"),
            ["fourth", "ventricl", "mri"]
        );
        assert!(topic_keys("Explain it to me, please; what is 17?").is_empty());
        assert!(topic_keys("🩻").is_empty());
    }

    #[test]
    fn words_and_meaning_count_together() {
        let evidence = |cosine, words| Evidence {
            cosine,
            words,
            has_words: true,
        };
        let encoder = "all-MiniLM-L6-v2@53aa5117";
        assert!(evidence(0.2, 1.0).is_enough(encoder));
        assert!(evidence(0.55, 0.6).is_enough(encoder));
        assert!(!evidence(0.58, 0.5).is_enough(encoder), "half of the words");
        assert!(!evidence(0.05, 1.0).is_enough(encoder), "far in meaning");
        assert!(!evidence(0.9, 0.5).is_enough("clip@1"));
        assert!(evidence(0.1, 1.0).is_enough("clip@1"));
        assert!(!Evidence::default().is_enough(encoder));
    }

    #[test]
    fn a_share_counts_words_in_any_form() {
        let topic = topic_keys("cerebellar tonsils");
        assert!((share(&topic, "the tonsil of the cerebellum") - 1.0).abs() < 1e-6);
        assert!((share(&topic, "the cerebellum") - 0.5).abs() < 1e-6);
        assert!(share(&[], "anything") < 1e-6);
    }
}
