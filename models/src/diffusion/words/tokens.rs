//! A prompt to the numbers of its tokens, by the folder's own tokenizer, and what of it is beyond the
//! limit.

use std::path::Path;

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use crate::diffusion::error::DiffusionError;
use crate::joint_encoder::{JointError, read_fields};

/// CLIP's tokens at the ends of a text.
const START: &str = "<|startoftext|>";
pub(super) const END: &str = "<|endoftext|>";
/// What CLIP takes for a word, a digit or a sign.
const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
/// Fewer tokens leave no room between those at the ends.
const FEWEST: usize = 3;

/// A tokenizer with the limit of the network that reads its tokens.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    limit: usize,
}

/// The tokens of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// Those at the ends among them, and at most the limit.
    pub(super) ids: Vec<u32>,
    /// The words that the limit leaves out, from the one that it goes through.
    pub(super) cut: Option<String>,
}

impl Tokens {
    /// Loads `tokenizer.json`, or CLIP's older `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    /// [`JointError::Unreadable`], or [`JointError::Tokenizer`] if the limit leaves no room.
    pub(super) fn load(folder: &Path, limit: usize) -> Result<Self, JointError> {
        let path = folder.join("tokenizer.json");
        let unreadable = |reason: &dyn std::fmt::Display| JointError::unreadable(&path, reason);
        let mut tokenizer = if path.is_file() {
            Tokenizer::from_file(&path).map_err(|error| unreadable(&error))?
        } else {
            of_vocabulary(folder)?
        };
        if limit < FEWEST {
            let reason = format!("{limit} tokens are too few for one");
            return Err(JointError::Tokenizer(reason));
        }
        // The file's own bounds are those of whoever saved it last.
        tokenizer
            .with_truncation(None)
            .map_err(|error| unreadable(&error))?
            .with_padding(None);
        // Marks in a prompt are words like any other: nobody ends a text by typing its end.
        tokenizer.set_encode_special_tokens(true);
        Ok(Self { tokenizer, limit })
    }

