//! Attachments: bytes in memory, their type and size in pixels, and the signed addresses they are
//! served at. Who may attach what is decided elsewhere.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::options::{random_hex, same_secret};
use crate::snowflake::Snowflake;

/// How long an address stays valid, in milliseconds: a day, as on Discord.
const LIFETIME_MS: u64 = 24 * 60 * 60 * 1_000;

/// A file as it came in, before it belongs to anything.
#[derive(Clone, Debug)]
pub(crate) struct UploadedFile {
    /// The `n` of the form field `files[n]`.
    pub(crate) index: Option<u64>,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    /// Width and height in pixels, for pictures that could be read.
    pub(crate) dimensions: Option<(u32, u32)>,
}

impl UploadedFile {
    /// Names the file safely, finds its type from its content and its size in pixels.
    pub(crate) fn new(index: Option<u64>, filename: &str, bytes: Bytes) -> Self {
        let filename = safe_filename(filename);
        let picture = image::ImageReader::new(Cursor::new(&bytes))
            .with_guessed_format()
            .ok();
        let format = picture.as_ref().and_then(image::ImageReader::format);
        let content_type = format.map_or_else(|| type_by_name(&filename), image_type);
        let dimensions = picture.and_then(|picture| picture.into_dimensions().ok());
        Self {
            index,
            filename,
            content_type: content_type.to_owned(),
            bytes,
            dimensions,
        }
    }
}

fn image_type(format: image::ImageFormat) -> &'static str {
    format.to_mime_type()
}

/// The media type that the file's ending stands for. Only for showing: nothing but pictures is
/// served with its own type.
fn type_by_name(filename: &str) -> &'static str {
    let ending = filename.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "txt" | "md" | "log" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "pdf" => "application/pdf",
        "svg" => "image/svg+xml",
        "html" | "htm" => "text/html; charset=utf-8",
        "zip" => "application/zip",
        "mp4" => "video/mp4",
        "dcm" => "application/dicom",
        _ => "application/octet-stream",
    }
}

/// The name as it appears in the address: anything but letters, digits, `.`, `-` and `_` becomes
/// `_`.
pub(crate) fn safe_filename(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(200)
        .collect();
    if safe.trim_matches(['.', '_']).is_empty() {
        "file".to_owned()
    } else {
        safe
    }
}

/// A stored file with the signature of its present address.
#[derive(Clone, Debug)]
pub(crate) struct StoredAttachment {
    pub(crate) channel_id: Snowflake,
    pub(crate) file: UploadedFile,
    issued_ms: u64,
    /// Random, and known only to those who were given the address.
    signature: String,
}

/// All attachments of a run.
#[derive(Debug)]
pub(crate) struct AttachmentStore {
    limit: u64,
    stored: Mutex<BTreeMap<Snowflake, StoredAttachment>>,
}

impl AttachmentStore {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            stored: Mutex::default(),
        }
    }

    fn stored(&self) -> MutexGuard<'_, BTreeMap<Snowflake, StoredAttachment>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a file; the oldest ones leave if there is no room.
    pub(crate) fn add(&self, id: Snowflake, channel: Snowflake, file: UploadedFile, now_ms: u64) {
        let mut stored = self.stored();
        let signature = random_hex(64);
        stored.insert(
            id,
            StoredAttachment {
                channel_id: channel,
                file,
                issued_ms: now_ms,
                signature,
            },
        );
        let mut total: u64 = stored
            .values()
            .map(|kept| kept.file.bytes.len() as u64)
            .sum();
        while total > self.limit && stored.len() > 1 {
            if let Some((_, oldest)) = stored.pop_first() {
                total -= oldest.file.bytes.len() as u64;
            }
        }
    }

    pub(crate) fn remove(&self, id: Snowflake) {
        self.stored().remove(&id);
    }

    /// The attachment object as the API sends it, with an address that is valid for a day.
    pub(crate) fn object(
        &self,
        id: Snowflake,
        description: Option<&str>,
        base_url: &str,
        now_ms: u64,
    ) -> Option<Value> {
        let mut stored = self.stored();
        let attachment = stored.get_mut(&id)?;
        let url = address(id, attachment, base_url, now_ms);
        let file = &attachment.file;
        let mut object = json!({
            "id": id,
            "filename": file.filename,
            "size": file.bytes.len(),
            "url": url,
            "proxy_url": url,
            "content_type": file.content_type,
        });
        if let Some((width, height)) = file.dimensions {
            object["width"] = json!(width);
            object["height"] = json!(height);
        }
        if let Some(description) = description {
            object["description"] = json!(description);
        }
        Some(object)
    }

    /// The file behind an address, if the signature is right and has not expired.
    pub(crate) fn open(&self, request: &Address<'_>, now_ms: u64) -> Option<StoredAttachment> {
        let stored = self.stored();
        let attachment = stored.get(&request.id)?;
        let right = attachment.channel_id == request.channel_id
            && attachment.file.filename == request.filename
            && same_secret(&attachment.signature, request.signature)
            && request.issued == hex_seconds(attachment.issued_ms)
            && request.expires == hex_seconds(attachment.issued_ms + LIFETIME_MS)
            && now_ms < attachment.issued_ms + LIFETIME_MS;
        right.then(|| attachment.clone())
    }
}

