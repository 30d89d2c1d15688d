//! The answer in the sources' own words: which of their sentences are taken, in which order, and
//! what is left out of them at each level. It works without a language model, and fills what a small
//! one leaves. Each draft goes through the support check like any other sentence.

mod memory;

use std::collections::HashSet;

use super::answer::Section;
use super::asked::{Level, Style};
use super::source::{Part, Sentence, Source};
use super::support::says;
use super::words::keys;

/// Relevance below which a sentence is beside the point, as a share of the best one's.
const RELEVANT: f32 = 0.5;
/// Share of a sentence's words that is new in it, below which it only repeats.
const NEW: f32 = 0.34;
/// Longest sentence for everybody, in characters.
const LONGEST_LAY: usize = 220;
/// Words that a sentence begins with that takes up the one before.
const REFERRING: &[&str] = &[
    "it", "its", "they", "their", "this", "these", "those", "he", "she", "the same",
];
/// Words that a caption says a diagnosis with.
const DOCUMENTING: &[&str] = &[
    "documented",
    "labelled",
    "labeled",
    "diagnosis",
    "diagnosed",
];

/// A sentence before it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) section: Option<Section>,
}

/// A sentence of a source at its place.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    source: &'a Source,
    place: usize,
    sentence: &'a Sentence,
}

impl Candidate<'_> {
    fn relevance(&self) -> f32 {
        self.sentence.relevance
    }
}

/// The sentences of an answer in the sources' words, in the order in which they are shown.
pub(super) fn drafts(sources: &[Source], style: Style, level: Level) -> Vec<Draft> {
    let candidates = candidates(sources);
    match style {
        Style::Summary => summary(&candidates, level),
        Style::Report => report(&candidates, level),
        Style::Differential => differential(&candidates, level),
        Style::Mnemonic => {
            let mut drafts = memory::drafts(&candidates);
            if drafts.is_empty() {
                drafts = summary(&candidates, level);
            }
            drafts
        }
    }
}

/// All sentences, those first that fit best what was asked; equal ones in the sources' order.
fn candidates(sources: &[Source]) -> Vec<Candidate<'_>> {
    let all = sources.iter().flat_map(|source| {
        let sentences = source.sentences.iter().enumerate();
        sentences.map(move |(place, sentence)| Candidate {
            source,
            place,
            sentence,
        })
    });
    let mut candidates: Vec<Candidate<'_>> = all.collect();
    candidates.sort_by(|one, other| other.relevance().total_cmp(&one.relevance()));
    candidates
}

