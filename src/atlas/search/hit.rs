//! What a search found, and the reason for each hit. How results are shown is the caller's concern.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::super::entry::Entry;
use super::super::filter::Field;
use super::super::image_to_text::FittingWord;

/// Which searches found a hit: one at least, none where it is not known any more. As JSON it is the
/// list of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Reason>", into = "Vec<Reason>")]
pub struct MatchedBy {
    /// Its picture is near.
    pub picture: bool,
    /// Its words are near in meaning.
    pub meaning: bool,
    /// It shares words.
    pub words: bool,
}

/// One search that can find a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reason {
    Picture,
    Meaning,
    Words,
}

impl MatchedBy {
    /// By words, and nothing else.
    pub const WORDS: Self = Self {
        picture: false,
        meaning: false,
        words: true,
    };
    /// By meaning, and nothing else.
    pub const MEANING: Self = Self {
        picture: false,
        meaning: true,
        words: false,
    };
    /// By its picture, and nothing else.
    pub const PICTURE: Self = Self {
        picture: true,
        meaning: false,
        words: false,
    };

    fn reasons(self) -> impl Iterator<Item = Reason> {
        let all = [
            (self.picture, Reason::Picture),
            (self.meaning, Reason::Meaning),
            (self.words, Reason::Words),
        ];
        all.into_iter()
            .filter_map(|(is_one, reason)| is_one.then_some(reason))
    }
}

impl From<Vec<Reason>> for MatchedBy {
    fn from(reasons: Vec<Reason>) -> Self {
        Self {
            picture: reasons.contains(&Reason::Picture),
            meaning: reasons.contains(&Reason::Meaning),
            words: reasons.contains(&Reason::Words),
        }
    }
}

impl From<MatchedBy> for Vec<Reason> {
    fn from(matched_by: MatchedBy) -> Self {
        matched_by.reasons().collect()
    }
}

impl fmt::Display for MatchedBy {
    /// As in "picture, meaning and words"; the words come last, since a list of them may follow.
    /// Nothing where nothing is known.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .reasons()
            .map(|reason| match reason {
                Reason::Picture => "picture",
                Reason::Meaning => "meaning",
                Reason::Words => "words",
            })
            .collect();
        match names.as_slice() {
            [] => Ok(()),
            [only] => formatter.write_str(only),
            [others @ .., last] => write!(formatter, "{} and {last}", others.join(", ")),
        }
    }
}

/// The parts of a hit's score. Cosines and BM25 order hits within one query; they are no
/// probability and don't compare across queries.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScoreParts {
    /// Fused score: the weighted sum of reciprocal ranks.
    #[serde(serialize_with = "short")]
    pub fused: f32,
    /// Rank by meaning, from 1.
    pub meaning_rank: Option<usize>,
    /// Cosine of the query with the embedding of the entry's words.
    #[serde(serialize_with = "short_option")]
    pub cosine: Option<f32>,
    /// Rank by words, from 1.
    pub words_rank: Option<usize>,
    /// BM25 score.
    #[serde(serialize_with = "short_option")]
    pub bm25: Option<f32>,
    /// Rank by picture, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_rank: Option<usize>,
    /// Cosine of the query with the embedding of the entry's picture.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "short_option"
    )]
    pub picture_cosine: Option<f32>,
}

/// An entry that was found, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Place in the whole ranking, from 1.
    pub rank: usize,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Which searches found it.
    pub matched_by: MatchedBy,
    /// Words of the query that the entry holds.
    pub shared_words: Vec<String>,
    /// The parts of its score.
    pub score: ScoreParts,
}

/// Why there is no hit, and what would have some.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoMatch {
    /// Fields whose value no entry has, with the nearest values that some have.
    pub unknown: Vec<(Field, String, Vec<String>)>,
    /// The best hits without the filter.
    pub without_filter: Vec<Hit>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The hits asked for, best first.
    pub hits: Vec<Hit>,
    /// How many hits the whole ranking has.
    pub total: usize,
    /// Set when the filter lets nothing pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match: Option<NoMatch>,
    /// Set when the picture asked for is no nearer to the best one than two pictures are by chance.
    /// The hits are the nearest all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nothing_close: bool,
    /// Words of the atlas that fit the picture that was given, best first. Empty where none does,
    /// and for a search without a picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<FittingWord>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn short<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 1e5).round() / 1e5)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn short_option<S: Serializer>(value: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => short(value, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_a_sentence_does_and_come_back_from_json() {
        let all = MatchedBy {
            picture: true,
            meaning: true,
            words: true,
        };
        let both = MatchedBy {
            picture: false,
            ..all
        };
        for (matched_by, sentence, json) in [
            (
                all,
                "picture, meaning and words",
                r#"["picture","meaning","words"]"#,
            ),
            (both, "meaning and words", r#"["meaning","words"]"#),
            (MatchedBy::WORDS, "words", r#"["words"]"#),
            (MatchedBy::MEANING, "meaning", r#"["meaning"]"#),
            (MatchedBy::PICTURE, "picture", r#"["picture"]"#),
            (MatchedBy::default(), "", "[]"),
        ] {
            assert_eq!(matched_by.to_string(), sentence);
            let written = serde_json::to_string(&matched_by).expect("plain data");
            assert_eq!(written, json);
            let read: MatchedBy = serde_json::from_str(&written).expect("its own words");
            assert_eq!(read, matched_by);
        }
        assert!(serde_json::from_str::<MatchedBy>(r#"["luck"]"#).is_err());
    }
}
