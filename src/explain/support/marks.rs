//! The words of a sentence with what the check must know of each: the clause it stands in, whether
//! it is denied or only held for likely, and whether it refers back. It reads forms, not meaning.

use super::super::words::{Piece, canonical, is_number, is_stop, key, pieces};

/// Words that say nothing about a picture by themselves.
const NEUTRAL: &[&str] = &[
    "lie", "lies", "lay", "lying", "locate", "located", "seen", "see", "show", "shows", "shown",
    "showing", "visible", "image", "images", "picture", "pictures", "also", "found", "find",
    "appear", "appears", "view", "views", "there", "here", "have", "has", "had", "been", "being",
    "which", "who", "whom", "whose", "its", "it", "they", "them", "that", "this", "these", "those",
    "from", "than", "as", "does", "do", "did", "some", "any", "just", "when", "where", "what",
    "how", "so",
];
/// Words that take up what was said before.
const REFERRING: &[&str] = &["which", "whom", "whose", "it", "its", "they", "them"];
/// Words after which something is said not to be there.
const DENYING: &[&str] = &[
    "no", "not", "without", "never", "neither", "nor", "absent", "cannot", "lack", "lacks", "isn",
    "aren", "wasn", "weren", "doesn", "don", "didn", "hasn", "haven", "won", "couldn",
];
/// Words that deny what stands before them.
const DENYING_BEFORE: &[&str] = &["absent", "excluded", "ruled"];
/// Denies the next word alone, as in `non-ossifying`.
const DENYING_NEXT: &str = "non";
/// Words that a denial doesn't reach beyond.
const ENDING: &[&str] = &[
    "on", "in", "at", "with", "but", "however", "although", "shows",
];
/// Content words that a denial reaches.
const REACH: usize = 3;
/// Words after which everything up to the end of the clause is held for possible, or only said of
/// the picture.
const HEDGING: &[&str] = &[
    "may",
    "might",
    "can",
    "could",
    "cannot",
    "possible",
    "possibly",
    "probable",
    "probably",
    "likely",
    "suspected",
    "suspicious",
    "suspect",
    "presumed",
    "documented",
    "labelled",
    "labeled",
    "labels",
    "label",
    "suggests",
    "suggest",
    "suggesting",
    "suggestive",
    "consistent",
    "example",
];
/// Words after which the next few are so in some cases only.
const AT_TIMES: &[&str] = &[
    "mostly",
    "often",
    "sometimes",
    "usually",
    "typically",
    "frequently",
];
/// Content words that one of [`AT_TIMES`] reaches.
const AT_TIMES_REACH: usize = 3;

/// A content word of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is compared by.
    pub(super) key: String,
    /// Whether it is a number.
    pub(super) is_number: bool,
    /// Clause and bracket that it stands in.
    pub(super) place: (usize, usize),
    /// Whether something ends or lists before it: a mark, `and`, `or`.
    pub(super) after_boundary: bool,
    /// Whether its clause begins with a word that takes up the word before.
    pub(super) refers_back: bool,
    pub(super) denied: bool,
    pub(super) hedged: bool,
}

impl Token {
    /// Whether a claim may hold this word because a source holds the other: they are one word,
    /// equally denied, and the claim is not the more certain one.
    pub(super) fn follows_from(&self, source: &Self) -> bool {
        self.key == source.key && self.denied == source.denied && (self.hedged || !source.hedged)
    }
}

/// What of denial a sentence holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cues {
    /// Something denies what follows.
    pub(super) denies: bool,
    /// Something denies what stands before it.
    pub(super) denies_before: bool,
    /// Anything denies anything.
    pub(super) any: bool,
}

/// Looks for denials anywhere in a sentence.
pub(super) fn cues(text: &str) -> Cues {
    let mut cues = Cues::default();
    for piece in pieces(text) {
        if let Piece::Word(word) = piece {
            let word = word.as_str();
            cues.denies |= DENYING.contains(&word) || DENYING_BEFORE.contains(&word);
            cues.denies_before |= DENYING_BEFORE.contains(&word);
            cues.any |= cues.denies || word == DENYING_NEXT;
        }
    }
    cues
}

