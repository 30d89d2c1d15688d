//! Which language models run, read from their files before anything is loaded: the engine stops
//! its thread at some that it doesn't know.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, Value as Field};
use serde_json::Value;

use super::LanguageModelError;
use super::convert::seal_path;

/// Values of `general.architecture` in GGUF files that run.
const GGUF: &[&str] = &[
    "llama",
    "mistral3",
    "phi2",
    "phi3",
    "starcoder2",
    "qwen2",
    "qwen3",
    "qwen3moe",
];

/// Classes in `architectures` of a `config.json` that run on text alone. `GptOssForCausalLM` would
/// too, but it fetches a part of its tokenizer from the network.
const TEXT: &[&str] = &[
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "MixtralForCausalLM",
    "GemmaForCausalLM",
    "Gemma2ForCausalLM",
    "PhiForCausalLM",
    "Phi3ForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen3MoeForCausalLM",
    "Starcoder2ForCausalLM",
    "DeepseekV2ForCausalLM",
    "DeepseekV3ForCausalLM",
    "Glm4ForCausalLM",
    "SmolLM3ForCausalLM",
    "GraniteMoeHybridForCausalLM",
];

/// The same for models that also see pictures.
const VISION: &[&str] = &[
    "Gemma3ForConditionalGeneration",
    "Qwen2VLForConditionalGeneration",
    "Qwen2_5_VLForConditionalGeneration",
    "Idefics3ForConditionalGeneration",
];

/// `model_type` of a configuration that names no class, and the class that it stands for.
const TYPES: &[(&str, &str)] = &[
    ("llama", "LlamaForCausalLM"),
    ("mistral", "MistralForCausalLM"),
    ("mixtral", "MixtralForCausalLM"),
    ("gemma", "GemmaForCausalLM"),
    ("gemma2", "Gemma2ForCausalLM"),
    ("gemma3", "Gemma3ForConditionalGeneration"),
    ("phi", "PhiForCausalLM"),
    ("phi3", "Phi3ForCausalLM"),
    ("qwen2", "Qwen2ForCausalLM"),
    ("qwen3", "Qwen3ForCausalLM"),
    ("qwen2_vl", "Qwen2VLForConditionalGeneration"),
    ("qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration"),
    ("idefics3", "Idefics3ForConditionalGeneration"),
];

/// Ways to cut pictures into parts at which the engine breaks down: it expects one part a picture.
/// Each is a class, a field of `preprocessor_config.json`, and what counts where it isn't set.
const CUTTING: &[(&str, &str, bool)] = &[
    (
        "Idefics3ForConditionalGeneration",
        "do_image_splitting",
        true,
    ),
    ("Gemma3ForConditionalGeneration", "do_pan_and_scan", false),
];

/// How the weights of a model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One GGUF file.
    Gguf,
    /// A folder with `config.json`, `tokenizer.json` and safetensors.
    Safetensors,
}

/// A language model on disk that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How it is stored.
    pub form: Form,
    /// The file, or the folder.
    pub path: PathBuf,
    /// What it calls itself.
    pub architecture: String,
    /// Whether it sees pictures.
    pub sees: bool,
}

impl Found {
    /// Whether the engine breaks down at the second word of an answer about a picture: mistral.rs
    /// 0.8.1 looks for that word's place in the question alone (`qwen2vl::get_rope_index`).
    pub(super) fn breaks_at_pictures(&self) -> bool {
        self.architecture == "Qwen2VLForConditionalGeneration"
    }
}

/// Looks at a GGUF file, a folder with one, or a folder with safetensors. Reads the header alone,
/// on the calling thread.
///
/// # Errors
/// [`LanguageModelError::Architecture`] names the architecture and those that run;
/// [`LanguageModelError::Unreadable`] the file that is missing or damaged.
pub fn inspect(path: &Path) -> Result<Found, LanguageModelError> {
    if !path.is_dir() {
        return of_gguf(path);
    }
    let configuration = path.join("config.json");
    if configuration.is_file() {
        return of_configuration(path, &configuration);
    }
    let reason = "there is neither a config.json nor one file that ends with .gguf in it";
    let file = only_gguf(path).ok_or_else(|| unreadable(path, reason))?;
    of_gguf(&file)
}

/// The header of a GGUF file.
///
/// # Errors
/// [`LanguageModelError::Unreadable`].
pub(super) fn header(path: &Path) -> Result<Content, LanguageModelError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    Content::read(&mut BufReader::new(file)).map_err(|error| unreadable(path, error))
}

