//! A file does one thing: no source file grows beyond [`LONGEST`] lines without a written reason.

use super::files::SourceFile;

/// Lines, comments and tests included.
const LONGEST: usize = 500;

/// What counts as source; data and prose may be longer.
const SOURCE: [&str; 6] = ["rs", "js", "css", "html", "py", "sql"];

/// Longer files, each with the reason why it isn't split.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Names files that are too long and exceptions that are no longer needed.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    compare(files, EXCEPTIONS)
}

fn compare(files: &[SourceFile], exceptions: &[(&str, &str)]) -> Vec<String> {
    let is_long = |file: &SourceFile| file.text.lines().count() > LONGEST;
    let is_excepted = |file: &SourceFile| exceptions.iter().any(|(path, _)| *path == file.path);
    let long = files
        .iter()
        .filter(|file| file.has_extension(&SOURCE) && is_long(file) && !is_excepted(file))
        .map(|file| {
            let lines = file.text.lines().count();
            format!(
                "{} has {lines} lines; split it, {LONGEST} is the most",
                file.path
            )
        });
    let stale = exceptions
        .iter()
        .filter(|(path, _)| !files.iter().any(|file| file.path == *path && is_long(file)))
        .map(|(path, _)| format!("{path} needs no exception from the length of files any more"));
    long.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> SourceFile {
        SourceFile::new(path, &"x\n".repeat(lines))
    }

    #[test]
    fn the_limit_itself_passes() {
        assert!(compare(&[file("src/a.rs", LONGEST)], &[]).is_empty());
    }

    #[test]
    fn one_line_more_is_named_in_source_alone() {
        let files = [file("src/a.rs", LONGEST + 1), file("Cargo.lock", 9_000)];
        assert_eq!(
            compare(&files, &[]),
            ["src/a.rs has 501 lines; split it, 500 is the most"]
        );
    }

    #[test]
    fn an_exception_holds_until_it_is_stale() {
        let exceptions = [("src/a.rs", "a flat list")];
        assert!(compare(&[file("src/a.rs", LONGEST + 1)], &exceptions).is_empty());
        assert_eq!(compare(&[file("src/a.rs", 3)], &exceptions).len(), 1);
        assert_eq!(compare(&[], &exceptions).len(), 1);
    }
}