/// The content words of a sentence, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader::default();
    for piece in pieces(text) {
        match piece {
            Piece::Mark(mark) => reader.mark(mark),
            Piece::Word(word) => reader.word(&word),
        }
    }
    reader.tokens
}

/// Reads a sentence from its start.
#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    clause: usize,
    brackets: usize,
    /// How many brackets are open.
    depth: usize,
    /// Content words that a denial still reaches.
    denied: usize,
    /// Content words that a hedge still reaches.
    hedged: usize,
    after_boundary: bool,
    refers_back: bool,
}

impl Reader {
    fn mark(&mut self, mark: char) {
        self.after_boundary = true;
        match mark {
            '(' => {
                self.brackets += 1;
                self.depth += 1;
            }
            ')' => self.depth = self.depth.saturating_sub(1),
            ',' => {
                self.clause += 1;
                self.refers_back = false;
            }
            _ => {
                self.clause += 1;
                self.refers_back = false;
                (self.denied, self.hedged) = (0, 0);
            }
        }
    }

    fn word(&mut self, word: &str) {
        if matches!(word, "and" | "or") {
            self.after_boundary = true;
        }
        self.refers_back |= REFERRING.contains(&word);
        if word == DENYING_NEXT {
            self.denied = 1;
            return;
        }
        if ENDING.contains(&word) {
            self.denied = 0;
        }
        if DENYING.contains(&word) {
            self.denied = REACH;
        }
        if HEDGING.contains(&word) {
            self.hedged = usize::MAX;
        }
        if AT_TIMES.contains(&word) {
            self.hedged = self.hedged.max(AT_TIMES_REACH);
        }
        if is_content(word) {
            self.take(word);
        }
    }

    fn take(&mut self, word: &str) {
        self.tokens.push(Token {
            key: key(word),
            is_number: is_number(canonical(word)),
            place: (self.clause, if self.depth > 0 { self.brackets } else { 0 }),
            after_boundary: self.after_boundary,
            refers_back: self.refers_back,
            denied: self.denied > 0,
            hedged: self.hedged > 0,
        });
        self.denied = self.denied.saturating_sub(1);
        if self.hedged != usize::MAX {
            self.hedged = self.hedged.saturating_sub(1);
        }
        (self.after_boundary, self.refers_back) = (false, false);
    }
}

/// Whether a word must stand in the source.
fn is_content(word: &str) -> bool {
    let plain = canonical(word);
    let is_letter = plain.chars().count() == 1 && !is_number(plain);
    !(is_letter
        || is_stop(plain)
        || NEUTRAL.contains(&plain)
        || DENYING.contains(&word)
        || HEDGING.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, is: impl Fn(&Token) -> bool) -> Vec<String> {
        let tokens = tokens(text).into_iter();
        let kept = tokens.filter(|token| is(token));
        kept.map(|token| token.key).collect()
    }

    #[test]
    fn a_denial_reaches_to_the_next_preposition_or_clause() {
        let denied = |text: &str| told(text, |token| token.denied);
        assert_eq!(
            denied("Radiograph without pneumothorax or pleural effusion in the lung."),
            ["pneumothorax", "pleural", "effus"]
        );
        assert_eq!(denied("No fracture, but an effusion."), ["fractur"]);
        assert_eq!(denied("A non-ossifying fibroma"), ["ossifi"]);
        assert!(denied("The heart is enlarged.").is_empty());
    }

    #[test]
    fn what_is_held_for_likely_is_marked_to_the_end_of_its_clause() {
        let hedged = |text: &str| told(text, |token| token.hedged);
        assert_eq!(
            hedged("X-ray of the leg, documented as a fibroma of the tibia. Normal ankle."),
            ["fibroma", "tibia"]
        );
        assert_eq!(
            hedged("In the hemisphere, mostly the left."),
            ["mostli", "left"]
        );
    }

    #[test]
    fn clauses_and_brackets_are_places() {
        let tokens = tokens("Pons (ventral part) in front; it bulges");
        let places: Vec<(usize, usize)> = tokens.iter().map(|token| token.place).collect();
        assert_eq!(places, [(0, 0), (0, 1), (0, 1), (0, 0), (1, 0)]);
        assert!(tokens[4].refers_back && !tokens[0].refers_back);
    }
}
