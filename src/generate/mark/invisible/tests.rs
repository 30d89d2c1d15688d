//! What the invisible mark survives, what it costs, and how seldom it is found where it isn't. The
//! pictures are drawn: blank, smooth, of hard edges, of fine texture. Real ones are measured by
//! `docs/generate.md`'s command.

use image::{DynamicImage, Rgb};

use super::*;

/// Numbers that look like chance, the same on every run.
struct Noise(u64);

impl Noise {
    /// Between -1 and 1.
    fn draw(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.0 >> 40) as f32 / (1_u64 << 23) as f32) - 1.0
    }
}

fn drawn(width: u32, height: u32, shade: impl Fn(f32, f32, f32) -> f32) -> RgbImage {
    let mut noise = Noise(7);
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        Rgb([shade(x, y, noise.draw()).clamp(0.0, 255.0) as u8; 3])
    })
}

/// How far from the middle.
fn round(x: f32, y: f32) -> f32 {
    (x - 0.5).hypot(y - 0.5)
}

/// Kinds of ground that a mark must show on, each with its name.
fn grounds(width: u32, height: u32) -> Vec<(&'static str, RgbImage)> {
    vec![
        ("black", drawn(width, height, |_, _, _| 0.0)),
        ("white", drawn(width, height, |_, _, _| 255.0)),
        (
            "smooth",
            drawn(width, height, |x, y, _| 200.0 - 300.0 * round(x, y)),
        ),
        (
            "edges",
            drawn(width, height, |x, y, _| {
                let ring = (round(x, y) * 12.0) as i32 % 2 == 0;
                let bars = (x * 7.0) as i32 % 2 == 0;
                if ring ^ bars { 230.0 } else { 15.0 }
            }),
        ),
        (
            "texture",
            drawn(width, height, |x, _, noise| 90.0 + 80.0 * x + 60.0 * noise),
        ),
    ]
}

fn marked(picture: &RgbImage) -> DynamicImage {
    DynamicImage::ImageRgb8(embedded(picture).expect("the mark lasts"))
}

fn jpeg(picture: &DynamicImage, quality: u8) -> DynamicImage {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .expect("JPEG takes RGB");
    image::load_from_memory(&bytes).expect("just written")
}

fn half(picture: &DynamicImage) -> DynamicImage {
    picture.resize_exact(
        picture.width() / 2,
        picture.height() / 2,
        FilterType::Triangle,
    )
}

/// Cuts shares of the sides off: left, top, right, bottom.
fn cut(picture: &DynamicImage, [left, top, right, bottom]: [f32; 4]) -> DynamicImage {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let pixels = |share: f32| share.round() as u32;
    picture.crop_imm(
        pixels(width * left),
        pixels(height * top),
        pixels(width * (1.0 - left - right)),
        pixels(height * (1.0 - top - bottom)),
    )
}

fn score(picture: &DynamicImage) -> f32 {
    detect(&picture.to_luma8()).score
}

/// The sides that a tenth is cut off.
const SIDES: [[f32; 4]; 5] = [
    [0.1, 0.0, 0.0, 0.0],
    [0.0, 0.1, 0.0, 0.0],
    [0.0, 0.0, 0.1, 0.0],
    [0.0, 0.0, 0.0, 0.1],
    [0.1, 0.1, 0.1, 0.1],
];

#[test]
fn the_mark_survives_jpeg_crops_half_size_and_all_of_them_together() {
    for (width, height) in [(512, 570), (768, 512)] {
        for (name, ground) in grounds(width, height) {
            let marked = marked(&ground);
            let mut ways = vec![
                ("as it is", marked.clone()),
                ("JPEG 70", jpeg(&marked, 70)),
                ("half size", half(&marked)),
                ("half size, JPEG 70", jpeg(&half(&marked), 70)),
            ];
            for side in SIDES {
                let cut = cut(&jpeg(&marked, 70), side);
                ways.push(("JPEG 70, cut", cut.clone()));
                ways.push(("JPEG 70, cut, half size, JPEG 70", jpeg(&half(&cut), 70)));
            }
            for (way, picture) in ways {
                let score = score(&picture);
                assert!(
                    score >= THRESHOLD,
                    "{name} {width} x {height}, {way}: {score}"
                );
            }
        }
    }
}

