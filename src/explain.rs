//! Explanations of what the atlas shows: sentences with their sources, at the reader's level, and
//! nothing that no source supports. A language model may word them; each sentence is checked against
//! the sources and withheld where none supports it, and the sources' own words fill what is missing.
//! Without a model they do it alone. Messages, buttons and storage are the callers' concern.

mod advice;
mod answer;
mod asked;
mod concepts;
mod context;
mod conversation;
mod cut;
mod error;
mod fallback;
mod injection;
mod maker;
mod outline;
mod output_filter;
mod phrases;
mod prompt;
mod question;
mod scope;
mod sentences;
mod source;
mod support;
mod words;
mod writing;
mod zoom;

use mirage_models::language_model::LanguageModel;
use tokio::sync::mpsc;

pub use advice::Language;
pub use answer::{
    Answer, Cited, Event, Kind, Listed, NOTHING, Section, Verdict, Withheld, WordedBy,
};
pub use asked::{Asked, LONGEST, Level, Style, Subject};
pub use concepts::{Concept, ConceptKind, picture_of, why};
pub use conversation::{About, Conversation, FollowUp, MOST_TURNS, Next, Turn};
pub use error::ExplainError;
pub use outline::{Outline, Outlined, outline, structures};
pub use prompt::VERSION as TEMPLATE;
pub use support::{Reason, says};
pub use zoom::{Change, PARTS, Zoomed, crop, zoom};

use crate::atlas::{Atlas, Entry};
use asked::Clean;
use context::Context;
use maker::Maker;
use source::Source;
use support::Said;

/// Cosines are taken for what they were calibrated on, so that of other encoders none are.
fn is_calibrated(atlas: &Atlas) -> bool {
    scope::is_calibrated(atlas.encoder_identity())
}

/// Explains a topic, a picture or an entry. `model` words some of the sentences where there is one;
/// `events` is told of each as soon as it may be shown, and who drops its other end stops the work.
///
/// # Errors
/// [`ExplainError`] for words that can't be asked, a receiver that has gone, or what the atlas
/// reports. That the atlas has nothing on it is an answer.
pub async fn explain(
    atlas: &Atlas,
    model: Option<&dyn LanguageModel>,
    asked: &Asked,
    events: &mpsc::Sender<Event>,
) -> Result<Answer, ExplainError> {
    explain_beside(atlas, model, asked, None, events).await
}

/// The same where an entry that isn't in the atlas is the first source.
pub(crate) async fn explain_beside(
    atlas: &Atlas,
    model: Option<&dyn LanguageModel>,
    asked: &Asked,
    planted: Option<&Entry>,
    events: &mpsc::Sender<Event>,
) -> Result<Answer, ExplainError> {
    let asked = asked.clean()?;
    let personal = personal(atlas, &asked.typed).await?;
    if let Some(language) = personal {
        tell(events, Event::Personal(language)).await?;
    }
    let kind = match personal {
        Some(language) => Kind::Advice { language },
        None => Kind::Answered,
    };
    let context = if personal.is_some() && matches!(asked.subject, Subject::Picture(_)) {
        // What similar pictures are documented as would be taken for a finding.
        Context::default()
    } else {
        context::gather(atlas, &asked, planted).await?
    };
    explained(atlas, model, (&asked, kind), &context, events).await
}

/// The answer from what was found.
async fn explained(
    atlas: &Atlas,
    model: Option<&dyn LanguageModel>,
    (asked, kind): (&Clean, Kind),
    context: &Context,
    events: &mpsc::Sender<Event>,
) -> Result<Answer, ExplainError> {
    let empty = match kind {
        Kind::Advice { .. } => kind,
        Kind::Answered | Kind::Nothing => Kind::Nothing,
    };
    if !is_in_scope(atlas, asked, context) {
        return Ok(Answer::without_sentences(empty));
    }
    let found = context.sources.len();
    tell(events, Event::Searched { sources: found }).await?;
    let mut maker = Maker::new(atlas, &context.sources, events);
    // To a personal question nothing is worded anew.
    let model = model.filter(|_| kind == Kind::Answered);
    maker.make(asked, model).await?;
    let mut answer = maker.finish(kind);
    if answer.sentences.is_empty() {
        answer.kind = empty;
    }
    Ok(answer)
}

/// Whether the atlas has something on what is asked.
fn is_in_scope(atlas: &Atlas, asked: &Clean, context: &Context) -> bool {
    let has_sources = !context.sources.is_empty();
    match asked.subject {
        Subject::Topic(_) => has_sources && context.evidence.is_enough(atlas.encoder_identity()),
        Subject::Picture(_) => has_sources && !context.nothing_close,
        Subject::Entry(_) => has_sources,
    }
}

/// The language of a question about a person's own case; `None` for any other.
async fn personal(atlas: &Atlas, typed: &str) -> Result<Option<Language>, ExplainError> {
    if let Some(language) = advice::language_of_personal(typed) {
        return Ok(Some(language));
    }
    if typed.is_empty() || !is_calibrated(atlas) {
        return Ok(None);
    }
    let prototypes = advice::PROTOTYPES.iter().copied();
    let texts = std::iter::once(typed).chain(prototypes);
    let vectors = atlas
        .embed_texts(texts.map(str::to_owned).collect())
        .await?;
    let like = vectors.split_first().is_some_and(|(typed, prototypes)| {
        let cosines = prototypes.iter().map(|one| support::cosine(typed, one));
        advice::is_like_personal(cosines)
    });
    Ok(like.then_some(Language::English))
}

/// Whether a sentence of an entry supports a claim, by words alone: the check once more, without
/// the answer's own way to it.
pub(crate) fn entry_says(entry: &Entry, topic: &str, claim: &str) -> bool {
    let source = Source::of(1, entry.clone(), &scope::topic_keys(topic));
    let mut said = source.said();
    said.any(|said| says(said.text, said.setting, claim).is_ok())
}

/// Whether a text supports a claim, by meaning and by words, as the check of an answer decides.
pub(crate) async fn text_supports(
    atlas: &Atlas,
    source: &str,
    claim: &str,
) -> Result<bool, ExplainError> {
    let texts = vec![source.to_owned(), claim.to_owned()];
    let vectors = atlas.embed_texts(texts).await?;
    let [of_source, of_claim] = vectors.as_slice() else {
        return Ok(false);
    };
    let said = Said {
        source: 1,
        text: source,
        setting: "",
        vector: of_source,
    };
    Ok(support::sources_of(claim, of_claim, std::iter::once(said)).is_ok())
}

/// Sends an event; who doesn't listen any more wants no answer.
async fn tell(events: &mpsc::Sender<Event>, event: Event) -> Result<(), ExplainError> {
    let sent = events.send(event).await;
    sent.map_err(|_| ExplainError::Cancelled)
}

#[cfg(test)]
mod tests;
