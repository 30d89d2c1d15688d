//! A picture marked in all four ways, what each way survives, and who finds it.

use image::imageops::FilterType;
use image::{Rgb, RgbImage};

use super::*;

/// A smooth picture of the size that the starter model draws.
fn drawn(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let place = |at: u32| at as f32 / side as f32 * 6.0;
        let value = 120.0 + 50.0 * place(x).sin() + 40.0 * (place(y) * 1.7).cos();
        Rgb([value as u8, (value * 0.9) as u8, (value * 0.8) as u8])
    })
}

fn made() -> Facts {
    Facts {
        prompt: "Chest X-ray <PA>, \"clear\" lungs".to_owned(),
        negative: "text".to_owned(),
        seed: 1_234,
        steps: 20,
        guidance: 4.0,
        model: "starter@0a1b2c3d".to_owned(),
        scheduler: "ddim".to_owned(),
        strength: None,
    }
}

#[test]
fn each_of_the_four_ways_tells_it() {
    let marked = mark(&drawn(128), &made()).expect("marked");
    assert_eq!((marked.width, marked.height), (512, 568));
    assert!(marked.name.starts_with("synthetic-chest-x-ray"));
    assert!(marked.alt.starts_with("Synthetic picture"));
    let picture = image::load_from_memory(&marked.file).expect("a PNG");
    assert_eq!((picture.width(), picture.height()), (512, 568));
    assert!(is_marked(&picture).is_marked);
    let metadata = read_metadata(&marked.file).expect("written");
    assert_eq!(metadata.facts, Some(made()));
    assert_eq!(metadata.source_type.as_deref(), Some(xmp::SOURCE_TYPE));
    assert!(
        metadata
            .tool
            .is_some_and(|tool| tool.starts_with("Mirage "))
    );
    let nothing = DynamicImage::ImageRgb8(drawn(64));
    let (name, alt) = (marked.name.as_str(), marked.alt.as_str());
    let (whole, nothing_told) = (marked.file.as_slice(), b"PNG".as_slice());
    for (name, alt, file, picture, expected) in [
        (Some(name), None, nothing_told, &nothing, Some(Sign::Name)),
        (None, Some(alt), nothing_told, &nothing, Some(Sign::AltText)),
        (None, None, whole, &nothing, Some(Sign::Metadata)),
        (None, None, nothing_told, &picture, Some(Sign::Pixels)),
        (
            Some("x.png"),
            Some("Axial CT"),
            nothing_told,
            &nothing,
            None,
        ),
    ] {
        assert_eq!(sign_of(name, alt, file, picture), expected);
    }
}

#[test]
fn without_metadata_and_bands_and_a_tenth_the_pixels_still_tell() {
    let marked = mark(&drawn(128), &made()).expect("marked");
    let picture = image::load_from_memory(&marked.file).expect("a PNG");
    let band = 28;
    let cut = picture.crop_imm(0, band, 512 - 52, 512);
    let small = cut.resize_exact(230, 256, FilterType::Triangle);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 70);
    small.write_with_encoder(encoder).expect("JPEG takes RGB");
    let again = image::load_from_memory(&jpeg).expect("a JPEG");
    assert_eq!(
        sign_of(Some("chest.jpg"), None, &jpeg, &again),
        Some(Sign::Pixels)
    );
}

#[test]
fn the_same_picture_is_marked_in_the_same_bytes() {
    let one = mark(&drawn(96), &made()).expect("marked");
    assert_eq!(one, mark(&drawn(96), &made()).expect("marked"));
}

#[test]
fn a_preview_is_marked_in_pixels_and_metadata() {
    let preview = mark_preview(&drawn(128)).expect("marked");
    let picture = image::load_from_memory(&preview).expect("a JPEG");
    assert!(is_marked(&picture).is_marked);
    let metadata = read_metadata(&preview).expect("written");
    assert_eq!(metadata.source_type.as_deref(), Some(xmp::SOURCE_TYPE));
    assert_eq!(metadata.facts, None);
    assert!(preview.len() < 200_000, "{}", preview.len());
}

#[test]
fn a_picture_without_pixels_is_refused() {
    for (width, height) in [(0, 0), (0, 10), (10, 0)] {
        let refused = mark(&RgbImage::new(width, height), &made());
        assert!(matches!(refused, Err(MarkError::Empty)));
    }
}

#[test]
fn files_that_say_nothing_give_no_metadata() {
    assert_eq!(read_metadata(b""), None);
    let mut plain = std::io::Cursor::new(Vec::new());
    let written = drawn(16).write_to(&mut plain, image::ImageFormat::Png);
    written.expect("PNG takes RGB");
    assert_eq!(read_metadata(plain.get_ref()), None);
}
