//! The confusion matrix: which class was found for the pictures of each, in numbers and as a
//! picture.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use serde::Serialize;

use super::error::EvaluationError;
use super::mean;

/// Width and height of a cell, in pixels.
const CELL: u32 = 40;
/// Room beside and above the cells, for the numbers of the classes, in pixels.
const MARGIN: u32 = 40;
/// Width of the legend's bar, in pixels.
const BAR: u32 = 20;
/// Room for the numbers of the legend, in pixels.
const LABELS: u32 = 60;
/// Pixels of a dot of a digit.
const DOT: u32 = 3;
/// Columns and rows of a digit, in dots.
const DIGIT: (u32, u32) = (3, 5);
const WHITE: Luma<u8> = Luma([255]);
const GRID: Luma<u8> = Luma([160]);
const INK: Luma<u8> = Luma([0]);
/// The digits 0 to 9: five rows of three dots each, the highest bit first.
const DIGITS: [u16; 10] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_001_001_001,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
];

/// Counts of pictures by their class and the class that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The classes, in order.
    pub labels: Vec<String>,
    /// Of each class, how many of its pictures were found to be of each.
    #[serde(rename = "confusion")]
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// One without pictures.
    pub(super) fn new(labels: Vec<String>) -> Self {
        let counts = vec![vec![0; labels.len()]; labels.len()];
        Self { labels, counts }
    }

    /// Counts a picture.
    pub(super) fn count(&mut self, class: usize, found: usize) {
        self.counts[class][found] += 1;
    }

    /// How many pictures were counted.
    pub(super) fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// The mean over the classes that have pictures of the share that was found right.
    pub(super) fn macro_accuracy(&self) -> f64 {
        let rows = self.counts.iter().enumerate();
        let shares: Vec<f64> = rows
            .filter(|(_, row)| row.iter().sum::<usize>() > 0)
            .map(|(class, _)| self.share(class, class))
            .collect();
        mean(shares.into_iter())
    }

    /// Share of a class's pictures that were found to be of another, or of itself.
    fn share(&self, class: usize, found: usize) -> f64 {
        let row = &self.counts[class];
        let all = row.iter().sum::<usize>().max(1);
        row[found] as f64 / all as f64
    }

    /// The matrix as a PNG picture: a row for each class, a column for each that was found, both
    /// numbered from 1 in the order of [`Self::labels`]. White is none of the class's pictures,
    /// black all of them; the bar on the right says so in percent.
    ///
    /// # Errors
    /// [`EvaluationError::Png`] if the encoder refuses.
    pub fn picture(&self) -> Result<Vec<u8>, EvaluationError> {
        let classes = u32::try_from(self.labels.len());
        let classes = classes.map_err(|error| EvaluationError::Png(error.to_string()))?;
        let side = classes * CELL;
        let size = (2 * MARGIN + side + BAR + LABELS, 2 * MARGIN + side);
        let mut picture = GrayImage::from_pixel(size.0, size.1, WHITE);
        for (class, row) in (0..classes).zip(&self.counts) {
            let top = MARGIN + class * CELL;
            let middle = (CELL - DIGIT.1 * DOT) / 2;
            number(&mut picture, class + 1, (4, top + middle));
            number(&mut picture, class + 1, (top + middle / 2, 12));
            for (found, column) in (0..row.len()).zip(0..classes) {
                let corner = (MARGIN + column * CELL, top);
                cell(
                    &mut picture,
                    corner,
                    shade(self.share(class as usize, found)),
                );
            }
        }
        legend(&mut picture, MARGIN + side + MARGIN / 2, side);
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageLuma8(picture)
            .write_to(&mut bytes, ImageFormat::Png)
            .map_err(|error| EvaluationError::Png(error.to_string()))?;
        Ok(bytes.into_inner())
    }
}

/// White for nothing, black for all.
fn shade(share: f64) -> Luma<u8> {
    Luma([(255.0 * (1.0 - share)).round() as u8])
}

