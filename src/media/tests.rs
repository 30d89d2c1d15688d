//! Pictures as people upload them: whole, broken, turned, too large, or none at all.

use super::*;
use image::{GrayImage, ImageFormat, Luma, Rgba, RgbaImage};

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("PNG takes any picture");
    bytes.into_inner()
}

#[test]
fn the_kind_is_told_by_the_content() {
    let picture = DynamicImage::ImageLuma8(GrayImage::from_pixel(8, 6, Luma([90])));
    assert_eq!(decode(&png(&picture)).expect("a PNG").width(), 8);
    assert!(matches!(
        decode(b"%PDF-1.7 not a picture"),
        Err(MediaError::UnknownType)
    ));
    assert!(matches!(decode(b""), Err(MediaError::Empty)));
}

#[test]
fn a_truncated_picture_is_named_as_damaged() {
    let picture =
        DynamicImage::ImageLuma8(GrayImage::from_fn(64, 64, |x, y| Luma([(x * y) as u8])));
    let bytes = png(&picture);
    let error = decode(&bytes[..bytes.len() / 2]).expect_err("half a PNG");
    assert!(error.to_string().contains("PNG file is damaged"), "{error}");
}

#[test]
fn bounds_are_checked_before_decoding() {
    assert!(matches!(
        check_dimensions(20_001, 10),
        Err(MediaError::TooLarge(_))
    ));
    assert!(matches!(
        check_dimensions(15_000, 15_000),
        Err(MediaError::TooLarge(_))
    ));
    assert!(check_dimensions(20_000, 10).is_ok());
}

#[test]
fn pixels_are_rgb_of_bounded_size_and_the_same_before_and_after_storing() {
    let gray = GrayImage::from_fn(2_048, 512, |x, _| Luma([(x / 8) as u8]));
    let picture = DynamicImage::ImageLuma8(gray);
    let seen = pixels(&picture).expect("pixels");
    assert_eq!((seen.width(), seen.height()), (1_024, 256));
    let stored = prepare(&picture).expect("a picture");
    let stored = decode(&stored.jpeg).expect("a JPEG");
    let stored = pixels(&stored).expect("pixels");
    let furthest = seen
        .pixels()
        .iter()
        .zip(stored.pixels())
        .map(|(one, other)| one.abs_diff(*other))
        .max();
    assert!(furthest.is_some_and(|most| most <= 8), "{furthest:?}");
}

#[test]
fn stored_pictures_are_bounded_and_opaque() {
    let wide = DynamicImage::ImageRgba8(RgbaImage::from_pixel(3000, 2, Rgba([200, 10, 10, 128])));
    let stored = prepare(&wide).expect("a strip is a picture");
    assert_eq!((stored.width, stored.height), (1024, 1));
    assert_eq!(
        image::guess_format(&stored.jpeg).expect("JPEG"),
        ImageFormat::Jpeg
    );
}

#[test]
fn pixels_become_a_jpeg_of_their_size() {
    let picture = DynamicImage::ImageLuma8(GrayImage::from_pixel(40, 30, Luma([120])));
    let file = jpeg(&pixels(&picture).expect("pixels")).expect("a JPEG");
    let read = decode(&file).expect("a picture").to_luma8();
    assert_eq!(read.dimensions(), (40, 30));
    assert!(read.get_pixel(20, 15).0[0].abs_diff(120) <= 3);
}
