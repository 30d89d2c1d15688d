//! A folder in diffusers' layout: which networks it holds, and where their weights are. What the
//! networks are made of is their own affair.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::joint_encoder::{Fields, JointError, Weights, read_fields};

const INDEX: &str = "model_index.json";
/// Endings of weights that Python's pickle has written.
const PICKLES: [&str; 4] = ["bin", "pt", "pth", "ckpt"];

/// What reads the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// CLIP's tower of texts, in the folder.
    Clip,
    /// The token states of a sentence encoder, beside the folder.
    Sentences,
}

/// Reads which networks the folder holds.
///
/// # Errors
/// [`JointError::Field`] names the one that isn't supported.
pub(super) fn text_kind(folder: &Path) -> Result<TextKind, JointError> {
    let value = read_fields(folder, INDEX)?;
    let index = Fields::of(INDEX, &value)?;
    // Our own checks stand in for diffusers' safety checker.
    index.none_but(&[
        "_class_name",
        "_diffusers_version",
        "_name_or_path",
        "feature_extractor",
        "image_encoder",
        "requires_safety_checker",
        "safety_checker",
        "scheduler",
        "text_encoder",
        "tokenizer",
        "unet",
        "vae",
    ])?;
    let pipelines = ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"];
    index.only("_class_name", &pipelines.map(Value::from))?;
    index.only("image_encoder", &[json!([null, null])])?;
    let diffusers = |class: &str| [json!(["diffusers", class])];
    index.only("unet", &diffusers("UNet2DConditionModel"))?;
    index.only("vae", &diffusers("AutoencoderKL"))?;
    let class = index.texts("text_encoder")?;
    match class.last().copied() {
        Some("CLIPTextModel" | "CLIPTextModelWithProjection") => Ok(TextKind::Clip),
        Some("MiniLmTokenStates") => Ok(TextKind::Sentences),
        other => {
            let other = other.unwrap_or("none");
            let reason =
                format!("asks for {other}; CLIPTextModel and MiniLmTokenStates are supported");
            Err(index.wrong("text_encoder", reason))
        }
    }
}

/// Opens the weights `name.safetensors` in a folder, be they one file or several; where there is
/// none, the ones in halves that some publish beside the whole ones.
///
/// # Errors
/// [`JointError::Pickle`] if there is but a pickle, [`JointError::NoWeights`] if there is none.
pub(super) fn weights(folder: &Path, name: &str) -> Result<Weights, JointError> {
    for variant in ["", ".fp16"] {
        let single = folder.join(format!("{name}{variant}.safetensors"));
        if single.is_file() {
            return Weights::open(&single);
        }
        let index = format!("{name}.safetensors.index{variant}.json");
        if folder.join(&index).is_file() {
            return Weights::open_all(&files(folder, &index)?);
        }
    }
    let wanted = format!("{name}.safetensors");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    others.sort_unstable();
    let is_pickle = |path: &&PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| PICKLES.contains(&ending))
    };
    match others.iter().find(is_pickle) {
        Some(pickle) => Err(JointError::Pickle {
            file: pickle.display().to_string(),
            wanted,
        }),
        None => Err(JointError::NoWeights {
            folder: folder.display().to_string(),
            wanted,
        }),
    }
}

/// The files that an index names. A name that leads out of the folder is refused.
fn files(folder: &Path, index: &str) -> Result<Vec<PathBuf>, JointError> {
    let value = read_fields(folder, index)?;
    let refuse =
        |reason: &dyn std::fmt::Display| JointError::unreadable(&folder.join(index), reason);
    let map = value.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| refuse(&"it has no weight_map"))?;
    let names: BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    let paths = names.into_iter().map(|name| {
        if name.contains(['/', '\\']) || !name.ends_with(".safetensors") {
            return Err(refuse(&format!(
                "it names {name}, which is no file beside it"
            )));
        }
        Ok(folder.join(name))
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(change: &str, value: Value) -> Result<TextKind, JointError> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut index = json!({
            "_class_name": "StableDiffusionPipeline", "feature_extractor": [null, null],
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
        });
        index[change] = value;
        std::fs::write(folder.path().join(INDEX), index.to_string()).expect("written");
        text_kind(folder.path())
    }

    #[test]
    fn networks_that_are_not_supported_are_named() {
        let checker = json!(["stable_diffusion", "StableDiffusionSafetyChecker"]);
        assert_eq!(
            kind("safety_checker", checker).expect("ours"),
            TextKind::Clip
        );
        let states = json!(["mirage", "MiniLmTokenStates"]);
        assert_eq!(
            kind("text_encoder", states).expect("ours"),
            TextKind::Sentences
        );
        for (name, value, told) in [
            ("_class_name", json!("StableDiffusionXLPipeline"), "XL"),
            ("unet", json!(["diffusers", "UNet2DModel"]), "UNet2DModel"),
            ("vae", json!(["diffusers", "AutoencoderTiny"]), "Tiny"),
            (
                "text_encoder",
                json!(["transformers", "T5EncoderModel"]),
                "T5",
            ),
            ("text_encoder", json!([null, null]), "list of texts"),
            (
                "text_encoder_2",
                json!(["transformers", "CLIPTextModel"]),
                "isn't known",
            ),
        ] {
            let sentence = kind(name, value).expect_err(name).to_string();
            let begin = format!("model_index.json can't be used: {name} ");
            assert!(
                sentence.starts_with(&begin) && sentence.contains(told),
                "{sentence}"
            );
        }
    }

    #[test]
    fn weights_that_are_not_there_or_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = || {
            weights(folder.path(), "model")
                .err()
                .expect("none")
                .to_string()
        };
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        assert!(
            told().contains("there is no model.safetensors"),
            "{}",
            told()
        );
        write("model.bin", "\u{80}");
        assert!(told().contains("model.bin are a pickle"), "{}", told());
        let index = "model.safetensors.index.json";
        write(index, r#"{"weight_map": {"a": "../model.safetensors"}}"#);
        assert!(told().contains("no file beside it"), "{}", told());
        write(index, "{}");
        assert!(told().contains("no weight_map"), "{}", told());
    }
}
