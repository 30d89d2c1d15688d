//! Answers with the time that they took, our own model's and llama.cpp's, in the same terms: the
//! prompt with the first token of the answer, and the tokens after it.

use anyhow::{Context as _, bail, ensure};
use mirage_models::language_model::{LanguageModel, Message, Piece, Sampling, Usage};
use serde::Deserialize;
use serde_json::json;

use super::figures::PeerFigures;
use super::prompts::SYSTEM;
use super::weights::Stored;
use crate::cli::bench::peer::Peer;

/// Most tokens of an answer.
pub(super) const LONGEST: usize = 64;

/// An answer, and what it took.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Answered {
    pub(super) prompt_tokens: usize,
    /// Until the first token of the answer is there.
    pub(super) prompt_seconds: f64,
    pub(super) answer_tokens: usize,
    /// For the tokens after the first.
    pub(super) decode_seconds: f64,
    pub(super) text: String,
}

impl Answered {
    /// What our own model's engine tells of an answer.
    ///
    /// # Errors
    /// The engine told no numbers, or the answer is too short to be measured.
    fn of(usage: &Usage, text: String) -> anyhow::Result<Self> {
        ensure!(
            usage.prompt_tokens > 0 && usage.completion_tokens > 1,
            "the language model read {} tokens and wrote {}, which can't be measured",
            usage.prompt_tokens,
            usage.completion_tokens
        );
        Ok(Self {
            prompt_tokens: usage.prompt_tokens,
            prompt_seconds: usage.prompt_time.as_secs_f64(),
            answer_tokens: usage.completion_tokens,
            decode_seconds: usage.decode_time.as_secs_f64(),
            text,
        })
    }
}

/// Asks our own model, outside of the engine's queue.
pub(super) async fn ask(model: &dyn LanguageModel, question: &str) -> anyhow::Result<Answered> {
    let messages = vec![Message::system(SYSTEM), Message::user(question)];
    let mut pieces = model.generate(messages, Sampling::greedy(LONGEST))?;
    let mut text = String::new();
    while let Some(piece) = pieces.recv().await {
        match piece? {
            Piece::Text(more) => text.push_str(&more),
            Piece::Done(usage) => return Answered::of(&usage, text),
        }
    }
    bail!("the language model ended before its answer did")
}

/// llama.cpp on one file.
pub(super) struct Beside {
    /// Running, or a sentence on why it isn't.
    pub(super) peer: Result<Peer, String>,
    /// What it has loaded.
    pub(super) weights: Stored,
    /// The answers that count.
    pub(super) answers: Vec<Answered>,
}

impl Beside {
    /// Asks what our own model was asked, for an answer of the same length.
    pub(super) async fn ask(
        &mut self,
        question: &str,
        tokens: usize,
        counts: bool,
    ) -> anyhow::Result<()> {
        let Ok(peer) = &mut self.peer else {
            return Ok(());
        };
        let task = json!({ "system": SYSTEM, "question": question, "tokens": tokens });
        let answer = peer.ask(&task.to_string()).await?;
        let answer: Answered = serde_json::from_value(answer).context("the peer's answer")?;
        if counts {
            self.answers.push(answer);
        }
        Ok(())
    }

    /// Ends it; its figures beside ours, or why there are none.
    pub(super) fn figures(self, ours: &[Answered]) -> Result<PeerFigures, String> {
        let about = self.peer?.about;
        Ok(PeerFigures::of(&about, self.weights, &self.answers, ours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage_models::language_model::StopReason;
    use std::time::Duration;

    #[test]
    fn an_answer_that_cannot_be_measured_is_told() {
        let mut usage = Usage {
            prompt_tokens: 150,
            completion_tokens: 64,
            prompt_time: Duration::from_millis(500),
            decode_time: Duration::from_secs(1),
            stop: StopReason::Length,
        };
        let answer = Answered::of(&usage, "The pons".to_owned()).expect("measured");
        assert_eq!((answer.prompt_tokens, answer.answer_tokens), (150, 64));
        assert!((answer.prompt_seconds - 0.5).abs() < 1e-9);
        usage.completion_tokens = 1;
        let error = Answered::of(&usage, String::new()).expect_err("too short");
        assert!(error.to_string().contains("wrote 1"), "{error}");
    }

    #[test]
    fn a_peer_answers_in_the_same_terms() {
        let told = json!({
            "prompt_tokens": 3, "prompt_seconds": 0.25, "answer_tokens": 2,
            "decode_seconds": 0.5, "text": "a b",
        });
        let answer: Answered = serde_json::from_value(told).expect("as chat.py writes it");
        assert_eq!(answer.text, "a b");
        assert!(serde_json::from_value::<Answered>(json!({ "prompt_tokens": 3 })).is_err());
    }
}
