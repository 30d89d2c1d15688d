//! Pictures that people attach: fetched into memory from Discord's own hosts alone, within bounds,
//! and decoded to pixels. Nothing is written to a disk, and nothing but pixels is kept, so that
//! names and positions in a file's header go at once.

use std::sync::Arc;
use std::time::Duration;

use mirage::generate;
use mirage::media::{self, Given, MediaError};
use poise::serenity_prelude as serenity;
use tokio::sync::Semaphore;
use url::Url;

use super::errors::CommandError;
use crate::describe;

/// Hosts that Discord serves attachments from.
const HOSTS: &[&str] = &["cdn.discordapp.com", "media.discordapp.net"];
/// Largest attachment that is fetched, in bytes.
const MOST_BYTES: usize = 10 * 1024 * 1024;
/// The same in words.
const MOST: &str = "10 MiB";
/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pictures that are decoded at once: a small file may hold a hundred million pixels.
const DECODED_AT_ONCE: usize = 1;

/// Fetches and decodes what people attach. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Attachments {
    client: reqwest::Client,
    /// The configured server, which serves attachments in Discord's place.
    server: Option<Url>,
    decoding: Arc<Semaphore>,
}

impl Attachments {
    pub(crate) fn new(server: Option<Url>) -> Self {
        // A redirect could lead to a host that isn't on the list.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build();
        Self {
            client: client.unwrap_or_default(),
            server,
            decoding: Arc::new(Semaphore::new(DECODED_AT_ONCE)),
        }
    }

    /// The pixels of an attachment, and whether its file holds more than was looked at.
    ///
    /// # Errors
    /// One sentence for whoever attached it.
    pub(crate) async fn picture(&self, attached: &Attached) -> Result<Given, CommandError> {
        let decoded = self.read(attached, Given::decoded).await?;
        decoded.map_err(|error| CommandError::Shown(refusal(&error)))
    }

    /// The same, and whether the file says in some way that the picture is synthetic.
    ///
    /// # Errors
    /// As [`Self::picture`].
    pub(crate) async fn picture_and_kind(
        &self,
        attached: &Attached,
    ) -> Result<(Given, bool), CommandError> {
        let looking = self.read(attached, |bytes| {
            let given = Given::decoded(bytes)?;
            let picture = media::decode(bytes)?;
            let sign = generate::sign_of(None, None, bytes, &picture);
            Ok::<_, MediaError>((given, sign.is_some()))
        });
        let looked = looking.await?;
        looked.map_err(|error| CommandError::Shown(refusal(&error)))
    }

    /// What `work` makes of an attachment's bytes. It may decode: one does at a time, on a thread
    /// that may block.
    ///
    /// # Errors
    /// One sentence for whoever attached it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        attached: &Attached,
        work: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, CommandError> {
        if attached.size.is_some_and(|size| size > MOST_BYTES) {
            return Err(too_large());
        }
        let bytes = self.fetch(&attached.url).await?;
        // Never closed, so there is always a permit in the end.
        let _turn = self.decoding.acquire().await;
        let working = tokio::task::spawn_blocking(move || work(&bytes));
        working
            .await
            .map_err(|error| CommandError::Unexpected(error.into()))
    }

