//! Chooses the Protocol Buffers compiler that the build scripts of Lance call.
//! The choice must be the same each time: they run again, and everything above them compiles
//! again, whenever `PROTOC` changes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::environment::{runs, variable};

/// `$PROTOC` where it is set and runs, else the one that comes as a package; on a platform for
/// which there is none, the one in `PATH`.
///
/// # Errors
/// No `protoc` runs here.
pub(crate) fn choose(target: &Path) -> Result<PathBuf> {
    if let Some(chosen) = chosen_by_hand(variable("PROTOC")) {
        return Ok(chosen);
    }
    match protoc_bin_vendored::protoc_bin_path() {
        Ok(vendored) => executable(&vendored, target),
        Err(_) if runs("protoc", &["--version"]) => Ok(PathBuf::from("protoc")),
        Err(_) => bail!(
            "No Protocol Buffers compiler was found for this platform. \
             Install `protoc` (Debian and Ubuntu: apt-get install protobuf-compiler)."
        ),
    }
}

fn chosen_by_hand(value: Option<OsString>) -> Option<PathBuf> {
    let path = PathBuf::from(value?);
    if runs(&path, &["--version"]) {
        return Some(path);
    }
    eprintln!(
        "PROTOC is set to {}, which does not run: it is left out.",
        path.display()
    );
    None
}

/// The file itself, or a copy with the right mode where the package was unpacked without it.
fn executable(vendored: &Path, target: &Path) -> Result<PathBuf> {
    if runs(vendored, &["--version"]) {
        return Ok(vendored.to_owned());
    }
    let copy = executable_copy(vendored, target)?;
    if !runs(&copy, &["--version"]) {
        bail!(
            "`protoc` at {} does not run on this machine.",
            copy.display()
        );
    }
    Ok(copy)
}

fn executable_copy(vendored: &Path, target: &Path) -> Result<PathBuf> {
    let copy = target.join("protoc");
    fs::create_dir_all(target)
        .and_then(|()| fs::copy(vendored, &copy).map(drop))
        .and_then(|()| allow_to_run(&copy))
        .with_context(|| format!("`protoc` could not be copied to {}", copy.display()))?;
    Ok(copy)
}

#[cfg(unix)]
fn allow_to_run(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn allow_to_run(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    use std::os::unix::fs::PermissionsExt;

    /// A folder of its own for one test, below the system's temporary folder.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder takes folders");
        folder
    }

    #[test]
    fn the_packaged_compiler_runs() {
        let target = folder("protoc-runs");
        let chosen = protoc_bin_vendored::protoc_bin_path().expect("a package for this platform");
        let path = executable(&chosen, &target).expect("it runs");
        assert!(runs(path, &["--version"]));
        fs::remove_dir_all(target).expect("it was made above");
    }

    #[test]
    fn a_file_without_the_mode_is_copied_with_it() {
        let folder = folder("protoc-mode");
        let (source, target) = (folder.join("source"), folder.join("target"));
        fs::write(&source, "#!/bin/sh\nexit 0\n").expect("a file");
        fs::set_permissions(&source, fs::Permissions::from_mode(0o644)).expect("a mode");
        let path = executable_copy(&source, &target).expect("the folder takes files");
        assert_eq!(path, target.join("protoc"));
        let mode = fs::metadata(path).expect("the copy").permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        fs::remove_dir_all(folder).expect("it was made above");
    }

    #[test]
    fn a_broken_choice_falls_back() {
        assert_eq!(chosen_by_hand(None), None);
        assert_eq!(chosen_by_hand(Some("/nowhere/protoc".into())), None);
        assert_eq!(
            chosen_by_hand(Some("/bin/true".into())),
            Some("/bin/true".into())
        );
    }
}
