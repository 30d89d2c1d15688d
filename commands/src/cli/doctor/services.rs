//! What lies outside of Mirage: Discord and Python. No token is sent anywhere.

use std::process::Stdio;
use std::time::Duration;

use mirage::config::Config;
use tokio::process::Command;
use url::Url;

use super::Check;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a token is set; what it is stays unsaid.
pub(super) fn token(config: &Config) -> Check {
    const NAME: &str = "bot token";
    const MEND: &str = "Write the token to a file and set DISCORD_TOKEN_FILE to its path.";
    match config.discord_token() {
        Ok(Some(_)) => Check::ok(NAME, "A token is set; it was not tried."),
        Ok(None) => {
            let text = "No token is set, so the bot can't start. The shell works without one.";
            Check::warning(NAME, text, MEND)
        }
        Err(error) => Check::problem(NAME, error.to_string(), MEND),
    }
}

/// Whether Discord, or the server that stands in for it, answers.
pub(super) async fn discord(config: &Config) -> Check {
    const NAME: &str = "Discord";
    let (server, address) = match &config.discord_url {
        Some(url) => (url.as_str(), gateway_of(url)),
        None => (
            "https://discord.com",
            "https://discord.com/api/v10/gateway".to_owned(),
        ),
    };
    match ask(&address).await {
        Ok(()) => Check::ok(NAME, format!("{server} answers.")),
        Err(reason) => {
            let text = format!("{server} doesn't answer: {reason}.");
            let mend = "Check the network, and MIRAGE_DISCORD_URL if it is set. The shell works \
                        without Discord.";
            // Who has set a token wants the bot; without one nothing is lost.
            if matches!(config.discord_token(), Ok(None)) {
                Check::warning(NAME, text, mend)
            } else {
                Check::problem(NAME, text, mend)
            }
        }
    }
}

fn gateway_of(server: &Url) -> String {
    let server = server.as_str().trim_end_matches('/');
    format!("{server}/api/v10/gateway")
}

/// Asks for the gateway's address, which needs no token. The reason is a part of a sentence.
async fn ask(address: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| error.to_string())?;
    let answer = client.get(address).send().await.map_err(|error| {
        if error.is_timeout() {
            format!("there was no answer within {} s", PATIENCE.as_secs())
        } else if error.is_connect() {
            "no connection could be made".to_owned()
        } else {
            error.without_url().to_string()
        }
    })?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(format!("it said {}", answer.status()))
    }
}

/// Whether Python with pip is there, which fetches packages.
pub(super) async fn python(must_fetch: bool) -> Check {
    const NAME: &str = "Python";
    let pip = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    // A first start of Python may compile its library.
    let told = match tokio::time::timeout(PATIENCE * 5, pip).await {
        Ok(Ok(output)) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(Ok(_)) => String::new(),
        Ok(Err(_)) | Err(_) => {
            return missing(NAME, must_fetch, "python3 can't be started.");
        }
    };
    match told.split_whitespace().nth(1) {
        Some(version) => Check::ok(NAME, format!("python3 has pip {version}.")),
        None => missing(NAME, must_fetch, "python3 has no pip."),
    }
}

fn missing(name: &'static str, must_fetch: bool, text: &str) -> Check {
    let mend = "Install Python 3 with pip, for instance the packages python3 and python3-pip.";
    if must_fetch {
        Check::problem(name, text, mend)
    } else {
        Check::warning(
            name,
            format!("{text} Nothing needs to be fetched now."),
            mend,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn config(values: &[(&str, &str)]) -> Config {
        let lookup = |name: &str| {
            let value = values.iter().find(|(key, _)| *key == name);
            value.map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(lookup).expect("valid")
    }

    #[test]
    fn the_token_is_told_to_be_set_and_nothing_more() {
        let check = token(&config(&[
            ("MIRAGE_HOME", "m"),
            ("DISCORD_TOKEN", "s3cret"),
        ]));
        assert_eq!(check.state, State::Ok);
        assert!(!format!("{check:?}").contains("s3cret"));
        assert_eq!(
            token(&config(&[("MIRAGE_HOME", "m")])).state,
            State::Warning
        );
        let file = ("DISCORD_TOKEN_FILE", "no/such/file");
        let check = token(&config(&[("MIRAGE_HOME", "m"), file]));
        assert_eq!(check.state, State::Problem);
        assert!(check.text.contains("no/such/file"), "{}", check.text);
    }

    #[tokio::test]
    async fn a_server_that_is_away_matters_to_who_has_a_token() {
        // Port 1 of this machine: nothing listens there.
        let away = ("MIRAGE_DISCORD_URL", "http://127.0.0.1:1");
        let check = discord(&config(&[("MIRAGE_HOME", "m"), away])).await;
        assert_eq!(check.state, State::Warning, "{}", check.text);
        let token = ("DISCORD_TOKEN", "s3cret");
        let check = discord(&config(&[("MIRAGE_HOME", "m"), away, token])).await;
        assert_eq!(check.state, State::Problem, "{}", check.text);
    }

    #[test]
    fn python_is_a_problem_only_where_something_must_be_fetched() {
        assert_eq!(
            missing("Python", true, "None is there.").state,
            State::Problem
        );
        assert_eq!(
            missing("Python", false, "None is there.").state,
            State::Warning
        );
    }
}
