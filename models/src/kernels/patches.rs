//! A convolution of whole pixels as one product: the pixels under a kernel become a row. The product
//! itself is `dense`'s.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

/// What lies around a picture that a convolution sees: zeros, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// TensorFlow's "same": as many outputs as inputs over the stride. Of an odd total the extra
    /// pixel comes after the last.
    Same,
    /// So many pixels on each side, as `PyTorch` has it.
    Each(usize),
}

impl Padding {
    /// Outputs along one side, and the padding before the first input.
    pub(crate) fn along(self, length: usize, kernel: usize, stride: usize) -> (usize, usize) {
        match self {
            Self::Same => {
                let outputs = length.div_ceil(stride);
                let total = (outputs.saturating_sub(1) * stride + kernel).saturating_sub(length);
                (outputs, total / 2)
            }
            Self::Each(padding) => {
                let room = (length + 2 * padding).checked_sub(kernel);
                (room.map_or(0, |room| room / stride + 1), padding)
            }
        }
    }
}

/// Inputs (pictures, rows, columns, channels) to (pictures, rows, columns, kernel * kernel *
/// channels): what each output of a convolution sees, row by row of the kernel.
///
/// # Errors
/// The inputs are not pictures of F32.
pub(crate) fn patches(
    inputs: &Tensor,
    kernel: usize,
    stride: usize,
    padding: Padding,
) -> Result<Tensor> {
    let (pictures, rows, columns, channels) = inputs.dims4()?;
    let (out_rows, top) = padding.along(rows, kernel, stride);
    let (out_columns, left) = padding.along(columns, kernel, stride);
    let values = inputs.flatten_all()?.to_vec1::<f32>()?;
    let width = kernel * kernel * channels;
    let mut under = vec![0.0_f32; pictures * out_rows * out_columns * width];
    under
        .par_chunks_exact_mut((out_columns * width).max(1))
        .enumerate()
        .for_each(|(number, out_row)| {
            let (picture, row) = (number / out_rows, number % out_rows);
            for (column, patch) in out_row.chunks_exact_mut(width).enumerate() {
                for tap_row in 0..kernel {
                    let y = (row * stride + tap_row).checked_sub(top);
                    let Some(y) = y.filter(|y| *y < rows) else {
                        continue;
                    };
                    for tap_column in 0..kernel {
                        let x = (column * stride + tap_column).checked_sub(left);
                        let Some(x) = x.filter(|x| *x < columns) else {
                            continue;
                        };
                        let from = ((picture * rows + y) * columns + x) * channels;
                        let to = (tap_row * kernel + tap_column) * channels;
                        patch[to..to + channels].copy_from_slice(&values[from..from + channels]);
                    }
                }
            }
        });
    let shape = (pictures, out_rows, out_columns, width);
    Tensor::from_vec(under, shape, inputs.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn outputs_and_padding_are_those_of_the_two_libraries() {
        // An even side, an odd one, and a side that is smaller than the kernel.
        assert_eq!(Padding::Same.along(8, 3, 2), (4, 0));
        assert_eq!(Padding::Same.along(7, 3, 2), (4, 1));
        assert_eq!(Padding::Each(1).along(8, 3, 2), (4, 1));
        assert_eq!(Padding::Each(1).along(7, 3, 2), (4, 1));
        assert_eq!(Padding::Each(0).along(2, 3, 1), (0, 0));
        assert_eq!(Padding::Same.along(0, 3, 1), (0, 1));
    }

    #[test]
    fn a_product_with_patches_is_a_convolution() -> Result<()> {
        let device = &Device::Cpu;
        let values = Tensor::randn(0_f32, 1.0, (2, 6, 5, 3), device)?;
        let weights = Tensor::randn(0_f32, 1.0, (4, 3, 3, 3), device)?;
        let rows = weights.permute((2, 3, 1, 0))?.contiguous()?;
        let rows = rows.reshape((27, 4))?;
        let ours = patches(&values, 3, 2, Padding::Each(1))?;
        let (pictures, out_rows, out_columns, width) = ours.dims4()?;
        let ours = ours.reshape((pictures * out_rows * out_columns, width))?;
        let ours = ours.matmul(&rows)?;
        let theirs = values.permute((0, 3, 1, 2))?.contiguous()?;
        let theirs = theirs.conv2d(&weights, 1, 2, 1, 1)?;
        let theirs = theirs.permute((0, 2, 3, 1))?.contiguous()?;
        let theirs = theirs.reshape((pictures * out_rows * out_columns, 4))?;
        let difference = (ours - theirs)?.abs()?.flatten_all()?.max(0)?;
        let difference = difference.to_scalar::<f32>()?;
        assert!(difference < 1e-4, "{difference}");
        Ok(())
    }
}
