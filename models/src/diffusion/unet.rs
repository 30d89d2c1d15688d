//! The UNet (Ronneberger et al., arXiv:1505.04597, with attention to words: Rombach et al.,
//! arXiv:2112.10752) that tells noise from picture. What its outputs mean is the scheduler's affair.

mod plan;

use candle_core::{Device, Result, Tensor, bail};

pub(super) use plan::UnetPlan;

use super::part::Part;
use super::resnet::{Resnet, ResnetShape, downsampler, upsampler};
use super::transformer::{Transformer, TransformerShape};
use crate::joint_encoder::{JointError, Weights};
use crate::kernels::{Convolution, Dense, GroupNorm, Padding};

/// The slowest of the waves that tell the time has this many steps in a radian.
const SLOWEST: f32 = 10_000.0;

/// The loaded network.
pub(super) struct Unet {
    time: Time,
    first: Convolution,
    down: Vec<Level>,
    middle: [Resnet; 2],
    attention: Transformer,
    up: Vec<Level>,
    last_norm: GroupNorm,
    last: Convolution,
}

/// Waves of a time, and two layers.
struct Time {
    width: usize,
    first: Dense,
    second: Dense,
}

/// Resnets of one size, with a transformer after each or without, and the way to the next size.
struct Level {
    resnets: Vec<Resnet>,
    attentions: Vec<Transformer>,
    sampler: Option<Convolution>,
}

/// Keys and values of the words, for each transformer in the order of the network.
pub(super) type Words = Vec<Vec<Tensor>>;

/// What a resnet of this network has around it.
struct Loader<'a> {
    plan: &'a UnetPlan,
    /// Numbers of the time.
    time: usize,
}

impl Loader<'_> {
    fn resnet(
        &self,
        part: &Part<'_>,
        before: usize,
        after: usize,
    ) -> std::result::Result<Resnet, JointError> {
        let shape = ResnetShape {
            before,
            after,
            time: Some(self.time),
            epsilon: self.plan.epsilon,
        };
        Resnet::load(part, shape)
    }

    /// A transformer of one of the levels.
    fn transformer(
        &self,
        part: &Part<'_>,
        level: usize,
    ) -> std::result::Result<Transformer, JointError> {
        let shape = TransformerShape {
            channels: self.plan.widths[level],
            heads: self.plan.heads[level],
            blocks: self.plan.blocks,
            context: self.plan.context,
            is_linear: self.plan.is_linear,
        };
        Transformer::load(part, shape)
    }

    /// The resnets of a level, each with the channels that it gets, and its transformers.
    fn level(
        &self,
        part: &Part<'_>,
        level: usize,
        before: &[usize],
        attends: bool,
    ) -> std::result::Result<Level, JointError> {
        let after = self.plan.widths[level];
        let (mut resnets, mut attentions) = (Vec::new(), Vec::new());
        for (number, before) in before.iter().enumerate() {
            let part_of = |name: &str| part.at(format!("{name}.{number}"));
            resnets.push(self.resnet(&part_of("resnets"), *before, after)?);
            if attends {
                attentions.push(self.transformer(&part_of("attentions"), level)?);
            }
        }
        Ok(Level {
            resnets,
            attentions,
            sampler: None,
        })
    }

    fn down(&self, part: &Part<'_>, level: usize) -> std::result::Result<Level, JointError> {
        let widths = &self.plan.widths;
        let after = widths[level];
        let mut before = vec![after; self.plan.layers];
        before[0] = widths[level.saturating_sub(1)];
        let mut loaded = self.level(part, level, &before, self.plan.down[level])?;
        if level + 1 < widths.len() {
            loaded.sampler = Some(downsampler(part, after, Padding::Each(1))?);
        }
        Ok(loaded)
    }

    /// The level that is `number`th on the way up. Each of its resnets gets what was kept on the
    /// way down beside what comes from below.
    fn up(&self, part: &Part<'_>, number: usize) -> std::result::Result<Level, JointError> {
        let widths = &self.plan.widths;
        let level = widths.len() - 1 - number;
        let after = widths[level];
        // As many as the level has, from below and from beside; at the ends those of its neighbours.
        let mut before = vec![2 * after; self.plan.layers + 1];
        before[0] = after + widths[(level + 1).min(widths.len() - 1)];
        before[self.plan.layers] = after + widths[level.saturating_sub(1)];
        let mut loaded = self.level(part, level, &before, self.plan.up[number])?;
        if level > 0 {
            loaded.sampler = Some(upsampler(part, after)?);
        }
        Ok(loaded)
    }
}

