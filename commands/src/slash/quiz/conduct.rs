//! Sessions as Discord shows them: one task that brings each session's messages to what the store
//! says, ends questions whose time is up, and posts drafts for review. It goes by the store alone, so
//! that a session goes on after a restart where it stopped. It decides nothing: steps are the tutors'.
//!
//! An edit that is sent twice shows the same, and a new message carries a nonce by which Discord
//! drops a second one: a crash between sending and noting it is not seen. A question is posted only
//! when the message before it shows how that one ended, so one message at most is behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::{StreamExt as _, stream};
use mirage::atlas::Atlas;
use mirage::quiz::{Course, Phase, Step};
use mirage::store::quiz::{Given, Question, Session, SessionId};
use mirage::store::{Store, StoreError};
use poise::serenity_prelude as serenity;
use serenity::{CreateMessage, EditMessage, Http};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::post::Reviews;
use super::{board, shape, stage};
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::in_words;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between an edit of a message and a new count on it: Discord takes five edits in five
/// seconds a channel, and a tutor's steps need some of them.
const BETWEEN_COUNTS: Duration = Duration::from_secs(2);
/// How long one request may take, with the pictures it may hold.
const REQUEST: Duration = Duration::from_secs(15);
/// Sessions that are brought up to date at the same time.
const AT_ONCE: usize = 8;
/// Shortest and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1_500), Duration::from_secs(60));
/// Discord's codes for what is gone.
const UNKNOWN_CHANNEL: isize = 10_003;
pub(super) const UNKNOWN_MESSAGE: isize = 10_008;

/// What a session's message shows, as far as this process knows.
#[derive(Debug, Clone, Copy)]
struct State {
    place: usize,
    phase: Phase,
    revision: i64,
    answers: usize,
}

/// What was done with a session last.
#[derive(Debug, Clone, Copy)]
struct Shown {
    /// Nothing after a failure.
    state: Option<State>,
    at: Instant,
    failures: u32,
}

impl Shown {
    fn now(session: &Session, answers: usize) -> Self {
        let state = State {
            place: session.question.place,
            phase: session.question.phase,
            revision: session.revision,
            answers,
        };
        Self {
            state: Some(state),
            at: Instant::now(),
            failures: 0,
        }
    }

    fn failed(failures: u32) -> Self {
        Self {
            state: None,
            at: Instant::now(),
            failures,
        }
    }

    /// Whether it is too soon after a failure.
    fn waits(&self) -> bool {
        self.failures > 0 && self.at.elapsed() < pause_after(self.failures)
    }
}

/// Longer after each failure.
pub(super) fn pause_after(failures: u32) -> Duration {
    let (shortest, longest) = PAUSE;
    shortest.saturating_mul(1 << failures.min(6)).min(longest)
}

