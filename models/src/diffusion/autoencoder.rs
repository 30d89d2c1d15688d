//! The autoencoder between pictures and latents (Kingma and Welling, arXiv:1312.6114; Rombach et al.,
//! arXiv:2112.10752). Between its blocks it asks whether anybody still wants the picture.

mod plan;

use candle_core::Tensor;

pub(super) use plan::AutoencoderPlan;

use super::error::DiffusionError;
use super::part::Part;
use super::resnet::{Resnet, ResnetShape, downsampler, upsampler};
use crate::joint_encoder::{JointError, Weights};
use crate::kernels::{Convolution, CrossAttention, Dense, GroupNorm, Padding};

/// Of every norm.
const EPSILON: f64 = 1e-6;

/// The loaded network.
pub(super) struct Autoencoder {
    encoder: Half,
    /// Means and spreads of the latents.
    last: Option<Convolution>,
    first: Option<Convolution>,
    decoder: Half,
    scale: f64,
    latent: usize,
}

/// The way to latents, or from them.
struct Half {
    first: Convolution,
    levels: Vec<Level>,
    middle: Middle,
    last_norm: GroupNorm,
    last: Convolution,
    /// Whether the smallest map comes first.
    is_upward: bool,
}

/// Resnets of one size, and the way to the next.
struct Level {
    resnets: Vec<Resnet>,
    sampler: Option<Convolution>,
}

/// The smallest map.
struct Middle {
    before: Resnet,
    attention: Option<Attention>,
    after: Resnet,
}

/// All places look at all, with one head.
struct Attention {
    norm: GroupNorm,
    queries: Dense,
    keys: Dense,
    values: Dense,
    out: Dense,
}

fn resnet(part: &Part<'_>, before: usize, after: usize) -> Result<Resnet, JointError> {
    let shape = ResnetShape {
        before,
        after,
        time: None,
        epsilon: EPSILON,
    };
    Resnet::load(part, shape)
}

impl Attention {
    /// Reads today's names, or those of when Stable Diffusion 1 came out.
    fn load(part: &Part<'_>, channels: usize) -> Result<Self, JointError> {
        let names = if part.at("query").is_there() {
            ["query", "key", "value", "proj_attn"]
        } else {
            ["to_q", "to_k", "to_v", "to_out.0"]
        };
        let [queries, keys, values, out] = names.map(|name| part.at(name).dense([channels; 2]));
        Ok(Self {
            norm: part.at("group_norm").group_norm(channels, EPSILON, false)?,
            queries: queries?,
            keys: keys?,
            values: values?,
            out: out?,
        })
    }

    fn forward(&self, values: &Tensor) -> candle_core::Result<Tensor> {
        let (pictures, rows, columns, channels) = values.dims4()?;
        let places = self.norm.forward(values)?;
        let places = places.reshape((pictures, rows * columns, channels))?;
        let both = [self.keys.forward(&places)?, self.values.forward(&places)?];
        let queries = self.queries.forward(&places)?;
        let op = CrossAttention { heads: 1 };
        let seen = queries.apply_op2_no_bwd(&Tensor::cat(&both, 2)?, &op)?;
        let seen = self.out.forward(&seen)?;
        values + seen.reshape((pictures, rows, columns, channels))?
    }
}

impl Middle {
    fn load(part: &Part<'_>, channels: usize, has_attention: bool) -> Result<Self, JointError> {
        let attention = part.at("attentions.0");
        let attention = has_attention.then(|| Attention::load(&attention, channels));
        Ok(Self {
            before: resnet(&part.at("resnets.0"), channels, channels)?,
            attention: attention.transpose()?,
            after: resnet(&part.at("resnets.1"), channels, channels)?,
        })
    }

    fn forward(&self, values: &Tensor) -> candle_core::Result<Tensor> {
        let mut values = self.before.forward(values, None)?;
        if let Some(attention) = &self.attention {
            values = attention.forward(&values)?;
        }
        self.after.forward(&values, None)
    }
}

impl Half {
    fn encoder(part: &Part<'_>, plan: &AutoencoderPlan) -> Result<Self, JointError> {
        let widths = &plan.widths;
        let smallest = widths[widths.len() - 1];
        let level = |number: usize| {
            let part = part.at(format!("down_blocks.{number}"));
            let has_next = number + 1 < widths.len();
            let sampler = has_next.then(|| downsampler(&part, widths[number], Padding::Same));
            let before = widths[number.saturating_sub(1)];
            Level::load(&part, plan.layers, [before, widths[number]], sampler)
        };
        let levels = (0..widths.len()).map(level).collect::<Result<_, _>>()?;
        let output = [smallest, 2 * plan.latent];
        Ok(Self {
            first: part.at("conv_in").three_by_three([3, widths[0]])?,
            levels,
            middle: Middle::load(&part.at("mid_block"), smallest, plan.has_attention)?,
            last_norm: part
                .at("conv_norm_out")
                .group_norm(smallest, EPSILON, true)?,
            last: part.at("conv_out").three_by_three(output)?,
            is_upward: false,
        })
    }

