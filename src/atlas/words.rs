//! How words are compared: the settings of the full-text index, and which words of a query a text
//! holds. The index itself is LanceDB's.

use std::collections::HashSet;

use lancedb::index::scalar::FtsIndexBuilder;
use lancedb::table::tokenize;

/// English stems, without stop words, accents and case, so that `scans` finds `scan`.
pub(super) fn index_parameters() -> FtsIndexBuilder {
    FtsIndexBuilder::default()
        .stem(true)
        .remove_stop_words(true)
        .lower_case(true)
        .ascii_folding(true)
        .with_position(false)
}

/// Whether a query has any word that the index could know.
pub(super) fn has_words(query: &str) -> bool {
    !stems(query).is_empty()
}

/// The words of `query` that `text` holds too, in the query's order and spelling, each once.
pub(super) fn shared_words(query: &str, text: &str) -> Vec<String> {
    let known: HashSet<String> = stems(text).into_iter().collect();
    let mut seen = HashSet::new();
    query
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| stems(word).iter().any(|stem| known.contains(stem)))
        .map(str::to_lowercase)
        .filter(|word| seen.insert(word.clone()))
        .collect()
}

fn stems(text: &str) -> Vec<String> {
    // The tokenizer is built from constants, so it can't fail on a text.
    let tokens = tokenize(text, &index_parameters()).unwrap_or_default();
    tokens.into_iter().map(|token| token.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shared_by_stem() {
        let text = "Axial MRI scans of the shoulder with the rotator cuff.";
        assert_eq!(
            shared_words("Shoulder scan, of the SHOULDER", text),
            ["shoulder", "scan"]
        );
        assert!(shared_words("knee", text).is_empty());
    }

    #[test]
    fn signs_and_stop_words_are_no_words() {
        for query in ["🩻🧠", "the of and", "…", ""] {
            assert!(!has_words(query), "{query}");
        }
        assert!(has_words("'; DROP TABLE entries; --"));
    }
}
