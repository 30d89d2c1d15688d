//! The tower of texts: tokens through a transformer to unit vectors.

use candle_core::{Device, Module as _, Tensor};
use candle_nn::LayerNorm;

use super::error::JointError;
use super::plan::{Mask, Place, TextPlan};
use super::states::causal;
use super::tokens::{Rows, Tokens};
use super::transformer::{Head, Stack, norm, unit};
use super::weights::Weights;
use crate::text_encoder::{EncoderError, TextEncoder};

/// Texts that run through the network at once. More only wastes padding on a CPU.
const BATCH: usize = 32;

/// The half of an encoder that reads texts.
pub struct JointTextEncoder {
    tokens: Tokens,
    /// (tokens, width).
    embeddings: Tensor,
    /// (places, width).
    positions: Tensor,
    /// BERT's kind of a token, the same for all: (1, width).
    kind: Option<Tensor>,
    norm_before: Option<LayerNorm>,
    stack: Stack,
    norm_after: Option<LayerNorm>,
    head: Head,
    mask: Mask,
    place: Place,
    dimensions: usize,
    identity: String,
}

impl JointTextEncoder {
    /// Loads the tower's tensors.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing or wrong.
    pub(super) fn load(
        plan: &TextPlan,
        tokens: Tokens,
        dimensions: usize,
        weights: &Weights,
        identity: String,
    ) -> Result<Self, JointError> {
        let (names, stack) = (&plan.names, &plan.stack);
        let width = stack.width;
        let load_norm = |name: &Option<String>| {
            let name = name.as_ref();
            name.map(|name| norm(weights, name, width, stack.epsilon))
                .transpose()
        };
        let kinds = names.kinds.as_ref();
        let kinds = kinds.map(|name| weights.get(name, &[2, width]));
        let kind = match kinds.transpose()? {
            Some(kinds) => Some(kinds.narrow(0, 0, 1)?),
            None => None,
        };
        Ok(Self {
            tokens,
            embeddings: weights.get(&names.tokens, &[plan.vocabulary, width])?,
            positions: weights.get(&names.positions, &[names.places, width])?,
            kind,
            norm_before: load_norm(&names.norm_before)?,
            stack: Stack::load(weights, stack)?,
            norm_after: load_norm(&names.norm_after)?,
            head: Head::load(weights, &plan.projection, [width, dimensions])?,
            mask: plan.mask,
            place: plan.place,
            dimensions,
            identity,
        })
    }

    /// One batch through the network.
    ///
    /// # Errors
    /// [`JointError`] when the tokenizer or the network refuses.
    pub(super) fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, JointError> {
        let rows = self.tokens.rows(texts)?;
        let places = rows.places(self.place)?;
        Ok(self.forward(rows, &places)?.to_vec2()?)
    }

    /// Rows of tokens, of which one each stands for its row, to unit vectors (rows, dimensions).
    fn forward(&self, rows: Rows, places: &[usize]) -> candle_core::Result<Tensor> {
        let device = Device::Cpu;
        let (count, length) = (rows.lengths.len(), rows.length);
        let mask = self.mask(&rows)?;
        let ids = Tensor::from_vec(rows.ids, count * length, &device)?;
        let width = self.embeddings.dim(1)?;
        let tokens = self.embeddings.index_select(&ids, 0)?;
        let tokens = tokens.reshape((count, length, width))?;
        let mut tokens = tokens.broadcast_add(&self.positions.narrow(0, 0, length)?)?;
        if let Some(kind) = &self.kind {
            tokens = tokens.broadcast_add(kind)?;
        }
        if let Some(norm) = &self.norm_before {
            tokens = norm.forward(&tokens)?;
        }
        let tokens = self.stack.forward(tokens, mask.as_ref())?;
        let chosen = places.iter().enumerate();
        let chosen: Vec<u32> = chosen
            .map(|(row, place)| (row * length + place) as u32)
            .collect();
        let chosen = Tensor::from_vec(chosen, count, &device)?;
        let tokens = tokens.reshape((count * length, width))?;
        let mut vectors = tokens.index_select(&chosen, 0)?;
        if let Some(norm) = &self.norm_after {
            vectors = norm.forward(&vectors)?;
        }
        unit(&self.head.forward(&vectors)?)
    }

    /// What is added where a token may not look: (tokens, tokens), or (rows, 1, 1, tokens).
    fn mask(&self, rows: &Rows) -> candle_core::Result<Option<Tensor>> {
        let length = rows.length;
        let device = Device::Cpu;
        match self.mask {
            Mask::Nothing => Ok(None),
            Mask::Padding => {
                let shape = (rows.lengths.len(), 1, 1, length);
                Ok(Some(Tensor::from_vec(rows.padding(), shape, &device)?))
            }
            Mask::Causal => Ok(Some(causal(length)?)),
        }
    }
}

impl TextEncoder for JointTextEncoder {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        // Texts of like length share a batch, so that little of it is padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| texts[index].len());
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in order.chunks(BATCH) {
            let batch_texts: Vec<&str> = batch.iter().map(|&index| texts[index]).collect();
            for (&index, vector) in batch.iter().zip(self.embed_batch(&batch_texts)?) {
                vectors[index] = vector;
            }
        }
        Ok(vectors)
    }
}
