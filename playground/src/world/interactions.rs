//! Interactions: their tokens, the 3 seconds in which they must be acknowledged, the 15 minutes in
//! which their token lives, and what became of them, step by step.

use std::sync::Arc;

use serde_json::{Value, json};

use super::messages::{Message, NewMessage, REGULAR};
use super::{State, World};
use crate::errors::ApiError;
use crate::snowflake::Snowflake;
use crate::transcript::Direction;

/// Time in which a bot must acknowledge.
pub(crate) const ACKNOWLEDGE_MS: u64 = 3_000;
/// How long a token can be used.
pub(crate) const TOKEN_MS: u64 = 15 * 60 * 1_000;
/// What a person reads when the bot does not answer in time.
pub(crate) const DID_NOT_RESPOND: &str = "The application did not respond";
/// Steps kept of one interaction; a longer one repeats itself.
const STEPS: usize = 500;

/// Discord's numbers for the kinds of interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Command = 2,
    Component = 3,
    Autocomplete = 4,
    Modal = 5,
}

impl Kind {
    pub(crate) fn number(self) -> u8 {
        self as u8
    }
}

/// Where an interaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    No,
    /// The bot was too late.
    Failed,
    Yes,
}

/// What happened to an interaction, in order; tests wait on it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Type 5: a "thinking" message.
    Thinking(Value),
    /// Type 6: acknowledged without showing anything.
    Deferred,
    /// Type 4: a new message.
    Replied(Value),
    /// @original was changed (also: filled in, or changed by type 7).
    Edited(Value),
    /// A further message.
    FollowedUp(Value),
    /// A further message was changed.
    FollowUpEdited(Value),
    Deleted(Snowflake),
    /// Type 8.
    Choices(Vec<Value>),
    /// Type 9.
    Modal(Value),
    /// Nothing came in time.
    Failed,
}

/// An interaction.
pub(crate) struct Interaction {
    pub(crate) id: Snowflake,
    pub(crate) token: String,
    pub(crate) kind: Kind,
    pub(crate) user: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) created_ms: u64,
    pub(crate) token_expired: bool,
    pub(crate) acknowledged: Acknowledged,
    /// The answer, or the message whose button was pressed.
    pub(crate) original: Option<Snowflake>,
    /// Type 5 was sent and @original is still empty.
    pub(crate) thinking: bool,
    /// Whether the "thinking" message is for the invoker alone.
    pub(crate) origin: Origin,
    /// Discord's number for a message that answers it.
    pub(crate) answer_kind: u8,
    /// The message with the component.
    pub(crate) source: Option<Snowflake>,
    /// The type of the option that is completed.
    pub(crate) focused_type: i64,
    /// The modal that answered it.
    pub(crate) modal: Option<Value>,
    pub(crate) steps: Vec<Step>,
}

impl Interaction {
    pub(crate) fn step(&mut self, step: Step) {
        if self.steps.len() < STEPS {
            self.steps.push(step);
        }
    }
}

/// What a message says about the interaction that it answers.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) interaction: Snowflake,
    pub(crate) kind: Kind,
    pub(crate) user: Snowflake,
    pub(crate) is_direct: bool,
    pub(crate) guild: Snowflake,
    /// The command's name with sub-commands, for the deprecated field.
    pub(crate) name: String,
    /// How the page names it: `/find`, or a button's label.
    pub(crate) shown: String,
    /// For follow-ups: the first answer.
    pub(crate) original_response: Option<Snowflake>,
    /// For components: the message they are on.
    pub(crate) interacted: Option<Snowflake>,
    /// For context menus.
    pub(crate) target_user: Option<Snowflake>,
    pub(crate) target_message: Option<Snowflake>,
    /// For modals: what opened them.
    pub(crate) trigger: Option<Box<Origin>>,
}

/// The `authorizing_integration_owners` of an application installed to the guild.
pub(crate) fn owners_json(guild: Snowflake, is_direct: bool) -> Value {
    json!({ "0": if is_direct { "0".to_owned() } else { guild.to_string() } })
}

