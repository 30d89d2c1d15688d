//! Each Rust file opens with `//!`, which says what the module is for, and no module is named
//! `mod.rs`: an editor full of tabs called `mod.rs` helps nobody.

use super::files::SourceFile;

/// Names files without a head and files named `mod.rs`.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if !opens_with_purpose(&file.text) {
            problems.push(format!(
                "{} must say on line 1, with //!, what it is for",
                file.path
            ));
        }
        if file.path.rsplit('/').next() == Some("mod.rs") {
            problems.push(format!(
                "{} must be named after its module: foo.rs + foo/",
                file.path
            ));
        }
    }
    problems
}

fn opens_with_purpose(text: &str) -> bool {
    let head = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//!"));
    head.is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_with_words_passes() {
        assert!(opens_with_purpose("//! Reads captions.\nfn main() {}\n"));
    }

    #[test]
    fn anything_else_on_the_first_line_fails() {
        for text in [
            "",
            "//!\n//! Late.",
            "\n//! Late.",
            "// A comment.",
            "use std::fs;",
        ] {
            assert!(!opens_with_purpose(text), "{text:?}");
        }
    }

    #[test]
    fn only_rust_is_asked_and_mod_rs_is_refused() {
        let files = [
            SourceFile::new("docs/notes.md", "no head"),
            SourceFile::new("src/store/mod.rs", "//! The store."),
            SourceFile::new("tests/tests/find.rs", "use mirage;"),
        ];
        let problems = check(&files);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("src/store/mod.rs must be named"));
        assert!(problems[1].starts_with("tests/tests/find.rs must say"));
    }
}
