//! Texts cut into sentences. It cuts at full stops and line breaks that end one, never in a number
//! or behind an abbreviation.

/// Words whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "fig", "figs", "approx", "e.g", "i.e", "vs", "dr", "ca", "resp", "al",
];

/// The sentences of a text, without the space around them.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let ends = match letter {
            '\n' => true,
            '.' | '!' | '?' => is_end(&text[start..at], letter, &text[end..]),
            _ => false,
        };
        if ends {
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    sentences
}

/// Whether a mark between two texts ends a sentence.
fn is_end(before: &str, mark: char, after: &str) -> bool {
    let Some(next) = after.chars().next() else {
        return true;
    };
    if matches!(next, '"' | '”' | '\'' | ')') {
        return false;
    }
    if !next.is_whitespace() {
        return false;
    }
    let begins_small = after
        .trim_start()
        .starts_with(|letter: char| letter.is_lowercase());
    if mark != '.' {
        return !begins_small;
    }
    let word = before.rsplit([' ', '(']).next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_short = ABBREVIATIONS.contains(&word.to_lowercase().as_str());
    !(begins_small || is_initial || is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_their_own_stops() {
        assert_eq!(
            sentences("A cut (MNI z = -3.5 mm). The pons, approx. 2 cm, lies here! Is it? Yes"),
            [
                "A cut (MNI z = -3.5 mm).",
                "The pons, approx. 2 cm, lies here!",
                "Is it?",
                "Yes"
            ]
        );
        assert_eq!(
            sentences("See Fig. 3 of J. Smith. End."),
            ["See Fig. 3 of J. Smith.", "End."]
        );
        assert_eq!(sentences("one\ntwo\n"), ["one", "two"]);
        assert!(sentences(" … \n .").is_empty());
    }
}
