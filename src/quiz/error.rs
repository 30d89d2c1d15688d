//! Why no questions could be drafted, as sentences that name the mend.

use super::draft::MOST_DRAFTS;
use crate::atlas::AtlasError;

/// Why no questions were drafted.
#[derive(Debug, thiserror::Error)]
pub enum QuizError {
    /// None or too many were asked for.
    #[error("{0} questions can't be drafted at once; ask for 1 to {MOST_DRAFTS}.")]
    Count(usize),
    /// The topic is empty.
    #[error("Name a topic, for instance: axial brain MRI.")]
    NoTopic,
    /// The atlas has no pictures.
    #[error(
        "The atlas is empty, so there is nothing to ask about. Fill it with `mirage atlas starter` \
         or `mirage ingest`."
    )]
    EmptyAtlas,
    /// No picture is about the topic.
    #[error(
        "The atlas has no pictures about “{0}” that can be asked about. Try fewer or plainer words."
    )]
    NoPictures(String),
    /// There are pictures, but they give no question: they say too little, or all the same.
    #[error(
        "The pictures about “{0}” give no question of these kinds: their labels tell too little \
         apart. Try a wider topic or other kinds."
    )]
    NoQuestions(String),
    /// All questions that could be drafted are in the bank.
    #[error("All questions that the atlas gives about “{0}” were drafted before.")]
    AllKnown(String),
    /// No picture on one of two sides may be asked about.
    #[error(
        "None of the pictures on one side can be asked about: they are synthetic, too small, \
         written on, or no longer in the atlas. Compare other pictures."
    )]
    NotAskable,
    /// Nothing tells the pictures of two sides surely apart.
    #[error(
        "These pictures make no question: the atlas has no labels that surely tell one side from \
         the other. Compare pictures whose labels differ."
    )]
    NoPair,
    /// All pairs that two sides give are in the bank.
    #[error("All questions that these pictures give were drafted before.")]
    PairKnown,
    /// The atlas can't be read.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
}
