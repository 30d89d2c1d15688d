//! The visible mark: a dark band above the picture and one below, with SYNTHETIC in white as often as
//! there is room. The letters stand half on the picture, so that who cuts the bands off keeps
//! half of each word, and who cuts the words off loses a strip of the picture at both ends.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::compare::letters::Letters;

/// What the bands say.
const WORD: &str = "SYNTHETIC";
/// A band's height is this part of the picture's width, but no less than [`LOWEST`] pixels.
const PART: u32 = 18;
const LOWEST: u32 = 24;
/// Shortest side in pixels of a picture that is shown: smaller ones are enlarged by a whole number.
const SHORTEST: u32 = 512;
/// Height of a line of letters, in heights of a band; a capital has 0.63 of it.
const LINE: f32 = 1.5;
/// How far below the top of its line the middle of a capital is, in heights of the line: the line's
/// ascent less half of a capital, by the font's own measures.
const MIDDLE: f32 = (1901.0 - 1493.0 / 2.0) / 2384.0;
/// Room between two words, in widths of a word.
const GAP: f32 = 0.15;

/// Near-black and white: a contrast of more than 15 to 1.
const GROUND: Rgb<u8> = Rgb([16, 16, 20]);
const INK: Rgb<u8> = Rgb([255; 3]);
/// Around each letter, so that it shows on a bright picture as well.
const EDGE: Rgb<u8> = Rgb([0; 3]);

/// The picture as it is shown, large enough and between its bands.
pub(super) fn framed(picture: &RgbImage, letters: &Letters) -> RgbImage {
    let shown = enlarged(picture);
    let (width, height) = shown.dimensions();
    let band = (width / PART).max(LOWEST);
    let mut canvas = RgbImage::from_pixel(width, height + 2 * band, GROUND);
    imageops::replace(&mut canvas, &shown, 0, i64::from(band));
    for edge in [band, band + height] {
        write_row(&mut canvas, letters, band as f32, edge as f32);
    }
    canvas
}

/// By a whole number, so that each pixel stays as large as the others.
fn enlarged(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let times = SHORTEST.div_ceil(width.min(height).max(1));
    if times <= 1 {
        return picture.clone();
    }
    imageops::resize(
        picture,
        width * times,
        height * times,
        FilterType::CatmullRom,
    )
}

/// Writes the word along the canvas, its capitals' middle at that height.
fn write_row(canvas: &mut RgbImage, letters: &Letters, band: f32, middle: f32) {
    let size = band * LINE;
    let width = letters.width(WORD, size);
    let room = canvas.width() as f32;
    let count = (room / (width * (1.0 + GAP))).floor().max(1.0);
    let gap = (room - count * width) / (count + 1.0);
    let top = middle - MIDDLE * size;
    let edge = (band / 12.0).round().max(1.0);
    for number in 0..count as u32 {
        let left = gap + number as f32 * (width + gap);
        for (across, down) in AROUND {
            let corner = (left + across * edge, top + down * edge);
            letters.write(canvas, WORD, corner, size, EDGE);
        }
        letters.write(canvas, WORD, (left, top), size, INK);
    }
}

/// Eight places around one.
const AROUND: [(f32, f32); 8] = [
    (-1.0, -1.0),
    (0.0, -1.0),
    (1.0, -1.0),
    (-1.0, 0.0),
    (1.0, 0.0),
    (-1.0, 1.0),
    (0.0, 1.0),
    (1.0, 1.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn framed_of(width: u32, height: u32, shade: u8) -> RgbImage {
        let letters = Letters::load().expect("the bundled font");
        framed(
            &RgbImage::from_pixel(width, height, Rgb([shade; 3])),
            &letters,
        )
    }

    /// White and black pixels of a row of the canvas.
    fn inked(canvas: &RgbImage, row: u32) -> (usize, usize) {
        let values: Vec<u8> = (0..canvas.width())
            .map(|x| canvas.get_pixel(x, row).0[0])
            .collect();
        let white = values.iter().filter(|value| **value > 240).count();
        let black = values.iter().filter(|value| **value < 8).count();
        (white, black)
    }

    #[test]
    fn small_pictures_are_enlarged_by_whole_numbers_and_large_ones_stay() {
        for ((width, height), (shown_width, shown_height)) in [
            ((128, 128), (512, 512)),
            ((192, 96), (1_152, 576)),
            ((512, 768), (512, 768)),
            ((1_024, 1_024), (1_024, 1_024)),
            ((300, 300), (600, 600)),
        ] {
            let canvas = framed_of(width, height, 90);
            let band = (shown_width / PART).max(LOWEST);
            assert_eq!(canvas.dimensions(), (shown_width, shown_height + 2 * band));
        }
    }

    #[test]
    fn letters_stand_in_the_bands_and_on_the_picture_with_an_edge_on_any_ground() {
        for shade in [0, 128, 255] {
            let canvas = framed_of(128, 128, shade);
            let (height, band) = (canvas.height(), 512 / PART);
            for (in_band, on_picture) in
                [(band - 5, band + 3), (height - band + 4, height - band - 4)]
            {
                let (white, _) = inked(&canvas, in_band);
                assert!(white > 60, "{shade}: {white} in the band");
                if shade != 255 {
                    let (white, _) = inked(&canvas, on_picture);
                    assert!(white > 60, "{shade}: {white} on the picture");
                }
                if shade != 0 {
                    let (_, black) = inked(&canvas, on_picture);
                    assert!(black > 40, "{shade}: {black} around letters");
                }
            }
        }
    }

    #[test]
    fn a_tenth_cut_off_any_side_leaves_a_whole_word() {
        let canvas = framed_of(128, 128, 60);
        // Two words stand beside each other, so that one is whole where the other is cut.
        let letters = Letters::load().expect("the bundled font");
        let word = letters.width(WORD, (512 / PART) as f32 * LINE);
        let gap = (512.0 - 2.0 * word) / 3.0;
        assert!(gap > 0.0 && 2.0 * gap + word > 51.2 && gap + word < 512.0 - 51.2);
        for row in [512 / PART + 3, canvas.height() - 512 / PART + 4] {
            let half = |from: u32| imageops::crop_imm(&canvas, from, 0, 256, 570).to_image();
            for from in [0, 256] {
                let (white, _) = inked(&half(from), row);
                assert!(white > 30, "{row} from {from}: {white}");
            }
        }
    }

    #[test]
    fn the_middle_of_the_picture_is_not_touched() {
        let canvas = framed_of(512, 512, 77);
        let band = 512 / PART;
        for row in band + 26..band + 512 - 26 {
            assert!(
                (0..512).all(|x| canvas.get_pixel(x, row).0 == [77; 3]),
                "{row}"
            );
        }
    }
}
