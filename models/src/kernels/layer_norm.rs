//! Layer normalisation of a sum (Ba, Kiros and Hinton, arXiv:1607.06450): what comes after each half
//! of a transformer's layer.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use super::{AT_ONCE, contiguous, contiguous_mut};

/// Adds another tensor and normalises each row, in place.
pub(crate) struct AddNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl AddNorm {
    /// Reads `weight` and `bias` of `width` numbers.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub(crate) fn load(width: usize, epsilon: f64, weights: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: weights.get(width, "weight")?.to_vec1()?,
            bias: weights.get(width, "bias")?.to_vec1()?,
            epsilon: epsilon as f32,
        })
    }

    /// `values` (…, width) becomes the normalised sum of itself and `added`, of the same shape.
    ///
    /// # Errors
    /// The shapes don't fit.
    pub(crate) fn apply(&self, values: &Tensor, added: &Tensor) -> Result<()> {
        values.inplace_op2(added, self)
    }

    fn normalise(&self, row: &mut [f32]) {
        let width = row.len() as f32;
        let mean = row.iter().sum::<f32>() / width;
        for value in row.iter_mut() {
            *value -= mean;
        }
        let variance = row.iter().map(|value| value * value).sum::<f32>() / width;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for ((value, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
            *value = *value * scale * weight + bias;
        }
    }
}

impl InplaceOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "add-and-normalise"
    }

    fn cpu_fwd(
        &self,
        values: &mut CpuStorage,
        values_layout: &Layout,
        added: &CpuStorage,
        added_layout: &Layout,
    ) -> Result<()> {
        let width = self.weight.len();
        let added = contiguous(added, added_layout)?;
        let values = contiguous_mut(values, values_layout)?;
        if values.len() != added.len() || !values.len().is_multiple_of(width) {
            bail!("{} values and {} can't be added", values.len(), added.len());
        }
        let at_once = (AT_ONCE / width).max(1) * width;
        values
            .par_chunks_mut(at_once)
            .zip(added.par_chunks(at_once))
            .for_each(|(values, added)| {
                let rows = values.chunks_exact_mut(width);
                for (row, added) in rows.zip(added.chunks_exact(width)) {
                    for (value, added) in row.iter_mut().zip(added) {
                        *value += added;
                    }
                    self.normalise(row);
                }
            });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};
    use candle_nn::{LayerNorm, Module as _};

    #[test]
    fn a_sum_is_normalised_as_candle_does() -> Result<()> {
        let width = 24;
        let device = &Device::Cpu;
        let numbers = |shift: f32, count: usize| -> Vec<f32> {
            let number = |place: usize| ((place as f32 + shift) * 0.7).sin() * 3.0 + shift;
            (0..count).map(number).collect()
        };
        let values = Tensor::from_vec(numbers(1.0, 3 * width), (3, width), device)?;
        let added = Tensor::from_vec(numbers(2.0, 3 * width), (3, width), device)?;
        let weight = Tensor::from_vec(numbers(3.0, width), width, device)?;
        let bias = Tensor::from_vec(numbers(4.0, width), width, device)?;
        let theirs = LayerNorm::new(weight.clone(), bias.clone(), 1e-12);
        let theirs = theirs.forward(&(&values + &added)?)?;
        let named = [("weight".to_owned(), weight), ("bias".to_owned(), bias)];
        let weights = VarBuilder::from_tensors(named.into(), DType::F32, device);
        AddNorm::load(width, 1e-12, &weights)?.apply(&values, &added)?;
        let difference = (values - theirs)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(difference < 1e-4, "{difference}");
        Ok(())
    }
}
