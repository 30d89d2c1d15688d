//! Words as explanations compare them: lower case, without accents, each thing spelled in one way.
//! British and American forms, Latin plurals and the adjectives of organs come out equal. It knows
//! no sentence and no meaning.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::evaluation::stem::{STOP_WORDS, stem, without_accent};

/// Marks that end or part a clause; other signs only part words.
const MARKS: &[char] = &['.', ',', ';', ':', '!', '?', '(', ')', '·', '\n'];

/// Words that stand for one another, the first of each line for the others.
const SAME: &[&str] = &[
    "gyrus gyri",
    "nucleus nuclei",
    "atrium atria",
    "sulcus sulci",
    "thalamus thalami thalamic",
    "vertebra vertebrae vertebral",
    "fossa fossae",
    "septum septa septal",
    "cortex cortices cortical",
    "xray xrays radiograph radiographs radiography radiographic roentgenogram",
    "gray grey",
    "color colour colours colors",
    "tumor tumour tumours tumors",
    "hematoxylin haematoxylin",
    "nevus naevus naevi nevi",
    "fiber fibre fibres fibers",
    "center centre centres centers",
    "ultrasound sonography ultrasonography sonogram sonograms",
    "heart cardiac",
    "retina retinal",
    "colon colonic",
    "liver hepatic",
    "kidney renal",
    "lung pulmonary",
    "cerebellum cerebellar",
    "hippocampus hippocampal",
    "tibia tibial",
    "insula insular",
    "skin cutaneous",
    "mitosis mitotic",
    "edema oedema",
    "hemorrhage haemorrhage",
    "echocardiogram echocardiography",
    "1 one",
    "2 two",
    "3 three",
    "4 four",
    "5 five",
    "6 six",
    "7 seven",
    "8 eight",
    "9 nine",
    "10 ten",
    "11 eleven",
    "12 twelve",
];

/// Groups of words that stand for others.
const PHRASES: &[(&[&str], &[&str])] = &[
    (&["magnetic", "resonance", "imaging"], &["mri"]),
    (&["haematoxylin", "and", "eosin"], &["he"]),
    (&["hematoxylin", "and", "eosin"], &["he"]),
    (&["magnetic", "resonance"], &["mri"]),
    (&["computed", "tomography"], &["ct"]),
    (&["x", "ray"], &["xray"]),
    (&["x", "rays"], &["xray"]),
    (&["h", "e"], &["he"]),
    (&["can", "t"], &["cannot"]),
    (&["brainstem"], &["brain", "stem"]),
];

/// What may stand behind a number without a space.
const UNITS: &[&str] = &[
    "mm", "cm", "m", "um", "nm", "ml", "l", "mg", "kg", "g", "hu", "hz", "t", "s", "ms", "mhz",
];

static CANONICAL: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = SAME.iter().map(|line| line.split(' '));
    let pairs = lines.flat_map(|mut words| {
        let first = words.next().unwrap_or_default();
        words.map(move |word| (word, first))
    });
    pairs.collect()
});

/// A word, or a mark between words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// In lower case without accents; a number without its zeros at the end.
    Word(String),
    /// One of [`MARKS`].
    Mark(char),
}

/// The words and marks of a text, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let letters: Vec<char> = text.to_lowercase().chars().map(without_accent).collect();
    let mut pieces = Vec::new();
    let mut word = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before_digit = letters.get(at + 1).is_some_and(char::is_ascii_digit);
        let in_number = matches!(letter, '.' | ',') && before_digit && is_number(&word);
        if letter.is_alphanumeric() || in_number {
            word.push(letter);
            continue;
        }
        finish(&mut pieces, &mut word);
        if MARKS.contains(&letter) {
            pieces.push(Piece::Mark(letter));
        }
    }
    finish(&mut pieces, &mut word);
    rephrased(&pieces)
}

/// Whether a word is written in digits alone.
pub(super) fn is_number(word: &str) -> bool {
    let digits = |letter: u8| letter.is_ascii_digit() || matches!(letter, b'.' | b',');
    word.starts_with(|letter: char| letter.is_ascii_digit()) && word.bytes().all(digits)
}

