//! Words as BM25 compares them: lower case, without accents and stop words, English stems. The same
//! steps as the atlas's word index takes; the stems are Porter's of 1980 ("An algorithm for suffix
//! stripping", Program 14), where the index has his later ones, which differ in few words.

/// Words that say nothing, as Lucene has them and the atlas's index with it.
pub(crate) const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
];

/// Suffixes of step 2 and what they become, where something is left before them.
const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("abli", "able"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
];
/// The same of step 3.
const STEP_3: &[(&str, &str)] = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];
/// Suffixes that step 4 drops; the longer of two that fit comes first.
const STEP_4: &[&str] = &[
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous",
    "ive", "ize", "ion", "al", "er", "ic", "ou",
];

/// The words of a text in lower case and without accents, in order; stop words are left out.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = text.to_lowercase().chars().map(without_accent).collect();
    folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(str::to_owned)
        .collect()
}

/// The stems of a text's words, in order.
pub(crate) fn stems(text: &str) -> Vec<String> {
    words(text).iter().map(|word| stem(word)).collect()
}

/// The letter below the accent, in the blocks that European languages use most.
pub(crate) fn without_accent(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ś' | 'š' | 'ş' => 's',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ž' | 'ź' | 'ż' => 'z',
        other => other,
    }
}

/// The stem of a word in lower case. Words with other signs than a to z stay as they are.
pub(crate) fn stem(word: &str) -> String {
    if word.len() <= 2 || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut word = past_and_progress(plural(word.to_owned()));
    if let Some(rest) = word.strip_suffix('y').filter(|rest| has_vowel(rest)) {
        word = format!("{rest}i");
    }
    word = replaced(word, STEP_2);
    word = replaced(word, STEP_3);
    last(dropped(word))
}

/// Step 1a.
fn plural(word: String) -> String {
    for (suffix, keep) in [("sses", 2), ("ies", 1), ("ss", 2), ("s", 0)] {
        if word.ends_with(suffix) {
            return word[..word.len() - suffix.len() + keep].to_owned();
        }
    }
    word
}

/// Step 1b.
fn past_and_progress(word: String) -> String {
    if let Some(rest) = word.strip_suffix("eed") {
        return if measure(rest) > 0 {
            format!("{rest}ee")
        } else {
            word
        };
    }
    let rest = word.strip_suffix("ed").or(word.strip_suffix("ing"));
    let Some(rest) = rest.filter(|rest| has_vowel(rest)) else {
        return word;
    };
    if rest.ends_with("at") || rest.ends_with("bl") || rest.ends_with("iz") {
        format!("{rest}e")
    } else if ends_doubled(rest) && !rest.ends_with(['l', 's', 'z']) {
        rest[..rest.len() - 1].to_owned()
    } else if measure(rest) == 1 && ends_short(rest) {
        format!("{rest}e")
    } else {
        rest.to_owned()
    }
}

/// Steps 2 and 3: of the suffixes that fit, only the longest is looked at.
fn replaced(word: String, rules: &[(&str, &str)]) -> String {
    let fitting = rules.iter().filter(|(suffix, _)| word.ends_with(suffix));
    let Some((suffix, other)) = fitting.max_by_key(|(suffix, _)| suffix.len()) else {
        return word;
    };
    let rest = &word[..word.len() - suffix.len()];
    if measure(rest) > 0 {
        format!("{rest}{other}")
    } else {
        word
    }
}

/// Step 4.
fn dropped(word: String) -> String {
    let Some(suffix) = STEP_4.iter().find(|suffix| word.ends_with(**suffix)) else {
        return word;
    };
    let rest = &word[..word.len() - suffix.len()];
    let fits = *suffix != "ion" || rest.ends_with(['s', 't']);
    if fits && measure(rest) > 1 {
        rest.to_owned()
    } else {
        word
    }
}

/// Step 5.
fn last(mut word: String) -> String {
    if let Some(rest) = word.strip_suffix('e') {
        let measure = measure(rest);
        if measure > 1 || (measure == 1 && !ends_short(rest)) {
            word.pop();
        }
    }
    if word.ends_with("ll") && measure(&word) > 1 {
        word.pop();
    }
    word
}

/// Whether each letter is a vowel; `y` is one after a consonant.
fn vowels(word: &str) -> Vec<bool> {
    let mut vowels: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word.bytes() {
        let after_consonant = vowels.last().is_some_and(|vowel| !vowel);
        vowels.push(match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => true,
            b'y' => after_consonant,
            _ => false,
        });
    }
    vowels
}

/// How often a consonant follows a vowel: Porter's m.
fn measure(word: &str) -> usize {
    let vowels = vowels(word);
    let pairs = vowels.windows(2);
    pairs.filter(|pair| matches!(pair, [true, false])).count()
}

fn has_vowel(word: &str) -> bool {
    vowels(word).contains(&true)
}

/// Porter's *d: the word ends in a doubled consonant.
fn ends_doubled(word: &str) -> bool {
    let same = matches!(word.as_bytes(), [.., one, other] if one == other);
    same && vowels(word).last() == Some(&false)
}

/// Porter's *o: consonant, vowel, consonant, and the last is not w, x or y.
fn ends_short(word: &str) -> bool {
    matches!(vowels(word).as_slice(), [.., false, true, false]) && !word.ends_with(['w', 'x', 'y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_those_of_the_paper() {
        let pairs = [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("agreed", "agre"),
            ("feed", "feed"),
            ("plastered", "plaster"),
            ("sing", "sing"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("sky", "sky"),
            ("relational", "relat"),
            ("vietnamization", "vietnam"),
            ("hopefulness", "hope"),
            ("formalize", "formal"),
            ("electrical", "electr"),
            ("replacement", "replac"),
            ("adoption", "adopt"),
            ("probate", "probat"),
            ("rate", "rate"),
            ("controll", "control"),
            ("generalizations", "gener"),
        ];
        for (word, expected) in pairs {
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn words_are_compared_as_in_the_atlas() {
        assert_eq!(
            stems("Axial MRI scans, of the Œdèmes; T2-weighted"),
            ["axial", "mri", "scan", "œdemes", "t2", "weight"]
        );
        assert!(stems("the of and … 🩻").is_empty());
    }
}