/// The best sentence first, the others in the order of their sources.
fn summary(candidates: &[Candidate<'_>], level: Level) -> Vec<Draft> {
    let captions = of_part(candidates, Part::Caption);
    let mut taken = chosen(&captions, level.most_sentences(), level);
    if taken.is_empty() {
        taken = chosen(&of_part(candidates, Part::Technique), 1, level);
    }
    if let Some((_, others)) = taken.split_first_mut() {
        others.sort_by_key(|candidate| (candidate.source.number, candidate.place));
    }
    if level == Level::Resident {
        let named = of_part(candidates, Part::Structures);
        taken.extend(named.first());
    }
    drafted(&taken, None, level)
}

fn report(candidates: &[Candidate<'_>], level: Level) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (part, section, most) in [
        (Part::Technique, Section::Technique, 1),
        (Part::Caption, Section::Findings, level.most_sentences()),
        (Part::Structures, Section::Structures, 1),
    ] {
        let mut of_part = of_part(candidates, part);
        // Technique and structures are those of the best source.
        of_part.sort_by_key(|candidate| match part {
            Part::Caption => 0,
            Part::Technique | Part::Structures => candidate.source.number,
        });
        let taken = chosen(&of_part, most, level);
        drafts.extend(drafted(&taken, Some(section), level));
    }
    drafts
}

/// One sentence of each source: the one that says what its picture is documented as, else its best.
fn differential(candidates: &[Candidate<'_>], level: Level) -> Vec<Draft> {
    let captions = of_part(candidates, Part::Caption);
    let mut of_each: Vec<Candidate<'_>> = Vec::new();
    for candidate in &captions {
        let number = candidate.source.number;
        let known = of_each
            .iter()
            .position(|other| other.source.number == number);
        match known {
            Some(at) if documents(candidate) && !documents(&of_each[at]) => {
                of_each[at] = *candidate;
            }
            Some(_) => {}
            None => of_each.push(*candidate),
        }
    }
    of_each.sort_by_key(|candidate| candidate.source.number);
    let taken = chosen(&of_each, level.most_sentences(), level);
    drafted(&taken, Some(Section::Documented), level)
}

fn documents(candidate: &Candidate<'_>) -> bool {
    let text = candidate.sentence.text.to_lowercase();
    DOCUMENTING.iter().any(|word| text.contains(word))
}

/// The sentences of a part; of captions those alone that are not beside the point.
fn of_part<'a>(candidates: &[Candidate<'a>], part: Part) -> Vec<Candidate<'a>> {
    let candidates = candidates.iter().copied();
    let mut of_part: Vec<Candidate<'a>> = candidates
        .filter(|candidate| candidate.sentence.part == part)
        .collect();
    if part == Part::Caption {
        let best = of_part.first().map_or(0.0, Candidate::relevance);
        of_part.retain(|candidate| candidate.relevance() >= RELEVANT * best);
    }
    of_part
}

/// The first candidates that say something new and can stand by themselves.
fn chosen<'a>(candidates: &[Candidate<'a>], most: usize, level: Level) -> Vec<Candidate<'a>> {
    let mut taken: Vec<Candidate<'a>> = Vec::new();
    let mut said: HashSet<String> = HashSet::new();
    for candidate in candidates {
        if taken.len() == most {
            break;
        }
        let text = &candidate.sentence.text;
        let is_long =
            level == Level::Lay && text.chars().count() > LONGEST_LAY && candidates.len() > most;
        let keys: HashSet<String> = keys(text).into_iter().collect();
        let new = keys.difference(&said).count();
        let repeats = (new as f32) < NEW * keys.len() as f32;
        if is_long || repeats || keys.is_empty() || is_loose(candidate, taken.last()) {
            continue;
        }
        said.extend(keys);
        taken.push(*candidate);
    }
    taken
}

/// Whether a sentence takes up another one that doesn't stand before it.
fn is_loose(candidate: &Candidate<'_>, last: Option<&Candidate<'_>>) -> bool {
    let text = candidate.sentence.text.to_lowercase();
    let refers = |word: &&str| {
        let rest = text.strip_prefix(*word);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let follows = last.is_some_and(|last| {
        last.source.number == candidate.source.number && last.place + 1 == candidate.place
    });
    REFERRING.iter().any(refers) && !follows
}

fn drafted(candidates: &[Candidate<'_>], section: Option<Section>, level: Level) -> Vec<Draft> {
    let drafts = candidates.iter().map(|candidate| Draft {
        text: at_level(candidate, level),
        section,
    });
    drafts.collect()
}

/// The sentence as it is told at a level: for everybody without what stands in brackets, unless a
/// side does, which must not be lost.
fn at_level(candidate: &Candidate<'_>, level: Level) -> String {
    let text = &candidate.sentence.text;
    if level != Level::Lay {
        return text.clone();
    }
    let plain = without_brackets(text);
    if says(text, &candidate.source.setting, &plain).is_ok() {
        plain
    } else {
        text.clone()
    }
}

fn without_brackets(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, after)) = after.split_once(')') else {
            break;
        };
        plain.push_str(before);
        let sides = ["left", "right", "side"];
        if inside.contains('(') || sides.iter().any(|side| inside.contains(side)) {
            plain.push_str(&format!("({inside})"));
        } else {
            // The space before the bracket goes with it.
            plain.truncate(plain.trim_end().len());
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests;
