//! From a recipe to a picture that may be shown: its turn on the engine, the checks, the real pictures
//! beside it, the marks. A job and the shell do it in the same way. The same recipe comes to the same
//! end each time, so that a job can be begun again.

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};
use mirage_models::diffusion::{self, DiffusionError, Request};
use mirage_models::image_encoder::{ImageEncoderError, Rgb};
use tokio_util::sync::CancellationToken;

use super::candidates;
use super::mark::{Facts, MarkError, Marked, mark, mark_preview};
use super::neighbours::{BESIDE, Neighbours};
use super::output::{CheckError, Checks, Original, Refusal};
use super::prompt::{self, PromptRefusal};
use super::request::{RequestError, check};
use super::sheet::sheet;
use crate::atlas::{Atlas, AtlasError};
use crate::engine::{Caller, EngineError, Generated, Lane, Order, StepReport};
use crate::media::{self, MediaError};
use crate::store::{Recipe, Start, Told, Variant};

/// Steps between two previews.
const PREVIEW_EVERY: usize = 4;
/// Seeds that are tried at least where pictures come too near to ones that exist.
const MOST_SEEDS: u32 = 4;

/// Why a picture can't be made, or must not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// It can't be asked for like this.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Its words ask for what isn't drawn.
    #[error(transparent)]
    Prompt(#[from] PromptRefusal),
    /// The picture that it begins with is gone.
    #[error(
        "The picture that this one begins with is no longer kept, or no longer in the atlas. Give it \
         again."
    )]
    NoStart,
    /// The picture that it begins with can't be read.
    #[error("The picture that this one begins with can't be used: {0}.")]
    Start(#[from] MediaError),
    /// The generator is missing, or could not make it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It must not be shown.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Each seed that was tried gave a picture that exists.
    #[error(
        "The picture is not shown: it came too near to pictures that exist, with {MOST_SEEDS} seeds. \
         Change the prompt, or go further from the picture that it begins with."
    )]
    TooNear,
    /// The checks could not be made, so it must not be shown.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// It can't be marked, so it must not be shown.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// The real pictures beside it can't be read.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// The work was dropped.
    #[error("The picture was given up before its end. Ask for it again.")]
    Interrupted,
}

