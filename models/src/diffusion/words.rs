//! Words as a generator reads them: the states of a prompt's tokens, by CLIP's tower of texts or by a
//! sentence encoder. There is no mask: what fills a prompt up is looked at as it was in training.

mod tokens;

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde_json::json;

use super::error::{DiffusionError, Within as _};
use super::folder::{TextKind, weights};
use crate::joint_encoder::{Fields, JointError, TokenStates, read_fields};
use crate::text_encoder::{BertEncoder, EncoderError};
use tokens::Tokens;

/// The parts as sentences name them.
const TEXT_ENCODER: &str = "text encoder";
const TOKENIZER: &str = "tokenizer";
/// Where a profile's encoder of texts lies: beside the generator's folder.
const BESIDE: &str = "text-encoder";
const CONFIG: &str = "text_encoder/config.json";

/// A tokenizer and the network that reads its tokens.
pub(super) struct Words {
    tokens: Tokens,
    tower: Tower,
}

enum Tower {
    /// CLIP's; texts are filled up with this token.
    Clip { tower: TokenStates, padding: u32 },
    /// A sentence encoder's; texts are filled up with zeros.
    Sentences(Box<BertEncoder>, usize),
}

/// A prompt that was read.
pub(super) struct Said {
    /// (tokens, width).
    pub(super) states: Tensor,
    /// The words beyond the limit.
    pub(super) cut: Option<String>,
}

impl Words {
    /// Loads what the folder's index says.
    ///
    /// # Errors
    /// [`DiffusionError`] names the file, the field or the tensor.
    pub(super) fn load(folder: &Path, kind: TextKind) -> Result<Self, DiffusionError> {
        match kind {
            TextKind::Clip => Self::clip(folder),
            TextKind::Sentences => Self::sentences(folder),
        }
    }

    fn clip(folder: &Path) -> Result<Self, DiffusionError> {
        let tower = load_clip(folder).within(TEXT_ENCODER)?;
        let folder = folder.join("tokenizer");
        let context = tower.context();
        let limit = tokens::longest(&folder).map_or(context, |longest| longest.min(context));
        let tokens = Tokens::load(&folder, limit).within(TOKENIZER)?;
        let padding = tokens::padding(&folder).and_then(|token| tokens.number(&token));
        let padding = padding.or_else(|| tokens.number(tokens::END));
        let padding = padding.ok_or_else(|| {
            let reason = "there is no token that texts are filled up with".to_owned();
            JointError::Tokenizer(reason)
        });
        let padding = padding.within(TOKENIZER)?;
        Ok(Self {
            tokens,
            tower: Tower::Clip { tower, padding },
        })
    }

    fn sentences(folder: &Path) -> Result<Self, DiffusionError> {
        let reference = Reference::read(folder).within(TEXT_ENCODER)?;
        let beside = beside(folder, &reference.name)?;
        let encoder = BertEncoder::load(&beside, reference.name, reference.longest)?;
        let found = crate::text_encoder::TextEncoder::dimensions(&encoder);
        if found != reference.width {
            let expected = reference.width;
            return Err(EncoderError::Dimensions { found, expected }.into());
        }
        let tokens = Tokens::load(&folder.join("tokenizer"), reference.longest);
        Ok(Self {
            tokens: tokens.within(TOKENIZER)?,
            tower: Tower::Sentences(Box::new(encoder), found),
        })
    }

    /// Most tokens of a prompt, those at its ends among them.
    pub(super) fn limit(&self) -> usize {
        self.tokens.limit()
    }

    /// Numbers of a token.
    pub(super) fn width(&self) -> usize {
        match &self.tower {
            Tower::Clip { tower, .. } => tower.width(),
            Tower::Sentences(_, width) => *width,
        }
    }

    /// Reads a prompt. The empty one is read like any other.
    ///
    /// # Errors
    /// [`DiffusionError`] when the tokenizer or the network refuses.
    pub(super) fn read(&self, text: &str) -> Result<Said, DiffusionError> {
        let mut read = self.tokens.read(text)?;
        let missing = self.tokens.limit() - read.ids.len();
        let states = match &self.tower {
            Tower::Clip { tower, padding } => {
                read.ids.extend(std::iter::repeat_n(*padding, missing));
                let known = tower.vocabulary();
                if let Some(token) = read.ids.iter().find(|token| **token as usize >= known) {
                    let token = *token;
                    return Err(JointError::Token { token, known }).within(TOKENIZER);
                }
                tower.forward(read.ids).within(TEXT_ENCODER)?
            }
            Tower::Sentences(encoder, width) => {
                let mut states = encoder.states(read.ids)?;
                if missing > 0 {
                    let zeros = Tensor::zeros((missing, *width), DType::F32, &Device::Cpu)?;
                    states = Tensor::cat(&[states, zeros], 0)?;
                }
                states
            }
        };
        Ok(Said {
            states,
            cut: read.cut,
        })
    }
}

fn load_clip(folder: &Path) -> Result<TokenStates, JointError> {
    let value = read_fields(folder, CONFIG)?;
    let config = Fields::of(CONFIG, &value)?;
    config.only("model_type", &[json!("clip_text_model"), json!("clip")])?;
    config.only("use_attention_mask", &[json!(false)])?;
    TokenStates::load(&config, &weights(&folder.join("text_encoder"), "model")?)
}

/// What a folder says of an encoder that isn't in it.
struct Reference {
    name: String,
    width: usize,
    longest: usize,
}

impl Reference {
    fn read(folder: &Path) -> Result<Self, JointError> {
        let value = read_fields(folder, CONFIG)?;
        let config = Fields::of(CONFIG, &value)?;
        config.only("layer", &[json!("last")])?;
        config.only("padding", &[json!("zeros")])?;
        config.only("empty_text", &[json!("is encoded like any other")])?;
        config.none_but(&[
            "_class_name",
            "reference",
            "hidden_size",
            "max_length",
            "layer",
            "padding",
            "empty_text",
        ])?;
        let name = config.text("reference")?;
        Ok(Self {
            name: name
                .ok_or_else(|| config.wrong("reference", "is missing"))?
                .to_owned(),
            width: config.number("hidden_size", None)?,
            longest: config.number("max_length", None)?,
        })
    }
}

/// The folder of the encoder that is referred to: the profile's own encoder of texts.
fn beside(folder: &Path, name: &str) -> Result<PathBuf, DiffusionError> {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let beside = whole.parent().unwrap_or(&whole).join(BESIDE);
    if beside.is_dir() {
        return Ok(beside);
    }
    Err(DiffusionError::NoTextEncoder {
        name: name.to_owned(),
        folder: beside.display().to_string(),
    })
}
