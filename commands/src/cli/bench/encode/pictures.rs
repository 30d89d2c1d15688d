//! Pictures that any language can make: waves and a grid, of several sizes. `peers/encode.py` makes
//! the same, so that both sides need no file.

use mirage_models::image_encoder::{ImageEncoderError, Rgb};

/// Height and width, in turns.
const SIZES: [(usize, usize); 4] = [(224, 224), (256, 341), (300, 200), (512, 512)];

/// The first `count` pictures.
pub(super) fn drawn(count: usize) -> Result<Vec<Rgb>, ImageEncoderError> {
    (0..count).map(picture).collect()
}

fn picture(number: usize) -> Result<Rgb, ImageEncoderError> {
    let (height, width) = SIZES[number % SIZES.len()];
    // Every other one is gray.
    let colour = 40 * (number % 2);
    let mut pixels = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            let gray = x * 3 + y * 2 + x * y / 16 % 64 + number * 31;
            pixels.extend((0..3).map(|channel| ((gray + channel * colour) % 256) as u8));
        }
    }
    Rgb::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_are_those_of_the_peer() {
        // Printed by `picture` of peers/encode.py: [100, 30] of the pictures 0, 1 and 7.
        let expected = [[93, 93, 93], [124, 164, 204], [54, 94, 134]];
        let pictures = drawn(8).expect("RGB");
        for (number, expected) in [0, 1, 7].into_iter().zip(expected) {
            let picture: &Rgb = &pictures[number];
            let place = (100 * picture.width() + 30) * 3;
            assert_eq!(picture.pixels()[place..place + 3], expected, "{number}");
        }
        assert_eq!((pictures[1].height(), pictures[1].width()), (256, 341));
    }
}