impl From<ImageEncoderError> for DrawError {
    fn from(error: ImageEncoderError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<DiffusionError> for DrawError {
    fn from(error: DiffusionError) -> Self {
        Self::Engine(error.into())
    }
}

/// A picture that may be shown.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The picture, marked.
    pub marked: Marked,
    /// The sheet on which it stands beside the nearest real pictures, a JPEG; `None` without any.
    pub sheet: Option<Vec<u8>>,
    /// The seed that it was made from.
    pub seed: u64,
    /// What is told beside it.
    pub told: Told,
}

/// Draws pictures for somebody. Cheap to clone.
#[derive(Clone)]
pub struct Painter {
    /// Where the real pictures are, with the engine.
    pub atlas: Atlas,
    /// What each picture has to pass.
    pub checks: Checks,
    /// For whom.
    pub caller: Caller,
    /// How soon it is wanted.
    pub lane: Lane,
}

/// What a picture was made from, as its file tells it.
pub fn facts_of(recipe: &Recipe, model: &str) -> Facts {
    Facts {
        prompt: recipe.prompt.clone(),
        negative: recipe.negative.clone(),
        seed: recipe.seed,
        steps: recipe.steps,
        guidance: recipe.guidance,
        model: model.to_owned(),
        scheduler: recipe.scheduler.clone(),
        strength: recipe.variant.as_ref().map(|variant| variant.strength),
    }
}

/// A seed that nobody chose, short enough to be typed.
pub fn random_seed() -> u64 {
    u64::from(rand::random::<u32>())
}

/// The picture in a file, as one of `width` by `height` pixels may begin with it: a PNG of that size.
/// Nothing but pixels is kept. It computes: call it from a thread that may block.
///
/// # Errors
/// [`MediaError`] if the file is no picture that can be read.
pub fn start_of(file: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, MediaError> {
    let picture = DynamicImage::ImageRgb8(decoded(file)?);
    // A size that can't be drawn is told later; here it must not be made.
    let (width, height) = (width.clamp(1, 2_048), height.clamp(1, 2_048));
    let filled = picture.resize_to_fill(width, height, FilterType::CatmullRom);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = filled.write_to(&mut bytes, ImageFormat::Png);
    written.map_err(|error| MediaError::Damaged {
        kind: "PNG",
        reason: error.to_string(),
    })?;
    Ok(bytes.into_inner())
}

/// A file's pixels.
fn decoded(file: &[u8]) -> Result<RgbImage, MediaError> {
    let picture = media::decode(file)?;
    let pixels = media::pixels(&picture).ok_or(MediaError::Empty)?;
    let (width, height) = (pixels.width() as u32, pixels.height() as u32);
    RgbImage::from_raw(width, height, pixels.pixels().to_vec()).ok_or(MediaError::Empty)
}

impl Painter {
    /// Draws a picture: of all candidates the one that fits the words best and may be shown. `tell`
    /// hears how far it is. Where each comes too near to a picture that exists, it begins again with
    /// the next seeds; these and no others, since a job that is begun again must come to the same end.
    ///
    /// # Errors
    /// [`DrawError`]; then there is nothing to show.
    pub async fn draw(
        &self,
        recipe: &Recipe,
        cancel: &CancellationToken,
        mut tell: impl FnMut(&StepReport),
    ) -> Result<Drawn, DrawError> {
        let spec = self.atlas.engine().generator();
        let spec = spec.ok_or(EngineError::NoGenerator)?.clone();
        check(recipe, spec.size)?;
        let mut remarks: Vec<String> = prompt::read(&recipe.prompt)?
            .iter()
            .map(ToString::to_string)
            .collect();
        let start = self.start(recipe).await?;
        let mut recipe = recipe.clone();
        if !self.atlas.knows_pictures() {
            recipe.candidates = 1;
        }
        let mut left = MOST_SEEDS.max(recipe.candidates);
        while left > 0 {
            recipe.candidates = recipe.candidates.min(left);
            left -= recipe.candidates;
            let drawn = self.candidates(&recipe, start.as_ref(), cancel, &mut tell);
            let mut refused = None;
            for (seed, generated) in drawn.await? {
                let turn = (self.caller, self.lane);
                let verdict = self.checks.look(&self.atlas, turn, &generated.pixels);
                let verdict = verdict.await?;
                if let Some(refusal) = verdict.refusal {
                    refused = refused.or(Some(refusal));
                } else if let Some(near) = verdict.near_copy {
                    remarks.push(too_near(seed, &near.of));
                } else {
                    if recipe.candidates > 1 {
                        remarks.push(candidates::chosen(recipe.seed, recipe.candidates));
                    }
                    recipe.seed = seed;
                    let model = &spec.identity;
                    return self.finish(&recipe, model, generated, remarks).await;
                }
            }
            if let Some(refusal) = refused {
                return Err(refusal.into());
            }
            recipe.seed = recipe.seed.wrapping_add(u64::from(recipe.candidates));
        }
        Err(DrawError::TooNear)
    }

    /// All candidates of a recipe, each with its seed, the one that fits the words best first.
    async fn candidates(
        &self,
        recipe: &Recipe,
        start: Option<&diffusion::Start>,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&StepReport),
    ) -> Result<Vec<(u64, Generated)>, DrawError> {
        let several = u64::from(recipe.candidates);
        let mut drawn = Vec::new();
        for number in 0..several {
            let mut request = request(recipe, start.cloned())?;
            request.seed = recipe.seed.wrapping_add(number);
            let seed = request.seed;
            let mut tell_of_all = |report: &StepReport| {
                let steps = report.total.unwrap_or_default();
                tell(&StepReport {
                    done: number * steps + report.done,
                    total: report.total.map(|steps| several * steps),
                    preview: report.preview.clone(),
                });
            };
            let generated = self.run(request, cancel, &mut tell_of_all).await?;
            drawn.push((seed, generated));
        }
        if drawn.len() < 2 {
            return Ok(drawn);
        }
        let words = vec![prompt::plain(&recipe.prompt)];
        let words = self.atlas.embed_texts(words).await?.concat();
        let mut fits = Vec::with_capacity(drawn.len());
        for (_, generated) in &drawn {
            let picture = self.atlas.embed_picture(pixels(generated)?).await?;
            fits.push(candidates::fit(&words, &picture));
        }
        let mut drawn: Vec<Option<_>> = drawn.into_iter().map(Some).collect();
        let best = candidates::best_first(&fits).into_iter();
        Ok(best.filter_map(|place| drawn[place].take()).collect())
    }

    /// One run on the engine.
    async fn run(
        &self,
        request: Request,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&StepReport),
    ) -> Result<Generated, EngineError> {
        let order = Order {
            request,
            preview_every: PREVIEW_EVERY,
            preview: |picture| mark_preview(picture).ok(),
        };
        let engine = self.atlas.engine();
        let ticket = engine.generate(self.caller, self.lane, order, cancel.clone())?;
        let mut progress = ticket.progress();
        let result = ticket.result();
        tokio::pin!(result);
        loop {
            tokio::select! {
                biased;
                generated = &mut result => return generated,
                changed = progress.changed() => {
                    if changed.is_err() {
                        return result.await;
                    }
                    let report = progress.borrow_and_update().clone();
                    tell(&report);
                }
            }
        }
    }

