//! A person in a test: gives commands, types, presses buttons, fills in modals. Everything goes
//! through the same checks as the page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::attachments::UploadedFile;
use crate::errors::{Error, Refusal};
use crate::handle::InteractionHandle;
use crate::snowflake::{Snowflake, from_json};
use crate::views::{Choice, MessageView, ModalView};
use crate::world::invocation::Invocation;
use crate::world::{State, World};

/// How long an autocompletion may take by the computer's clock; the bot has 3 s by the server's.
const AUTOCOMPLETE: Duration = Duration::from_secs(10);

/// Where the actor is.
#[derive(Clone, Debug)]
enum Place {
    Channel(String),
    Direct,
}

/// Someone to act as. Get one with [`Server::actor`](crate::Server::actor).
#[derive(Clone)]
pub struct Actor {
    world: Arc<World>,
    name: String,
    place: Place,
}

/// A slash command being filled in.
#[must_use = "a command does nothing until it is sent"]
pub struct CommandCall {
    actor: Actor,
    path: String,
    options: Vec<(String, Value)>,
    files: Vec<(String, UploadedFile)>,
}

// By hand: the world holds tokens.
impl std::fmt::Debug for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Actor")
            .field("name", &self.name)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Actor {
    pub(crate) fn new(world: Arc<World>, name: &str) -> Self {
        let place = Place::Channel("general".to_owned());
        Self {
            world,
            name: name.to_owned(),
            place,
        }
    }

    /// The same person in another channel or thread, by its name.
    #[must_use]
    pub fn in_channel(&self, name: &str) -> Self {
        Self {
            place: Place::Channel(name.to_owned()),
            ..self.clone()
        }
    }

    /// The same person in the direct channel with the bot.
    #[must_use]
    pub fn in_direct(&self) -> Self {
        Self {
            place: Place::Direct,
            ..self.clone()
        }
    }

    /// The person's id.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`].
    pub fn id(&self) -> Result<Snowflake, Error> {
        self.user(&self.world.state())
    }

    fn user(&self, state: &State) -> Result<Snowflake, Error> {
        let user = state.find_user(&self.name);
        user.map(|user| user.id)
            .ok_or_else(|| Error::UnknownUser(self.name.clone()))
    }

    /// The ids of the person and of the place.
    fn ids(&self) -> Result<(Snowflake, Snowflake), Error> {
        let mut state = self.world.state();
        let user = self.user(&state)?;
        let channel = match &self.place {
            Place::Channel(name) => state.find_channel(name).map(|channel| channel.id),
            Place::Direct => self.world.direct_channel(&mut state, user),
        };
        let unknown = || match &self.place {
            Place::Channel(name) => Error::UnknownChannel(name.clone()),
            Place::Direct => Error::UnknownChannel("the direct channel".to_owned()),
        };
        Ok((user, channel.ok_or_else(unknown)?))
    }

    fn invoke(
        &self,
        channel: Option<Snowflake>,
        invocation: &Invocation,
        what: String,
    ) -> Result<InteractionHandle, Error> {
        let (user, place) = self.ids()?;
        let channel = channel.unwrap_or(place);
        let id = self.world.invoke(user, channel, invocation)?;
        Ok(InteractionHandle::new(
            self.world.clone(),
            id,
            channel,
            what,
        ))
    }

    /// Begins a slash command: `find`, or with sub-commands `quiz start`.
    pub fn command(&self, path: &str) -> CommandCall {
        let path = path.trim_start_matches('/').to_owned();
        CommandCall {
            actor: self.clone(),
            path,
            options: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Uses a context-menu command on a message.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCommand`], or [`Error::Refused`] if a person could not do this.
    pub async fn message_command(
        &self,
        name: &str,
        message: &MessageView,
    ) -> Result<InteractionHandle, Error> {
        let command = self.find_command(name, 3)?;
        let target = Some(message.id());
        let invocation = Invocation::Command {
            command,
            options: Vec::new(),
            target,
        };
        self.invoke(Some(message.channel_id()), &invocation, name.to_owned())
    }

    /// Uses a context-menu command on a user.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCommand`], or [`Error::Refused`] if a person could not do this.
    pub async fn user_command(
        &self,
        name: &str,
        user: Snowflake,
    ) -> Result<InteractionHandle, Error> {
        let command = self.find_command(name, 2)?;
        let invocation = Invocation::Command {
            command,
            options: Vec::new(),
            target: Some(user),
        };
        self.invoke(None, &invocation, name.to_owned())
    }

    /// The suggestions for an option while `typed` stands in it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCommand`]; [`Error::Refused`] if the option has no autocompletion;
    /// [`Error::Unexpected`] if the bot did not answer within 3 s.
    pub async fn autocomplete(
        &self,
        path: &str,
        option: &str,
        typed: &str,
    ) -> Result<Vec<Choice>, Error> {
        self.autocomplete_with(path, &[], option, typed).await
    }

    /// The same, with other options filled in already.
    ///
    /// # Errors
    ///
    /// As [`Actor::autocomplete`].
    pub async fn autocomplete_with(
        &self,
        path: &str,
        others: &[(&str, Value)],
        option: &str,
        typed: &str,
    ) -> Result<Vec<Choice>, Error> {
        let (command, sub_commands) = self.find_path(path)?;
        let mut options: Vec<Value> = others
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        options.push(json!({ "name": option, "value": typed, "focused": true }));
        let options = nest(&sub_commands, options);
        let invocation = Invocation::Autocomplete { command, options };
        let handle = self.invoke(None, &invocation, format!("/{path} {option}:{typed}"))?;
        handle.choices(AUTOCOMPLETE).await
    }

    /// Presses a button.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the message has no such button for this person.
    pub async fn press(
        &self,
        message: &MessageView,
        custom_id: &str,
    ) -> Result<InteractionHandle, Error> {
        self.select(message, custom_id, &[]).await
    }

    /// Chooses values in a select menu.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the message has no such menu or the menu no such values.
    pub async fn select(
        &self,
        message: &MessageView,
        custom_id: &str,
        values: &[&str],
    ) -> Result<InteractionHandle, Error> {
        let invocation = Invocation::Component {
            message: message.id(),
            custom_id: custom_id.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        self.invoke(
            Some(message.channel_id()),
            &invocation,
            format!("component {custom_id}"),
        )
    }

    /// Sends a modal with these texts (custom id of the input, text).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the modal is not open or a text breaks its limits.
    pub async fn submit_modal(
        &self,
        modal: &ModalView,
        fields: &[(&str, &str)],
    ) -> Result<InteractionHandle, Error> {
        let fields: BTreeMap<String, String> = fields
            .iter()
            .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
            .collect();
        let custom_id = modal.custom_id().to_owned();
        let what = format!("modal {custom_id}");
        let invocation = Invocation::Modal {
            opened_by: modal.interaction(),
            custom_id,
            fields,
        };
        self.invoke(Some(modal.channel), &invocation, what)
    }

    /// Writes an ordinary message.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if it is empty or too long.
    pub async fn say(&self, content: &str) -> Result<MessageView, Error> {
        let (user, channel) = self.ids()?;
        Ok(MessageView::new(self.world.say(user, channel, content)?))
    }

    /// What this person sees in the channel, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`] or [`Error::UnknownChannel`].
    pub async fn messages(&self) -> Result<Vec<MessageView>, Error> {
        let (user, channel) = self.ids()?;
        let state = self.world.state();
        let views = self.world.views(&state, channel, user);
        Ok(views.into_iter().map(MessageView::new).collect())
    }

    /// Changes the person's language, e.g. `de`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`].
    pub fn set_locale(&self, locale: &str) -> Result<(), Error> {
        let id = self.id()?;
        let changed = self.world.change_user(id, None, Some(locale.to_owned()));
        changed.ok_or_else(|| Error::UnknownUser(self.name.clone()))
    }

    /// Gives the person these roles, by their names, and no others.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], or [`Error::Refused`] for an unknown role.
    pub fn set_roles(&self, names: &[&str]) -> Result<(), Error> {
        let id = self.id()?;
        let find = |name: &&str| {
            let state = self.world.state();
            let role = state
                .roles
                .iter()
                .find(|role| role.name == **name)
                .map(|role| role.id);
            role.ok_or_else(|| Refusal::not_found(format!("There is no role {name:?}.")))
        };
        let roles = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let changed = self.world.change_user(id, Some(roles), None);
        changed.ok_or_else(|| Error::UnknownUser(self.name.clone()))
    }

    fn find_command(&self, name: &str, kind: u64) -> Result<Snowflake, Error> {
        let state = self.world.state();
        let same = |c: &&crate::world::commands::Command| c.kind == kind && c.name == name;
        let command = state.commands.iter().find(same).map(|command| command.id);
        command.ok_or_else(|| Error::UnknownCommand(name.to_owned()))
    }

    /// The slash command of a path, and the names and types of the sub-commands in it.
    fn find_path(&self, path: &str) -> Result<(Snowflake, Vec<(String, u64)>), Error> {
        let unknown = || Error::UnknownCommand(path.to_owned());
        let mut words = path.trim_start_matches('/').split_whitespace();
        let id = self
            .find_command(words.next().unwrap_or_default(), 1)
            .map_err(|_| unknown())?;
        let state = self.world.state();
        let command = state
            .commands
            .iter()
            .find(|command| command.id == id)
            .ok_or_else(unknown)?;
        let mut level = command.options();
        let mut found = Vec::new();
        for word in words {
            let option = level
                .iter()
                .find(|option| option["name"] == word)
                .ok_or_else(unknown)?;
            found.push((word.to_owned(), option["type"].as_u64().unwrap_or_default()));
            level = option["options"].as_array().map_or(&[], Vec::as_slice);
        }
        Ok((id, found))
    }
}

/// Wraps options into their sub-commands.
fn nest(sub_commands: &[(String, u64)], options: Vec<Value>) -> Vec<Value> {
    sub_commands
        .iter()
        .rev()
        .fold(options, |options, (name, kind)| {
            vec![json!({ "name": name, "type": kind, "options": options })]
        })
}

impl CommandCall {
    /// Fills in an option. Users, roles and channels are given by their id.
    pub fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options.push((name.to_owned(), value.into()));
        self
    }

    /// Uploads a file and fills it in.
    pub fn attachment(mut self, name: &str, filename: &str, bytes: impl Into<Bytes>) -> Self {
        let file = UploadedFile::new(None, filename, bytes.into());
        self.files.push((name.to_owned(), file));
        self
    }

    /// Sends the command.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCommand`], [`Error::UnknownUser`], [`Error::UnknownChannel`], or
    /// [`Error::Refused`] where the client would not let a person send it.
    pub async fn send(mut self) -> Result<InteractionHandle, Error> {
        for (name, file) in std::mem::take(&mut self.files) {
            let upload = self.actor.world.keep_upload(file);
            let id = from_json(&upload["id"]).map(|id| id.to_string());
            self.options.push((name, json!(id)));
        }
        let (command, sub_commands) = self.actor.find_path(&self.path)?;
        let options = std::mem::take(&mut self.options);
        let options: Vec<Value> = options
            .into_iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let options = nest(&sub_commands, options);
        let invocation = Invocation::Command {
            command,
            options,
            target: None,
        };
        self.actor
            .invoke(None, &invocation, format!("/{}", self.path))
    }
}
