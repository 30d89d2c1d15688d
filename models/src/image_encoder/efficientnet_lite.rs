//! EfficientNet-Lite (Tan and Le, arXiv:1905.11946, in its "lite" form: no squeeze-and-excitation,
//! `ReLU6`) with a head of two layers that ends in the text encoder's space. Batch normalisation is
//! folded into the weights. Values lie pixel by pixel, channels last: a convolution of one pixel is
//! then one product of matrices.

use std::path::Path;

use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Tensor, bail};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use serde::Deserialize;

use super::calibration::{self, Dev};
use super::depthwise::{Depthwise, same_padding};
use super::preprocess::{CHANNELS, Preprocessing};
use super::{ImageEncoder, ImageEncoderError, Rgb, unreadable};

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
    stem_weights: Pointwise,
    blocks: Vec<Block>,
    last: Pointwise,
    hidden: Pointwise,
    embedding: Pointwise,
    identity: String,
    dimensions: usize,
    chance: Option<f32>,
}

/// Expand, filter each channel, project; the input is added where the shape stays.
struct Block {
    expand: Option<Pointwise>,
    depthwise: Depthwise,
    weights: Tensor,
    bias: Tensor,
    project: Pointwise,
    is_residual: bool,
}

/// A product with a matrix, a bias, and what comes after.
struct Pointwise {
    /// (channels in, channels out).
    weights: Tensor,
    bias: Tensor,
    then: Then,
}

/// What follows a product.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    Relu,
    Relu6,
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
            Pointwise::convolution(before_last, trunk.last, Then::Relu6, &weights.pp("last"))?;
        let hidden = Pointwise::layer(
            2 * trunk.last,
            config.hidden,
            Then::Relu,
            &weights.pp("fc1"),
        )?;
        let embedding = Pointwise::layer(
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
            chance: config.dev.as_ref().and_then(calibration::of),
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

    /// The first convolution, as one product: the pixels under a kernel become a row.
    fn stem(&self, inputs: &Tensor) -> candle_core::Result<Tensor> {
        let (pictures, rows, columns, _) = inputs.dims4()?;
        let Stem { kernel, stride, .. } = self.stem;
        let (out_rows, top) = same_padding(rows, kernel, stride);
        let (out_columns, left) = same_padding(columns, kernel, stride);
        let values = inputs.flatten_all()?.to_vec1::<f32>()?;
        let width = kernel * kernel * CHANNELS;
        let mut under = vec![0.0_f32; pictures * out_rows * out_columns * width];
        under
            .par_chunks_exact_mut(out_columns * width)
            .enumerate()
            .for_each(|(number, out_row)| {
                let (picture, row) = (number / out_rows, number % out_rows);
                for (column, patch) in out_row.chunks_exact_mut(width).enumerate() {
                    for tap_row in 0..kernel {
                        let Some(y) = (row * stride + tap_row)
                            .checked_sub(top)
                            .filter(|y| *y < rows)
                        else {
                            continue;
                        };
                        for tap_column in 0..kernel {
                            let x = (column * stride + tap_column).checked_sub(left);
                            let Some(x) = x.filter(|x| *x < columns) else {
                                continue;
                            };
                            let from = ((picture * rows + y) * columns + x) * CHANNELS;
                            let to = (tap_row * kernel + tap_column) * CHANNELS;
                            patch[to..to + CHANNELS]
                                .copy_from_slice(&values[from..from + CHANNELS]);
                        }
                    }
                }
            });
        let shape = (pictures, out_rows, out_columns, width);
        self.stem_weights
            .forward(&Tensor::from_vec(under, shape, inputs.device())?)
    }
}

impl ImageEncoder for EfficientNetLite {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn chance(&self) -> Option<f32> {
        self.chance
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        let size = self.preprocessing.size;
        let mut vectors = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(BATCH) {
            let shape = (batch.len(), size, size, CHANNELS);
            let inputs = Tensor::from_vec(self.preprocessing.inputs(batch), shape, &Device::Cpu)?;
            vectors.extend(self.forward(&inputs)?.to_vec2::<f32>()?);
        }
        Ok(vectors)
    }
}

