//! Synthetic pictures never enter the atlas, whichever of their marks is left.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageFormat, Rgb, RgbImage};

use super::super::entry::{Description, Provenance};
use super::super::testing;
use super::*;
use crate::generate::Facts;

/// A picture of smooth shades.
fn drawn() -> RgbImage {
    RgbImage::from_fn(96, 96, |x, y| {
        let value = 110.0 + 60.0 * (x as f32 / 14.0).sin() + 50.0 * (y as f32 / 9.0).cos();
        Rgb([value as u8; 3])
    })
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let written = picture.write_to(&mut bytes, ImageFormat::Png);
    written.expect("PNG takes any picture");
    bytes.into_inner()
}

fn row(identifier: &str, picture: Vec<u8>, alt: Option<&str>) -> SourceRow {
    SourceRow {
        identifier: identifier.to_owned(),
        picture: PictureSource::Bytes(picture),
        description: Description {
            caption: format!("The picture {identifier}."),
            alt: alt.map(str::to_owned),
            ..Description::default()
        },
        provenance: Provenance {
            licence: "CC0-1.0".to_owned(),
            ..Provenance::default()
        },
    }
}

async fn ingested(rows: Vec<SourceRow>) -> Report {
    let small = testing::atlas().await;
    let rows = rows.into_iter().map(Ok::<_, ReadError>);
    let cancel = CancellationToken::new();
    let report = ingest(&small.atlas, "t", rows, &cancel, |_| {}).await;
    let report = report.expect("an ingest");
    let catalogue = small.atlas.catalogue().await.expect("readable");
    assert_eq!(catalogue.len() as u64, report.added);
    report
}

#[tokio::test]
async fn a_synthetic_picture_is_refused_by_each_of_its_marks() {
    let marked = generate::mark(&drawn(), &Facts::default()).expect("marked");
    let picture = image::load_from_memory(&marked.file).expect("a PNG");
    let (width, height) = (picture.width(), picture.height());
    let cut = picture.crop_imm(0, height / 10, width, height - height / 10);
    let small = cut.resize_exact(width / 2, height * 9 / 20, FilterType::Triangle);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 70);
    small.write_with_encoder(encoder).expect("JPEG takes RGB");
    let real = DynamicImage::ImageRgb8(drawn());
    let report = ingested(vec![
        row("whole", marked.file, None),
        row("without-metadata", png(&picture), None),
        row("cut-small-jpeg", jpeg, None),
        row(&marked.name, png(&real), None),
        row("told", png(&real), Some(&marked.alt)),
    ])
    .await;
    assert_eq!((report.read, report.added), (5, 0));
    let reasons: Vec<&str> = report
        .refused
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    for (reason, part) in reasons.iter().zip([
        "metadata",
        "pixels hold Mirage's mark",
        "pixels hold Mirage's mark",
        "file's name",
        "alt text",
    ]) {
        assert!(reason.starts_with("the picture is synthetic: "), "{reason}");
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(reasons.len(), 5, "{reasons:?}");
}

#[tokio::test]
async fn a_real_picture_is_taken() {
    let real = DynamicImage::ImageRgb8(drawn());
    let report = ingested(vec![row("real", png(&real), Some("Axial CT of the head"))]).await;
    assert_eq!((report.added, report.refused.len()), (1, 0), "{report:?}");
}
