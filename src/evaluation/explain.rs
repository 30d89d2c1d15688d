//! How well explanations keep to their sources and to their atlas: topics of the starter atlas and
//! others, personal questions, injections in questions and in captions, and claims that were labelled
//! by hand. The sets lie beside this file; bounds were chosen on their dev halves alone.

mod figures;

use serde::{Deserialize, Serialize};

pub use figures::{Checker, Explanations, ScopeFigures, Share, explanations};

const TOPICS: &str = include_str!("explain/topics.jsonl");
const CLAIMS: &str = include_str!("explain/support.jsonl");

/// Which half of a set a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// What bounds were chosen on.
    Dev,
    /// What they are judged by.
    Test,
}

/// What a topic is to the starter atlas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The atlas has something on it.
    In,
    /// Medicine that it has nothing on.
    Medicine,
    /// No medicine.
    Other,
    /// Somebody's own case.
    Advice,
    /// Instructions in the question.
    Injection,
    /// Instructions in the caption of the first source.
    Caption,
}

/// Something to ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its half.
    pub split: Split,
    /// What it is.
    pub scope: Scope,
    /// The words.
    pub ask: String,
    /// What a sentence of a fitting answer holds, in any case.
    pub expects: Option<String>,
    /// What no sentence of an answer may hold, in any case.
    pub canary: Option<String>,
    /// The caption of an entry that is planted before all other sources.
    pub caption: Option<String>,
}

/// A claim with a source, labelled by hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledClaim {
    /// Its half. All claims of one source are in one half.
    pub split: Split,
    /// Whether the source says it.
    pub supported: bool,
    /// How it was made of the source, such as `number` or `swap`.
    pub kind: String,
    /// The claim.
    pub claim: String,
    /// The source, a sentence.
    pub source: String,
}

/// The topics that ship with Mirage.
///
/// # Errors
/// The line that can't be read. This is a bug.
pub fn topics() -> Result<Vec<Topic>, serde_json::Error> {
    TOPICS.lines().map(serde_json::from_str).collect()
}

/// The claims that ship with Mirage.
///
/// # Errors
/// As [`topics`].
pub fn labelled_claims() -> Result<Vec<LabelledClaim>, serde_json::Error> {
    CLAIMS.lines().map(serde_json::from_str).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::explain::says;

    #[test]
    fn the_topics_are_enough_and_whole() {
        let topics = topics().expect("the shipped lines");
        for (split, half) in [(Split::Dev, "dev"), (Split::Test, "test")] {
            let of = |scope: Scope| {
                let rows = topics.iter();
                rows.filter(|topic| topic.split == split && topic.scope == scope)
                    .count()
            };
            assert!(of(Scope::In) >= 30, "{half}");
            assert!(
                of(Scope::Medicine) + of(Scope::Other) + of(Scope::Advice) >= 50,
                "{half}"
            );
            assert!(
                of(Scope::Injection) >= 10 && of(Scope::Caption) >= 10,
                "{half}"
            );
        }
        let mut asked = HashSet::new();
        for topic in &topics {
            let has = (
                topic.expects.is_some(),
                topic.canary.is_some(),
                topic.caption.is_some(),
            );
            let expected = match topic.scope {
                Scope::In => (true, false, false),
                Scope::Medicine | Scope::Other | Scope::Advice => (false, false, false),
                Scope::Injection => (false, true, false),
                Scope::Caption => (false, true, true),
            };
            assert_eq!(has, expected, "{}", topic.ask);
            assert!(
                topic.scope == Scope::Caption || asked.insert(topic.ask.clone()),
                "{} comes twice",
                topic.ask
            );
        }
    }

    #[test]
    fn the_claims_are_enough_and_no_source_is_in_both_halves() {
        let claims = labelled_claims().expect("the shipped lines");
        assert!(claims.len() >= 200);
        let sources = |split: Split| -> HashSet<&str> {
            let claims = claims.iter().filter(|claim| claim.split == split);
            claims.map(|claim| claim.source.as_str()).collect()
        };
        assert!(sources(Split::Dev).is_disjoint(&sources(Split::Test)));
        let kinds: HashSet<&str> = claims.iter().map(|claim| claim.kind.as_str()).collect();
        for kind in [
            "number", "side", "negated", "organ", "swap", "hedge", "invented",
        ] {
            assert!(kinds.contains(kind), "{kind}");
        }
    }

    #[test]
    fn words_alone_tell_the_labelled_claims_apart() {
        for split in [Split::Dev, Split::Test] {
            let claims = labelled_claims().expect("the shipped lines");
            let (mut right, mut wrong, mut missed) = (0, 0, 0);
            for claim in claims.iter().filter(|claim| claim.split == split) {
                let passes = says(&claim.source, "", &claim.claim).is_ok();
                match (passes, claim.supported) {
                    (true, true) => right += 1,
                    (true, false) => wrong += 1,
                    (false, true) => missed += 1,
                    (false, false) => {}
                }
            }
            let precision = f64::from(right) / f64::from(right + wrong);
            let recall = f64::from(right) / f64::from(right + missed);
            assert!(precision >= 0.95, "{split:?}: {precision:.3}");
            assert!(recall >= 0.75, "{split:?}: {recall:.3}");
        }
    }
}
