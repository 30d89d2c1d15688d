//! `/quiz start`: a session with the questions of a set, in a thread of its own or in one that is
//! there. What follows is shown by who conducts.

use std::time::SystemTime;

use mirage::quiz::{MOST_QUESTIONS, TIMER};
use mirage::store::quiz::{ItemId, ItemState, NewSession, Started, StoredItem};
use poise::serenity_prelude as serenity;
use serenity::{
    AutoArchiveDuration, ChannelId, ChannelType, CreateAutocompleteResponse, CreateThread,
    PartialChannel, Permissions,
};

use super::shape::{self, counted};
use super::{begin, conduct, finish};
use crate::describe;
use crate::slash::Context;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::{in_words, with_retries};
use crate::slash::results::{quote, truncate};

/// Discord's most suggestions, and its longest name of a thread.
const SUGGESTIONS: usize = 25;
const NAME: usize = 100;
/// Discord's codes for what the bot may not do.
const MISSING_ACCESS: isize = 50_001;
const MISSING_PERMISSIONS: isize = 50_013;

/// Start a session with the questions of a set (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn start(
    context: Context<'_>,
    #[description = "Name of the set"]
    #[autocomplete = "suggest_set"]
    #[max_length = 100]
    set: String,
    #[description = "A channel to open a thread in, or a thread (default: here)"]
    #[channel_types("Text", "News", "PublicThread", "PrivateThread", "NewsThread")]
    channel: Option<PartialChannel>,
    #[description = "Seconds for each question, 5 to 3,600 (default: no limit)"] timer: Option<i64>,
    #[description = "Name nobody on the board"] anonymous: Option<bool>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    check_timer(timer)?;
    let items = data.store.quiz_set(person.server, &set).await?;
    let (approved, left_out) = approved(&set, &items)?;
    let place = Place::of(context, channel.as_ref())?;
    let (channel, is_new) = place.open(context, &set).await?;
    let new = NewSession {
        server: person.server,
        channel: channel.get(),
        title: set.trim(),
        items: &approved,
        timer,
        anonymous: anonymous.unwrap_or(false),
        by: person.user,
    };
    let started = data
        .store
        .start_quiz_session(&new, SystemTime::now())
        .await?;
    data.quizzes.notify_one();
    if is_new && !matches!(started, Started::Session(_)) {
        // Nothing will be in it.
        if let Err(error) = channel.delete(context.http()).await {
            tracing::warn!(error = in_words(&error), "an empty thread stays");
        }
    }
    let told = told(&started, channel)?;
    let told = format!("{told}{}", left_out_in_words(&left_out));
    finish(context, shape::sentence(told)).await
}

fn told(started: &Started, channel: ChannelId) -> Result<String, CommandError> {
    let refused = |sentence: String| Err(CommandError::Shown(sentence));
    match started {
        Started::Session(session) => Ok(format!(
            "Session {} has begun in <#{channel}>, with {}.",
            session.id,
            counted(session.standing.count, "question")
        )),
        Started::Busy(other) => refused(format!(
            "Session {other} is under way in <#{channel}>. End it there first, or choose another \
             channel."
        )),
        Started::NotApproved(items) => refused(format!(
            "The session was not started: {} of the set {} not approved any more.",
            numbers(items),
            if items.len() == 1 { "is" } else { "are" }
        )),
        Started::BadCount => refused(format!("A session has 1 to {MOST_QUESTIONS} questions.")),
        Started::BadTimer => refused(bad_timer()),
    }
}

fn bad_timer() -> String {
    let (least, most) = TIMER;
    format!("Give each question {least} to {most} seconds, or leave `timer` out for no limit.")
}

/// Looked at before a thread is opened.
fn check_timer(timer: Option<i64>) -> Result<(), CommandError> {
    match timer {
        Some(timer) if timer < TIMER.0 || timer > TIMER.1 => Err(CommandError::Shown(bad_timer())),
        _ => Ok(()),
    }
}

/// The questions of a set that may be asked, and those that are left out.
fn approved(set: &str, items: &[StoredItem]) -> Result<(Vec<ItemId>, Vec<ItemId>), CommandError> {
    if items.is_empty() {
        return Err(CommandError::Shown(format!(
            "This server has no set {}. `/quiz bank sets` lists them, and `/quiz bank set` saves \
             one.",
            quote(set)
        )));
    }
    let (asked, left_out): (Vec<&StoredItem>, Vec<&StoredItem>) = items
        .iter()
        .partition(|item| item.state == ItemState::Approved);
    if asked.is_empty() {
        return Err(CommandError::Shown(format!(
            "No question of the set {} is approved, so there is nothing to ask. Approve some \
             first.",
            quote(set)
        )));
    }
    let ids = |items: Vec<&StoredItem>| items.into_iter().map(|item| item.id).collect();
    Ok((ids(asked), ids(left_out)))
}

fn left_out_in_words(items: &[ItemId]) -> String {
    match items {
        [] => String::new(),
        [one] => format!(" Question {one} of the set isn't approved and was left out."),
        several => format!(
            " {} of the set aren't approved and were left out.",
            numbers(several)
        ),
    }
}

/// Numbers of questions in a sentence, the first of many.
fn numbers(items: &[ItemId]) -> String {
    let named: Vec<String> = items.iter().take(10).map(ToString::to_string).collect();
    let more = match items.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let questions = if items.len() == 1 {
        "question"
    } else {
        "questions"
    };
    describe::sentence_case(&format!("{questions} {}{more}", named.join(", ")))
}

/// Where a session runs.
enum Place {
    Thread(ChannelId),
    NewThread(ChannelId),
}

