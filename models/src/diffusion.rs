//! Pictures from words by latent diffusion (Rombach et al., arXiv:2112.10752), out of a folder in
//! diffusers' layout: Stable Diffusion 1 and 2 and their like, and the starter model. What may be asked
//! for, whether a picture may be shown, and how it is marked as synthetic is decided elsewhere.
//!
//! Values lie place by place, channels last, so that a convolution is a product of matrices; the names
//! of the tensors are diffusers'. Everything is computed in F32 on the processor.

mod autoencoder;
mod denoising;
mod error;
mod folder;
mod noise;
mod part;
mod preview;
mod resnet;
mod scheduler;
mod transformer;
mod unet;
mod words;

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use candle_core::Tensor;
use image::DynamicImage;
use image::imageops::FilterType;

use autoencoder::{Autoencoder, AutoencoderPlan};
use denoising::{Beginning, Shape};
use error::Within as _;
use folder::TextKind;
use preview::Preview;
use scheduler::{Sampler, Settings};
use unet::{Unet, UnetPlan};
use words::Words;

use crate::joint_encoder::{Fields, JointError, read_fields};

pub use candle_core::Device;
pub use denoising::Denoising;
pub use error::DiffusionError;
pub use image::RgbImage;
pub use noise::{Noise, Seeded};
pub use scheduler::SchedulerKind;

/// Most steps of a run: more change nothing that can be seen.
const MOST_STEPS: usize = 100;
/// Steps where nobody names them.
const USUAL_STEPS: usize = 20;
/// Largest weight of the prompt.
const MOST_GUIDANCE: f64 = 50.0;
/// Sides of a picture, in those that the network was trained on.
const MOST_SIDES: usize = 2;
const WEIGHTS: &str = "diffusion_pytorch_model";
const UNET: &str = "UNet";
const UNET_CONFIG: &str = "unet/config.json";
const AUTOENCODER: &str = "autoencoder";
const AUTOENCODER_CONFIG: &str = "vae/config.json";

/// A loaded generator of pictures. Cheap to share; every run has its own state.
pub struct Pipeline {
    networks: Arc<Networks>,
    words: Words,
    settings: Settings,
    limits: Limits,
}

/// What runs share.
struct Networks {
    unet: Unet,
    autoencoder: Autoencoder,
    preview: Preview,
    /// Pixels that a place of a latent stands for, along each side.
    factor: usize,
    /// Channels of a latent.
    channels: usize,
}

/// What can be asked of a generator, and what is usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Tokens of a prompt that count, those at its ends among them.
    pub tokens: usize,
    /// Width in pixels of the pictures that it was trained on.
    pub width: u32,
    /// Their height.
    pub height: u32,
    /// What width and height have to be multiples of, in pixels.
    pub multiple: u32,
    /// The longest side, in pixels.
    pub largest: u32,
    /// Steps that can be made.
    pub steps: RangeInclusive<usize>,
    /// Steps where nobody names them.
    pub usual_steps: usize,
    /// Guidance where nobody names it.
    pub usual_guidance: f64,
    /// The scheduler that comes nearest to the folder's.
    pub scheduler: SchedulerKind,
}

/// A picture that is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it shows.
    pub prompt: String,
    /// What it leaves out. May be empty.
    pub negative: String,
    /// Steps, 1 to 100.
    pub steps: usize,
    /// How much the prompt counts, 0 to 50: up to 1 it is followed as it is, and the negative words
    /// don't count.
    pub guidance: f64,
    /// The same seed gives the same bytes on the same machine.
    pub seed: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How noise becomes a picture.
    pub scheduler: SchedulerKind,
    /// What it begins with, where that isn't noise alone.
    pub start: Option<Start>,
}

/// A picture that another begins with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Of any size; it is scaled to fill the new one, and what sticks out is cut off.
    pub picture: RgbImage,
    /// How far to go from it: above 0, which keeps all, to 1, which keeps nothing.
    pub strength: f64,
}

