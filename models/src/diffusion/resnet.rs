//! What both networks are built of between their levels: two convolutions beside a shortcut (He et
//! al., arXiv:1512.03385), and the way to half and to twice the size.

use candle_core::{Result, Tensor};

use super::part::Part;
use crate::joint_encoder::JointError;
use crate::kernels::{Convolution, Dense, GroupNorm, Padding};

/// Two convolutions beside a shortcut; the time, where there is one, is added between them.
pub(super) struct Resnet {
    first_norm: GroupNorm,
    first: Convolution,
    time: Option<Dense>,
    second_norm: GroupNorm,
    second: Convolution,
    shortcut: Option<Convolution>,
}

/// Lengths of a resnet.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResnetShape {
    pub(super) before: usize,
    pub(super) after: usize,
    /// Numbers of the time, in networks that know one.
    pub(super) time: Option<usize>,
    /// Of its norms.
    pub(super) epsilon: f64,
}

impl Resnet {
    /// # Errors
    /// [`JointError`] names the tensor that is missing or has another shape.
    pub(super) fn load(
        part: &Part<'_>,
        shape: ResnetShape,
    ) -> std::result::Result<Self, JointError> {
        let ResnetShape {
            before,
            after,
            time,
            epsilon,
        } = shape;
        let time = time.map(|time| part.at("time_emb_proj").dense([time, after]));
        let shortcut = (before != after).then(|| {
            let part = part.at("conv_shortcut");
            part.convolution([before, after], 1, 1, Padding::Each(0))
        });
        Ok(Self {
            first_norm: part.at("norm1").group_norm(before, epsilon, true)?,
            first: part.at("conv1").three_by_three([before, after])?,
            time: time.transpose()?,
            second_norm: part.at("norm2").group_norm(after, epsilon, true)?,
            second: part.at("conv2").three_by_three([after, after])?,
            shortcut: shortcut.transpose()?,
        })
    }

    /// Values (pictures, rows, columns, before) to (pictures, rows, columns, after); `time` (1,
    /// numbers) is the same for all pictures, and through its unit.
    pub(super) fn forward(&self, values: &Tensor, time: Option<&Tensor>) -> Result<Tensor> {
        let inner = self.first_norm.forward(values)?;
        let inner = match (&self.time, time) {
            (Some(layer), Some(time)) => {
                let more = layer.forward(time)?.flatten_all()?;
                self.first.forward_raised(&inner, &more)?
            }
            _ => self.first.forward(&inner)?,
        };
        let inner = self.second.forward(&self.second_norm.forward(&inner)?)?;
        match &self.shortcut {
            Some(shortcut) => inner + shortcut.forward(values)?,
            None => inner + values,
        }
    }
}

/// Twice the rows and columns, then a convolution.
pub(super) fn upsampler(
    part: &Part<'_>,
    channels: usize,
) -> std::result::Result<Convolution, JointError> {
    let part = part.at("upsamplers.0.conv");
    Ok(part.three_by_three([channels, channels])?.doubled())
}

/// Half the rows and columns. What lies around the picture differs between the two networks.
pub(super) fn downsampler(
    part: &Part<'_>,
    channels: usize,
    padding: Padding,
) -> std::result::Result<Convolution, JointError> {
    let part = part.at("downsamplers.0.conv");
    part.convolution([channels, channels], 3, 2, padding)
}
