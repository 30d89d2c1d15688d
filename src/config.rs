//! The configuration: every environment variable that Mirage reads, in one documented place.
//! It reads and checks values; it opens nothing but the file with the bot's token.

mod secret;
mod work;

use std::env::VarError;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use url::Url;

use crate::atlas::{Atlas, NoShare, PictureShare};
use crate::store::Location;

pub use secret::Secret;
pub use work::WorkSettings;

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
const DEFAULT_LOG: &str = "warn,dicom_pixeldata=error,mistralrs_core=error,mirage=info,mirage_commands=info,mirage_models=info";

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
    /// The database: an SQLite file, or `postgres://…`. `MIRAGE_DATABASE`, else `DATABASE_URL`.
    pub database: Location,
    /// The engine's and the queue's bounds.
    pub work: WorkSettings,
    /// Profile of the weights: one that ships with Mirage, or one of [`Self::profiles`].
    /// `MIRAGE_PROFILE`, `starter` by default.
    pub profile: String,
    /// Megabytes that the atlas's vectors may take in memory; with 0 they stay on disk.
    /// `MIRAGE_INDEX_MEMORY`, 2,048 by default.
    pub index_memory: usize,
    /// The picture's share where words are searched for with a picture, 0 to 1.
    /// `MIRAGE_PICTURE_SHARE`, 0.5 by default.
    pub picture_share: PictureShare,
    token: Option<TokenSource>,
    /// Base URL of a Discord-compatible server in place of Discord. `MIRAGE_DISCORD_URL`.
    pub discord_url: Option<Url>,
    /// Server (guild) to register the commands in at once; unset, they are registered globally,
    /// which Discord may take a while to show. `MIRAGE_GUILD`.
    pub guild: Option<u64>,
    /// What goes to the log, in the syntax of `tracing`'s `EnvFilter`. `MIRAGE_LOG`; by default
    /// Mirage's own steps and the warnings of what it is built on.
    pub log: String,
}

