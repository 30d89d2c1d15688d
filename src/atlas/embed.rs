//! Embeddings for the atlas, asked of the engine on somebody's behalf. Work that nobody waits for
//! has patience with an engine that is overloaded.

use std::time::Duration;

use mirage_models::image_encoder::Rgb;

use super::error::AtlasError;
use crate::engine::{Caller, Engine, EngineError, Lane};
use crate::media;

/// How long work that nobody waits for pauses when the engine is overloaded.
const OVERLOADED: Duration = Duration::from_secs(1);
/// Stored pictures that are decoded at once: one batch of the engine, about 50 MB.
const DECODED: usize = 16;

/// Who asks, and in which lane.
#[derive(Clone)]
pub(super) struct Embedder {
    pub(super) engine: Engine,
    pub(super) caller: Caller,
    pub(super) lane: Lane,
}

impl Embedder {
    /// A unit vector for each text. In the batch lane a crowd is waited out: it must not fail an
    /// import.
    pub(super) async fn texts(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, AtlasError> {
        loop {
            let asked = self
                .engine
                .embed_texts(self.caller, self.lane, texts.clone());
            match asked.await {
                Err(EngineError::Overloaded { .. }) if self.lane == Lane::Batch => {
                    tokio::time::sleep(OVERLOADED).await;
                }
                embedded => return Ok(embedded?),
            }
        }
    }

    /// The same for pictures.
    pub(super) async fn pictures(&self, pictures: Vec<Rgb>) -> Result<Vec<Vec<f32>>, AtlasError> {
        loop {
            let asked = self
                .engine
                .embed_pictures(self.caller, self.lane, pictures.clone());
            match asked.await {
                Err(EngineError::Overloaded { .. }) if self.lane == Lane::Batch => {
                    tokio::time::sleep(OVERLOADED).await;
                }
                embedded => return Ok(embedded?),
            }
        }
    }

    /// A unit vector for each stored picture (JPEG), in the order given. What is embedded is what
    /// is stored, so that embedding anew changes nothing. `None` where the profile has no image
    /// encoder, and for a picture that can't be decoded: it is found by its words alone.
    pub(super) async fn stored(
        &self,
        jpegs: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<f32>>>, AtlasError> {
        if self.engine.image_encoder().is_none() {
            return Ok(vec![None; jpegs.len()]);
        }
        let mut vectors = Vec::with_capacity(jpegs.len());
        let mut jpegs = jpegs.into_iter();
        loop {
            let some: Vec<Vec<u8>> = jpegs.by_ref().take(DECODED).collect();
            if some.is_empty() {
                return Ok(vectors);
            }
            let decoding = tokio::task::spawn_blocking(move || {
                let pictures = some.iter().map(|jpeg| decoded(jpeg));
                pictures.collect::<Vec<Option<Rgb>>>()
            });
            let decoded = decoding.await.map_err(|_| AtlasError::Interrupted)?;
            let pictures: Vec<Rgb> = decoded.iter().flatten().cloned().collect();
            let mut embedded = self.pictures(pictures).await?.into_iter();
            let of_each = decoded.iter().map(|picture| {
                picture.as_ref()?;
                embedded.next()
            });
            vectors.extend(of_each);
        }
    }
}

fn decoded(jpeg: &[u8]) -> Option<Rgb> {
    match media::decode(jpeg) {
        Ok(picture) => media::pixels(&picture),
        Err(error) => {
            tracing::warn!(%error, "a stored picture can't be embedded");
            None
        }
    }
}
