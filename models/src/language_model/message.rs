//! What goes into a language model and what comes out of it. Nothing is generated here.

use std::time::Duration;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The instructions of the program.
    System,
    /// The person, or what the program says in a person's place.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said; plain text.
    pub content: String,
}

impl Message {
    /// A message of the program.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// A message of the person.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// A message of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }

    fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// What an answer must match, from its first character to its last.
#[derive(Debug, Clone, PartialEq)]
pub enum Grammar {
    /// A JSON schema.
    JsonSchema(serde_json::Value),
    /// A regular expression in the syntax of the `regex` crate, without anchors.
    Regex(String),
}

/// How an answer is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Most tokens of the answer, at least 1.
    pub maximum_tokens: usize,
    /// 0 takes the likeliest token each time and gives the same answer twice; higher values
    /// vary more. Up to 2.
    pub temperature: f32,
    /// What the answer must match, if anything.
    pub grammar: Option<Grammar>,
}

impl Sampling {
    /// The likeliest answer of at most this many tokens.
    pub fn greedy(maximum_tokens: usize) -> Self {
        Self {
            maximum_tokens,
            temperature: 0.0,
            grammar: None,
        }
    }

    /// The same, in a form.
    #[must_use]
    pub fn with_grammar(mut self, grammar: Grammar) -> Self {
        self.grammar = Some(grammar);
        self
    }
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text that follows what came before.
    Text(String),
    /// The answer is complete; nothing follows.
    Done(Usage),
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Tokens that were read, those of the frame included.
    pub prompt_tokens: usize,
    /// Tokens that were written.
    pub completion_tokens: usize,
    /// Time for reading the prompt.
    pub prompt_time: Duration,
    /// Time for writing the answer.
    pub decode_time: Duration,
    /// Why the answer ended.
    pub stop: StopReason,
}

impl Usage {
    /// Tokens of the prompt a second; 0 if no time passed.
    pub fn prompt_tokens_per_second(&self) -> f64 {
        rate(self.prompt_tokens, self.prompt_time)
    }

    /// Tokens of the answer a second; 0 if no time passed.
    pub fn tokens_per_second(&self) -> f64 {
        rate(self.completion_tokens, self.decode_time)
    }
}

fn rate(tokens: usize, time: Duration) -> f64 {
    if time.is_zero() {
        0.0
    } else {
        tokens as f64 / time.as_secs_f64()
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The model was done.
    Finished,
    /// The most tokens that were asked for, or that fit, were written.
    Length,
    /// The receiver was dropped.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_finite() {
        let mut usage = Usage {
            prompt_tokens: 10,
            completion_tokens: 5,
            prompt_time: Duration::ZERO,
            decode_time: Duration::from_millis(500),
            stop: StopReason::Finished,
        };
        assert!(usage.prompt_tokens_per_second().abs() < f64::EPSILON);
        assert!((usage.tokens_per_second() - 10.0).abs() < 1e-9);
        usage.prompt_time = Duration::from_secs(2);
        assert!((usage.prompt_tokens_per_second() - 5.0).abs() < 1e-9);
    }
}
