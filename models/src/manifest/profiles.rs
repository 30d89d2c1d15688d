//! Profiles by name: those that ship with Mirage, and a person's own, which are manifests in a
//! folder of their data. Writing them is done elsewhere.

use std::io::ErrorKind;
use std::path::Path;

use super::{Manifest, ManifestError};

/// Manifests that ship with Mirage, by profile.
pub(super) const SHIPPED: &[(&str, &str)] =
    &[("starter", include_str!("../../manifests/starter.toml"))];

/// Longest name of a profile, in characters.
const LONGEST_NAME: usize = 64;

/// Whether a profile may be called so: up to 64 letters, digits, `-`, `_` and `.` of ASCII, the
/// first of which is a letter or a digit. It becomes the name of a file and of a folder.
pub fn is_profile_name(name: &str) -> bool {
    let is_usable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.len() <= LONGEST_NAME
        && name.bytes().all(is_usable)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

impl Manifest {
    /// The manifest of a profile that ships with Mirage.
    ///
    /// # Errors
    /// [`ManifestError::UnknownProfile`] lists the profiles that exist.
    pub fn of_profile(name: &str) -> Result<Self, ManifestError> {
        shipped(name).unwrap_or_else(|| Err(unknown(name, Vec::new())))
    }

    /// The manifest of a profile: one that ships with Mirage, else `NAME.toml` in the folder of the
    /// person's own.
    ///
    /// # Errors
    /// [`ManifestError::UnknownProfile`] lists the profiles that exist; [`ManifestError::Own`] says
    /// what is wrong with the file.
    pub fn find(name: &str, folder: &Path) -> Result<Self, ManifestError> {
        if let Some(shipped) = shipped(name) {
            return shipped;
        }
        if !is_profile_name(name) {
            return Err(unknown(name, own_profiles(folder)));
        }
        let path = folder.join(format!("{name}.toml"));
        let refuse = |reason: String| ManifestError::Own {
            file: path.display().to_string(),
            reason,
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(unknown(name, own_profiles(folder)));
            }
            Err(error) => return Err(refuse(format!("{error}."))),
        };
        let manifest: Self = text
            .parse()
            .map_err(|error: ManifestError| refuse(error.to_string()))?;
        if manifest.profile == name {
            Ok(manifest)
        } else {
            let reason = format!("it calls itself {}, not {name}.", manifest.profile);
            Err(refuse(reason))
        }
    }

    /// Names of the profiles that ship with Mirage.
    pub fn profiles() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }
}

fn shipped(name: &str) -> Option<Result<Manifest, ManifestError>> {
    let (_, text) = SHIPPED.iter().find(|(profile, _)| *profile == name)?;
    Some(text.parse())
}

fn unknown(name: &str, own: Vec<String>) -> ManifestError {
    let known: Vec<String> = Manifest::profiles().map(str::to_owned).chain(own).collect();
    ManifestError::UnknownProfile {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

/// Names of the person's own profiles, sorted; none if the folder can't be read.
fn own_profiles(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| Some(file.strip_suffix(".toml")?.to_owned()))
        .filter(|name| is_profile_name(name))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_profile_lists_the_known_ones() {
        let error = Manifest::of_profile("huge").expect_err("no such profile");
        assert!(error.to_string().contains("starter"), "{error}");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mine.toml"), "").expect("written");
        for name in ["huge", "../mine", "", "a/b", ".hidden"] {
            let error = Manifest::find(name, folder.path()).expect_err("no such profile");
            let sentence = error.to_string();
            assert!(sentence.ends_with("profiles: starter, mine."), "{sentence}");
        }
    }

    #[test]
    fn a_profile_of_ones_own_is_found_by_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        manifest.profile = "mine".to_owned();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, manifest.to_toml().expect("TOML")).expect("written");
        assert_eq!(
            Manifest::find("mine", folder.path()).expect("its own"),
            manifest
        );
        let starter = Manifest::find("starter", folder.path()).expect("shipped");
        assert_eq!(starter.profile, "starter");
    }

    #[test]
    fn a_profile_that_cannot_be_used_is_named_with_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_, starter) = SHIPPED.first().expect("a profile");
        for (text, reason) in [
            ("profile = 3", "can't be read"),
            (*starter, "it calls itself starter, not mine"),
        ] {
            std::fs::write(folder.path().join("mine.toml"), text).expect("written");
            let error = Manifest::find("mine", folder.path()).expect_err("not usable");
            let sentence = error.to_string();
            assert!(sentence.contains("mine.toml can't be used"), "{sentence}");
            assert!(sentence.contains(reason), "{sentence}");
        }
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        for name in ["starter", "ViT-L-14_448.v2", "0"] {
            assert!(is_profile_name(name), "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "",
            ".",
            "..",
            "-x",
            "a/b",
            "a\\b",
            "a b",
            "ä",
            long.as_str(),
        ] {
            assert!(!is_profile_name(name), "{name}");
        }
    }
}