impl Origin {
    /// The `interaction_metadata` of a message.
    pub(crate) fn metadata_json(&self, state: &State) -> Value {
        let mut object = json!({
            "id": self.interaction,
            "type": self.kind.number(),
            "user": state.user_json(self.user),
            "authorizing_integration_owners": owners_json(self.guild, self.is_direct),
        });
        if self.kind == Kind::Command {
            object["name"] = json!(self.name);
        }
        if let Some(id) = self.original_response {
            object["original_response_message_id"] = json!(id);
        }
        if let Some(id) = self.interacted {
            object["interacted_message_id"] = json!(id);
        }
        if let Some(id) = self.target_user {
            object["target_user"] = state.user_json(id);
        }
        if let Some(id) = self.target_message {
            object["target_message_id"] = json!(id);
        }
        if let Some(trigger) = &self.trigger {
            object["triggering_interaction_metadata"] = trigger.metadata_json(state);
        }
        object
    }

    /// The older `interaction` field, which only commands have.
    pub(crate) fn deprecated_json(&self, state: &State) -> Option<Value> {
        (self.kind == Kind::Command).then(|| {
            json!({
                "id": self.interaction,
                "type": self.kind.number(),
                "name": self.name,
                "user": state.user_json(self.user),
            })
        })
    }
}

impl World {
    /// Fails the interaction once its time is over, by the server's clock.
    pub(crate) fn watch_deadline(self: &Arc<Self>, id: Snowflake, created_ms: u64) {
        let world = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = world.clock.sleep_until(created_ms + ACKNOWLEDGE_MS) => world.fail_late(id),
                () = world.shutdown.cancelled() => {}
            }
        });
    }

    fn fail_late(&self, id: Snowflake) {
        let mut state = self.state();
        self.fail_if_late(&mut state, id);
    }

    /// Marks an unanswered interaction as failed if its time is over; shows that on the page.
    pub(crate) fn fail_if_late(&self, state: &mut State, id: Snowflake) {
        let now = self.clock.now_ms();
        let Some(interaction) = state.interactions.get_mut(&id) else {
            return;
        };
        let late = now >= interaction.created_ms + ACKNOWLEDGE_MS;
        if interaction.acknowledged != Acknowledged::No || !late {
            return;
        }
        interaction.acknowledged = Acknowledged::Failed;
        interaction.step(Step::Failed);
        let shown = interaction.origin.shown.clone();
        let line = format!("{shown} ({id}): {DID_NOT_RESPOND}");
        self.transcript.line(Direction::Server, "interaction", line);
        if interaction.kind == Kind::Autocomplete {
            self.changed();
            return;
        }
        let new = NewMessage {
            channel: interaction.channel,
            author: state.bot,
            kind: REGULAR,
            ephemeral_to: Some(interaction.user),
            origin: Some(interaction.origin.clone()),
            reference: None,
        };
        let mut message = Message::new(self.next_id(), now, new);
        message.failed = Some(DID_NOT_RESPOND);
        let message_id = message.id;
        state.messages.insert(message_id, message);
        self.message_created(state, message_id);
    }

    /// Makes all tokens so far invalid.
    pub(crate) fn expire_tokens(&self) {
        for interaction in self.state().interactions.values_mut() {
            interaction.token_expired = true;
        }
        let line = "interaction tokens expired".to_owned();
        self.transcript.line(Direction::Server, "fault", line);
    }

    /// The acknowledged interaction behind a webhook token, whose 15 minutes are not over.
    pub(crate) fn by_token(
        &self,
        state: &State,
        application: Snowflake,
        token: &str,
    ) -> Result<Snowflake, ApiError> {
        let interaction = state
            .interactions
            .values()
            .find(|interaction| interaction.token == token)
            .filter(|_| application == state.bot)
            .ok_or_else(ApiError::unknown_webhook)?;
        let now = self.clock.now_ms();
        if interaction.token_expired || now >= interaction.created_ms + TOKEN_MS {
            return Err(ApiError::invalid_webhook_token());
        }
        if interaction.acknowledged != Acknowledged::Yes {
            return Err(ApiError::unknown_webhook());
        }
        Ok(interaction.id)
    }
}
