//! Answers in words: the trait that explanations are written with, what goes into it and comes out.
//! Which sources stand in a prompt, and what of an answer is shown, are decided elsewhere.

mod error;
mod message;

use tokio::sync::mpsc::Receiver;

pub use error::LanguageModelError;
pub use message::{Grammar, Message, Picture, Piece, Role, Sampling, StopReason, Usage};

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
    /// As [`LanguageModel::generate`]; [`LanguageModelError::Picture`] for pixels that make none.
    fn generate_with_pictures(
        &self,
        messages: Vec<Message>,
        pictures: Vec<Picture>,
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError>;
}
