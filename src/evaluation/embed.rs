//! Pictures and texts of the pairs as vectors. It computes on the calling thread and rayon's: call
//! it from a thread that may block.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use mirage_models::image_encoder::{ImageEncoder, Rgb};
use mirage_models::text_encoder::TextEncoder;
use rayon::prelude::*;

use super::archive::Archive;
use super::error::EvaluationError;
use super::pairs::Pairs;
use crate::media::{self, MediaError};

/// Pictures that are decoded at once. The largest fill 100 MB together.
const PICTURES: usize = 32;
/// Texts between two reports of progress.
const TEXTS: usize = 256;

/// Two encoders of one space.
#[derive(Clone)]
pub struct Encoders {
    /// Words to vectors.
    pub text: Arc<dyn TextEncoder>,
    /// Pictures to vectors.
    pub image: Arc<dyn ImageEncoder>,
}

impl Encoders {
    /// Takes both.
    ///
    /// # Errors
    /// [`EvaluationError::Spaces`] if their vectors differ in length.
    pub fn new(
        text: Arc<dyn TextEncoder>,
        image: Arc<dyn ImageEncoder>,
    ) -> Result<Self, EvaluationError> {
        let (texts, pictures) = (text.dimensions(), image.dimensions());
        if texts == pictures {
            Ok(Self { text, image })
        } else {
            Err(EvaluationError::Spaces { texts, pictures })
        }
    }
}

/// One unit vector a row, of its picture. `progress` is told how many pictures are done.
///
/// # Errors
/// [`EvaluationError`] names the row whose picture can't be used, or what the encoder refuses.
pub fn pictures(
    encoder: &dyn ImageEncoder,
    pairs: &Pairs,
    archive: &mut Archive,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Vec<f32>>, EvaluationError> {
    let mut vectors = Vec::with_capacity(pairs.rows().len());
    for rows in pairs.rows().chunks(PICTURES) {
        let files = rows.iter().map(|row| archive.read(pairs, row));
        let files: Vec<Vec<u8>> = files.collect::<Result<_, _>>()?;
        let decoded: Vec<Result<Rgb, MediaError>> =
            files.par_iter().map(|file| decode(file)).collect();
        let decoded = decoded.into_iter().zip(rows).map(|(picture, row)| {
            picture.map_err(|reason| EvaluationError::Picture {
                place: pairs.place(row),
                file: row.file.clone(),
                reason,
            })
        });
        // The first bad picture in the order of the rows is the one that is told.
        let decoded: Vec<Rgb> = decoded.collect::<Result<_, _>>()?;
        vectors.extend(whole(encoder.embed(&decoded)?, rows.len())?);
        progress(vectors.len());
    }
    Ok(vectors)
}

fn decode(file: &[u8]) -> Result<Rgb, MediaError> {
    media::pixels(&media::decode(file)?).ok_or(MediaError::Empty)
}

/// One unit vector a text. A text that comes twice is embedded once, so that equal texts have equal
/// vectors to the last bit, whatever batch they would fall into. `progress` is told how many
/// different texts are done.
///
/// # Errors
/// [`EvaluationError`] says what the encoder refuses.
pub fn texts(
    encoder: &dyn TextEncoder,
    texts: &[&str],
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Vec<f32>>, EvaluationError> {
    let different: BTreeSet<&str> = texts.iter().copied().collect();
    let mut different: Vec<&str> = different.into_iter().collect();
    // Texts of like length share a batch, so that little of it is padding.
    different.sort_by_key(|text| text.len());
    let mut known: HashMap<&str, Vec<f32>> = HashMap::new();
    for part in different.chunks(TEXTS) {
        let vectors = whole(encoder.embed(part)?, part.len())?;
        known.extend(part.iter().copied().zip(vectors));
        progress(known.len());
    }
    let vectors = texts.iter().filter_map(|text| known.get(text).cloned());
    Ok(vectors.collect())
}

/// The vectors, if there are as many as inputs.
fn whole(vectors: Vec<Vec<f32>>, expected: usize) -> Result<Vec<Vec<f32>>, EvaluationError> {
    if vectors.len() == expected {
        return Ok(vectors);
    }
    let found = vectors.len();
    Err(EvaluationError::Vectors { found, expected })
}
