//! A product with a matrix, a bias, and what comes after, the last two in one way through memory.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use super::elementary::gelu;
use super::{AT_ONCE, contiguous, contiguous_mut};

/// What follows a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// Negative numbers become 0.
    Relu,
    /// Clamped to 0..6.
    Relu6,
    /// The Gaussian error linear unit, exact.
    Gelu,
}

/// A layer over the last dimension of its input.
pub(crate) struct Dense {
    /// (channels in, channels out), row by row: the form that needs no packing.
    weights: Tensor,
    bias: Tensor,
    then: Then,
}

impl Dense {
    /// Weights (channels in, channels out) and bias (channels out).
    pub(crate) fn new(weights: Tensor, bias: Tensor, then: Then) -> Self {
        Self {
            weights,
            bias,
            then,
        }
    }

    /// Reads `weight` (out, in) and `bias` (out).
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub(crate) fn load(
        before: usize,
        after: usize,
        then: Then,
        weights: &VarBuilder<'_>,
    ) -> Result<Self> {
        let matrix = weights.get((after, before), "weight")?;
        let bias = weights.get(after, "bias")?;
        Ok(Self::new(matrix.t()?.contiguous()?, bias, then))
    }

    /// Reads a convolution of one pixel: `weight` (out, in, 1, 1) and `bias` (out).
    ///
    /// # Errors
    /// As [`Dense::load`].
    pub(crate) fn load_convolution(
        before: usize,
        after: usize,
        then: Then,
        weights: &VarBuilder<'_>,
    ) -> Result<Self> {
        let matrix = weights.get((after, before, 1, 1), "weight")?;
        let matrix = matrix.reshape((after, before))?;
        let bias = weights.get(after, "bias")?;
        Ok(Self::new(matrix.t()?.contiguous()?, bias, then))
    }

    /// (…, channels in) to (…, channels out).
    ///
    /// # Errors
    /// The input has another number of channels.
    pub(crate) fn forward(&self, values: &Tensor) -> Result<Tensor> {
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

/// Adds a bias to each row and applies what follows, in place.
pub(super) struct AddBias(pub(super) Then);

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
    ) -> Result<()> {
        let bias = contiguous(bias, bias_layout)?;
        let values = contiguous_mut(values, values_layout)?;
        let then = self.0;
        let rows_at_once = (AT_ONCE / bias.len().max(1)).max(1);
        values
            .par_chunks_mut(rows_at_once * bias.len())
            .for_each(|rows| {
                for row in rows.chunks_exact_mut(bias.len()) {
                    match then {
                        Then::Nothing => each(row, bias, |value| value),
                        Then::Relu => each(row, bias, |value| value.max(0.0)),
                        Then::Relu6 => each(row, bias, |value| value.clamp(0.0, 6.0)),
                        Then::Gelu => each(row, bias, gelu),
                    }
                }
            });
        Ok(())
    }
}

#[inline(always)]
fn each(row: &mut [f32], bias: &[f32], then: impl Fn(f32) -> f32) {
    for (value, bias) in row.iter_mut().zip(bias) {
        *value = then(*value + bias);
    }
}
