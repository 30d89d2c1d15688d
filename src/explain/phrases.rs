//! Lists of phrases that a text is searched for: a phrase a line, `a|b` for either word, `..` for
//! up to three words of any kind. The lists are data (`phrases/`); what it means that one is found
//! is decided elsewhere.

use super::words::{canonical, words};

/// Most words that `..` passes over.
const GAP: usize = 3;

/// A list of phrases.
pub(super) struct Phrases(Vec<Vec<Part>>);

/// A place of a phrase.
enum Part {
    /// One of these words.
    Either(Vec<&'static str>),
    /// Some words, or none.
    Gap,
}

impl Phrases {
    /// Reads a list; empty lines and those that begin with `#` say nothing.
    pub(super) fn read(list: &'static str) -> Self {
        let lines = list.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(phrase).collect())
    }

    /// Whether a text holds one of them.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let words = words(text);
        let words: Vec<&str> = words.iter().map(|word| canonical(word)).collect();
        let starts = 0..words.len();
        let mut places = starts.map(|start| &words[start..]);
        places.any(|rest| self.0.iter().any(|phrase| begins(rest, phrase)))
    }
}

fn phrase(line: &'static str) -> Vec<Part> {
    let parts = line.split_whitespace().map(|part| match part {
        ".." => Part::Gap,
        words => Part::Either(words.split('|').map(canonical).collect()),
    });
    parts.collect()
}

/// Whether the words begin with a phrase.
fn begins(words: &[&str], phrase: &[Part]) -> bool {
    let Some((part, rest)) = phrase.split_first() else {
        return true;
    };
    match part {
        Part::Gap => {
            let most = GAP.min(words.len());
            (0..=most).any(|passed| begins(&words[passed..], rest))
        }
        Part::Either(either) => words
            .split_first()
            .is_some_and(|(word, words)| either.contains(word) && begins(words, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_with_few_words_between() {
        let phrases = Phrases::read("# a remark\n\nmy .. xray|tumour\nshould i worry\n");
        for text in [
            "My X-ray",
            "is my left chest radiograph ok",
            "here is MY tumor!",
            "Should I worry?",
        ] {
            assert!(phrases.are_in(text), "{text}");
        }
        for text in [
            "the x-ray",
            "my one two three four x-ray",
            "should i",
            "",
            "a remark",
        ] {
            assert!(!phrases.are_in(text), "{text}");
        }
    }
}
