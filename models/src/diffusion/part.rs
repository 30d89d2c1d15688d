//! A part of a network's weights, and the layers that are made of them. Names and shapes are those
//! of diffusers.

use std::fmt::Display;

use candle_core::Tensor;
use candle_nn::LayerNorm;

use crate::joint_encoder::{JointError, Weights};
use crate::kernels::{Convolution, Dense, GroupNorm, Padding, Then};

/// Groups of every group norm. Real folders have no other count.
pub(super) const GROUPS: usize = 32;
/// Added to a variance before it divides, in every norm over places.
const EPSILON: f64 = 1e-5;

/// The tensors whose names begin alike.
pub(super) struct Part<'a> {
    weights: &'a Weights,
    /// With a point at its end, or empty.
    prefix: String,
}

impl<'a> Part<'a> {
    /// All of them.
    pub(super) fn whole(weights: &'a Weights) -> Self {
        Self {
            weights,
            prefix: String::new(),
        }
    }

    /// Those of one part of this part.
    pub(super) fn at(&self, name: impl Display) -> Self {
        Self {
            weights: self.weights,
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    /// Whether it has tensors.
    pub(super) fn is_there(&self) -> bool {
        self.weights.has(&self.prefix)
    }

    /// One tensor in F32.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing or has another shape.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, JointError> {
        self.weights.get(&format!("{}{name}", self.prefix), shape)
    }

    /// A convolution of `[in, out]` channels whose outputs are `stride` pixels apart.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn convolution(
        &self,
        [before, after]: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Convolution, JointError> {
        let weights = self.get("weight", &[after, before, kernel, kernel])?;
        let bias = self.get("bias", &[after])?;
        Ok(Convolution::new(&weights, bias, stride, padding)?)
    }

    /// The usual one: three by three pixels, as many out as in.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn three_by_three(&self, channels: [usize; 2]) -> Result<Convolution, JointError> {
        self.convolution(channels, 3, 1, Padding::Each(1))
    }

    /// A group norm; with `has_unit` a sigmoid linear unit follows.
    ///
    /// # Errors
    /// As [`Self::get`], or if the channels are no multiple of the groups.
    pub(super) fn group_norm(
        &self,
        channels: usize,
        epsilon: f64,
        has_unit: bool,
    ) -> Result<GroupNorm, JointError> {
        let weight = self.get("weight", &[channels])?;
        let bias = self.get("bias", &[channels])?;
        let norm = GroupNorm::new(&weight, &bias, GROUPS, epsilon, has_unit)?;
        Ok(norm)
    }

    /// A norm over the last dimension.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn layer_norm(&self, channels: usize) -> Result<LayerNorm, JointError> {
        let weight = self.get("weight", &[channels])?;
        let bias = self.get("bias", &[channels])?;
        Ok(LayerNorm::new(weight, bias, EPSILON))
    }

    /// A layer of `[in, out]` channels with a bias.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn dense(&self, channels: [usize; 2]) -> Result<Dense, JointError> {
        let bias = self.get("bias", &[channels[1]])?;
        Ok(Dense::new(self.matrix(channels)?, bias, Then::Nothing))
    }

    /// A layer that may be a convolution of one pixel: in this order of numbers they are the same.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn pointwise(
        &self,
        [before, after]: [usize; 2],
        is_convolution: bool,
    ) -> Result<Dense, JointError> {
        if !is_convolution {
            return self.dense([before, after]);
        }
        let weights = self.get("weight", &[after, before, 1, 1])?;
        let matrix = weights.reshape((after, before))?.t()?.contiguous()?;
        let bias = self.get("bias", &[after])?;
        Ok(Dense::new(matrix, bias, Then::Nothing))
    }

    /// The weights of a layer without a bias, as (in, out).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn matrix(&self, [before, after]: [usize; 2]) -> Result<Tensor, JointError> {
        Ok(self.get("weight", &[after, before])?.t()?.contiguous()?)
    }
}