/// The stem's weights (channels out, 3, kernel, kernel) as a matrix whose rows follow a patch.
fn stem(stem: &Stem, weights: &VarBuilder<'_>) -> candle_core::Result<Pointwise> {
    let shape = (stem.channels, CHANNELS, stem.kernel, stem.kernel);
    let matrix = weights.get(shape, "weight")?.permute((2, 3, 1, 0))?;
    let rows = stem.kernel * stem.kernel * CHANNELS;
    Ok(Pointwise {
        weights: matrix.contiguous()?.reshape((rows, stem.channels))?,
        bias: weights.get(stem.channels, "bias")?,
        then: Then::Relu6,
    })
}

impl Block {
    fn load(shape: BlockShape, weights: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let inner = shape.r#in * shape.expansion;
        let expand = (shape.expansion != 1)
            .then(|| Pointwise::convolution(shape.r#in, inner, Then::Relu6, &weights.pp("expand")));
        let depthwise = weights.pp("depthwise");
        let kernels = depthwise.get((inner, 1, shape.kernel, shape.kernel), "weight")?;
        let kernels = kernels.reshape((inner, shape.kernel * shape.kernel))?;
        Ok(Self {
            expand: expand.transpose()?,
            depthwise: Depthwise {
                kernel: shape.kernel,
                stride: shape.stride,
            },
            weights: kernels.t()?.contiguous()?,
            bias: depthwise.get(inner, "bias")?,
            project: Pointwise::convolution(
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

impl Pointwise {
    /// A convolution of one pixel: weights (out, in, 1, 1).
    fn convolution(
        before: usize,
        after: usize,
        then: Then,
        weights: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        let matrix = weights.get((after, before, 1, 1), "weight")?;
        Self::new(&matrix.reshape((after, before))?, after, then, weights)
    }

    /// A layer: weights (out, in).
    fn layer(
        before: usize,
        after: usize,
        then: Then,
        weights: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        Self::new(
            &weights.get((after, before), "weight")?,
            after,
            then,
            weights,
        )
    }

    fn new(
        matrix: &Tensor,
        after: usize,
        then: Then,
        weights: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        Ok(Self {
            weights: matrix.t()?.contiguous()?,
            bias: weights.get(after, "bias")?,
            then,
        })
    }

    /// The product over the last dimension.
    fn forward(&self, values: &Tensor) -> candle_core::Result<Tensor> {
        let mut shape = values.dims().to_vec();
        let (before, after) = self.weights.dims2()?;
        let rows = values.elem_count() / before;
        let product = values.reshape((rows, before))?.matmul(&self.weights)?;
        product.inplace_op2(&self.bias, &AddBias(self.then))?;
        if let Some(last) = shape.last_mut() {
            *last = after;
        }
        product.reshape(shape)
    }
}

/// Adds a bias to each row and applies what follows, in place: one way through memory for both.
struct AddBias(Then);

impl InplaceOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        values: &mut CpuStorage,
        values_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (Some((start, end)), Some((from, to))) = (
            values_layout.contiguous_offsets(),
            bias_layout.contiguous_offsets(),
        ) else {
            bail!("a bias needs contiguous values");
        };
        let bias = &bias.as_slice::<f32>()?[from..to];
        let CpuStorage::F32(values) = values else {
            bail!("a bias needs F32 values");
        };
        let then = self.0;
        // Rows are short; a thread takes many.
        let rows_at_once = (65_536 / bias.len().max(1)).max(1);
        values[start..end]
            .par_chunks_mut(rows_at_once * bias.len())
            .for_each(|rows| {
                for row in rows.chunks_exact_mut(bias.len()) {
                    match then {
                        Then::Nothing => each(row, bias, |value| value),
                        Then::Relu => each(row, bias, |value| value.max(0.0)),
                        Then::Relu6 => each(row, bias, |value| value.clamp(0.0, 6.0)),
                    }
                }
            });
        Ok(())
    }
}

fn each(row: &mut [f32], bias: &[f32], then: impl Fn(f32) -> f32) {
    for (value, bias) in row.iter_mut().zip(bias) {
        *value = then(*value + bias);
    }
}
