//! Whether a source says what a sentence says. Every content word, number and side of the sentence
//! must stand in one sentence of the source, in its order, equally denied or affirmed, and no more
//! certain; the two must also be near in meaning. What fails one of these is not shown. It would
//! rather withhold a true sentence than show one that no source supports.

mod marks;
mod order;

use serde::{Deserialize, Serialize};

use marks::{Token, cues, tokens};

/// Cosine below which a sentence and its source have too little in common. Of the supported
/// sentences of the dev half none is below 0.6; the bound only guards against chance, since a changed
/// number or a denial hardly moves a cosine.
const NEAREST: f32 = 0.45;
/// Most tokens of a sentence; longer ones are not read.
const MOST_TOKENS: usize = 80;

/// Words that say which side, direction or degree is meant.
const SIDES: &[&str] = &["left", "right"];

/// Why a sentence is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It says nothing that could be looked up.
    Empty,
    /// It is like no sentence of the sources.
    Meaning,
    /// It has words that no source has.
    Words,
    /// It has a number that no source has.
    Number,
    /// It names a side that no source names.
    Side,
    /// It denies what is affirmed, affirms what is denied, or is more certain than its source.
    Polarity,
    /// Its words stand in a source, but otherwise related.
    Relation,
    /// It speaks to the reader or to a language model instead of about a picture.
    Instruction,
    /// It holds an address, a mention or code.
    Form,
}

impl Reason {
    /// As part of a sentence: `2 because …`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Empty => "nothing is said that could be looked up",
            Self::Meaning => "no source says the like",
            Self::Words => "no source has these words",
            Self::Number => "no source has these numbers",
            Self::Side => "no source names this side",
            Self::Polarity => "the sources deny this, or are less certain",
            Self::Relation => "the sources relate these words otherwise",
            Self::Instruction => "instructions are never shown",
            Self::Form => "addresses, mentions and code are never shown",
        }
    }
}

/// Compares the words of a claim with one sentence of a source. `setting` are words that are known
/// of the source's picture besides: its modality, plane and region.
///
/// # Errors
/// The [`Reason`] why the sentence doesn't support the claim.
pub fn says(source: &str, setting: &str, claim: &str) -> Result<(), Reason> {
    let (claimed, said) = (tokens(claim), tokens(source));
    if claimed.is_empty() || claimed.len() > MOST_TOKENS {
        return Err(Reason::Empty);
    }
    let setting = tokens(setting);
    let is_among = |token: &Token, among: &[Token]| {
        let mut among = among.iter();
        among.any(|other| other.key == token.key)
    };
    let missing = claimed
        .iter()
        .find(|token| !is_among(token, &said) && !is_among(token, &setting));
    if let Some(token) = missing {
        return Err(reason_of(token));
    }
    let (claim_cues, source_cues) = (cues(claim), cues(source));
    if (claim_cues.denies && !source_cues.denies) || (source_cues.denies_before && !claim_cues.any)
    {
        return Err(Reason::Polarity);
    }
    let claimed: Vec<Token> = claimed
        .into_iter()
        .filter(|token| is_among(token, &said))
        .collect();
    if claimed.is_empty() {
        return Err(Reason::Empty);
    }
    let fits = |token: &Token| said.iter().any(|other| token.follows_from(other));
    if !claimed.iter().all(fits) {
        return Err(Reason::Polarity);
    }
    if order::holds(&claimed, &said) {
        Ok(())
    } else {
        Err(Reason::Relation)
    }
}

fn reason_of(missing: &Token) -> Reason {
    if missing.is_number {
        Reason::Number
    } else if SIDES.contains(&missing.key.as_str()) {
        Reason::Side
    } else {
        Reason::Words
    }
}

/// A sentence of a source as the check reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// Number of the source, from 1.
    pub(super) source: usize,
    /// The sentence.
    pub(super) text: &'a str,
    /// Modality, plane and region of the source's picture.
    pub(super) setting: &'a str,
    /// Unit vector of the sentence.
    pub(super) vector: &'a [f32],
}

/// Most sources that are named for a sentence.
const MOST_NAMED: usize = 3;

/// The numbers of the sources that support a claim, the nearest first. `vector` is the claim's unit
/// vector, in the space of the sources'.
///
/// # Errors
/// The [`Reason`] that came nearest to support.
pub(super) fn sources_of<'a>(
    claim: &str,
    vector: &[f32],
    sources: impl Iterator<Item = Said<'a>>,
) -> Result<Vec<usize>, Reason> {
    let mut nearest = Reason::Empty;
    let mut supporting: Vec<(f32, usize)> = Vec::new();
    for said in sources {
        let near = cosine(vector, said.vector);
        let checked = if near < NEAREST {
            Err(Reason::Meaning)
        } else {
            says(said.text, said.setting, claim)
        };
        match checked {
            Ok(()) => supporting.push((near, said.source)),
            Err(reason) => nearest = nearest.max(reason),
        }
    }
    supporting.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut named: Vec<usize> = Vec::new();
    for (_, source) in supporting {
        if !named.contains(&source) && named.len() < MOST_NAMED {
            named.push(source);
        }
    }
    if named.is_empty() {
        Err(nearest)
    } else {
        Ok(named)
    }
}

/// The product of two unit vectors.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let products = one.iter().zip(other).map(|(one, other)| one * other);
    products.sum()
}

#[cfg(test)]
mod tests;
