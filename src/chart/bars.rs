//! Bars, one below the other, each with its words above it. A bar that is marked is filled, any other
//! one is striped, and the words beside it say which is which.

use image::{Rgb, RgbImage};

use super::{ChartError, DARK, GROUND, LIGHT, fill, jpeg, letters};
use crate::compare::letters::Letters;

/// Most bars of a picture: more would be too tall to read.
pub const MOST_BARS: usize = 25;
/// Width in pixels.
const WIDTH: u32 = 800;
const MARGIN: u32 = 20;
/// Height of a line: a capital is 12 pixels high where a phone shows the picture at 400.
const LINE: u32 = 38;
/// Height of a bar, and of the space below it.
const BAR: u32 = 26;
const GAP: u32 = 20;
/// Room for words above a bar's right end.
const VALUE: f32 = 330.0;
/// Width of a stripe, and of the gap between two.
const STRIPE: u32 = 6;
/// What stands for words that the font can't write.
const ELSEWHERE: &str = "(see the text)";

/// A bar with its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is about; cut to its room.
    pub label: String,
    /// Its figures, at the right.
    pub value: String,
    /// Its length, 0 to 1.
    pub share: f32,
    /// Whether it is filled. The words must say why.
    pub is_marked: bool,
}

/// Draws bars below a title, as a JPEG. Those beyond [`MOST_BARS`] are left out. It computes: call
/// it from a thread that may block.
///
/// # Errors
/// [`ChartError`] if the encoder refuses.
pub fn bars(title: &str, bars: &[Bar]) -> Result<Vec<u8>, ChartError> {
    jpeg(&draw(title, bars)?)
}

fn draw(title: &str, bars: &[Bar]) -> Result<RgbImage, ChartError> {
    let letters = letters()?;
    let shown = &bars[..bars.len().min(MOST_BARS)];
    let rows = u32::try_from(shown.len()).unwrap_or(0);
    let head = MARGIN + LINE + GAP;
    let height = head + rows * (LINE + BAR + GAP) + MARGIN;
    let mut canvas = RgbImage::from_pixel(WIDTH, height, GROUND);
    let room = (WIDTH - 2 * MARGIN) as f32;
    write(&mut canvas, &letters, title, (MARGIN as f32, MARGIN), room);
    let mut top = head;
    for bar in shown {
        draw_bar(&mut canvas, &letters, bar, top);
        top += LINE + BAR + GAP;
    }
    Ok(canvas)
}

fn draw_bar(canvas: &mut RgbImage, letters: &Letters, bar: &Bar, top: u32) {
    let room = (WIDTH - 2 * MARGIN) as f32;
    let value = readable(letters, &bar.value, VALUE);
    let taken = letters.width(&value, LINE as f32);
    let left = WIDTH as f32 - MARGIN as f32 - taken;
    write(canvas, letters, &value, (left, top), VALUE);
    let label = room - taken - MARGIN as f32;
    write(canvas, letters, &bar.label, (MARGIN as f32, top), label);
    let all = WIDTH - 2 * MARGIN;
    let share = if bar.share.is_finite() {
        bar.share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let length = (all as f32 * share).round() as u32;
    let corner = (MARGIN, top + LINE);
    fill(canvas, corner, (all, BAR), DARK);
    if bar.is_marked {
        fill(canvas, corner, (length, BAR), LIGHT);
    } else {
        stripe(canvas, corner, length, LIGHT);
    }
    // A base line shows where a bar begins that has no length.
    fill(canvas, corner, (2, BAR), LIGHT);
}

/// Slanted stripes over a bar's length.
fn stripe(canvas: &mut RgbImage, (left, top): (u32, u32), length: u32, ink: Rgb<u8>) {
    let right = (left + length).min(canvas.width());
    for y in top..(top + BAR).min(canvas.height()) {
        for x in left..right {
            let is_edge = y == top || y + 1 == top + BAR || x + 1 == right;
            if is_edge || (x + y) % (2 * STRIPE) < STRIPE {
                canvas.put_pixel(x, y, ink);
            }
        }
    }
}

/// A text cut to its room, or what stands for it.
fn readable(letters: &Letters, text: &str, room: f32) -> String {
    let text = if letters.can_write(text) {
        text
    } else {
        ELSEWHERE
    };
    letters.fitted(text, LINE as f32, room)
}

fn write(canvas: &mut RgbImage, letters: &Letters, text: &str, (left, top): (f32, u32), room: f32) {
    let text = readable(letters, text, room);
    letters.write(canvas, &text, (left, top as f32), LINE as f32, LIGHT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(share: f32, is_marked: bool) -> Bar {
        Bar {
            label: "A. axial".to_owned(),
            value: "12 (60 %), key".to_owned(),
            share,
            is_marked,
        }
    }

    /// White pixels in the middle row of the first bar.
    fn length(bar: Bar) -> usize {
        let drawn = draw("Question 1", &[bar]).expect("drawn");
        let y = MARGIN + LINE + GAP + LINE + BAR / 2;
        let row = (0..WIDTH).filter(|x| *drawn.get_pixel(*x, y) == LIGHT);
        row.count()
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_a_marked_one_is_filled() {
        let all = (WIDTH - 2 * MARGIN) as usize;
        assert_eq!(length(bar(1.0, true)), all);
        assert_eq!(length(bar(0.5, true)), all / 2);
        let striped = length(bar(1.0, false));
        assert!(striped > all / 3 && striped < all * 2 / 3, "{striped}");
        assert!(length(bar(0.0, true)) <= 2);
    }

    #[test]
    fn any_figures_and_any_letters_are_drawn() {
        for share in [f32::NAN, f32::INFINITY, -1.0, 7.0] {
            bars("", &[bar(share, false)]).expect("drawn");
        }
        let odd = Bar {
            label: "صورة 🩻 ".repeat(50),
            value: "x".repeat(500),
            share: 0.3,
            is_marked: false,
        };
        bars("脑部", &[odd]).expect("drawn");
    }

    #[test]
    fn a_picture_is_never_taller_than_its_most_bars() {
        let many = vec![bar(0.1, false); 100];
        let drawn = draw("t", &many).expect("drawn");
        let most = draw("t", &many[..MOST_BARS]).expect("drawn");
        assert_eq!(drawn.height(), most.height());
        let file = jpeg(&drawn).expect("encoded");
        assert!(file.len() < 1_000_000, "{}", file.len());
    }
}