impl Pipeline {
    /// Loads a folder. Weights may be whole or halves, in one file or several; in memory they are
    /// whole. A sentence encoder that the folder refers to is read from the folder `text-encoder`
    /// beside it.
    ///
    /// # Errors
    /// [`DiffusionError`] names the file, the field or the tensor that is missing, wrong, or asks for
    /// what isn't supported.
    pub fn load(folder: &Path, device: &Device) -> Result<Self, DiffusionError> {
        if !matches!(device, Device::Cpu) {
            return Err(DiffusionError::Device);
        }
        let kind = folder::text_kind(folder).within("index")?;
        let settings = Settings::load(folder).within("scheduler")?;
        let unet = unet_plan(folder).within(UNET)?;
        let autoencoder = autoencoder_plan(folder, &unet).within(AUTOENCODER)?;
        let words = Words::load(folder, kind)?;
        fits(&unet, &words).within(UNET)?;
        let limits = limits(&unet, &autoencoder, &settings, kind, words.limit());
        let networks = Networks {
            unet: load_unet(folder, &unet).within(UNET)?,
            autoencoder: load_autoencoder(folder, &autoencoder).within(AUTOENCODER)?,
            preview: Preview::load(folder, unet.latent).within("preview")?,
            factor: autoencoder.factor(),
            channels: unet.latent,
        };
        Ok(Self {
            networks: Arc::new(networks),
            words,
            settings,
            limits,
        })
    }

    /// What can be asked for.
    pub fn limits(&self) -> Limits {
        self.limits.clone()
    }

    /// Begins a picture: reads its words, and makes the noise that it begins with.
    ///
    /// # Errors
    /// [`DiffusionError`] for what can't be made, or if a network refuses.
    pub fn begin(&self, request: &Request) -> Result<Denoising, DiffusionError> {
        self.begin_with(request, Box::new(Seeded::new(request.seed)))
    }

    /// The same with noise from elsewhere; the seed doesn't count.
    ///
    /// # Errors
    /// As [`Self::begin`], and [`DiffusionError::Noise`] if it doesn't fill the picture.
    pub fn begin_with(
        &self,
        request: &Request,
        mut noise: Box<dyn Noise>,
    ) -> Result<Denoising, DiffusionError> {
        self.check(request)?;
        let shape = self.shape(request);
        let mut sampler = Sampler::new(&self.settings, request.scheduler, request.steps);
        let drawn = shape.by_place(&noise.draw(shape.numbers()))?;
        let latents = match &request.start {
            None => sampler.begin(&drawn),
            Some(start) => {
                let kept = (request.steps as f64 * start.strength) as usize;
                sampler.skip(request.steps - kept.min(request.steps));
                let encoded = self.encoded(start, request)?;
                sampler.noised(&encoded, &drawn)
            }
        };
        let guidance = (request.guidance > 1.0).then_some(request.guidance);
        let said = self.words.read(&request.prompt)?;
        let mut states = vec![said.states];
        if guidance.is_some() {
            states.insert(0, self.words.read(&request.negative)?.states);
        }
        let words = self.networks.unet.words(&Tensor::stack(&states, 0)?)?;
        let beginning = Beginning {
            sampler,
            words,
            guidance,
            noise,
            latents,
            shape,
            cut: said.cut,
        };
        Ok(Denoising::new(Arc::clone(&self.networks), beginning))
    }

    fn check(&self, request: &Request) -> Result<(), DiffusionError> {
        let limits = &self.limits;
        if !limits.steps.contains(&request.steps) {
            return Err(DiffusionError::Steps {
                given: request.steps,
                most: *limits.steps.end(),
            });
        }
        if !(0.0..=MOST_GUIDANCE).contains(&request.guidance) {
            return Err(DiffusionError::Guidance(request.guidance));
        }
        let strength = request.start.as_ref().map_or(1.0, |start| start.strength);
        if !(strength > 0.0 && strength <= 1.0) {
            return Err(DiffusionError::Strength(strength));
        }
        let (multiple, most) = (limits.multiple, limits.largest);
        let fits = |side: u32| side > 0 && side <= most && side.is_multiple_of(multiple);
        if !fits(request.width) || !fits(request.height) {
            return Err(DiffusionError::Size {
                width: request.width,
                height: request.height,
                multiple,
                most,
            });
        }
        Ok(())
    }

