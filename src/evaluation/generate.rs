//! How good synthetic pictures are, by an encoder that had no part in making them: whether modality
//! and region are those that were asked for, how far the pictures lie from real ones as a set, and
//! whether any gives a training picture back. Making them is `make`'s task.

mod copies;
mod frechet;
mod judged;
mod make;
mod prompts;
mod reals;
mod sheet;
mod strata;
mod symmetric;

use image::DynamicImage;
use mirage_models::image_encoder::Rgb;
use mirage_models::judge::{Judge, Opinion};
use serde::Serialize;

pub use copies::Copies;
pub use judged::Judged;
pub use make::{Drawn, Terms, draw, load, make};
pub use prompts::Prompt;
pub use reals::Reals;
pub use sheet::{ON_A_SHEET, sheet};

use self::copies::{Nearness, nearness};
use self::frechet::Gaussian;
use self::judged::weighted;
use self::reals::{Looked, Unseen};
use self::strata::{Kind, Strata};
use super::error::EvaluationError;
use crate::media::Fingerprint;

/// A picture that was made, unmarked: it leaves the evaluation only on a sheet that says what it is.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// What was asked for.
    pub prompt: Prompt,
    /// Its pixels.
    pub pixels: Rgb,
    /// Those of the first candidate, which may be the same.
    pub first: Rgb,
}

/// The figures. Shares lie between 0 and 1; distances have no unit and compare with each other alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The judge.
    pub judge: String,
    /// How many pictures were made.
    pub pictures: usize,
    /// Share whose modality was judged to be the one that was asked for.
    pub modality_accuracy: f64,
    /// The same of the region.
    pub region_accuracy: f64,
    /// The same of both.
    pub both_accuracy: f64,
    /// The same as `modality_accuracy`, of the first candidate of each prompt: as if there were no
    /// choice.
    pub first_modality_accuracy: f64,
    /// The same of the region.
    pub first_region_accuracy: f64,
    /// The judge's own score on real pictures that it was not trained on, in the proportions in which
    /// kinds were asked for; `None` where there are no such pictures.
    pub real_modality_accuracy: Option<f64>,
    /// The same of the region.
    pub real_region_accuracy: Option<f64>,
    /// Real pictures that these are of.
    pub real_pictures: usize,
    /// Fréchet distance of the synthetic pictures from one half of the real ones.
    pub frechet: f64,
    /// The same of the mean training picture, as if it were given for every prompt.
    pub frechet_mean_picture: f64,
    /// The same of the other half of the real ones: what a perfect generator would reach.
    pub frechet_other_half: f64,
    /// Numbers a picture in which the distances are measured.
    pub frechet_dimensions: usize,
    /// How many are near copies of training pictures.
    pub near_copies: usize,
    /// Cosine from which a picture counts as one.
    pub near_copy_threshold: f32,
    /// Mean difference of the maps of brightness, of 255, up to which it counts as one.
    pub near_copy_brightness_threshold: f32,
    /// Pictures that the near copies were looked for among.
    pub training_pictures: usize,
    /// How near the synthetic pictures come.
    pub copies: Copies,
    /// How near real pictures come that no training has seen.
    pub real_copies: Copies,
    /// What was seen, modality by modality.
    pub modality: Judged,
    /// What was seen, region by region.
    pub region: Judged,
}

/// Judges pictures beside the real ones. `progress` is told how many real pictures are done.
///
/// # Errors
/// [`EvaluationError`]: a real picture can't be used, or the prompts are none that the judge knows.
pub fn figures(
    judge: &Judge,
    reals: &mut Reals,
    pictures: &[Synthetic],
    progress: &mut dyn FnMut(usize),
) -> Result<Figures, EvaluationError> {
    let asked: Vec<Prompt> = pictures.iter().map(|one| one.prompt.clone()).collect();
    check(judge, &asked)?;
    let looked = reals.look(judge, progress)?;
    let pixels: Vec<Rgb> = pictures.iter().map(|one| one.pixels.clone()).collect();
    let opinions = judge.look(&pixels)?;
    let kinds: Vec<Kind> = looked.held_out.iter().map(|one| one.kind.clone()).collect();
    let strata = Strata::new(&kinds, &asked);
    let classes = (judge.modalities(), judge.regions());
    let judged = judge_all(classes, &asked, &opinions);
    let firsts: Vec<Rgb> = pictures.iter().map(|one| one.first.clone()).collect();
    let of_firsts = judge_all(classes, &asked, &judge.look(&firsts)?);
    let distances = Distances::of(judge, &looked, &strata, &opinions)?;
    let bound = judge.near_copy();
    let copies = Copies::of(
        &synthetic_nearness(judge, pictures, &opinions, &looked),
        bound,
    );
    Ok(Figures {
        judge: judge.name().to_owned(),
        pictures: pictures.len(),
        modality_accuracy: judged.modality.accuracy,
        region_accuracy: judged.region.accuracy,
        both_accuracy: judged.both,
        first_modality_accuracy: of_firsts.modality.accuracy,
        first_region_accuracy: of_firsts.region.accuracy,
        real_modality_accuracy: real_accuracy(judge.modalities(), &looked, &strata, MODALITY),
        real_region_accuracy: real_accuracy(judge.regions(), &looked, &strata, REGION),
        real_pictures: strata.halves().iter().map(Vec::len).sum(),
        frechet: distances.synthetic,
        frechet_mean_picture: distances.mean_picture,
        frechet_other_half: distances.other_half,
        frechet_dimensions: distances.dimensions,
        near_copies: copies.copies,
        near_copy_threshold: bound.cosine,
        near_copy_brightness_threshold: Fingerprint::SAME_PICTURE,
        training_pictures: looked.training.len(),
        copies,
        real_copies: Copies::of(&real_nearness(judge, &looked), bound),
        modality: judged.modality,
        region: judged.region,
    })
}

