//! Words as they are compared: small Latin letters without accents, whatever disguise they came in.
//! What they mean is decided elsewhere.

/// Letters of other scripts that look like Latin ones.
const LOOKS: &[(&str, char)] = &[
    ("аαɑ", 'a'),
    ("вβ", 'b'),
    ("сς", 'c'),
    ("еεёє", 'e'),
    ("нһ", 'h'),
    ("іιї", 'i'),
    ("кκ", 'k'),
    ("м", 'm'),
    ("оοσ", 'o'),
    ("рρ", 'p'),
    ("ѕ", 's'),
    ("тτ", 't'),
    ("υ", 'u'),
    ("ν", 'v'),
    ("хχ", 'x'),
    ("уγ", 'y'),
];
/// Digits and signs that stand for letters.
const STANDS_FOR: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'i'),
    ('3', 'e'),
    ('4', 'a'),
    ('5', 's'),
    ('7', 't'),
    ('@', 'a'),
    ('$', 's'),
];
/// Accented Latin letters.
const ACCENTS: &[(&str, char)] = &[
    ("àáâãäåāăą", 'a'),
    ("çćč", 'c'),
    ("èéêëēęě", 'e'),
    ("ìíîïīı", 'i'),
    ("ñńň", 'n'),
    ("òóôõöøō", 'o'),
    ("śšş", 's'),
    ("ùúûüūů", 'u'),
    ("ýÿ", 'y'),
    ("źżž", 'z'),
];
/// So many letters that stand alone, one after the other, are a word.
const SPELLED: usize = 3;

/// The words of a text. A word with digits comes a second time with the letters that they may stand
/// for, letters that stand alone come together as well, and "X-ray" comes as one word too.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let seen: String = text.chars().filter(|letter| !is_unseen(*letter)).collect();
    let folded: String = seen
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(fold)
        .collect();
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '@' | '$');
    let words: Vec<&str> = folded
        .split(|letter: char| !is_part(letter))
        .filter(|word| !word.is_empty())
        .collect();
    let mut tokens: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    tokens.extend(words.iter().filter_map(|word| undisguised(word)));
    let spelled = words.split(|word| word.chars().count() > 1);
    let spelled = spelled.filter(|letters| letters.len() >= SPELLED);
    tokens.extend(spelled.map(|letters| letters.join("")));
    let is_xray = |pair: &&[&str]| pair[0] == "x" && pair[1].starts_with("ray");
    tokens.extend(words.windows(2).filter(is_xray).map(|pair| pair.join("")));
    tokens
}

/// Letters without width, and those that change the direction of writing.
pub(super) fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e01ef}'
    )
}

/// Whether a letter beyond the usual ones is a form of a Latin one.
pub(super) fn is_latin(letter: char) -> bool {
    matches!(letter, '\u{1e00}'..='\u{1eff}' | '\u{250}'..='\u{2af}' | '\u{ff21}'..='\u{ff5a}')
        || fold(letter).is_some_and(|folded| folded.is_ascii())
}

/// A small letter as it is compared; `None` for an accent that stands alone.
fn fold(letter: char) -> Option<char> {
    if matches!(letter, '\u{300}'..='\u{36f}') {
        return None;
    }
    // Full-width forms, and the slanted and bold letters of mathematics.
    let letter = match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0)?,
        '\u{1d400}'..='\u{1d6a3}' => {
            let place = u8::try_from((u32::from(letter) - 0x1d400) % 26).ok()?;
            char::from(b'a' + place)
        }
        _ => letter,
    };
    let letter = letter.to_ascii_lowercase();
    let in_table = |table: &[(&str, char)]| {
        let found = table.iter().find(|(forms, _)| forms.contains(letter));
        found.map(|(_, plain)| *plain)
    };
    Some(
        in_table(ACCENTS)
            .or_else(|| in_table(LOOKS))
            .unwrap_or(letter),
    )
}

/// A word whose digits and signs are read as letters; `None` if it has none, or nothing else.
fn undisguised(word: &str) -> Option<String> {
    let reading = |letter: char| {
        let found = STANDS_FOR.iter().find(|(sign, _)| *sign == letter);
        found.map_or(letter, |(_, plain)| *plain)
    };
    let has_letters = word.chars().any(char::is_alphabetic);
    let read: String = word.chars().map(reading).collect();
    (has_letters && read != word).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, word: &str) -> bool {
        tokens(text).iter().any(|token| token == word)
    }

    #[test]
    fn words_are_small_and_plain() {
        assert_eq!(
            tokens("Chest X-ray, PA"),
            ["chest", "x", "ray", "pa", "xray"]
        );
        assert!(has("Röntgen", "rontgen") && has("ＭＲＩ", "mri") && has("e\u{301}cho", "echo"));
        assert!(tokens("").is_empty() && tokens("…!").is_empty());
    }

    #[test]
    fn disguises_are_seen_through() {
        for text in [
            "nude",
            "N U D E",
            "n.u.d.e",
            "nu\u{200b}de",
            "nudе",
            "𝐧𝐮𝐝𝐞",
            "nud3",
            "ñüdé",
        ] {
            assert!(has(text, "nude"), "{text}: {:?}", tokens(text));
        }
        assert!(has("$3x", "sex") && has("p0rn", "porn"));
    }

    #[test]
    fn numbers_and_single_letters_stay_what_they_are() {
        assert_eq!(tokens("T 1"), ["t", "1"]);
        assert_eq!(tokens("60 mm"), ["60", "mm"]);
        assert!(has("T2 FLAIR", "t2"));
    }
}
