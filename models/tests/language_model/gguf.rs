//! The same weights as a GGUF file: in F32 they write what transformers writes; in a slow form they
//! are converted and still answer.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Result, Tensor};
use mirage_models::language_model::{LanguageModel as _, fast_form};
use serde_json::Value as Json;

use crate::asking::{answers, ask, golden, load};

const HEADS: [(&str, usize); 2] = [("attn_q", 4), ("attn_k", 2)];

/// Names of a layer's tensors: of transformers, and of GGUF.
const NAMES: [(&str, &str); 9] = [
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
];

/// GGUF has the two halves of a rotation side by side.
fn interleaved(weights: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, columns) = weights.dims2()?;
    weights
        .reshape((heads, 2, rows / heads / 2, columns))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((rows, columns))
}

/// All tensors by their names in GGUF, the matrices in one form.
fn tensors(matrices: GgmlDType) -> Result<Vec<(String, QTensor)>> {
    let file = golden().join("llama/model.safetensors");
    let weights: HashMap<String, Tensor> = candle_core::safetensors::load(file, &Device::Cpu)?;
    let mut tensors = Vec::new();
    let mut add = |name: String, tensor: &Tensor| {
        let kind = if tensor.rank() == 1 {
            GgmlDType::F32
        } else {
            matrices
        };
        tensors.push((name, QTensor::quantize(tensor, kind)?));
        Ok::<_, candle_core::Error>(())
    };
    add(
        "token_embd.weight".to_owned(),
        &weights["model.embed_tokens.weight"],
    )?;
    add(
        "output_norm.weight".to_owned(),
        &weights["model.norm.weight"],
    )?;
    add("output.weight".to_owned(), &weights["lm_head.weight"])?;
    for layer in 0..2 {
        for (theirs, ours) in NAMES {
            let tensor = &weights[&format!("model.layers.{layer}.{theirs}.weight")];
            let heads = HEADS.iter().find(|(name, _)| *name == ours);
            let tensor = match heads {
                Some((_, heads)) => interleaved(tensor, *heads)?,
                None => tensor.clone(),
            };
            add(format!("blk.{layer}.{ours}.weight"), &tensor)?;
        }
    }
    Ok(tensors)
}

fn json(name: &str) -> Json {
    let text = std::fs::read_to_string(golden().join("llama").join(name)).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

/// Settings and tokenizer as GGUF has them.
fn metadata() -> Vec<(String, Value)> {
    let (tokenizer, settings) = (json("tokenizer.json"), json("tokenizer_config.json"));
    let words = tokenizer["model"]["vocab"]
        .as_object()
        .expect("a vocabulary");
    let mut words: Vec<(u64, &String)> = words
        .iter()
        .map(|(word, number)| (number.as_u64().expect("a number"), word))
        .collect();
    words.sort();
    let special = tokenizer["added_tokens"]
        .as_array()
        .expect("special tokens");
    let kind = |number: u64| {
        Value::I32(if (number as usize) < special.len() {
            3
        } else {
            1
        })
    };
    let text = |text: &str| Value::String(text.to_owned());
    let template = settings["chat_template"].as_str().expect("a template");
    let fields = [
        ("general.architecture", text("llama")),
        ("llama.block_count", Value::U32(2)),
        ("llama.context_length", Value::U32(1024)),
        ("llama.embedding_length", Value::U32(64)),
        ("llama.feed_forward_length", Value::U32(96)),
        ("llama.attention.head_count", Value::U32(4)),
        ("llama.attention.head_count_kv", Value::U32(2)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.rope.dimension_count", Value::U32(16)),
        ("llama.rope.freq_base", Value::F32(10_000.0)),
        ("tokenizer.ggml.model", text("gpt2")),
        (
            "tokenizer.ggml.tokens",
            Value::Array(words.iter().map(|(_, word)| text(word)).collect()),
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(words.iter().map(|(number, _)| kind(*number)).collect()),
        ),
        ("tokenizer.ggml.merges", Value::Array(Vec::new())),
        ("tokenizer.ggml.unknown_token_id", Value::U32(0)),
        ("tokenizer.ggml.bos_token_id", Value::U32(2)),
        ("tokenizer.ggml.eos_token_id", Value::U32(3)),
        ("tokenizer.chat_template", text(template)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn write(path: &Path, matrices: GgmlDType) {
    let (metadata, tensors) = (metadata(), tensors(matrices).expect("tensors"));
    let fields: Vec<(&str, &Value)> = metadata
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let mut file = File::create(path).expect("created");
    gguf_file::write(&mut file, &fields, &tensors).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gguf_file_writes_what_transformers_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.F32.gguf");
    write(&path, GgmlDType::F32);
    let model = load(&path);
    assert_eq!((model.identity(), model.context_length()), ("tiny@1", 1024));
    let (text, usage) = ask(&model).await;
    let expected = &answers()["kinds"]["llama"];
    assert_eq!(text, expected["answers"][0].as_str().expect("an answer"));
    let prompt = expected["prompt_tokens"][0].as_u64().expect("a number");
    assert_eq!(usage.prompt_tokens as u64, prompt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_converted_file_still_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.Q5_1.gguf");
    write(&path, GgmlDType::Q5_1);
    let converted = fast_form(&path).expect("converted");
    assert_ne!(converted, path);
    let (slow, fast) = (load(&path), load(&converted));
    let ((before, _), (after, usage)) = (ask(&slow).await, ask(&fast).await);
    // The numbers drift by a few thousandths, so the likeliest first words stay.
    assert_eq!(
        before.chars().next(),
        after.chars().next(),
        "{before} {after}"
    );
    let prompt = answers()["kinds"]["llama"]["prompt_tokens"][0].as_u64();
    assert_eq!(usage.prompt_tokens as u64, prompt.expect("a number"));
}
