//! Encoders that put texts and pictures into one space, read from a folder as it is published: CLIP
//! and SigLIP in Hugging Face's layout, CLIP in `open_clip`'s, BiomedCLIP. One network serves all
//! (`transformer`, `text`, `vision`); a layout is a way to read its configuration and a list of
//! names (`hugging_face`, `open_clip`, `biomedclip`). Nothing is fetched, and which profile uses
//! which folder is decided elsewhere.

mod biomedclip;
mod error;
mod fields;
mod hugging_face;
mod open_clip;
mod picture;
mod plan;
mod profile;
mod resample;
mod states;
mod text;
mod tokens;
mod transformer;
mod vision;
mod weights;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::image_encoder::Rgb;
use crate::manifest::Layout;
use picture::Fit;
use plan::Plan;
use resample::Filter;
use tokens::Tokens;

pub use error::JointError;
pub(crate) use fields::{Fields, read as read_fields};
pub(crate) use states::TokenStates;
pub use text::JointTextEncoder;
pub use vision::JointImageEncoder;
pub(crate) use weights::Weights;

/// Hugging Face's configuration, and that of its processor of pictures.
const CONFIG: &str = "config.json";
const PROCESSOR: &str = "preprocessor_config.json";
/// `open_clip`'s configuration.
const OPEN_CLIP_CONFIG: &str = "open_clip_config.json";
/// The weights, in any layout.
const WEIGHTS: &str = "model.safetensors";
/// The weights as `open_clip` calls them.
const OPEN_CLIP_WEIGHTS: &str = "open_clip_model.safetensors";
/// Endings of weights that Python's pickle has written.
const PICKLES: [&str; 4] = ["bin", "pt", "pth", "ckpt"];

/// A folder with an encoder, whose configuration was read and found usable. The tensors are looked
/// at when one of its halves is loaded.
#[derive(Debug)]
pub struct Inspection {
    folder: PathBuf,
    weights: PathBuf,
    plan: Plan,
}

/// What there is to tell of an encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The layout of its files.
    pub layout: Layout,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Width and height of its input, in pixels.
    pub image_size: usize,
    /// Width and height of a patch, in pixels.
    pub patch_size: usize,
    /// How a picture is made square: `crop` cuts out the middle, `squash` stretches.
    pub fit: &'static str,
    /// How a picture is resized: `bilinear` or `bicubic`.
    pub filter: &'static str,
    /// What the neurons of the picture's tower do.
    pub activation: String,
    /// Most tokens of a text.
    pub maximum_tokens: usize,
}

/// Reads the configuration in a folder.
///
/// # Errors
/// [`JointError`] names the file or the field that is missing or wrong.
pub fn inspect(folder: &Path) -> Result<Inspection, JointError> {
    let has = |name: &str| folder.join(name).is_file();
    match (has(OPEN_CLIP_CONFIG), has(CONFIG)) {
        (false, false) => Err(JointError::NoConfiguration(folder.display().to_string())),
        (false, true) => inspect_hugging_face(folder),
        (true, false) => inspect_open_clip(folder),
        // Some publish both. The names of the tensors tell whose they are.
        (true, true) => {
            let is_hugging_face = !has(OPEN_CLIP_WEIGHTS)
                && Weights::open(&weights_file(folder, &[WEIGHTS])?)?.has("vision_model.");
            if is_hugging_face {
                inspect_hugging_face(folder)
            } else {
                inspect_open_clip(folder)
            }
        }
    }
}

/// The same for a folder that a profile says the layout of.
///
/// # Errors
/// As [`inspect`]; [`JointError::OtherLayout`] if the profile is wrong.
pub fn inspect_as(layout: Layout, folder: &Path) -> Result<Inspection, JointError> {
    let found = inspect(folder)?;
    if found.plan.layout == layout {
        return Ok(found);
    }
    Err(JointError::OtherLayout {
        folder: folder.display().to_string(),
        found: found.plan.layout,
        expected: layout,
    })
}

fn inspect_hugging_face(folder: &Path) -> Result<Inspection, JointError> {
    let value = fields::read(folder, CONFIG)?;
    let config = Fields::of(CONFIG, &value)?;
    let unknown = |reason: String| JointError::UnknownLayout {
        file: folder.join(CONFIG).display().to_string(),
        reason,
    };
    let layout = match config.text("model_type")? {
        Some("clip") => Layout::Clip,
        Some("siglip") => Layout::Siglip,
        Some(other) => return Err(unknown(format!("its model_type is \"{other}\""))),
        None => return Err(unknown("it has no model_type".to_owned())),
    };
    let weights = weights_file(folder, &[WEIGHTS])?;
    let value = fields::read(folder, PROCESSOR)?;
    let pictures = Fields::of(PROCESSOR, &value)?;
    let plan = match layout {
        Layout::Siglip => hugging_face::siglip(&config, &pictures)?,
        Layout::Clip | Layout::OpenClip | Layout::BiomedClip => {
            hugging_face::clip(&config, &pictures)?
        }
    };
    Ok(Inspection {
        folder: folder.to_owned(),
        weights,
        plan,
    })
}

