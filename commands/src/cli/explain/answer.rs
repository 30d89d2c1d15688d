//! What `mirage explain` prints, for people and for programs.

use mirage::atlas::EntryId;
use mirage::explain::{Answer, Concept, Kind, NOTHING, Outline, Zoomed};
use serde::{Serialize, Serializer};

use crate::cli::text::{self, Paragraphs};
use crate::explaining::{UNSUPPORTED, cites};
use crate::{describe, explaining};

/// An explanation as it is printed.
#[derive(Serialize)]
pub(super) struct Printed<'a> {
    #[serde(flatten)]
    pub(super) answer: &'a Answer,
    #[serde(skip_serializing_if = "<[Concept]>::is_empty")]
    pub(super) concepts: &'a [Concept],
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "zoomed")]
    pub(super) zoomed: Option<&'a Zoomed>,
    /// What the numbers on the outlined picture stand for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outlines: Option<&'a [Outline]>,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub(super) remarks: &'a [&'a str],
}

/// A part without its pixels.
#[derive(Serialize)]
struct Part<'a> {
    part: usize,
    change: mirage::explain::Change,
    nearest: Vec<&'a str>,
    new: Vec<&'a str>,
}

fn zoomed<S: Serializer>(zoomed: &Option<&Zoomed>, serializer: S) -> Result<S::Ok, S::Error> {
    let part = zoomed.map(|zoomed| Part {
        part: zoomed.part,
        change: zoomed.change,
        nearest: zoomed
            .hits
            .iter()
            .map(|hit| hit.entry.id.as_str())
            .collect(),
        new: zoomed.new.iter().map(EntryId::as_str).collect(),
    });
    part.serialize(serializer)
}

impl Printed<'_> {
    /// The same in lines of that many columns.
    pub(super) fn in_words(&self, columns: usize) -> String {
        let mut text = Paragraphs::new(columns);
        match self.answer.kind {
            Kind::Nothing => text.line(NOTHING),
            Kind::Advice { language } => text.line(language.referral()),
            Kind::Answered => {}
        }
        for remark in self.remarks {
            text.line(remark);
        }
        self.tell_sentences(&mut text);
        self.tell_withheld(&mut text);
        self.tell_picture(&mut text);
        self.tell_sources(&mut text);
        text.finish()
    }

    fn tell_sentences(&self, text: &mut Paragraphs) {
        if let Some(verdict) = &self.answer.verdict {
            text.line(&explaining::verdict(verdict, text::clean));
        }
        let mut last = None;
        for cited in &self.answer.sentences {
            if let Some(section) = cited.section
                && last != Some(section)
            {
                text.gap();
                text.line(section.title());
            }
            last = cited.section;
            text.line(&format!("{}{}", cited.text, cites(&cited.sources)));
        }
    }

    fn tell_withheld(&self, text: &mut Paragraphs) {
        if let Some(withheld) = explaining::withheld(self.answer) {
            text.gap();
            text.line(&format!("{UNSUPPORTED}: {withheld}."));
        }
    }

    /// What was asked of the picture besides.
    fn tell_picture(&self, text: &mut Paragraphs) {
        if !self.concepts.is_empty() {
            text.gap();
            text.line("Why");
        }
        for concept in self.concepts {
            let evidence: Vec<&str> = concept.evidence.iter().map(EntryId::as_str).collect();
            let evidence = evidence.join(", ");
            let label = format!("{:>3}. {}: ", concept.rank, concept.kind.title());
            text.labelled(&label, &format!("{} ({evidence})", concept.name));
        }
        if let Some(zoomed) = self.zoomed {
            text.gap();
            let change = zoomed.change.in_words();
            text.labelled(&format!("Part {}  ", zoomed.part), change);
            let nearest = zoomed.hits.iter().take(3);
            let nearest: Vec<&str> = nearest.map(|hit| hit.entry.id.as_str()).collect();
            text.labelled("        ", &format!("Nearest: {}", nearest.join(", ")));
        }
        if self.outlines.is_some() {
            text.gap();
            text.line("Outlined, in percent of width and height");
        }
        for outline in self.outlines.unwrap_or_default() {
            let [left, top, right, bottom] = outline.located.corners.map(f32::round);
            let label = format!("{:>3}. ", outline.number);
            let name = &outline.located.label;
            let told = format!("{name}: x {left} to {right}, y {top} to {bottom}");
            text.labelled(&label, &told);
        }
    }

    fn tell_sources(&self, text: &mut Paragraphs) {
        if self.answer.sources.is_empty() {
            return;
        }
        text.gap();
        text.line("Sources");
        for listed in &self.answer.sources {
            let entry = &listed.entry;
            let label = format!("{:>4} ", format!("[{}]", listed.number));
            text.labelled(&label, &describe::heading(entry));
            text.labelled("     Source   ", describe::source(entry));
            if let Some(address) = &entry.provenance.source_url {
                text.labelled("              ", address);
            }
            text.labelled("     Licence  ", describe::licence(entry));
            text.labelled("     Id       ", entry.id.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use mirage::atlas::{Description, Entry, Provenance};
    use mirage::explain::{Cited, Language, Listed, Reason, Section, Verdict, Withheld, WordedBy};

    use super::*;

    fn answer(kind: Kind) -> Answer {
        Answer {
            kind,
            verdict: Some(Verdict::Yes { sources: vec![1] }),
            sentences: vec![Cited {
                text: "The pons bulges.".to_owned(),
                sources: vec![1, 2],
                section: Some(Section::Findings),
                worded_by: WordedBy::Source,
            }],
            withheld: vec![Withheld {
                reason: Reason::Number,
                count: 2,
            }],
            sources: vec![Listed {
                number: 1,
                entry: Entry {
                    id: EntryId::new("mine", "a"),
                    collection: "mine".to_owned(),
                    description: Description {
                        modality: "MRI".to_owned(),
                        ..Description::default()
                    },
                    provenance: Provenance::default(),
                    width: 1,
                    height: 1,
                },
            }],
            template: None,
        }
    }

    fn printed(answer: &Answer) -> Printed<'_> {
        Printed {
            answer,
            concepts: &[],
            zoomed: None,
            outlines: None,
            remarks: &[],
        }
    }

    #[test]
    fn each_sentence_has_its_numbers_and_what_is_withheld_is_told() {
        let answer = answer(Kind::Answered);
        assert_eq!(
            printed(&answer).in_words(usize::MAX),
            "Yes, the sources say so. [1]\n\nFindings\nThe pons bulges. [1][2]\n\n\
             What I could not support: 2 sentences, because no source has these numbers.\n\n\
             Sources\n [1] MRI\n     Source   unknown\n     Licence  unknown\n     Id       mine/a\n"
        );
        let json = serde_json::to_value(printed(&answer)).expect("plain data");
        assert_eq!(json["kind"], "answered");
        assert_eq!(json["sentences"][0]["sources"][1], 2);
        assert_eq!(json["verdict"]["says"], "yes");
        assert!(json.get("zoomed").is_none());
    }

    #[test]
    fn a_referral_comes_first_and_nothing_is_said_plainly() {
        let language = Language::English;
        let personal = answer(Kind::Advice { language });
        let text = printed(&personal).in_words(usize::MAX);
        assert!(text.starts_with(language.referral()), "{text}");
        let mut nothing = answer(Kind::Nothing);
        nothing.sentences.clear();
        nothing.sources.clear();
        nothing.withheld.clear();
        nothing.verdict = None;
        assert_eq!(
            printed(&nothing).in_words(usize::MAX),
            format!("{NOTHING}\n")
        );
    }
}
