//! A picture with its named structures outlined. Each has a number on the picture and its name and
//! place in the text beside it, so that nothing is told by colour alone. Coordinates are percent of
//! the picture's width and height, 0 to 100, x to the right and y down.

use std::fmt::Write as _;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{Rgb, RgbImage};
use serde::Serialize;

use super::error::ExplainError;
use super::scope::{share, topic_keys};
use crate::atlas::{Entry, LabelledBox};
use crate::compare::letters::Letters;
use crate::media;

/// Most structures that are outlined; more would cover each other.
const MOST: usize = 6;
/// Least pixels of the longer side, so that numbers are legible.
const LEAST_SIDE: u32 = 768;
/// JPEG quality: numbers without visible rings.
const QUALITY: u8 = 90;
/// Height of a number's line in pixels.
const LINE: f32 = 30.0;
/// Pixels of a line, and of its dark border on each side.
const THICK: i64 = 3;

const LIGHT: Rgb<u8> = Rgb([255, 255, 255]);
const DARK: Rgb<u8> = Rgb([0, 0, 0]);

/// A structure that is outlined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outline {
    /// The number on the picture, from 1.
    pub number: usize,
    /// Name and place.
    #[serde(flatten)]
    pub located: LabelledBox,
}

/// An outlined picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlined {
    /// A JPEG file.
    pub picture: Vec<u8>,
    /// What its numbers stand for.
    pub outlines: Vec<Outline>,
}

impl Outlined {
    /// What the numbers stand for, a line each, with their places.
    pub fn legend(&self) -> String {
        let mut legend = String::new();
        for Outline { number, located } in &self.outlines {
            let [left, top, right, bottom] = located.corners.map(f32::round);
            let label = &located.label;
            // Writing to a string can't fail.
            let _ = writeln!(
                legend,
                "{number} {label}: x {left} to {right}, y {top} to {bottom} of 100"
            );
        }
        legend
    }

    /// Alt text: what the picture shows, and which structures are outlined.
    pub fn alt(&self, entry: &Entry) -> String {
        let names = self.outlines.iter();
        let names = names.map(|outline| format!("{} {}", outline.number, outline.located.label));
        let names: Vec<String> = names.collect();
        format!("{} Outlined: {}.", entry.alt_text(), names.join(", "))
    }
}

/// The structures of an entry that are worth outlining: those of the topic first, then the largest;
/// as numbered on the picture.
pub fn structures(entry: &Entry, topic: &str) -> Vec<Outline> {
    let topic = topic_keys(topic);
    let usable = |located: &&LabelledBox| is_usable(located.corners);
    let boxes = entry.description.boxes.iter().filter(usable);
    let mut boxes: Vec<&LabelledBox> = boxes.collect();
    let asked = |located: &LabelledBox| share(&topic, &located.label) > 0.0;
    if boxes.iter().any(|located| asked(located)) {
        boxes.retain(|located| asked(located));
    }
    let numbered = boxes.into_iter().take(MOST).zip(1..);
    let outlines = numbered.map(|(located, number)| Outline {
        number,
        located: located.clone(),
    });
    outlines.collect()
}

/// Whether corners are some area of the picture.
fn is_usable([left, top, right, bottom]: [f32; 4]) -> bool {
    let within = |value: f32| (0.0..=100.0).contains(&value);
    [left, top, right, bottom].into_iter().all(within) && left < right && top < bottom
}

/// Draws the outlines of an entry's structures on its stored picture. It computes: call it from a
/// thread that may block.
///
/// # Errors
/// [`ExplainError::NoStructures`], a picture that can't be read, or one that can't be written.
pub fn outline(entry: &Entry, jpeg: &[u8], topic: &str) -> Result<Outlined, ExplainError> {
    let outlines = structures(entry, topic);
    if outlines.is_empty() {
        let id = entry.id.to_string();
        return Err(ExplainError::NoStructures { id });
    }
    let picture = media::decode(jpeg)?;
    let longer = picture.width().max(picture.height());
    let picture = if longer < LEAST_SIDE {
        picture.resize(LEAST_SIDE, LEAST_SIDE, FilterType::CatmullRom)
    } else {
        picture
    };
    let mut canvas = picture.into_rgb8();
    let letters = Letters::load()?;
    let areas: Vec<[i64; 4]> = outlines
        .iter()
        .map(|outline| area(outline.located.corners, &canvas))
        .collect();
    for area in &areas {
        frame(&mut canvas, *area);
    }
    // Numbers come last, so that no line crosses one.
    for (area, outline) in areas.iter().zip(&outlines) {
        tag(&mut canvas, &letters, *area, outline.number);
    }
    let mut file = Vec::new();
    canvas
        .write_with_encoder(JpegEncoder::new_with_quality(&mut file, QUALITY))
        .map_err(|error| ExplainError::Drawing(error.to_string()))?;
    Ok(Outlined {
        picture: file,
        outlines,
    })
}

/// Corners in pixels: left, top, right, bottom.
fn area([left, top, right, bottom]: [f32; 4], canvas: &RgbImage) -> [i64; 4] {
    let (width, height) = (canvas.width() as f32, canvas.height() as f32);
    let pixel = |percent: f32, side: f32| (percent / 100.0 * (side - 1.0)).round() as i64;
    [
        pixel(left, width),
        pixel(top, height),
        pixel(right, width),
        pixel(bottom, height),
    ]
}

