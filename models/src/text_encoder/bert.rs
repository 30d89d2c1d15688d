//! Sentence embeddings from a BERT in candle: mean pooling over the tokens, then unit length
//! (Sentence-BERT, arXiv:1908.10084). It knows no particular model; all-MiniLM-L6-v2 is one.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{PaddingParams, PaddingStrategy, Tokenizer, TruncationParams};

use super::{EncoderError, TextEncoder};

/// Texts that run through the network at once. More only wastes padding on a CPU.
const BATCH: usize = 32;

/// A BERT whose mean-pooled last layer is the embedding.
pub struct BertEncoder {
    model: BertModel,
    tokenizer: Tokenizer,
    device: Device,
    dimensions: usize,
    identity: String,
}

impl BertEncoder {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` from a folder, on the CPU
    /// in F32, which is the fastest there.
    ///
    /// # Errors
    /// [`EncoderError`] names the file that can't be read.
    pub fn load(
        folder: &Path,
        identity: String,
        maximum_tokens: usize,
    ) -> Result<Self, EncoderError> {
        let device = Device::Cpu;
        let config = read_config(&folder.join("config.json"))?;
        let tokenizer = read_tokenizer(&folder.join("tokenizer.json"), maximum_tokens)?;
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let weights = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &device)
            .map_err(|error| unreadable(&path, &error))?;
        let model = BertModel::load(weights, &config)?;
        Ok(Self {
            model,
            tokenizer,
            device,
            dimensions: config.hidden_size,
            identity,
        })
    }

    /// One batch through the network: `texts` to unit vectors.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let encodings = self
            .tokenizer
            .encode_batch(texts.to_vec(), true)
            .map_err(|error| EncoderError::Tokenizer(error.to_string()))?;
        let rows = encodings.len();
        let ids: Vec<u32> = encodings
            .iter()
            .flat_map(|row| row.get_ids().to_vec())
            .collect();
        let mask: Vec<u32> = encodings
            .iter()
            .flat_map(|row| row.get_attention_mask().to_vec())
            .collect();
        let length = ids.len() / rows;
        let ids = Tensor::from_vec(ids, (rows, length), &self.device)?;
        let mask = Tensor::from_vec(mask, (rows, length), &self.device)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        Ok(unit(&mean_over_tokens(&hidden, &mask)?)?.to_vec2()?)
    }
}

impl TextEncoder for BertEncoder {
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

/// `hidden` (rows, tokens, width) averaged over the tokens that `mask` (rows, tokens) keeps.
fn mean_over_tokens(hidden: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
    let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
    let sum = hidden.broadcast_mul(&mask)?.sum(1)?;
    // Every text has its [CLS] and [SEP], so no count is zero.
    sum.broadcast_div(&mask.sum(1)?)
}

/// Rows of unit length; a row of zeros stays one.
fn unit(vectors: &Tensor) -> candle_core::Result<Tensor> {
    let norm = vectors
        .sqr()?
        .sum_keepdim(1)?
        .sqrt()?
        .clamp(1e-12_f32, f32::MAX)?;
    vectors.broadcast_div(&norm)
}

fn read_config(path: &Path) -> Result<Config, EncoderError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_str(&text).map_err(|error| unreadable(path, &error))
}

fn read_tokenizer(path: &Path, maximum_tokens: usize) -> Result<Tokenizer, EncoderError> {
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| unreadable(path, &error))?;
    // The file pads everything to 128 tokens and cuts there; the reference implementation sets
    // both itself, and so do we.
    let truncation = TruncationParams {
        max_length: maximum_tokens,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| EncoderError::Tokenizer(error.to_string()))?
        .with_padding(Some(PaddingParams {
            strategy: PaddingStrategy::BatchLongest,
            ..PaddingParams::default()
        }));
    Ok(tokenizer)
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> EncoderError {
    EncoderError::Unreadable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_does_not_count_in_the_mean() {
        let device = Device::Cpu;
        let hidden = Tensor::from_vec(vec![1_f32, 2., 3., 4., 9., 9.], (1, 3, 2), &device);
        let mask = Tensor::from_vec(vec![1_u32, 1, 0], (1, 3), &device).expect("a tensor");
        let mean = mean_over_tokens(&hidden.expect("a tensor"), &mask).expect("shapes fit");
        assert_eq!(mean.to_vec2::<f32>().expect("two dimensions"), [[2., 3.]]);
    }

    #[test]
    fn vectors_have_unit_length_and_zeros_stay() {
        let vectors = Tensor::new(&[[3_f32, 4.], [0., 0.]], &Device::Cpu).expect("a tensor");
        let unit = unit(&vectors)
            .expect("shapes fit")
            .to_vec2::<f32>()
            .expect("two dimensions");
        assert_eq!(unit, [[0.6, 0.8], [0., 0.]]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = BertEncoder::load(Path::new("/nonexistent"), String::new(), 8)
            .err()
            .expect("no such folder");
        assert!(error.to_string().contains("config.json"), "{error}");
    }
}
