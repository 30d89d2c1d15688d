//! What candle's CPU backend does one number after another, in a form that fills the processor's
//! lanes and all threads, and that goes through memory once. Networks are built of them elsewhere.

mod attention;
mod convolution;
mod cross_attention;
mod dense;
mod depthwise;
mod elementary;
mod gated;
mod group_norm;
mod layer_norm;
mod patches;

pub(crate) use attention::Attention;
pub(crate) use convolution::Convolution;
pub(crate) use cross_attention::CrossAttention;
pub(crate) use dense::{Dense, Then};
pub(crate) use depthwise::Depthwise;
pub(crate) use gated::Gated;
pub(crate) use group_norm::GroupNorm;
pub(crate) use layer_norm::AddNorm;
pub(crate) use patches::{Padding, patches};

use candle_core::{CpuStorage, Layout, Result, bail};

/// Numbers that a thread takes at once where rows are short.
const AT_ONCE: usize = 65_536;

/// The numbers of a tensor whose values lie one after another.
fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the values have gaps between them");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The same to write to.
fn contiguous_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
    else {
        bail!("the values are not F32, or have gaps between them");
    };
    Ok(&mut values[start..end])
}