impl Unet {
    /// Loads all tensors; none may be left over.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing, left over or of another shape.
    pub(super) fn load(
        plan: &UnetPlan,
        weights: &Weights,
    ) -> std::result::Result<Self, JointError> {
        let (part, widths) = (Part::whole(weights), &plan.widths);
        let (largest, smallest) = (widths[0], widths[widths.len() - 1]);
        let time = 4 * largest;
        let loader = Loader { plan, time };
        let levels = 0..widths.len();
        let down = levels
            .clone()
            .map(|level| loader.down(&part.at(format!("down_blocks.{level}")), level))
            .collect::<std::result::Result<_, _>>()?;
        let up = levels
            .map(|number| loader.up(&part.at(format!("up_blocks.{number}")), number))
            .collect::<std::result::Result<_, _>>()?;
        let (middle, embedding) = (part.at("mid_block"), part.at("time_embedding"));
        let loaded = Self {
            time: Time {
                width: largest,
                first: embedding.at("linear_1").dense([largest, time])?,
                second: embedding.at("linear_2").dense([time, time])?,
            },
            first: part.at("conv_in").three_by_three([plan.latent, largest])?,
            down,
            middle: [
                loader.resnet(&middle.at("resnets.0"), smallest, smallest)?,
                loader.resnet(&middle.at("resnets.1"), smallest, smallest)?,
            ],
            attention: loader.transformer(&middle.at("attentions.0"), widths.len() - 1)?,
            up,
            last_norm: part
                .at("conv_norm_out")
                .group_norm(largest, plan.epsilon, true)?,
            last: part.at("conv_out").three_by_three([largest, plan.latent])?,
        };
        match weights.unread("") {
            Some(name) => Err(JointError::Unexpected(name.to_owned())),
            None => Ok(loaded),
        }
    }

    /// What all transformers have of the words (pictures, tokens, context): it stays the same through
    /// a whole run.
    pub(super) fn words(&self, words: &Tensor) -> Result<Words> {
        let of_levels = |levels: &[Level]| -> Result<Words> {
            let attentions = levels.iter().flat_map(|level| &level.attentions);
            attentions.map(|attention| attention.words(words)).collect()
        };
        let mut all = of_levels(&self.down)?;
        all.push(self.attention.words(words)?);
        all.extend(of_levels(&self.up)?);
        Ok(all)
    }

    /// Latents (pictures, rows, columns, channels) at a time, under words, to what is predicted of
    /// them, of the same shape. Rows and columns must divide by two for each level but one.
    ///
    /// # Errors
    /// The words are those of another network, or the shape doesn't fit.
    pub(super) fn forward(
        &self,
        latents: &Tensor,
        time: f64,
        words: &[Vec<Tensor>],
    ) -> Result<Tensor> {
        let time = self.time.forward(time)?;
        let mut words = words.iter();
        let mut values = self.first.forward(latents)?;
        let mut kept = vec![values.clone()];
        for level in &self.down {
            for (number, resnet) in level.resnets.iter().enumerate() {
                values = resnet.forward(&values, Some(&time))?;
                values = level.attend(number, values, &mut words)?;
                kept.push(values.clone());
            }
            if let Some(sampler) = &level.sampler {
                values = sampler.forward(&values)?;
                kept.push(values.clone());
            }
        }
        let [before, after] = &self.middle;
        values = before.forward(&values, Some(&time))?;
        values = self.attention.forward(&values, next(&mut words)?)?;
        values = after.forward(&values, Some(&time))?;
        for level in &self.up {
            for (number, resnet) in level.resnets.iter().enumerate() {
                let Some(beside) = kept.pop() else {
                    bail!("nothing was kept for resnet {number} on the way up");
                };
                values = resnet.forward(&Tensor::cat(&[values, beside], 3)?, Some(&time))?;
                values = level.attend(number, values, &mut words)?;
            }
            if let Some(sampler) = &level.sampler {
                values = sampler.forward(&values)?;
            }
        }
        self.last.forward(&self.last_norm.forward(&values)?)
    }
}

impl Level {
    /// Through the transformer after a resnet, where there is one.
    fn attend<'a>(
        &self,
        number: usize,
        values: Tensor,
        words: &mut impl Iterator<Item = &'a Vec<Tensor>>,
    ) -> Result<Tensor> {
        match self.attentions.get(number) {
            Some(attention) => attention.forward(&values, next(words)?),
            None => Ok(values),
        }
    }
}

fn next<'a>(words: &mut impl Iterator<Item = &'a Vec<Tensor>>) -> Result<&'a [Tensor]> {
    match words.next() {
        Some(words) => Ok(words),
        None => bail!("the words are those of a smaller network"),
    }
}

impl Time {
    /// A step of the schedule, which may lie between two, to (1, numbers), through the unit that
    /// every resnet would apply to it.
    fn forward(&self, time: f64) -> Result<Tensor> {
        let half = self.width / 2;
        let angles = (0..half).map(|number| {
            let rate = (-SLOWEST.ln() * number as f32 / half as f32).exp();
            time as f32 * rate
        });
        let angles: Vec<f32> = angles.collect();
        let waves = angles.iter().map(|angle| angle.cos());
        let waves = waves.chain(angles.iter().map(|angle| angle.sin()));
        let waves = Tensor::from_iter(waves, &Device::Cpu)?.reshape((1, 2 * half))?;
        let inner = self.first.forward(&waves)?.silu()?;
        self.second.forward(&inner)?.silu()
    }
}
