//! Whether a file holds more pictures than its first: an animation, a series of DICOM frames, pages
//! of a TIFF file. Nothing is decoded, and what is broken counts as one picture.

use std::io::Cursor;

use tiff::decoder::Decoder;

use super::dicom;

/// Whether there are two frames at least.
pub(crate) fn has_several(bytes: &[u8]) -> bool {
    if dicom::is_dicom(bytes) {
        return dicom::has_several_frames(bytes);
    }
    match bytes {
        [b'G', b'I', b'F', ..] => gif_frames(bytes).is_some(),
        [0x89, b'P', b'N', b'G', ..] => is_animated_png(bytes),
        [b'R', b'I', b'F', b'F', ..] => is_animated_webp(bytes),
        [b'I', b'I', ..] | [b'M', b'M', ..] => has_pages(bytes),
        _ => false,
    }
}

/// Goes through a GIF file (GIF89a specification, section 17 on) to its second frame.
fn gif_frames(bytes: &[u8]) -> Option<()> {
    const SCREEN: usize = 13;
    let mut at = SCREEN + color_table(*bytes.get(10)?);
    let mut frames = 0;
    loop {
        match *bytes.get(at)? {
            // A frame: its place and size, colours, one byte, and its data.
            b',' => {
                frames += 1;
                if frames == 2 {
                    return Some(());
                }
                let colors = color_table(*bytes.get(at + 9)?);
                at = after_blocks(bytes, at + 11 + colors)?;
            }
            // An extension: its kind, and its data.
            b'!' => at = after_blocks(bytes, at + 2)?,
            _ => return None,
        }
    }
}

/// Bytes of the colour table that flags announce.
fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// The place after blocks that each begin with their length, the last of them empty.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// Looks for the chunk of an animation, which comes before the pixels.
fn is_animated_png(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some([a, b, c, d, name @ ..]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        match name {
            b"acTL" => {
                let count = bytes.get(at + 8..at + 12);
                return count.is_some_and(|count| count > &[0, 0, 0, 1][..]);
            }
            b"IDAT" => return false,
            _ => {
                let length = u32::from_be_bytes([*a, *b, *c, *d]);
                at = at.saturating_add(12).saturating_add(length as usize);
            }
        }
    }
    false
}

/// Reads the flag of an animation.
fn is_animated_webp(bytes: &[u8]) -> bool {
    bytes.get(8..16) == Some(&b"WEBPVP8X"[..]) && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
}

fn has_pages(bytes: &[u8]) -> bool {
    Decoder::new(Cursor::new(bytes)).is_ok_and(|decoder| decoder.more_images())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use image::{Frame, RgbaImage};
    use tiff::encoder::{TiffEncoder, colortype::Gray8};

    fn gif(frames: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for shade in 0..frames {
            let frame = RgbaImage::from_pixel(8, 8, [shade, 0, 0, 255].into());
            encoder.encode_frame(Frame::new(frame)).expect("a frame");
        }
        drop(encoder);
        bytes
    }

    #[test]
    fn an_animation_has_a_second_frame() {
        let (one, two) = (gif(1), gif(2));
        assert!(!has_several(&one) && has_several(&two));
        assert!(!has_several(&one[..20]) && !has_several(b"GIF"));
        // Cut where the single one has its last byte, it has lost its second frame.
        assert!(!has_several(&two[..one.len() - 1]));
    }

    #[test]
    fn an_animated_png_says_so_before_its_pixels() {
        let chunk = |name: &[u8; 4], data: &[u8]| {
            let length = u32::try_from(data.len()).expect("small").to_be_bytes();
            [&length[..], name, data, &[0; 4]].concat()
        };
        let png = |chunks: &[Vec<u8>]| [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat();
        let (head, pixels) = (chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", &[0; 9]));
        let control = |count: u8| chunk(b"acTL", &[0, 0, 0, count, 0, 0, 0, 0]);
        assert!(has_several(&png(&[
            head.clone(),
            control(2),
            pixels.clone()
        ])));
        assert!(!has_several(&png(&[
            head.clone(),
            control(1),
            pixels.clone()
        ])));
        assert!(!has_several(&png(&[head, pixels])));
        assert!(!has_several(&png(&[])));
    }

    #[test]
    fn an_animated_webp_says_so_in_its_head() {
        let webp =
            |flags: u8| [&b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0"[..], &[flags, 0, 0, 0]].concat();
        assert!(has_several(&webp(0x02)) && has_several(&webp(0x12)));
        assert!(!has_several(&webp(0x10)) && !has_several(b"RIFF"));
    }

    #[test]
    fn a_tiff_file_may_have_pages() {
        let tiff = |pages: usize| {
            let mut bytes = Cursor::new(Vec::new());
            let mut encoder = TiffEncoder::new(&mut bytes).expect("memory takes it");
            for _ in 0..pages {
                let written = encoder.write_image::<Gray8>(4, 4, &[7; 16]);
                written.expect("memory takes it");
            }
            bytes.into_inner()
        };
        assert!(has_several(&tiff(2)));
        assert!(!has_several(&tiff(1)) && !has_several(b"II"));
    }
}