#[test]
fn the_mark_survives_mirrors_turns_and_squeezing() {
    for (name, ground) in grounds(512, 512) {
        let marked = marked(&ground);
        for (way, picture) in [
            ("mirrored", marked.fliph()),
            ("upside down", marked.flipv()),
            ("on its side", marked.rotate90()),
            ("on its other side, mirrored", marked.rotate270().fliph()),
            (
                "squeezed",
                marked.resize_exact(400, 256, FilterType::Triangle),
            ),
        ] {
            assert!(score(&picture) >= THRESHOLD, "{name}, {way}");
        }
    }
}

#[test]
fn every_size_carries_the_mark() {
    for side in [128, 256, 512, 1_024] {
        let mut smooth = grounds(side, side).remove(2).1;
        embed(&mut smooth);
        let score = score(&DynamicImage::ImageRgb8(smooth));
        assert!(score >= THRESHOLD, "{side}: {score}");
    }
    // A small picture that is shown enlarged is marked at the size that it is shown at.
    let small = DynamicImage::ImageRgb8(grounds(128, 128).remove(2).1);
    let shown = small
        .resize_exact(512, 512, FilterType::CatmullRom)
        .into_rgb8();
    let again = jpeg(&half(&marked(&shown)), 70);
    assert!(score(&again) >= THRESHOLD);
}

#[test]
fn the_mark_is_hard_to_see() {
    for (name, ground) in grounds(512, 512) {
        let marked = marked(&ground).into_rgb8();
        let squares = ground.iter().zip(marked.iter()).map(|(one, other)| {
            let apart = f64::from(*one) - f64::from(*other);
            apart * apart
        });
        let mean = squares.sum::<f64>() / ground.len() as f64;
        let ratio = 10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10();
        assert!(ratio >= 42.0, "{name}: {ratio} dB");
        let apart = ground
            .iter()
            .zip(marked.iter())
            .map(|(one, other)| one.abs_diff(*other));
        assert!(apart.max() <= Some(13), "{name}");
    }
}

#[test]
fn what_is_not_marked_stays_below_the_threshold() {
    for side in [64, 200, 512] {
        for (name, ground) in grounds(side, side * 3 / 4) {
            let found = detect(&imageops::grayscale(&ground));
            assert!(
                !found.is_marked && found.score < 60.0,
                "{name}: {}",
                found.score
            );
        }
    }
    for (width, height) in [(1, 1), (1, 900), (3, 2)] {
        assert!(!detect(&GrayImage::new(width, height)).is_marked);
    }
    // Waves as strong, but of other frequencies.
    let mut other = grounds(512, 512).remove(2).1;
    for (x, y, pixel) in other.enumerate_pixels_mut() {
        let place = |at: u32, cycles: f32| at as f32 / 512.0 * TAU * cycles;
        let sum: f32 = (0..24_u8)
            .map(|wave| {
                let wave = f32::from(wave);
                (place(x, 12.0 + wave) + place(y, 45.0 - wave)).cos()
            })
            .sum();
        pixel.0 = pixel.0.map(|value| (f32::from(value) + sum).round() as u8);
    }
    assert!(!detect(&imageops::grayscale(&other)).is_marked);
}

#[test]
fn a_picture_that_can_not_keep_the_mark_is_told() {
    let dense = drawn(512, 570, |x, y, _| {
        let ring = (round(x, y) * 40.0) as i32 % 2 == 0;
        let bars = (x * 23.0) as i32 % 2 == 0;
        if ring ^ bars { 230.0 } else { 15.0 }
    });
    assert!(embedded(&dense).is_none());
}

