//! BERT's layers (Devlin et al., arXiv:1810.04805) over texts that lie one after another: no token
//! is padding, so none is computed for nothing.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use serde::Deserialize;

use crate::kernels::{AddNorm, Attention, Dense, Then};

/// The part of `config.json` that a network is built from.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    vocab_size: usize,
    pub(super) hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".to_owned()
}

impl Config {
    /// Whether this network can do what the configuration asks for.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        if self.hidden_act != "gelu" {
            return Err(format!("its hidden_act is {}, not gelu", self.hidden_act));
        }
        if self.position_embedding_type != "absolute" {
            let kind = &self.position_embedding_type;
            return Err(format!(
                "its position_embedding_type is {kind}, not absolute"
            ));
        }
        let heads = self.num_attention_heads;
        if heads == 0 || !self.hidden_size.is_multiple_of(heads) {
            let width = self.hidden_size;
            return Err(format!(
                "its hidden_size {width} is no multiple of {heads} heads"
            ));
        }
        Ok(())
    }
}

/// The loaded network, on the CPU in F32.
pub(super) struct Bert {
    words: Tensor,
    /// What a place in a text adds, with what the first kind of text adds.
    positions: Tensor,
    norm: AddNorm,
    layers: Vec<Layer>,
    heads: usize,
}

struct Layer {
    /// Queries, keys and values beside each other.
    attention: Dense,
    attended: Dense,
    attended_norm: AddNorm,
    widen: Dense,
    narrow: Dense,
    norm: AddNorm,
}

impl Bert {
    /// # Errors
    /// A tensor is missing or has another shape than `config` says.
    pub(super) fn load(config: &Config, weights: &VarBuilder<'_>) -> Result<Self> {
        let width = config.hidden_size;
        let embeddings = weights.pp("embeddings");
        let table = |rows: usize, name: &str| embeddings.pp(name).get((rows, width), "weight");
        let kinds = table(config.type_vocab_size, "token_type_embeddings")?;
        let positions = table(config.max_position_embeddings, "position_embeddings")?;
        let layers = (0..config.num_hidden_layers)
            .map(|number| Layer::load(config, &weights.pp(format!("encoder.layer.{number}"))))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: table(config.vocab_size, "word_embeddings")?,
            positions: positions.broadcast_add(&kinds.narrow(0, 0, 1)?)?,
            norm: AddNorm::load(width, config.layer_norm_eps, &embeddings.pp("LayerNorm"))?,
            layers,
            heads: config.num_attention_heads,
        })
    }

    /// Tokens of all texts, one after another, to their last layer (tokens, width). `lengths` are
    /// the tokens of each text, none of more than the network has places for.
    ///
    /// # Errors
    /// A token or a place that the network doesn't have.
    pub(super) fn forward(&self, ids: Vec<u32>, lengths: &[usize]) -> Result<Tensor> {
        let count = ids.len();
        let ids = Tensor::from_vec(ids, count, &Device::Cpu)?;
        let places: Vec<u32> = lengths
            .iter()
            .flat_map(|length| 0..*length as u32)
            .collect();
        let places = Tensor::from_vec(places, count, &Device::Cpu)?;
        let mut values = self.words.index_select(&ids, 0)?;
        self.norm
            .apply(&values, &self.positions.index_select(&places, 0)?)?;
        let attention = Attention {
            lengths,
            heads: self.heads,
        };
        for layer in &self.layers {
            values = layer.forward(&values, &attention)?;
        }
        Ok(values)
    }
}

impl Layer {
    fn load(config: &Config, weights: &VarBuilder<'_>) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let (own, output) = (weights.pp("attention"), weights.pp("output"));
        let norm = |weights: VarBuilder<'_>| {
            AddNorm::load(width, config.layer_norm_eps, &weights.pp("LayerNorm"))
        };
        let (mut matrices, mut biases) = (Vec::new(), Vec::new());
        for name in ["query", "key", "value"] {
            let part = own.pp("self").pp(name);
            matrices.push(part.get((width, width), "weight")?.t()?);
            biases.push(part.get(width, "bias")?);
        }
        let beside = Tensor::cat(&matrices, 1)?.contiguous()?;
        let widen = weights.pp("intermediate.dense");
        Ok(Self {
            attention: Dense::new(beside, Tensor::cat(&biases, 0)?, Then::Nothing),
            attended: Dense::load(width, width, Then::Nothing, &own.pp("output.dense"))?,
            attended_norm: norm(own.pp("output"))?,
            widen: Dense::load(width, inner, Then::Gelu, &widen)?,
            narrow: Dense::load(inner, width, Then::Nothing, &output.pp("dense"))?,
            norm: norm(output)?,
        })
    }

    fn forward(&self, values: &Tensor, attention: &Attention<'_>) -> Result<Tensor> {
        let each = self.attention.forward(values)?;
        let attended = self.attended.forward(&each.apply_op1_no_bwd(attention)?)?;
        self.attended_norm.apply(&attended, values)?;
        let output = self.narrow.forward(&self.widen.forward(&attended)?)?;
        self.norm.apply(&output, &attended)?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str, to: serde_json::Value) -> Config {
        let mut fields = serde_json::json!({
            "vocab_size": 8, "hidden_size": 6, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 12, "hidden_act": "gelu", "max_position_embeddings": 4,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        });
        fields[change] = to;
        serde_json::from_value(fields).expect("a configuration")
    }

    #[test]
    fn what_can_not_be_done_is_named() {
        assert_eq!(config("hidden_act", "gelu".into()).check(), Ok(()));
        let refused = |change: &str, to: serde_json::Value| {
            let error = config(change, to).check().expect_err("refused");
            assert!(error.contains(change), "{error}");
        };
        refused("hidden_act", "relu".into());
        refused("position_embedding_type", "relative_key".into());
        refused("hidden_size", 7.into());
    }

    #[test]
    fn a_missing_tensor_is_named() {
        let weights = VarBuilder::from_tensors([].into(), candle_core::DType::F32, &Device::Cpu);
        let error = Bert::load(&config("vocab_size", 8.into()), &weights).err();
        let error = error.expect("nothing there").to_string();
        assert!(error.contains("embeddings"), "{error}");
    }
}