/// Prompts for kinds that the judge doesn't know would count as failures.
fn check(judge: &Judge, asked: &[Prompt]) -> Result<(), EvaluationError> {
    let unknown = prompts::unknown(asked, judge.modalities(), judge.regions());
    if unknown.is_empty() {
        return Ok(());
    }
    let names = unknown.join(", ");
    Err(EvaluationError::UnknownKinds(names))
}

/// What was seen of the pictures that were made.
struct JudgedAll {
    modality: Judged,
    region: Judged,
    both: f64,
}

/// `classes` are the modalities and the regions that the judge tells apart.
fn judge_all(classes: (&[String], &[String]), asked: &[Prompt], opinions: &[Opinion]) -> JudgedAll {
    let (modalities, regions) = classes;
    let place = |labels: &[String], name: &String| labels.iter().position(|one| one == name);
    let pairs: Vec<_> = asked
        .iter()
        .zip(opinions)
        .filter_map(|(prompt, opinion)| {
            let modality = place(modalities, &prompt.modality)?;
            let region = place(regions, &prompt.region)?;
            Some(((modality, opinion.modality), (region, opinion.region)))
        })
        .collect();
    let is_right = |(expected, seen): &(usize, usize)| expected == seen;
    let both = pairs.iter().map(|(modality, region)| {
        let is_right = is_right(modality) && is_right(region);
        (is_right, 1.0)
    });
    JudgedAll {
        both: weighted(both).unwrap_or_default(),
        modality: Judged::of(modalities, pairs.iter().map(|pair| pair.0)),
        region: Judged::of(regions, pairs.iter().map(|pair| pair.1)),
    }
}

/// What is known of a picture, and what was seen.
type Aspect = fn(&Unseen) -> (Option<&String>, usize);

const MODALITY: Aspect = |one| (one.kind.modality.as_ref(), one.opinion.modality);
const REGION: Aspect = |one| (one.kind.region.as_ref(), one.opinion.region);

/// The judge's score on real pictures of which the aspect is known.
fn real_accuracy(
    labels: &[String],
    looked: &Looked,
    strata: &Strata,
    aspect: Aspect,
) -> Option<f64> {
    let pictures = looked.held_out.iter().enumerate();
    let pictures = pictures.filter_map(|(place, picture)| {
        let (known, seen) = aspect(picture);
        let is_right = labels.get(seen) == Some(known?);
        Some((is_right, strata.weight(place)))
    });
    weighted(pictures)
}

/// Fréchet distances from one half of the real pictures.
struct Distances {
    synthetic: f64,
    mean_picture: f64,
    other_half: f64,
    dimensions: usize,
}

impl Distances {
    fn of(
        judge: &Judge,
        looked: &Looked,
        strata: &Strata,
        opinions: &[Opinion],
    ) -> Result<Self, EvaluationError> {
        let features = |opinions: &[Opinion]| -> Result<Vec<Vec<f32>>, EvaluationError> {
            Ok(judge.reduced(opinions.iter().map(|one| one.features.as_slice()))?)
        };
        let real: Vec<Opinion> = looked
            .held_out
            .iter()
            .map(|one| one.opinion.clone())
            .collect();
        let (real, synthetic) = (features(&real)?, features(opinions)?);
        let mean = judge.look(std::slice::from_ref(&looked.mean))?;
        let mean = features(&mean)?.concat();
        let side = mean.len();
        let [half, other] = strata.halves().map(|half| {
            let vectors = half
                .iter()
                .map(|place| (real[*place].as_slice(), strata.weight(*place)));
            Gaussian::fit(side, vectors)
        });
        let synthetic = synthetic.iter().map(|vector| (vector.as_slice(), 1.0));
        Ok(Self {
            synthetic: Gaussian::fit(side, synthetic).distance(&half),
            mean_picture: Gaussian::of_one(&mean).distance(&half),
            other_half: other.distance(&half),
            dimensions: side,
        })
    }
}

fn synthetic_nearness(
    judge: &Judge,
    pictures: &[Synthetic],
    opinions: &[Opinion],
    looked: &Looked,
) -> Vec<Nearness> {
    let pairs = pictures.iter().zip(opinions);
    let near = pairs.filter_map(|(picture, opinion)| {
        let fingerprint = Fingerprint::of(&drawn(&picture.pixels)?);
        let centred = judge.centred(&opinion.features);
        Some(nearness(&centred, &fingerprint, &looked.training))
    });
    near.collect()
}

fn real_nearness(judge: &Judge, looked: &Looked) -> Vec<Nearness> {
    let near = looked.held_out.iter().map(|one| {
        let centred = judge.centred(&one.opinion.features);
        nearness(&centred, &one.fingerprint, &looked.training)
    });
    near.collect()
}

/// A picture for the functions that take any kind. There is one for every [`Rgb`].
fn drawn(pixels: &Rgb) -> Option<DynamicImage> {
    let (width, height) = (pixels.width() as u32, pixels.height() as u32);
    let picture = image::RgbImage::from_raw(width, height, pixels.pixels().to_vec());
    picture.map(DynamicImage::ImageRgb8)
}

#[cfg(test)]
mod tests;
