//! News of long jobs: one task edits the messages of those that were asked for here, and posts each
//! result once. It goes by the store alone, so it goes on after a restart where it stopped.
//!
//! An edit that is sent twice shows the same, and a message in a channel carries a nonce by which
//! Discord drops a second one: a crash between sending and noting it is not seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mirage::jobs::Jobs;
use mirage::store::StoreError;
use mirage::store::jobs::{Delivery, JobId, Standing, State};
use poise::serenity_prelude as serenity;
use serde::{Deserialize, Serialize};
use serenity::{
    Builder as _, CreateAllowedMentions, CreateAttachment, CreateMessage, EditAttachments,
    EditInteractionResponse, Http,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::job_message;
use super::respond::in_words;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between two edits of a message: more would meet Discord's limits.
const BETWEEN_EDITS: Duration = Duration::from_millis(1_500);
/// How long one request may take; the others wait meanwhile.
const REQUEST: Duration = Duration::from_secs(10);
/// Longest pause before a result is sent again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How to answer for a job, as it is stored with it until it is answered. The token is a secret
/// for fifteen minutes; `Debug` leaves it out.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Reply {
    token: String,
    channel: u64,
}

impl Reply {
    /// The way back to an interaction that was acknowledged.
    pub(super) fn to(interaction: &serenity::CommandInteraction) -> Self {
        Self {
            token: interaction.token.clone(),
            channel: interaction.channel_id.get(),
        }
    }

    /// The form that is stored.
    pub(super) fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What was shown of a job last.
struct Shown {
    text: String,
    at: Instant,
    /// The interaction's token is no longer taken.
    is_lost: bool,
    failures: u32,
}

/// What became of an attempt to show something.
enum Sent {
    Yes,
    /// The way is closed for good.
    Never,
    /// It may work later.
    Later,
}

/// Tells news until `cancel` is triggered. `news` asks for a look at once.
pub(super) async fn announce(
    http: Arc<Http>,
    jobs: Jobs,
    news: Arc<Notify>,
    cancel: CancellationToken,
) {
    let mut announcer = Announcer {
        http,
        jobs,
        shown: HashMap::new(),
    };
    loop {
        if let Err(error) = announcer.round().await {
            tracing::warn!(%error, "news of jobs could not be read");
        }
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = cancel.cancelled() => return,
        }
    }
}

struct Announcer {
    http: Arc<Http>,
    jobs: Jobs,
    shown: HashMap<JobId, Shown>,
}

impl Announcer {
    async fn round(&mut self) -> Result<(), StoreError> {
        let deliveries = self.jobs.store().deliveries().await?;
        self.shown
            .retain(|id, _| deliveries.iter().any(|delivery| delivery.job.id == *id));
        if deliveries.is_empty() {
            return Ok(());
        }
        let places: HashMap<JobId, Standing> = self
            .jobs
            .overview()
            .await?
            .jobs
            .into_iter()
            .filter_map(|(job, place)| Some((job.id, place?)))
            .collect();
        for delivery in deliveries {
            let place = places.get(&delivery.job.id).copied();
            self.tell(&delivery, place).await?;
        }
        Ok(())
    }

    async fn tell(
        &mut self,
        delivery: &Delivery,
        place: Option<Standing>,
    ) -> Result<(), StoreError> {
        let id = delivery.job.id;
        let text = job_message::text(&delivery.job, place);
        let has_ended = delivery.job.state != State::Open;
        if let Some(shown) = self.shown.get(&id) {
            let pause = pause_after(shown.failures);
            let is_news = has_ended || (shown.text != text && !shown.is_lost);
            if !is_news || shown.at.elapsed() < pause {
                return Ok(());
            }
        }
        let Ok(reply) = serde_json::from_str::<Reply>(&delivery.reply) else {
            tracing::warn!(job = %id, "a way to reply can't be read");
            if has_ended {
                self.jobs.store().delivered(id, false).await?;
            }
            return Ok(());
        };
        let sent = self.edit(delivery, &reply, &text).await?;
        let sent = match sent {
            Sent::Never if has_ended => self.post(delivery, &reply, &text).await,
            other => other,
        };
        if has_ended && !matches!(sent, Sent::Later) {
            let posted = matches!(sent, Sent::Yes);
            self.jobs.store().delivered(id, posted).await?;
            return Ok(());
        }
        let failures = self.shown.get(&id).map_or(0, |shown| shown.failures);
        let shown = Shown {
            text,
            at: Instant::now(),
            is_lost: matches!(sent, Sent::Never),
            failures: if matches!(sent, Sent::Later) {
                failures + 1
            } else {
                0
            },
        };
        self.shown.insert(id, shown);
        Ok(())
    }

    /// Edits the answer to the interaction.
    async fn edit(
        &self,
        delivery: &Delivery,
        reply: &Reply,
        text: &str,
    ) -> Result<Sent, StoreError> {
        let job = &delivery.job;
        let mut attachments = EditAttachments::new();
        if job.state == State::Open
            && let Some(preview) = self.jobs.store().job_preview(job.id).await?
        {
            let picture = CreateAttachment::bytes(preview, "preview.png")
                .description("Preview of a picture that is being made. It is synthetic.");
            attachments = attachments.add(picture);
        }
        let edit = EditInteractionResponse::new()
            .content(text)
            .components(job_message::rows(job))
            .attachments(attachments);
        Ok(sent(edit.execute(&*self.http, &reply.token)).await)
    }

    /// Posts a result to the channel, for the person who asked: the interaction is too old.
    async fn post(&self, delivery: &Delivery, reply: &Reply, text: &str) -> Sent {
        let user = serenity::UserId::new(delivery.job.user.max(1));
        let message = CreateMessage::new()
            .content(format!("<@{user}> {text}"))
            .allowed_mentions(CreateAllowedMentions::new().users([user]))
            .nonce(serenity::Nonce::String(format!("job-{}", delivery.job.id)))
            .enforce_nonce(true);
        let channel = serenity::ChannelId::new(reply.channel.max(1));
        sent(channel.send_message(&*self.http, message)).await
    }
}

/// Longer after each failure.
fn pause_after(failures: u32) -> Duration {
    BETWEEN_EDITS
        .saturating_mul(1 << failures.min(6))
        .min(LONGEST_PAUSE)
}

async fn sent<T>(request: impl Future<Output = Result<T, serenity::Error>>) -> Sent {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(Ok(_)) => Sent::Yes,
        Ok(Err(error)) if is_closed(&error) => Sent::Never,
        Ok(Err(error)) => {
            tracing::warn!(
                error = in_words(&error),
                "news of a job did not arrive; trying again"
            );
            Sent::Later
        }
        Err(_) => {
            tracing::warn!("Discord did not answer in time; trying again");
            Sent::Later
        }
    }
}

/// Discord says that this way will never work again: the token is over, the message or the channel
/// is gone, or the bot may not write there.
fn is_closed(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(http) => http
            .status_code()
            .is_some_and(|status| matches!(status.as_u16(), 400 | 401 | 403 | 404)),
        // The library checks some limits itself.
        serenity::Error::Model(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_keep_their_distance_and_failures_a_longer_one() {
        assert_eq!(pause_after(0), Duration::from_millis(1_500));
        assert_eq!(pause_after(2), Duration::from_secs(6));
        assert_eq!(pause_after(40), LONGEST_PAUSE);
    }
}
