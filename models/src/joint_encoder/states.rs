//! The states of all tokens in CLIP's tower of texts: what a generator of pictures reads. Vectors of
//! whole texts are `text`'s; which tokens a text has is the caller's affair.

use candle_core::{Device, Module as _, Tensor};
use candle_nn::LayerNorm;

use super::error::JointError;
use super::fields::Fields;
use super::hugging_face::clip_text;
use super::transformer::{Stack, norm};
use super::weights::Weights;

/// A tower that gives its last layer after the norm, as Stable Diffusion reads it.
pub(crate) struct TokenStates {
    /// (tokens, width).
    embeddings: Tensor,
    /// (places, width).
    positions: Tensor,
    stack: Stack,
    norm: LayerNorm,
    /// What is added where a token may not look: (places, places).
    mask: Tensor,
}

impl TokenStates {
    /// Loads the tower by its own `config.json`.
    ///
    /// # Errors
    /// [`JointError`] names the field or the tensor that is missing or wrong.
    pub(crate) fn load(config: &Fields<'_>, weights: &Weights) -> Result<Self, JointError> {
        let plan = clip_text(config)?;
        let (names, width) = (&plan.names, plan.stack.width);
        let after = names.norm_after.as_deref().unwrap_or_default();
        Ok(Self {
            embeddings: weights.get(&names.tokens, &[plan.vocabulary, width])?,
            positions: weights.get(&names.positions, &[names.places, width])?,
            stack: Stack::load(weights, &plan.stack)?,
            norm: norm(weights, after, width, plan.stack.epsilon)?,
            mask: causal(plan.context)?,
        })
    }

    /// Tokens that it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.embeddings.dims()[0]
    }

    /// Tokens of a text.
    pub(crate) fn context(&self) -> usize {
        self.positions.dims()[0]
    }

    /// Length of a state.
    pub(crate) fn width(&self) -> usize {
        self.embeddings.dims()[1]
    }

    /// Tokens of one text, at most the context, to their states (tokens, width). Each token sees
    /// those before it.
    ///
    /// # Errors
    /// [`JointError::Network`] for a token that isn't known, or too many of them.
    pub(crate) fn forward(&self, tokens: Vec<u32>) -> Result<Tensor, JointError> {
        let count = tokens.len();
        let tokens = Tensor::from_vec(tokens, count, &Device::Cpu)?;
        let values = self.embeddings.index_select(&tokens, 0)?;
        let values = (values + self.positions.narrow(0, 0, count)?)?.unsqueeze(0)?;
        let mask = self.mask.narrow(0, 0, count)?.narrow(1, 0, count)?;
        let values = self.stack.forward(values, Some(&mask))?;
        Ok(self.norm.forward(&values)?.squeeze(0)?)
    }
}

/// Zero where a token may look, at itself and those before it; minus infinity elsewhere.
pub(super) fn causal(length: usize) -> candle_core::Result<Tensor> {
    let pairs = (0..length).flat_map(|from| {
        let hidden = move |to: usize| if to > from { f32::NEG_INFINITY } else { 0.0 };
        (0..length).map(hidden)
    });
    let pairs: Vec<f32> = pairs.collect();
    Tensor::from_vec(pairs, (length, length), &Device::Cpu)
}
