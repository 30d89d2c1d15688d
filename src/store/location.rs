//! Where the database is: a file of SQLite, or a PostgreSQL server that several machines share.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::config::Secret;

/// Where the database is. `Display` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    File(PathBuf),
    /// The address of a PostgreSQL database, password included.
    Server(Secret),
}

impl Location {
    /// Reads a path, `sqlite:PATH`, or `postgres://…`.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Self::File(PathBuf::from(path)));
        }
        match text.split_once("://").map(|(scheme, _)| scheme) {
            None => Ok(Self::File(PathBuf::from(text))),
            Some("postgres" | "postgresql") => match Url::parse(text) {
                Ok(_) => Ok(Self::Server(Secret::new(text))),
                Err(error) => Err(format!("it is not an address ({error}).")),
            },
            Some(other) => Err(format!(
                "{other}:// is not known. Give a file's path or postgres://USER@HOST/DATABASE."
            )),
        }
    }

    /// The address that sqlx connects to.
    pub(super) fn connection_url(&self) -> Result<String, String> {
        match self {
            Self::Server(address) => Ok(address.expose().to_owned()),
            Self::File(path) => {
                let path = std::path::absolute(path).map_err(|error| error.to_string())?;
                let path = path.to_str().ok_or("its name is not UTF-8")?;
                // Question marks and spaces in a path are no part of an address.
                let mut url = Url::parse("file:///").map_err(|error| error.to_string())?;
                url.set_path(path);
                Ok(format!("sqlite://{}?mode=rwc", url.path()))
            }
        }
    }

    /// Whether several machines may share it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Server(_))
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Server(address) => match Url::parse(address.expose()) {
                Ok(url) => write!(
                    formatter,
                    "{}{} of PostgreSQL",
                    url.host_str().unwrap_or("this machine"),
                    url.path()
                ),
                Err(_) => formatter.write_str("of PostgreSQL"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_told_apart() {
        for path in [
            "/var/m.sqlite",
            "sqlite:/var/m.sqlite",
            "sqlite:///var/m.sqlite",
        ] {
            let location = Location::parse(path).expect("a path");
            assert_eq!(
                location,
                Location::from(Path::new("/var/m.sqlite")),
                "{path}"
            );
        }
        assert!(Location::parse("postgres://mirage:s3cret@db/mirage").is_ok());
        for text in ["mysql://localhost/mirage", "postgres://:::"] {
            assert!(Location::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let location = Location::parse("postgres://mirage:s3cret@db:5432/mirage").expect("valid");
        let shown = format!("{location} {location:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("db/mirage"), "{shown}");
    }

    #[test]
    fn odd_letters_in_a_path_reach_the_file() {
        let location = Location::from(Path::new("/tmp/a b?c#ä.sqlite"));
        let url = location.connection_url().expect("a URL");
        assert_eq!(url, "sqlite:///tmp/a%20b%3Fc%23%C3%A4.sqlite?mode=rwc");
    }
}
