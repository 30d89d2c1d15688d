//! Why a language model can't be loaded, converted or asked. The sentences are shown to people, so
//! they name the mend and never quote a prompt.

/// Why a language model could not be loaded, converted or asked.
#[derive(Debug, thiserror::Error)]
pub enum LanguageModelError {
    /// A file of the model is missing or can't be read.
    #[error(
        "The language model's file {file} can't be read: {reason}. Run `mirage models verify`."
    )]
    Unreadable {
        /// The file or folder.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The weights are of an architecture that isn't run.
    #[error(
        "{file} holds a language model of the architecture {architecture}, which Mirage can't run. It runs {known}. Choose a model of one of these."
    )]
    Architecture {
        /// The file or folder.
        file: String,
        /// What the file calls itself.
        architecture: String,
        /// What runs, in this form of file.
        known: String,
    },
    /// A file can't be brought into a form that is fast.
    #[error("{file} can't be converted: {reason} Choose another file of the same model.")]
    Unconvertible {
        /// The file.
        file: String,
        /// What stands in the way; a sentence.
        reason: String,
    },
    /// The engine refused the weights.
    #[error("The language model {file} could not be loaded: {reason}.")]
    Load {
        /// The file or folder.
        file: String,
        /// The engine's reason.
        reason: String,
    },
    /// A file can't be written.
    #[error("{file} can't be written: {reason}. Make room or choose another folder.")]
    Unwritable {
        /// The file.
        file: String,
        /// The system's reason.
        reason: String,
    },
    /// A request has nothing to answer.
    #[error("A conversation needs a last message by the user.")]
    NoQuestion,
    /// A request leaves no room for an answer.
    #[error(
        "The prompt has {prompt} tokens and the answer may have {answer}, but the language model takes {context} together. Shorten the prompt."
    )]
    TooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Most tokens of the answer.
        answer: usize,
        /// What the model takes.
        context: usize,
    },
    /// A number of the request is out of its range.
    #[error("{name} must be {range}.")]
    Sampling {
        /// What is out of range.
        name: &'static str,
        /// What is allowed.
        range: &'static str,
    },
    /// The form that an answer must have can't be read.
    #[error("The form of the answer can't be used: {0}.")]
    Grammar(String),
    /// A model of texts was given pictures.
    #[error("{0} sees no pictures. Choose a profile with a vision-language model.")]
    Blind(String),
    /// The engine can't show pictures to this model, though the model could see them.
    #[error(
        "The engine breaks down where {0} is shown a picture, so it answers in words about words alone. Choose a profile with Qwen2.5-VL, Gemma 3 or Idefics 3 for pictures."
    )]
    PicturesUnsupported(String),
    /// A picture is too small or too long.
    #[error(
        "A picture for the language model has sides of at least 32 pixels, neither more than 100 \
         times the other; this one has {width} x {height}."
    )]
    Picture {
        /// Pixels a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A text can't be split into tokens.
    #[error("The text could not be split into tokens: {0}.")]
    Tokenizer(String),
    /// The engine failed at an answer.
    #[error("The language model failed: {0}. Try again; if it fails again, restart Mirage.")]
    Engine(String),
    /// The network refused its weights or its input.
    #[error("The language model failed: {0}")]
    Network(#[from] candle_core::Error),
}