    /// The picture that a variant begins with.
    async fn start(&self, recipe: &Recipe) -> Result<Option<diffusion::Start>, DrawError> {
        let Some(Variant { strength, start }) = recipe.variant.clone() else {
            return Ok(None);
        };
        let file = match start {
            Start::Given(file) => file,
            Start::Entry(id) => {
                let found = self.atlas.pictures(std::slice::from_ref(&id)).await?;
                let (_, file) = found.into_iter().next().ok_or(DrawError::NoStart)?;
                file
            }
            Start::Gone => return Err(DrawError::NoStart),
        };
        let decoding = tokio::task::spawn_blocking(move || decoded(&file));
        let picture = decoding.await.map_err(|_| DrawError::Interrupted)??;
        Ok(Some(diffusion::Start { picture, strength }))
    }

    /// Finds what stands beside a picture that passed, and marks it.
    async fn finish(
        &self,
        recipe: &Recipe,
        model: &str,
        generated: Generated,
        mut remarks: Vec<String>,
    ) -> Result<Drawn, DrawError> {
        let seen = pixels(&generated)?;
        let Generated { pixels, cut } = generated;
        let neighbours = Neighbours::of(&self.atlas, seen, &recipe.prompt, BESIDE).await?;
        if let Some(cut) = cut {
            remarks.push(cut_remark(&cut));
        }
        if neighbours.by_words && !neighbours.nearest.is_empty() {
            remarks.push(BY_WORDS.to_owned());
        }
        let told = Told {
            nearest: neighbours.ids(),
            nothing_close: neighbours.nothing_close,
            words: neighbours.words.clone(),
            remarks,
        };
        let facts = facts_of(recipe, model);
        let marking = tokio::task::spawn_blocking(move || {
            let marked = mark(&pixels, &facts)?;
            let sheet = if neighbours.nearest.is_empty() {
                None
            } else {
                Some(sheet(&pixels, &facts, &neighbours)?)
            };
            Ok::<_, MarkError>((marked, sheet))
        });
        let (marked, sheet) = marking.await.map_err(|_| DrawError::Interrupted)??;
        Ok(Drawn {
            marked,
            sheet,
            seed: recipe.seed,
            told,
        })
    }
}

