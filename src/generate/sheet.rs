//! The sheet on which a synthetic picture stands beside real ones: SYNTHETIC on the left, REAL with
//! sources on the right. It is drawn here and marked as a whole; what is compared is decided elsewhere.

use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};

use super::mark::{self, Facts, MarkError};
use super::neighbours::{BESIDE, Neighbour, Neighbours};
use crate::compare::letters::Letters;
use crate::media;

/// Width of a sheet in pixels.
pub const WIDTH: u32 = 800;
const MARGIN: u32 = 16;
const COLUMN: u32 = (WIDTH - 3 * MARGIN) / 2;
/// Height of a column's head, and of the letters in it.
const HEAD: u32 = 56;
const TITLE: f32 = 40.0;
/// Height of a real picture, at most.
const PICTURE: u32 = COLUMN * 3 / 4;
/// Height of a line: its letters can be read at half the width of the sheet, on a phone.
const LINE: u32 = 28;
/// Most lines of a prompt, and of a source.
const PROMPT_LINES: usize = 6;
const SOURCE_LINES: usize = 3;

const SYNTHETIC: &str = "SYNTHETIC";
const REAL: &str = "REAL";
const NOTHING: &str = "no real picture to compare";
const FOOT: &str = "For study, not for diagnosis";
/// In place of words that the font can't write.
const ELSEWHERE: &str = "see the text";

/// Near-black and white: a contrast of more than 15 to 1.
const GROUND: Rgb<u8> = Rgb([16, 16, 20]);
const LIGHT: Rgb<u8> = Rgb([255; 3]);
const DARK: Rgb<u8> = Rgb([0; 3]);

/// A part of a column, with its height.
enum Part {
    Picture(RgbImage),
    Line(String),
    Gap,
}

impl Part {
    fn height(&self) -> u32 {
        match self {
            Self::Picture(picture) => picture.height(),
            Self::Line(_) => LINE,
            Self::Gap => MARGIN,
        }
    }
}

/// Draws a synthetic picture (its pixels, without bands) beside its neighbours, as a JPEG. It
/// computes: call it from a thread that may block.
///
/// # Errors
/// [`MarkError::Empty`] for a picture without pixels, [`MarkError::Drawing`] if one can't be decoded
/// or the sheet can't be encoded.
pub fn sheet(
    picture: &RgbImage,
    facts: &Facts,
    neighbours: &Neighbours,
) -> Result<Vec<u8>, MarkError> {
    let letters = Letters::load().map_err(|error| MarkError::Drawing(error.to_string()))?;
    let left = synthetic(picture, facts, &letters)?;
    let right = real(&neighbours.nearest, &letters)?;
    mark::mark_sheet(drawn(&left, &right, &letters))
}

/// The synthetic picture between its bands, and what it was made from.
fn synthetic(picture: &RgbImage, facts: &Facts, letters: &Letters) -> Result<Vec<Part>, MarkError> {
    let framed = mark::framed(picture)?;
    let framed = DynamicImage::ImageRgb8(framed);
    // As wide as the column, however high.
    let mut parts = vec![Part::Picture(fitted(&framed, COLUMN * 2)), Part::Gap];
    parts.extend(lines(&facts.prompt, PROMPT_LINES, letters));
    if !facts.negative.is_empty() {
        let without = format!("without: {}", facts.negative);
        parts.extend(lines(&without, 2, letters));
    }
    let made = format!(
        "seed {}, {} steps, {}",
        facts.seed, facts.steps, facts.model
    );
    parts.extend(lines(&made, 2, letters));
    Ok(parts)
}

/// The real pictures, each with its kind, source and licence.
fn real(nearest: &[Neighbour], letters: &Letters) -> Result<Vec<Part>, MarkError> {
    if nearest.is_empty() {
        return Ok(lines(NOTHING, 2, letters));
    }
    let mut parts = Vec::new();
    for (number, near) in nearest.iter().take(BESIDE).enumerate() {
        let decoded = media::decode(&near.picture);
        let decoded = decoded.map_err(|error| MarkError::Drawing(error.to_string()))?;
        let description = &near.entry.description;
        let part = description.body_part.as_deref().unwrap_or_default();
        let kind = format!("R{} {} {part}", number + 1, description.modality);
        parts.push(Part::Picture(fitted(&decoded, PICTURE)));
        parts.extend(lines(&kind, 1, letters));
        parts.extend(lines(&near.credit(), SOURCE_LINES, letters));
        parts.push(Part::Gap);
    }
    Ok(parts)
}

/// As large as a column's width and a height allow, in its own proportions.
fn fitted(picture: &DynamicImage, height: u32) -> RgbImage {
    let fitted = picture.resize(COLUMN, height, FilterType::Triangle);
    fitted.into_rgb8()
}

