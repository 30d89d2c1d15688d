//! GEGLU (Shazeer, arXiv:2002.05202): a layer whose second half, through a Gaussian error linear
//! unit, gates its first.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::elementary::gelu;
use super::{AT_ONCE, contiguous};

/// The layer: twice as many outputs are computed as come out.
pub(crate) struct Gated {
    /// (channels in, 2 * channels out).
    weights: Tensor,
    /// (2 * channels out).
    bias: Tensor,
}

/// Adds the bias and gates.
struct Gate;

impl Gated {
    /// Weights as `PyTorch` has them (2 * channels out, channels in), and a bias (2 * channels out).
    ///
    /// # Errors
    /// The weights are no matrix.
    pub(crate) fn new(weights: &Tensor, bias: Tensor) -> Result<Self> {
        let weights = weights.t()?.contiguous()?;
        Ok(Self { weights, bias })
    }

    /// (…, channels in) to (…, channels out).
    ///
    /// # Errors
    /// The values have other channels.
    pub(crate) fn forward(&self, values: &Tensor) -> Result<Tensor> {
        let mut shape = values.dims().to_vec();
        let (before, both) = self.weights.dims2()?;
        let rows = values.elem_count() / before.max(1);
        let product = values.reshape((rows, before))?.matmul(&self.weights)?;
        let gated = product.apply_op2_no_bwd(&self.bias, &Gate)?;
        if let Some(last) = shape.last_mut() {
            *last = both / 2;
        }
        gated.reshape(shape)
    }
}

impl CustomOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        values: &CpuStorage,
        values_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, both) = values_layout.shape().dims2()?;
        let values = contiguous(values, values_layout)?;
        let bias = contiguous(bias, bias_layout)?;
        let after = both / 2;
        if after == 0 || both != 2 * after || bias.len() != both {
            bail!("{both} channels have no two halves with a bias");
        }
        let (bias, bias_of_gate) = bias.split_at(after);
        let mut output = vec![0.0_f32; rows * after];
        let at_once = (AT_ONCE / both).max(1);
        output
            .par_chunks_mut(at_once * after)
            .zip(values.par_chunks(at_once * both))
            .for_each(|(output, values)| {
                let rows = output.chunks_exact_mut(after);
                for (output, row) in rows.zip(values.chunks_exact(both)) {
                    let (row, gates) = row.split_at(after);
                    let values = row.iter().zip(bias);
                    let gates = gates.iter().zip(bias_of_gate);
                    for (output, ((value, bias), (gate, more))) in
                        output.iter_mut().zip(values.zip(gates))
                    {
                        *output = (value + bias) * gelu(gate + more);
                    }
                }
            });
        Ok((CpuStorage::F32(output), Shape::from((rows, after))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_second_half_gates_the_first() -> Result<()> {
        let device = &Device::Cpu;
        let values = Tensor::randn(0_f32, 1.0, (2, 3, 6), device)?;
        let weights = Tensor::randn(0_f32, 1.0, (10, 6), device)?;
        let bias = Tensor::randn(0_f32, 1.0, 10, device)?;
        let rows = values.reshape((6, 6))?.matmul(&weights.t()?)?;
        let rows = rows.broadcast_add(&bias)?;
        let theirs = (rows.narrow(1, 0, 5)? * rows.narrow(1, 5, 5)?.gelu_erf()?)?;
        let ours = Gated::new(&weights, bias)?.forward(&values)?;
        assert_eq!(ours.dims(), [2, 3, 5]);
        let ours = ours.reshape((6, 5))?;
        let most = (ours - theirs)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(most < 1e-5, "{most}");
        Ok(())
    }
}
