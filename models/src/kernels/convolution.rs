//! Convolution where the channels of a pixel lie beside each other. What each output sees becomes a
//! row, and the rows are multiplied with the weights: a band of them at a time, so that they stay in
//! the caches and large pictures take no more memory than small ones.

use std::cell::RefCell;

use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::dense::{AddBias, Then};
use super::{Padding, contiguous, contiguous_mut};

/// Numbers of a band.
const BAND: usize = 1 << 19;

thread_local! {
    /// The last band's memory: cleared once, not for each convolution. It is taken out while it is
    /// used, for a thread that waits for others may begin something else meanwhile.
    static SCRATCH: RefCell<Option<Tensor>> = const { RefCell::new(None) };
}

/// A convolution with a square kernel and a bias.
pub(crate) struct Convolution {
    /// (kernel * kernel * channels in, channels out): the rows follow what an output sees.
    weights: Tensor,
    bias: Tensor,
    kernel: usize,
    stride: usize,
    padding: Padding,
    is_doubled: bool,
}

/// Fills rows with what some outputs see.
struct Gather {
    /// Row of outputs that comes first, counted through all pictures.
    first: usize,
    kernel: usize,
    stride: usize,
    is_doubled: bool,
    /// Padding above and on the left.
    before: [usize; 2],
    /// Rows and columns of the outputs.
    outputs: [usize; 2],
    /// Rows, columns and channels of a picture.
    inputs: [usize; 3],
}

impl Convolution {
    /// Weights as `PyTorch` has them (channels out, channels in, kernel, kernel), and a bias
    /// (channels out).
    ///
    /// # Errors
    /// The weights have another number of lengths.
    pub(crate) fn new(
        weights: &Tensor,
        bias: Tensor,
        stride: usize,
        padding: Padding,
    ) -> Result<Self> {
        let (after, before, kernel, _) = weights.dims4()?;
        let rows = weights.permute((2, 3, 1, 0))?.contiguous()?;
        Ok(Self {
            weights: rows.reshape((kernel * kernel * before, after))?,
            bias,
            kernel,
            stride,
            padding,
            is_doubled: false,
        })
    }

    /// The same over pictures that are twice as wide and high: each pixel is seen as two by two.
    pub(crate) fn doubled(mut self) -> Self {
        self.is_doubled = true;
        self
    }

    /// Inputs (pictures, rows, columns, channels in) to (pictures, rows, columns, channels out).
    ///
    /// # Errors
    /// The inputs don't fit the weights.
    pub(crate) fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        self.with_bias(inputs, &self.bias)
    }

    /// The same with some more added to each channel: `more` (channels out).
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_raised(&self, inputs: &Tensor, more: &Tensor) -> Result<Tensor> {
        self.with_bias(inputs, &(&self.bias + more)?)
    }

    fn with_bias(&self, inputs: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let (pictures, rows, columns, channels) = inputs.dims4()?;
        let (width, after) = self.weights.dims2()?;
        if self.kernel * self.kernel * channels != width {
            bail!("{channels} channels don't fit weights for {width} numbers");
        }
        let seen: usize = if self.is_doubled { 2 } else { 1 };
        let along = |length: usize| self.padding.along(seen * length, self.kernel, self.stride);
        let ((out_rows, top), (out_columns, left)) = (along(rows), along(columns));
        let shape = (pictures, out_rows, out_columns, after);
        let is_plain = self.kernel == 1 && self.stride == 1 && !self.is_doubled;
        if is_plain && top + left == 0 {
            let pixels = inputs.reshape((pictures * rows * columns, channels))?;
            return self.product(&pixels, bias)?.reshape(shape);
        }
        let total = pictures * out_rows;
        let at_once = (BAND / (out_columns * width).max(1)).clamp(1, total.max(1));
        let scratch = scratch(at_once * out_columns * width)?;
        let mut parts = Vec::with_capacity(total.div_ceil(at_once));
        for first in (0..total).step_by(at_once) {
            let count = at_once.min(total - first);
            let pixels = count * out_columns;
            let under = scratch.narrow(0, 0, pixels * width)?;
            let under = under.reshape((pixels, width))?;
            let gather = Gather {
                first,
                kernel: self.kernel,
                stride: self.stride,
                is_doubled: self.is_doubled,
                before: [top, left],
                outputs: [out_rows, out_columns],
                inputs: [rows, columns, channels],
            };
            under.inplace_op2(inputs, &gather)?;
            parts.push(self.product(&under, bias)?);
        }
        SCRATCH.set(Some(scratch));
        Tensor::cat(&parts, 0)?.reshape(shape)
    }

    fn product(&self, rows: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let product = rows.matmul(&self.weights)?;
        product.inplace_op2(bias, &AddBias(Then::Nothing))?;
        Ok(product)
    }
}

