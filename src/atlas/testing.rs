//! For tests: a small atlas with encoders that need no weights, and rows that need no files.

use std::sync::Arc;

use image::{DynamicImage, GrayImage, Luma};
use mirage_models::image_encoder::{Chance, ImageEncoder, ImageEncoderError, Rgb};
use mirage_models::text_encoder::{EncoderError, TextEncoder};
use tempfile::TempDir;

use super::Atlas;
use super::entry::{Description, Entry, EntryId, Provenance};
use super::schema::Row;
use crate::engine::Engine;
use crate::media;

/// One number a letter of the English alphabet.
const DIMENSIONS: usize = 26;

/// An atlas in a folder that goes with the value.
pub(crate) struct Small {
    pub(crate) atlas: Atlas,
    pub(super) uri: String,
    _folder: TempDir,
}

/// The chance of [`Shades`]: neighbouring shades are nearer, and texts of the right letters alone.
const CHANCE: Chance = Chance {
    pictures: Some(0.9),
    words: Some(0.8),
};

/// An empty atlas.
pub(crate) async fn atlas() -> Small {
    atlas_of(engine()).await
}

async fn atlas_of(engine: Engine) -> Small {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let uri = folder.path().join("atlas");
    let uri = uri.to_str().expect("a path in UTF-8");
    let atlas = Atlas::open_or_create(uri, engine).await;
    Small {
        atlas: atlas.expect("an empty atlas"),
        uri: uri.to_owned(),
        _folder: folder,
    }
}

/// An atlas that holds these entries: an identifier, words, and the shade of gray of the square
/// that is shown.
pub(crate) async fn filled(entries: &[(&str, Description, u8)]) -> Small {
    let small = atlas().await;
    let rows: Vec<Row> = entries.iter().map(described_row).collect();
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small
}

/// The same, but for entries that call their pictures large: what is too small is asked about nowhere.
pub(crate) async fn filled_large(entries: &[(&str, Description, u8)]) -> Small {
    let small = atlas().await;
    let rows = entries.iter().map(|entry| {
        let mut row = described_row(entry);
        (row.entry.width, row.entry.height) = (200, 200);
        row
    });
    let rows: Vec<Row> = rows.collect();
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small
}

/// An atlas that holds these pictures, with no words to speak of.
pub(crate) async fn showing(pictures: &[(&str, DynamicImage)]) -> Small {
    let small = atlas().await;
    let rows = pictures.iter().map(|(identifier, picture)| {
        let seen = media::pixels(picture).expect("pixels");
        let picture = media::prepare(picture).expect("a picture");
        Row {
            image_vector: Some(shade(&seen)),
            picture,
            ..row("t", identifier, "x", "MRI")
        }
    });
    let rows: Vec<Row> = rows.collect();
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small
}

/// As [`filled`], where pictures have no vectors.
pub(crate) async fn filled_for_words(entries: &[(&str, Description, u8)]) -> Small {
    let small = atlas_of(engine_for_words()).await;
    let rows = entries.iter().map(|entry| Row {
        image_vector: None,
        ..described_row(entry)
    });
    let rows: Vec<Row> = rows.collect();
    small.atlas.dataset.upsert(&rows).await.expect("written");
    small
}

fn described_row((identifier, description, gray): &(&str, Description, u8)) -> Row {
    let words = (description.caption.as_str(), description.modality.as_str());
    let mut row = shaded_row("t", identifier, words, *gray);
    row.text_vector = embedding(&description.search_text());
    row.entry.description = description.clone();
    row
}

/// An engine with both encoders.
pub(super) fn engine() -> Engine {
    let engine = Engine::with_encoders(Arc::new(Letters), Some(Arc::new(Shades)));
    engine.expect("a thread")
}

/// The same without pictures.
pub(super) fn engine_for_words() -> Engine {
    Engine::with_encoder(Arc::new(Letters)).expect("a thread")
}

/// A row as an ingest would write it. All show the same black square.
pub(super) fn row(collection: &str, identifier: &str, caption: &str, modality: &str) -> Row {
    shaded_row(collection, identifier, (caption, modality), 0)
}

/// A square of one shade of gray.
pub(crate) fn square(shade: u8) -> DynamicImage {
    DynamicImage::ImageLuma8(GrayImage::from_pixel(16, 16, Luma([shade])))
}

/// A row that shows a square of a shade of gray.
pub(super) fn shaded_row(
    collection: &str,
    identifier: &str,
    (caption, modality): (&str, &str),
    gray: u8,
) -> Row {
    let seen = media::pixels(&square(gray)).expect("pixels");
    let picture = media::prepare(&square(gray)).expect("a picture");
    let description = Description {
        caption: caption.to_owned(),
        modality: modality.to_owned(),
        ..Description::default()
    };
    let text_vector = embedding(&description.search_text());
    Row {
        entry: Entry {
            id: EntryId::new(collection, identifier),
            collection: collection.to_owned(),
            description,
            provenance: Provenance {
                licence: "CC0-1.0".to_owned(),
                source: "Drawn for a test".to_owned(),
                ..Provenance::default()
            },
            width: picture.width,
            height: picture.height,
        },
        picture,
        picture_hash: String::new(),
        row_hash: String::new(),
        text_vector,
        image_vector: Some(shade(&seen)),
    }
}

/// Turns the mean shade into a direction: black and white stand at a right angle. In the space of
/// [`Letters`] black is the letter A and white the letter B.
struct Shades;

impl ImageEncoder for Shades {
    fn identity(&self) -> &str {
        "shades@00000000"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn chance(&self) -> Chance {
        CHANCE
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        Ok(pictures.iter().map(shade).collect())
    }
}

fn shade(picture: &Rgb) -> Vec<f32> {
    let sum: f32 = picture.pixels().iter().map(|value| f32::from(*value)).sum();
    let mean = sum / picture.pixels().len() as f32 / 255.0;
    let angle = mean * std::f32::consts::FRAC_PI_2;
    let mut vector = vec![0.0; DIMENSIONS];
    (vector[0], vector[1]) = (angle.cos(), angle.sin());
    vector
}

/// Counts letters: texts that share words come out near each other.
struct Letters;

impl TextEncoder for Letters {
    fn identity(&self) -> &str {
        "letters@00000000"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        Ok(texts.iter().map(|text| embedding(text)).collect())
    }
}

fn embedding(text: &str) -> Vec<f32> {
    // Not zero for a text without letters: such a vector has no direction.
    let mut counts = vec![0.01_f32; DIMENSIONS];
    for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
        counts[usize::from(letter.to_ascii_lowercase() - b'a')] += 1.0;
    }
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
    counts.into_iter().map(|count| count / length).collect()
}
