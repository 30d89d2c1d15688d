//! EfficientNet-Lite (Tan and Le, arXiv:1905.11946, in its "lite" form: no squeeze-and-excitation,
//! `ReLU6`) with a head of two layers that ends in the text encoder's space. Batch normalisation is
//! folded into the weights. Values lie pixel by pixel, channels last: a convolution of one pixel is
//! then one product of matrices.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use serde::Deserialize;

use super::calibration::{self, Dev};
use super::preprocess::{CHANNELS, Preprocessing};
use super::{Chance, ImageEncoder, ImageEncoderError, Rgb, unreadable};
use crate::kernels::{Dense, Depthwise, Padding, Then, patches};

/// Pictures that run at once: their widest layer fills about 150 MB.
const BATCH: usize = 16;
/// What this version reads.
const FORMAT: &str = "mirage-image-encoder/1";

/// `config.json` beside the weights, as `models/training/export.py` writes it.
#[derive(Debug, Deserialize)]
struct Config {
    format: String,
    name: String,
    sha256: String,
    dimensions: usize,
    preprocessing: Preprocessing,
    trunk: Trunk,
    hidden: usize,
    #[serde(default)]
    dev: Option<Dev>,
}

#[derive(Debug, Deserialize)]
struct Trunk {
    stem: Stem,
    blocks: Vec<BlockShape>,
    last: usize,
}

#[derive(Debug, Deserialize)]
struct Stem {
    kernel: usize,
    stride: usize,
    channels: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct BlockShape {
    kernel: usize,
    stride: usize,
    expansion: usize,
    r#in: usize,
    out: usize,
}

/// The loaded network.
pub struct EfficientNetLite {
    preprocessing: Preprocessing,
    stem: Stem,
    stem_weights: Dense,
    blocks: Vec<Block>,
    last: Dense,
    hidden: Dense,
    embedding: Dense,
    identity: String,
    dimensions: usize,
    chance: Chance,
}

/// Expand, filter each channel, project; the input is added where the shape stays.
struct Block {
    expand: Option<Dense>,
    depthwise: Depthwise,
    weights: Tensor,
    bias: Tensor,
    project: Dense,
    is_residual: bool,
}

impl EfficientNetLite {
    /// Loads `config.json` and `model.safetensors` from a folder, on the CPU in F32.
    ///
    /// # Errors
    /// [`ImageEncoderError`] names the file that can't be read, or the tensor that doesn't fit.
    pub fn load(folder: &Path) -> Result<Self, ImageEncoderError> {
        let path = folder.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let config: Config =
            serde_json::from_str(&text).map_err(|error| unreadable(&path, &error))?;
        if config.format != FORMAT {
            let reason = format!(
                "its format is {}, this version reads {FORMAT}",
                config.format
            );
            return Err(unreadable(&path, &reason));
        }
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let weights = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu)
            .map_err(|error| unreadable(&path, &error))?;
        Self::build(config, &weights).map_err(|error| ImageEncoderError::Weights(error.to_string()))
    }

    /// The network's inputs of some pictures: pictures, rows, pixels, channels.
    pub fn inputs(&self, pictures: &[Rgb]) -> Vec<f32> {
        self.preprocessing.inputs(pictures)
    }