/// A text on as many lines as it takes, the last one cut where there are more.
fn lines(text: &str, most: usize, letters: &Letters) -> Vec<Part> {
    let (size, room) = (LINE as f32, COLUMN as f32);
    let text = if letters.can_write(&one_line(text)) {
        one_line(text)
    } else {
        ELSEWHERE.to_owned()
    };
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let is_last = lines.len() == most;
        match lines.last_mut() {
            Some(line) if is_last || letters.width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let cut = |line: String| Part::Line(letters.fitted(&line, size, room));
    lines.into_iter().map(cut).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Both columns below their heads.
fn drawn(left: &[Part], right: &[Part], letters: &Letters) -> RgbImage {
    let height = |parts: &[Part]| parts.iter().map(Part::height).sum::<u32>();
    let below = MARGIN + HEAD + MARGIN;
    let foot = below + height(left).max(height(right)) + MARGIN;
    let mut canvas = RgbImage::from_pixel(WIDTH, foot + LINE + MARGIN, GROUND);
    let second = 2 * MARGIN + COLUMN;
    // The heads differ by their words and by their shape: one is filled, one is framed.
    fill(&mut canvas, (MARGIN, MARGIN), (COLUMN, HEAD), LIGHT);
    fill(&mut canvas, (second, MARGIN), (COLUMN, HEAD), LIGHT);
    let (inside, inner) = ((second + 4, MARGIN + 4), (COLUMN - 8, HEAD - 8));
    fill(&mut canvas, inside, inner, GROUND);
    for (word, left, ink) in [(SYNTHETIC, MARGIN, DARK), (REAL, second, LIGHT)] {
        let room = COLUMN as f32 - letters.width(word, TITLE);
        let corner = (
            left as f32 + room / 2.0,
            MARGIN as f32 + (HEAD as f32 - TITLE) / 2.0,
        );
        letters.write(&mut canvas, word, corner, TITLE, ink);
    }
    for (parts, left) in [(left, MARGIN), (right, second)] {
        let mut top = below;
        for part in parts {
            match part {
                Part::Picture(picture) => {
                    let middle = left + (COLUMN - picture.width().min(COLUMN)) / 2;
                    let (middle, top) = (i64::from(middle), i64::from(top));
                    imageops::replace(&mut canvas, picture, middle, top);
                }
                Part::Line(line) => {
                    let corner = (left as f32, top as f32);
                    letters.write(&mut canvas, line, corner, LINE as f32, LIGHT);
                }
                Part::Gap => {}
            }
            top += part.height();
        }
    }
    let corner = (MARGIN as f32, foot as f32);
    letters.write(&mut canvas, FOOT, corner, LINE as f32, LIGHT);
    canvas
}

fn fill(canvas: &mut RgbImage, (left, top): (u32, u32), (width, height): (u32, u32), ink: Rgb<u8>) {
    let area = RgbImage::from_pixel(width, height, ink);
    imageops::replace(canvas, &area, i64::from(left), i64::from(top));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{Description, Entry, EntryId, Provenance, testing};
    use crate::generate::{is_marked, read_metadata};

    fn near(shade: u8, source: &str) -> Neighbour {
        let picture = media::prepare(&testing::square(shade)).expect("a picture");
        Neighbour {
            entry: Entry {
                id: EntryId::new("t", source),
                collection: "t".to_owned(),
                description: Description {
                    modality: "X-ray".to_owned(),
                    body_part: Some("chest".to_owned()),
                    ..Description::default()
                },
                provenance: Provenance {
                    licence: "CC-BY-4.0".to_owned(),
                    source: source.to_owned(),
                    ..Provenance::default()
                },
                width: picture.width,
                height: picture.height,
            },
            picture: picture.jpeg,
        }
    }

    fn asked(prompt: &str) -> Facts {
        Facts {
            prompt: prompt.to_owned(),
            negative: "text".to_owned(),
            model: "starter@0a1b2c3d".to_owned(),
            ..Facts::default()
        }
    }

    fn drawn_with(nearest: Vec<Neighbour>, prompt: &str) -> (Vec<u8>, RgbImage) {
        let neighbours = Neighbours {
            nearest,
            ..Neighbours::default()
        };
        let picture = RgbImage::from_pixel(96, 96, Rgb([120, 130, 140]));
        let file = sheet(&picture, &asked(prompt), &neighbours).expect("drawn");
        let read = image::load_from_memory(&file).expect("a JPEG").into_rgb8();
        (file, read)
    }

    #[test]
    fn the_synthetic_picture_stands_left_and_the_real_ones_right_each_below_its_word() {
        let near = vec![near(200, "One"), near(90, "Two"), near(30, "Three")];
        let (file, read) = drawn_with(near, "chest X-ray");
        assert_eq!(read.width(), WIDTH);
        let shade = |x: u32, y: u32| i32::from(read.get_pixel(x, y).0[0]);
        let below = MARGIN + HEAD + MARGIN;
        assert!((shade(MARGIN + COLUMN / 2, below + COLUMN / 2) - 120).abs() < 12);
        assert!((shade(WIDTH - MARGIN - COLUMN / 2, below + 100) - 200).abs() < 12);
        // One head is filled, the other framed.
        assert!(shade(MARGIN + 12, MARGIN + 12) > 220);
        assert!(shade(WIDTH - MARGIN - 12, MARGIN + 12) < 60);
        let metadata = read_metadata(&file).expect("written");
        let source = metadata.source_type.expect("a type");
        assert!(source.ends_with("compositeWithTrainedAlgorithmicMedia"));
        assert!(is_marked(&DynamicImage::ImageRgb8(read)).is_marked);
    }

    #[test]
    fn any_words_and_no_neighbours_fit() {
        for prompt in ["", "صورة", &"Wide words ".repeat(200), &"W".repeat(500)] {
            let (_, read) = drawn_with(Vec::new(), prompt);
            assert_eq!(read.width(), WIDTH);
            assert!(read.height() < 1_200, "{}", read.height());
        }
    }

    #[test]
    fn lines_stay_in_their_column_and_are_not_too_many() {
        let letters = Letters::load().expect("the bundled font");
        for text in [
            "one",
            "two words",
            &"many words ".repeat(90),
            &"W".repeat(300),
        ] {
            let lines = lines(text, 3, &letters);
            assert!((1..=3).contains(&lines.len()), "{text}");
            for line in lines {
                let Part::Line(line) = line else {
                    panic!("a line");
                };
                assert!(letters.width(&line, LINE as f32) <= COLUMN as f32, "{line}");
            }
        }
    }
}
