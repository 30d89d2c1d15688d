//! Pages of TIFF files, as microscopes write them: many in one file, in 16 bits or as fractions.
//! Plain pictures are decoded by the parent module.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::{ColorType, TiffError};

use super::{MediaError, check_dimensions};

/// Shares of a page's pixels that a stretch makes black and white: the extremes are noise.
const STRETCH: (f64, f64) = (0.005, 0.998);

/// Decodes one page (from 0) to eight bits. With `stretch` the page's own range of gray values is
/// spread from black to white; without, sixteen bits are cut to their upper eight.
///
/// # Errors
/// [`MediaError::NoSuchFrame`] for a page that isn't there, [`MediaError::Damaged`] for a file
/// that can't be decoded.
pub fn decode(bytes: &[u8], page: u32, stretch: bool) -> Result<DynamicImage, MediaError> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    for passed in 0..page {
        if !decoder.more_images() {
            return Err(MediaError::NoSuchFrame {
                requested: page,
                available: passed + 1,
            });
        }
        decoder.next_image().map_err(|error| damaged(&error))?;
    }
    let (width, height) = decoder.dimensions().map_err(|error| damaged(&error))?;
    check_dimensions(width, height)?;
    let color = decoder.colortype().map_err(|error| damaged(&error))?;
    let pixels = decoder.read_image().map_err(|error| damaged(&error))?;
    let contradicts = || damaged_because("its size contradicts its content");
    match (color, pixels) {
        (ColorType::RGB(8), DecodingResult::U8(pixels)) => {
            RgbImage::from_raw(width, height, pixels)
                .map(DynamicImage::ImageRgb8)
                .ok_or_else(contradicts)
        }
        (ColorType::Gray(_), pixels) => {
            let gray = to_gray(pixels, stretch)?;
            GrayImage::from_raw(width, height, gray)
                .map(DynamicImage::ImageLuma8)
                .ok_or_else(contradicts)
        }
        (other, _) => Err(damaged_because(&format!(
            "its colours ({other:?}) are not supported"
        ))),
    }
}

fn to_gray(pixels: DecodingResult, stretch: bool) -> Result<Vec<u8>, MediaError> {
    Ok(match pixels {
        DecodingResult::U8(pixels) if !stretch => pixels,
        DecodingResult::U16(pixels) if !stretch => {
            pixels.into_iter().map(|value| (value >> 8) as u8).collect()
        }
        DecodingResult::U8(pixels) => spread(pixels.into_iter().map(f32::from).collect()),
        DecodingResult::U16(pixels) => spread(pixels.into_iter().map(f32::from).collect()),
        DecodingResult::F32(pixels) => spread(pixels),
        _ => return Err(damaged_because("its gray values are of an unusual kind")),
    })
}

/// Values to eight bits, the page's own range from black to white.
fn spread(values: Vec<f32>) -> Vec<u8> {
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| {
        let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        sorted.get(index).copied().unwrap_or(0.0)
    };
    let (low, high) = (at(STRETCH.0), at(STRETCH.1));
    let scale = 255.0 / (high - low).max(f32::EPSILON);
    values
        .into_iter()
        .map(|value| ((value - low) * scale).clamp(0.0, 255.0).round() as u8)
        .collect()
}

fn damaged(error: &TiffError) -> MediaError {
    damaged_because(&error.to_string())
}

fn damaged_because(reason: &str) -> MediaError {
    MediaError::Damaged {
        kind: "TIFF",
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiff::encoder::{TiffEncoder, colortype};

    /// Two pages of 4 by 2: sixteen bits, then fractions.
    fn file() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).expect("memory takes it");
        let first: Vec<u16> = (0..8).map(|value| value * 256).collect();
        encoder
            .write_image::<colortype::Gray16>(4, 2, &first)
            .expect("written");
        let second: Vec<f32> = (0..8).map(|value| value as f32 / 8.0 - 0.5).collect();
        encoder
            .write_image::<colortype::Gray32Float>(4, 2, &second)
            .expect("written");
        bytes.into_inner()
    }

    #[test]
    fn pages_are_told_apart_and_stretched() {
        let plain = decode(&file(), 0, false).expect("page 0").to_luma8();
        assert_eq!(plain.as_raw(), &[0, 1, 2, 3, 4, 5, 6, 7]);
        let stretched = decode(&file(), 0, true).expect("page 0").to_luma8();
        assert_eq!((stretched.as_raw()[0], stretched.as_raw()[7]), (0, 255));
        let fractions = decode(&file(), 1, false).expect("page 1").to_luma8();
        assert_eq!((fractions.as_raw()[0], fractions.as_raw()[7]), (0, 255));
        assert!(matches!(
            decode(&file(), 2, false),
            Err(MediaError::NoSuchFrame {
                requested: 2,
                available: 2
            })
        ));
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let bytes = file();
        assert!(decode(&bytes[..20], 0, false).is_err());
    }
}
