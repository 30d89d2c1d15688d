//! An explanation as it is shown and stored: sentences with their sources, what was withheld, and
//! what happens on the way. How it looks is the callers' concern.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::advice::Language;
use super::support::Reason;
use crate::atlas::Entry;

/// What is said where the atlas has nothing on what was asked.
pub const NOTHING: &str = "I have nothing on this in the atlas.";

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Sentences with sources.
    Answered,
    /// The atlas has nothing on it: [`NOTHING`].
    Nothing,
    /// It was asked for somebody's own case: [`Language::referral`] first, then what the atlas
    /// teaches on the topic, if it does.
    Advice {
        /// The language of the referral.
        language: Language,
    },
}

/// Part of an answer that a sentence belongs to, where its style has parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// How the pictures were taken.
    Technique,
    /// What they show.
    Findings,
    /// What is named on them.
    Structures,
    /// What they are documented as.
    Documented,
    /// First letters to remember.
    Memory,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Technique => "Technique",
            Self::Findings => "Findings",
            Self::Structures => "Structures",
            Self::Documented => "Similar pictures, as documented",
            Self::Memory => "To remember",
        }
    }
}

/// Who worded a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordedBy {
    /// A source, but for what was left out.
    Source,
    /// The language model, and the sources support it.
    Model,
}

/// A sentence that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// The sentence, in plain text.
    pub text: String,
    /// Numbers of the sources that support it, from 1; one at least.
    pub sources: Vec<usize>,
    /// The part of the answer that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// Who worded it.
    pub worded_by: WordedBy,
}

/// A source that is cited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// As it is cited.
    pub number: usize,
    /// The entry.
    pub entry: Entry,
}

/// A short answer to a question, which a source gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Verdict {
    /// The sources say what was asked.
    Yes {
        /// Their numbers.
        sources: Vec<usize>,
    },
    /// The sources say one of the choices and not the other.
    Choice {
        /// That one.
        option: String,
        /// Their numbers.
        sources: Vec<usize>,
    },
}

/// Sentences that were not shown, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: usize,
}

/// An explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What kind it is.
    pub kind: Kind,
    /// The short answer to a question, if a source gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What is shown, in order.
    pub sentences: Vec<Cited>,
    /// What is not.
    pub withheld: Vec<Withheld>,
    /// The sources that are cited, by number.
    pub sources: Vec<Listed>,
    /// Version of the prompt's template, where a language model was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// What happens while an explanation is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The atlas was searched.
    Searched {
        /// How many sources are read.
        sources: usize,
    },
    /// It is somebody's own case; the answer begins with a referral.
    Personal(Language),
    /// A sentence may be shown.
    Sentence(Cited),
    /// A sentence may not.
    Withheld(Reason),
}

impl Answer {
    /// An answer without sentences.
    pub(super) fn without_sentences(kind: Kind) -> Self {
        Self {
            kind,
            verdict: None,
            sentences: Vec::new(),
            withheld: Vec::new(),
            sources: Vec::new(),
            template: None,
        }
    }

    /// How many sentences were withheld.
    pub fn withheld_count(&self) -> usize {
        self.withheld.iter().map(|withheld| withheld.count).sum()
    }
}

/// Counts reasons.
pub(super) fn counted(reasons: &[Reason]) -> Vec<Withheld> {
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(*reason).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts
        .map(|(reason, count)| Withheld { reason, count })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_back_from_json() {
        let mut answer = Answer::without_sentences(Kind::Advice {
            language: Language::German,
        });
        answer.sentences.push(Cited {
            text: "The pons bulges.".to_owned(),
            sources: vec![1, 2],
            section: Some(Section::Findings),
            worded_by: WordedBy::Source,
        });
        answer.withheld = counted(&[Reason::Number, Reason::Words, Reason::Number]);
        answer.verdict = Some(Verdict::Yes { sources: vec![1] });
        assert_eq!(answer.withheld_count(), 3);
        let json = serde_json::to_value(&answer).expect("plain data");
        assert_eq!(json["kind"]["advice"]["language"], "german");
        assert_eq!(json["withheld"][1]["reason"], "number");
        assert_eq!(json["withheld"][1]["count"], 2);
        let read: Answer = serde_json::from_value(json).expect("as it was written");
        assert_eq!(read, answer);
        let nothing = Answer::without_sentences(Kind::Nothing);
        let json = serde_json::to_value(nothing).expect("plain data");
        assert_eq!(json["kind"], "nothing");
    }
}
