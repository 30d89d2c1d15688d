//! The invisible mark: two dozen faint waves over the whole picture, at frequencies that no ordinary
//! picture has together (Cox et al., IEEE Trans. Image Process. 1997, in the manner of O'Ruanaidh
//! and Pun, Signal Process. 1998). Their strength is found wherever they begin, so cutting edges off
//! only brings the frequencies nearer to each other, by a share that is searched for; changing the
//! size changes nothing, since frequencies count in waves a picture.
//!
//! It tells that a picture was made by a program, and nothing else: it holds no message. It is no
//! lock either; who knows it can take it out. How often it is found where it isn't is bounded by
//! counting alone, see [`THRESHOLD`].

use std::f32::consts::TAU;
use std::sync::LazyLock;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{GrayImage, ImageFormat, RgbImage};
use rayon::prelude::*;

use super::spectrum::{FINE, HIGHEST, Spectrum};

/// Waves across and down the picture. Each stands so far from the others, from the axes and from
/// lines through the middle that hold another, that no edge, grid or text meets several of them.
const WAVES: [(i32, i32); 24] = [
    (-10, 44),
    (-35, 9),
    (17, 17),
    (-29, 21),
    (-19, 30),
    (40, 24),
    (39, 14),
    (-39, 25),
    (25, 31),
    (-6, 19),
    (-25, 10),
    (20, 40),
    (6, 21),
    (19, 8),
    (-19, 19),
    (30, 16),
    (-21, 41),
    (28, 6),
    (-44, 13),
    (-29, 31),
    (16, 30),
    (8, 40),
    (-9, 34),
    (7, 30),
];
/// Heights of a wave in gray levels, in the order in which they are tried. Together the waves change
/// a picture by 1.8 levels in the root mean square, 43 dB below its full range; where hard edges lie
/// everywhere and hide them, by 2.9 levels or 39 dB.
const HEIGHTS: [f32; 2] = [0.521, 0.83];
/// The score that a picture must keep at half its size as a JPEG of [`QUALITY`], to be cut after it.
const ENOUGH: f32 = 72.0;
const QUALITY: u8 = 70;

/// Shares of a picture's sides that may be left: from all of it down to 62 of 100.
const SHARES: usize = 62;
/// By how much two neighbouring shares differ.
const SHARE: f32 = 0.006_25;
/// As it is, mirrored, and both again on its side. Upside down is the same as twice mirrored, and no
/// wave tells from where it runs.
const POSITIONS: usize = 4;

/// Neighbours that a frequency is compared with: those 3 to 5 cycles away in either direction.
const NEIGHBOURS: usize = 96;
const NEAREST: i32 = 3;
const FARTHEST: i32 = 5;
/// Highest frequency that a score is needed for, in bins.
const SCORED: i32 = HIGHEST - FARTHEST * FINE;

/// From which score on a picture counts as marked.
///
/// Where nothing was marked, a frequency is as likely to take any place among its 96 neighbours, so
/// each wave's score has 97 values of one likelihood and the sum of 24 is known exactly. All shares
/// and positions are tried and the best counts; even if none of the 15,376 attempts had anything to
/// do with the others, not one picture in a million would reach this.
pub(super) const THRESHOLD: f32 = 64.8;

/// What a search for the mark came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// How far the waves stand out, over all of them. A picture without the mark has some 45 to 57.
    pub score: f32,
    /// Whether the mark is there.
    pub is_marked: bool,
}

/// The picture with the mark, as faint as it may be to be found again after a resize and a JPEG.
/// `None` where it can't be made to last: the picture is all hard edges.
pub(super) fn embedded(picture: &RgbImage) -> Option<RgbImage> {
    HEIGHTS.into_iter().find_map(|height| {
        let mut marked = picture.clone();
        add(&mut marked, height);
        lasts(&marked).then_some(marked)
    })
}

/// Whether the mark is there with some room when the picture was made smaller and compressed.
fn lasts(marked: &RgbImage) -> bool {
    let (width, height) = (marked.width().div_ceil(2), marked.height().div_ceil(2));
    let small = imageops::resize(marked, width, height, FilterType::Triangle);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    if small.write_with_encoder(encoder).is_err() {
        return false;
    }
    let again = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg);
    again.is_ok_and(|again| detect(&again.into_luma8()).score >= ENOUGH)
}

/// Adds the mark at its faintest, without looking whether it lasts.
pub(super) fn embed(picture: &mut RgbImage) {
    add(picture, HEIGHTS[0]);
}

