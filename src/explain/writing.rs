//! What a language model writes, sentence by sentence, while it writes. Numbers of sources and of
//! lists are taken out, since it isn't the model that decides what supports a sentence.

use mirage_models::language_model::{
    LanguageModel, LanguageModelError, Message, Piece, Pieces, Sampling, StopReason,
};

use super::prompt::Prompt;
use super::sentences::sentences;

/// Tokens of an answer: about five sentences.
const MOST_TOKENS: usize = 140;
/// Temperature of an answer that is worded anew. What strays from the sources is withheld, so more
/// would only leave less to show.
const VARIED: f32 = 0.7;
/// Bytes that are held while no sentence ends.
const MOST_HELD: usize = 4_000;

/// An answer that is being written.
pub(super) struct Writing {
    pieces: Pieces,
    /// What came and is in no sentence yet.
    held: String,
    /// Whether nothing more comes.
    is_over: bool,
    /// Whether what came last is whole.
    is_whole: bool,
}

impl Writing {
    /// Asks a model for the likeliest words, or for others.
    ///
    /// # Errors
    /// What the model reports.
    pub(super) fn begin(
        model: &dyn LanguageModel,
        prompt: &Prompt,
        worded_anew: bool,
    ) -> Result<Self, LanguageModelError> {
        let messages = vec![
            Message::system(prompt.system.as_str()),
            Message::user(prompt.user.as_str()),
        ];
        let sampling = Sampling {
            temperature: if worded_anew { VARIED } else { 0.0 },
            ..Sampling::greedy(MOST_TOKENS)
        };
        Ok(Self {
            pieces: model.generate(messages, sampling)?,
            held: String::new(),
            is_over: false,
            is_whole: false,
        })
    }

    /// Tokens of a text; a guess where the model can't tell.
    pub(super) fn tokens(model: &dyn LanguageModel, text: &str) -> usize {
        model
            .count_tokens(text)
            .unwrap_or_else(|_| text.len().div_ceil(3))
    }

    /// The next sentence; `None` when there is no other.
    ///
    /// # Errors
    /// What the model reports; what was written before stays told.
    pub(super) async fn next(&mut self) -> Result<Option<String>, LanguageModelError> {
        loop {
            if let Some(sentence) = self.take() {
                let plain = plain(&sentence);
                if plain.chars().any(char::is_alphabetic) {
                    return Ok(Some(plain));
                }
                continue;
            }
            if self.is_over {
                return Ok(None);
            }
            match self.pieces.recv().await {
                Some(Ok(Piece::Text(text))) => self.held.push_str(&text),
                Some(Ok(Piece::Done(usage))) => {
                    self.is_over = true;
                    self.is_whole = usage.stop == StopReason::Finished;
                }
                Some(Err(error)) => {
                    self.is_over = true;
                    self.held.clear();
                    return Err(error);
                }
                None => self.is_over = true,
            }
            self.is_over |= self.held.len() > MOST_HELD;
        }
    }

    /// The first sentence of what is held, if it is certain that it ended.
    fn take(&mut self) -> Option<String> {
        let found = sentences(&self.held);
        let (first, others) = found.split_first()?;
        let is_last = others.is_empty();
        if is_last && !self.is_over {
            return None;
        }
        let ends = first.ends_with(['.', '!', '?']);
        let sentence = (!is_last || ends || self.is_whole).then(|| (*first).to_owned());
        let end = self.held.find(*first)? + first.len();
        self.held.drain(..end);
        sentence
    }
}

/// A sentence without numbers in square brackets and without the number or sign of a list.
fn plain(sentence: &str) -> String {
    let mut plain = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('[') {
        let cited = after.split_once(']').filter(|(inside, _)| {
            let is_number = |letter: char| letter.is_ascii_digit() || matches!(letter, ',' | ' ');
            inside.chars().all(is_number)
        });
        plain.push_str(before);
        match cited {
            Some((_, behind)) => {
                plain.truncate(plain.trim_end().len());
                rest = behind;
            }
            None => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    let sign = |letter: char| matches!(letter, '-' | '*' | '•' | ' ');
    let plain = plain.trim_start_matches(sign);
    let unnumbered = plain.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let plain = unnumbered.strip_prefix(')').unwrap_or(plain);
    plain.trim().to_owned()
}

#[cfg(test)]
pub(super) mod testing {
    //! A language model that writes what it is told to.

    use std::time::Duration;

    use mirage_models::language_model::Usage;
    use tokio::sync::mpsc;

    use super::*;

    /// Writes these pieces, whatever it is asked.
    pub(in super::super) struct Dictated {
        pub(in super::super) pieces: Vec<&'static str>,
        pub(in super::super) stop: StopReason,
    }

    impl LanguageModel for Dictated {
        fn identity(&self) -> &str {
            "dictated@0"
        }

        fn context_length(&self) -> usize {
            2_048
        }

        fn count_tokens(&self, text: &str) -> Result<usize, LanguageModelError> {
            Ok(text.split_whitespace().count())
        }

        fn generate(
            &self,
            _messages: Vec<Message>,
            _sampling: Sampling,
        ) -> Result<Pieces, LanguageModelError> {
            let (sender, receiver) = mpsc::channel(self.pieces.len() + 1);
            let text = self
                .pieces
                .iter()
                .map(|piece| Piece::Text((*piece).to_owned()));
            let usage = Usage {
                prompt_tokens: 1,
                completion_tokens: self.pieces.len(),
                prompt_time: Duration::ZERO,
                decode_time: Duration::ZERO,
                stop: self.stop,
            };
            for piece in text.chain(std::iter::once(Piece::Done(usage))) {
                sender.try_send(Ok(piece)).expect("there is room for all");
            }
            Ok(receiver)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Dictated;
    use super::*;

    async fn written(pieces: &[&'static str], stop: StopReason) -> Vec<String> {
        let model = Dictated {
            pieces: pieces.to_vec(),
            stop,
        };
        let prompt = Prompt {
            system: String::new(),
            user: "x".to_owned(),
        };
        let mut writing = Writing::begin(&model, &prompt, false).expect("begun");
        let mut sentences = Vec::new();
        while let Some(sentence) = writing.next().await.expect("no error") {
            sentences.push(sentence);
        }
        sentences
    }

    #[tokio::test]
    async fn sentences_come_as_they_end() {
        let pieces = [
            "1. The po",
            "ns [1] bul",
            "ges [1, 2]. - It has 3",
            ".3 cm",
            ". End",
        ];
        assert_eq!(
            written(&pieces, StopReason::Finished).await,
            ["The pons bulges.", "It has 3.3 cm.", "End"]
        );
        assert_eq!(
            written(&pieces, StopReason::Length).await,
            ["The pons bulges.", "It has 3.3 cm."],
            "what was cut off is no sentence"
        );
        assert!(written(&[], StopReason::Finished).await.is_empty());
    }

    #[test]
    fn only_numbers_in_brackets_are_taken_out() {
        assert_eq!(plain("* T1 [left] side [12]."), "T1 [left] side.");
        assert_eq!(plain("an open [bracket"), "an open [bracket");
        assert_eq!(plain("2) Two cm [2]"), "Two cm");
        assert_eq!(plain("12 cm"), "12 cm");
    }
}
