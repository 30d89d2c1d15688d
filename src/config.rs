//! The configuration: every environment variable that Mirage reads, in one documented place.
//! It reads and checks values; it opens nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use url::Url;

/// A value that must never be printed. `Debug` and `Display` show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret; surrounding white space (a file's last line break) is dropped.
    pub fn new(value: &str) -> Self {
        Self(value.trim().to_owned())
    }

    /// The secret itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Why the configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable holds a value that can't be used.
    #[error("{variable} can't be used: {reason}")]
    Invalid {
        /// Name of the environment variable.
        variable: &'static str,
        /// What is wrong with it and how to mend it.
        reason: String,
    },
    /// No home folder exists and `MIRAGE_HOME` isn't set.
    #[error("No home folder was found. Set MIRAGE_HOME to a folder that Mirage may write to.")]
    NoHome,
}

/// What is logged when `MIRAGE_LOG` isn't set: Mirage's own steps, others' warnings.
const DEFAULT_LOG: &str =
    "warn,dicom_pixeldata=error,mirage=info,mirage_commands=info,mirage_models=info";

/// Everything that can be set from outside, resolved to values that are ready for use.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the atlas and the database. `MIRAGE_HOME`, else the platform's data folder
    /// (XDG: `~/.local/share/mirage`).
    pub data: PathBuf,
    /// Folder of weights and packages, which can be fetched again. `MIRAGE_HOME/cache`, else the
    /// platform's cache folder (XDG: `~/.cache/mirage`).
    pub cache: PathBuf,
    /// Where the atlas lives: a folder or any URI that LanceDB takes. `MIRAGE_ATLAS_URI`.
    pub atlas_uri: String,
    /// The database's file. `MIRAGE_DATABASE`.
    pub database: PathBuf,
    /// Profile of the weights. `MIRAGE_PROFILE`, `starter` by default.
    pub profile: String,
    /// Bot token. `DISCORD_TOKEN`, else the content of the file named by `DISCORD_TOKEN_FILE`.
    pub discord_token: Option<Secret>,
    /// Base URL of a Discord-compatible server in place of Discord. `MIRAGE_DISCORD_URL`.
    pub discord_url: Option<Url>,
    /// Server (guild) to register the commands in at once; unset, they are registered globally,
    /// which Discord may take a while to show. `MIRAGE_GUILD`.
    pub guild: Option<u64>,
    /// What goes to the log, in the syntax of `tracing`'s `EnvFilter`. `MIRAGE_LOG`; by default
    /// Mirage's own steps and the warnings of what it is built on.
    pub log: String,
}

/// The variables that [`Config::from_environment`] reads, each with one line of help.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "MIRAGE_HOME",
        "folder for everything that Mirage keeps (default: the platform's folders)",
    ),
    (
        "MIRAGE_ATLAS_URI",
        "folder or URI of the atlas (default: atlas/ in the data folder)",
    ),
    (
        "MIRAGE_DATABASE",
        "file of the database (default: mirage.sqlite in the data folder)",
    ),
    (
        "MIRAGE_PROFILE",
        "profile of the weights (default: starter)",
    ),
    ("DISCORD_TOKEN", "the bot's token"),
    ("DISCORD_TOKEN_FILE", "file that holds the bot's token"),
    (
        "MIRAGE_DISCORD_URL",
        "base URL of a Discord-compatible server (default: Discord)",
    ),
    (
        "MIRAGE_GUILD",
        "id of the one server to register the commands in (default: all)",
    ),
    (
        "MIRAGE_LOG",
        "what to log, for instance info or mirage=debug (default: Mirage's own steps, others' warnings)",
    ),
];

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable that can't be used.
    pub fn from_environment() -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Builds the configuration from any lookup, so that tests need not touch the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable that can't be used.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let (data, cache) = folders(lookup("MIRAGE_HOME"))?;
        let atlas_uri = lookup("MIRAGE_ATLAS_URI")
            .unwrap_or_else(|| data.join("atlas").to_string_lossy().into_owned());
        let database = lookup("MIRAGE_DATABASE").map_or_else(
            || Ok(data.join("mirage.sqlite")),
            |value| database_file(&value),
        )?;
        Ok(Self {
            atlas_uri,
            database,
            profile: lookup("MIRAGE_PROFILE").unwrap_or_else(|| "starter".to_owned()),
            discord_token: token(lookup("DISCORD_TOKEN"), lookup("DISCORD_TOKEN_FILE"))?,
            discord_url: lookup("MIRAGE_DISCORD_URL")
                .map(|value| discord_url(&value))
                .transpose()?,
            guild: lookup("MIRAGE_GUILD")
                .map(|value| guild(&value))
                .transpose()?,
            log: lookup("MIRAGE_LOG").unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            data,
            cache,
        })
    }

    /// Folder of a profile's weight files.
    pub fn weights(&self) -> PathBuf {
        self.cache.join("weights")
    }

    /// Folder of the files that the starter atlas is made from.
    pub fn packages(&self) -> PathBuf {
        self.cache.join("packages")
    }
}

