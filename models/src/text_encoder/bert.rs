//! Sentence embeddings from a BERT: mean pooling over the tokens, then unit length
//! (Sentence-BERT, arXiv:1908.10084). It knows no particular model; all-MiniLM-L6-v2 is one.

mod network;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use tokenizers::{Tokenizer, TruncationParams};

use self::network::{Bert, Config};
use super::{EncoderError, TextEncoder};

/// Texts that run through the network at once: what they need stays in the processor's caches.
const BATCH: usize = 16;

/// A BERT whose mean-pooled last layer is the embedding.
pub struct BertEncoder {
    network: Bert,
    tokenizer: Tokenizer,
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
        let network = Bert::load(&config, &weights)?;
        Ok(Self {
            network,
            tokenizer,
            dimensions: config.hidden_size,
            identity,
        })
    }

    /// The tokens of one text, those at its ends among them, to the states of the last layer
    /// (tokens, dimensions).
    ///
    /// # Errors
    /// [`EncoderError::Network`] for a token that isn't known, or too many of them.
    pub(crate) fn states(&self, tokens: Vec<u32>) -> Result<Tensor, EncoderError> {
        let length = tokens.len();
        Ok(self.network.forward(tokens, &[length])?)
    }

    /// One batch through the network: `texts` to unit vectors.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let encodings = self
            .tokenizer
            .encode_batch(texts.to_vec(), true)
            .map_err(|error| EncoderError::Tokenizer(error.to_string()))?;
        let lengths: Vec<usize> = encodings.iter().map(|text| text.get_ids().len()).collect();
        let ids: Vec<u32> = encodings
            .iter()
            .flat_map(|text| text.get_ids().iter().copied())
            .collect();
        let hidden = self.network.forward(ids, &lengths)?;
        let width = self.dimensions;
        let mut rest = hidden.flatten_all()?.to_vec1::<f32>()?;
        let mut vectors = Vec::with_capacity(lengths.len());
        for length in lengths.into_iter().rev() {
            let text = rest.split_off(rest.len() - length * width);
            vectors.push(unit(mean(&text, width)));
        }
        vectors.reverse();
        Ok(vectors)
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
        // Texts of like length share a batch, so that threads have alike work.
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

/// The mean of rows of `width` numbers. Every text has its [CLS] and [SEP], so there are some.
fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; width];
    for row in rows.chunks_exact(width) {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let count = (rows.len() / width.max(1)).max(1) as f32;
    sum.into_iter().map(|value| value / count).collect()
}

/// The same direction with length 1; zeros stay.
fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let length = length.max(1e-12);
    vector.into_iter().map(|value| value / length).collect()
}

fn read_config(path: &Path) -> Result<Config, EncoderError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let config: Config = serde_json::from_str(&text).map_err(|error| unreadable(path, &error))?;
    config.check().map_err(|reason| unreadable(path, &reason))?;
    Ok(config)
}

fn read_tokenizer(path: &Path, maximum_tokens: usize) -> Result<Tokenizer, EncoderError> {
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| unreadable(path, &error))?;
    // The file pads everything to 128 tokens and cuts there; the reference implementation cuts
    // where it says itself, and nothing needs padding here.
    let truncation = TruncationParams {
        max_length: maximum_tokens,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| EncoderError::Tokenizer(error.to_string()))?
        .with_padding(None);
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
    fn the_mean_is_of_all_tokens() {
        assert_eq!(mean(&[1., 2., 3., 4., 5., 9.], 2), [3., 5.]);
        assert_eq!(mean(&[], 2), [0., 0.]);
    }

    #[test]
    fn vectors_have_unit_length_and_zeros_stay() {
        assert_eq!(unit(vec![3., 4.]), [0.6, 0.8]);
        assert_eq!(unit(vec![0., 0.]), [0., 0.]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = BertEncoder::load(Path::new("/nonexistent"), String::new(), 8)
            .err()
            .expect("no such folder");
        assert!(error.to_string().contains("config.json"), "{error}");
    }
}
