//! Pictures of prompts from fixed seeds, one after the other on the calling thread and rayon's: as an
//! encoder is measured alone, without the engine's queue. Nothing is checked, marked or kept here.

use std::path::Path;
use std::time::{Duration, Instant};

use mirage_models::diffusion::{Device, DiffusionError, Pipeline, Request, SchedulerKind};
use mirage_models::image_encoder::Rgb;

use super::{Prompt, Synthetic};
use crate::evaluation::error::EvaluationError;

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

/// Makes a picture of each prompt. `progress` is told how many are done.
///
/// # Errors
/// As [`draw`].
pub fn make(
    pipeline: &Pipeline,
    prompts: &[Prompt],
    terms: &Terms,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Synthetic>, EvaluationError> {
    let mut pictures = Vec::with_capacity(prompts.len());
    for (number, prompt) in (0..).zip(prompts) {
        let drawn = draw(pipeline, &prompt.text, &terms.later(number))?;
        pictures.push(Synthetic {
            prompt: prompt.clone(),
            pixels: drawn.pixels,
        });
        progress(pictures.len());
    }
    Ok(pictures)
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
