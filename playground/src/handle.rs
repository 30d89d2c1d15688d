//! What became of an interaction, for tests: wait for its steps, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::errors::Error;
use crate::snowflake::Snowflake;
use crate::views::{Choice, MessageView, ModalView};
use crate::world::World;
use crate::world::interactions::{DID_NOT_RESPOND, Step};

/// One step in the life of an interaction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ResponseState {
    /// The bot is "thinking" (type 5).
    Thinking(MessageView),
    /// Acknowledged without showing anything (type 6).
    Acknowledged,
    /// A new message (type 4).
    Reply(MessageView),
    /// @original was filled in or changed (also by type 7).
    Edited(MessageView),
    /// A further message.
    FollowUp(MessageView),
    /// A further message was changed.
    FollowUpEdited(MessageView),
    /// A message was deleted.
    Deleted(Snowflake),
    /// The choices of an autocompletion.
    Choices(Vec<Choice>),
    /// A modal was opened.
    Modal(ModalView),
    /// Nothing came within 3 seconds.
    Failed,
}

/// An interaction that was sent. Each waiting method looks at the steps not yet taken, takes the
/// first that fits together with those before it, and leaves the later ones for the next call.
pub struct InteractionHandle {
    world: Arc<World>,
    id: Snowflake,
    channel: Snowflake,
    what: String,
    taken: AtomicUsize,
}

/// What a waiting method says of a step.
enum Verdict<T> {
    Take(T),
    Skip,
    /// This can no longer become what is waited for.
    Stop,
}

