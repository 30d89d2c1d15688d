//! Near copies of training pictures: a generator that gives its training pictures back has learned
//! them by heart. A picture counts as one if the judge sees it as near to a training picture as an
//! altered copy would be, or if both have the same map of brightness, as at an ingest. Beside it stands
//! how many the bot's own check would not show, which looks at cuts and turns as well.

use mirage_models::judge::NearCopy;
use mirage_models::known_pictures::Looked;
use rayon::prelude::*;
use serde::Serialize;

use super::reals::Trained;
use crate::evaluation::dot;
use crate::generate::output::SAME;
use crate::media::Fingerprint;

/// How near a picture comes to those of the training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Nearness {
    /// The largest cosine of features.
    pub(super) cosine: f32,
    /// Whether one has the same map of brightness.
    pub(super) is_same_map: bool,
    /// The largest correlation of maps, over cuts and turns.
    pub(super) likeness: f32,
}

/// How many pictures are near copies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Copies {
    /// How many pictures were looked at.
    pub n: usize,
    /// How many are near copies, by either measure.
    pub copies: usize,
    /// How many are by the judge's features.
    pub by_features: usize,
    /// How many are by the map of brightness.
    pub by_brightness: usize,
    /// How many the bot's own check takes for a picture that exists, and draws anew. They are no near
    /// copies for that alone: it takes some unseen pictures for such as well.
    pub by_check: usize,
    /// The median of the cosines with the nearest training picture.
    pub median_cosine: f64,
    /// The largest of them.
    pub largest_cosine: f64,
}

/// How near a picture, given by its centred features and its map, comes to the training pictures.
pub(super) fn nearness(
    centred: &[f32],
    fingerprint: &Fingerprint,
    training: &[Trained],
) -> Nearness {
    let looked = Looked::of(fingerprint.as_bytes());
    let likeness = |known: &Fingerprint| {
        let looked = looked.as_ref();
        looked.map_or(-1.0, |looked| looked.likeness(known.as_bytes()))
    };
    let nearest = training.par_iter().map(|known| Nearness {
        cosine: dot(centred, &known.centred),
        is_same_map: fingerprint.same_picture(&known.fingerprint),
        likeness: likeness(&known.fingerprint),
    });
    let none = || Nearness {
        cosine: -1.0,
        is_same_map: false,
        likeness: -1.0,
    };
    nearest.reduce(none, |one, other| Nearness {
        cosine: one.cosine.max(other.cosine),
        is_same_map: one.is_same_map || other.is_same_map,
        likeness: one.likeness.max(other.likeness),
    })
}

impl Copies {
    /// Counts pictures.
    pub(super) fn of(pictures: &[Nearness], bound: NearCopy) -> Self {
        let by = |is_one: &dyn Fn(&Nearness) -> bool| {
            let found = pictures.iter().filter(|picture| is_one(picture));
            found.count()
        };
        let mut cosines: Vec<f64> = pictures.iter().map(|one| f64::from(one.cosine)).collect();
        cosines.sort_by(f64::total_cmp);
        Self {
            n: pictures.len(),
            copies: by(&|one| one.is_same_map || one.cosine >= bound.cosine),
            by_features: by(&|one| one.cosine >= bound.cosine),
            by_brightness: by(&|one| one.is_same_map),
            by_check: by(&|one| one.likeness >= SAME),
            median_cosine: cosines.get(cosines.len() / 2).copied().unwrap_or_default(),
            largest_cosine: cosines.last().copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage, Luma};

    fn map(shift: u32) -> Fingerprint {
        let picture = GrayImage::from_fn(64, 64, |x, y| Luma([((x * 3 + y * shift) % 256) as u8]));
        Fingerprint::of(&DynamicImage::ImageLuma8(picture))
    }

    #[test]
    fn a_picture_is_a_copy_by_either_measure() {
        let training = [
            Trained {
                centred: vec![1.0, 0.0],
                fingerprint: map(1),
            },
            Trained {
                centred: vec![0.0, 1.0],
                fingerprint: map(2),
            },
        ];
        let near = |centred: &[f32], shift| nearness(centred, &map(shift), &training);
        let pictures = [
            near(&[0.6, 0.8], 2),
            near(&[1.0, 0.0], 0),
            near(&[0.6, -0.8], 0),
        ];
        assert!((pictures[0].cosine - 0.8).abs() < 1e-6 && pictures[0].is_same_map);
        assert!(!pictures[1].is_same_map);
        let bound = NearCopy {
            cosine: 0.99,
            of_unseen: 0.0,
            of_altered: 1.0,
        };
        let copies = Copies::of(&pictures, bound);
        assert_eq!((copies.n, copies.copies), (3, 2));
        assert_eq!((copies.by_features, copies.by_brightness), (1, 1));
        assert_eq!(copies.by_check, 1, "{pictures:?}");
        assert!((copies.median_cosine - 0.8).abs() < 1e-6);
        assert!((copies.largest_cosine - 1.0).abs() < 1e-6);
        let none = nearness(&[1.0, 0.0], &map(1), &[]);
        assert!(none.cosine < 0.0 && !none.is_same_map);
        assert_eq!(Copies::of(&[], bound).copies, 0);
    }
}
