//! Text for a terminal: wrapped at its width, without anything that could steer it. Captions come
//! from collections that nobody here wrote.

use std::io::IsTerminal as _;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::describe::turns_direction;

/// Longer lines are hard to read, however wide the window is.
const WIDEST: usize = 100;
/// What is taken where a terminal doesn't tell its width.
const USUAL: usize = 80;
/// Words need some room beside their label.
const NARROWEST: usize = 20;

/// Columns to write in. Text that goes elsewhere than to a terminal isn't wrapped: the next
/// program wants whole lines.
pub(crate) fn columns() -> usize {
    if std::io::stdout().is_terminal() {
        terminal_columns().unwrap_or(USUAL).min(WIDEST)
    } else {
        usize::MAX
    }
}

/// Asks `stty`, which POSIX has.
#[cfg(unix)]
fn terminal_columns() -> Option<usize> {
    let terminal = std::fs::File::open("/dev/tty").ok()?;
    let output = std::process::Command::new("stty")
        .arg("size")
        .stdin(terminal)
        .stderr(std::process::Stdio::null())
        .output()
        .ok()?;
    let size = String::from_utf8(output.stdout).ok()?;
    let columns: usize = size.split_whitespace().nth(1)?.parse().ok()?;
    (columns > 0).then_some(columns)
}

#[cfg(not(unix))]
fn terminal_columns() -> Option<usize> {
    None
}

/// The text without control characters and without what turns the direction of its line.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !turns_direction(*character))
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// The text in quotation marks, cut to a sensible length.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = clean(text);
    let text = text.trim();
    let mut short: String = text.graphemes(true).take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// `1 picture`, `3 pictures`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true)
        .map(|grapheme| match grapheme.chars().next() {
            Some(first) if is_wide(first) => 2,
            _ => 1,
        })
        .sum()
}

/// East Asian and pictorial characters take two columns: Unicode Standard Annex 11, by blocks.
fn is_wide(character: char) -> bool {
    matches!(u32::from(character),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff
        | 0x2_0000..=0x3_fffd)
}

/// Fills a text with spaces up to a width.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// A text that grows by wrapped paragraphs.
pub(crate) struct Paragraphs {
    columns: usize,
    text: String,
}

impl Paragraphs {
    /// Starts with nothing, for lines of that many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            columns,
            text: String::new(),
        }
    }

    /// Adds a paragraph from the left edge.
    pub(crate) fn line(&mut self, text: &str) {
        self.labelled("", text);
    }

    /// Adds a paragraph after a label; its further lines stand below its first one.
    pub(crate) fn labelled(&mut self, label: &str, text: &str) {
        let indent = width(label);
        let room = self.columns.saturating_sub(indent).max(NARROWEST);
        for (index, line) in wrap(&clean(text), room).iter().enumerate() {
            let start = if index == 0 {
                label.to_owned()
            } else {
                " ".repeat(indent)
            };
            self.text.push_str(&start);
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// All of it.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Lines of at most that many columns, at least one. Addresses stay whole: they are copied.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text
        .split_whitespace()
        .flat_map(|word| pieces(word, columns))
    {
        let needed = width(&word);
        if used > 0 && used + 1 + needed > columns {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word);
            used += needed;
        }
    }
    lines
}

/// A word that is wider than a line, as in a script without spaces, in pieces that fit.
fn pieces(word: &str, columns: usize) -> Vec<String> {
    if width(word) <= columns || word.contains("://") {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for grapheme in word.graphemes(true) {
        let full = pieces
            .last()
            .is_none_or(|piece| width(piece) + width(grapheme) > columns);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(grapheme);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_hangs_below_its_label() {
        let mut text = Paragraphs::new(24);
        text.labelled("Why ", "meaning and words: shoulder, MRI");
        assert_eq!(text.finish(), "Why meaning and words:\n    shoulder, MRI\n");
    }

    #[test]
    fn nothing_in_a_caption_steers_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[31mred\u{7}\u{9b}2J\nb\u{202e}c"),
            "a [31mred  2J bc"
        );
    }

    #[test]
    fn nothing_in_a_text_turns_its_line() {
        let turned = "a\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}b";
        assert_eq!(clean(turned), "ab");
        assert_eq!(quote(turned), "\"ab\"");
        let mut text = Paragraphs::new(usize::MAX);
        text.labelled("Source  ", turned);
        assert_eq!(text.finish(), "Source  ab\n");
    }

    #[test]
    fn wide_characters_take_two_columns_and_break_anywhere() {
        assert_eq!(width("脑部"), 4);
        assert_eq!(wrap("脑部磁共振", 4), ["脑部", "磁共", "振"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn addresses_stay_whole() {
        let address = "https://example.org/a/very/long/path/to/a/picture";
        assert_eq!(wrap(&format!("see {address}"), 20), ["see", address]);
    }

    #[test]
    fn quotes_are_bounded() {
        assert_eq!(quote(" a\nb "), "\"a b\"");
        assert_eq!(quote(&"x".repeat(2_000)).chars().count(), 83);
    }
}
