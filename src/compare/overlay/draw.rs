//! Overlay, difference and blink of two pictures whose fit is known, each with what it is and the
//! reminder that a pixel difference is not a finding burned into it.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::gif::{GifEncoder, Repeat};
use image::imageops::{self, FilterType};
use image::{Delay, DynamicImage, Frame, GrayImage, ImageFormat, Rgb, RgbImage};
use mirage_models::image_encoder::Rgb as Pixels;

use super::register::Fit;
use crate::compare::error::CompareError;
use crate::compare::letters::Letters;

/// What is burned into every picture.
const REMINDER: &str = "pixel difference, not a finding";
/// Longest side of the drawn pictures in pixels.
const LONGEST: u32 = 640;
/// Narrower pictures stand in the middle of a ground of this width, so that the words fit.
const NARROWEST: u32 = 480;
/// Height of a line as a share of the width: an em of 1/25.
const LINE: f32 = 0.047;
/// How long each picture of the blink stays: far below what harms people who react to flicker.
const BLINK: Duration = Duration::from_secs(1);
/// Quality of the blink's colours, 1 the best and slowest, 30 the fastest; grays need no better.
const BLINK_SPEED: i32 = 20;
/// Bounds of what the contrast of the second picture is multiplied by to match the first.
const CONTRAST: (f32, f32) = (0.2, 5.0);

const GROUND: Rgb<u8> = Rgb([16, 16, 20]);
const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
/// The two colours of the overlay: together they make gray, and people who see no red tell them
/// apart by their lightness.
const RED: Rgb<u8> = Rgb([255, 0, 0]);
const CYAN: Rgb<u8> = Rgb([0, 255, 255]);

/// A picture in gray.
pub(super) fn gray(picture: &Pixels) -> Result<GrayImage, CompareError> {
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let pixels = RgbImage::from_raw(width, height, picture.pixels().to_vec());
    let pixels = pixels.ok_or_else(|| CompareError::Drawing("pixels are missing".to_owned()))?;
    Ok(DynamicImage::ImageRgb8(pixels).into_luma8())
}

/// Both pictures on the first one's ground, in one size.
pub(super) struct Pair {
    before: GrayImage,
    /// The second picture's shade at each pixel, row by row, at the first one's brightness and
    /// contrast; `None` where it doesn't reach.
    after: Vec<Option<u8>>,
}

impl Pair {
    pub(super) fn new(before: &GrayImage, after: &GrayImage, fit: &Fit) -> Self {
        let (width, height) = fitted(before.dimensions());
        let before = imageops::resize(before, width, height, FilterType::Triangle);
        let mut moved: Vec<Option<f32>> = Vec::with_capacity(before.as_raw().len());
        for y in 0..height {
            let down = share((y, height), fit.down) * after.height() as f32 - 0.5;
            for x in 0..width {
                let across = share((x, width), fit.across) * after.width() as f32 - 0.5;
                moved.push(sample(after, across, down));
            }
        }
        let (factor, offset) = matching(&before, &moved);
        let matched = |shade: f32| (shade * factor + offset).round().clamp(0.0, 255.0) as u8;
        let after = moved.into_iter().map(|shade| shade.map(matched)).collect();
        Self { before, after }
    }

    /// A picture of each pixel's two shades.
    fn drawn(&self, pixel: impl Fn(u8, Option<u8>) -> Rgb<u8>) -> RgbImage {
        let (width, height) = self.before.dimensions();
        let mut drawn = RgbImage::new(width, height);
        let shades = self.before.pixels().zip(&self.after);
        for (drawn, (before, after)) in drawn.pixels_mut().zip(shades) {
            *drawn = pixel(before.0[0], *after);
        }
        drawn
    }
}

/// A size with the same proportions whose longest side is [`LONGEST`].
fn fitted((width, height): (u32, u32)) -> (u32, u32) {
    let factor = LONGEST as f32 / width.max(height).max(1) as f32;
    let side = |length: u32| ((length as f32 * factor).round() as u32).max(1);
    (side(width), side(height))
}

/// Where the middle of a pixel of the first picture lies on the second, as a share of its side.
fn share((at, side): (u32, u32), (factor, offset): (f32, f32)) -> f32 {
    (at as f32 + 0.5) / side as f32 * factor + offset
}

/// The shade between pixels; `None` outside of the picture.
fn sample(picture: &GrayImage, x: f32, y: f32) -> Option<f32> {
    let (width, height) = picture.dimensions();
    let within = |at: f32, side: u32| at >= -0.5 && at <= side as f32 - 0.5;
    if !(within(x, width) && within(y, height)) {
        return None;
    }
    let shade = |x: f32, y: f32| {
        let nearest = |at: f32, side: u32| (at.max(0.0) as u32).min(side - 1);
        f32::from(picture.get_pixel(nearest(x, width), nearest(y, height)).0[0])
    };
    let (left, top) = (x.floor(), y.floor());
    let (right, below) = (x - left, y - top);
    let upper = shade(left, top) * (1.0 - right) + shade(left + 1.0, top) * right;
    let lower = shade(left, top + 1.0) * (1.0 - right) + shade(left + 1.0, top + 1.0) * right;
    Some(upper * (1.0 - below) + lower * below)
}