/// Memory for at least so many numbers, whatever they are.
fn scratch(numbers: usize) -> Result<Tensor> {
    match SCRATCH.take() {
        Some(kept) if kept.elem_count() >= numbers => Ok(kept),
        _ => Tensor::zeros(numbers, DType::F32, &Device::Cpu),
    }
}

impl Gather {
    /// What one output of a picture sees, row by row of the kernel; zeros outside of the picture.
    fn fill(&self, picture: &[f32], [row, column]: [usize; 2], under: &mut [f32]) {
        let [rows, columns, channels] = self.inputs;
        let [top, left] = self.before;
        let source = |line: usize, place: usize| {
            let (line, place) = if self.is_doubled {
                (line / 2, place / 2)
            } else {
                (line, place)
            };
            (line * columns + place) * channels
        };
        let seen: usize = if self.is_doubled { 2 } else { 1 };
        let inside = |place: usize, before: usize, length: usize| {
            place
                .checked_sub(before)
                .filter(|place| *place < seen * length)
        };
        let across = self.kernel * channels;
        let first = inside(column * self.stride, left, columns);
        let last = inside(column * self.stride + self.kernel - 1, left, columns);
        for (tap, under) in under.chunks_exact_mut(across).enumerate() {
            let Some(line) = inside(row * self.stride + tap, top, rows) else {
                under.fill(0.0);
                continue;
            };
            // Pixels beside each other lie beside each other.
            if let (Some(first), Some(_), false) = (first, last, self.is_doubled) {
                let from = source(line, first);
                under.copy_from_slice(&picture[from..from + across]);
                continue;
            }
            for (tap, under) in under.chunks_exact_mut(channels).enumerate() {
                match inside(column * self.stride + tap, left, columns) {
                    Some(place) => {
                        let from = source(line, place);
                        under.copy_from_slice(&picture[from..from + channels]);
                    }
                    None => under.fill(0.0),
                }
            }
        }
    }
}

