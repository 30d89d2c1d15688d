//! A difference hash, to tell near-identical pictures (the same picture, recompressed or resized)
//! from different ones. It is no measure of likeness between different pictures.

use image::DynamicImage;
use image::imageops::FilterType;

/// Bits a row and rows: 16 by 16, enough to tell neighbouring slices of one volume apart.
const SIDE: u32 = 16;
/// Pictures whose hashes differ in at most this many of 256 bits count as the same picture.
/// A JPEG recompression moves up to 4, a resize up to 6 (see the tests).
const SAME_PICTURE: u32 = 6;

/// A 256-bit difference hash: each bit tells if a cell is brighter than its right neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u64; 4]);

impl Fingerprint {
    /// Hashes a picture.
    pub fn of(picture: &DynamicImage) -> Self {
        let cells = picture
            .resize_exact(SIDE + 1, SIDE, FilterType::Triangle)
            .to_luma8();
        let mut bits = [0_u64; 4];
        for y in 0..SIDE {
            for x in 0..SIDE {
                if cells.get_pixel(x, y)[0] > cells.get_pixel(x + 1, y)[0] {
                    let bit = y * SIDE + x;
                    bits[(bit / 64) as usize] |= 1 << (bit % 64);
                }
            }
        }
        Self(bits)
    }

    /// How many bits differ, 0 to 256.
    pub fn distance(self, other: Self) -> u32 {
        self.0
            .iter()
            .zip(other.0)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum()
    }

    /// Whether the two pictures are the same but for encoding and size.
    ///
    /// A picture with hardly any structure hashes to almost nothing; such hashes prove nothing,
    /// so they never count as the same.
    pub fn same_picture(self, other: Self) -> bool {
        let structure = self.0.iter().map(|word| word.count_ones()).sum::<u32>();
        structure >= 16 && self.distance(other) <= SAME_PICTURE
    }

    /// The hash as 32 bytes, for storage.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` if the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let mut words = [0_u64; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().ok()?);
        }
        Some(Self(words))
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
            .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 60))
            .expect("JPEG takes gray pictures");
        let again = image::load_from_memory(&jpeg).expect("just written");
        let smaller = picture.resize(120, 120, FilterType::CatmullRom);
        let original = Fingerprint::of(&picture);
        assert!(original.same_picture(Fingerprint::of(&again)));
        assert!(original.same_picture(Fingerprint::of(&smaller)));
    }

    #[test]
    fn other_pictures_and_blanks_are_not_the_same() {
        let original = Fingerprint::of(&texture(0.0));
        assert!(!original.same_picture(Fingerprint::of(&texture(0.6))));
        let blank = Fingerprint::of(&DynamicImage::new_luma8(50, 50));
        assert!(!blank.same_picture(blank));
    }

    #[test]
    fn bytes_round_trip() {
        let original = Fingerprint::of(&texture(0.3));
        assert_eq!(
            Fingerprint::from_bytes(&original.to_bytes()),
            Some(original)
        );
        assert_eq!(Fingerprint::from_bytes(&[1, 2, 3]), None);
    }
}