#[test]
fn chance_reaches_the_threshold_less_than_once_in_a_million() {
    // The distribution of a sum of scores, in steps that round each score up.
    const STEP: f64 = 0.002;
    let steps = |count: usize| (f64::from(score_with(count)) / STEP).ceil() as usize;
    let scores: Vec<usize> = (0..=NEIGHBOURS).map(steps).collect();
    let mut likely = vec![1.0_f64];
    for _ in WAVES {
        let mut next = vec![0.0; likely.len() + scores[0]];
        for (place, share) in likely.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            for score in &scores {
                next[place + score] += share / scores.len() as f64;
            }
        }
        likely = next;
    }
    let from = (f64::from(THRESHOLD) / STEP).floor() as usize;
    let once: f64 = likely[from..].iter().sum();
    let attempts = (SHARES * SHARES * POSITIONS) as f64;
    assert!(once * attempts <= 1e-6, "{}", once * attempts);
    assert!(once * attempts > 1e-7, "the threshold could be lower");
}

#[test]
fn waves_stand_apart() {
    let ring = (2 * FARTHEST + 1).pow(2) - (2 * NEAREST - 1).pow(2);
    assert_eq!(usize::try_from(ring), Ok(NEIGHBOURS));
    for (number, (x, y)) in WAVES.iter().enumerate() {
        assert!(x.abs() >= 6 && *y >= 6, "near an axis: {x} {y}");
        for position in 0..POSITIONS {
            let (x, y) = in_position(position)[number];
            assert!(y >= 0 && x.abs().max(y) * FINE <= SCORED, "{x} {y}");
        }
        for (other_x, other_y) in &WAVES[number + 1..] {
            let apart = (x - other_x).abs().max((y - other_y).abs());
            assert!(apart >= 9, "{x} {y} and {other_x} {other_y}");
        }
    }
}

/// What `models/golden/invisible_mark.py` found.
#[derive(serde::Deserialize)]
struct Golden {
    pictures: Vec<Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    plain: f32,
    marked: f32,
    tiny: f32,
}

/// The same as `formula_picture` of the script.
fn formula_picture(number: u32) -> RgbImage {
    let (height, width) = [(512, 512), (570, 512), (300, 200), (256, 341)][number as usize];
    RgbImage::from_fn(width, height, |x, y| {
        let (wide_x, wide_y) = (u64::from(x), u64::from(y));
        let mixed = (wide_x * 73_856_093) ^ (wide_y * 19_349_663);
        let rough = ((mixed ^ (u64::from(number) * 83_492_791)) / 256 % 64) as u32;
        let value = (x * (number + 2) / 4 + y * 3 / 5) % 256;
        let value = if value < 128 { value } else { 255 - value };
        Rgb([(value + rough) as u8; 3])
    })
}

#[test]
fn scores_are_those_of_the_reference() {
    let golden = include_str!("../../../../models/golden/invisible_mark.json");
    let golden: Golden = serde_json::from_str(golden).expect("JSON");
    assert_eq!(golden.pictures.len(), 4);
    for (number, expected) in (0_u32..).zip(golden.pictures) {
        let plain = formula_picture(number);
        let mut marked = plain.clone();
        embed(&mut marked);
        let marked = DynamicImage::ImageRgb8(marked);
        let tiny = marked.resize_exact(88, 88, FilterType::Triangle);
        for (way, picture, expected) in [
            ("plain", DynamicImage::ImageRgb8(plain), expected.plain),
            ("marked", marked, expected.marked),
            ("tiny", tiny, expected.tiny),
        ] {
            let found = score(&picture);
            // A rank may change by one where two neighbours are nearly as strong.
            let apart = (found - expected).abs();
            assert!(apart < 3.0, "{number} {way}: {found}, not {expected}");
        }
    }
}
