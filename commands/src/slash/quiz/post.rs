//! Drafts on their way to the channel that the server chose for reviews, a few at a time, and their
//! messages there: brought up to date when a draft is decided on elsewhere, and posted again when
//! somebody deleted them. What stands on them is the concern of [`super::review`].

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use mirage::store::StoreError;
use mirage::store::quiz::{ItemId, ItemState, StoredItem};
use poise::serenity_prelude as serenity;
use serenity::Http;

use super::conduct::{self, Conductor, Trouble, pause_after};
use super::review::{self, Reviewed};
use super::roles::Person;
use super::shape;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::in_words;

/// Drafts that wait in a channel at once: the next ones come as these are decided.
const AT_ONCE: u32 = 10;
/// Least time between two messages in a channel: Discord takes five in five seconds.
const BETWEEN: Duration = Duration::from_millis(1_100);

/// When the next draft may be posted in each channel.
#[derive(Default)]
pub(super) struct Reviews(HashMap<u64, (Instant, u32)>);

impl Reviews {
    /// Posts the drafts whose turn has come, one a channel.
    ///
    /// # Errors
    /// What the database reports.
    pub(super) async fn post(&mut self, conductor: &Conductor) -> Result<(), StoreError> {
        for (channel, item) in conductor.store.quiz_review_queue(AT_ONCE).await? {
            let (next, failures) = self.0.get(&channel).copied().unwrap_or((Instant::now(), 0));
            if next > Instant::now() {
                continue;
            }
            let pace = match post(conductor, channel, &item).await {
                Ok(()) => (Instant::now() + BETWEEN, 0),
                Err(trouble) => {
                    tracing::warn!(item = %item.id, ?trouble, "a draft could not be posted");
                    (Instant::now() + pause_after(failures + 1), failures + 1)
                }
            };
            self.0.insert(channel, pace);
        }
        Ok(())
    }
}

async fn post(conductor: &Conductor, channel: u64, item: &StoredItem) -> Result<(), Trouble> {
    let page = review::page(&conductor.atlas, item).await?;
    let nonce = format!("r{}-{}", item.id, item.revision);
    let message = shape::message(page, Some(nonce));
    let message = conductor.send(channel, message).await?;
    conductor
        .store
        .note_quiz_review(item.id, channel, message)
        .await?;
    Ok(())
}

/// Lets a draft be posted once more, for a tutor. Its turn comes as that of any draft.
///
/// # Errors
/// One sentence for who is no tutor or if it can't be, or what the database reports.
pub(super) async fn again(
    http: &Http,
    data: &Data,
    person: &Person,
    (id, revision): (ItemId, i64),
) -> Result<Reviewed, CommandError> {
    let store = &data.store;
    person.require_tutor(store).await?;
    let channel = store.quiz_settings(person.server).await?.review_channel;
    let channel = channel.ok_or_else(no_channel)?;
    let item = (person.server, id, revision);
    let before = store.quiz_item(person.server, id).await?;
    let reposted = store
        .repost_quiz_item(item, person.user, SystemTime::now())
        .await?;
    let reviewed = review::decided_on(reposted)?;
    if reviewed.remark.is_some() {
        return Ok(reviewed);
    }
    if let Some(message) = before.and_then(|before| before.review) {
        delete(http, message).await;
    }
    let told = format!("It is posted again in <#{channel}> when its turn comes.");
    Ok(Reviewed {
        remark: Some(told),
        ..reviewed
    })
}

/// Deletes the message that another one will take the place of, if it is there.
async fn delete(http: &Http, (channel, message): (u64, u64)) {
    let channel = serenity::ChannelId::new(channel.max(1));
    let deleted = channel
        .delete_message(http, serenity::MessageId::new(message.max(1)))
        .await;
    if let Err(error) = deleted
        && conduct::code(&error) != Some(conduct::UNKNOWN_MESSAGE)
    {
        let error = in_words(&error);
        tracing::warn!(error, "an earlier message of a draft stays");
    }
}

/// What is said where a server has no place for reviews.
pub(super) fn no_channel() -> CommandError {
    let sentence = "This server has no channel for reviews, so nothing was changed. Choose one with \
        `/quiz settings`, then press again.";
    CommandError::Shown(sentence.to_owned())
}

/// Draws the message under which a question is reviewed anew, if it isn't the one that was pressed.
/// What was decided holds in any case. A draft whose message is gone is posted again.
pub(super) async fn draw_review(http: &Http, data: &Data, item: &StoredItem, pressed: Option<u64>) {
    let Some((channel, message)) = item.review else {
        return;
    };
    if pressed == Some(message) || channel == 0 || message == 0 {
        return;
    }
    let page = match review::page(&data.atlas, item).await {
        Ok(page) => page,
        Err(error) => {
            tracing::warn!(%error, "a review could not be drawn anew");
            return;
        }
    };
    let edited = serenity::ChannelId::new(channel)
        .edit_message(http, serenity::MessageId::new(message), shape::edit(page))
        .await;
    match edited {
        Ok(_) => {}
        Err(error) if conduct::code(&error) == Some(conduct::UNKNOWN_MESSAGE) => {
            if item.state == ItemState::Draft
                && let Err(error) = data.store.lose_quiz_review(item.id, message).await
            {
                tracing::warn!(%error, "a draft without a message is not posted again");
            }
        }
        Err(error) => {
            let error = in_words(&error);
            tracing::warn!(error, "a review could not be shown anew");
        }
    }
}
