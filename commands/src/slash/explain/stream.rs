//! An explanation while it is made: its message is edited as sentences come, with a distance between
//! two edits. The message of a whole answer is sent by who asked for it.

use std::time::Duration;

use mirage::explain::{self, Answer, Asked, Cited, Event, Language};
use mirage_models::language_model::LanguageModel;
use poise::serenity_prelude as serenity;
use serenity::Builder as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::page;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::in_words;

/// Least time between two edits of a message: more would meet Discord's limits.
const BETWEEN_EDITS: Duration = Duration::from_millis(1_500);
/// How long the first sentence waits for others: an answer that is whole by then needs one edit.
const SETTLING: Duration = Duration::from_millis(300);
/// Events that wait while an edit is sent; an answer has fewer.
const EVENTS: usize = 64;

/// The message that an explanation is shown in.
pub(super) struct Canvas<'a> {
    http: &'a serenity::Http,
    token: &'a str,
    /// When it was edited last.
    edited: Option<Instant>,
}

/// What was told until now.
#[derive(Default)]
struct SoFar {
    personal: Option<Language>,
    sentences: Vec<Cited>,
}

impl<'a> Canvas<'a> {
    /// The answer to the interaction of that token, which was acknowledged.
    pub(super) fn new(http: &'a serenity::Http, token: &'a str) -> Self {
        Self {
            http,
            token,
            edited: None,
        }
    }

    /// When the next edit may be sent at the earliest.
    fn due(&self) -> Option<Instant> {
        self.edited.map(|edited| edited + BETWEEN_EDITS)
    }

    /// Waits until the next edit may be sent.
    pub(super) async fn rest(&self) {
        if let Some(due) = self.due() {
            tokio::time::sleep_until(due).await;
        }
    }

    /// Shows what there is. An edit that doesn't arrive is made up for by the next one; `false`
    /// where the message is gone.
    async fn show(&mut self, head: &str, so_far: &SoFar) -> bool {
        let page = page::under_way(head, so_far.personal, &so_far.sentences);
        let shown = page.into_edit().execute(self.http, self.token).await;
        self.edited = Some(Instant::now());
        match shown {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!(
                    error = in_words(&error),
                    "a part of an answer was not shown"
                );
                !is_gone(&error)
            }
        }
    }
}

impl SoFar {
    /// Takes what happened; whether there is more to show.
    fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Personal(language) => self.personal = Some(language),
            Event::Sentence(cited) => self.sentences.push(cited),
            // Counts come with the whole answer.
            Event::Searched { .. } | Event::Withheld(_) => return false,
        }
        true
    }
}

fn is_gone(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(http) => http
            .status_code()
            .is_some_and(|status| status.as_u16() == 404),
        _ => false,
    }
}

/// Explains, and shows each sentence as it comes. The work stops where nobody can see it any more.
pub(super) async fn explained(
    data: &Data,
    asked: &Asked,
    canvas: &mut Canvas<'_>,
    head: &str,
) -> Result<Answer, CommandError> {
    let (events, listener) = mpsc::channel(EVENTS);
    let model = data.writer.model().map(|model| data.atlas.chat(model));
    let model = model.as_ref().map(|model| model as &dyn LanguageModel);
    let making = async {
        let answer = explain::explain(&data.atlas, model, asked, &events).await;
        // The other side ends when nothing more can come.
        drop(events);
        answer
    };
    let (answer, ()) = tokio::join!(making, show(listener, canvas, head));
    Ok(answer?)
}

async fn show(mut listener: mpsc::Receiver<Event>, canvas: &mut Canvas<'_>, head: &str) {
    let mut so_far = SoFar::default();
    // When what is new is shown; nothing is new before.
    let mut due: Option<Instant> = None;
    loop {
        let next = match due {
            None => Some(listener.recv().await),
            Some(at) => tokio::time::timeout_at(at, listener.recv()).await.ok(),
        };
        match next {
            Some(Some(event)) => {
                if so_far.take(event) && due.is_none() {
                    let settled = Instant::now() + SETTLING;
                    due = Some(canvas.due().map_or(settled, |due| due.max(settled)));
                }
            }
            // The whole answer is shown by who asked.
            Some(None) => return,
            None => {
                due = None;
                if !canvas.show(head, &so_far).await {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mirage::explain::{Reason, WordedBy};

    use super::*;

    #[test]
    fn only_what_can_be_read_is_worth_an_edit() {
        let mut so_far = SoFar::default();
        assert!(!so_far.take(Event::Searched { sources: 3 }));
        assert!(!so_far.take(Event::Withheld(Reason::Words)));
        assert!(so_far.take(Event::Personal(Language::English)));
        let cited = Cited {
            text: "The pons bulges.".to_owned(),
            sources: vec![1],
            section: None,
            worded_by: WordedBy::Model,
        };
        assert!(so_far.take(Event::Sentence(cited)));
        assert_eq!(so_far.sentences.len(), 1);
        assert!(so_far.personal.is_some());
    }

    #[tokio::test]
    async fn edits_keep_their_distance() {
        let http = serenity::Http::new("");
        let mut canvas = Canvas::new(&http, "token");
        assert_eq!(canvas.due(), None);
        canvas.rest().await;
        let edited = Instant::now();
        canvas.edited = Some(edited);
        assert_eq!(canvas.due(), Some(edited + Duration::from_millis(1_500)));
    }
}
