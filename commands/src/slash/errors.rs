//! How failures reach people: an expected one as its own plain sentence, anything else as
//! "Something went wrong" with an id that is found in the log.

use mirage::atlas::AtlasError;
use mirage::compare::CompareError;
use mirage::engine::EngineError;
use mirage::explain::ExplainError;
use mirage::jobs::JobsError;
use mirage::quiz::QuizError;
use mirage::store::StoreError;
use poise::FrameworkError;
use poise::serenity_prelude as serenity;

use super::attachments;
use super::data::Data;
use super::respond::acknowledge;
use super::results::escape;

/// What a command ends with when it doesn't answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Shown as it is written.
    #[error("{0}")]
    Shown(String),
    /// Logged; the person sees an id.
    #[error(transparent)]
    Unexpected(#[from] anyhow::Error),
}

impl From<AtlasError> for CommandError {
    fn from(error: AtlasError) -> Self {
        match error {
            AtlasError::EmptyQuery
            | AtlasError::LongQuery { .. }
            | AtlasError::NoSuchEntry { .. }
            | AtlasError::Changing
            | AtlasError::DiskFull(_) => Self::Shown(error.to_string()),
            AtlasError::Engine(error) => error.into(),
            AtlasError::Missing { .. }
            | AtlasError::OtherEncoder { .. }
            | AtlasError::OtherLayout { .. }
            | AtlasError::WithoutPictureVectors { .. }
            | AtlasError::Dataset(_)
            | AtlasError::Interrupted
            | AtlasError::Read(_)
            | AtlasError::Starter(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Overloaded { .. }
            | EngineError::Stopped
            | EngineError::Cancelled
            | EngineError::Work(_) => Self::Shown(error.to_string()),
            // The mend in the library's sentence is a setting, which isn't for who asks here.
            EngineError::NoImageEncoder => Self::Shown(
                "Mirage can't search by a picture here. Search by words, or ask the person who \
                 runs Mirage here for a profile with an image encoder."
                    .to_owned(),
            ),
            EngineError::NoGenerator => Self::Shown(
                "Mirage can't make pictures here. Ask the person who runs Mirage here for a \
                 profile with a generator."
                    .to_owned(),
            ),
            EngineError::Memory { .. } => Self::Shown(
                "There is too little memory to make a picture here now. Try again later."
                    .to_owned(),
            ),
            EngineError::Encoder(_)
            | EngineError::ImageEncoder(_)
            | EngineError::Generator(_)
            | EngineError::Panicked(_)
            | EngineError::Unstarted(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<CompareError> for CommandError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Same
            | CompareError::Nothing
            | CompareError::NoChange
            | CompareError::SameChange
            | CompareError::Cancelled
            | CompareError::Unchanged
            | CompareError::OtherSpace
            | CompareError::Weight
            | CompareError::TooSmall { .. }
            | CompareError::TooNarrow { .. }
            | CompareError::NotLaid => Self::Shown(error.to_string()),
            // It names a modality and a region as a collection wrote them.
            CompareError::NoneOfMode { .. } => Self::Shown(escape(&error.to_string())),
            CompareError::Media(error) => Self::Shown(attachments::refusal(&error)),
            CompareError::Atlas(error) => error.into(),
            CompareError::Drawing(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<ExplainError> for CommandError {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Empty
            | ExplainError::TooLong { .. }
            | ExplainError::NoPart { .. }
            | ExplainError::TooSmall { .. }
            | ExplainError::Cancelled => Self::Shown(error.to_string()),
            // It names an entry as a collection wrote it.
            ExplainError::NoStructures { .. } => Self::Shown(escape(&error.to_string())),
            ExplainError::Media(error) => Self::Shown(attachments::refusal(&error)),
            ExplainError::Atlas(error) => error.into(),
            ExplainError::Drawing(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<JobsError> for CommandError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Refused { .. } => Self::Shown(error.to_string()),
            JobsError::Store(error) => error.into(),
        }
    }
}

impl From<QuizError> for CommandError {
    fn from(error: QuizError) -> Self {
        match error {
            QuizError::Count(_)
            | QuizError::NoTopic
            | QuizError::NotAskable
            | QuizError::NoPair
            | QuizError::PairKnown => Self::Shown(error.to_string()),
            // They quote the topic as somebody wrote it.
            QuizError::NoPictures(_) | QuizError::NoQuestions(_) | QuizError::AllKnown(_) => {
                Self::Shown(escape(&error.to_string()))
            }
            // The mend in the library's sentence is a command, which isn't for who asks here.
            QuizError::EmptyAtlas => Self::Shown(
                "The atlas is empty, so there is nothing to ask about yet. Ask the person who runs \
                 Mirage here to fill it."
                    .to_owned(),
            ),
            QuizError::Atlas(error) => error.into(),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull(_) | StoreError::Busy(_) => Self::Shown(error.to_string()),
            StoreError::InUse { .. }
            | StoreError::Unopened { .. }
            | StoreError::Migration(_)
            | StoreError::Database(_)
            | StoreError::Corrupt(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<serenity::Error> for CommandError {
    fn from(error: serenity::Error) -> Self {
        Self::Unexpected(error.into())
    }
}

impl CommandError {
    /// The sentence for the person; an unexpected failure goes to the log under the same id.
    /// The id is the interaction's, so a support request leads to the line without more state.
    pub(crate) fn sentence(&self, interaction: u64, what: &str) -> String {
        match self {
            Self::Shown(sentence) => sentence.clone(),
            Self::Unexpected(error) => {
                let id = short(interaction);
                tracing::error!(
                    id,
                    what,
                    error = format!("{error:#}"),
                    "an interaction failed"
                );
                format!("Something went wrong. If it happens again, tell your tutor this id: {id}")
            }
        }
    }
}

/// A number in 36 digits: shorter to read out.
fn short(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(
            char::from_digit(digit, 36)
                .unwrap_or('0')
                .to_ascii_uppercase(),
        );
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Handles every failure that poise reports. Each new kind must be thought about: no wildcard.
pub(crate) async fn on_error(error: FrameworkError<'_, Data, CommandError>) {
    let (context, failure) = match error {
        FrameworkError::Command { error, ctx, .. } => (ctx, error),
        FrameworkError::CommandPanic { payload, ctx, .. } => {
            let reason = payload.unwrap_or_else(|| "no reason given".to_owned());
            (
                ctx,
                CommandError::Unexpected(anyhow::anyhow!("the command panicked: {reason}")),
            )
        }
        FrameworkError::ArgumentParse { error, ctx, .. } => (
            ctx,
            CommandError::Shown(format!("An option can't be read: {error}.")),
        ),
        FrameworkError::CommandStructureMismatch {
            description, ctx, ..
        } => {
            tracing::warn!(description, "Discord holds an older form of a command");
            let sentence = "This command has changed. Reload Discord and try again.";
            (
                poise::Context::Application(ctx),
                CommandError::Shown(sentence.to_owned()),
            )
        }
        FrameworkError::SubcommandRequired { ctx } => shown(ctx, "Choose one of the subcommands."),
        FrameworkError::CooldownHit { ctx, .. } => shown(ctx, "Wait a moment, then try again."),
        FrameworkError::MissingBotPermissions { ctx, .. } => shown(
            ctx,
            "The bot lacks a permission here. Ask an administrator of the server.",
        ),
        FrameworkError::MissingUserPermissions { ctx, .. }
        | FrameworkError::PermissionFetchFailed { ctx, .. }
        | FrameworkError::NotAnOwner { ctx, .. }
        | FrameworkError::CommandCheckFailed { ctx, .. } => {
            shown(ctx, "You may not use this command here.")
        }
        FrameworkError::GuildOnly { ctx, .. } => shown(ctx, "Use this command in a server."),
        FrameworkError::DmOnly { ctx, .. } => shown(ctx, "Use this command in a direct message."),
        FrameworkError::NsfwOnly { ctx, .. } => shown(ctx, "This command is not for this channel."),
        FrameworkError::Setup { error, .. } => return log("the set-up failed", &error),
        FrameworkError::EventHandler { error, .. } => return log("an event failed", &error),
        FrameworkError::UnknownInteraction { interaction, .. } => {
            tracing::warn!(
                command = interaction.data.name,
                "Discord sent an unknown command"
            );
            return;
        }
        // Messages are not read, so these can't come up.
        FrameworkError::DynamicPrefix { .. }
        | FrameworkError::UnknownCommand { .. }
        | FrameworkError::NonCommandMessage { .. } => return,
        FrameworkError::__NonExhaustive(never) => match never {},
    };
    reply(context, &failure).await;
}

fn shown<'a>(
    context: poise::Context<'a, Data, CommandError>,
    sentence: &str,
) -> (poise::Context<'a, Data, CommandError>, CommandError) {
    (context, CommandError::Shown(sentence.to_owned()))
}

fn log(what: &str, error: &CommandError) {
    tracing::error!(error = format!("{error:#}"), "{what}");
}

/// The interaction's id; messages are not read, so there is always one.
fn interaction(context: &poise::Context<'_, Data, CommandError>) -> u64 {
    match context {
        poise::Context::Application(application) => application.interaction.id.get(),
        poise::Context::Prefix(prefix) => prefix.msg.id.get(),
    }
}

async fn reply(context: poise::Context<'_, Data, CommandError>, failure: &CommandError) {
    let sentence = failure.sentence(interaction(&context), &context.command().qualified_name);
    // Autocomplete has no place for a sentence: it shows no suggestion.
    if let poise::Context::Application(application) = context
        && application.interaction_type == poise::CommandInteractionType::Autocomplete
    {
        return;
    }
    let reply = poise::CreateReply::default()
        .content(sentence)
        .ephemeral(true);
    let sent = acknowledge(|| async { context.send(reply.clone()).await.map(|_| ()) }).await;
    if let Err(error) = sent {
        tracing::warn!(%error, "a failure could not be shown");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expected_failure_is_shown_and_another_is_an_id() {
        let expected = CommandError::from(AtlasError::EmptyQuery);
        assert!(
            expected
                .sentence(1, "find")
                .starts_with("The query is empty.")
        );
        let secret = CommandError::Unexpected(anyhow::anyhow!("/secret/path: row 7"));
        let sentence = secret.sentence(35 * 36 + 1, "find");
        assert!(
            sentence.ends_with("id: Z1") && !sentence.contains("secret"),
            "{sentence}"
        );
    }
}
