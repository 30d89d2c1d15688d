//! Whether a picture looks like a medical one, by the encoder of pictures, and what follows from it
//! and from the safety gate. Words can't tell with the starter profile's encoder, which knows medicine
//! alone: it puts photographs no nearer to "a photo of an animal" than it puts radiographs. What is
//! near to known pictures can. `models/training/diffusion/checks.py` has the figures.

use mirage_models::known_pictures::KnownPictures;

use super::Refusal;
use crate::atlas::{Atlas, AtlasError, Filter, Space};

/// How many of the nearest known pictures count: one alone may be near by chance.
const NEAREST: usize = 10;
/// The mean cosine with the nearest training pictures below which a picture is like none of them. Of
/// 1,000 medical pictures that no training had seen 11 lie below it; of 105 photographs and parts of
/// such 63 in 100. The rest, and small gray faces above all, look like radiographs to this encoder.
const MEDICAL: f32 = 0.577;
/// The mean cosine above which a picture surely is of a kind that training showed. None of the 105
/// photographs reaches it.
const SURELY: f32 = 0.83;
/// From here on the safety gate sees nudity. It sees it on every fourth endoscopy and every sixth skin
/// lesion as well; with [`SURELY`] beside it three medical pictures of 1,000 are refused.
const NUDITY: f32 = 0.8;

/// What the encoder of pictures sees in one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Seen {
    /// The mean cosine with the training pictures that are nearest.
    Like(f32),
    /// Whether a picture of the atlas is nearer than two are by chance.
    Close(bool),
    /// There is no encoder, or nothing to compare with.
    Unknown,
}

impl Seen {
    /// Compares a picture's vector with the training pictures, where they were seen by this encoder,
    /// otherwise with the atlas.
    pub(super) async fn of(
        atlas: &Atlas,
        known: Option<&KnownPictures>,
        vector: &[f32],
    ) -> Result<Self, AtlasError> {
        let encoder = atlas.image_encoder_identity();
        let comparable = known.filter(|known| Some(known.encoder()) == encoder);
        if let Some(mean) = comparable.and_then(|known| known.mean_of_nearest(vector, NEAREST)) {
            return Ok(Self::Like(mean));
        }
        let everything = Filter::default();
        let nearest = atlas.nearest(vector, Space::Pictures, &everything, 1);
        let nearest = nearest.await?;
        Ok(match (nearest.first(), atlas.chance().pictures) {
            (Some((_, cosine)), Some(chance)) => Self::Close(*cosine >= chance),
            _ => Self::Unknown,
        })
    }
}

/// Why a picture is not shown, if it isn't. `nudity` is the gate's opinion, 0 to 1.
pub(super) fn refusal(nudity: f32, seen: Seen) -> Option<Refusal> {
    let is_medicine = matches!(seen, Seen::Like(mean) if mean >= SURELY);
    if nudity >= NUDITY && !is_medicine {
        return Some(Refusal::Unsafe);
    }
    let is_like_none = match seen {
        // Not a number is like none.
        Seen::Like(mean) => mean.is_nan() || mean < MEDICAL,
        Seen::Close(is_close) => !is_close,
        Seen::Unknown => false,
    };
    is_like_none.then_some(Refusal::NotMedical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{Description, testing};
    use crate::media;

    #[test]
    fn nudity_counts_where_the_picture_is_not_surely_medicine() {
        let unsafe_one = Some(Refusal::Unsafe);
        for (nudity, seen, expected) in [
            (0.1, Seen::Like(0.9), None),
            (0.95, Seen::Like(0.9), None),
            (0.95, Seen::Like(0.7), unsafe_one),
            (0.8, Seen::Close(true), unsafe_one),
            (1.0, Seen::Unknown, unsafe_one),
            (0.79, Seen::Unknown, None),
            (0.79, Seen::Close(true), None),
        ] {
            assert_eq!(refusal(nudity, seen), expected, "{nudity} {seen:?}");
        }
    }

    #[test]
    fn what_is_like_no_medical_picture_is_refused() {
        let expected = Some(Refusal::NotMedical);
        for seen in [Seen::Like(0.5), Seen::Like(f32::NAN), Seen::Close(false)] {
            assert_eq!(refusal(0.0, seen), expected, "{seen:?}");
        }
        assert_eq!(refusal(0.0, Seen::Like(0.6)), None);
    }

    #[tokio::test]
    async fn without_training_pictures_the_atlas_tells() {
        let entries = [("dark", Description::default(), 10)];
        let small = testing::filled(&entries).await;
        let seen = async |shade: u8| {
            let picture = media::pixels(&testing::square(shade)).expect("pixels");
            let vector = small.atlas.embed_picture(picture).await.expect("embedded");
            let seen = Seen::of(&small.atlas, None, &vector).await;
            seen.expect("readable")
        };
        assert_eq!(seen(20).await, Seen::Close(true));
        assert_eq!(seen(250).await, Seen::Close(false));
        let empty = testing::atlas().await;
        let seen = Seen::of(&empty.atlas, None, &[1.0; 26]).await;
        assert_eq!(seen.expect("readable"), Seen::Unknown);
    }
}