/// What an encoder sees of a picture.
fn pixels(generated: &Generated) -> Result<Rgb, ImageEncoderError> {
    let pixels = &generated.pixels;
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    Rgb::new(width, height, pixels.as_raw().clone())
}

fn too_near(seed: u64, original: &Original) -> String {
    let what = match original {
        Original::Entry(id) => format!("the real picture {id} of the atlas"),
        Original::Training(name) => format!("one that the model was trained on ({name})"),
    };
    format!("Seed {seed} gave a picture that is very near to {what}, so another seed was taken.")
}

const BY_WORDS: &str = "Pictures can't be compared with this profile, so the real ones were found by \
    the words of the prompt.";
/// Longest part of a prompt that is told to have been cut, in characters.
const LONGEST_CUT: usize = 200;

fn cut_remark(cut: &str) -> String {
    let words: Vec<&str> = cut.split_whitespace().collect();
    let mut words = words.join(" ");
    if words.chars().count() > LONGEST_CUT {
        words = words.chars().take(LONGEST_CUT).collect();
        words.push('…');
    }
    format!("The prompt is longer than the model reads. This part of it did not count: {words}")
}

/// A recipe as the network gets it.
fn request(recipe: &Recipe, start: Option<diffusion::Start>) -> Result<Request, DiffusionError> {
    Ok(Request {
        prompt: prompt::plain(&recipe.prompt),
        negative: prompt::plain(&recipe.negative),
        steps: recipe.steps as usize,
        guidance: recipe.guidance,
        seed: recipe.seed,
        width: recipe.width,
        height: recipe.height,
        scheduler: recipe.scheduler.parse()?,
        start,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            prompt: "chest <|endoftext|>\nX-ray".to_owned(),
            negative: "text".to_owned(),
            seed: 7,
            candidates: 1,
            steps: 20,
            guidance: 4.0,
            width: 128,
            height: 96,
            scheduler: "ddim".to_owned(),
            variant: None,
        }
    }

    #[test]
    fn the_network_gets_words_without_signs_of_a_tokenizer() {
        let asked = request(&recipe(), None).expect("a scheduler");
        assert_eq!(asked.prompt, "chest endoftext X-ray");
        assert_eq!((asked.steps, asked.width, asked.height), (20, 128, 96));
        let unknown = Recipe {
            scheduler: "magic".to_owned(),
            ..recipe()
        };
        let error = request(&unknown, None).expect_err("no such scheduler");
        assert!(error.to_string().contains("magic"), "{error}");
    }

    #[test]
    fn a_start_is_a_picture_of_the_size_asked_for_and_nothing_else() {
        let mut file = std::io::Cursor::new(Vec::new());
        let wide = DynamicImage::ImageRgb8(RgbImage::from_pixel(300, 100, image::Rgb([9; 3])));
        wide.write_to(&mut file, ImageFormat::Png).expect("a PNG");
        let start = start_of(file.get_ref(), (128, 96)).expect("a picture");
        let read = media::decode(&start).expect("a PNG");
        assert_eq!((read.width(), read.height()), (128, 96));
        assert!(start_of(b"%PDF-1.7", (128, 96)).is_err());
    }

    #[test]
    fn what_was_cut_is_told_within_a_bound() {
        assert!(cut_remark("left\nlung").ends_with("did not count: left lung"));
        assert!(cut_remark(&"long ".repeat(400)).chars().count() < 300);
    }

    #[test]
    fn a_seed_that_was_passed_over_is_told_with_its_reason() {
        let told = too_near(7, &Original::Training("set/a".to_owned()));
        assert!(told.starts_with("Seed 7 gave"), "{told}");
        assert!(told.contains("(set/a)"), "{told}");
    }

    #[test]
    fn facts_are_those_of_the_recipe() {
        let facts = facts_of(&recipe(), "tiny@1");
        assert_eq!((facts.seed, facts.steps, facts.strength), (7, 20, None));
        assert_eq!(facts.model, "tiny@1");
        assert!(random_seed() <= u64::from(u32::MAX));
    }
}
