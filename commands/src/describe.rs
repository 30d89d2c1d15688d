//! What is said of a result, in plain text: the same words in Discord and in a shell. Markup,
//! lengths and layout are the callers'.

use mirage::atlas::{Entry, Filter, FittingWord, Hit, MOST_COUNTED, NoMatch, PartMatches};

/// What leads to the pictures that are shown in place of none.
pub(crate) const WITHOUT_FILTER: &str = "Without the filter there is:";
/// What is said when the nearest pictures are no nearer than any two are by chance.
pub(crate) const NOTHING_CLOSE: &str =
    "Nothing close to the picture is in this atlas; these are the nearest.";

/// What is said when a file holds more than was compared.
pub(crate) const FIRST_FRAME: &str = "The file has several frames; only the first was looked at.";

/// The words that fit a picture, each with the results that carry it, in one line: a rank and a
/// reason, never a percentage. `None` where no word fits. `show` fits a word to where it is read.
pub(crate) fn fitting_words(
    words: &[FittingWord],
    show: impl Fn(&str) -> String,
) -> Option<String> {
    let told = words.iter().map(|word| {
        let ranks: Vec<String> = word.results.iter().map(ToString::to_string).collect();
        let results = match (word.rank, ranks.len()) {
            (1, 1) => "result ",
            (1, _) => "results ",
            _ => "",
        };
        format!("{} ({results}{})", show(&word.word), ranks.join(", "))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("Words that fit the picture best: {}.", told.join(" · ")))
}

/// Why a filter lets nothing pass, a sentence each: values that nobody has with what is near, and
/// what each value would leave by itself. `quote` and `show` fit values to where they are read.
pub(crate) fn no_match(
    filter: &Filter,
    no_match: &NoMatch,
    parts: &[PartMatches],
    quote: impl Fn(&str) -> String,
    show: impl Fn(&str) -> String,
) -> Vec<String> {
    let unknown = no_match.unknown.iter().map(|(field, value, nearest)| {
        let near = match nearest.as_slice() {
            [] => String::new(),
            nearest => format!("; the nearest: {}", show(&nearest.join(", "))),
        };
        format!("No picture has the {field} {}{near}.", quote(value))
    });
    let mut sentences: Vec<String> = unknown.collect();
    if sentences.is_empty() {
        let together = filter.set().count() > 1;
        sentences.push(if together {
            "Each value exists, but no picture has them together.".to_owned()
        } else {
            "The value exists, but no other picture has it.".to_owned()
        });
    }
    let is_unknown = |part: &PartMatches| {
        let mut unknown = no_match.unknown.iter();
        unknown.any(|(field, ..)| *field == part.field)
    };
    let counts: Vec<String> = parts
        .iter()
        .filter(|part| !is_unknown(part))
        .map(|part| {
            let (field, count) = (part.field, counted(part.matches));
            format!("with {field} {} alone: {count}", quote(&part.value))
        })
        .collect();
    if !counts.is_empty() {
        sentences.push(sentence_case(&format!("{}.", counts.join("; "))));
    }
    sentences
}

fn counted(matches: usize) -> String {
    match matches {
        1 => "1 picture".to_owned(),
        MOST_COUNTED.. => format!("{MOST_COUNTED} pictures or more"),
        few => format!("{few} pictures"),
    }
}

/// Modality, plane and body part: what one wants to know first.
pub(crate) fn heading(entry: &Entry) -> String {
    let description = &entry.description;
    let known: Vec<&str> = [
        Some(description.modality.as_str()),
        description.plane.as_deref(),
        description.body_part.as_deref(),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    if known.is_empty() {
        "Picture".to_owned()
    } else {
        known.join(", ")
    }
}

/// The caption, or what stands for it.
pub(crate) fn caption(entry: &Entry) -> String {
    match entry.description.caption.trim() {
        "" => entry.alt_text().into_owned(),
        caption => caption.to_owned(),
    }
}

/// Why a hit was found, in words: never a percentage.
pub(crate) fn reason(hit: &Hit) -> String {
    let reasons = hit.matched_by.to_string();
    match (reasons.as_str(), hit.shared_words.as_slice()) {
        ("", _) => "not kept by the version that found it".to_owned(),
        (_, []) => reasons,
        (_, words) => format!("{reasons}: {}", words.join(", ")),
    }
}

/// The source in words.
pub(crate) fn source(entry: &Entry) -> &str {
    or_unknown(&entry.provenance.source)
}

/// The licence's name.
pub(crate) fn licence(entry: &Entry) -> &str {
    or_unknown(&entry.provenance.licence)
}

/// The text, or what stands for it.
pub(crate) fn or_unknown(text: &str) -> &str {
    if text.trim().is_empty() {
        "unknown"
    } else {
        text
    }
}

/// The text with a capital at its start.
pub(crate) fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Whether a character turns the direction of what follows it, beyond its own text: embeddings,
/// overrides and isolates. The marks U+200E and U+200F act on their place alone.
pub(crate) fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text without characters that would turn what stands after it.
pub(crate) fn without_turns(text: &str) -> String {
    text.chars()
        .filter(|character| !turns_direction(*character))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage::atlas::{
        Description, EntryId, Field, MatchedBy, Provenance, ScoreParts, WordField,
    };

    fn hit(matched_by: MatchedBy, shared_words: &[&str]) -> Hit {
        Hit {
            rank: 1,
            entry: Entry {
                id: EntryId::new("mine", "a"),
                collection: "mine".to_owned(),
                description: Description {
                    modality: "MRI".to_owned(),
                    body_part: Some("shoulder".to_owned()),
                    ..Description::default()
                },
                provenance: Provenance::default(),
                width: 4,
                height: 3,
            },
            matched_by,
            shared_words: shared_words.iter().map(|word| (*word).to_owned()).collect(),
            score: ScoreParts::default(),
        }
    }

    #[test]
    fn the_reason_is_told_in_words() {
        let both = MatchedBy {
            meaning: true,
            ..MatchedBy::WORDS
        };
        assert_eq!(
            reason(&hit(both, &["shoulder", "mri"])),
            "meaning and words: shoulder, mri"
        );
        assert_eq!(reason(&hit(MatchedBy::PICTURE, &[])), "picture");
        let unknown = reason(&hit(MatchedBy::default(), &[]));
        assert!(unknown.starts_with("not kept"), "{unknown}");
        assert_eq!(sentence_case("meaning"), "Meaning");
        assert_eq!(sentence_case(""), "");
    }

    #[test]
    fn fitting_words_are_told_with_their_results() {
        let word = |rank, word: &str, results: &[usize]| FittingWord {
            word: word.to_owned(),
            field: WordField::Label,
            rank,
            evidence: Vec::new(),
            results: results.to_vec(),
        };
        let words = [word(1, "MRI", &[1, 2, 4]), word(2, "brain", &[2])];
        let told = |words: &[FittingWord]| fitting_words(words, |word| format!("*{word}*"));
        assert_eq!(
            told(&words).as_deref(),
            Some("Words that fit the picture best: *MRI* (results 1, 2, 4) · *brain* (2).")
        );
        let one = [word(1, "MRI", &[3])];
        assert!(told(&one).is_some_and(|line| line.ends_with("*MRI* (result 3).")));
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn what_is_not_known_has_a_word_all_the_same() {
        let entry = hit(MatchedBy::WORDS, &[]).entry;
        assert_eq!(heading(&entry), "MRI, shoulder");
        assert_eq!(caption(&entry), entry.alt_text());
        assert_eq!((source(&entry), licence(&entry)), ("unknown", "unknown"));
    }

    #[test]
    fn only_marks_that_act_on_their_place_stay() {
        let text = "a\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}b\u{2066}\u{2067}\u{2068}\u{2069}c";
        assert_eq!(without_turns(text), "abc");
        assert_eq!(without_turns("\u{200e}a\u{200f}"), "\u{200e}a\u{200f}");
    }

    fn say(filter: &Filter, reasons: &NoMatch, parts: &[PartMatches]) -> Vec<String> {
        let quote = |text: &str| format!("'{text}'");
        no_match(filter, reasons, parts, quote, str::to_owned)
    }

    fn part(field: Field, value: &str, matches: usize) -> PartMatches {
        PartMatches {
            field,
            value: value.to_owned(),
            matches,
        }
    }

    #[test]
    fn a_filter_that_nobody_passes_is_explained_value_by_value() {
        let one = Filter {
            modality: Some("MRI".to_owned()),
            ..Filter::default()
        };
        let both = Filter {
            licence: Some("CC0-1.0".to_owned()),
            ..one.clone()
        };
        let known = NoMatch {
            unknown: Vec::new(),
            without_filter: Vec::new(),
        };
        let parts = [
            part(Field::Modality, "MRI", MOST_COUNTED),
            part(Field::Licence, "CC0-1.0", 1),
        ];
        assert_eq!(
            say(&both, &known, &parts),
            [
                "Each value exists, but no picture has them together.",
                "With modality 'MRI' alone: 1000 pictures or more; \
                 with licence 'CC0-1.0' alone: 1 picture."
            ]
        );
        assert_eq!(
            say(&one, &known, &[]),
            ["The value exists, but no other picture has it."]
        );
        let unknown = NoMatch {
            unknown: vec![(Field::Modality, "MIR".to_owned(), vec!["MRI".to_owned()])],
            ..known
        };
        let parts = [
            part(Field::Modality, "MIR", 0),
            part(Field::Licence, "CC0-1.0", 3),
        ];
        assert_eq!(
            say(&both, &unknown, &parts),
            [
                "No picture has the modality 'MIR'; the nearest: MRI.",
                "With licence 'CC0-1.0' alone: 3 pictures."
            ]
        );
    }
}