/// Why a session's messages are not as they should be.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The channel is gone for good.
    NoChannel,
    /// The message is gone.
    NoMessage,
    /// It may work later; a reason for the log.
    Later(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<CommandError> for Trouble {
    fn from(error: CommandError) -> Self {
        Self::Later(format!("{error:#}"))
    }
}

/// Conducts until `cancel` is triggered; what is being sent then is sent and noted first.
pub(in crate::slash) async fn conduct(http: Arc<Http>, data: Data, cancel: CancellationToken) {
    let conductor = Conductor {
        http,
        atlas: data.atlas,
        store: data.store,
    };
    // A channel that is slow to take a draft must not hold up a session.
    tokio::join!(
        conductor.sessions(&data.quizzes, &cancel),
        conductor.reviews(&cancel)
    );
}

pub(super) struct Conductor {
    http: Arc<Http>,
    pub(super) atlas: Atlas,
    pub(super) store: Store,
}

impl Conductor {
    async fn sessions(&self, news: &Notify, cancel: &CancellationToken) {
        let mut shown = HashMap::new();
        while !cancel.is_cancelled() {
            if let Err(error) = self.round(&mut shown, cancel).await {
                tracing::warn!(%error, "the sessions of quizzes could not be read");
            }
            tokio::select! {
                () = news.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    async fn reviews(&self, cancel: &CancellationToken) {
        let mut reviews = Reviews::default();
        while !cancel.is_cancelled() {
            if let Err(error) = reviews.post(self).await {
                tracing::warn!(%error, "drafts of quizzes could not be read");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// Looks at all sessions that Discord is owed something of.
    async fn round(
        &self,
        shown: &mut HashMap<SessionId, Shown>,
        cancel: &CancellationToken,
    ) -> Result<(), StoreError> {
        for id in self.store.late_quiz_sessions(SystemTime::now()).await? {
            self.time_up(id).await?;
        }
        let owed = self.store.owed_quiz_sessions().await?;
        let mut before = std::mem::take(shown);
        let due: Vec<(Session, Option<Shown>)> = owed
            .into_iter()
            .map(|session| {
                let known = before.remove(&session.id);
                (session, known)
            })
            .collect();
        let brought = stream::iter(due)
            .take_until(cancel.cancelled())
            .map(|(session, known)| self.bring(session, known))
            .buffer_unordered(AT_ONCE);
        tokio::pin!(brought);
        while let Some((id, now)) = brought.next().await {
            if let Some(now) = now {
                shown.insert(id, now);
            }
        }
        Ok(())
    }

    async fn time_up(&self, id: SessionId) -> Result<(), StoreError> {
        let Some(session) = self.store.quiz_session(id).await? else {
            return Ok(());
        };
        let session = (session.server, id, Some(session.revision));
        let now = SystemTime::now();
        // A tutor may have been faster; then there is nothing to do.
        self.store
            .step_quiz_session(session, Step::TimeUp, None, now)
            .await?;
        Ok(())
    }

    /// Brings one session up to date. What it shows now comes back; nothing once it is over.
    async fn bring(&self, session: Session, known: Option<Shown>) -> (SessionId, Option<Shown>) {
        let id = session.id;
        if known.as_ref().is_some_and(Shown::waits) {
            return (id, known);
        }
        let failures = known.map_or(0, |known| known.failures);
        match self.brought(&session, known).await {
            Ok(now) => (id, now),
            Err(Trouble::NoChannel) => {
                tracing::warn!(session = %id, "a session's channel is gone; it ends");
                let ended = self.abandon(&session).await;
                if let Err(error) = ended {
                    tracing::warn!(%error, "a session could not be ended");
                }
                (id, Some(Shown::failed(failures + 1)))
            }
            Err(Trouble::NoMessage) => (id, Some(Shown::failed(failures + 1))),
            Err(Trouble::Later(reason)) => {
                tracing::warn!(session = %id, reason, "a session is not shown as it stands");
                (id, Some(Shown::failed(failures + 1)))
            }
        }
    }

    async fn brought(
        &self,
        session: &Session,
        known: Option<Shown>,
    ) -> Result<Option<Shown>, Trouble> {
        let state = known.and_then(|known| known.state);
        if session.standing.course == Course::Ended {
            self.settle(session, state).await?;
            self.post_board(session).await?;
            return Ok(None);
        }
        let question = &session.question;
        let Some(message) = question.message else {
            self.settle(session, state).await?;
            let nonce = format!("q{}-{}", session.id, question.place);
            return self.post(session, Some(nonce)).await.map(Some);
        };
        let is_current =
            |state: State| state.place == question.place && state.revision == session.revision;
        let edited = match known.filter(|known| known.state.is_some_and(is_current)) {
            Some(known) => self.count(session, message, known).await,
            None => self.redraw(session, message, state).await,
        };
        match edited {
            // Somebody deleted it.
            Err(Trouble::NoMessage) => self.post(session, None).await.map(Some),
            edited => edited.map(Some),
        }
    }

    /// Edits the count of answers, if it is another and not too soon.
    async fn count(&self, session: &Session, message: u64, known: Shown) -> Result<Shown, Trouble> {
        let standing = &session.standing;
        let is_open = standing.course == Course::Running && standing.phase == Phase::Open;
        if !is_open || known.at.elapsed() < BETWEEN_COUNTS {
            return Ok(known);
        }
        let place = session.question.place;
        let (answers, _) = self.store.count_quiz_answers(session.id, place).await?;
        let answers = usize::try_from(answers).unwrap_or_default();
        if known.state.is_some_and(|state| state.answers == answers) {
            return Ok(known);
        }
        let content = stage::content(session, &session.question, answers);
        let edit = EditMessage::new().content(content);
        self.edit(session.channel, message, edit).await?;
        Ok(Shown::now(session, answers))
    }

    /// Draws the current question anew after a step. Pictures are sent again only where others are
    /// to be seen, or it isn't known which are.
    async fn redraw(
        &self,
        session: &Session,
        message: u64,
        state: Option<State>,
    ) -> Result<Shown, Trouble> {
        let question = &session.question;
        let given = self.given(session, question).await?;
        let is_same = |state: State| state.place == question.place && state.phase == question.phase;
        let edit = if state.is_some_and(is_same) {
            words(session, question, given.len())
        } else {
            let page = stage::page(&self.atlas, session, question, &given).await?;
            shape::edit(page)
        };
        self.edit(session.channel, message, edit).await?;
        Ok(Shown::now(session, given.len()))
    }

    async fn post(&self, session: &Session, nonce: Option<String>) -> Result<Shown, Trouble> {
        let question = &session.question;
        let given = self.given(session, question).await?;
        let page = stage::page(&self.atlas, session, question, &given).await?;
        let message = self
            .send(session.channel, shape::message(page, nonce))
            .await?;
        self.store
            .note_quiz_message(session.id, question.place, message)
            .await?;
        Ok(Shown::now(session, given.len()))
    }

    /// Lets the last message before the one that is to come show how its question ended.
    async fn settle(&self, session: &Session, state: Option<State>) -> Result<(), Trouble> {
        let has_ended = session.standing.course == Course::Ended;
        let questions = self.store.quiz_questions(session.id).await?;
        let is_behind = |question: &&Question| {
            question.message.is_some() && (has_ended || question.place < session.standing.place)
        };
        let Some(last) = questions.iter().rev().find(is_behind) else {
            return Ok(());
        };
        let given = self.given(session, last).await?;
        let is_same = |state: State| state.place == last.place && state.phase == last.phase;
        let edit = if state.is_some_and(is_same) {
            words(session, last, given.len())
        } else {
            shape::edit(stage::page(&self.atlas, session, last, &given).await?)
        };
        let message = last.message.unwrap_or_default();
        match self.edit(session.channel, message, edit).await {
            Err(Trouble::NoMessage) => Ok(()),
            edited => edited,
        }
    }

    async fn post_board(&self, session: &Session) -> Result<(), Trouble> {
        let before = self.store.quiz_board(session.id).await?;
        let page = board::page(&self.store, session).await?;
        let nonce = format!("q{}-board", session.id);
        let message = shape::message(page, Some(nonce));
        let message = self.send(session.channel, message).await?;
        self.store.note_quiz_board(session.id, message).await?;
        // Who hid their name before the board's message was known could not have it drawn anew.
        if self.store.quiz_board(session.id).await? == before {
            return Ok(());
        }
        let page = board::page(&self.store, session).await?;
        match self.edit(session.channel, message, shape::edit(page)).await {
            Err(Trouble::NoMessage) => Ok(()),
            edited => edited,
        }
    }

    /// Ends a session that can't be shown any more.
    async fn abandon(&self, session: &Session) -> Result<(), StoreError> {
        let named = (session.server, session.id, None);
        let now = SystemTime::now();
        self.store
            .step_quiz_session(named, Step::End, None, now)
            .await?;
        self.store.note_quiz_board(session.id, 0).await
    }

    async fn given(&self, session: &Session, question: &Question) -> Result<Vec<Given>, Trouble> {
        Ok(self.store.quiz_answers(session.id, question.place).await?)
    }

    /// Sends a message; its id comes back.
    pub(super) async fn send(&self, channel: u64, message: CreateMessage) -> Result<u64, Trouble> {
        let channel = serenity::ChannelId::new(channel.max(1));
        let sent = answered(channel.send_message(&*self.http, message)).await?;
        Ok(sent.id.get())
    }

    async fn edit(&self, channel: u64, message: u64, edit: EditMessage) -> Result<(), Trouble> {
        let channel = serenity::ChannelId::new(channel.max(1));
        let message = serenity::MessageId::new(message.max(1));
        answered(channel.edit_message(&*self.http, message, edit)).await?;
        Ok(())
    }
}

/// The words and buttons of a question's message; its pictures stay.
fn words(session: &Session, question: &Question, answers: usize) -> EditMessage {
    EditMessage::new()
        .content(stage::content(session, question, answers))
        .components(stage::rows(session, question))
}

async fn answered<T>(
    request: impl Future<Output = Result<T, serenity::Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match code(&error) {
            Some(UNKNOWN_CHANNEL) => Trouble::NoChannel,
            Some(UNKNOWN_MESSAGE) => Trouble::NoMessage,
            _ => Trouble::Later(in_words(&error)),
        }),
        Err(_) => Err(Trouble::Later("Discord did not answer in time".to_owned())),
    }
}

/// Discord's own code of a refusal.
pub(super) fn code(error: &serenity::Error) -> Option<isize> {
    match error {
        serenity::Error::Http(serenity::HttpError::UnsuccessfulRequest(refusal)) => {
            Some(refusal.error.code)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_followed_by_longer_and_longer_pauses() {
        assert_eq!(pause_after(0), Duration::from_millis(1_500));
        assert_eq!(pause_after(2), Duration::from_secs(6));
        assert_eq!(pause_after(40), PAUSE.1);
    }

    #[test]
    fn a_session_is_tried_again_only_after_its_pause() {
        assert!(Shown::failed(3).waits());
        let earlier = Shown {
            at: Instant::now()
                .checked_sub(Duration::from_secs(5))
                .unwrap_or_else(Instant::now),
            ..Shown::failed(1)
        };
        assert!(!earlier.waits());
    }
}
