//! Names of files as collections give them. They come from outside: none may lead out of the
//! collection's folder.

use std::path::{Path, PathBuf};

use super::error::{ReadError, RowFault};

/// Turns a name from a row into a path relative to the collection. Both separators count, as
/// tables are often made on Windows.
///
/// # Errors
/// [`RowFault::UnsafePath`] for absolute paths, drive letters, `..` and NUL.
pub(super) fn relative(name: &str) -> Result<PathBuf, RowFault> {
    let unsafe_path = || RowFault::UnsafePath(name.to_owned());
    let drive = name.chars().nth(1) == Some(':');
    if name.starts_with(['/', '\\']) || drive || name.contains('\0') {
        return Err(unsafe_path());
    }
    let mut path = PathBuf::new();
    for part in name.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => return Err(unsafe_path()),
            part => path.push(part),
        }
    }
    if path.as_os_str().is_empty() {
        Err(unsafe_path())
    } else {
        Ok(path)
    }
}

/// Finds a picture in the first of the folders that has it.
///
/// # Errors
/// [`RowFault::UnsafePath`], or [`RowFault::MissingPicture`] if none has it.
pub(super) fn find_picture(folders: &[PathBuf], name: &str) -> Result<PathBuf, RowFault> {
    let relative = relative(name)?;
    folders
        .iter()
        .map(|folder| folder.join(&relative))
        .find(|path| path.is_file())
        .ok_or_else(|| RowFault::MissingPicture(name.to_owned()))
}

/// Finds a picture that a row names with its extension or without.
///
/// # Errors
/// As [`find_picture`].
pub(super) fn find_named(folders: &[PathBuf], name: &str) -> Result<PathBuf, RowFault> {
    let fault = match find_picture(folders, name) {
        Err(fault @ RowFault::MissingPicture(_)) => fault,
        found => return found,
    };
    let names = ["jpg", "png", "jpeg"].map(|extension| format!("{name}.{extension}"));
    names
        .iter()
        .find_map(|name| find_picture(folders, name).ok())
        .ok_or(fault)
}

/// What a folder holds, by name.
///
/// # Errors
/// [`ReadError::Missing`] or [`ReadError::Unreadable`].
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |error| ReadError::of_path(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The name of a file or folder as text; empty where it has none.
pub(super) fn name_of(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// Whether a file has one of these extensions, in upper or lower case.
pub(super) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|found| {
            extensions
                .iter()
                .any(|wanted| found.eq_ignore_ascii_case(wanted))
        })
}

/// Opens a file for buffered reading.
///
/// # Errors
/// [`ReadError::Missing`] or [`ReadError::Unreadable`].
pub(super) fn open(path: &Path) -> Result<std::io::BufReader<std::fs::File>, ReadError> {
    let file = std::fs::File::open(path).map_err(|error| ReadError::of_path(path, error))?;
    Ok(std::io::BufReader::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        let bad = [
            "../../etc/passwd",
            "/etc/passwd",
            "images/../../a.png",
            "..",
            "..\\a.png",
            "C:\\a.png",
            "\\\\server\\a.png",
            "a\0.png",
            "",
            "./",
        ];
        for name in bad {
            assert_eq!(relative(name), Err(RowFault::UnsafePath(name.to_owned())));
        }
    }

    #[test]
    fn both_separators_count() {
        let expected = Path::new("images").join("a..b.png");
        for name in ["images/a..b.png", "./images//a..b.png", "images\\a..b.png"] {
            assert_eq!(relative(name).as_deref(), Ok(expected.as_path()));
        }
    }

    #[test]
    fn a_picture_is_found_in_the_first_folder_that_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let images = folder.path().join("images");
        std::fs::create_dir(&images).expect("a folder");
        std::fs::write(images.join("a.png"), "x").expect("a file");
        let folders = [folder.path().to_owned(), images.clone()];
        assert_eq!(find_picture(&folders, "a.png"), Ok(images.join("a.png")));
        let missing = RowFault::MissingPicture("b.png".to_owned());
        assert_eq!(find_picture(&folders, "b.png"), Err(missing));
        assert_eq!(find_named(&folders, "a"), Ok(images.join("a.png")));
        assert_eq!(
            find_named(&folders, "b"),
            Err(RowFault::MissingPicture("b".to_owned()))
        );
        // A folder is no picture.
        assert!(find_picture(&folders, "images").is_err());
    }
}
