//! The tower of pictures: patches through a vision transformer to unit vectors.

use candle_core::{Device, Module as _, Tensor};
use candle_nn::{LayerNorm, Linear};

use super::error::JointError;
use super::picture::Preprocessing;
use super::plan::{AttentionNames, StackPlan, VisionPlan, VisionPool};
use super::resample::CHANNELS;
use super::transformer::{Attention, Head, Network, Stack, norm, unit};
use super::weights::Weights;
use crate::image_encoder::{ImageEncoder, ImageEncoderError, Rgb};

/// Most pictures that run at once.
const BATCH: usize = 16;
/// Most pairs of tokens that are looked at once, by all heads: 128 MB of them.
const PAIRS: usize = 1 << 25;

/// The half of an encoder that looks at pictures.
pub struct JointImageEncoder {
    preprocessing: Preprocessing,
    patch: usize,
    /// From a patch's pixels to a token.
    patches: Linear,
    /// (1, 1, width).
    class: Option<Tensor>,
    /// (tokens, width).
    positions: Tensor,
    norm_before: Option<LayerNorm>,
    stack: Stack,
    norm_after: LayerNorm,
    pool: Option<AttentionPool>,
    head: Head,
    batch: usize,
    dimensions: usize,
    identity: String,
}

/// A learnt question to all tokens, and a layer of its own.
struct AttentionPool {
    /// (1, 1, width).
    question: Tensor,
    attention: Attention,
    norm: LayerNorm,
    network: Network,
}

impl JointImageEncoder {
    /// Loads the tower's tensors.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing or wrong.
    pub(super) fn load(
        plan: &VisionPlan,
        preprocessing: Preprocessing,
        dimensions: usize,
        weights: &Weights,
        identity: String,
    ) -> Result<Self, JointError> {
        let (names, stack, patch) = (&plan.names, &plan.stack, plan.patch);
        let width = stack.width;
        let count = preprocessing.grid(patch).pow(2) + usize::from(names.class.is_some());
        let class_shape = if names.is_batched {
            vec![1, 1, width]
        } else {
            vec![width]
        };
        let class = names.class.as_ref();
        let class = class
            .map(|name| weights.get(name, &class_shape))
            .transpose()?;
        let positions = if names.is_batched {
            weights.get(&names.positions, &[1, count, width])?
        } else {
            weights.get(&names.positions, &[count, width])?
        };
        let norm_before = names.norm_before.as_ref();
        let norm_before = norm_before.map(|name| norm(weights, name, width, stack.epsilon));
        let pool = match &plan.pool {
            VisionPool::Class => None,
            VisionPool::Attention(prefix) => Some(AttentionPool::load(weights, prefix, stack)?),
        };
        let pairs = stack.heads * count * count;
        Ok(Self {
            patches: patches(plan, weights)?,
            class: class
                .map(|class| class.reshape((1, 1, width)))
                .transpose()?,
            positions: positions.reshape((count, width))?,
            norm_before: norm_before.transpose()?,
            stack: Stack::load(weights, stack)?,
            norm_after: norm(weights, &names.norm_after, width, stack.epsilon)?,
            pool,
            head: Head::load(weights, &plan.projection, [width, dimensions])?,
            batch: (PAIRS / pairs.max(1)).clamp(1, BATCH),
            preprocessing,
            patch,
            dimensions,
            identity,
        })
    }

    /// Patches (pictures, patches, pixels of a patch) to unit vectors (pictures, dimensions).
    fn forward(&self, patches: &Tensor) -> candle_core::Result<Tensor> {
        let mut tokens = self.patches.forward(patches)?;
        let (pictures, _, width) = tokens.dims3()?;
        if let Some(class) = &self.class {
            let class = class.broadcast_as((pictures, 1, width))?.contiguous()?;
            tokens = Tensor::cat(&[class, tokens], 1)?;
        }
        tokens = tokens.broadcast_add(&self.positions)?;
        if let Some(norm) = &self.norm_before {
            tokens = norm.forward(&tokens)?;
        }
        let tokens = self.stack.forward(tokens, None)?;
        let vectors = match &self.pool {
            Some(pool) => pool.forward(&self.norm_after.forward(&tokens)?)?,
            // The norm of one token needs no other.
            None => {
                let first = tokens.narrow(1, 0, 1)?.contiguous()?;
                self.norm_after
                    .forward(&first.reshape((pictures, width))?)?
            }
        };
        unit(&self.head.forward(&vectors)?)
    }

    /// One batch through the network.
    ///
    /// # Errors
    /// [`JointError::Network`].
    pub(super) fn embed_batch(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, JointError> {
        let count = self.preprocessing.grid(self.patch).pow(2);
        let shape = (pictures.len(), count, CHANNELS * self.patch * self.patch);
        let patches = self.preprocessing.patches(pictures, self.patch);
        let patches = Tensor::from_vec(patches, shape, &Device::Cpu)?;
        Ok(self.forward(&patches)?.to_vec2()?)
    }
}

/// The convolution that makes tokens of patches, as one layer: its kernel is as large as its step,
/// so no pixel counts twice.
fn patches(plan: &VisionPlan, weights: &Weights) -> Result<Linear, JointError> {
    let (width, patch, name) = (plan.stack.width, plan.patch, &plan.names.patches);
    let kernel = [width, CHANNELS, patch, patch];
    let kernel = weights.get(&format!("{name}.weight"), &kernel)?;
    let bias = plan.names.has_patch_bias;
    let bias = bias.then(|| weights.get(&format!("{name}.bias"), &[width]));
    let kernel = kernel.reshape((width, CHANNELS * patch * patch))?;
    Ok(Linear::new(kernel, bias.transpose()?))
}

impl AttentionPool {
    fn load(weights: &Weights, prefix: &str, stack: &StackPlan) -> Result<Self, JointError> {
        const NAMES: AttentionNames = AttentionNames::Joined {
            weight: "attention.in_proj_weight",
            bias: "attention.in_proj_bias",
        };
        let width = stack.width;
        let whole = |name: &str| format!("{prefix}{name}");
        let (sizes, out) = ([width, stack.heads], "attention.out_proj");
        Ok(Self {
            question: weights.get(&whole("probe"), &[1, 1, width])?,
            attention: Attention::load(weights, &NAMES, prefix, out, sizes)?,
            norm: norm(weights, &whole("layernorm"), width, stack.epsilon)?,
            network: Network::load(
                weights,
                [&whole("mlp.fc1"), &whole("mlp.fc2")],
                [width, stack.inner, width],
                true,
                stack.activation,
            )?,
        })
    }

    /// Tokens (pictures, tokens, width) to vectors (pictures, width).
    fn forward(&self, tokens: &Tensor) -> candle_core::Result<Tensor> {
        let (pictures, _, width) = tokens.dims3()?;
        let question = self.question.broadcast_as((pictures, 1, width))?;
        let seen = self
            .attention
            .forward(&question.contiguous()?, tokens, None)?;
        let thought = self.network.forward(&self.norm.forward(&seen)?)?;
        (seen + thought)?.reshape((pictures, width))
    }
}

impl ImageEncoder for JointImageEncoder {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        let mut vectors = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(self.batch) {
            vectors.extend(self.embed_batch(batch)?);
        }
        Ok(vectors)
    }
}
