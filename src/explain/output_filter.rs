//! The last look at a sentence before it is shown, whoever worded it: no mass mention, no mention of
//! anybody, no invite, no address, nothing that breaks out of the line that it is written on. What
//! fails is withheld as a whole, since what is left of it might say something else.

/// Parts that no sentence of an explanation holds, in lower case.
const FORBIDDEN: &[&str] = &[
    "@everyone",
    "@here",
    "<@",
    "<#",
    "<:",
    "<a:",
    "<t:",
    "</",
    "discord.gg",
    "discord.com/",
    "discordapp.com/",
    "://",
    "www.",
    "mailto:",
    "```",
    "](",
    "||",
];
/// Signs that make a heading, a quote or a list of a line that begins with them.
const LINE_STARTS: &[char] = &['#', '>', '*', '-', '~', '`'];

/// The sentence on one line, if it may be shown.
pub(super) fn shown(sentence: &str) -> Option<String> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let line: String = words.join(" ");
    let line: String = line.chars().filter(|letter| !is_hidden(*letter)).collect();
    let line = line.trim_start_matches(LINE_STARTS).trim();
    let lower = line.to_lowercase();
    let is_forbidden = FORBIDDEN.iter().any(|part| lower.contains(part));
    let is_said = line.chars().any(char::is_alphanumeric);
    (is_said && !is_forbidden).then(|| line.to_owned())
}

/// Control characters, and those that hide or turn what follows.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            u32::from(letter),
            0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe_0000..=0xe_007f
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_people_or_leaves_the_line_is_withheld() {
        for sentence in [
            "Look, @everyone!",
            "@\u{200b}here",
            "Ask <@123> about it.",
            "Join discord.gg/abc",
            "See HTTPS://example.org",
            "See www.example.org",
            "[free](x)",
            "a ``` b",
            "a ||spoiler||",
            "</find:1>",
            "…",
            "",
        ] {
            assert_eq!(shown(sentence), None, "{sentence}");
        }
    }

    #[test]
    fn a_sentence_stays_on_its_line() {
        assert_eq!(shown("# A\n> heading").as_deref(), Some("A > heading"));
        assert_eq!(
            shown("- T2*-weighted,\tsize < 3 mm").as_deref(),
            Some("T2*-weighted, size < 3 mm")
        );
        assert_eq!(shown("a\u{202e}b").as_deref(), Some("ab"));
    }
}
