//! Text in PNG files: writing a file whose first chunks say what the picture is, and reading texts of
//! any PNG back. What the texts say is decided elsewhere.

use std::io::{Cursor, Read as _};

use flate2::Crc;
use flate2::read::ZlibDecoder;
use image::{ImageError, ImageFormat, RgbImage};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of the signature and of the first chunk, which holds the size of the picture.
const HEAD: usize = 8 + 12 + 13;
/// Longest text that is unpacked, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// Where programs look for an XMP packet.
pub(super) const XMP: &str = "XML:com.adobe.xmp";

/// A text of a PNG file and the keyword that it stands under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// What it is about: 1 to 79 Latin letters.
    pub(super) keyword: String,
    /// What it says.
    pub(super) text: String,
}

impl Text {
    pub(super) fn new(keyword: &str, text: impl Into<String>) -> Self {
        Self {
            keyword: keyword.to_owned(),
            text: text.into(),
        }
    }
}

/// A picture as PNG with texts before its pixels.
///
/// # Errors
/// What the encoder reports.
pub(super) fn write(picture: &RgbImage, texts: &[Text]) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    let bytes = bytes.into_inner();
    let (head, rest) = bytes.split_at(HEAD.min(bytes.len()));
    let mut file = head.to_vec();
    for text in texts {
        file.extend(international(text));
    }
    file.extend_from_slice(rest);
    Ok(file)
}

/// An `iTXt` chunk: UTF-8, not compressed, so that the plain words are in the file.
fn international(text: &Text) -> Vec<u8> {
    let mut content = b"iTXt".to_vec();
    content.extend_from_slice(text.keyword.as_bytes());
    // The end of the keyword; not compressed, by no method; no language, no keyword in it.
    content.extend_from_slice(&[0, 0, 0, 0, 0]);
    content.extend_from_slice(text.text.replace('\0', " ").as_bytes());
    let mut sum = Crc::new();
    sum.update(&content);
    let length = u32::try_from(content.len() - 4).unwrap_or(u32::MAX);
    let mut chunk = length.to_be_bytes().to_vec();
    chunk.extend(content);
    chunk.extend(sum.sum().to_be_bytes());
    chunk
}

/// The texts of a PNG file, in order. None for any other file; what is damaged is left out.
pub(super) fn texts(file: &[u8]) -> Vec<Text> {
    let mut found = Vec::new();
    let Some(mut rest) = file.strip_prefix(SIGNATURE) else {
        return found;
    };
    while let Some((kind, content, after)) = chunk(rest) {
        found.extend(text_of(kind, content));
        rest = after;
    }
    found
}

/// The next chunk: its kind, its content, and what comes after it.
fn chunk(file: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (kind, rest) = rest.split_at_checked(4)?;
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest.get(4..)?))
}

fn text_of(kind: &[u8], content: &[u8]) -> Option<Text> {
    let (keyword, rest) = until_zero(content)?;
    let keyword: String = keyword.iter().copied().map(char::from).collect();
    let latin = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let text = match kind {
        b"tEXt" => latin(rest),
        b"zTXt" => latin(&unpacked(rest.get(1..)?)?),
        b"iTXt" => {
            let (is_packed, rest) = (*rest.first()? != 0, rest.get(2..)?);
            let (_, rest) = until_zero(rest)?;
            let (_, rest) = until_zero(rest)?;
            let bytes = if is_packed {
                unpacked(rest)?
            } else {
                rest.to_vec()
            };
            String::from_utf8(bytes).ok()?
        }
        _ => return None,
    };
    Some(Text { keyword, text })
}

fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Unpacks a text up to a bound: a small file may claim to hold any amount.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut bounded = ZlibDecoder::new(bytes).take(LONGEST);
    bounded.read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(20, 10, |x, y| image::Rgb([x as u8 * 9, y as u8 * 20, 7]))
    }

    #[test]
    fn texts_come_back_and_every_program_can_read_the_picture() {
        let texts_given = [
            Text::new("Software", "Mirage"),
            Text::new("Description", "Röntgen — 胸部 \u{202e}x"),
        ];
        let file = write(&picture(), &texts_given).expect("PNG takes RGB");
        assert_eq!(texts(&file), texts_given);
        let read = image::load_from_memory(&file).expect("its chunks are whole");
        assert_eq!(read.into_rgb8(), picture());
    }

    #[test]
    fn a_nul_does_not_end_a_text() {
        let file = write(&picture(), &[Text::new("Comment", "a\0b")]).expect("PNG takes RGB");
        assert_eq!(texts(&file)[0].text, "a b");
    }

    #[test]
    fn packed_and_latin_texts_are_read() {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all("packed ö".as_bytes()).expect("memory");
        let packed = packed.finish().expect("memory");
        let content = [b"k\0\x01\0\0\0".as_slice(), &packed].concat();
        assert_eq!(text_of(b"iTXt", &content), Some(Text::new("k", "packed ö")));
        assert_eq!(text_of(b"tEXt", b"k\0\xf6"), Some(Text::new("k", "ö")));
        assert_eq!(text_of(b"IDAT", b"k\0x"), None);
        assert_eq!(text_of(b"iTXt", b"k\0\x01\0\0\0no zlib"), None);
    }

    #[test]
    fn a_small_file_can_not_fill_the_memory() {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        for _ in 0..64 {
            packed.write_all(&[b'a'; 65_536]).expect("memory");
        }
        let packed = packed.finish().expect("memory");
        let unpacked = unpacked(&packed).expect("zlib");
        assert_eq!(unpacked.len() as u64, LONGEST);
    }

    #[test]
    fn what_is_cut_short_gives_the_texts_before() {
        let file = write(&picture(), &[Text::new("a", "1"), Text::new("b", "2")]);
        let file = file.expect("PNG takes RGB");
        for length in 0..file.len() {
            assert!(texts(&file[..length]).len() <= 2);
        }
        assert!(texts(b"\xff\xd8\xff\xe1").is_empty());
        let claims = [SIGNATURE, &[0xff; 8]].concat();
        assert!(texts(&claims).is_empty());
    }
}