    fn shape(&self, request: &Request) -> Shape {
        let factor = self.networks.factor;
        Shape {
            rows: request.height as usize / factor,
            columns: request.width as usize / factor,
            channels: self.networks.channels,
        }
    }

    /// The mean of the latents of the picture that another begins with.
    fn encoded(&self, start: &Start, request: &Request) -> Result<Vec<f32>, DiffusionError> {
        let (width, height) = (request.width, request.height);
        let mut picture = start.picture.clone();
        if picture.dimensions() != (width, height) {
            let whole = DynamicImage::ImageRgb8(picture);
            let filled = whole.resize_to_fill(width, height, FilterType::CatmullRom);
            picture = filled.into_rgb8();
        }
        let colours = picture.into_raw().into_iter();
        let colours: Vec<f32> = colours.map(|byte| f32::from(byte) / 127.5 - 1.0).collect();
        let shape = (1, height as usize, width as usize, 3);
        let colours = Tensor::from_vec(colours, shape, &Device::Cpu)?;
        let latents = self.networks.autoencoder.encode(&colours)?;
        Ok(latents.flatten_all()?.to_vec1()?)
    }
}

fn unet_plan(folder: &Path) -> Result<UnetPlan, JointError> {
    let value = read_fields(folder, UNET_CONFIG)?;
    UnetPlan::read(&Fields::of(UNET_CONFIG, &value)?)
}

/// The autoencoder of the latents that the UNet has.
fn autoencoder_plan(folder: &Path, unet: &UnetPlan) -> Result<AutoencoderPlan, JointError> {
    let value = read_fields(folder, AUTOENCODER_CONFIG)?;
    let fields = Fields::of(AUTOENCODER_CONFIG, &value)?;
    let plan = AutoencoderPlan::read(&fields)?;
    if plan.latent == unet.latent {
        return Ok(plan);
    }
    let reason = format!("is {}, but the UNet takes {}", plan.latent, unet.latent);
    Err(fields.wrong("latent_channels", reason))
}

/// Whether the UNet reads words of the length that there are.
fn fits(unet: &UnetPlan, words: &Words) -> Result<(), JointError> {
    if unet.context == words.width() {
        return Ok(());
    }
    let (context, width) = (unet.context, words.width());
    Err(JointError::Field {
        file: UNET_CONFIG.to_owned(),
        field: "cross_attention_dim".to_owned(),
        reason: format!("is {context}, but the text encoder gives {width} numbers a token"),
    })
}

fn load_unet(folder: &Path, plan: &UnetPlan) -> Result<Unet, JointError> {
    Unet::load(plan, &folder::weights(&folder.join("unet"), WEIGHTS)?)
}

fn load_autoencoder(folder: &Path, plan: &AutoencoderPlan) -> Result<Autoencoder, JointError> {
    Autoencoder::load(plan, &folder::weights(&folder.join("vae"), WEIGHTS)?)
}

fn limits(
    unet: &UnetPlan,
    autoencoder: &AutoencoderPlan,
    settings: &Settings,
    kind: TextKind,
    tokens: usize,
) -> Limits {
    let factor = autoencoder.factor();
    let multiple = factor << (unet.levels() - 1);
    let [rows, columns] = unet.sample.map(|side| side * factor);
    let largest = MOST_SIDES * rows.max(columns) / multiple * multiple;
    Limits {
        tokens,
        width: columns as u32,
        height: rows as u32,
        multiple: multiple as u32,
        largest: largest.max(multiple) as u32,
        steps: 1..=MOST_STEPS,
        usual_steps: USUAL_STEPS,
        usual_guidance: match kind {
            TextKind::Clip => 7.5,
            TextKind::Sentences => 4.0,
        },
        scheduler: settings.usual,
    }
}

#[cfg(test)]
mod golden;
