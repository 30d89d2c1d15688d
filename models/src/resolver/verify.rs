//! Compares a file on disk with what its manifest says. It changes nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::FileState;
use crate::manifest::FileSpec;

/// Compares the size alone.
pub(super) fn size(path: &Path, size: u64) -> FileState {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() == size => FileState::Ready,
        Ok(metadata) => FileState::Changed(format!(
            "it has {} bytes in place of {size}",
            metadata.len()
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::Missing,
        Err(error) => FileState::Changed(error.to_string()),
    }
}

/// Compares size, then SHA-256 over the whole file.
pub(super) fn hash(path: &Path, file: &FileSpec) -> FileState {
    match size(path, file.size) {
        FileState::Ready => {}
        other => return other,
    }
    match sha256_of_file(path) {
        Ok(found) if found == file.sha256 => FileState::Ready,
        Ok(_) => FileState::Changed("its SHA-256 is another".to_owned()),
        Err(error) => FileState::Changed(error.to_string()),
    }
}

/// SHA-256 in lower-case hexadecimal, the form in which manifests and the atlas name content.
pub fn sha256_hex(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same of a file, which is read piece by piece.
///
/// # Errors
/// The file can't be read.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hexadecimal(&digest.finalize()));
        }
        digest.update(&buffer[..read]);
    }
}