/// Factor and offset that give the second picture the first one's brightness and contrast, where
/// they overlap.
fn matching(before: &GrayImage, after: &[Option<f32>]) -> (f32, f32) {
    let pairs = before.as_raw().iter().zip(after);
    let pairs: Vec<(f32, f32)> = pairs
        .filter_map(|(before, after)| Some((f32::from(*before), (*after)?)))
        .collect();
    let (first, second) = (
        spread(pairs.iter().map(|pair| pair.0)),
        spread(pairs.iter().map(|pair| pair.1)),
    );
    let factor = (first.1 / second.1.max(1.0)).clamp(CONTRAST.0, CONTRAST.1);
    (factor, first.0 - second.0 * factor)
}

/// Mean and standard deviation; zero of nothing.
fn spread(values: impl ExactSizeIterator<Item = f32> + Clone) -> (f32, f32) {
    let count = values.len().max(1) as f64;
    let mean = values.clone().map(f64::from).sum::<f64>() / count;
    let squares = values.map(|value| (f64::from(value) - mean).powi(2));
    let variance = squares.sum::<f64>() / count;
    (mean as f32, variance.sqrt() as f32)
}

/// The first in red, the second in cyan: gray where they agree.
pub(super) fn overlay(pair: &Pair) -> Result<Vec<u8>, CompareError> {
    let drawn = pair.drawn(|before, after| {
        let after = after.unwrap_or(0);
        Rgb([before, after, after])
    });
    let framed = Framed::new(&drawn)?;
    let framed = framed.line(0, &[("before: red", RED), ("after: cyan", CYAN)]);
    png(&framed.reminded())
}

/// Bright where they differ, black where they agree and where the second doesn't reach.
pub(super) fn difference(pair: &Pair) -> Result<Vec<u8>, CompareError> {
    let drawn = pair.drawn(|before, after| {
        let apart = after.map_or(0, |after| before.abs_diff(after));
        Rgb([apart; 3])
    });
    let framed = Framed::new(&drawn)?;
    png(&framed
        .line(0, &[("bright: pixels differ", WHITE)])
        .reminded())
}

/// Both in turn, without end.
pub(super) fn blink(pair: &Pair) -> Result<Vec<u8>, CompareError> {
    let before = pair.drawn(|before, _| Rgb([before; 3]));
    let after = pair.drawn(|_, after| Rgb([after.unwrap_or(0); 3]));
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, BLINK_SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    for (drawn, name) in [(before, "1 before"), (after, "2 after")] {
        let framed = Framed::new(&drawn)?.line(0, &[(name, WHITE)]).reminded();
        let picture = DynamicImage::ImageRgb8(framed).into_rgba8();
        let delay = Delay::from_saturating_duration(BLINK);
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
    }
    drop(encoder);
    Ok(bytes)
}

fn png(picture: &RgbImage) -> Result<Vec<u8>, CompareError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// A picture between two lines of words.
struct Framed {
    letters: Letters,
    canvas: RgbImage,
    size: f32,
}

impl Framed {
    fn new(picture: &RgbImage) -> Result<Self, CompareError> {
        let width = picture.width().max(NARROWEST);
        let size = width as f32 * LINE;
        let band = Self::band(size);
        let mut canvas = RgbImage::from_pixel(width, picture.height() + 2 * band, GROUND);
        let left = i64::from((width - picture.width()) / 2);
        imageops::replace(&mut canvas, picture, left, i64::from(band));
        Ok(Self {
            letters: Letters::load()?,
            canvas,
            size,
        })
    }

    /// Height of a line with some room.
    fn band(size: f32) -> u32 {
        (size * 1.3).ceil() as u32
    }

    /// Words in their colours on a line that begins at `top`.
    fn line(mut self, top: u32, words: &[(&str, Rgb<u8>)]) -> Self {
        let gap = self.size / 2.0;
        let mut left = gap;
        let top = top as f32 + self.size * 0.12;
        for (text, ink) in words {
            self.letters
                .write(&mut self.canvas, text, (left, top), self.size, *ink);
            left += self.letters.width(text, self.size) + 2.0 * gap;
        }
        self
    }

    /// The picture with the reminder below it.
    fn reminded(self) -> RgbImage {
        let top = self.canvas.height() - Self::band(self.size);
        self.line(top, &[(REMINDER, WHITE)]).canvas
    }
}