/// Adds waves of that height to a picture: each begins where the picture itself has a trace of it,
/// so that the two never cancel.
fn add(picture: &mut RgbImage, gray: f32) {
    let (width, height) = picture.dimensions();
    let spectrum = Spectrum::of(&imageops::grayscale(&*picture));
    let begins: Vec<f32> = WAVES
        .iter()
        .enumerate()
        .map(|(number, wave)| spectrum.phase(*wave).unwrap_or(number as f32 * 2.4))
        .collect();
    let angles = |side: u32, cycles: i32| -> Vec<(f32, f32)> {
        let angle = |place: u32| TAU * cycles as f32 * (place as f32 + 0.5) / side as f32;
        (0..side).map(|place| angle(place).sin_cos()).collect()
    };
    let across: Vec<_> = WAVES.iter().map(|(x, _)| angles(width, *x)).collect();
    let samples: &mut [u8] = picture;
    samples
        .par_chunks_exact_mut(3 * width.max(1) as usize)
        .enumerate()
        .for_each(|(row, pixels)| {
            let mut sums = vec![0.0_f32; pixels.len() / 3];
            for ((across, (_, y)), begin) in across.iter().zip(WAVES).zip(&begins) {
                let down = TAU * y as f32 * (row as f32 + 0.5) / height as f32;
                let (sine, cosine) = (down + begin).sin_cos();
                for (sum, (across_sine, across_cosine)) in sums.iter_mut().zip(across) {
                    *sum += across_cosine * cosine - across_sine * sine;
                }
            }
            for (pixel, sum) in pixels.chunks_exact_mut(3).zip(sums) {
                for value in pixel {
                    *value = (f32::from(*value) + gray * sum).round() as u8;
                }
            }
        });
}

/// Looks for the mark.
pub(super) fn detect(picture: &GrayImage) -> Detection {
    let scores = Scores::of(&Spectrum::of(picture));
    let positions = (0..POSITIONS).into_par_iter();
    let best = positions.map(|position| scores.best(&in_position(position)));
    let score = best.reduce(|| 0.0, f32::max);
    Detection {
        score,
        is_marked: score >= THRESHOLD,
    }
}

/// The waves as they run in one of the positions, each towards the lower half.
fn in_position(position: usize) -> Vec<(i32, i32)> {
    let turned = WAVES.iter().map(|(x, y)| {
        let x = if position & 1 == 0 { *x } else { -x };
        let (x, y) = if position & 2 == 0 { (x, *y) } else { (*y, x) };
        if y < 0 { (-x, -y) } else { (x, y) }
    });
    turned.collect()
}

/// How far each frequency stands out from its neighbours. A wave has two frequencies, one the mirror
/// of the other; the lower half holds one of each.
struct Scores(Vec<f32>);

impl Scores {
    fn of(spectrum: &Spectrum) -> Self {
        let reach = -FARTHEST..=FARTHEST;
        let ring: Vec<(i32, i32)> = reach
            .clone()
            .flat_map(|x| reach.clone().map(move |y| (x, y)))
            .filter(|(x, y)| x.abs().max(y.abs()) >= NEAREST)
            .collect();
        let scores = (0..=SCORED).into_par_iter().flat_map_iter(|y| {
            let ring = ring.as_slice();
            (-SCORED..=SCORED).map(move |x| {
                let own = spectrum.power(x, y);
                let is_above =
                    |(dx, dy): &&(i32, i32)| spectrum.power(x + dx * FINE, y + dy * FINE) >= own;
                score_with(ring.iter().filter(is_above).count())
            })
        });
        Self(scores.collect())
    }

    /// The largest sum over all shares of the picture that may be left across and down.
    fn best(&self, waves: &[(i32, i32)]) -> f32 {
        let bins = |cycles: i32| {
            (0..SHARES).map(move |step| {
                let share = 1.0 - step as f32 * SHARE;
                (cycles as f32 * FINE as f32 * share).round() as i32
            })
        };
        let across: Vec<Vec<usize>> = waves
            .iter()
            .map(|(x, _)| bins(*x).map(|bin| (bin + SCORED) as usize).collect())
            .collect();
        let row = 2 * SCORED as usize + 1;
        let down: Vec<Vec<usize>> = waves
            .iter()
            .map(|(_, y)| bins(*y).map(|bin| bin as usize * row).collect())
            .collect();
        let mut best = 0.0_f32;
        let mut sums = [0.0_f32; SHARES];
        for step in 0..SHARES {
            sums.fill(0.0);
            for (across, down) in across.iter().zip(&down) {
                let from = down[step];
                for (sum, place) in sums.iter_mut().zip(across) {
                    *sum += self.0[from + place];
                }
            }
            best = sums.iter().copied().fold(best, f32::max);
        }
        best
    }
}

/// The score of a frequency with so many stronger neighbours: minus the logarithm of how likely it
/// is to have no more than that.
fn score_with(stronger: usize) -> f32 {
    static SCORES: LazyLock<Vec<f32>> = LazyLock::new(|| {
        let share = |stronger: usize| (stronger as f32 + 0.5) / (NEIGHBOURS + 1) as f32;
        (0..=NEIGHBOURS).map(|count| -share(count).ln()).collect()
    });
    SCORES[stronger.min(NEIGHBOURS)]
}

#[cfg(test)]
mod tests;
