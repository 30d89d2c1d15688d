//! News of long jobs: one task edits the messages of those that were asked for here, and posts each
//! result once. It goes by the store alone, so it goes on after a restart where it stopped.
//!
//! An edit that is sent twice shows the same, and a message in a channel carries a nonce by which
//! Discord drops a second one: a crash between sending and noting it is not seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use mirage::atlas::Atlas;
use mirage::config::Secret;
use mirage::jobs::Jobs;
use mirage::store::StoreError;
use mirage::store::jobs::{Delivery, Job, JobId, Standing, State};
use poise::serenity_prelude as serenity;
use serde::{Deserialize, Serialize};
use serenity::{Builder as _, CreateAllowedMentions, CreateAttachment, CreateMessage, Http};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::respond::in_words;
use super::results::Page;
use super::{generate, job_message};

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between two edits of a message: more would meet Discord's limits.
const BETWEEN_EDITS: Duration = Duration::from_millis(1_500);
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// Messages that are sent at the same time: one that has to wait must not hold up the others.
const AT_ONCE: usize = 8;
/// Longest pause before a result is sent again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How to answer for a job, as it is stored with it until it is answered. The token is a secret
/// for fifteen minutes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Reply {
    token: String,
    channel: u64,
}

impl Reply {
    /// The way back to a command that was acknowledged.
    pub(super) fn to(interaction: &serenity::CommandInteraction) -> Self {
        Self::by(&interaction.token, interaction.channel_id)
    }

    /// The way back to any interaction that was acknowledged, by its token.
    pub(super) fn by(token: &str, channel: serenity::ChannelId) -> Self {
        Self {
            token: token.to_owned(),
            channel: channel.get(),
        }
    }

    /// The form that is stored.
    pub(super) fn stored(&self) -> Secret {
        Secret::new(&serde_json::to_string(self).unwrap_or_default())
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

/// Tells news until `cancel` is triggered; what is being sent then is sent and noted first. `news`
/// asks for a look at once.
pub(super) async fn announce(
    http: Arc<Http>,
    jobs: Jobs,
    atlas: Atlas,
    news: Arc<Notify>,
    cancel: CancellationToken,
) {
    let teller = Teller { http, jobs, atlas };
    let mut shown = HashMap::new();
    while !cancel.is_cancelled() {
        if let Err(error) = round(&teller, &mut shown, &cancel).await {
            tracing::warn!(%error, "news of jobs could not be read");
        }
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = cancel.cancelled() => {}
        }
    }
}

/// Looks at all jobs that somebody is owed news of, and tells what is new.
async fn round(
    teller: &Teller,
    shown: &mut HashMap<JobId, Shown>,
    cancel: &CancellationToken,
) -> Result<(), StoreError> {
    let deliveries = teller.jobs.store().deliveries().await?;
    shown.retain(|id, _| deliveries.iter().any(|delivery| delivery.job.id == *id));
    if deliveries.is_empty() {
        return Ok(());
    }
    let overview = teller.jobs.overview().await?;
    let places: HashMap<JobId, Standing> = overview
        .jobs
        .into_iter()
        .filter_map(|(job, place)| Some((job.id, place?)))
        .collect();
    let due: Vec<News> = deliveries
        .into_iter()
        .filter_map(|delivery| {
            let place = places.get(&delivery.job.id).copied();
            News::of(delivery, place, shown)
        })
        .collect();
    let told = stream::iter(due)
        .take_until(cancel.cancelled())
        .map(|news| teller.tell(news))
        .buffer_unordered(AT_ONCE);
    tokio::pin!(told);
    while let Some(told) = told.next().await {
        let (id, now) = told?;
        match now {
            Some(now) => shown.insert(id, now),
            None => shown.remove(&id),
        };
    }
    Ok(())
}

/// A message that is to change, or a result that is to be posted.
struct News {
    delivery: Delivery,
    text: String,
    /// How often it could not be sent.
    failures: u32,
}

impl News {
    /// `None` if nothing has changed, or if it is too soon.
    fn of(
        delivery: Delivery,
        place: Option<Standing>,
        shown: &HashMap<JobId, Shown>,
    ) -> Option<Self> {
        let text = job_message::text(&delivery.job, place);
        let has_ended = delivery.job.state != State::Open;
        let before = shown.get(&delivery.job.id);
        let is_due = before.is_none_or(|before| {
            let is_news = has_ended || (before.text != text && !before.is_lost);
            is_news && before.at.elapsed() >= pause_after(before.failures)
        });
        is_due.then(|| Self {
            text,
            failures: before.map_or(0, |before| before.failures),
            delivery,
        })
    }
}

struct Teller {
    http: Arc<Http>,
    jobs: Jobs,
    /// Where the real pictures beside a synthetic one are.
    atlas: Atlas,
}

impl Teller {
    /// Sends news, and notes it where it was the last. What is shown now comes back; `None` if
    /// nothing more is to come.
    async fn tell(&self, news: News) -> Result<(JobId, Option<Shown>), StoreError> {
        let News {
            delivery,
            text,
            failures,
        } = news;
        let id = delivery.job.id;
        let has_ended = delivery.job.state != State::Open;
        let Ok(reply) = serde_json::from_str::<Reply>(delivery.reply.expose()) else {
            tracing::warn!(job = %id, "a way to reply can't be read");
            if has_ended {
                self.jobs.store().delivered(id, false).await?;
            }
            return Ok((id, None));
        };
        let page = self.page(&delivery.job, &text).await?;
        let edit = page.clone().into_edit();
        let sent = match sent(edit.execute(&*self.http, &reply.token)).await {
            Sent::Never if has_ended => self.post(&delivery, &reply, page).await,
            other => other,
        };
        if has_ended && !matches!(sent, Sent::Later) {
            let posted = matches!(sent, Sent::Yes);
            self.jobs.store().delivered(id, posted).await?;
            generate::erase_files_of(self.jobs.store(), &delivery.job).await?;
            return Ok((id, None));
        }
        let shown = Shown {
            text,
            at: Instant::now(),
            is_lost: matches!(sent, Sent::Never),
            failures: match sent {
                Sent::Later => failures + 1,
                Sent::Yes | Sent::Never => 0,
            },
        };
        Ok((id, Some(shown)))
    }

    /// The message of a job: its words, with a picture while one is being made, and all that
    /// belongs to pictures that were made.
    async fn page(&self, job: &Job, text: &str) -> Result<Page, StoreError> {
        let store = self.jobs.store();
        if job.state == State::Done
            && let Some(page) = generate::result_of(&self.atlas, store, job, text).await?
        {
            return Ok(page);
        }
        let mut pictures = Vec::new();
        if job.state == State::Open
            && let Some(preview) = store.job_preview(job.id).await?
        {
            let preview = CreateAttachment::bytes(preview, "synthetic-preview.jpg")
                .description("Preview of a picture that is being made. It is synthetic.");
            pictures.push(preview);
        }
        Ok(Page {
            content: text.to_owned(),
            embeds: Vec::new(),
            rows: job_message::rows(job),
            pictures,
        })
    }

    /// Posts a result to the channel, for the person who asked: the interaction is too old.
    async fn post(&self, delivery: &Delivery, reply: &Reply, page: Page) -> Sent {
        let user = serenity::UserId::new(delivery.job.user.max(1));
        let message = CreateMessage::new()
            .content(format!("<@{user}> {}", page.content))
            .embeds(page.embeds)
            .components(page.rows)
            .files(page.pictures)
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