/// The parts of an address that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    pub(crate) channel_id: Snowflake,
    pub(crate) id: Snowflake,
    pub(crate) filename: &'a str,
    pub(crate) expires: &'a str,
    pub(crate) issued: &'a str,
    pub(crate) signature: &'a str,
}

fn address(id: Snowflake, kept: &mut StoredAttachment, base_url: &str, now_ms: u64) -> String {
    if now_ms >= kept.issued_ms + LIFETIME_MS {
        kept.issued_ms = now_ms;
        kept.signature = random_hex(64);
    }
    format!(
        "{base_url}/attachments/{}/{id}/{}?ex={}&is={}&hm={}",
        kept.channel_id,
        kept.file.filename,
        hex_seconds(kept.issued_ms + LIFETIME_MS),
        hex_seconds(kept.issued_ms),
        kept.signature,
    )
}

fn hex_seconds(ms: u64) -> String {
    format!("{:x}", ms / 1_000)
}

/// Whether a browser may show the type by itself: pictures that can't carry script.
pub(crate) fn is_inline(content_type: &str) -> bool {
    matches!(
        content_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png() -> Bytes {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::new(3, 2)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .expect("a small picture can be encoded");
        bytes.into_inner().into()
    }

    #[test]
    fn pictures_are_known_by_their_content() {
        let file = UploadedFile::new(Some(0), "../a b.txt", png());
        assert_eq!(file.filename, "a_b.txt");
        assert_eq!(file.content_type, "image/png");
        assert_eq!(file.dimensions, Some((3, 2)));
        let script = UploadedFile::new(None, "x.svg", Bytes::from_static(b"<svg onload=1>"));
        assert!(!is_inline(&script.content_type));
    }

    #[test]
    fn addresses_are_signed_and_expire() {
        let store = AttachmentStore::new(1_000);
        let (id, channel) = (Snowflake::new(5), Snowflake::new(4));
        store.add(id, channel, UploadedFile::new(None, "a.png", png()), 10_000);
        let object = store
            .object(id, Some("alt"), "http://x", 10_000)
            .expect("it is kept");
        let url = object["url"].as_str().expect("an address").to_owned();
        let part = |key: &str| {
            let (_, rest) = url
                .split_once(&format!("{key}="))
                .expect("the part is there");
            rest.split('&').next().unwrap_or_default().to_owned()
        };
        let (expires, issued, signature) = (part("ex"), part("is"), part("hm"));
        let good = Address {
            channel_id: channel,
            id,
            filename: "a.png",
            expires: &expires,
            issued: &issued,
            signature: &signature,
        };
        assert!(store.open(&good, 20_000).is_some());
        assert!(
            store
                .open(
                    &Address {
                        signature: "0",
                        ..good
                    },
                    20_000
                )
                .is_none()
        );
        assert!(
            store
                .open(
                    &Address {
                        filename: "b.png",
                        ..good
                    },
                    20_000
                )
                .is_none()
        );
        assert!(
            store
                .open(
                    &Address {
                        expires: "ffffffff",
                        ..good
                    },
                    20_000
                )
                .is_none()
        );
        assert!(store.open(&good, 10_000 + LIFETIME_MS).is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let store = AttachmentStore::new(25);
        for number in 1..=3 {
            let file = UploadedFile::new(None, "a.txt", Bytes::from_static(b"0123456789"));
            store.add(Snowflake::new(number), Snowflake::new(9), file, 0);
        }
        assert!(!store.stored().contains_key(&Snowflake::new(1)));
        assert!(store.stored().contains_key(&Snowflake::new(3)));
    }
}