    /// A unit vector for each picture whose inputs are given, all in one batch: the network without
    /// its preprocessing.
    ///
    /// # Errors
    /// [`ImageEncoderError::Network`] if the inputs are not whole pictures.
    pub fn embed_inputs(&self, inputs: Vec<f32>) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        let size = self.preprocessing.size;
        let pictures = inputs.len() / (size * size * CHANNELS).max(1);
        let shape = (pictures, size, size, CHANNELS);
        let inputs = Tensor::from_vec(inputs, shape, &Device::Cpu)?;
        Ok(self.forward(&inputs)?.to_vec2::<f32>()?)
    }

    /// The same under another identity: the one that its profile's manifest gives it.
    pub(super) fn named(mut self, identity: String) -> Self {
        self.identity = identity;
        self
    }

    fn build(config: Config, weights: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let trunk = config.trunk;
        let blocks: Vec<Block> = trunk
            .blocks
            .iter()
            .enumerate()
            .map(|(number, shape)| Block::load(*shape, &weights.pp(format!("blocks.{number}"))))
            .collect::<candle_core::Result<_>>()?;
        let before_last = trunk
            .blocks
            .last()
            .map_or(trunk.stem.channels, |shape| shape.out);
        let stem_weights = stem(&trunk.stem, &weights.pp("stem"))?;
        let last =
            Dense::load_convolution(before_last, trunk.last, Then::Relu6, &weights.pp("last"))?;
        let hidden = Dense::load(
            2 * trunk.last,
            config.hidden,
            Then::Relu,
            &weights.pp("fc1"),
        )?;
        let embedding = Dense::load(
            config.hidden,
            config.dimensions,
            Then::Nothing,
            &weights.pp("fc2"),
        )?;
        let version = config.sha256.get(..8).unwrap_or("unknown");
        Ok(Self {
            preprocessing: config.preprocessing,
            stem: trunk.stem,
            stem_weights,
            blocks,
            last,
            hidden,
            embedding,
            identity: format!("{}@{version}", config.name),
            dimensions: config.dimensions,
            chance: config.dev.as_ref().map(calibration::of).unwrap_or_default(),
        })
    }

    /// Inputs (pictures, rows, columns, 3) to unit vectors (pictures, dimensions).
    fn forward(&self, inputs: &Tensor) -> candle_core::Result<Tensor> {
        let mut values = self.stem(inputs)?;
        for block in &self.blocks {
            values = block.forward(&values)?;
        }
        let values = self.last.forward(&values)?;
        let (pictures, rows, columns, channels) = values.dims4()?;
        let values = values.reshape((pictures, rows * columns, channels))?;
        let pooled = Tensor::cat(&[values.mean(1)?, values.max(1)?], 1)?;
        let embeddings = self.embedding.forward(&self.hidden.forward(&pooled)?)?;
        let length = embeddings.sqr()?.sum_keepdim(1)?.sqrt()?;
        embeddings.broadcast_div(&length.clamp(1e-12_f32, f32::MAX)?)
    }

    /// The first convolution, as one product.
    fn stem(&self, inputs: &Tensor) -> candle_core::Result<Tensor> {
        let Stem { kernel, stride, .. } = self.stem;
        let under = patches(inputs, kernel, stride, Padding::Same)?;
        self.stem_weights.forward(&under)
    }
}

impl ImageEncoder for EfficientNetLite {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn chance(&self) -> Chance {
        self.chance
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        let mut vectors = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(BATCH) {
            vectors.extend(self.embed_inputs(self.inputs(batch))?);
        }
        Ok(vectors)
    }
}

/// The stem's weights (channels out, 3, kernel, kernel) as a matrix whose rows follow a patch.
fn stem(stem: &Stem, weights: &VarBuilder<'_>) -> candle_core::Result<Dense> {
    let shape = (stem.channels, CHANNELS, stem.kernel, stem.kernel);
    let matrix = weights.get(shape, "weight")?.permute((2, 3, 1, 0))?;
    let rows = stem.kernel * stem.kernel * CHANNELS;
    let matrix = matrix.contiguous()?.reshape((rows, stem.channels))?;
    let bias = weights.get(stem.channels, "bias")?;
    Ok(Dense::new(matrix, bias, Then::Relu6))
}

impl Block {
    fn load(shape: BlockShape, weights: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let inner = shape.r#in * shape.expansion;
        let expand = (shape.expansion != 1).then(|| {
            Dense::load_convolution(shape.r#in, inner, Then::Relu6, &weights.pp("expand"))
        });
        let depthwise = weights.pp("depthwise");
        let kernels = depthwise.get((inner, 1, shape.kernel, shape.kernel), "weight")?;
        let kernels = kernels.reshape((inner, shape.kernel * shape.kernel))?;
        Ok(Self {
            expand: expand.transpose()?,
            depthwise: Depthwise {
                kernel: shape.kernel,
                stride: shape.stride,
                padding: Padding::Same,
            },
            weights: kernels.t()?.contiguous()?,
            bias: depthwise.get(inner, "bias")?,
            project: Dense::load_convolution(
                inner,
                shape.out,
                Then::Nothing,
                &weights.pp("project"),
            )?,
            is_residual: shape.stride == 1 && shape.r#in == shape.out,
        })
    }

    fn forward(&self, values: &Tensor) -> candle_core::Result<Tensor> {
        let inner = match &self.expand {
            Some(expand) => &expand.forward(values)?,
            None => values,
        };
        let inner = inner.apply_op3_no_bwd(&self.weights, &self.bias, &self.depthwise)?;
        let output = self.project.forward(&inner)?;
        if self.is_residual {
            return values + output;
        }
        Ok(output)
    }
}

#[cfg(test)]
mod golden;