/// A light line between two dark ones, which is seen on any ground.
fn frame(canvas: &mut RgbImage, [left, top, right, bottom]: [i64; 4]) {
    for (grown, ink) in [(THICK, DARK), (0, LIGHT)] {
        let inner = THICK + grown;
        for (from, to) in [
            ((left - grown, top - grown), (right + grown, top + inner)),
            (
                (left - grown, bottom - inner),
                (right + grown, bottom + grown),
            ),
            ((left - grown, top - grown), (left + inner, bottom + grown)),
            (
                (right - inner, top - grown),
                (right + grown, bottom + grown),
            ),
        ] {
            fill(canvas, from, to, ink);
        }
    }
}

/// A number on a light ground at the left top corner, moved into the picture where it must be.
fn tag(canvas: &mut RgbImage, letters: &Letters, [left, top, ..]: [i64; 4], number: usize) {
    let text = number.to_string();
    let width = letters.width(&text, LINE).ceil() as i64 + 10;
    let height = LINE as i64;
    let left = left.min(i64::from(canvas.width()) - width).max(0);
    let top = (top - height).max(0);
    fill(canvas, (left, top), (left + width, top + height), DARK);
    let inner = (left + 2, top + 2);
    fill(canvas, inner, (left + width - 2, top + height - 2), LIGHT);
    letters.write(canvas, &text, (left as f32 + 5.0, top as f32), LINE, DARK);
}

/// Fills from one corner up to the other; what lies outside of the picture is not drawn.
fn fill(canvas: &mut RgbImage, from: (i64, i64), to: (i64, i64), ink: Rgb<u8>) {
    let within = |value: i64, side: u32| u32::try_from(value.max(0)).unwrap_or(side).min(side);
    let (width, height) = canvas.dimensions();
    for y in within(from.1, height)..within(to.1, height) {
        for x in within(from.0, width)..within(to.0, width) {
            canvas.put_pixel(x, y, ink);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};

    use super::super::source::testing::{entry, with_boxes};
    use super::*;

    fn jpeg(shade: u8) -> Vec<u8> {
        let picture = DynamicImage::ImageLuma8(GrayImage::from_pixel(200, 100, Luma([shade])));
        media::prepare(&picture).expect("a picture").jpeg
    }

    #[test]
    fn outlines_are_seen_on_black_and_on_white() {
        let entry = with_boxes("a", "The pons.", &["pons"]);
        for shade in [0, 255] {
            let drawn = outline(&entry, &jpeg(shade), "").expect("drawn");
            let read = media::decode(&drawn.picture).expect("a picture").to_luma8();
            assert_eq!(read.dimensions(), (768, 384), "enlarged to be legible");
            // The box is 10 to 30 across and 20 to 40 down; its right line is at 30 % of 768.
            let row: Vec<u8> = (215..240).map(|x| read.get_pixel(x, 120).0[0]).collect();
            assert!(row.iter().any(|value| *value > 200), "{row:?}");
            assert!(row.iter().any(|value| *value < 50), "{row:?}");
            let middle = read.get_pixel(154, 120).0[0];
            assert!(
                middle.abs_diff(shade) < 12,
                "inside nothing is drawn: {middle}"
            );
        }
    }

    #[test]
    fn structures_of_the_topic_come_alone() {
        let entry = with_boxes("a", "Cut.", &["left thalamus", "left putamen", "insula"]);
        let names = |topic: &str| -> Vec<String> {
            let structures = structures(&entry, topic).into_iter();
            structures.map(|outline| outline.located.label).collect()
        };
        assert_eq!(names("What is the putamen?"), ["left putamen"]);
        assert_eq!(names("something else").len(), 3);
    }

    #[test]
    fn the_text_beside_it_says_what_is_outlined_and_where() {
        let entry = with_boxes("a", "Cut through the pons.", &["pons"]);
        let drawn = outline(&entry, &jpeg(90), "pons").expect("drawn");
        assert_eq!(drawn.legend(), "1 pons: x 10 to 30, y 20 to 40 of 100\n");
        assert_eq!(drawn.alt(&entry), "Cut through the pons. Outlined: 1 pons.");
        let json = serde_json::to_value(&drawn.outlines).expect("plain data");
        assert_eq!(json[0]["box"][2], 30.0);
    }

    #[test]
    fn places_that_make_no_sense_are_left_out() {
        let mut entry = with_boxes("a", "Cut.", &["one", "two", "three", "four"]);
        let boxes = &mut entry.description.boxes;
        boxes[0].corners = [50.0, 10.0, 40.0, 20.0];
        boxes[1].corners = [f32::NAN, 0.0, 1.0, 1.0];
        boxes[2].corners = [0.0, 0.0, 120.0, 50.0];
        boxes[3].corners = [0.0, 0.0, 100.0, 100.0];
        let drawn = outline(&entry, &jpeg(90), "").expect("one is left");
        assert_eq!(drawn.outlines.len(), 1);
        assert_eq!(drawn.outlines[0].located.label, "four");
    }

    #[test]
    fn an_entry_without_structures_and_a_damaged_picture_are_told() {
        let plain = entry("a", "The pons.");
        let error = outline(&plain, &jpeg(0), "").expect_err("nothing to outline");
        assert!(error.to_string().contains("t/a"), "{error}");
        let boxed = with_boxes("a", "The pons.", &["pons"]);
        assert!(matches!(
            outline(&boxed, b"no picture", ""),
            Err(ExplainError::Media(_))
        ));
    }
}
