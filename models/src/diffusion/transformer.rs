//! Attention over the places of a picture and to the words, as diffusers' `Transformer2DModel` has it
//! (Rombach et al., arXiv:2112.10752).

use candle_core::{Module as _, Result, Tensor};
use candle_nn::LayerNorm;

use super::part::Part;
use crate::joint_encoder::JointError;
use crate::kernels::{CrossAttention, Dense, Gated, GroupNorm};

/// Of the norm before the places are looked at; the blocks' own is another.
const EPSILON: f64 = 1e-6;

/// Lengths of a transformer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TransformerShape {
    pub(super) channels: usize,
    pub(super) heads: usize,
    /// Blocks, one after another.
    pub(super) blocks: usize,
    /// Numbers of a token of the words.
    pub(super) context: usize,
    /// Whether the ways in and out are layers and not convolutions of one pixel.
    pub(super) is_linear: bool,
}

/// Blocks over the places of a picture, beside a shortcut.
pub(super) struct Transformer {
    norm: GroupNorm,
    way_in: Dense,
    blocks: Vec<Block>,
    way_out: Dense,
}

/// Attention to the picture, attention to the words, a small network.
struct Block {
    own_norm: LayerNorm,
    own: Attention,
    words_norm: LayerNorm,
    words: Attention,
    last_norm: LayerNorm,
    widen: Gated,
    narrow: Dense,
}

/// Attention of places to others, whose keys and values come from one product.
struct Attention {
    /// (channels, channels).
    queries: Tensor,
    /// (numbers of another, 2 * channels).
    others: Tensor,
    out: Dense,
    heads: usize,
}

impl Attention {
    fn load(
        part: &Part<'_>,
        channels: usize,
        others: usize,
        heads: usize,
    ) -> std::result::Result<Self, JointError> {
        let keys = part.at("to_k").matrix([others, channels])?;
        let values = part.at("to_v").matrix([others, channels])?;
        Ok(Self {
            queries: part.at("to_q").matrix([channels, channels])?,
            others: Tensor::cat(&[keys, values], 1)?.contiguous()?,
            out: part.at("to_out.0").dense([channels, channels])?,
            heads,
        })
    }

    /// Others (pictures, others, numbers) to their keys and values beside each other.
    fn keys_and_values(&self, others: &Tensor) -> Result<Tensor> {
        product(others, &self.others)
    }

    /// Places (pictures, places, channels) that look at others by their keys and values.
    fn forward(&self, places: &Tensor, others: &Tensor) -> Result<Tensor> {
        let queries = product(places, &self.queries)?;
        let heads = self.heads;
        let seen = queries.apply_op2_no_bwd(others, &CrossAttention { heads })?;
        self.out.forward(&seen)
    }
}

/// (pictures, rows, before) times (before, after).
fn product(values: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    let (pictures, rows, before) = values.dims3()?;
    let (_, after) = matrix.dims2()?;
    let values = values.reshape((pictures * rows, before))?.matmul(matrix)?;
    values.reshape((pictures, rows, after))
}

impl Block {
    fn load(part: &Part<'_>, shape: TransformerShape) -> std::result::Result<Self, JointError> {
        let TransformerShape {
            channels,
            heads,
            context,
            ..
        } = shape;
        let (gated, inner) = (part.at("ff.net.0.proj"), 4 * channels);
        let weights = gated.get("weight", &[2 * inner, channels])?;
        let widen = Gated::new(&weights, gated.get("bias", &[2 * inner])?)?;
        Ok(Self {
            own_norm: part.at("norm1").layer_norm(channels)?,
            own: Attention::load(&part.at("attn1"), channels, channels, heads)?,
            words_norm: part.at("norm2").layer_norm(channels)?,
            words: Attention::load(&part.at("attn2"), channels, context, heads)?,
            last_norm: part.at("norm3").layer_norm(channels)?,
            widen,
            narrow: part.at("ff.net.2").dense([inner, channels])?,
        })
    }

    fn forward(&self, values: &Tensor, words: &Tensor) -> Result<Tensor> {
        let normed = self.own_norm.forward(values)?;
        let others = self.own.keys_and_values(&normed)?;
        let values = (values + self.own.forward(&normed, &others)?)?;
        let normed = self.words_norm.forward(&values)?;
        let values = (&values + self.words.forward(&normed, words)?)?;
        let normed = self.last_norm.forward(&values)?;
        &values + self.narrow.forward(&self.widen.forward(&normed)?)?
    }
}

impl Transformer {
    /// # Errors
    /// [`JointError`] names the tensor that is missing or has another shape.
    pub(super) fn load(
        part: &Part<'_>,
        shape: TransformerShape,
    ) -> std::result::Result<Self, JointError> {
        let channels = [shape.channels, shape.channels];
        let is_convolution = !shape.is_linear;
        let block =
            |number: usize| Block::load(&part.at(format!("transformer_blocks.{number}")), shape);
        Ok(Self {
            norm: part.at("norm").group_norm(shape.channels, EPSILON, false)?,
            way_in: part.at("proj_in").pointwise(channels, is_convolution)?,
            blocks: (0..shape.blocks)
                .map(block)
                .collect::<std::result::Result<_, _>>()?,
            way_out: part.at("proj_out").pointwise(channels, is_convolution)?,
        })
    }

    /// Keys and values that each block has of the words (pictures, tokens, context), which stay the
    /// same through a whole run.
    pub(super) fn words(&self, words: &Tensor) -> Result<Vec<Tensor>> {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.words.keys_and_values(words))
            .collect()
    }

    /// Values (pictures, rows, columns, channels), and what [`Self::words`] gave.
    pub(super) fn forward(&self, values: &Tensor, words: &[Tensor]) -> Result<Tensor> {
        let (pictures, rows, columns, channels) = values.dims4()?;
        let places = self.norm.forward(values)?;
        let places = places.reshape((pictures, rows * columns, channels))?;
        let mut places = self.way_in.forward(&places)?;
        for (block, words) in self.blocks.iter().zip(words) {
            places = block.forward(&places, words)?;
        }
        let places = self.way_out.forward(&places)?;
        values + places.reshape((pictures, rows, columns, channels))?
    }
}