fn folders(home: Option<String>) -> Result<(PathBuf, PathBuf), ConfigError> {
    if let Some(home) = home {
        let home = PathBuf::from(home);
        return Ok((home.clone(), home.join("cache")));
    }
    let project = ProjectDirs::from("", "", "mirage").ok_or(ConfigError::NoHome)?;
    Ok((
        project.data_dir().to_owned(),
        project.cache_dir().to_owned(),
    ))
}

fn database_file(value: &str) -> Result<PathBuf, ConfigError> {
    let invalid = |reason: &str| ConfigError::Invalid {
        variable: "MIRAGE_DATABASE",
        reason: reason.to_owned(),
    };
    if let Some(path) = value.strip_prefix("sqlite:") {
        return Ok(Path::new(path.trim_start_matches("//")).to_owned());
    }
    if value.contains("://") {
        return Err(invalid(
            "this version keeps its database in an SQLite file. Give a file's path.",
        ));
    }
    Ok(PathBuf::from(value))
}

fn token(value: Option<String>, file: Option<String>) -> Result<Option<Secret>, ConfigError> {
    if let Some(value) = value {
        return Ok(Some(Secret::new(&value)));
    }
    let Some(file) = file else { return Ok(None) };
    let content = std::fs::read_to_string(&file).map_err(|error| ConfigError::Invalid {
        variable: "DISCORD_TOKEN_FILE",
        reason: format!("the file {file} could not be read ({error})."),
    })?;
    Ok(Some(Secret::new(&content)))
}

fn discord_url(value: &str) -> Result<Url, ConfigError> {
    let invalid = |reason: String| ConfigError::Invalid {
        variable: "MIRAGE_DISCORD_URL",
        reason,
    };
    let url = Url::parse(value).map_err(|error| invalid(format!("it is not a URL ({error}).")))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(invalid("give an http or https address.".to_owned()))
    }
}

fn guild(value: &str) -> Result<u64, ConfigError> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|id| *id != 0)
        .ok_or(ConfigError::Invalid {
            variable: "MIRAGE_GUILD",
            reason: "a server's id is a number such as 1234567890.".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(values: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let values: Vec<(String, String)> = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::from_lookup(|name| {
            values
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn home_holds_everything_unless_told_otherwise() {
        let config = config(&[("MIRAGE_HOME", "/tmp/m")]).expect("valid");
        assert_eq!(config.atlas_uri, "/tmp/m/atlas");
        assert_eq!(config.database, PathBuf::from("/tmp/m/mirage.sqlite"));
        assert_eq!(config.weights(), PathBuf::from("/tmp/m/cache/weights"));
    }

    #[test]
    fn a_token_is_never_printed() {
        let config = config(&[("MIRAGE_HOME", "/tmp/m"), ("DISCORD_TOKEN", " abc.def \n")]);
        let config = config.expect("valid");
        assert_eq!(
            config.discord_token.as_ref().map(Secret::expose),
            Some("abc.def")
        );
        assert!(!format!("{config:?}").contains("abc"));
    }

    #[test]
    fn bad_values_name_their_variable() {
        for (name, value) in [
            ("MIRAGE_DISCORD_URL", "not a url"),
            ("MIRAGE_DISCORD_URL", "ftp://localhost"),
            ("MIRAGE_GUILD", "my server"),
            ("MIRAGE_DATABASE", "postgres://localhost/mirage"),
            ("DISCORD_TOKEN_FILE", "/nonexistent/token"),
        ] {
            let error = config(&[("MIRAGE_HOME", "/tmp/m"), (name, value)]).expect_err(value);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let config = config(&[("MIRAGE_HOME", "/tmp/m"), ("DISCORD_TOKEN", "")]).expect("valid");
        assert_eq!(config.discord_token, None);
    }
}