// By hand: the world holds tokens.
impl std::fmt::Debug for InteractionHandle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("InteractionHandle")
            .field("id", &self.id)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl InteractionHandle {
    pub(crate) fn new(world: Arc<World>, id: Snowflake, channel: Snowflake, what: String) -> Self {
        Self {
            world,
            id,
            channel,
            what,
            taken: AtomicUsize::new(0),
        }
    }

    /// The interaction's id.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// The next step, whatever it is.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`].
    pub async fn next_state(&self, timeout: Duration) -> Result<ResponseState, Error> {
        self.find("a step", timeout, |step| Verdict::Take(self.public(step)))
            .await
    }

    /// The first message that is not merely "thinking": a reply, @original filled in or changed,
    /// or a follow-up.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed, opened a modal or
    /// its message was deleted.
    pub async fn reply(&self, timeout: Duration) -> Result<MessageView, Error> {
        self.find("a reply", timeout, |step| match step {
            Step::Replied(view) | Step::Edited(view) | Step::FollowedUp(view) => {
                Verdict::Take(MessageView::new(view.clone()))
            }
            Step::Thinking(_) | Step::Deferred | Step::FollowUpEdited(_) => Verdict::Skip,
            Step::Failed | Step::Modal(_) | Step::Choices(_) | Step::Deleted(_) => Verdict::Stop,
        })
        .await
    }

    /// The "thinking" message.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed.
    pub async fn thinking(&self, timeout: Duration) -> Result<MessageView, Error> {
        self.find("a thinking message", timeout, |step| match step {
            Step::Thinking(view) => Verdict::Take(MessageView::new(view.clone())),
            Step::Failed => Verdict::Stop,
            _ => Verdict::Skip,
        })
        .await
    }

    /// The next change of @original (filling in a "thinking" one counts).
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed.
    pub async fn edited(&self, timeout: Duration) -> Result<MessageView, Error> {
        self.edited_until(timeout, |_| true).await
    }

    /// The next change of @original that meets a condition; earlier ones are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed.
    pub async fn edited_until(
        &self,
        timeout: Duration,
        condition: impl Fn(&MessageView) -> bool,
    ) -> Result<MessageView, Error> {
        self.find("a change of @original", timeout, |step| match step {
            Step::Edited(view) => {
                let view = MessageView::new(view.clone());
                if condition(&view) {
                    Verdict::Take(view)
                } else {
                    Verdict::Skip
                }
            }
            Step::Failed => Verdict::Stop,
            _ => Verdict::Skip,
        })
        .await
    }

    /// The next follow-up.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed.
    pub async fn follow_up(&self, timeout: Duration) -> Result<MessageView, Error> {
        self.find("a follow-up", timeout, |step| match step {
            Step::FollowedUp(view) => Verdict::Take(MessageView::new(view.clone())),
            Step::Failed => Verdict::Stop,
            _ => Verdict::Skip,
        })
        .await
    }

    /// The modal that the bot opens.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if another answer came.
    pub async fn modal(&self, timeout: Duration) -> Result<ModalView, Error> {
        self.find("a modal", timeout, |step| match step {
            Step::Modal(modal) => Verdict::Take(ModalView::new(modal.clone(), self.channel)),
            _ => Verdict::Stop,
        })
        .await
    }

    /// The end of an interaction that was not acknowledged within 3 seconds of the server's clock.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the bot did answer.
    pub async fn failed(&self, timeout: Duration) -> Result<(), Error> {
        self.find(DID_NOT_RESPOND, timeout, |step| match step {
            Step::Failed => Verdict::Take(()),
            _ => Verdict::Stop,
        })
        .await
    }

    /// The deletion of one of its messages.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or [`Error::Unexpected`] if the interaction failed.
    pub async fn deleted(&self, timeout: Duration) -> Result<Snowflake, Error> {
        self.find("a deletion", timeout, |step| match step {
            Step::Deleted(id) => Verdict::Take(*id),
            Step::Failed => Verdict::Stop,
            _ => Verdict::Skip,
        })
        .await
    }

    pub(crate) async fn choices(&self, timeout: Duration) -> Result<Vec<Choice>, Error> {
        self.find("choices", timeout, |step| match step {
            Step::Choices(choices) => Verdict::Take(choices.iter().map(Choice::new).collect()),
            _ => Verdict::Stop,
        })
        .await
    }

    /// @original as it is now, if there is one.
    pub fn current(&self) -> Option<MessageView> {
        let state = self.world.state();
        let original = state.interactions.get(&self.id)?.original?;
        let message = state.messages.get(&original)?;
        Some(MessageView::new(self.world.view(&state, message)))
    }

    fn public(&self, step: &Step) -> ResponseState {
        let view = |json: &serde_json::Value| MessageView::new(json.clone());
        match step {
            Step::Thinking(json) => ResponseState::Thinking(view(json)),
            Step::Deferred => ResponseState::Acknowledged,
            Step::Replied(json) => ResponseState::Reply(view(json)),
            Step::Edited(json) => ResponseState::Edited(view(json)),
            Step::FollowedUp(json) => ResponseState::FollowUp(view(json)),
            Step::FollowUpEdited(json) => ResponseState::FollowUpEdited(view(json)),
            Step::Deleted(id) => ResponseState::Deleted(*id),
            Step::Choices(choices) => {
                ResponseState::Choices(choices.iter().map(Choice::new).collect())
            }
            Step::Modal(modal) => ResponseState::Modal(ModalView::new(modal.clone(), self.channel)),
            Step::Failed => ResponseState::Failed,
        }
    }

    async fn find<T>(
        &self,
        waited_for: &str,
        timeout: Duration,
        judge: impl Fn(&Step) -> Verdict<T>,
    ) -> Result<T, Error> {
        let start = self.taken.load(Ordering::Acquire);
        let found = self.world.wait_for_step(self.id, timeout, |steps| {
            for (index, step) in steps.iter().enumerate().skip(start) {
                match judge(step) {
                    Verdict::Take(value) => return Some(Ok((index, value))),
                    Verdict::Skip => {}
                    Verdict::Stop => return Some(Err(in_words(step))),
                }
            }
            None
        });
        let waited_for = format!("{waited_for} to {}", self.what);
        let transcript = || self.world.transcript.text();
        match found.await {
            Some(Ok((index, value))) => {
                self.taken.store(index + 1, Ordering::Release);
                Ok(value)
            }
            Some(Err(happened)) => Err(Error::Unexpected {
                waited_for,
                happened,
                transcript: transcript(),
            }),
            None => {
                let waited_ms = timeout.as_millis();
                Err(Error::TimedOut {
                    waited_for,
                    waited_ms,
                    transcript: transcript(),
                })
            }
        }
    }
}

fn in_words(step: &Step) -> String {
    let text = |view: &serde_json::Value| MessageView::new(view.clone()).text();
    match step {
        Step::Thinking(_) => "the bot is thinking".to_owned(),
        Step::Deferred => "the bot only acknowledged".to_owned(),
        Step::Replied(view) => format!("the bot replied: {}", text(view)),
        Step::Edited(view) => format!("@original became: {}", text(view)),
        Step::FollowedUp(view) => format!("a follow-up came: {}", text(view)),
        Step::FollowUpEdited(view) => format!("a follow-up became: {}", text(view)),
        Step::Deleted(id) => format!("message {id} was deleted"),
        Step::Choices(choices) => format!("{} choices came", choices.len()),
        Step::Modal(modal) => format!("a modal was opened: {}", modal["title"]),
        Step::Failed => DID_NOT_RESPOND.to_owned(),
    }
}