/// An error about a file; the reason is the end of a sentence.
pub(super) fn unreadable(path: &Path, reason: impl std::fmt::Display) -> LanguageModelError {
    LanguageModelError::Unreadable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

fn of_gguf(path: &Path) -> Result<Found, LanguageModelError> {
    let header = header(path)?;
    let text = |key: &str| match header.metadata.get(key) {
        Some(Field::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let Some(architecture) = text("general.architecture") else {
        return Err(unreadable(path, "it has no general.architecture"));
    };
    if !GGUF.contains(&architecture) {
        return Err(not_run(path, architecture, GGUF));
    }
    if text("tokenizer.chat_template").is_none() {
        let reason = "it has no tokenizer.chat_template; take a model that was trained for \
                      conversations, often called Instruct";
        return Err(unreadable(path, reason));
    }
    Ok(Found {
        form: Form::Gguf,
        path: path.to_owned(),
        architecture: architecture.to_owned(),
        sees: false,
    })
}

fn of_configuration(folder: &Path, file: &Path) -> Result<Found, LanguageModelError> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
    let fields: Value = serde_json::from_str(&text).map_err(|error| unreadable(file, error))?;
    let Some(architecture) = class(&fields) else {
        let reason = "it names neither architectures nor a model_type";
        return Err(unreadable(file, reason));
    };
    let sees = VISION.contains(&architecture.as_str());
    if !sees && !TEXT.contains(&architecture.as_str()) {
        return Err(not_run(file, &architecture, &[TEXT, VISION].concat()));
    }
    for needed in ["tokenizer.json", "tokenizer_config.json"] {
        if !folder.join(needed).is_file() {
            return Err(unreadable(&folder.join(needed), "there is no such file"));
        }
    }
    if sees {
        check_pictures(folder, &architecture)?;
    }
    Ok(Found {
        form: Form::Safetensors,
        path: folder.to_owned(),
        architecture,
        sees,
    })
}

/// Refuses settings of pictures that the engine breaks down at.
fn check_pictures(folder: &Path, architecture: &str) -> Result<(), LanguageModelError> {
    let file = folder.join("preprocessor_config.json");
    let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
    let fields: Value = serde_json::from_str(&text).map_err(|error| unreadable(&file, error))?;
    for (class, field, unset) in CUTTING {
        if *class == architecture && fields[*field].as_bool().unwrap_or(*unset) {
            let reason = format!(
                "it cuts pictures into parts, which can't be run; set \"{field}\" in it to false"
            );
            return Err(unreadable(&file, reason));
        }
    }
    Ok(())
}

/// The class that a configuration names, or that its type stands for. A type that stands for none
/// is given as it is, for the error.
fn class(fields: &Value) -> Option<String> {
    if let Some(class) = fields["architectures"][0].as_str() {
        return Some(class.to_owned());
    }
    let kind = fields["model_type"].as_str()?;
    let known = TYPES.iter().find(|(name, _)| *name == kind);
    Some(known.map_or(kind, |(_, class)| class).to_owned())
}

/// The one GGUF file of a folder; a conversion of our own doesn't count.
fn only_gguf(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let mut files = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gguf"))
        .filter(|path| !seal_path(path).exists());
    let file = files.next()?;
    files.next().is_none().then_some(file)
}

fn not_run(path: &Path, architecture: &str, known: &[&str]) -> LanguageModelError {
    LanguageModelError::Architecture {
        file: path.display().to_string(),
        architecture: architecture.to_owned(),
        known: known.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::gguf_file;

    fn write_gguf(path: &Path, fields: &[(&str, &str)]) {
        let values: Vec<(&str, Field)> = fields
            .iter()
            .map(|(key, value)| (*key, Field::String((*value).to_owned())))
            .collect();
        let values: Vec<(&str, &Field)> = values.iter().map(|(key, value)| (*key, value)).collect();
        let mut file = File::create(path).expect("created");
        gguf_file::write(&mut file, &values, &[]).expect("written");
    }

    #[test]
    fn a_gguf_file_is_known_by_its_header() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        let template = ("tokenizer.chat_template", "{{ messages }}");
        write_gguf(&path, &[("general.architecture", "qwen2"), template]);
        for given in [path.as_path(), folder.path()] {
            let found = inspect(given).expect("it runs");
            assert_eq!((found.form, found.sees), (Form::Gguf, false));
            assert_eq!(
                (found.path.as_path(), found.architecture.as_str()),
                (path.as_path(), "qwen2")
            );
        }
        for (fields, part) in [
            (
                vec![("general.architecture", "gemma3"), template],
                "architecture gemma3",
            ),
            (vec![("general.architecture", "llama")], "chat_template"),
            (vec![("general.name", "x")], "no general.architecture"),
        ] {
            write_gguf(&path, &fields);
            let error = inspect(&path).expect_err("it doesn't run").to_string();
            assert!(error.contains(part), "{error}");
        }
        std::fs::write(&path, b"GGUF\x03\0\0\0").expect("cut off");
        let error = inspect(&path).expect_err("damaged").to_string();
        assert!(error.contains("model.gguf can't be read"), "{error}");
    }

    #[test]
    fn a_folder_is_known_by_its_configuration() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        let nothing = inspect(folder.path()).expect_err("empty").to_string();
        assert!(nothing.contains("neither a config.json"), "{nothing}");
        write("config.json", r#"{"architectures": ["LlamaForCausalLM"]}"#);
        let error = inspect(folder.path()).expect_err("no tokenizer");
        assert!(error.to_string().contains("tokenizer.json"), "{error}");
        write("tokenizer.json", "{}");
        write("tokenizer_config.json", "{}");
        assert!(!inspect(folder.path()).expect("it runs").sees);
        write("config.json", r#"{"model_type": "qwen2_vl"}"#);
        let error = inspect(folder.path()).expect_err("no settings of pictures");
        assert!(error.to_string().contains("preprocessor_config"), "{error}");
        write("preprocessor_config.json", "{}");
        let found = inspect(folder.path()).expect("it runs");
        assert_eq!(found.architecture, "Qwen2VLForConditionalGeneration");
        assert!(found.sees && found.form == Form::Safetensors);
        for (text, part) in [
            (
                r#"{"architectures": ["GPTNeoXForCausalLM"]}"#,
                "GPTNeoXForCausalLM",
            ),
            (r#"{"model_type": "mamba"}"#, "architecture mamba"),
            ("{}", "neither architectures"),
            ("[", "can't be read"),
            (
                r#"{"model_type": "idefics3"}"#,
                "\"do_image_splitting\" in it to false",
            ),
        ] {
            write("config.json", text);
            let error = inspect(folder.path())
                .expect_err("it doesn't run")
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
