//! Convolution of each channel by itself, which candle would do as one convolution a channel. The
//! channels of a pixel lie beside each other, so the inner loop runs over them.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, bail};
use rayon::prelude::*;

use super::{Padding, contiguous};

/// A depthwise convolution with a bias, clamped to 0..6 (`ReLU6`). Arguments: values (pictures, rows,
/// columns, channels), weights (kernel * kernel, channels), bias (channels).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depthwise {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: Padding,
}

impl CustomOp3 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise-convolution"
    }

    fn cpu_fwd(
        &self,
        values: &CpuStorage,
        values_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (pictures, rows, columns, channels) = values_layout.shape().dims4()?;
        let values = contiguous(values, values_layout)?;
        let weights = contiguous(weights, weights_layout)?;
        let bias = contiguous(bias, bias_layout)?;
        if weights.len() != self.kernel * self.kernel * channels || bias.len() != channels {
            bail!("{} channels, but {} weights", channels, weights.len());
        }
        let (out_rows, top) = self.padding.along(rows, self.kernel, self.stride);
        let (out_columns, left) = self.padding.along(columns, self.kernel, self.stride);
        let mut output = vec![0.0_f32; pictures * out_rows * out_columns * channels];
        output
            .par_chunks_exact_mut(out_columns * channels)
            .enumerate()
            .for_each(|(number, out_row)| {
                let (picture, row) = (number / out_rows, number % out_rows);
                let picture =
                    &values[picture * rows * columns * channels..][..rows * columns * channels];
                let inside = taps(row * self.stride, top, self.kernel, rows);
                for (column, pixel) in out_row.chunks_exact_mut(channels).enumerate() {
                    pixel.copy_from_slice(bias);
                    for (tap_row, source_row) in inside.clone() {
                        let source =
                            &picture[source_row * columns * channels..][..columns * channels];
                        let across = taps(column * self.stride, left, self.kernel, columns);
                        for (tap_column, source_column) in across {
                            let source = &source[source_column * channels..][..channels];
                            let weight = &weights
                                [(tap_row * self.kernel + tap_column) * channels..][..channels];
                            for ((sum, value), weight) in pixel.iter_mut().zip(source).zip(weight) {
                                *sum += value * weight;
                            }
                        }
                    }
                    for value in pixel {
                        *value = value.clamp(0.0, 6.0);
                    }
                }
            });
        let shape = Shape::from((pictures, out_rows, out_columns, channels));
        Ok((CpuStorage::F32(output), shape))
    }
}

/// The places of a kernel that lie inside, each with the place in the source.
fn taps(
    start: usize,
    padding: usize,
    kernel: usize,
    length: usize,
) -> impl Iterator<Item = (usize, usize)> + Clone {
    let first = padding.saturating_sub(start);
    let last = kernel.min((length + padding).saturating_sub(start));
    (first..last).map(move |tap| (tap, start + tap - padding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// The same by candle, one convolution a channel.
    fn reference(values: &Tensor, weights: &Tensor, op: Depthwise) -> Tensor {
        let Depthwise {
            kernel,
            stride,
            padding,
        } = op;
        let (_, rows, columns, channels) = values.dims4().expect("four");
        let (out_rows, top) = padding.along(rows, kernel, stride);
        let (out_columns, left) = padding.along(columns, kernel, stride);
        let bottom = ((out_rows - 1) * stride + kernel).saturating_sub(rows + top);
        let right = ((out_columns - 1) * stride + kernel).saturating_sub(columns + left);
        let values = values.permute((0, 3, 1, 2)).expect("channels first");
        let values = values.pad_with_zeros(2, top, bottom).expect("padded");
        let values = values.pad_with_zeros(3, left, right).expect("padded");
        let weights = weights
            .t()
            .expect("channels first")
            .contiguous()
            .expect("a copy");
        let weights = weights
            .reshape((channels, 1, kernel, kernel))
            .expect("a kernel each");
        let values = values.contiguous().expect("a copy");
        let output = values
            .conv2d(&weights, 0, stride, 1, channels)
            .expect("convolved");
        let output = output.permute((0, 2, 3, 1)).expect("channels last");
        output.clamp(0.0_f32, 6.0).expect("clamped")
    }

    #[test]
    fn it_does_what_candle_does_channel_by_channel() {
        let device = Device::Cpu;
        for (kernel, stride, rows, columns, padding) in [
            (3, 1, 7, 9, Padding::Same),
            (3, 2, 8, 7, Padding::Same),
            (5, 2, 14, 14, Padding::Same),
            (5, 1, 3, 2, Padding::Same),
            (3, 1, 7, 9, Padding::Each(1)),
            (3, 2, 8, 7, Padding::Each(1)),
            (3, 2, 5, 1, Padding::Each(1)),
        ] {
            let values = Tensor::randn(0_f32, 1.0, (2, rows, columns, 6), &device).expect("values");
            let weights =
                Tensor::randn(0_f32, 1.0, (kernel * kernel, 6), &device).expect("weights");
            let bias = Tensor::zeros(6, candle_core::DType::F32, &device).expect("a bias");
            let op = Depthwise {
                kernel,
                stride,
                padding,
            };
            let ours = values
                .apply_op3_no_bwd(&weights, &bias, &op)
                .expect("convolved");
            let theirs = reference(&values, &weights, op);
            assert_eq!(ours.dims(), theirs.dims());
            let difference = (ours - theirs).expect("same shape").abs().expect("numbers");
            let most = difference
                .flatten_all()
                .expect("flat")
                .max(0)
                .expect("a number");
            let most: f32 = most.to_scalar().expect("one");
            assert!(
                most < 1e-4,
                "kernel {kernel}, stride {stride}, {padding:?}: {most}"
            );
        }
    }
}