/// A square with its frame.
fn cell(picture: &mut GrayImage, corner: (u32, u32), shade: Luma<u8>) {
    for (x, y) in (0..CELL).flat_map(|y| (0..CELL).map(move |x| (x, y))) {
        let edge = x == 0 || y == 0 || x == CELL - 1 || y == CELL - 1;
        dot(
            picture,
            (corner.0 + x, corner.1 + y),
            if edge { GRID } else { shade },
        );
    }
}

/// A bar from black (100 %) down to white (0 %), with the numbers beside its ends and its middle.
fn legend(picture: &mut GrayImage, left: u32, height: u32) {
    let last = height.saturating_sub(1).max(1);
    for (x, y) in (0..height).flat_map(|y| (0..BAR).map(move |x| (x, y))) {
        let edge = x == 0 || x == BAR - 1 || y == 0 || y == last;
        let share = 1.0 - f64::from(y) / f64::from(last);
        let shade = if edge { GRID } else { shade(share) };
        dot(picture, (left + x, MARGIN + y), shade);
    }
    let half = DIGIT.1 * DOT / 2;
    for (percent, y) in [(100, 0), (50, height / 2), (0, height)] {
        number(picture, percent, (left + BAR + 6, MARGIN + y - half));
    }
}

/// Writes a number, from its upper left corner.
fn number(picture: &mut GrayImage, number: u32, corner: (u32, u32)) {
    let digits = number.to_string();
    let digits = digits.chars().filter_map(|digit| digit.to_digit(10));
    for (place, digit) in (0..).zip(digits) {
        let left = corner.0 + place * (DIGIT.0 + 1) * DOT;
        let bits = DIGITS[digit as usize];
        for bit in 0..DIGIT.0 * DIGIT.1 {
            if (bits >> (DIGIT.0 * DIGIT.1 - 1 - bit)) & 1 == 1 {
                let (x, y) = (bit % DIGIT.0 * DOT, bit / DIGIT.0 * DOT);
                for (dx, dy) in (0..DOT).flat_map(|dy| (0..DOT).map(move |dx| (dx, dy))) {
                    dot(picture, (left + x + dx, corner.1 + y + dy), INK);
                }
            }
        }
    }
}

/// Sets a pixel; one beyond the edge is left out.
fn dot(picture: &mut GrayImage, place: (u32, u32), shade: Luma<u8>) {
    if let Some(pixel) = picture.get_pixel_mut_checked(place.0, place.1) {
        *pixel = shade;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Confusion {
        let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let counts = vec![vec![3, 1, 0], vec![0, 0, 0], vec![1, 0, 1]];
        Confusion { labels, counts }
    }

    #[test]
    fn classes_without_pictures_do_not_count() {
        let confusion = three();
        assert_eq!(confusion.total(), 6);
        // 3 of 4 and 1 of 2.
        assert!((confusion.macro_accuracy() - 0.625).abs() < 1e-12);
        let empty = Confusion::new(vec!["a".to_owned()]);
        assert!(empty.macro_accuracy().abs() < 1e-12);
    }

    #[test]
    fn the_picture_shows_the_shares() {
        let bytes = three().picture().expect("a picture");
        let picture = crate::media::decode(&bytes).expect("a PNG").to_luma8();
        let side = 3 * CELL;
        let size = (2 * MARGIN + side + BAR + LABELS, 2 * MARGIN + side);
        assert_eq!(picture.dimensions(), size);
        let middle = |row: u32, column: u32| {
            let at = |number: u32| MARGIN + number * CELL + CELL / 2;
            picture.get_pixel(at(column), at(row)).0[0]
        };
        assert_eq!((middle(0, 0), middle(0, 1), middle(0, 2)), (64, 191, 255));
        assert_eq!((middle(1, 1), middle(2, 0), middle(2, 2)), (255, 128, 128));
        let ink = picture.pixels().filter(|pixel| pixel.0[0] == 0).count();
        assert!(ink > 0, "the classes are numbered");
        assert_eq!(three().picture().expect("again"), bytes);
    }
}