/// Takes what was collected as a word; a unit that is stuck to its number is a word of its own.
fn finish(pieces: &mut Vec<Piece>, word: &mut String) {
    if word.is_empty() {
        return;
    }
    let word = std::mem::take(word);
    let digits = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',');
    let end = word.find(|letter: char| !digits(letter));
    let (number, rest) = word.split_at(end.unwrap_or(word.len()));
    if number.is_empty() || !(rest.is_empty() || UNITS.contains(&rest)) {
        pieces.push(Piece::Word(word));
        return;
    }
    pieces.push(Piece::Word(plain_number(number)));
    if !rest.is_empty() {
        pieces.push(Piece::Word(rest.to_owned()));
    }
}

/// A number in one form: `2,000` is `2000`, `3,5` is `3.5`, `3.0` is `3`.
fn plain_number(number: &str) -> String {
    let groups = number.split(',').skip(1);
    let by_thousands = groups.clone().count() > 0 && groups.clone().all(|group| group.len() == 3);
    let number = number.replace(',', if by_thousands { "" } else { "." });
    if number.matches('.').count() == 1 {
        return number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned();
    }
    number
}

/// The same with each of [`PHRASES`] in its one form.
fn rephrased(pieces: &[Piece]) -> Vec<Piece> {
    let mut plain = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let is_here = |phrase: &&(&[&str], &[&str])| {
            let here = pieces.get(at..at + phrase.0.len()).unwrap_or_default();
            let mut pairs = here.iter().zip(phrase.0);
            here.len() == phrase.0.len()
                && pairs.all(|(piece, word)| matches!(piece, Piece::Word(other) if other == word))
        };
        if let Some((phrase, other)) = PHRASES.iter().find(is_here) {
            plain.extend(other.iter().map(|word| Piece::Word((*word).to_owned())));
            at += phrase.len();
        } else {
            plain.push(piece.clone());
            at += 1;
        }
    }
    plain
}

/// The form of a word that stands for all of its kind.
pub(super) fn canonical(word: &str) -> &str {
    CANONICAL.get(word).copied().unwrap_or(word)
}

/// Whether a word says nothing by itself.
pub(super) fn is_stop(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// What a word is compared by.
pub(super) fn key(word: &str) -> String {
    stem(canonical(word))
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let pieces = pieces(text).into_iter();
    let words = pieces.filter_map(|piece| match piece {
        Piece::Word(word) => Some(word),
        Piece::Mark(_) => None,
    });
    words.collect()
}

/// What the words of a text are compared by, in order and without stop words.
pub(super) fn keys(text: &str) -> Vec<String> {
    let words = words(text).into_iter();
    let told = words.filter(|word| !is_stop(canonical(word)));
    told.map(|word| key(&word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_one_key() {
        for (one, other) in [
            ("Frontal X-ray", "frontal radiographs"),
            ("grey matter", "gray matter"),
            ("tumours", "tumor"),
            ("naevi", "nevus"),
            ("brainstem", "brain stem"),
            ("magnetic resonance imaging", "MRI"),
            ("haematoxylin and eosin", "H&E"),
            ("cerebellar", "cerebellum"),
            ("two nuclei", "2 nucleus"),
        ] {
            assert_eq!(keys(one), keys(other), "{one}");
        }
        assert_ne!(keys("left lung"), keys("right lung"));
        assert_ne!(keys("T1-weighted"), keys("T2-weighted"));
    }

    #[test]
    fn numbers_keep_their_value_and_lose_their_form() {
        let told = |text: &str| words(text).join(" ");
        assert_eq!(told("3.30 cm"), "3.3 cm");
        assert_eq!(told("3,5cm"), "3.5 cm");
        assert_eq!(told("2,000 pixels."), "2000 pixels");
        assert_eq!(told("12mm, 1.5T"), "12 mm 1.5 t");
        assert_eq!(told("MNI152 at 10x"), "mni152 at 10x");
        assert_eq!(told("3.1.2"), "3.1.2");
    }

    #[test]
    fn marks_part_clauses_and_stay_out_of_numbers() {
        let marks: Vec<char> = pieces("A (3.3 cm), b; c: d. E")
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Mark(mark) => Some(mark),
                Piece::Word(_) => None,
            })
            .collect();
        assert_eq!(marks, ['(', ')', ',', ';', ':', '.']);
        assert!(pieces("🩻 …").is_empty());
    }
}