    fn decoder(part: &Part<'_>, plan: &AutoencoderPlan) -> Result<Self, JointError> {
        let widths: Vec<usize> = plan.widths.iter().rev().copied().collect();
        let largest = widths[widths.len() - 1];
        let level = |number: usize| {
            let part = part.at(format!("up_blocks.{number}"));
            let has_next = number + 1 < widths.len();
            let sampler = has_next.then(|| upsampler(&part, widths[number]));
            let before = widths[number.saturating_sub(1)];
            Level::load(&part, plan.layers + 1, [before, widths[number]], sampler)
        };
        let levels = (0..widths.len()).map(level).collect::<Result<_, _>>()?;
        Ok(Self {
            first: part
                .at("conv_in")
                .three_by_three([plan.latent, widths[0]])?,
            levels,
            middle: Middle::load(&part.at("mid_block"), widths[0], plan.has_attention)?,
            last_norm: part
                .at("conv_norm_out")
                .group_norm(largest, EPSILON, true)?,
            last: part.at("conv_out").three_by_three([largest, 3])?,
            is_upward: true,
        })
    }

    /// One block after another, as long as somebody wants it.
    fn forward(
        &self,
        values: &Tensor,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Tensor, DiffusionError> {
        let mut values = self.first.forward(values)?;
        if self.is_upward {
            values = self.middle.forward(&values)?;
        }
        for level in &self.levels {
            for resnet in &level.resnets {
                wanted(is_cancelled)?;
                values = resnet.forward(&values, None)?;
            }
            if let Some(sampler) = &level.sampler {
                wanted(is_cancelled)?;
                values = sampler.forward(&values)?;
            }
        }
        if !self.is_upward {
            values = self.middle.forward(&values)?;
        }
        wanted(is_cancelled)?;
        Ok(self.last.forward(&self.last_norm.forward(&values)?)?)
    }
}

fn wanted(is_cancelled: &dyn Fn() -> bool) -> Result<(), DiffusionError> {
    if is_cancelled() {
        return Err(DiffusionError::Cancelled);
    }
    Ok(())
}

impl Level {
    fn load(
        part: &Part<'_>,
        count: usize,
        [before, after]: [usize; 2],
        sampler: Option<Result<Convolution, JointError>>,
    ) -> Result<Self, JointError> {
        let resnet = |number: usize| {
            let before = if number == 0 { before } else { after };
            resnet(&part.at(format!("resnets.{number}")), before, after)
        };
        Ok(Self {
            resnets: (0..count).map(resnet).collect::<Result<_, _>>()?,
            sampler: sampler.transpose()?,
        })
    }
}

impl Autoencoder {
    /// Loads all tensors; none may be left over.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing, left over or of another shape.
    pub(super) fn load(plan: &AutoencoderPlan, weights: &Weights) -> Result<Self, JointError> {
        let part = Part::whole(weights);
        let one_pixel = |name: &str, channels: usize| {
            let part = part.at(name);
            part.convolution([channels, channels], 1, 1, Padding::Each(0))
        };
        let last = plan
            .has_last
            .then(|| one_pixel("quant_conv", 2 * plan.latent));
        let first = plan
            .has_first
            .then(|| one_pixel("post_quant_conv", plan.latent));
        let loaded = Self {
            encoder: Half::encoder(&part.at("encoder"), plan)?,
            last: last.transpose()?,
            first: first.transpose()?,
            decoder: Half::decoder(&part.at("decoder"), plan)?,
            scale: plan.scale,
            latent: plan.latent,
        };
        match weights.unread("") {
            Some(name) => Err(JointError::Unexpected(name.to_owned())),
            None => Ok(loaded),
        }
    }

    /// Pictures (pictures, rows, columns, 3) in -1..1 to the means of their latents (pictures, rows,
    /// columns, channels), scaled for the diffusion.
    ///
    /// # Errors
    /// The sides don't divide by the factor.
    pub(super) fn encode(&self, pictures: &Tensor) -> Result<Tensor, DiffusionError> {
        let mut values = self.encoder.forward(pictures, &|| false)?;
        if let Some(last) = &self.last {
            values = last.forward(&values)?;
        }
        // What follows the means are the logarithms of variances.
        let means = values.narrow(3, 0, self.latent)?.contiguous()?;
        Ok((means * self.scale)?)
    }

    /// Latents as the diffusion has them to pictures, about -1..1.
    ///
    /// # Errors
    /// [`DiffusionError::Cancelled`] as soon as `is_cancelled` says so.
    pub(super) fn decode(
        &self,
        latents: &Tensor,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Tensor, DiffusionError> {
        wanted(is_cancelled)?;
        let mut values = (latents / self.scale)?;
        if let Some(first) = &self.first {
            values = first.forward(&values)?;
        }
        self.decoder.forward(&values, is_cancelled)
    }
}
