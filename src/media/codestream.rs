//! What compressed pictures say of themselves, read without decoding them: whether a JPEG file has
//! its end, and how large a JPEG or JPEG 2000 picture is going to be.

/// Mark of the end of a JPEG picture (ITU-T T.81, table B.1), after a byte 0xff.
const END_OF_IMAGE: u8 = 0xd9;
/// Start and size marks of JPEG 2000 (ITU-T T.800, annex A), which come together.
const JPEG_2000: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];

/// Whether a JPEG file goes on to its end mark. One that was cut off has none, and decoders fill
/// what is missing with gray.
pub(super) fn is_whole_jpeg(bytes: &[u8]) -> bool {
    // The start mark is the first thing there is.
    let mut at = 2;
    while let Some((mark, next)) = next_mark(bytes, at) {
        at = match mark {
            END_OF_IMAGE => return true,
            // What stands alone: bytes of a scan that are no mark, restarts, starts.
            0x00 | 0x01 | 0xd0..=0xd8 => next,
            // A segment with its length. After the head of a scan comes the scan itself.
            _ => match two_bytes(bytes, next) {
                Some(length) => next + usize::from(length).max(2),
                None => return false,
            },
        };
    }
    false
}

/// The next mark from a place on, and the place after it.
fn next_mark(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let start = at + bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
    // Any number of 0xff may stand before a mark.
    let fill = bytes[start..].iter().position(|byte| *byte != 0xff)?;
    Some((bytes[start + fill], start + fill + 1))
}

/// Width and height of the largest picture that is declared anywhere in bytes that hold JPEG,
/// JPEG-LS or JPEG 2000 pictures: what a decoder will make room for.
pub(super) fn largest_declared(bytes: &[u8]) -> Option<(u32, u32)> {
    let declared = (0..bytes.len()).filter(|at| bytes[*at] == 0xff);
    let declared = declared.filter_map(|at| jpeg_frame(bytes, at).or(jpeg_2000_size(bytes, at)));
    declared.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height))
}

/// The size in the head of a JPEG frame, if one begins here.
fn jpeg_frame(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    let is_frame = match bytes.get(at + 1)? {
        // Huffman tables, extensions and arithmetic coding stand between the frames.
        0xc4 | 0xc8 | 0xcc => false,
        // The last is JPEG-LS (ITU-T T.87).
        0xc0..=0xcf | 0xf7 => true,
        _ => false,
    };
    let parts = u16::from(*bytes.get(at + 9)?);
    let has_its_length = two_bytes(bytes, at + 2)? == 8 + 3 * parts;
    let size = (two_bytes(bytes, at + 7)?, two_bytes(bytes, at + 5)?);
    (is_frame && has_its_length).then_some((size.0.into(), size.1.into()))
}

/// The size in the head of a JPEG 2000 codestream, if one begins here.
fn jpeg_2000_size(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    let rest = bytes.get(at..)?;
    let number = |at: usize| {
        let bytes = rest.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    if !rest.starts_with(&JPEG_2000) {
        return None;
    }
    // After the marks: the length and capabilities, two bytes each.
    let width = number(8)?.saturating_sub(number(16)?);
    let height = number(12)?.saturating_sub(number(20)?);
    Some((width, height))
}

fn two_bytes(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use image::{GrayImage, Luma};

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = GrayImage::from_fn(width, height, |x, y| Luma([(x * y) as u8]));
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
        picture.write_with_encoder(encoder).expect("a JPEG");
        bytes
    }

    #[test]
    fn a_file_is_whole_when_its_own_end_is_there() {
        let mut whole = jpeg(64, 48);
        assert!(is_whole_jpeg(&whole));
        for length in [0, 1, 2, 20, whole.len() / 2, whole.len() - 2] {
            assert!(!is_whole_jpeg(&whole[..length]), "{length}");
        }
        // A small picture in a segment of the head has an end of its own.
        let inner = jpeg(8, 8);
        let length = u16::try_from(inner.len() + 2).expect("small").to_be_bytes();
        let segment = [&[0xff, 0xe1][..], &length, &inner].concat();
        let cut = [&whole[..2], &segment, &whole[2..whole.len() / 2]].concat();
        assert!(!is_whole_jpeg(&cut));
        whole.extend(b"what stands after the end is of no importance");
        assert!(is_whole_jpeg(&whole));
    }

    #[test]
    fn the_largest_of_several_pictures_is_found() {
        assert_eq!(largest_declared(&jpeg(64, 48)), Some((64, 48)));
        let mut large = jpeg(8, 8);
        let head = large.windows(2).position(|pair| pair == [0xff, 0xc0]);
        let size = head.expect("a frame") + 5;
        large[size..size + 4].fill(0xfe);
        let both = [jpeg(64, 48), large].concat();
        assert_eq!(largest_declared(&both), Some((0xfefe, 0xfefe)));
        assert_eq!(largest_declared(b"neither of them"), None);
        assert_eq!(largest_declared(&[0xff; 64]), None);
        assert_eq!(largest_declared(&[0xff, 0xc0]), None);
    }

    #[test]
    fn jpeg_2000_says_its_size_at_its_start() {
        let mut bytes = JPEG_2000.to_vec();
        bytes.extend([0, 47, 0, 0]);
        for number in [60_000_u32, 50_000, 100, 0] {
            bytes.extend(number.to_be_bytes());
        }
        assert_eq!(largest_declared(&bytes), Some((59_900, 50_000)));
        bytes.truncate(12);
        assert_eq!(largest_declared(&bytes), None);
    }
}