impl InplaceOp2 for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn cpu_fwd(
        &self,
        under: &mut CpuStorage,
        under_layout: &Layout,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
    ) -> Result<()> {
        let inputs = contiguous(inputs, inputs_layout)?;
        let under = contiguous_mut(under, under_layout)?;
        let [rows, columns, channels] = self.inputs;
        let [out_rows, out_columns] = self.outputs;
        let size = rows * columns * channels;
        let width = self.kernel * self.kernel * channels;
        under
            .par_chunks_exact_mut((out_columns * width).max(1))
            .enumerate()
            .for_each(|(number, line)| {
                let number = self.first + number;
                let (picture, row) = (number / out_rows, number % out_rows);
                let picture = &inputs[picture * size..][..size];
                for (column, under) in line.chunks_exact_mut(width).enumerate() {
                    self.fill(picture, [row, column], under);
                }
            });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by candle, channels first; of "same" padding it gets what the last pixels see.
    fn reference(
        inputs: &Tensor,
        weights: &Tensor,
        bias: &Tensor,
        [stride, before, after]: [usize; 3],
    ) -> Result<Tensor> {
        let inputs = inputs.permute((0, 3, 1, 2))?.contiguous()?;
        let inputs = inputs.pad_with_zeros(2, before, after)?;
        let inputs = inputs.pad_with_zeros(3, before, after)?;
        let outputs = inputs.contiguous()?.conv2d(weights, 0, stride, 1, 1)?;
        let outputs = outputs.permute((0, 2, 3, 1))?.contiguous()?;
        outputs.broadcast_add(bias)
    }

    fn most(ours: &Tensor, theirs: &Tensor) -> Result<f32> {
        assert_eq!(ours.dims(), theirs.dims());
        (ours - theirs)?.abs()?.max_all()?.to_scalar::<f32>()
    }

    #[test]
    fn it_does_what_candle_does() -> Result<()> {
        let device = &Device::Cpu;
        let inputs = Tensor::randn(0_f32, 1.0, (2, 6, 8, 5), device)?;
        let bias = Tensor::randn(0_f32, 1.0, 7, device)?;
        for (kernel, stride, padding, before, after) in [
            (3_usize, 1, Padding::Each(1), 1, 1),
            (3, 2, Padding::Each(1), 1, 1),
            (3, 2, Padding::Same, 0, 1),
            (1, 1, Padding::Each(0), 0, 0),
        ] {
            let weights = Tensor::randn(0_f32, 1.0, (7, 5, kernel, kernel), device)?;
            let ours = Convolution::new(&weights, bias.clone(), stride, padding)?;
            let ours = ours.forward(&inputs)?;
            let theirs = reference(&inputs, &weights, &bias, [stride, before, after])?;
            let most = most(&ours, &theirs)?;
            assert!(most < 1e-4, "{kernel} {stride} {padding:?}: {most}");
        }
        Ok(())
    }

    #[test]
    fn a_doubled_picture_is_one_of_twice_the_pixels() -> Result<()> {
        let device = &Device::Cpu;
        let inputs = Tensor::randn(0_f32, 1.0, (1, 4, 3, 5), device)?;
        let weights = Tensor::randn(0_f32, 1.0, (2, 5, 3, 3), device)?;
        let (bias, more) = (Tensor::new(&[0.5_f32, -1.0], device)?, [1.0_f32, 2.0]);
        let ours = Convolution::new(&weights, bias, 1, Padding::Each(1))?.doubled();
        let ours = ours.forward_raised(&inputs, &Tensor::new(&more, device)?)?;
        let large = inputs.permute((0, 3, 1, 2))?.upsample_nearest2d(8, 6)?;
        let large = large.permute((0, 2, 3, 1))?.contiguous()?;
        let bias = Tensor::new(&[1.5_f32, 1.0], device)?;
        let theirs = reference(&large, &weights, &bias, [1, 1, 1])?;
        let most = most(&ours, &theirs)?;
        assert!(most < 1e-4, "{most}");
        Ok(())
    }

    #[test]
    fn other_channels_are_refused() -> Result<()> {
        let device = &Device::Cpu;
        let weights = Tensor::ones((2, 5, 3, 3), DType::F32, device)?;
        let bias = Tensor::zeros(2, DType::F32, device)?;
        let ours = Convolution::new(&weights, bias, 1, Padding::Each(1))?;
        let inputs = Tensor::ones((1, 4, 4, 6), DType::F32, device)?;
        let error = ours.forward(&inputs).expect_err("6 channels, not 5");
        assert!(error.to_string().contains("6 channels"), "{error}");
        Ok(())
    }

    #[test]
    fn bands_make_no_difference() -> Result<()> {
        let device = &Device::Cpu;
        // More than two bands of which the last is not full.
        let (rows, columns, channels) = (210, 96, 6);
        assert!(2 * rows * columns * channels * 9 > 2 * BAND);
        let inputs = Tensor::randn(0_f32, 1.0, (2, rows, columns, channels), device)?;
        let weights = Tensor::randn(0_f32, 1.0, (3, channels, 3, 3), device)?;
        let bias = Tensor::zeros(3, DType::F32, device)?;
        let ours = Convolution::new(&weights, bias.clone(), 1, Padding::Each(1))?;
        let theirs = reference(&inputs, &weights, &bias, [1, 1, 1])?;
        let most = most(&ours.forward(&inputs)?, &theirs)?;
        assert!(most < 1e-4, "{most}");
        Ok(())
    }
}
