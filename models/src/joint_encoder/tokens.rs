//! Texts to the numbers of their tokens, by the encoder's own `tokenizer.json`. Which of them are
//! looked at is the network's affair.

use std::path::Path;

use serde_json::Value;
use tokenizers::{Tokenizer, TruncationParams};

use super::error::JointError;
use super::fields;
use super::plan::{Place, TextPlan};

/// Fewer tokens leave no room between those at the ends.
const FEWEST: usize = 4;

/// A tokenizer with the network's bounds.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// Tokens that the network knows.
    vocabulary: usize,
    /// The length that every text is filled to, and with which token.
    full: Option<(usize, u32)>,
}

/// The tokens of some texts, each row filled to the same length.
pub(super) struct Rows {
    /// Row after row.
    pub(super) ids: Vec<u32>,
    /// Tokens of each row without what it is filled with, unless that is looked at as well.
    pub(super) lengths: Vec<usize>,
    /// Tokens of a row.
    pub(super) length: usize,
}

impl Tokens {
    /// Loads `tokenizer.json`. Texts are cut to the shorter of `maximum` and the network's context;
    /// the token at their end stays.
    ///
    /// # Errors
    /// [`JointError::Unreadable`], or [`JointError::Tokenizer`] if the bound leaves no room.
    pub(super) fn load(folder: &Path, plan: &TextPlan, maximum: usize) -> Result<Self, JointError> {
        let path = folder.join("tokenizer.json");
        let refuse = |reason: &dyn std::fmt::Display| JointError::unreadable(&path, reason);
        if !path.is_file() {
            return Err(refuse(
                &"it isn't there (docs/encoders.md says how to make it)",
            ));
        }
        let mut tokenizer = Tokenizer::from_file(&path).map_err(|error| refuse(&error))?;
        let limit = maximum.min(plan.context);
        if limit < FEWEST {
            let reason = format!("{limit} tokens are too few for one");
            return Err(JointError::Tokenizer(reason));
        }
        // The file's own bounds are those of whoever saved it last.
        let truncation = TruncationParams {
            max_length: limit,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|error| JointError::Tokenizer(error.to_string()))?
            .with_padding(None);
        let full = plan.fill.map(|usual| {
            let padding = padding(folder).and_then(|token| tokenizer.token_to_id(&token));
            (plan.context, padding.unwrap_or(usual))
        });
        Ok(Self {
            tokenizer,
            vocabulary: plan.vocabulary,
            full,
        })
    }

    /// The tokens of texts.
    ///
    /// # Errors
    /// [`JointError::Tokenizer`], or [`JointError::Token`] if the network doesn't know one.
    pub(super) fn rows(&self, texts: &[&str]) -> Result<Rows, JointError> {
        let encodings = self
            .tokenizer
            .encode_batch(texts.to_vec(), true)
            .map_err(|error| JointError::Tokenizer(error.to_string()))?;
        let longest = encodings.iter().map(|row| row.get_ids().len()).max();
        let (length, filling) = self.full.unwrap_or((longest.unwrap_or_default(), 0));
        let mut ids = Vec::with_capacity(texts.len() * length);
        let mut lengths = Vec::with_capacity(texts.len());
        for encoding in &encodings {
            let row = encoding.get_ids();
            let known = self.vocabulary;
            if let Some(&token) = row.iter().find(|token| **token as usize >= known) {
                return Err(JointError::Token { token, known });
            }
            if row.is_empty() {
                let reason = "a text has no token, not even one at its end".to_owned();
                return Err(JointError::Tokenizer(reason));
            }
            ids.extend(row);
            ids.extend(std::iter::repeat_n(
                filling,
                length.saturating_sub(row.len()),
            ));
            lengths.push(if self.full.is_some() {
                length
            } else {
                row.len()
            });
        }
        Ok(Rows {
            ids,
            lengths,
            length,
        })
    }
}

impl Rows {
    /// For each row, which of its tokens stands for it.
    ///
    /// # Errors
    /// [`JointError::Tokenizer`] if a row has no such token.
    pub(super) fn places(&self, place: Place) -> Result<Vec<usize>, JointError> {
        let rows = self.ids.chunks_exact(self.length).zip(&self.lengths);
        rows.map(|(row, length)| {
            let row = &row[..*length];
            let found = match place {
                Place::First => Some(0),
                Place::Last => Some(length - 1),
                Place::Token(wanted) => row.iter().position(|token| *token == wanted),
                Place::Largest => {
                    let largest = row.iter().max();
                    row.iter().position(|token| Some(token) == largest)
                }
            };
            found.ok_or_else(|| {
                let reason = "a text has no token at its end, so nothing stands for it";
                JointError::Tokenizer(reason.to_owned())
            })
        })
        .collect()
    }

    /// What is added where a token may not look, for each row and token.
    pub(super) fn padding(&self) -> Vec<f32> {
        let mut added = Vec::with_capacity(self.ids.len());
        for length in &self.lengths {
            added.extend(std::iter::repeat_n(0.0, *length));
            added.extend(std::iter::repeat_n(f32::NEG_INFINITY, self.length - length));
        }
        added
    }
}

/// The token that `tokenizer_config.json` fills with, if there is such a file.
fn padding(folder: &Path) -> Option<String> {
    let config = fields::read(folder, "tokenizer_config.json").ok()?;
    let token = match config.get("pad_token")? {
        Value::String(token) => token.as_str(),
        token => token.get("content")?.as_str()?,
    };
    Some(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[u32], lengths: &[usize]) -> Rows {
        Rows {
            ids: ids.to_vec(),
            lengths: lengths.to_vec(),
            length: ids.len() / lengths.len(),
        }
    }

    #[test]
    fn the_token_that_stands_for_a_text_is_found() {
        let rows = rows(&[5, 1, 9, 9, 5, 9, 0, 0], &[4, 2]);
        let places = |place: Place| rows.places(place).expect("each has one");
        assert_eq!(places(Place::First), [0, 0]);
        assert_eq!(places(Place::Last), [3, 1]);
        assert_eq!(places(Place::Largest), [2, 1], "the first of equals");
        assert_eq!(places(Place::Token(9)), [2, 1]);
        assert!(rows.places(Place::Token(1)).is_err(), "the second has none");
    }

    #[test]
    fn padding_is_not_looked_at() {
        let added = rows(&[1, 2, 3, 1, 0, 0], &[3, 1]).padding();
        let none = f32::NEG_INFINITY;
        assert_eq!(added, [0.0, 0.0, 0.0, 0.0, none, none]);
    }
}
