//! Group normalisation (Wu and He, arXiv:1803.08494) where the channels of a pixel lie beside each
//! other, with the unit that follows it in the same way through memory.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::elementary::silu;
use super::{AT_ONCE, contiguous};

/// Numbers that are summed in one go: few enough for F32, and the same whatever the threads are, so
/// that sums come out the same to the last bit.
const SUMMED: usize = 16_384;

/// Normalises groups of channels of each picture. Pictures come first, channels last.
pub(crate) struct GroupNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    groups: usize,
    epsilon: f32,
    has_unit: bool,
}

impl GroupNorm {
    /// `weight` and `bias` (channels), in so many groups. With `has_unit` a sigmoid linear unit
    /// follows.
    ///
    /// # Errors
    /// The groups don't divide the channels.
    pub(crate) fn new(
        weight: &Tensor,
        bias: &Tensor,
        groups: usize,
        epsilon: f64,
        has_unit: bool,
    ) -> Result<Self> {
        let weight = weight.to_vec1::<f32>()?;
        let bias = bias.to_vec1::<f32>()?;
        if groups == 0 || !weight.len().is_multiple_of(groups) || bias.len() != weight.len() {
            bail!("{groups} groups don't divide {} channels", weight.len());
        }
        Ok(Self {
            weight,
            bias,
            groups,
            epsilon: epsilon as f32,
            has_unit,
        })
    }

    /// Values (pictures, …, channels) to values of the same shape.
    ///
    /// # Errors
    /// The values have other channels.
    pub(crate) fn forward(&self, values: &Tensor) -> Result<Tensor> {
        values.apply_op1_no_bwd(self)
    }

    /// What each channel of a picture is multiplied with, and what is added then.
    fn factors(&self, picture: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.weight.len();
        let each = channels / self.groups;
        let count = (picture.len() / self.groups) as f64;
        // A sum a channel to one a group, spread over the group's channels again.
        let of_groups = |sums: Vec<f64>| -> Vec<f64> {
            let groups = sums.chunks_exact(each);
            let sums = groups.map(|group| group.iter().sum::<f64>() / count);
            sums.flat_map(|mean| std::iter::repeat_n(mean, each))
                .collect()
        };
        let none = vec![0.0; channels];
        let means = of_groups(sums(picture, &none, |value, _| value));
        let centres: Vec<f32> = means.iter().map(|mean| *mean as f32).collect();
        let squared = |value: f32, centre: f32| (value - centre) * (value - centre);
        let variances = of_groups(sums(picture, &centres, squared));
        let spreads = variances
            .iter()
            .map(|variance| 1.0 / (*variance as f32 + self.epsilon).sqrt());
        let factors: Vec<f32> = spreads
            .zip(&self.weight)
            .map(|(spread, weight)| spread * weight)
            .collect();
        let shifts = self.bias.iter().zip(&centres).zip(&factors);
        let shifts = shifts.map(|((bias, centre), factor)| bias - centre * factor);
        let shifts = shifts.collect();
        (factors, shifts)
    }
}

/// The sum of a function of each channel's values and of its centre.
fn sums(picture: &[f32], centres: &[f32], of: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f64> {
    let channels = centres.len();
    let at_once = (SUMMED / channels).max(1) * channels;
    let parts: Vec<Vec<f32>> = picture
        .par_chunks(at_once)
        .map(|pixels| {
            let mut sums = vec![0.0_f32; channels];
            for pixel in pixels.chunks_exact(channels) {
                for ((sum, value), centre) in sums.iter_mut().zip(pixel).zip(centres) {
                    *sum += of(*value, *centre);
                }
            }
            sums
        })
        .collect();
    let mut total = vec![0.0_f64; channels];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += f64::from(part);
        }
    }
    total
}

impl CustomOp1 for GroupNorm {
    fn name(&self) -> &'static str {
        "group-norm"
    }

    fn cpu_fwd(&self, values: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (dimensions, channels) = (layout.dims(), self.weight.len());
        let pictures = dimensions.first().copied().unwrap_or_default();
        if dimensions.len() < 2 || dimensions.last() != Some(&channels) {
            bail!("{dimensions:?} doesn't end with {channels} channels");
        }
        let values = contiguous(values, layout)?;
        let mut output = vec![0.0_f32; values.len()];
        let size = (values.len() / pictures.max(1)).max(1);
        let at_once = (AT_ONCE / channels).max(1) * channels;
        let pairs = values.chunks_exact(size).zip(output.chunks_exact_mut(size));
        for (picture, output) in pairs {
            let (factors, shifts) = self.factors(picture);
            output
                .par_chunks_mut(at_once)
                .zip(picture.par_chunks(at_once))
                .for_each(|(output, pixels)| {
                    if self.has_unit {
                        scaled(output, pixels, &factors, &shifts, silu);
                    } else {
                        scaled(output, pixels, &factors, &shifts, |value| value);
                    }
                });
        }
        Ok((CpuStorage::F32(output), layout.shape().clone()))
    }
}

#[inline(always)]
fn scaled(
    output: &mut [f32],
    pixels: &[f32],
    factors: &[f32],
    shifts: &[f32],
    then: impl Fn(f32) -> f32,
) {
    let channels = factors.len();
    let pairs = output.chunks_exact_mut(channels);
    for (output, pixel) in pairs.zip(pixels.chunks_exact(channels)) {
        let places = output.iter_mut().zip(pixel).zip(factors).zip(shifts);
        for (((output, value), factor), shift) in places {
            *output = then(value * factor + shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};
    use candle_nn::Module as _;

    #[test]
    fn it_does_what_candle_does_channels_first() -> Result<()> {
        let device = &Device::Cpu;
        // Large enough for several sums, and far from zero.
        let values = (Tensor::randn(0_f32, 2.0, (2, 60, 40, 12), device)? + 5.0)?;
        let weight = Tensor::randn(0_f32, 1.0, 12, device)?;
        let bias = Tensor::randn(0_f32, 1.0, 12, device)?;
        let theirs = candle_nn::GroupNorm::new(weight.clone(), bias.clone(), 12, 4, 1e-5)?;
        let theirs = theirs.forward(&values.permute((0, 3, 1, 2))?.contiguous()?)?;
        let theirs = theirs.permute((0, 2, 3, 1))?.contiguous()?;
        for (has_unit, theirs) in [(false, theirs.clone()), (true, theirs.silu()?)] {
            let ours = GroupNorm::new(&weight, &bias, 4, 1e-5, has_unit)?;
            let ours = ours.forward(&values)?;
            let most = (ours - theirs)?.abs()?.max_all()?.to_scalar::<f32>()?;
            assert!(most < 1e-4, "{has_unit}: {most}");
        }
        Ok(())
    }

    #[test]
    fn groups_that_do_not_divide_the_channels_are_refused() -> Result<()> {
        let ones = Tensor::ones(12, DType::F32, &Device::Cpu)?;
        for groups in [0, 5] {
            let error = GroupNorm::new(&ones, &ones, groups, 1e-5, false).err();
            let error = error.expect("refused").to_string();
            assert!(error.contains("12 channels"), "{error}");
        }
        let norm = GroupNorm::new(&ones, &ones, 4, 1e-5, false)?;
        assert!(
            norm.forward(&Tensor::ones((1, 3, 24), DType::F32, &Device::Cpu)?)
                .is_err()
        );
        Ok(())
    }
}