    /// Most tokens of a prompt, those at its ends among them.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The number of a token, if there is such a one.
    pub(super) fn number(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// [`DiffusionError::Tokenizer`].
    pub(super) fn read(&self, text: &str) -> Result<Read, DiffusionError> {
        let encoding = self
            .tokenizer
            .encode(text, true)
            .map_err(|error| DiffusionError::Tokenizer(error.to_string()))?;
        let (ids, special) = (encoding.get_ids(), encoding.get_special_tokens_mask());
        if ids.len() <= self.limit {
            let (ids, cut) = (ids.to_vec(), None);
            return Ok(Read { ids, cut });
        }
        let tail = special.iter().rev().take_while(|mark| **mark == 1).count();
        let first = self.limit.saturating_sub(tail);
        let mut kept = ids[..first].to_vec();
        kept.extend(&ids[ids.len() - tail..]);
        // From the beginning of the word that the limit goes through.
        let words = encoding.get_word_ids();
        let word = words[first];
        let begin = words[..first].iter().rposition(|other| *other != word);
        let begin = encoding.get_offsets()[begin.map_or(0, |place| place + 1)].0;
        let begin = (0..=begin.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let cut = text[begin.unwrap_or_default()..].trim().to_owned();
        Ok(Read {
            ids: kept,
            cut: Some(cut),
        })
    }
}

/// The token that fills a text up. Older folders say it in two files, of which the second counts.
pub(super) fn padding(folder: &Path) -> Option<String> {
    let file = |name: &str| read_fields(folder, name).ok();
    let token = |settings: &Value| match settings.get("pad_token")? {
        Value::String(token) => Some(token.clone()),
        token => Some(token.get("content")?.as_str()?.to_owned()),
    };
    let config = file("tokenizer_config.json");
    let is_older = |config: &Value| config.get("added_tokens_decoder").is_none();
    if config.as_ref().is_none_or(is_older)
        && let Some(token) = file("special_tokens_map.json").as_ref().and_then(token)
    {
        return Some(token);
    }
    config.as_ref().and_then(token)
}

/// Tokens of a text by the tokenizer's own settings, where it says so.
pub(super) fn longest(folder: &Path) -> Option<usize> {
    let config = read_fields(folder, "tokenizer_config.json").ok()?;
    let limit = config.get("model_max_length")?.as_u64()?;
    usize::try_from(limit).ok()
}

/// CLIP's tokenizer out of its vocabulary and the pairs that are joined to words.
fn of_vocabulary(folder: &Path) -> Result<Tokenizer, JointError> {
    let vocabulary = read_fields(folder, "vocab.json")?;
    let path = folder.join("merges.txt");
    let unreadable = |reason: &dyn std::fmt::Display| JointError::unreadable(&path, reason);
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
    let lines = text.lines().filter(|line| !line.starts_with("#version"));
    let pairs: Vec<[&str; 2]> = lines
        .filter_map(|line| line.split_once(' '))
        .map(|(first, second)| [first, second])
        .collect();
    let number = |token: &str| {
        let number = vocabulary.get(token).and_then(Value::as_u64);
        number.ok_or_else(|| {
            let reason = format!("it has no {token}, so it isn't CLIP's");
            JointError::unreadable(&folder.join("vocab.json"), &reason)
        })
    };
    let (start, end) = (number(START)?, number(END)?);
    let special = |token: &str, id: u64| {
        json!({
            "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        })
    };
    let model = json!({
        "type": "BPE", "dropout": null, "unk_token": END, "continuing_subword_prefix": null,
        "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false, "vocab": vocabulary, "merges": pairs,
    });
    let normalizer = json!({"type": "Sequence", "normalizers": [
        {"type": "NFC"},
        {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
        {"type": "Lowercase"},
    ]});
    let splitter = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": true},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    ]});
    let ends = json!({
        "type": "RobertaProcessing", "sep": [END, end], "cls": [START, start],
        "trim_offsets": false, "add_prefix_space": false,
    });
    let settings = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(START, start), special(END, end)],
        "normalizer": normalizer, "pre_tokenizer": splitter, "post_processor": ends,
        "decoder": null, "model": model,
    });
    let settings = settings.to_string();
    settings
        .parse::<Tokenizer>()
        .map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn folder(pipeline: &str) -> PathBuf {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/diffusion");
        golden.join(pipeline).join("tokenizer")
    }

    #[test]
    fn both_forms_of_clips_tokenizer_read_the_same() {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tiny/clip");
        let whole = Tokens::load(&whole, 77).expect("a tokenizer");
        let made = Tokens::load(&folder("clip"), 77).expect("a vocabulary and merges");
        for text in [
            "Axial CT of the chest: LEFT-sided effusion, 3 cm!",
            "Röntgenbild  des Knies – 膝关节",
            "",
            "it's <|endoftext|> the 2nd",
        ] {
            let read = whole.read(text).expect("tokens");
            assert_eq!(made.read(text).expect("tokens"), read, "{text}");
            assert_eq!(read.cut, None);
        }
        assert_eq!(padding(&folder("clip")).as_deref(), Some("!"));
        assert_eq!(longest(&folder("clip")), Some(16));
    }

    #[test]
    fn marks_in_a_prompt_are_words() {
        let tokens = Tokens::load(&folder("clip"), 77).expect("a tokenizer");
        let end = tokens.number(END).expect("CLIP's");
        let ids = tokens.read("chest <|endoftext|> knee").expect("tokens").ids;
        assert_eq!(ids.iter().filter(|id| **id == end).count(), 1, "{ids:?}");
        let tokens = Tokens::load(&folder("minilm"), 16).expect("a tokenizer");
        let end = tokens.number("[SEP]").expect("BERT's");
        let ids = tokens.read("chest [SEP] knee").expect("tokens").ids;
        assert_eq!(ids.iter().filter(|id| **id == end).count(), 1, "{ids:?}");
    }

    #[test]
    fn what_is_beyond_the_limit_is_told_from_its_first_word_on() {
        for pipeline in ["clip", "minilm"] {
            let tokens = Tokens::load(&folder(pipeline), 6).expect("a tokenizer");
            let whole = tokens.read("axial chest knee slice").expect("tokens");
            assert_eq!((whole.ids.len(), &whole.cut), (6, &None), "{pipeline}");
            let read = tokens
                .read("axial chest knee slice  bräin, Coronal ")
                .expect("tokens");
            assert_eq!(read.ids, whole.ids, "{pipeline}");
            assert_eq!(read.cut.as_deref(), Some("bräin, Coronal"), "{pipeline}");
            // The limit goes through a word of several tokens.
            let read = tokens.read("axial chest knee zzz").expect("tokens");
            assert_eq!(read.ids.len(), 6);
            assert_eq!(read.cut.as_deref(), Some("zzz"), "{pipeline}");
        }
    }

    #[test]
    fn a_folder_without_a_tokenizer_is_told() {
        let nowhere = tempfile::tempdir().expect("a folder");
        let error = Tokens::load(nowhere.path(), 16).err().expect("none");
        assert!(
            error.to_string().contains("vocab.json can't be read"),
            "{error}"
        );
        std::fs::write(nowhere.path().join("vocab.json"), "{}").expect("written");
        std::fs::write(nowhere.path().join("merges.txt"), "a b\n").expect("written");
        let error = Tokens::load(nowhere.path(), 16).err().expect("another's");
        assert!(error.to_string().contains("no <|startoftext|>"), "{error}");
        let error = Tokens::load(&folder("clip"), 2).err().expect("no room");
        assert!(error.to_string().contains("too few"), "{error}");
    }
}
