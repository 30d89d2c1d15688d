//! `/queue`: the server's long jobs and one's own, with their places, and results that could not be
//! posted. What may be cancelled has a button.

use mirage::jobs::{Cancelled, Overview};
use mirage::store::jobs::{Job, JobId, Standing, State};
use poise::serenity_prelude as serenity;
use serenity::{
    ComponentInteraction, CreateActionRow, CreateButton, CreateInteractionResponse,
    CreateInteractionResponseMessage, EditInteractionResponse,
};

use super::Context;
use super::custom_id::CustomId;
use super::data::Data;
use super::errors::CommandError;
use super::job_message::{self, standing};
use super::respond::{first_answer, with_retries};
use super::results::{escape, truncate};
use super::tutor::is_tutor;

/// Discord's most buttons of a message, in rows of five.
const BUTTONS: usize = 25;
const BUTTONS_A_ROW: usize = 5;
/// Jobs that are listed.
const LISTED: usize = 12;
/// Results that are told at once, each cut to a length that leaves room for all.
const KEPT_AT_ONCE: usize = 3;
const KEPT_LENGTH: usize = 350;

/// Who looks at the queue.
struct Viewer {
    user: u64,
    server: u64,
    is_tutor: bool,
}

impl Viewer {
    fn of_press(press: &ComponentInteraction) -> Self {
        Self {
            user: press.user.id.get(),
            server: press.guild_id.map_or(0, serenity::GuildId::get),
            is_tutor: is_tutor(press.member.as_ref()),
        }
    }

    /// One's own jobs, and for a tutor those of their server.
    fn may_cancel(&self, job: &Job) -> bool {
        job.user == self.user || (self.is_tutor && self.server != 0 && job.server == self.server)
    }
}

/// See the long jobs of this server and yours, and cancel them
#[poise::command(slash_command)]
pub(crate) async fn queue(context: Context<'_>) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    let message = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(message)).await?;
    let interaction = context.interaction;
    let viewer = Viewer {
        user: interaction.user.id.get(),
        server: interaction.guild_id.map_or(0, serenity::GuildId::get),
        is_tutor: is_tutor(interaction.member.as_deref()),
    };
    let overview = data.jobs.overview().await?;
    let mut kept = data.store.jobs_waiting_for(viewer.user).await?;
    let later = kept.split_off(kept.len().min(KEPT_AT_ONCE));
    let edit = page(&viewer, &overview, &kept, later.len());
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    for job in kept {
        data.store.seen(job.id).await?;
    }
    Ok(())
}

/// A press of a job's cancel button. The message is edited by who announces, so that its edits
/// keep their distance; only a refusal is an answer of its own.
pub(crate) async fn cancel(
    press: &ComponentInteraction,
    data: &Data,
    id: JobId,
) -> Result<(), CommandError> {
    let viewer = Viewer::of_press(press);
    let job = data.store.job(id).await?;
    let job = job.ok_or_else(|| shown("This job is no longer kept."))?;
    if !viewer.may_cancel(&job) {
        let sentence = "Only the person who asked for this job, or a tutor of its server, can \
                        cancel it.";
        return Err(shown(sentence));
    }
    let sentence = if job.user == viewer.user {
        "Cancelled by the person who asked for it."
    } else {
        "Cancelled by a tutor."
    };
    let cancelled = data.jobs.cancel(id, sentence).await?;
    data.news.notify_one();
    match cancelled {
        Cancelled::Unknown => Err(shown("This job is no longer kept.")),
        Cancelled::Ended(state) => Err(shown(ended_before(state))),
        Cancelled::Waiting | Cancelled::Running => Ok(()),
    }
}

/// A press of a cancel button in the list: the list comes again, without the job.
pub(crate) async fn cancel_listed(
    press: &ComponentInteraction,
    data: &Data,
    id: JobId,
) -> Result<EditInteractionResponse, CommandError> {
    cancel(press, data, id).await?;
    let overview = data.jobs.overview().await?;
    Ok(page(&Viewer::of_press(press), &overview, &[], 0))
}

fn ended_before(state: State) -> &'static str {
    match state {
        State::Done => "This job was done before you cancelled it.",
        State::Failed => "This job had failed before you cancelled it.",
        State::Cancelled => "This job was cancelled before.",
        State::Open => "This job can't be cancelled now. Try again.",
    }
}

fn shown(sentence: &str) -> CommandError {
    CommandError::Shown(sentence.to_owned())
}

fn page(
    viewer: &Viewer,
    overview: &Overview,
    kept: &[Job],
    later: usize,
) -> EditInteractionResponse {
    let visible: Vec<&(Job, Option<Standing>)> = overview
        .jobs
        .iter()
        .filter(|(job, _)| {
            job.user == viewer.user || (viewer.server != 0 && job.server == viewer.server)
        })
        .collect();
    let mut lines = Vec::new();
    if !kept.is_empty() {
        lines.push("Results that waited for you:".to_owned());
        lines.extend(kept.iter().map(|job| {
            let text = job_message::text(job, None);
            format!("- {}", truncate(&text, KEPT_LENGTH))
        }));
        if later > 0 {
            lines.push(format!("{later} more wait; use /queue again."));
        }
    }
    if visible.is_empty() {
        lines.push("No job waits or runs here.".to_owned());
    } else {
        let count = visible.len();
        let others = overview.jobs.len() - count;
        let jobs = if count == 1 { "job is" } else { "jobs are" };
        let elsewhere = match others {
            0 => String::new(),
            others => format!(" Other servers have {others} more."),
        };
        lines.push(format!("{count} {jobs} open here.{elsewhere}"));
        lines.extend(
            visible
                .iter()
                .take(LISTED)
                .map(|(job, place)| line(viewer, job, *place)),
        );
        if count > LISTED {
            lines.push(format!("and {} more.", count - LISTED));
        }
    }
    EditInteractionResponse::new()
        .content(truncate(&lines.join("\n"), 1_950))
        .components(rows(viewer, &visible))
}

/// What others asked for is their own; a tutor sees it all.
fn line(viewer: &Viewer, job: &Job, place: Option<Standing>) -> String {
    let what = if viewer.may_cancel(job) {
        format!("**{}**", escape(&job.title))
    } else {
        escape(&job.kind)
    };
    let whose = if job.user == viewer.user {
        ", yours"
    } else {
        ""
    };
    format!("- Job {}{whose}: {what}: {}", job.id, standing(job, place))
}

fn rows(viewer: &Viewer, visible: &[&(Job, Option<Standing>)]) -> Vec<CreateActionRow> {
    let buttons: Vec<CreateButton> = visible
        .iter()
        .take(LISTED)
        .map(|(job, _)| job)
        .filter(|job| viewer.may_cancel(job) && !job.is_stopping)
        .take(BUTTONS)
        .map(|job| {
            CreateButton::new(CustomId::CancelListedJob(job.id).to_string())
                .label(format!("Cancel job {}", job.id))
                .style(serenity::ButtonStyle::Secondary)
        })
        .collect();
    buttons
        .chunks(BUTTONS_A_ROW)
        .map(|row| CreateActionRow::Buttons(row.to_vec()))
        .collect()
}
