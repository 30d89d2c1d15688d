//! Questions drafted from the atlas: what its entries say of their pictures is asked for, and what is
//! surely not so stands beside it. Keys come from labels and boxes, never from a network; the
//! encoder's nearness decides alone which wrong answers and pictures are the likeliest to be taken
//! for right ones.
//!
//! A draft is no question yet: a tutor approves it.

mod alt;
mod choice;
mod distractors;
mod facts;
mod given;
mod kin;
mod knowledge;
mod near;
mod open;
mod pictures;
mod point;
mod select;
mod statement;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod topic;
mod wording;
mod workshop;

use std::collections::HashSet;
use std::sync::Arc;

use super::error::QuizError;
use super::item::{Difficulty, Item, Kind};
use crate::atlas::{Atlas, AtlasError, Entry, EntryId};

use knowledge::Knowledge;
use near::Near;
use topic::Topic;
use workshop::Workshop;

/// Most questions of one draft.
pub const MOST_DRAFTS: usize = 100;
/// Pictures of a topic that are asked about in one draft.
const MOST_KEYS: usize = 120;
/// Entries that are looked at. Of a larger atlas those are taken first that have a word of the topic;
/// the others are wrong answers enough.
const MOST_ENTRIES: usize = 20_000;

/// What is to be drafted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// What the pictures are about, in words.
    pub topic: String,
    /// How many questions, 1 to [`MOST_DRAFTS`].
    pub count: usize,
    /// Of which kinds; all, if none is named.
    pub kinds: Vec<Kind>,
    /// How difficult they should be, if it matters.
    pub difficulty: Option<Difficulty>,
    /// The same atlas and seed give the same questions.
    pub seed: u64,
}

impl Wanted {
    fn check(&self) -> Result<(), QuizError> {
        if !(1..=MOST_DRAFTS).contains(&self.count) {
            return Err(QuizError::Count(self.count));
        }
        if self.topic.trim().is_empty() {
            return Err(QuizError::NoTopic);
        }
        Ok(())
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Drafts questions about a topic, none of which asks what `known` has
/// ([`Item::fingerprint`]). There can be fewer than were asked for, and there is one at least.
///
/// # Errors
/// [`QuizError`].
pub async fn draft(
    atlas: &Atlas,
    wanted: &Wanted,
    known: &HashSet<String>,
) -> Result<Vec<Item>, QuizError> {
    wanted.check()?;
    let drafter = Drafter::read_about(atlas, &wanted.topic).await?;
    drafter.draft(wanted, known).await
}

/// Drafts a confusable pair of one picture of each side, the sides' first ones first: two that
/// somebody has put side by side, whether the encoder finds them close or not. It asks nothing that
/// `known` has. The labels that tell them apart are its topic.
///
/// # Errors
/// [`QuizError::NotAskable`], [`QuizError::NoPair`], [`QuizError::PairKnown`],
/// [`QuizError::EmptyAtlas`], or what the atlas reports.
pub async fn draft_pair(
    atlas: &Atlas,
    sides: [&[EntryId]; 2],
    known: &HashSet<String>,
    seed: u64,
) -> Result<Item, QuizError> {
    let entries = atlas.entries().await?;
    if entries.is_empty() {
        return Err(QuizError::EmptyAtlas);
    }
    let sides = sides.map(<[EntryId]>::to_vec);
    let known = known.clone();
    blocking(move || {
        let is_given = |entry: &Entry| sides.iter().any(|side| side.contains(&entry.id));
        let knowledge = Knowledge::of(first_of(entries, MOST_ENTRIES, is_given));
        given::pair(&knowledge, &sides, &known, seed)
    })
    .await?
}

/// An atlas as it was read for drafting. Several drafts can share it; what was changed in the atlas
/// meanwhile is not in them.
#[derive(Clone)]
pub struct Drafter {
    atlas: Atlas,
    knowledge: Arc<Knowledge>,
}

impl Drafter {
    /// Reads the words of an atlas.
    ///
    /// # Errors
    /// [`QuizError::EmptyAtlas`], or what the atlas reports.
    pub async fn read(atlas: &Atlas) -> Result<Self, QuizError> {
        Self::read_about(atlas, "").await
    }

    async fn read_about(atlas: &Atlas, topic: &str) -> Result<Self, QuizError> {
        let entries = atlas.entries().await?;
        if entries.is_empty() {
            return Err(QuizError::EmptyAtlas);
        }
        let topic = topic.to_lowercase();
        let narrowing = move || Knowledge::of(narrowed(entries, &topic, MOST_ENTRIES));
        let knowledge = blocking(narrowing).await?;
        Ok(Self {
            atlas: atlas.clone(),
            knowledge: Arc::new(knowledge),
        })
    }

    /// How many of the atlas's pictures can be asked about.
    pub fn pictures(&self) -> usize {
        self.knowledge.entries.len()
    }

    /// The parts of the body and the modalities that the atlas names: topics that cover it.
    pub fn topics(&self) -> Vec<String> {
        self.knowledge.topics()
    }

    /// As [`draft`].
    ///
    /// # Errors
    /// [`QuizError`].
    pub async fn draft(
        &self,
        wanted: &Wanted,
        known: &HashSet<String>,
    ) -> Result<Vec<Item>, QuizError> {
        wanted.check()?;
        let (knowledge, asked) = (Arc::clone(&self.knowledge), wanted.clone());
        let (topic, keys) = blocking(move || {
            let topic = Topic::of(&asked.topic, &knowledge);
            let keys = topic.keys(&knowledge, MOST_KEYS, asked.seed);
            (topic, keys)
        })
        .await?;
        if keys.is_empty() {
            return Err(QuizError::NoPictures(wanted.topic.trim().to_owned()));
        }
        let compares = wanted.has(Kind::WhichPicture) || wanted.has(Kind::ConfusablePair);
        let near = if compares {
            Near::of(&self.atlas, &self.knowledge, &keys).await?
        } else {
            Near::default()
        };
        let (knowledge, asked, known) =
            (Arc::clone(&self.knowledge), wanted.clone(), known.clone());
        blocking(move || {
            let mut workshop = Workshop::new(&knowledge, near, &topic, asked.seed);
            let candidates = workshop.candidates(&asked, &keys);
            select::select(candidates, &asked, &known)
        })
        .await?
    }
}

/// At most so many entries, those first that have a word of the topic.
fn narrowed(entries: Vec<Entry>, topic: &str, most: usize) -> Vec<Entry> {
    let words: Vec<&str> = topic
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .collect();
    first_of(entries, most, |entry| {
        let text = entry.description.search_text().to_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

/// At most so many entries, those first that are wanted.
fn first_of(
    mut entries: Vec<Entry>,
    most: usize,
    is_wanted: impl Fn(&Entry) -> bool,
) -> Vec<Entry> {
    if entries.len() > most {
        entries.sort_by_cached_key(|entry| !is_wanted(entry));
        entries.truncate(most);
    }
    entries
}

/// Computes on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, QuizError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AtlasError::Interrupted.into())
}
