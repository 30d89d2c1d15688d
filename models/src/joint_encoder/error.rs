//! Why an encoder for texts and pictures can't be used: each a sentence that names the file, the
//! field or the tensor.

use std::fmt::Display;
use std::path::Path;

use crate::manifest::Layout;

/// Why an encoder for texts and pictures can't be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum JointError {
    /// A file is missing or can't be read.
    #[error("{file} can't be read: {reason}.")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The folder has no configuration.
    #[error(
        "{0} holds no encoder: there is neither a config.json nor an open_clip_config.json in it."
    )]
    NoConfiguration(String),
    /// The folder has no weights.
    #[error("{folder} holds no weights: there is no {wanted}.")]
    NoWeights {
        /// The folder.
        folder: String,
        /// The file that is looked for.
        wanted: String,
    },
    /// There are weights, but in a form that isn't opened.
    #[error(
        "The weights {file} are a pickle, which can run code when it is opened, so it isn't. \
         Convert it to safetensors and call it {wanted} (docs/encoders.md says how)."
    )]
    Pickle {
        /// The pickle.
        file: String,
        /// The name that its conversion is looked for by.
        wanted: String,
    },
    /// The weights are in several files.
    #[error(
        "The weights in {folder} are cut into several files. Save them as one and call it \
         {wanted} (docs/encoders.md says how)."
    )]
    Shards {
        /// The folder.
        folder: String,
        /// The name that the one file is looked for by.
        wanted: String,
    },
    /// The configuration is of something else.
    #[error(
        "{file} describes no encoder that can be read: {reason}. The layouts are clip, open-clip, \
         siglip and biomedclip."
    )]
    UnknownLayout {
        /// The configuration's file.
        file: String,
        /// What it describes.
        reason: String,
    },
    /// The folder holds another encoder than the profile says.
    #[error("{folder} holds an encoder in the layout {found}, but the profile says {expected}.")]
    OtherLayout {
        /// The folder.
        folder: String,
        /// What is there.
        found: Layout,
        /// What the profile says.
        expected: Layout,
    },
    /// A field of a configuration is missing, wrong, or asks for what isn't done here.
    #[error("{file} can't be used: {field} {reason}.")]
    Field {
        /// The configuration's file.
        file: String,
        /// The field with its place, as in `vision_cfg.pool_type`.
        field: String,
        /// What is wrong with it; goes on after its name.
        reason: String,
    },
    /// A tensor isn't there.
    #[error("The weights lack the tensor {tensor}, which should have the shape {expected}.")]
    MissingTensor {
        /// Its name in the file.
        tensor: String,
        /// The shape that the configuration asks for.
        expected: String,
    },
    /// A tensor that the configuration knows nothing of.
    #[error(
        "The weights hold the tensor {0}, which the configuration says nothing of. It can't be \
         left out, so they can't be used."
    )]
    Unexpected(String),
    /// A tensor has another shape than the configuration says.
    #[error("The tensor {tensor} has the shape {found}, but should have {expected}.")]
    Shape {
        /// Its name in the file.
        tensor: String,
        /// The shape that the configuration asks for.
        expected: String,
        /// The shape in the file.
        found: String,
    },
    /// A tensor holds numbers of a kind that isn't read.
    #[error("The tensor {tensor} holds {found}; F32, F16 and BF16 can be read.")]
    Kind {
        /// Its name in the file.
        tensor: String,
        /// The kind, as the file names it.
        found: String,
    },
    /// The tokenizer refused its input.
    #[error("The text could not be split into tokens: {0}.")]
    Tokenizer(String),
    /// The tokenizer knows more than the network.
    #[error(
        "The tokenizer gives the token {token}, but the network knows {known} tokens. The \
         tokenizer.json belongs to another encoder."
    )]
    Token {
        /// The token's number.
        token: u32,
        /// How many the network knows.
        known: usize,
    },
    /// The network gives something that isn't a vector.
    #[error("The encoder gives numbers that aren't finite. Its weights are damaged.")]
    NotFinite,
    /// The network refused its input.
    #[error("The encoder failed: {0}")]
    Network(#[from] candle_core::Error),
}

impl JointError {
    pub(crate) fn unreadable(path: &Path, reason: &dyn Display) -> Self {
        Self::Unreadable {
            file: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}

/// A shape as it is shown to people: `(768, 3, 16, 16)`.
pub(super) fn shape(lengths: &[usize]) -> String {
    let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
    format!("({})", lengths.join(", "))
}