fn inspect_open_clip(folder: &Path) -> Result<Inspection, JointError> {
    let value = fields::read(folder, OPEN_CLIP_CONFIG)?;
    let config = Fields::of(OPEN_CLIP_CONFIG, &value)?;
    let weights = weights_file(folder, &[OPEN_CLIP_WEIGHTS, WEIGHTS])?;
    let plan = open_clip::plan(&config, &Weights::open(&weights)?)?;
    Ok(Inspection {
        folder: folder.to_owned(),
        weights,
        plan,
    })
}

/// The first of these files that is there.
fn weights_file(folder: &Path, names: &[&str]) -> Result<PathBuf, JointError> {
    let mut paths = names.iter().map(|name| folder.join(name));
    if let Some(path) = paths.find(|path| path.is_file()) {
        return Ok(path);
    }
    let wanted = names.first().copied().unwrap_or(WEIGHTS).to_owned();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    others.sort_unstable();
    let is_index = |path: &PathBuf| path.to_string_lossy().ends_with(".safetensors.index.json");
    let folder = folder.display().to_string();
    if others.iter().any(is_index) {
        return Err(JointError::Shards { folder, wanted });
    }
    let is_pickle = |path: &&PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| PICKLES.contains(&ending))
    };
    match others.iter().find(is_pickle) {
        Some(pickle) => Err(JointError::Pickle {
            file: pickle.display().to_string(),
            wanted,
        }),
        None => Err(JointError::NoWeights { folder, wanted }),
    }
}

impl Inspection {
    /// The layout of the files.
    pub fn layout(&self) -> Layout {
        self.plan.layout
    }

    /// Loads the half that reads texts, on the CPU in F32. Of a text count as many tokens as
    /// `maximum` and the network's context allow.
    ///
    /// # Errors
    /// [`JointError`] names the tensor or the file that is missing or wrong.
    pub fn text_encoder(
        &self,
        identity: String,
        maximum: usize,
    ) -> Result<JointTextEncoder, JointError> {
        let plan = &self.plan.text;
        let tokens = Tokens::load(&self.folder, plan, maximum)?;
        let weights = Weights::open(&self.weights)?;
        JointTextEncoder::load(plan, tokens, self.plan.dimensions, &weights, identity)
    }

    /// Loads the half that looks at pictures, on the CPU in F32.
    ///
    /// # Errors
    /// As [`Self::text_encoder`].
    pub fn image_encoder(&self, identity: String) -> Result<JointImageEncoder, JointError> {
        let (plan, pictures) = (&self.plan.vision, self.plan.pictures.clone());
        let weights = Weights::open(&self.weights)?;
        JointImageEncoder::load(plan, pictures, self.plan.dimensions, &weights, identity)
    }

    /// Loads one half after the other and embeds a text and a gray picture: whether it works at
    /// all.
    ///
    /// # Errors
    /// As [`Self::text_encoder`]; [`JointError::NotFinite`].
    pub fn check(&self) -> Result<(), JointError> {
        let texts = self.text_encoder(String::new(), usize::MAX)?;
        let of_text = texts.embed_batch(&["radiograph of the chest"])?;
        drop(texts);
        let (width, height) = (64, 48);
        let gray = Rgb::new(width, height, vec![128; width * height * 3]).ok();
        let pictures = self.image_encoder(String::new())?;
        let of_picture = pictures.embed_batch(gray.as_slice())?;
        let mut numbers = of_text.iter().chain(&of_picture).flatten();
        if numbers.all(|number| number.is_finite()) {
            Ok(())
        } else {
            Err(JointError::NotFinite)
        }
    }

    /// What there is to tell.
    pub fn summary(&self) -> Summary {
        let plan = &self.plan;
        Summary {
            layout: plan.layout,
            dimensions: plan.dimensions,
            image_size: plan.pictures.size,
            patch_size: plan.vision.patch,
            fit: match plan.pictures.fit {
                Fit::Squash => "squash",
                Fit::Crop { .. } => "crop",
            },
            filter: match plan.pictures.filter {
                Filter::Bilinear => "bilinear",
                Filter::Bicubic => "bicubic",
            },
            activation: plan.vision.stack.activation.to_string(),
            maximum_tokens: plan.text.context,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_an_encoder_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = |folder: &Path| inspect(folder).expect_err("no encoder").to_string();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        let sentence = told(folder.path());
        assert!(sentence.contains("neither a config.json nor"), "{sentence}");
        write(CONFIG, "{");
        assert!(told(folder.path()).contains("config.json can't be read"));
        write(CONFIG, "{}");
        assert!(told(folder.path()).contains("it has no model_type"));
        write(CONFIG, r#"{"model_type": "bert"}"#);
        assert!(told(folder.path()).contains("its model_type is \"bert\""));
        write(CONFIG, r#"{"model_type": "clip"}"#);
        assert!(told(folder.path()).contains("there is no model.safetensors"));
        write("pytorch_model.bin", "\u{80}");
        let sentence = told(folder.path());
        assert!(
            sentence.contains("pytorch_model.bin are a pickle"),
            "{sentence}"
        );
        write("model.safetensors.index.json", "{}");
        assert!(told(folder.path()).contains("cut into several files"));
    }

    #[test]
    fn an_open_clip_folder_is_told_by_its_own_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(OPEN_CLIP_CONFIG), "{}").expect("written");
        let error = inspect(folder.path()).expect_err("no weights");
        let sentence = error.to_string();
        assert!(
            sentence.contains("no open_clip_model.safetensors"),
            "{sentence}"
        );
    }
}
