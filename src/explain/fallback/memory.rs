//! A row of names that a source gives, as first letters to remember. The names and their order are
//! the source's; nothing is added but the letters.

use super::super::answer::Section;
use super::super::source::Part;
use super::{Candidate, Draft};

/// Names that a row has.
const ROW: std::ops::RangeInclusive<usize> = 3..=8;
/// Words that a name has at most.
const MOST_WORDS: usize = 4;

/// The letters of the best row, and the sentence that gives it. Nothing where no source has one.
pub(super) fn drafts(candidates: &[Candidate<'_>]) -> Vec<Draft> {
    let captions = candidates
        .iter()
        .filter(|candidate| candidate.sentence.part == Part::Caption);
    let named = candidates
        .iter()
        .filter(|candidate| candidate.sentence.part == Part::Structures);
    for candidate in captions.chain(named) {
        let text = &candidate.sentence.text;
        if let Some(names) = row(text) {
            let section = Some(Section::Memory);
            let letters = names.iter().filter_map(|name| lettered(name));
            let letters: Vec<String> = letters.collect();
            return vec![
                Draft {
                    text: format!("{}.", letters.join(", ")),
                    section,
                },
                Draft {
                    text: text.clone(),
                    section,
                },
            ];
        }
    }
    Vec::new()
}

/// The names behind the first colon, if they are a row.
fn row(text: &str) -> Option<Vec<&str>> {
    let (_, list) = text.split_once(':')?;
    let end = list.find(['.', ';', '(', ':']).unwrap_or(list.len());
    let names = list[..end].split(',').flat_map(|part| part.split(" and "));
    let names: Vec<&str> = names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let short = |name: &&str| name.split_whitespace().count() <= MOST_WORDS;
    (ROW.contains(&names.len()) && names.iter().all(short)).then_some(names)
}

/// A name behind its first letter, as in "I – insula".
fn lettered(name: &str) -> Option<String> {
    let letter = name.chars().find(|letter| letter.is_alphanumeric())?;
    Some(format!("{} – {name}", letter.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_few_short_names_behind_a_colon() {
        assert_eq!(
            row("From the side inwards: insula, putamen, globus pallidus and thalamus."),
            Some(vec!["insula", "putamen", "globus pallidus", "thalamus"])
        );
        for text in [
            "The insula, putamen and thalamus.",
            "Two: a, b.",
            "Long: one two three four five, six, seven.",
            "Many: a, b, c, d, e, f, g, h, i.",
        ] {
            assert_eq!(row(text), None, "{text}");
        }
        assert_eq!(
            lettered("globus pallidus").as_deref(),
            Some("G – globus pallidus")
        );
    }
}
