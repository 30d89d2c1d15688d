//! `/quiz settings`: where a server reviews drafts, and which roles its tutors and students have.
//! Without roles Discord's own permissions decide.

use std::time::SystemTime;

use mirage::store::quiz::QuizSettings;
use poise::serenity_prelude as serenity;
use serenity::{ChannelId, CreateMessage, PermissionOverwriteType, RoleId};

use super::{begin, conduct, finish, shape};
use crate::slash::Context;
use crate::slash::errors::CommandError;
use crate::slash::respond::{in_words, with_retries};

/// What is set back to nothing.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Reset {
    #[name = "review channel: post no drafts"]
    ReviewChannel,
    #[name = "tutor role: who may manage messages"]
    TutorRole,
    #[name = "student role: everybody"]
    StudentRole,
}

/// See and change where drafts are reviewed, and who tutors and students are
#[poise::command(slash_command, guild_only)]
pub(crate) async fn settings(
    context: Context<'_>,
    #[description = "Channel in which drafts are reviewed"]
    #[channel_types("Text")]
    review_channel: Option<ChannelId>,
    #[description = "Role of tutors, in place of the permission to manage messages"]
    tutor_role: Option<RoleId>,
    #[description = "Role of students, in place of everybody"] student_role: Option<RoleId>,
    #[description = "Set one of them back"] reset: Option<Reset>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let before = data.store.quiz_settings(person.server).await?;
    let mut after = before;
    if let Some(channel) = review_channel {
        after.review_channel = Some(channel.get());
    }
    if let Some(role) = tutor_role {
        after.tutor_role = Some(role.get());
    }
    if let Some(role) = student_role {
        after.student_role = Some(role.get());
    }
    match reset {
        Some(Reset::ReviewChannel) => after.review_channel = None,
        Some(Reset::TutorRole) => after.tutor_role = None,
        Some(Reset::StudentRole) => after.student_role = None,
        None => {}
    }
    if after == before {
        return finish(context, shape::sentence(told(&after))).await;
    }
    person.require_manager()?;
    if let Some(channel) = after.review_channel
        && after.review_channel != before.review_channel
    {
        introduce(context, channel).await?;
    }
    let now = SystemTime::now();
    data.store
        .set_quiz_settings(person.server, &after, person.user, now)
        .await?;
    let mut told = told(&after);
    if let Some(channel) = review_channel
        && is_open_to_all(context, channel, person.server).await
    {
        told.push_str(OPEN_TO_ALL);
    }
    finish(context, shape::sentence(told)).await
}

const OPEN_TO_ALL: &str = "\nDrafts stand in the review channel with their answers, and it isn't \
    closed to @everyone. Take the right to see it from @everyone, or students may read them.";

/// Whether everybody may see a channel, as far as the channel's own settings tell.
async fn is_open_to_all(context: Context<'_>, channel: ChannelId, server: u64) -> bool {
    let Ok(serenity::Channel::Guild(channel)) = channel.to_channel(context.http()).await else {
        return false;
    };
    // The role that everybody has is called like the server.
    let everybody = PermissionOverwriteType::Role(RoleId::new(server.max(1)));
    let mut rules = channel.permission_overwrites.iter();
    !rules.any(|rule| rule.kind == everybody && rule.deny.view_channel())
}

/// Says in a channel what it is for now, which also shows whether Mirage may write there.
async fn introduce(context: Context<'_>, channel: u64) -> Result<(), CommandError> {
    let channel = ChannelId::new(channel.max(1));
    let message = CreateMessage::new().content(
        "Drafts of quiz questions are reviewed here. No student sees a question before a tutor \
         has approved it.",
    );
    let sent = with_retries(|| channel.send_message(context.http(), message.clone())).await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) if conduct::code(&error).is_some() => {
            tracing::warn!(
                error = in_words(&error),
                "a channel for reviews can't be used"
            );
            Err(CommandError::Shown(format!(
                "Nothing was changed: Mirage may not write in <#{channel}>. Let it see the \
                 channel, send messages, embed links and attach files there."
            )))
        }
        Err(error) => Err(error.into()),
    }
}

fn told(settings: &QuizSettings) -> String {
    let review = match settings.review_channel {
        Some(channel) => format!("<#{channel}>"),
        None => "none; drafts are in `/quiz bank browse`".to_owned(),
    };
    let tutors = match settings.tutor_role {
        Some(role) => format!("<@&{role}>, and who may manage the server"),
        None => "who may manage messages or the server".to_owned(),
    };
    let students = match settings.student_role {
        Some(role) => format!("<@&{role}>, and tutors"),
        None => "everybody".to_owned(),
    };
    format!("**Review channel:** {review}\n**Tutors:** {tutors}\n**Students:** {students}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_with_what_holds_where_nothing_is_set() {
        let nothing = told(&QuizSettings::default());
        assert!(nothing.contains("manage messages") && nothing.contains("everybody"));
        let all = told(&QuizSettings {
            review_channel: Some(5),
            tutor_role: Some(6),
            student_role: Some(7),
        });
        for part in ["<#5>", "<@&6>", "<@&7>"] {
            assert!(all.contains(part), "{part} in {all}");
        }
    }
}
