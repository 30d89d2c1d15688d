//! Whole explanations, as `/explain` makes them: how long until the first sentence and the last.
//! What is in them is measured by `mirage eval explain`.

use std::time::{Duration, Instant};

use mirage::atlas::Atlas;
use mirage::explain::{self, Asked, Event, ExplainError, WordedBy};
use mirage_models::language_model::LanguageModel;
use tokio::sync::mpsc;

use crate::cli::failure::Failure;
use crate::cli::progress::Waiting;

/// Topics of the starter atlas, of several kinds of pictures.
const TOPICS: [&str; 12] = [
    "corpus callosum",
    "What is the internal capsule?",
    "putamen versus globus pallidus",
    "insula",
    "cerebellar tonsils",
    "heart border and diaphragm on a chest x-ray",
    "non-ossifying fibroma of the tibia",
    "deltoid and rotator cuff",
    "four-chamber view of the heart, mitral valve",
    "abdominal CT: pancreas, liver and spleen",
    "optic disc and cup on a fundus photograph",
    "skin histology, epidermis",
];
/// What is explained first and not counted.
const WARM_UP: &str = "thalamus on MRI";
/// Events that wait to be looked at: an answer has far fewer.
const EVENTS: usize = 64;

/// What an explanation took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Took {
    /// Until the first sentence may be shown; `None` if none was.
    pub(super) first_words: Option<Duration>,
    /// Until the answer is complete.
    pub(super) whole: Duration,
    pub(super) sentences: usize,
    /// Of them, those that the language model worded.
    pub(super) worded_by_model: usize,
}

/// Explains all topics, one after the other.
///
/// # Errors
/// What the atlas reports.
pub(super) async fn measure(
    atlas: &Atlas,
    model: &dyn LanguageModel,
    waiting: &Waiting,
) -> Result<Vec<Took>, Failure> {
    waiting.message("Loading the networks of the atlas".to_owned());
    // As the bot does when it starts.
    atlas.warm().await?;
    explained(atlas, model, WARM_UP).await?;
    let mut measured = Vec::with_capacity(TOPICS.len());
    for (number, topic) in TOPICS.iter().enumerate() {
        waiting.message(format!("Topic {} of {}", number + 1, TOPICS.len()));
        measured.push(explained(atlas, model, topic).await?);
    }
    Ok(measured)
}

async fn explained(
    atlas: &Atlas,
    model: &dyn LanguageModel,
    topic: &str,
) -> Result<Took, ExplainError> {
    let asked = Asked::topic(topic);
    let (events, mut listener) = mpsc::channel(EVENTS);
    let started = Instant::now();
    let listening = async {
        let mut first_words = None;
        while let Some(event) = listener.recv().await {
            if matches!(event, Event::Sentence(_)) {
                first_words.get_or_insert_with(|| started.elapsed());
            }
        }
        first_words
    };
    let making = async {
        let answer = explain::explain(atlas, Some(model), &asked, &events).await;
        // The other side ends when nothing more can come.
        drop(events);
        (answer, started.elapsed())
    };
    let ((answer, whole), first_words) = tokio::join!(making, listening);
    let sentences = answer?.sentences;
    let by_model = sentences
        .iter()
        .filter(|sentence| sentence.worded_by == WordedBy::Model);
    Ok(Took {
        first_words,
        whole,
        worded_by_model: by_model.count(),
        sentences: sentences.len(),
    })
}
