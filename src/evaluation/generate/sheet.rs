//! Synthetic pictures side by side with what they were asked for: a sheet to look at. It says of
//! itself that nothing on it is real.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::{Synthetic, drawn};
use crate::compare::letters::Letters;
use crate::evaluation::error::EvaluationError;

/// Most pictures on a sheet.
pub const ON_A_SHEET: usize = 24;
const COLUMNS: usize = 6;
/// Side of a picture on the sheet, in pixels.
const SIDE: u32 = 192;
/// Room between pictures, in pixels.
const MARGIN: u32 = 10;
/// Height of a line of a prompt, in pixels.
const LINE: u32 = 18;
/// Lines below a picture.
const LINES: usize = 3;
/// Height of the line at the top, in pixels.
const HEAD: u32 = 34;
const TITLE: &str = "SYNTHETIC: made by a program. No picture here shows a person.";
const WHITE: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([0; 3]);

/// Draws up to [`ON_A_SHEET`] pictures, spread evenly over those given, as PNG.
///
/// # Errors
/// [`EvaluationError::Png`] if it can't be drawn or written.
pub fn sheet(pictures: &[Synthetic]) -> Result<Vec<u8>, EvaluationError> {
    let shown = pictures.len().min(ON_A_SHEET);
    let places = (0..shown).map(|number| (2 * number + 1) * pictures.len() / (2 * shown));
    let chosen: Vec<&Synthetic> = places.map(|place| &pictures[place]).collect();
    let refused = |error: &dyn std::fmt::Display| EvaluationError::Png(error.to_string());
    let letters = Letters::load().map_err(|error| refused(&error))?;
    let page = page(&chosen, &letters);
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(page)
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| refused(&error))?;
    Ok(bytes.into_inner())
}

fn page(pictures: &[&Synthetic], letters: &Letters) -> RgbImage {
    let (cell, row) = (SIDE + MARGIN, SIDE + MARGIN + LINES as u32 * LINE);
    let rows = pictures.len().div_ceil(COLUMNS) as u32;
    let (width, height) = (COLUMNS as u32 * cell + MARGIN, HEAD + rows * row + MARGIN);
    let mut page = RgbImage::from_pixel(width, height, WHITE);
    let title = (HEAD - MARGIN) as f32;
    letters.write(&mut page, TITLE, (MARGIN as f32, 5.0), title, INK);
    for (number, picture) in pictures.iter().enumerate() {
        let left = MARGIN + (number % COLUMNS) as u32 * cell;
        let top = HEAD + (number / COLUMNS) as u32 * row;
        if let Some(drawn) = drawn(&picture.pixels) {
            let scaled = drawn.resize_exact(SIDE, SIDE, FilterType::CatmullRom);
            let place = (i64::from(left), i64::from(top));
            imageops::replace(&mut page, &scaled.into_rgb8(), place.0, place.1);
        }
        for (line, words) in lines(&picture.prompt.text, letters).iter().enumerate() {
            let below = top + SIDE + 1 + line as u32 * LINE;
            let corner = (left as f32, below as f32);
            letters.write(&mut page, words, corner, LINE as f32 * 0.9, INK);
        }
    }
    page
}

/// A prompt in lines as wide as a picture; what doesn't fit the last line is cut there.
fn lines(text: &str, letters: &Letters) -> Vec<String> {
    let size = LINE as f32 * 0.9;
    let room = SIDE as f32;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if full || letters.width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
        .iter()
        .map(|line| letters.fitted(line, size, room))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::generate::Prompt;
    use mirage_models::image_encoder;

    fn picture(shade: u8, text: &str) -> Synthetic {
        let pixels = image_encoder::Rgb::new(4, 4, vec![shade; 48]).expect("RGB");
        let prompt = Prompt {
            modality: "CT".to_owned(),
            region: "head".to_owned(),
            text: text.to_owned(),
        };
        let first = pixels.clone();
        Synthetic {
            prompt,
            pixels,
            first,
        }
    }

    #[test]
    fn a_sheet_has_its_pictures_in_their_places() {
        let pictures: Vec<Synthetic> = (0..50).map(|shade| picture(shade * 5, "CT.")).collect();
        let bytes = sheet(&pictures).expect("a sheet");
        let page = crate::media::decode(&bytes).expect("PNG").to_rgb8();
        assert_eq!(page.width(), 6 * (SIDE + MARGIN) + MARGIN);
        let row = SIDE + MARGIN + 3 * LINE;
        assert_eq!(page.height(), HEAD + 4 * row + MARGIN);
        let middle = |column: u32, row_number: u32| {
            let x = MARGIN + column * (SIDE + MARGIN) + SIDE / 2;
            page.get_pixel(x, HEAD + row_number * row + SIDE / 2).0[0]
        };
        // 24 of 50: the second, the fourth, and so on to the last but one.
        assert_eq!((middle(0, 0), middle(1, 0), middle(5, 3)), (5, 15, 240));
        let ink = page.rows().take(HEAD as usize).flatten();
        assert!(
            ink.filter(|pixel| pixel.0[0] < 64).count() > 100,
            "the title"
        );
    }

    #[test]
    fn long_prompts_are_cut_and_no_pictures_are_an_empty_sheet() {
        let letters = Letters::load().expect("the font");
        let long = "Axial contrast-enhanced CT of the abdomen with a lesion of the liver and free \
            fluid around the spleen in a child";
        let lines = lines(long, &letters);
        assert_eq!(lines.len(), LINES);
        assert!(lines[LINES - 1].ends_with('…'), "{lines:?}");
        let bytes = sheet(&[]).expect("a sheet");
        assert!(crate::media::decode(&bytes).is_ok());
    }
}