    async fn fetch(&self, address: &str) -> Result<Vec<u8>, CommandError> {
        let address = Url::parse(address).ok();
        let address = address.filter(|address| self.may_fetch(address));
        let Some(address) = address else {
            let sentence = "The picture doesn't lie with Discord, so Mirage doesn't fetch it. \
                Attach it to the command.";
            return Err(CommandError::Shown(sentence.to_owned()));
        };
        let mut response = self
            .client
            .get(address)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| unfetched(&error))?;
        if !response.status().is_success() {
            tracing::warn!(status = %response.status(), "an attachment was not served");
            return Err(CommandError::Shown(UNFETCHED.to_owned()));
        }
        let announced = response.content_length().unwrap_or(0);
        if announced > MOST_BYTES as u64 {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| unfetched(&error))? {
            if bytes.len() + part.len() > MOST_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    /// Whether the address is on a host that serves attachments.
    fn may_fetch(&self, address: &Url) -> bool {
        let is_discords = address.scheme() == "https"
            && address.port_or_known_default() == Some(443)
            && address.host_str().is_some_and(|host| HOSTS.contains(&host));
        let server = self.server.as_ref();
        let is_servers = server.is_some_and(|server| server.origin() == address.origin());
        is_discords || is_servers
    }
}

/// Where an attached picture lies. The address is a secret for as long as it is valid.
pub(crate) struct Attached {
    url: String,
    /// In bytes, where it is known before the download.
    size: Option<usize>,
}

impl From<&serenity::Attachment> for Attached {
    fn from(attachment: &serenity::Attachment) -> Self {
        Self {
            url: attachment.url.clone(),
            size: usize::try_from(attachment.size).ok(),
        }
    }
}

/// The first picture of a message: among its attachments, then in its embeds, where Discord moves
/// the attachments that they show.
pub(crate) fn first_of(message: &serenity::Message) -> Option<Attached> {
    let is_picture = |attachment: &&serenity::Attachment| {
        let name = attachment.filename.to_ascii_lowercase();
        let kind = attachment.content_type.as_deref().unwrap_or_default();
        kind.starts_with("image/") || kind == "application/dicom" || name.ends_with(".dcm")
    };
    let attached = message.attachments.iter().find(is_picture);
    let embedded = || {
        let mut images = message
            .embeds
            .iter()
            .filter_map(|embed| embed.image.as_ref());
        images.next().map(|image| Attached {
            url: image.url.clone(),
            size: None,
        })
    };
    attached.map(Attached::from).or_else(embedded)
}

const UNFETCHED: &str = "The picture could not be fetched from Discord. Attach it again.";

fn unfetched(error: &reqwest::Error) -> CommandError {
    // Its text names the address, which lets anybody fetch the picture.
    let (is_timeout, status) = (error.is_timeout(), error.status());
    tracing::warn!(is_timeout, ?status, "an attachment could not be fetched");
    CommandError::Shown(UNFETCHED.to_owned())
}

fn too_large() -> CommandError {
    CommandError::Shown(format!(
        "The picture is larger than {MOST}, so it was not fetched. Attach a smaller one."
    ))
}

/// Why a picture can't be used. What a decoder says is for the log.
pub(crate) fn refusal(error: &MediaError) -> String {
    tracing::debug!(%error, "an attachment can't be decoded");
    let reason = match error {
        MediaError::Damaged { kind, .. } => format!("the {kind} file is damaged or incomplete"),
        other => other.to_string(),
    };
    let reason = describe::sentence_case(&reason);
    format!("{reason}. Attach another picture.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachments(server: Option<&str>) -> Attachments {
        Attachments::new(server.map(|server| server.parse().expect("a URL")))
    }

    #[test]
    fn only_discords_hosts_and_the_configured_server_are_asked() {
        let discord = attachments(None);
        let local = attachments(Some("http://127.0.0.1:7878"));
        let may = |attachments: &Attachments, url: &str| {
            attachments.may_fetch(&url.parse().expect("a URL"))
        };
        for url in [
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1",
            "https://media.discordapp.net/attachments/1/2/a.png",
        ] {
            assert!(may(&discord, url), "{url}");
        }
        for url in [
            "http://cdn.discordapp.com/a.png",
            "https://cdn.discordapp.com:8443/a.png",
            "https://cdn.discordapp.com.evil.example/a.png",
            "https://evil.example/cdn.discordapp.com/a.png",
            "https://user@evil.example/a.png",
            "http://127.0.0.1:7878/attachments/1/2/a.png",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ] {
            assert!(!may(&discord, url), "{url}");
        }
        assert!(may(&local, "http://127.0.0.1:7878/attachments/1/2/a.png"));
        for url in [
            "http://127.0.0.1:9999/a.png",
            "https://127.0.0.1:7878/a.png",
            "file:///etc/passwd",
        ] {
            assert!(!may(&local, url), "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_elsewhere_is_not_fetched() {
        let attachments = attachments(None);
        let large = Attached {
            url: "https://cdn.discordapp.com/a.png".to_owned(),
            size: Some(20 * 1024 * 1024),
        };
        let error = attachments.picture(&large).await.expect_err("too large");
        assert!(error.to_string().contains("10 MiB"), "{error}");
        let elsewhere = Attached {
            url: "http://127.0.0.1:1/a.png".to_owned(),
            size: None,
        };
        let error = attachments.picture(&elsewhere).await;
        let error = error.expect_err("elsewhere").to_string();
        assert!(error.contains("doesn't lie with Discord"), "{error}");
    }

    #[test]
    fn a_refusal_is_one_plain_sentence_and_its_mend() {
        let damaged = MediaError::Damaged {
            kind: "PNG",
            reason: "Format error: CRC at 0x1f".to_owned(),
        };
        assert_eq!(
            refusal(&damaged),
            "The PNG file is damaged or incomplete. Attach another picture."
        );
        let text = Given::decoded(b"only words").expect_err("no picture");
        assert!(refusal(&text).starts_with("The file is not a picture"));
    }
}
