//! A coarse map of a picture's brightness, to tell the same picture (recompressed or resized) from
//! a different one. It is no measure of likeness between different pictures.

use image::DynamicImage;
use image::imageops::FilterType;

/// Cells a row and rows.
const SIDE: u32 = 16;
const CELLS: usize = (SIDE * SIDE) as usize;
/// Mean difference of the cells' brightness up to which two pictures count as the same, of 255.
/// JPEG at quality 30 with halved sides moves a brain cut by 1.2 at most; the nearest two
/// different cuts of the starter atlas (mirror images of each other) are 2.3 apart.
const SAME_PICTURE: f32 = 1.6;
/// A picture whose cells differ less than this from their mean proves nothing.
const STRUCTURE: f32 = 4.0;

/// Mean brightness of 16 by 16 cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; CELLS]);

impl Fingerprint {
    /// The distance up to which two pictures count as the same.
    pub const SAME_PICTURE: f32 = SAME_PICTURE;

    /// Averages a picture's cells.
    pub fn of(picture: &DynamicImage) -> Self {
        // The triangle filter averages over all pixels of a cell when it makes pictures smaller.
        let cells = picture
            .resize_exact(SIDE, SIDE, FilterType::Triangle)
            .to_luma8();
        let mut map = [0; CELLS];
        map.copy_from_slice(cells.as_raw());
        Self(map)
    }

    /// Mean difference of brightness over the cells, 0 to 255.
    pub fn distance(&self, other: &Self) -> f32 {
        let sum: u32 = self
            .0
            .iter()
            .zip(other.0)
            .map(|(a, b)| u32::from(a.abs_diff(b)))
            .sum();
        sum as f32 / CELLS as f32
    }

    /// Whether the two pictures are the same but for encoding and size. Pictures with hardly any
    /// structure never count as the same.
    pub fn same_picture(&self, other: &Self) -> bool {
        self.distance(other) <= SAME_PICTURE && self.structure() >= STRUCTURE
    }

    /// Mean difference of the cells from their mean.
    fn structure(&self) -> f32 {
        let sum: u32 = self.0.iter().map(|cell| u32::from(*cell)).sum();
        let mean = u8::try_from(sum / CELLS as u32).unwrap_or(u8::MAX);
        let deviation: u32 = self
            .0
            .iter()
            .map(|cell| u32::from(cell.abs_diff(mean)))
            .sum();
        deviation as f32 / CELLS as f32
    }

    /// The cells, row by row, for storage.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads what [`Self::as_bytes`] gave; `None` if the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use image::{GrayImage, Luma};

    /// A textured picture that depends on a phase, so that phases stand for neighbouring slices.
    fn texture(phase: f32) -> DynamicImage {
        DynamicImage::ImageLuma8(GrayImage::from_fn(200, 180, |x, y| {
            let (x, y) = (x as f32 / 17.0 + phase, y as f32 / 23.0 - phase * 0.7);
            let value = (x.sin() * (y * 1.3).cos() + (x * 0.31 + y * 0.57).sin()) * 60.0 + 128.0;
            Luma([value.clamp(0.0, 255.0) as u8])
        }))
    }

    #[test]
    fn recompression_and_resizing_keep_the_picture() {
        let picture = texture(0.0);
        let mut jpeg = Vec::new();
        picture
            .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 40))
            .expect("JPEG takes gray pictures");
        let again = image::load_from_memory(&jpeg).expect("just written");
        let smaller = picture.resize(120, 120, FilterType::CatmullRom);
        let original = Fingerprint::of(&picture);
        assert!(original.same_picture(&Fingerprint::of(&again)));
        assert!(original.same_picture(&Fingerprint::of(&smaller)));
    }

    #[test]
    fn other_pictures_brighter_ones_and_blanks_are_not_the_same() {
        let original = Fingerprint::of(&texture(0.0));
        assert!(!original.same_picture(&Fingerprint::of(&texture(0.2))));
        let brighter = texture(0.0).brighten(20);
        assert!(!original.same_picture(&Fingerprint::of(&brighter)));
        let blank = Fingerprint::of(&DynamicImage::new_luma8(50, 50));
        assert!(!blank.same_picture(&blank));
    }

    #[test]
    fn bytes_round_trip() {
        let original = Fingerprint::of(&texture(0.3));
        assert_eq!(Fingerprint::from_bytes(original.as_bytes()), Some(original));
        assert_eq!(Fingerprint::from_bytes(&[1, 2, 3]), None);
    }
}
