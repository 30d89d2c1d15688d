//! Answers in words: the trait that explanations are written with, what goes into it and comes out,
//! and where implementations are made. Which sources stand in a prompt, and what of an answer is
//! shown, are decided elsewhere.

mod allow_list;
mod answer;
mod convert;
mod engine;
mod error;
mod message;
mod request;
mod special_tokens;
mod template;

use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Receiver;

use crate::image_encoder::Rgb;
use crate::manifest::Manifest;

pub use allow_list::{Form, Found, inspect};
pub use convert::fast_form;
pub use engine::MistralModel;
pub use error::LanguageModelError;
pub use message::{Grammar, Message, Piece, Role, Sampling, StopReason, Usage};
pub use special_tokens::Markers;

/// What [`LanguageModel::generate`] gives: pieces of the answer as they are written, the last of
/// which is [`Piece::Done`] or an error. Dropping it stops the model.
pub type Pieces = Receiver<Result<Piece, LanguageModelError>>;

/// Continues conversations. Implementations may be called from many tasks; each decides how many
/// answers it writes at once and in which order.
pub trait LanguageModel: Send + Sync {
    /// Name and version of the weights: what an answer is stored with.
    fn identity(&self) -> &str;

    /// Most tokens that a prompt and its answer may have together.
    fn context_length(&self) -> usize;

    /// Tokens of a text, without those that a conversation is framed with.
    ///
    /// # Errors
    /// [`LanguageModelError::Tokenizer`] if the text can't be split.
    fn count_tokens(&self, text: &str) -> Result<usize, LanguageModelError>;

    /// Writes the next message of a conversation. Returns at once; call it from within a tokio
    /// runtime. Markers that the model's own format uses are taken out of every message. Dropping
    /// the receiver stops the answer.
    ///
    /// # Errors
    /// [`LanguageModelError`] for a request that can't be written at all (no message, no room for
    /// an answer, a grammar that can't be read); what goes wrong later comes through the receiver.
    fn generate(
        &self,
        messages: Vec<Message>,
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError>;
}

/// A language model that also sees pictures.
pub trait VisionLanguageModel: LanguageModel {
    /// As [`LanguageModel::generate`], with pictures that belong to the last message, in the order
    /// given.
    ///
    /// # Errors
    /// As [`LanguageModel::generate`]; [`LanguageModelError::Picture`] for a picture that is too
    /// small or too long.
    fn generate_with_pictures(
        &self,
        messages: Vec<Message>,
        pictures: &[Rgb],
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError>;
}

/// What [`LanguageModel::identity`] of a profile's model says, without loading it; `None` if the
/// profile has none.
pub fn identity(manifest: &Manifest) -> Option<String> {
    let spec = manifest.language_model.as_ref()?;
    let folder = format!("{}/", spec.path);
    let is_weights = |path: &str| {
        path == spec.path || (path.starts_with(&folder) && path.ends_with(".safetensors"))
    };
    let file = manifest.files.iter().find(|file| is_weights(&file.path));
    let hash = file.and_then(|file| file.sha256.get(..8));
    Some(format!("{}@{}", spec.name, hash.unwrap_or("unknown")))
}

/// Makes sure that a profile's model is in a form that is fast, which may take seconds the first
/// time: for the end of an installation. Gives the file or folder to load, or `None` if the profile
/// has no model. Reads and writes whole files on the calling thread.
///
/// # Errors
/// [`LanguageModelError`] names the file, and what stands in the way.
pub fn prepare(manifest: &Manifest, folder: &Path) -> Result<Option<PathBuf>, LanguageModelError> {
    let Some(spec) = &manifest.language_model else {
        return Ok(None);
    };
    let found = inspect(&folder.join(&spec.path))?;
    match found.form {
        Form::Gguf => fast_form(&found.path).map(Some),
        Form::Safetensors => Ok(Some(found.path)),
    }
}

/// Loads a profile's model from the folder that holds the profile's files; `None` if the profile has
/// none. Takes seconds: call it from a thread that may block.
///
/// # Errors
/// [`LanguageModelError`] names the file that can't be read, or what the engine refuses.
pub fn load(
    manifest: &Manifest,
    folder: &Path,
) -> Result<Option<Box<dyn LanguageModel>>, LanguageModelError> {
    Ok(match load_here(manifest, folder)? {
        Some(model) => Some(Box::new(model)),
        None => None,
    })
}

/// The same for a model that sees pictures.
///
/// # Errors
/// As [`load`]; [`LanguageModelError::Blind`] if the profile's model sees none.
pub fn load_vision(
    manifest: &Manifest,
    folder: &Path,
) -> Result<Option<Box<dyn VisionLanguageModel>>, LanguageModelError> {
    match load_here(manifest, folder)? {
        Some(model) if model.sees() => Ok(Some(Box::new(model))),
        Some(model) => Err(LanguageModelError::Blind(model.identity().to_owned())),
        None => Ok(None),
    }
}

fn load_here(
    manifest: &Manifest,
    folder: &Path,
) -> Result<Option<MistralModel>, LanguageModelError> {
    let (Some(identity), Some(path)) = (identity(manifest), prepare(manifest, folder)?) else {
        return Ok(None);
    };
    MistralModel::load(inspect(&path)?, identity).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_profile_has_a_model_with_a_name_of_its_own() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        let name = identity(&manifest).expect("a model");
        assert_eq!(name, "SmolLM2-135M-Instruct@b179c952");
        let error = prepare(&manifest, Path::new("no/such/folder")).expect_err("nothing there");
        assert!(error.to_string().contains("models verify"), "{error}");
        manifest.language_model = None;
        assert!(identity(&manifest).is_none());
        assert!(matches!(prepare(&manifest, Path::new(".")), Ok(None)));
        assert!(matches!(load(&manifest, Path::new(".")), Ok(None)));
    }
}
