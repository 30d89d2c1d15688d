//! The files of a comparison: pictures that are read, and drawn ones that are written. A file that
//! exists is never written over.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use mirage::compare::{CompareError, Picture};
use mirage::media::{self, MediaError};

use crate::cli::failure::Failure;
use crate::cli::text::quote;

/// Work that computes, on a thread that may block.
///
/// # Errors
/// The work's own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CompareError> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Failure::Unexpected(error.into()))?;
    Ok(done?)
}

/// A picture on this machine.
pub(super) async fn picture(file: &Path) -> Result<Picture, Failure> {
    let path = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let size = std::fs::metadata(&path).map_err(MediaError::Io)?.len();
        if size > media::MAXIMUM_BYTES as u64 {
            return Err(MediaError::TooLarge(format!("{} MiB", size >> 20)).into());
        }
        Picture::decode(&std::fs::read(&path).map_err(MediaError::Io)?)
    });
    let read: Result<Picture, CompareError> = reading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    read.map_err(|error| {
        let name = quote(&file.to_string_lossy());
        let reason = error.to_string();
        let reason = reason.trim_end_matches('.');
        Failure::argument(format!(
            "The picture {name} can't be compared: {reason}. Name another file."
        ))
    })
}

/// Whether a file's name asks for a JPEG.
pub(super) fn is_jpeg(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    extension.eq_ignore_ascii_case("jpg") || extension.eq_ignore_ascii_case("jpeg")
}

/// Looks before anything is computed.
pub(crate) fn check_absent(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(exists(path));
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let name = path.display();
    Failure::user(format!(
        "The file {name} exists and stays as it is. Name another one."
    ))
}

/// Writes a new file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Failure::user(format!(
            "The picture could not be written to {}: {error}.",
            path.display()
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_kind_of_file() {
        for (name, jpeg) in [
            ("a.jpg", true),
            ("a.JPEG", true),
            ("a.png", false),
            ("jpg", false),
        ] {
            assert_eq!(is_jpeg(Path::new(name)), jpeg, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_there_stays() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(check_absent(file.path()).is_err());
        let failure = write(file.path(), b"x").expect_err("it exists");
        assert!(matches!(failure, Failure::User(_)), "{failure:?}");
        assert_eq!(std::fs::read(file.path()).expect("bytes"), b"");
    }
}
