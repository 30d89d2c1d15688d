//! Radiology Objects in COntext (ROCO): figures of PubMed Central articles with their captions, in
//! the layout of the first version (2018) and of the second (2023). Which one is told by the files.

mod first;
mod second;

use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::{Defaults, Layout, Opened, no_layout};

/// Whether the path holds one of the two versions.
pub(super) fn is_at(path: &Path) -> Result<bool, ReadError> {
    Ok(!second::tables(path)?.is_empty() || !first::folders(path)?.is_empty())
}

/// Opens the version that is there.
pub(super) fn open(path: &Path, defaults: Defaults) -> Result<Opened, ReadError> {
    let tables = second::tables(path)?;
    if !tables.is_empty() {
        return second::open(tables, defaults);
    }
    let folders = first::folders(path)?;
    if folders.is_empty() {
        return Err(no_layout(path, Layout::Roco));
    }
    first::open(folders, defaults)
}

/// The article with this number in PubMed Central.
fn article_url(article: &str) -> String {
    format!("https://www.ncbi.nlm.nih.gov/pmc/articles/{article}/")
}

/// `PMC` and digits, if the text starts so.
fn article_of(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("PMC")?;
    let end = digits
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(digits.len());
    (end > 0).then(|| &text[..end + "PMC".len()])
}

/// The first of the folder's files whose name starts and ends so.
fn file_named(files: &[PathBuf], starts: &[&str], ends: &[&str]) -> Option<PathBuf> {
    let fits = |path: &&PathBuf| {
        let name = super::paths::name_of(path).to_lowercase();
        let starts = starts.iter().any(|start| name.starts_with(start));
        starts && ends.iter().any(|end| name.ends_with(end)) && path.is_file()
    };
    files.iter().find(fits).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_told_from_the_start_of_a_file_name() {
        assert_eq!(
            article_of("PMC4083729_AMHSR-4-14-g002.jpg"),
            Some("PMC4083729")
        );
        assert_eq!(article_of("PMC12"), Some("PMC12"));
        assert_eq!(article_of("PMC_1.jpg"), None);
        assert_eq!(article_of("é"), None);
    }
}
