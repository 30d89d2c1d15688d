//! What stands in the cells of a table: texts that no spreadsheet takes for formulas, and lists.

use super::super::item::letter;

/// Signs with which a spreadsheet's formula begins (OWASP, "CSV injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text that a spreadsheet shows and doesn't calculate: an apostrophe before what would be a
/// formula.
pub fn not_a_formula(text: &str) -> String {
    let is_quoted = text.starts_with('\'') && text[1..].starts_with(FORMULA);
    if text.starts_with(FORMULA) || is_quoted {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text of a cell as [`not_a_formula`] was given it.
pub(super) fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) => rest,
        Some(rest) if rest.starts_with('\'') && rest[1..].starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// The lines of a cell, without empty ones.
pub(super) fn lines(cell: &str) -> impl Iterator<Item = &str> {
    cell.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Letters of places with blanks between them.
pub(super) fn letters(places: &[usize]) -> String {
    let letters: Vec<String> = places
        .iter()
        .map(|place| letter(*place).to_string())
        .collect();
    letters.join(" ")
}

/// The places that letters (`A`) or numbers (`1`) name; half a sentence for anything else.
pub(super) fn places(text: &str) -> Result<Vec<usize>, String> {
    text.split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';'))
        .filter(|part| !part.is_empty())
        .map(|part| {
            place(part).ok_or_else(|| format!("“{part}” in the key names no answer; write A, B, …"))
        })
        .collect()
}

fn place(part: &str) -> Option<usize> {
    let mut letters = part.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => {
            Some(usize::from(letter.to_ascii_uppercase() as u8 - b'A'))
        }
        _ => part.parse::<usize>().ok()?.checked_sub(1),
    }
}

/// A text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_comes_back_as_it_was() {
        for text in [
            "=1+1", "+5", "-5 mm", "@x", "'=quoted", "plain", "'plain", "", "'",
        ] {
            let cell = not_a_formula(text);
            assert!(!cell.starts_with(FORMULA), "{cell}");
            assert_eq!(plain(&cell), text);
        }
        assert_eq!(not_a_formula("=1"), "'=1");
        assert_eq!(plain("plain"), "plain");
    }

    #[test]
    fn keys_are_letters_or_numbers() {
        assert_eq!(places("A, c"), Ok(vec![0, 2]));
        assert_eq!(places("1 3"), Ok(vec![0, 2]));
        assert_eq!(places(&letters(&[1, 0])), Ok(vec![1, 0]));
        assert_eq!(places(""), Ok(Vec::new()));
        for text in ["0", "AB", "?", "-1"] {
            assert!(places(text).is_err(), "{text}");
        }
    }
}
