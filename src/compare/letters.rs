//! Writing on pictures with the bundled font (`font/`: a part of DejaVu Sans Condensed Bold with
//! Latin, Greek and Cyrillic letters). Scripts that run from right to left, or join their letters,
//! are not written: the text beside the picture says what they say.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use image::{Rgb, RgbImage};

use super::error::CompareError;

const FILE: &[u8] = include_bytes!("font/DejaVuSansCondensed-Bold.ttf");
const ELLIPSIS: char = '…';

/// The font, ready to measure and to draw. Sizes are heights of a line in pixels; a capital has
/// about two thirds of it.
pub(crate) struct Letters(FontRef<'static>);

impl Letters {
    /// Reads the bundled font.
    pub(crate) fn load() -> Result<Self, CompareError> {
        let font = FontRef::try_from_slice(FILE);
        font.map(Self)
            .map_err(|error| CompareError::Drawing(error.to_string()))
    }

    /// Whether the font has each letter of a text.
    pub(crate) fn can_write(&self, text: &str) -> bool {
        text.chars().all(|letter| self.0.glyph_id(letter).0 != 0)
    }

    /// Pixels that a text takes.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let font = self.0.as_scaled(PxScale::from(size));
        text.chars()
            .map(|letter| font.h_advance(font.glyph_id(letter)))
            .sum()
    }

    /// A text on one line that takes `room` pixels at most, with an ellipsis where it was cut.
    pub(crate) fn fitted(&self, text: &str, size: f32, room: f32) -> String {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.width(&line, size) <= room {
            return line;
        }
        let mut cut = String::new();
        for letter in line.chars() {
            cut.push(letter);
            cut.push(ELLIPSIS);
            let fits = self.width(&cut, size) <= room;
            cut.pop();
            if !fits {
                cut.pop();
                break;
            }
        }
        let mut cut = cut.trim_end().to_owned();
        cut.push(ELLIPSIS);
        cut
    }

    /// Writes a text whose line begins at the left top corner. What lies outside is not drawn.
    pub(crate) fn write(
        &self,
        canvas: &mut RgbImage,
        text: &str,
        (left, top): (f32, f32),
        size: f32,
        ink: Rgb<u8>,
    ) {
        let scale = PxScale::from(size);
        let font = self.0.as_scaled(scale);
        let baseline = top + font.ascent();
        let mut x = left;
        for letter in text.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(scale, point(x, baseline));
            if let Some(outline) = self.0.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                let (left, top) = (corner.x as i64, corner.y as i64);
                outline.draw(|x, y, cover| {
                    blend(canvas, left + i64::from(x), top + i64::from(y), cover, ink);
                });
            }
            x += font.h_advance(id);
        }
    }
}

/// Lays a share of the ink over a pixel, if there is one.
fn blend(canvas: &mut RgbImage, x: i64, y: i64, cover: f32, ink: Rgb<u8>) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    if x >= canvas.width() || y >= canvas.height() {
        return;
    }
    let cover = cover.clamp(0.0, 1.0);
    let pixel = canvas.get_pixel_mut(x, y);
    for (below, above) in pixel.0.iter_mut().zip(ink.0) {
        let mixed = f32::from(*below) * (1.0 - cover) + f32::from(above) * cover;
        *below = mixed.round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb<u8> = Rgb([255; 3]);

    #[test]
    fn a_text_is_cut_to_its_room() {
        let letters = Letters::load().expect("the bundled font");
        let long = "Neonatal chest X-ray with ground-glass opacity";
        for room in [60.0, 150.0, 300.0] {
            let cut = letters.fitted(long, 38.0, room);
            assert!(letters.width(&cut, 38.0) <= room, "{cut}");
            assert!(cut.ends_with('…') && cut.len() > 3, "{cut}");
        }
        assert_eq!(letters.fitted(" a \n b ", 38.0, 300.0), "a b");
    }

    #[test]
    fn a_text_stays_within_the_width_that_was_measured() {
        let letters = Letters::load().expect("the bundled font");
        let text = "pixel difference, not a finding";
        let width = letters.width(text, 38.0);
        let mut canvas = RgbImage::new(700, 60);
        letters.write(&mut canvas, text, (20.0, 5.0), 38.0, WHITE);
        let inked: Vec<u32> = canvas
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[0] > 60)
            .map(|(x, ..)| x)
            .collect();
        let (first, last) = (inked.iter().min(), inked.iter().max());
        assert!(first.is_some_and(|first| *first >= 18), "{first:?}");
        assert!(
            last.is_some_and(|last| *last as f32 <= 22.0 + width),
            "{last:?} and {width}"
        );
    }

    #[test]
    fn scripts_that_the_font_lacks_are_told() {
        let letters = Letters::load().expect("the bundled font");
        assert!(letters.can_write("Röntgen μ Ж – “x”…"));
        for text in ["صورة", "脑部", "🩻", "a\u{202e}b"] {
            assert!(!letters.can_write(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let letters = Letters::load().expect("the bundled font");
        let mut canvas = RgbImage::new(10, 10);
        letters.write(&mut canvas, "WWW", (-20.0, -20.0), 40.0, WHITE);
        assert_eq!(canvas.dimensions(), (10, 10));
    }
}
