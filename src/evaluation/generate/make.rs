//! Pictures of prompts from fixed seeds, one after the other on the calling thread and rayon's: as an
//! encoder is measured alone, without the engine's queue. Nothing is checked, marked or kept here.

use std::path::Path;
use std::time::{Duration, Instant};

use mirage_models::diffusion::{Device, DiffusionError, Pipeline, Request, SchedulerKind};
use mirage_models::image_encoder::Rgb;

use super::{Prompt, Synthetic};
use crate::evaluation::embed::Encoders;
use crate::evaluation::error::EvaluationError;
use crate::generate::{best_first, fit};

/// How pictures are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Steps of denoising.
    pub steps: u32,
    /// How closely the prompt is followed.
    pub guidance: f64,
    /// How noise becomes a picture.
    pub scheduler: SchedulerKind,
    /// Seed of the first picture; each further one has the next.
    pub seed: u64,
    /// Pictures that are drawn of a prompt, to keep the one that fits it best. From 1 on.
    pub candidates: u32,
    /// Side in pixels.
    pub size: u32,
}

/// A picture, and what its parts took.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Its pixels.
    pub pixels: Rgb,
    /// From words to their states.
    pub words: Duration,
    /// All steps.
    pub steps: Duration,
    /// From latents to pixels.
    pub decoding: Duration,
}

impl Drawn {
    /// From words to pixels.
    pub fn whole(&self) -> Duration {
        self.words + self.steps + self.decoding
    }
}

impl Terms {
    /// The same for the picture that comes so many later.
    #[must_use]
    pub fn later(&self, pictures: u64) -> Self {
        Self {
            seed: self.seed.wrapping_add(pictures),
            ..self.clone()
        }
    }

    fn request(&self, prompt: &str) -> Request {
        Request {
            prompt: prompt.to_owned(),
            negative: String::new(),
            steps: self.steps as usize,
            guidance: self.guidance,
            seed: self.seed,
            width: self.size,
            height: self.size,
            scheduler: self.scheduler,
            start: None,
        }
    }
}

/// Loads a generator from its folder, on the processor.
///
/// # Errors
/// [`DiffusionError`] names what is missing or wrong.
pub fn load(folder: &Path) -> Result<Pipeline, DiffusionError> {
    Pipeline::load(folder, &Device::Cpu)
}

/// Makes one picture.
///
/// # Errors
/// [`EvaluationError::Generator`] for what can't be made, or if a network refuses.
pub fn draw(pipeline: &Pipeline, prompt: &str, terms: &Terms) -> Result<Drawn, EvaluationError> {
    let started = Instant::now();
    let mut run = pipeline.begin(&terms.request(prompt))?;
    let words = started.elapsed();
    while run.step()? {}
    let with_steps = started.elapsed();
    let picture = run.decode(&|| false)?;
    let (width, height) = picture.dimensions();
    Ok(Drawn {
        pixels: Rgb::new(width as usize, height as usize, picture.into_raw())?,
        words,
        steps: with_steps - words,
        decoding: started.elapsed() - with_steps,
    })
}

/// Makes a picture of each prompt: of its candidates the one that these encoders find to fit it best.
/// `progress` is told how many are done.
///
/// # Errors
/// As [`draw`], and what the encoders refuse.
pub fn make(
    pipeline: &Pipeline,
    encoders: &Encoders,
    prompts: &[Prompt],
    terms: &Terms,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Synthetic>, EvaluationError> {
    let mut pictures = Vec::with_capacity(prompts.len());
    let each = u64::from(terms.candidates.max(1));
    for (number, prompt) in (0..).zip(prompts) {
        let mut drawn = Vec::new();
        for candidate in 0..each {
            let terms = terms.later(number * each + candidate);
            drawn.push(draw(pipeline, &prompt.text, &terms)?.pixels);
        }
        let best = best(encoders, &prompt.text, &drawn)?;
        pictures.push(Synthetic {
            prompt: prompt.clone(),
            pixels: drawn[best].clone(),
            first: drawn.swap_remove(0),
        });
        progress(pictures.len());
    }
    Ok(pictures)
}

/// The place of the candidate that fits a prompt best.
fn best(encoders: &Encoders, prompt: &str, drawn: &[Rgb]) -> Result<usize, EvaluationError> {
    if drawn.len() < 2 {
        return Ok(0);
    }
    let words = encoders.text.embed(&[prompt])?.concat();
    let pictures = encoders.image.embed(drawn)?;
    let fits: Vec<f32> = pictures
        .iter()
        .map(|picture| fit(&words, picture))
        .collect();
    Ok(best_first(&fits).first().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_has_a_seed_of_its_own() {
        let terms = Terms {
            steps: 20,
            guidance: 4.0,
            scheduler: SchedulerKind::Ddim,
            seed: u64::MAX,
            candidates: 1,
            size: 128,
        };
        assert_eq!(terms.later(0), terms);
        assert_eq!(terms.later(2).seed, 1);
        let request = terms.later(1).request("CT.");
        assert_eq!((request.seed, request.steps, request.width), (0, 20, 128));
        assert!(request.start.is_none() && request.negative.is_empty());
    }

    #[test]
    fn a_folder_that_holds_no_generator_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = load(folder.path()).err().expect("nothing there");
        assert!(!error.to_string().is_empty());
    }
}