#[cfg(test)]
mod tests {
    use image::{AnimationDecoder as _, Luma, codecs::gif::GifDecoder};

    use super::*;

    /// Both cover each other whole.
    const STILL: Fit = Fit {
        scale: 1.0,
        shift: (0.0, 0.0),
        correlation: 1.0,
        across: (1.0, 0.0),
        down: (1.0, 0.0),
    };

    fn ramp(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| Luma([((x + 2 * y) % 256) as u8]))
    }

    fn read(file: &[u8]) -> RgbImage {
        image::load_from_memory(file)
            .expect("a picture")
            .into_rgb8()
    }

    #[test]
    fn what_agrees_is_gray_and_leaves_no_difference() {
        let picture = ramp(640, 480);
        let mut darker = picture.clone();
        darker.pixels_mut().for_each(|pixel| pixel.0[0] /= 2);
        let pair = Pair::new(&picture, &darker, &STILL);
        let overlay = read(&overlay(&pair).expect("drawn"));
        let difference = read(&difference(&pair).expect("drawn"));
        let middle = (overlay.width() / 2, overlay.height() / 2);
        let [red, green, blue] = overlay.get_pixel(middle.0, middle.1).0;
        assert!(
            red.abs_diff(green) <= 4 && green == blue,
            "exposure is matched"
        );
        assert!(difference.get_pixel(middle.0, middle.1).0[0] <= 4);
    }

    #[test]
    fn what_only_one_shows_has_its_colour() {
        let (mut before, mut after) = (ramp(640, 480), ramp(640, 480));
        for (picture, left) in [(&mut before, 100), (&mut after, 400)] {
            for (x, y) in (left..left + 60).flat_map(|x| (200..260).map(move |y| (x, y))) {
                picture.put_pixel(x, y, Luma([255]));
            }
            for (x, y) in (500 - left..560 - left).flat_map(|x| (200..260).map(move |y| (x, y))) {
                picture.put_pixel(x, y, Luma([0]));
            }
        }
        let pair = Pair::new(&before, &after, &STILL);
        let drawn = read(&overlay(&pair).expect("drawn"));
        let band = (drawn.height() - 480) / 2;
        let [red, green, _] = drawn.get_pixel(130, 230 + band).0;
        assert!(red > green.saturating_add(100), "before alone is red");
        let [red, green, _] = drawn.get_pixel(430, 230 + band).0;
        assert!(green > red.saturating_add(100), "after alone is cyan");
    }

    #[test]
    fn where_the_second_does_not_reach_there_is_no_difference() {
        let fit = Fit {
            across: (1.0, -0.5),
            ..STILL
        };
        let pair = Pair::new(&ramp(640, 480), &ramp(640, 480), &fit);
        assert!(pair.after[0].is_none(), "left of it");
        assert!(pair.after[639].is_some());
        let drawn = read(&difference(&pair).expect("drawn"));
        assert_eq!(drawn.get_pixel(10, drawn.height() / 2).0, [0, 0, 0]);
    }

    #[test]
    fn every_picture_has_words_above_and_below_it_at_any_shape() {
        for (width, height) in [(640, 480), (64, 640), (640, 32), (16, 16)] {
            let picture = ramp(width, height);
            let pair = Pair::new(&picture, &picture, &STILL);
            for file in [overlay(&pair), difference(&pair)] {
                let drawn = read(&file.expect("drawn"));
                let lit = |rows: std::ops::Range<u32>| {
                    let mut pixels = drawn.enumerate_pixels();
                    pixels.any(|(_, y, pixel)| rows.contains(&y) && pixel.0[1] > 200)
                };
                let band = Framed::band(drawn.width() as f32 * LINE);
                assert!(lit(0..band) && lit(drawn.height() - band..drawn.height()));
                assert!(drawn.width() >= NARROWEST && drawn.height() <= LONGEST + 2 * band);
            }
        }
    }

    #[test]
    fn the_words_fit_the_width() {
        let letters = Letters::load().expect("the bundled font");
        let size = NARROWEST as f32 * LINE;
        let legend = letters.width("before: redafter: cyan", size) + 2.5 * size;
        for width in [letters.width(REMINDER, size) + size, legend] {
            assert!(width <= NARROWEST as f32, "{width}");
        }
    }

    #[test]
    fn the_blink_shows_both_for_a_second_each() {
        let picture = ramp(64, 64);
        let pair = Pair::new(&picture, &picture, &STILL);
        let file = blink(&pair).expect("drawn");
        assert!(file.len() < 2_000_000, "{}", file.len());
        let decoder = GifDecoder::new(Cursor::new(file)).expect("a GIF");
        let frames = decoder.into_frames().collect_frames().expect("frames");
        assert_eq!(frames.len(), 2);
        for frame in frames {
            let delay = Duration::from(frame.delay());
            assert!(delay >= BLINK, "{delay:?}");
        }
    }
}
