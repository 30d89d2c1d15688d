//! Makes an answer sentence by sentence: drafts of the sources and of a language model are filtered,
//! checked and told on, or withheld with the reason.

use std::collections::HashSet;
use std::time::Duration;

use mirage_models::language_model::LanguageModel;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answer::{Answer, Cited, Event, Kind, Listed, Verdict, WordedBy, counted};
use super::asked::{Clean, Style};
use super::error::ExplainError;
use super::fallback::{self, Draft};
use super::injection::{is_instruction, without_tokens};
use super::output_filter;
use super::prompt;
use super::question::{Form, form};
use super::source::Source;
use super::support::{Reason, sources_of};
use super::tell;
use super::words::keys;
use super::writing::Writing;
use crate::atlas::Atlas;

/// How long a language model may word an answer. What is missing then is told in the sources' words.
const WRITING_TIME: Duration = Duration::from_secs(8);
/// Sentences of a model that are looked at.
const MOST_WRITTEN: usize = 6;
/// Share of a sentence's words that another one holds, from which it repeats it.
const REPEATED: f32 = 0.8;

/// An answer in the making.
pub(super) struct Maker<'a> {
    atlas: &'a Atlas,
    sources: &'a [Source],
    events: &'a mpsc::Sender<Event>,
    shown: Vec<Cited>,
    withheld: Vec<Reason>,
    verdict: Option<Verdict>,
    template: Option<String>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        atlas: &'a Atlas,
        sources: &'a [Source],
        events: &'a mpsc::Sender<Event>,
    ) -> Self {
        Self {
            atlas,
            sources,
            events,
            shown: Vec::new(),
            withheld: Vec::new(),
            verdict: None,
            template: None,
        }
    }

    /// All sentences: the sources' best one first, since it is there at once; then the model's; then
    /// the sources' others. Styles with parts are the sources' alone, since their parts are known.
    pub(super) async fn make(
        &mut self,
        asked: &Clean,
        model: Option<&dyn LanguageModel>,
    ) -> Result<(), ExplainError> {
        self.verdict = self.verdict(asked).await?;
        let drafts = fallback::drafts(self.sources, asked.style, asked.level);
        let mut drafts = drafts.into_iter();
        let model = model.filter(|_| asked.style == Style::Summary);
        if let Some(model) = model {
            if let Some(first) = drafts.next() {
                self.offer(first, WordedBy::Source).await?;
            }
            self.write(asked, model).await?;
            let most = asked.level.most_sentences();
            while self.shown.len() < most
                && let Some(draft) = drafts.next()
            {
                self.offer(draft, WordedBy::Source).await?;
            }
            return Ok(());
        }
        for draft in drafts {
            self.offer(draft, WordedBy::Source).await?;
        }
        Ok(())
    }

    /// What a model writes. One that fails leaves the sources' words.
    async fn write(
        &mut self,
        asked: &Clean,
        model: &dyn LanguageModel,
    ) -> Result<(), ExplainError> {
        let count = |text: &str| Writing::tokens(model, text);
        let prompt = prompt::filled(self.sources, &asked.words, asked.level, count);
        self.template = Some(prompt::VERSION.to_owned());
        let deadline = Instant::now() + WRITING_TIME;
        let mut writing = match Writing::begin(model, &prompt, asked.worded_anew) {
            Ok(writing) => writing,
            Err(error) => {
                tracing::warn!(%error, "the language model could not begin");
                return Ok(());
            }
        };
        for _ in 0..MOST_WRITTEN {
            let Ok(next) = tokio::time::timeout_at(deadline, writing.next()).await else {
                tracing::debug!("the language model took too long");
                break;
            };
            match next {
                Ok(Some(text)) => {
                    let draft = Draft {
                        text,
                        section: None,
                    };
                    self.offer(draft, WordedBy::Model).await?;
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the language model failed");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes a sentence if it may be shown.
    async fn offer(&mut self, draft: Draft, worded_by: WordedBy) -> Result<(), ExplainError> {
        let plain = without_tokens(&draft.text);
        if self.repeats(&plain, worded_by) {
            return Ok(());
        }
        let Some(text) = output_filter::shown(&plain) else {
            return self.withhold(Reason::Form).await;
        };
        if is_instruction(&text) {
            return self.withhold(Reason::Instruction).await;
        }
        let sources = match self.supporting(&text).await? {
            Ok(sources) => sources,
            Err(reason) => return self.withhold(reason).await,
        };
        let cited = Cited {
            text,
            sources,
            section: draft.section,
            worded_by,
        };
        self.shown.push(cited.clone());
        tell(self.events, Event::Sentence(cited)).await
    }

    async fn withhold(&mut self, reason: Reason) -> Result<(), ExplainError> {
        self.withheld.push(reason);
        tell(self.events, Event::Withheld(reason)).await
    }

    /// The sources that support a sentence, or why none does.
    async fn supporting(&self, text: &str) -> Result<Result<Vec<usize>, Reason>, ExplainError> {
        let vector = match self.known_vector(text) {
            Some(vector) => vector,
            None => {
                let texts = vec![text.to_owned()];
                self.atlas.embed_texts(texts).await?.concat()
            }
        };
        let said = self.sources.iter().flat_map(Source::said);
        Ok(sources_of(text, &vector, said))
    }

    /// The vector of a sentence that a source has word by word: it was embedded with the source.
    fn known_vector(&self, text: &str) -> Option<Vec<f32>> {
        let mut sentences = self.sources.iter().flat_map(|source| &source.sentences);
        let known = sentences.find(|sentence| sentence.text == text)?;
        Some(known.vector.clone())
    }

    /// Whether a sentence is shown already, in other words where a model has a part in it.
    fn repeats(&self, text: &str, worded_by: WordedBy) -> bool {
        let held = |text: &str| keys(text).into_iter().collect::<HashSet<String>>();
        let new = held(text);
        self.shown.iter().any(|shown| {
            let by_model = [shown.worded_by, worded_by].contains(&WordedBy::Model);
            let common = new.intersection(&held(&shown.text)).count();
            shown.text == text || (by_model && common as f32 >= REPEATED * new.len() as f32)
        })
    }

    /// The short answer to a question that has one.
    async fn verdict(&self, asked: &Clean) -> Result<Option<Verdict>, ExplainError> {
        let question = asked.question.as_deref().unwrap_or(&asked.words);
        match form(question) {
            Form::Open => Ok(None),
            Form::YesNo(claim) => {
                let supporting = self.supporting(&claim).await?;
                Ok(supporting.ok().map(|sources| Verdict::Yes { sources }))
            }
            Form::Choice([(one, claim), (other, claim_of_other)]) => {
                let supporting = self.supporting(&claim).await?;
                let of_other = self.supporting(&claim_of_other).await?;
                Ok(match (supporting, of_other) {
                    (Ok(sources), Err(_)) => Some(Verdict::Choice {
                        option: one,
                        sources,
                    }),
                    (Err(_), Ok(sources)) => Some(Verdict::Choice {
                        option: other,
                        sources,
                    }),
                    _ => None,
                })
            }
        }
    }

    /// The answer with the sources that it cites.
    pub(super) fn finish(self, kind: Kind) -> Answer {
        let of_verdict = match &self.verdict {
            Some(Verdict::Yes { sources } | Verdict::Choice { sources, .. }) => sources.as_slice(),
            None => &[],
        };
        let cited = self.shown.iter().flat_map(|cited| &cited.sources);
        let cited: HashSet<usize> = cited.chain(of_verdict).copied().collect();
        let listed = self
            .sources
            .iter()
            .filter(|source| cited.contains(&source.number))
            .map(|source| Listed {
                number: source.number,
                entry: source.entry.clone(),
            });
        Answer {
            kind,
            sources: listed.collect(),
            withheld: counted(&self.withheld),
            verdict: self.verdict,
            sentences: self.shown,
            template: self.template,
        }
    }
}