/// Where the bot's token comes from.
#[derive(Debug, Clone)]
enum TokenSource {
    Value(Secret),
    File(PathBuf),
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
        "file of the database, or postgres://USER@HOST/NAME (default: DATABASE_URL, else \
         mirage.sqlite in the data folder)",
    ),
    ("DATABASE_URL", "the same, where MIRAGE_DATABASE isn't set"),
    (
        "MIRAGE_PROFILE",
        "profile of the weights (default: starter)",
    ),
    (
        "MIRAGE_INDEX_MEMORY",
        "megabytes that the atlas's vectors may take in memory, 0 to leave them on disk (default: \
         2048)",
    ),
    (
        "MIRAGE_PICTURE_SHARE",
        "share of the picture where words come with it, 0 to 1 (default: 0.5)",
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
    (
        "MIRAGE_IMPORTS",
        "folder whose collections a tutor may import from Discord (default: imports/ in the data folder)",
    ),
    (
        "MIRAGE_BOT_WORKERS",
        "jobs that the bot works on at one time, 0 to leave them to `mirage worker` (default: 1)",
    ),
    (
        "MIRAGE_JOBS_PER_USER",
        "most open jobs of one person (default: 2)",
    ),
    (
        "MIRAGE_JOBS_PER_SERVER",
        "most open jobs of one server (default: 8)",
    ),
    (
        "MIRAGE_THREADS",
        "threads that networks compute on (default: as many as the machine has cores)",
    ),
    (
        "MIRAGE_WARM",
        "yes or no: whether the bot loads its networks at start (default: yes)",
    ),
    (
        "MIRAGE_METRICS",
        "loopback address for /metrics, for instance 127.0.0.1:9464 (default: none)",
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
        Self::from_variables(|name| std::env::var(name))
    }

    fn from_variables(
        read: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<Self, ConfigError> {
        for &(variable, _) in VARIABLES {
            if let Err(VarError::NotUnicode(_)) = read(variable) {
                return Err(ConfigError::Invalid {
                    variable,
                    reason: "its value is no text in UTF-8. Set it to one, or unset it.".to_owned(),
                });
            }
        }
        Self::from_lookup(|name| read(name).ok())
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
        let database =
            database(&lookup)?.unwrap_or_else(|| Location::File(data.join("mirage.sqlite")));
        Ok(Self {
            atlas_uri,
            database,
            work: WorkSettings::from_lookup(&lookup, &data)?,
            profile: lookup("MIRAGE_PROFILE").unwrap_or_else(|| "starter".to_owned()),
            index_memory: lookup("MIRAGE_INDEX_MEMORY")
                .map_or(Ok(Atlas::USUAL_INDEX_MEMORY), |value| megabytes(&value))?,
            picture_share: lookup("MIRAGE_PICTURE_SHARE")
                .map(|value| picture_share(&value))
                .transpose()?
                .unwrap_or_default(),
            token: match (lookup("DISCORD_TOKEN"), lookup("DISCORD_TOKEN_FILE")) {
                (Some(value), _) => Some(TokenSource::Value(Secret::new(&value))),
                (None, Some(file)) => Some(TokenSource::File(PathBuf::from(file))),
                (None, None) => None,
            },
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

    /// The bot's token: `DISCORD_TOKEN`, else the content of the file named by
    /// `DISCORD_TOKEN_FILE`; `None` if neither holds one. The file is read here, so that it stops
    /// only what needs the token.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if the file can't be read.
    pub fn discord_token(&self) -> Result<Option<Secret>, ConfigError> {
        let token = match &self.token {
            None => return Ok(None),
            Some(TokenSource::Value(token)) => token.clone(),
            Some(TokenSource::File(file)) => token_in(file)?,
        };
        Ok(Some(token).filter(|token| !token.expose().is_empty()))
    }

    /// Folder of a profile's weight files.
    pub fn weights(&self) -> PathBuf {
        self.cache.join("weights")
    }

    /// Folder of the person's own profiles, each a manifest `NAME.toml`. It is kept with the data:
    /// nobody else can bring it back.
    pub fn profiles(&self) -> PathBuf {
        self.data.join("profiles")
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

fn database(lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<Location>, ConfigError> {
    for variable in ["MIRAGE_DATABASE", "DATABASE_URL"] {
        if let Some(value) = lookup(variable) {
            let location = Location::parse(&value);
            return location
                .map(Some)
                .map_err(|reason| ConfigError::Invalid { variable, reason });
        }
    }
    Ok(None)
}

fn token_in(file: &Path) -> Result<Secret, ConfigError> {
    let content = std::fs::read_to_string(file).map_err(|error| ConfigError::Invalid {
        variable: "DISCORD_TOKEN_FILE",
        reason: format!(
            "the file {} could not be read ({error}). Name a file that holds the token.",
            file.display()
        ),
    })?;
    Ok(Secret::new(&content))
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

fn megabytes(value: &str) -> Result<usize, ConfigError> {
    let number = value.trim().parse().ok();
    number
        .filter(|number| *number <= 1_000_000)
        .ok_or(ConfigError::Invalid {
            variable: "MIRAGE_INDEX_MEMORY",
            reason: "give a whole number of megabytes, at most 1000000.".to_owned(),
        })
}

fn picture_share(value: &str) -> Result<PictureShare, ConfigError> {
    value
        .parse()
        .map_err(|reason: NoShare| ConfigError::Invalid {
            variable: "MIRAGE_PICTURE_SHARE",
            reason: reason.to_string(),
        })
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
        assert_eq!(
            config.database,
            Location::from(Path::new("/tmp/m/mirage.sqlite"))
        );
        assert_eq!(config.weights(), PathBuf::from("/tmp/m/cache/weights"));
        assert_eq!(config.profiles(), PathBuf::from("/tmp/m/profiles"));
        assert_eq!(config.index_memory, 2_048);
    }

    #[test]
    fn a_token_is_never_printed() {
        let config = config(&[("MIRAGE_HOME", "/tmp/m"), ("DISCORD_TOKEN", " abc.def \n")]);
        let config = config.expect("valid");
        let token = config.discord_token().expect("nothing to read");
        assert_eq!(token.as_ref().map(Secret::expose), Some("abc.def"));
        assert!(!format!("{config:?}{token:?}").contains("abc"));
    }

    #[test]
    fn a_token_file_is_read_when_the_token_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        let path = file.to_str().expect("a path in UTF-8");
        let config = config(&[("MIRAGE_HOME", "/tmp/m"), ("DISCORD_TOKEN_FILE", path)]);
        let config = config.expect("a file that isn't there stops nothing else");
        let error = config.discord_token().expect_err("no file");
        let sentence = error.to_string();
        assert!(
            sentence.starts_with("DISCORD_TOKEN_FILE can't be used: the file "),
            "{sentence}"
        );
        for (content, expected) in [("abc.def\n", Some("abc.def")), (" \n", None)] {
            std::fs::write(&file, content).expect("written");
            let token = config.discord_token().expect("readable");
            assert_eq!(token.as_ref().map(Secret::expose), expected);
        }
    }

    #[test]
    fn a_value_that_is_no_text_names_its_variable() {
        let read = |name: &str| match name {
            "MIRAGE_HOME" => Ok("/tmp/m".to_owned()),
            "MIRAGE_PROFILE" => Err(VarError::NotUnicode("star\u{fffd}ter".into())),
            _ => Err(VarError::NotPresent),
        };
        let error = Config::from_variables(read).expect_err("no text");
        assert!(error.to_string().starts_with("MIRAGE_PROFILE"), "{error}");
    }

    #[test]
    fn bad_values_name_their_variable() {
        for (name, value) in [
            ("MIRAGE_DISCORD_URL", "not a url"),
            ("MIRAGE_DISCORD_URL", "ftp://localhost"),
            ("MIRAGE_GUILD", "my server"),
            ("MIRAGE_DATABASE", "mysql://localhost/mirage"),
            ("DATABASE_URL", "postgres://:::"),
            ("MIRAGE_THREADS", "many"),
            ("MIRAGE_INDEX_MEMORY", "-1"),
            ("MIRAGE_JOBS_PER_USER", "0"),
            ("MIRAGE_WARM", "perhaps"),
            ("MIRAGE_METRICS", "0.0.0.0:9464"),
            ("MIRAGE_PICTURE_SHARE", "1.5"),
            ("MIRAGE_PICTURE_SHARE", "half"),
        ] {
            let error = config(&[("MIRAGE_HOME", "/tmp/m"), (name, value)]).expect_err(value);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let config = config(&[("MIRAGE_HOME", "/tmp/m"), ("DISCORD_TOKEN", "")]).expect("valid");
        assert_eq!(config.discord_token().ok(), Some(None));
    }
}
