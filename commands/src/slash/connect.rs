//! The way to Discord or to a server compatible with it, checked before the bot starts: serenity
//! by itself would fall back to the public gateway.

use std::sync::{Mutex, PoisonError};

use poise::serenity_prelude as serenity;
use url::Url;

use super::Settings;

/// Why the bot could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The server can't be reached.
    #[error(
        "{address} can't be reached. Check the address and the network, then start the bot again."
    )]
    Unreachable {
        /// Who was asked.
        address: String,
        /// The reason.
        #[source]
        source: Box<serenity::Error>,
    },
    /// The token was refused.
    #[error("Discord refused the bot's token. Check DISCORD_TOKEN or DISCORD_TOKEN_FILE.")]
    Token,
    /// The gateway is somewhere else than the server that was configured.
    #[error("The server named a gateway elsewhere ({found}); the bot stays away from it.")]
    Gateway {
        /// Address that was named.
        found: String,
    },
    /// The session ended.
    #[error("The connection to Discord ended: {0}.")]
    Ended(String),
}

impl StartError {
    pub(crate) fn from_serenity(error: &serenity::Error) -> Self {
        use serenity::GatewayError::InvalidAuthentication;
        match error {
            serenity::Error::Gateway(InvalidAuthentication) => Self::Token,
            serenity::Error::Http(http) if http.status_code().is_some_and(|code| code == 401) => {
                Self::Token
            }
            _ => Self::Ended(error.to_string()),
        }
    }
}

/// A failure of the set-up, carried out of poise's callback: there is one at most.
#[derive(Debug, Default)]
pub(crate) struct SetupFailure(Mutex<Option<StartError>>);

impl SetupFailure {
    pub(crate) fn set(&self, error: StartError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<StartError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The HTTP client; nobody is ever mentioned by an answer.
pub(crate) fn http(settings: &Settings) -> serenity::Http {
    let builder = serenity::HttpBuilder::new(settings.token.expose())
        .default_allowed_mentions(serenity::CreateAllowedMentions::new());
    match &settings.discord_url {
        // serenity ignores the address while its own rate limiter is on.
        Some(url) => {
            let address = url.as_str().trim_end_matches('/').to_owned();
            builder.proxy(address).ratelimiter_disabled(true).build()
        }
        None => builder.build(),
    }
}

/// Asks for the gateway's address and checks that it belongs to the configured server.
pub(crate) async fn gateway(
    http: &serenity::Http,
    settings: &Settings,
) -> Result<String, StartError> {
    let address = settings.discord_url.as_ref().map_or("Discord", Url::as_str);
    let gateway =
        http.get_gateway()
            .await
            .map_err(|error| match StartError::from_serenity(&error) {
                StartError::Token => StartError::Token,
                other => other.at(address),
            })?;
    match &settings.discord_url {
        Some(server) if !same_host(server, &gateway.url) => {
            Err(StartError::Gateway { found: gateway.url })
        }
        _ => Ok(gateway.url),
    }
}

impl StartError {
    /// The same failure, told as what it is before a connection exists.
    fn at(self, address: &str) -> Self {
        match self {
            Self::Ended(reason) => Self::Unreachable {
                address: address.to_owned(),
                source: Box::new(serenity::Error::Io(std::io::Error::other(reason))),
            },
            other => other,
        }
    }
}

/// Checks that the client took the address that was checked.
pub(crate) fn assert_gateway(used: &str, checked: &str) -> Result<(), StartError> {
    if used == checked {
        Ok(())
    } else {
        Err(StartError::Gateway {
            found: used.to_owned(),
        })
    }
}

fn same_host(server: &Url, gateway: &str) -> bool {
    Url::parse(gateway).is_ok_and(|gateway| {
        gateway.host() == server.host()
            && gateway.port_or_known_default() == server.port_or_known_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_elsewhere_is_not_followed() {
        let server = Url::parse("http://127.0.0.1:7878").expect("a URL");
        assert!(same_host(&server, "ws://127.0.0.1:7878/gateway"));
        assert!(!same_host(&server, "wss://gateway.discord.gg"));
        assert!(!same_host(&server, "ws://127.0.0.1:9999"));
        assert!(assert_gateway("wss://gateway.discord.gg", "ws://127.0.0.1:7878").is_err());
    }
}
