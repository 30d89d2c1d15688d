//! MobileNetV2 (arXiv:1801.04381) up to the mean of its last map, out of `PyTorch`'s weights, with
//! batch normalisation folded in. Values lie pixel by pixel, channels last, as in the image encoder.

use std::collections::HashMap;

use candle_core::{Result, Tensor, bail};

use crate::kernels::{Dense, Depthwise, Padding, Then, patches};

/// Channels of a picture.
pub(super) const CHANNELS: usize = 3;
/// Numbers that a picture becomes.
pub(super) const FEATURES: usize = 1280;
/// Expansion, channels out, repeats and stride of the first: one line a stage.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
/// Channels after the first convolution.
const STEM: usize = 32;
const KERNEL: usize = 3;
/// Of the batch normalisation that is folded away.
const EPSILON: f64 = 1e-5;
const PADDING: Padding = Padding::Each(1);

type Weights = HashMap<String, Tensor>;

/// The network.
pub(super) struct MobileNetV2 {
    stem: Dense,
    blocks: Vec<Block>,
    last: Dense,
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

impl MobileNetV2 {
    /// Takes what it needs of a state dict with the names of torchvision's first version.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub(super) fn load(weights: &Weights) -> Result<Self> {
        let (matrix, bias) = folded(weights, "features.0", 0)?;
        let matrix = shaped(&matrix, &[STEM, CHANNELS, KERNEL, KERNEL])?;
        let matrix = matrix.permute((2, 3, 1, 0))?.contiguous()?;
        let matrix = matrix.reshape((KERNEL * KERNEL * CHANNELS, STEM))?;
        let stem = Dense::new(matrix, bias, Then::Relu6);
        let mut blocks = Vec::new();
        let mut before = STEM;
        for (expansion, after, repeats, stride) in STAGES {
            for repeat in 0..repeats {
                let stride = if repeat == 0 { stride } else { 1 };
                let prefix = format!("features.{}.conv", blocks.len() + 1);
                let shape = (expansion, stride, before, after);
                blocks.push(Block::load(weights, &prefix, shape)?);
                before = after;
            }
        }
        let last = format!("features.{}", blocks.len() + 1);
        let last = pointwise(weights, &last, 0, (before, FEATURES), Then::Relu6)?;
        Ok(Self { stem, blocks, last })
    }

    /// Inputs (pictures, rows, columns, 3) to features (pictures, [`FEATURES`]).
    ///
    /// # Errors
    /// The inputs are not pictures.
    pub(super) fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        let mut values = self.stem.forward(&patches(inputs, KERNEL, 2, PADDING)?)?;
        for block in &self.blocks {
            values = block.forward(&values)?;
        }
        let values = self.last.forward(&values)?;
        let (pictures, rows, columns, channels) = values.dims4()?;
        values
            .reshape((pictures, rows * columns, channels))?
            .mean(1)
    }
}

impl Block {
    /// `shape` is expansion, stride, channels in and out.
    fn load(
        weights: &Weights,
        prefix: &str,
        (expansion, stride, before, after): (usize, usize, usize, usize),
    ) -> Result<Self> {
        let inner = before * expansion;
        let mut place = 0;
        let mut expand = None;
        if expansion != 1 {
            let shape = (before, inner);
            expand = Some(pointwise(weights, prefix, place, shape, Then::Relu6)?);
            place = 3;
        }
        let (kernels, bias) = folded(weights, prefix, place)?;
        let kernels = shaped(&kernels, &[inner, 1, KERNEL, KERNEL])?;
        let kernels = kernels.reshape((inner, KERNEL * KERNEL))?;
        let shape = (inner, after);
        Ok(Self {
            expand,
            depthwise: Depthwise {
                kernel: KERNEL,
                stride,
                padding: PADDING,
            },
            weights: kernels.t()?.contiguous()?,
            bias,
            project: pointwise(weights, prefix, place + 3, shape, Then::Nothing)?,
            is_residual: stride == 1 && before == after,
        })
    }

    fn forward(&self, values: &Tensor) -> Result<Tensor> {
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

/// A convolution of one pixel, the `place`th of a sequence, with the normalisation after it.
fn pointwise(
    weights: &Weights,
    prefix: &str,
    place: usize,
    (before, after): (usize, usize),
    then: Then,
) -> Result<Dense> {
    let (matrix, bias) = folded(weights, prefix, place)?;
    let matrix = shaped(&matrix, &[after, before, 1, 1])?;
    let matrix = matrix.reshape((after, before))?.t()?.contiguous()?;
    Ok(Dense::new(matrix, bias, then))
}

/// Weight and bias of a convolution without a bias of its own, the `place`th of a sequence, and the
/// normalisation after it, in one.
fn folded(weights: &Weights, prefix: &str, place: usize) -> Result<(Tensor, Tensor)> {
    let convolution = format!("{prefix}.{place}");
    let norm = &format!("{prefix}.{}", place + 1);
    let kernels = named(weights, &convolution, "weight")?;
    let scale = named(weights, norm, "weight")?;
    let spread = (named(weights, norm, "running_var")? + EPSILON)?.sqrt()?;
    let scale = scale.div(&spread)?;
    let (after, ..) = kernels.dims4()?;
    if scale.dims() != [after] {
        bail!("{norm} does not fit {convolution}");
    }
    let moved = named(weights, norm, "running_mean")?.mul(&scale)?;
    let bias = named(weights, norm, "bias")?.sub(&moved)?;
    let kernels = kernels.broadcast_mul(&scale.reshape((after, 1, 1, 1))?)?;
    Ok((kernels, bias))
}

fn named<'a>(weights: &'a Weights, layer: &str, part: &str) -> Result<&'a Tensor> {
    let Some(tensor) = weights.get(&format!("{layer}.{part}")) else {
        bail!("there is no {layer}.{part}");
    };
    Ok(tensor)
}

fn shaped(tensor: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if tensor.dims() != shape {
        bail!("{:?} numbers in place of {shape:?}", tensor.dims());
    }
    Ok(tensor.clone())
}
