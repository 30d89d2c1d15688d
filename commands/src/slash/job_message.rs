//! How a long job looks in a message: its place or progress, its result, and its button. Nothing is
//! sent here.

use mirage::jobs::{Progress, roughly};
use mirage::store::jobs::{Job, Standing, State};
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateButton};

use super::custom_id::CustomId;
use super::results::{escape, truncate};

/// Discord's limit is 2,000 characters a message; a mention may come before.
const LONGEST: usize = 1_900;
/// Cells of a bar of progress.
const CELLS: u64 = 10;

/// The message of one job.
pub(crate) fn text(job: &Job, place: Option<Standing>) -> String {
    let title = escape(&job.title);
    truncate(
        &format!("**{title}** (job {}): {}", job.id, standing(job, place)),
        LONGEST,
    )
}

/// How a job stands, from the middle of a sentence.
pub(crate) fn standing(job: &Job, place: Option<Standing>) -> String {
    let outcome = || escape(job.outcome.as_deref().unwrap_or_default());
    match job.state {
        State::Done => format!("done. {}", outcome()),
        State::Failed => format!("failed. {}", outcome()),
        State::Cancelled => format!("cancelled. {}", outcome()),
        State::Open if job.is_stopping => "stopping.".to_owned(),
        State::Open if job.is_claimed => running(job),
        State::Open => waiting(place),
    }
}

fn running(job: &Job) -> String {
    let progress = Progress::from_stored(job.progress.as_deref());
    let again = match job.attempt {
        ..=1 => "",
        // It was interrupted; the count starts anew.
        _ => " (begun again after an interruption)",
    };
    match (progress.percent(), progress.total) {
        (Some(percent), Some(total)) => {
            let full = percent * CELLS / 100;
            let bar: String = (0..CELLS)
                .map(|cell| if cell < full { '▰' } else { '▱' })
                .collect();
            let unit = &progress.unit;
            format!(
                "running, {percent} % ({} of {total} {unit}) {bar}{again}",
                progress.done
            )
        }
        _ if progress.done > 0 => {
            format!("running, {} {} so far{again}", progress.done, progress.unit)
        }
        _ => format!("running{again}"),
    }
}

fn waiting(place: Option<Standing>) -> String {
    match place {
        None => "queued.".to_owned(),
        Some(place) => {
            let turn = match place.ahead {
                0 => "next".to_owned(),
                ahead => ordinal(ahead + 1),
            };
            format!("queued, {turn}, {}", roughly(place.wait))
        }
    }
}

/// 1st, 2nd, 3rd, 11th, 21st.
fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The button of a job that can still be cancelled.
pub(crate) fn rows(job: &Job) -> Vec<CreateActionRow> {
    if job.state != State::Open || job.is_stopping {
        return Vec::new();
    }
    let cancel = CreateButton::new(CustomId::CancelJob(job.id).to_string())
        .label("Cancel")
        .style(serenity::ButtonStyle::Secondary);
    vec![CreateActionRow::Buttons(vec![cancel])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_those_of_english() {
        let said: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal).into();
        assert_eq!(
            said,
            [
                "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"
            ]
        );
    }

    #[test]
    fn a_place_is_told_with_its_time() {
        let place = |ahead| Standing {
            ahead,
            wait: std::time::Duration::from_secs(38),
        };
        assert_eq!(waiting(Some(place(2))), "queued, 3rd, about 40 s");
        assert_eq!(waiting(Some(place(0))), "queued, next, about 40 s");
    }
}
