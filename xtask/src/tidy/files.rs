//! The text files that belong to the repository: what git tracks or would add.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Folders that are never part of the repository; needed only where git can't be asked.
const OUTSIDE: [&str; 3] = [".git", "artifacts", "target"];

/// A text file of the repository.
pub(super) struct SourceFile {
    /// Path below the workspace's top folder, with `/` on every platform.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

impl SourceFile {
    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether it is Rust code.
    pub(super) fn is_rust(&self) -> bool {
        self.has_extension(&["rs"])
    }

    /// Whether its name ends with one of these, written without the dot.
    pub(super) fn has_extension(&self, wanted: &[&str]) -> bool {
        let extension = Path::new(&self.path)
            .extension()
            .and_then(|found| found.to_str());
        extension.is_some_and(|found| wanted.contains(&found))
    }

    /// Its lines, counted from 1.
    pub(super) fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// Reads every text file of the repository, in the order of their paths.
///
/// # Errors
/// A folder or a file can't be read.
pub(super) fn read(root: &Path) -> Result<Vec<SourceFile>> {
    let mut paths = match listed_by_git(root) {
        Some(paths) => paths,
        None => found_below(root)?,
    };
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let whole = root.join(&path);
        // Tracked but deleted in the working tree, or a link to a folder.
        if !whole.is_file() {
            continue;
        }
        let content = fs::read(&whole).with_context(|| format!("{path} can't be read"))?;
        if let Some(text) = as_text(content) {
            files.push(SourceFile { path, text });
        }
    }
    Ok(files)
}

/// Tracked files and those that `git add` would take. `None` outside of a clone, without git, or
/// where git refuses the folder because another user owns it.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let names = String::from_utf8_lossy(&output.stdout);
    Some(
        names
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn found_below(root: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder))
            .with_context(|| format!("the folder {folder} can't be read"))?;
        for entry in entries {
            let entry = entry?;
            let path = format!("{folder}{}", entry.file_name().to_string_lossy());
            if !entry.file_type()?.is_dir() {
                paths.push(path);
            } else if !OUTSIDE.contains(&path.as_str()) {
                folders.push(path + "/");
            }
        }
    }
    Ok(paths)
}

/// `None` for pictures and other binary files.
fn as_text(content: Vec<u8>) -> Option<String> {
    String::from_utf8(content)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_content_is_not_text() {
        assert_eq!(as_text(b"caf\xc3\xa9".to_vec()).as_deref(), Some("café"));
        assert_eq!(as_text(b"\x89PNG\r\n".to_vec()), None);
        assert_eq!(as_text(b"a\0b".to_vec()), None);
    }

    #[test]
    fn without_git_folders_are_walked_and_build_output_is_left_out() {
        let root = std::env::temp_dir().join(format!("xtask-files-{}", std::process::id()));
        for folder in ["src/store", "target/debug", ".git"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        for file in [
            "src/store/jobs.rs",
            "target/debug/x.rs",
            ".git/config",
            "README.md",
        ] {
            fs::write(root.join(file), "text").expect("a file");
        }
        let mut found = found_below(&root).expect("it can be read");
        found.sort_unstable();
        assert_eq!(found, ["README.md", "src/store/jobs.rs"]);
        fs::remove_dir_all(root).expect("it was made above");
    }

    #[test]
    fn lines_count_from_one() {
        let file = SourceFile::new("src/lib.rs", "a\nb");
        assert_eq!(
            file.numbered_lines().collect::<Vec<_>>(),
            [(1, "a"), (2, "b")]
        );
        assert!(file.is_rust());
        assert!(!SourceFile::new("docs/rs", "").is_rust());
    }
}
