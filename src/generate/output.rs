//! What was drawn is looked at before anybody sees it: whether it shows nudity, whether it looks like
//! a medical picture at all, and whether it gives back a picture that the model or the atlas knows.
//! Networks run on the engine; what is told to whom is the callers' concern.

mod gate;
mod known;
mod medical;

use std::path::PathBuf;

use image::{DynamicImage, RgbImage};
use mirage_models::image_encoder::{ImageEncoderError, Rgb};
use mirage_models::known_pictures::KnownPicturesError;

use crate::atlas::{Atlas, AtlasError};
use crate::engine::{Caller, EngineError, Lane};
use crate::media::Fingerprint;

use gate::Gate;
use known::Known;
pub(crate) use known::SAME;
pub use known::{NearCopy, Original};
use medical::{Seen, refusal};

/// Why a picture could not be looked at. Such a picture must not be shown.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The picture has no pixels.
    #[error(transparent)]
    Pixels(#[from] ImageEncoderError),
    /// A network could not be loaded or asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The training pictures can't be read.
    #[error(transparent)]
    Known(#[from] KnownPicturesError),
    /// The atlas can't be read.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// The work was stopped before its end.
    #[error("The check of the picture was interrupted. Try again.")]
    Interrupted,
}

/// Why a picture is not shown. Each is one sentence or two with the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It may show nudity.
    #[error(
        "The picture is not shown: the safety check found that it may show nudity. Name a kind of \
         medical picture in the prompt, or try another seed."
    )]
    Unsafe,
    /// It is like no medical picture.
    #[error(
        "The picture is not shown: it doesn't look like a medical picture. Name its kind and region \
         in the prompt, such as chest X-ray, or try another seed."
    )]
    NotMedical,
}

/// What the checks came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Set if the picture must not be shown.
    pub refusal: Option<Refusal>,
    /// Set if it is very near to a picture that exists: say so, and try another seed.
    pub near_copy: Option<NearCopy>,
}

/// The checks, with what they need. Cheap to clone; networks and lists are read when they are first
/// needed.
#[derive(Clone)]
pub struct Checks {
    gate: Gate,
    known: Known,
}

impl Checks {
    /// Checks with the safety gate in one folder, and the list of training pictures in the
    /// generator's own.
    pub fn new(safety_gate: PathBuf, generator: PathBuf) -> Self {
        Self {
            gate: Gate::in_folder(safety_gate),
            known: Known::in_folder(generator),
        }
    }

    /// Looks at a picture as it was drawn, before it is marked. Without an encoder of pictures only
    /// nudity and pictures that are the same but for encoding and size are found.
    ///
    /// # Errors
    /// [`CheckError`]; then the picture must not be shown.
    pub async fn look(
        &self,
        atlas: &Atlas,
        turn: (Caller, Lane),
        picture: &RgbImage,
    ) -> Result<Verdict, CheckError> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels = Rgb::new(width, height, picture.as_raw().clone())?;
        let nudity = self.gate.look(atlas.engine(), turn, pixels.clone()).await?;
        let vector = if atlas.knows_pictures() {
            Some(atlas.embed_picture(pixels).await?)
        } else {
            None
        };
        let list = self.known.list().await?;
        let seen = match &vector {
            Some(vector) => Seen::of(atlas, list.as_deref(), vector).await?,
            None => Seen::Unknown,
        };
        let refusal = refusal(nudity, seen);
        if refusal.is_some() {
            return Ok(Verdict {
                refusal,
                near_copy: None,
            });
        }
        let map = Fingerprint::of(&DynamicImage::ImageRgb8(picture.clone()));
        Ok(Verdict {
            refusal: None,
            near_copy: known::near_copy(atlas, list, map).await?,
        })
    }
}

#[cfg(test)]
mod tests;