impl Place {
    /// What was chosen, else where the command was given.
    fn of(context: Context<'_>, chosen: Option<&PartialChannel>) -> Result<Self, CommandError> {
        let here = context.interaction.channel.as_ref();
        let is_here = |channel: &PartialChannel| {
            here.is_some_and(|here| here.id == channel.id || here.parent_id == Some(channel.id))
        };
        let channel = chosen.or(here);
        let channel = channel.ok_or_else(|| shown("Name a channel for the session."))?;
        if is_here(channel) {
            check_permissions(context.interaction.app_permissions)?;
        }
        match channel.kind {
            ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::NewsThread => {
                Ok(Self::Thread(channel.id))
            }
            ChannelType::Text | ChannelType::News => Ok(Self::NewThread(channel.id)),
            _ => Err(shown(
                "A session runs in a thread. Choose a text channel or a thread.",
            )),
        }
    }

    /// The thread, and whether it was opened for this.
    async fn open(
        self,
        context: Context<'_>,
        set: &str,
    ) -> Result<(ChannelId, bool), CommandError> {
        let parent = match self {
            Self::Thread(thread) => return Ok((thread, false)),
            Self::NewThread(parent) => parent,
        };
        let name = truncate(&describe::without_turns(set.trim()), NAME);
        let thread = CreateThread::new(name)
            .kind(ChannelType::PublicThread)
            .auto_archive_duration(AutoArchiveDuration::OneWeek);
        let opened = with_retries(|| parent.create_thread(context.http(), thread.clone())).await;
        match opened {
            Ok(opened) => Ok((opened.id, true)),
            Err(error) => match conduct::code(&error) {
                Some(MISSING_ACCESS | MISSING_PERMISSIONS) => Err(CommandError::Shown(format!(
                    "Mirage may not open threads in <#{parent}>. Let it create public threads and \
                     send messages in threads there, or choose another channel."
                ))),
                _ => Err(error.into()),
            },
        }
    }
}

/// What a session needs, where Discord has told what the bot may do.
fn check_permissions(may: Option<Permissions>) -> Result<(), CommandError> {
    let needed = Permissions::SEND_MESSAGES_IN_THREADS
        | Permissions::EMBED_LINKS
        | Permissions::ATTACH_FILES;
    match may {
        Some(may) if !may.administrator() && !may.contains(needed) => Err(shown(
            "Mirage may not show a session here. Let it send messages in threads, embed links and \
             attach files.",
        )),
        _ => Ok(()),
    }
}

fn shown(sentence: &str) -> CommandError {
    CommandError::Shown(sentence.to_owned())
}

/// The server's sets.
pub(super) async fn suggest_set(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let server = context.interaction.guild_id;
    let names = match server {
        Some(server) => set_names(context.data(), server.get(), typed).await,
        None => Vec::new(),
    };
    let choices = names.into_iter().map(serenity::AutocompleteChoice::from);
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}

async fn set_names(data: &Data, server: u64, typed: &str) -> Vec<String> {
    let sets = match data.store.quiz_sets(server).await {
        Ok(sets) => sets,
        Err(error) => {
            tracing::warn!(%error, "no sets are suggested");
            return Vec::new();
        }
    };
    let typed = typed.trim().to_lowercase();
    sets.into_iter()
        .map(|set| set.name)
        .filter(|name| name.to_lowercase().contains(&typed))
        .take(SUGGESTIONS)
        .collect()
}

#[cfg(test)]
mod tests {
    use mirage::quiz::{Item, Task};

    use super::*;

    fn stored(id: &str, state: ItemState) -> StoredItem {
        StoredItem {
            id: ItemId::parse(id).expect("a number"),
            server: 1,
            state,
            revision: 1,
            made_by: None,
            made_ms: 0,
            decided_by: None,
            decided_ms: None,
            review: None,
            item: Item {
                stem: "Which plane?".to_owned(),
                task: Task::TrueFalse { key: true },
                pictures: Vec::new(),
                alt: Vec::new(),
                rationale: String::new(),
                citations: Vec::new(),
                sources: Vec::new(),
                topic: String::new(),
                expected: 0.5,
            },
        }
    }

    #[test]
    fn only_approved_questions_are_asked_and_the_others_are_named() {
        let items = [
            stored("1", ItemState::Approved),
            stored("2", ItemState::Draft),
            stored("3", ItemState::Retired),
        ];
        let (asked, left_out) = approved("Planes", &items).expect("one is");
        assert_eq!(asked.len(), 1);
        let told = left_out_in_words(&left_out);
        assert!(told.contains("Questions 2, 3 of the set"), "{told}");
        assert!(approved("Planes", &items[1..]).is_err());
        let none = approved("Planes", &[]).expect_err("no set").to_string();
        assert!(none.contains("no set “"), "{none}");
    }

    #[test]
    fn a_timer_that_is_too_short_or_too_long_is_refused() {
        for timer in [-1, 0, 4, 3_601, i64::MAX] {
            let refused = check_timer(Some(timer)).expect_err("out of range");
            assert!(
                refused
                    .to_string()
                    .starts_with("Give each question 5 to 3600")
            );
        }
        assert!(check_timer(Some(5)).is_ok() && check_timer(None).is_ok());
    }

    #[test]
    fn what_the_bot_may_not_do_is_told_before_anything_begins() {
        assert!(check_permissions(None).is_ok());
        assert!(check_permissions(Some(Permissions::ADMINISTRATOR)).is_ok());
        assert!(check_permissions(Some(Permissions::SEND_MESSAGES)).is_err());
    }
}
