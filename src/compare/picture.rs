//! A picture that somebody brings to compare: decoded, with what is to be said of it. It lives in
//! memory alone.

use mirage_models::image_encoder::Rgb;

use super::error::CompareError;
use crate::media::{self, MediaError};

/// Fewest pixels of a side that still show something.
pub(super) const LEAST_SIDE: u32 = 16;
/// Most times that the longer side may be the shorter one.
pub(super) const LONGEST_SHAPE: u32 = 20;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its pixels, at most 1,024 on the longest side.
    pub pixels: Rgb,
    /// Width of the file in pixels.
    pub width: u32,
    /// Height of the file in pixels.
    pub height: u32,
    /// Whether the file holds further frames; `pixels` are its first.
    pub is_first_of_many: bool,
}

impl Picture {
    /// Decodes a file, whatever its name says.
    ///
    /// # Errors
    /// [`CompareError::Media`] if it is no picture, [`CompareError::TooSmall`] or
    /// [`CompareError::TooNarrow`] if there is too little to see.
    pub fn decode(file: &[u8]) -> Result<Self, CompareError> {
        let picture = media::decode(file)?;
        let (width, height) = (picture.width(), picture.height());
        let (shorter, longer) = (width.min(height), width.max(height));
        if shorter < LEAST_SIDE {
            return Err(CompareError::TooSmall { width, height });
        }
        if longer / LONGEST_SHAPE > shorter {
            return Err(CompareError::TooNarrow { width, height });
        }
        let pixels = media::pixels(&picture).ok_or(MediaError::Empty)?;
        Ok(Self {
            pixels,
            width,
            height,
            is_first_of_many: media::has_several_frames(file),
        })
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, ImageFormat};

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = DynamicImage::ImageLuma8(GrayImage::new(width, height));
        picture
            .write_to(&mut bytes, ImageFormat::Png)
            .expect("PNG takes any picture");
        bytes.into_inner()
    }

    #[test]
    fn what_shows_too_little_is_refused_with_its_size() {
        let told = |width, height| {
            let refused = Picture::decode(&png(width, height));
            refused.expect_err("too little to see").to_string()
        };
        assert!(told(1, 1).starts_with("The picture has 1 by 1 pixels. That is too small"));
        assert!(told(20_000, 10).contains("20000 by 10 pixels. That is too small"));
        assert!(told(1_000, 40).contains("too narrow"));
        let picture = Picture::decode(&png(800, 40)).expect("narrow, but a picture");
        assert_eq!((picture.width, picture.height), (800, 40));
        assert!(!picture.is_first_of_many);
    }

    #[test]
    fn the_content_tells_the_kind_and_not_the_name() {
        let error = Picture::decode(b"%PDF-1.7 called picture.png").expect_err("no picture");
        assert!(error.to_string().contains("not a picture"), "{error}");
    }
}
