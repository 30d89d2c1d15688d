//! The job that makes synthetic pictures: each from its stored recipe, written down with its marked
//! files before the job ends. Begun again after a crash it makes the same pictures.

use mirage_models::diffusion::DiffusionError;

use super::progress::Progress;
use super::request::Generate;
use super::run::RunningJob;
use crate::atlas::Atlas;
use crate::engine::{Engine, EngineError, Lane, StepReport};
use crate::generate::{CheckError, Checks, DrawError, Painter};
use crate::store::{Made, PictureId, Recipe, Store, StoreError};

/// What the job needs beside the atlas.
#[derive(Clone)]
pub(super) struct Drawing {
    /// Where the recipes are, and the pictures go.
    pub(super) store: Store,
    /// What each picture has to pass.
    pub(super) checks: Checks,
}

const DELETED: &str = "What the picture was to be made from was deleted.";
const FAILED: &str = "Mirage failed while it made this picture. The log has more.";

impl Drawing {
    /// Makes the pictures, one after the other. The sentence tells how it went.
    pub(super) async fn run(
        &self,
        atlas: Atlas,
        request: Generate,
        job: RunningJob,
    ) -> Result<String, String> {
        check_model(atlas.engine(), &request.model)?;
        let painter = Painter {
            atlas: atlas.on_behalf_of(job.caller, Lane::Long),
            checks: self.checks.clone(),
            caller: job.caller,
            lane: Lane::Long,
        };
        let mut before = 0;
        let mut parts = Vec::new();
        for id in &request.pictures {
            let recipe = self.recipe(id).await?;
            let steps = recipe.all_steps();
            let tell = |report: &StepReport| {
                let progress = progress(report, (before, steps), request.steps);
                job.progress.send_replace(progress);
            };
            let drawn = painter.draw(&recipe, &job.cancel, tell).await;
            let drawn = drawn.map_err(|error| told_and_logged(&error))?;
            let made = Made {
                model: request.model.clone(),
                told: drawn.told,
                file: Some(drawn.marked.file),
                sheet: drawn.sheet,
            };
            let is_kept = self.store.picture_made(id, drawn.seed, &made).await;
            if !is_kept.map_err(|error| unstored(&error))? {
                return Err(DELETED.to_owned());
            }
            before += steps;
            parts.push(format!("{} steps from seed {}", recipe.steps, drawn.seed));
        }
        Ok(format!(
            "Made in {}, by {}.",
            parts.join(" and "),
            request.model
        ))
    }

    /// What a picture is made from.
    async fn recipe(&self, id: &PictureId) -> Result<Recipe, String> {
        let stored = self.store.picture(id).await;
        let stored = stored.map_err(|error| unstored(&error))?;
        let recipe = stored.map(|stored| stored.recipe);
        recipe.ok_or_else(|| DELETED.to_owned())
    }
}

/// Refuses a worker with another model: it would make other pictures from the same seeds.
fn check_model(engine: &Engine, wanted: &str) -> Result<(), String> {
    let model = engine.generator().map(|spec| spec.identity.as_str());
    if model == Some(wanted) {
        return Ok(());
    }
    let model = model.unwrap_or("none");
    Err(format!(
        "The picture was wanted from the generator {wanted}, but the worker that took the job has \
         {model}. Start all workers with the same MIRAGE_PROFILE and ask again."
    ))
}

/// How far all pictures are: those before this one, and so many steps of this one and its candidates.
/// Where a picture is made again with another seed, its steps count anew. What a variant skips counts as done.
fn progress(report: &StepReport, (before, steps): (u64, u64), total: u64) -> Progress {
    let skipped = steps.saturating_sub(report.total.unwrap_or(steps));
    Progress {
        done: (before + skipped + report.done).min(total),
        total: Some(total),
        unit: "steps".to_owned(),
        preview: report.preview.clone(),
    }
}

/// The sentence for people. What a file or a network says goes to the log, where the job's span names
/// it: it is nothing that whoever asked could mend.
fn told_and_logged(error: &DrawError) -> String {
    match error {
        DrawError::Request(_)
        | DrawError::Prompt(_)
        | DrawError::NoStart
        | DrawError::Start(_)
        | DrawError::Refused(_)
        | DrawError::TooNear
        | DrawError::Interrupted => error.to_string(),
        DrawError::Engine(error) | DrawError::Check(CheckError::Engine(error)) => of_engine(error),
        DrawError::Check(_) | DrawError::Mark(_) | DrawError::Atlas(_) => failed(error),
    }
}

fn of_engine(error: &EngineError) -> String {
    match error {
        EngineError::Overloaded { .. }
        | EngineError::Stopped
        | EngineError::Cancelled
        | EngineError::NoGenerator
        | EngineError::Memory { .. } => error.to_string(),
        EngineError::Generator(reason) if is_of_request(reason) => reason.to_string(),
        EngineError::Generator(_)
        | EngineError::Encoder(_)
        | EngineError::ImageEncoder(_)
        | EngineError::NoImageEncoder
        | EngineError::Panicked(_)
        | EngineError::Work(_)
        | EngineError::Unstarted(_) => failed(error),
    }
}

/// Whether the person who asked can mend it.
fn is_of_request(error: &DiffusionError) -> bool {
    matches!(
        error,
        DiffusionError::Steps { .. }
            | DiffusionError::Guidance(_)
            | DiffusionError::Strength(_)
            | DiffusionError::Size { .. }
            | DiffusionError::NotFinite(_)
            | DiffusionError::Cancelled
    )
}

fn failed(error: &dyn std::error::Error) -> String {
    let mut causes = String::new();
    let mut cause = error.source();
    while let Some(current) = cause {
        causes.push_str(&format!("; {current}"));
        cause = current.source();
    }
    tracing::warn!(%error, causes, "a synthetic picture could not be made");
    FAILED.to_owned()
}

fn unstored(error: &StoreError) -> String {
    tracing::warn!(%error, "a synthetic picture could not be read or written down");
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Refusal;

    #[test]
    fn the_steps_of_several_pictures_add_up() {
        let report = |done| StepReport {
            done,
            total: Some(20),
            preview: None,
        };
        assert_eq!(progress(&report(5), (0, 20), 40).percent(), Some(12));
        assert_eq!(progress(&report(20), (20, 20), 40).percent(), Some(100));
        assert_eq!(progress(&report(30), (20, 20), 40).percent(), Some(100));
        // A variant that begins half way.
        assert_eq!(progress(&report(0), (0, 40), 40).percent(), Some(50));
        assert_eq!(progress(&report(20), (0, 40), 40).percent(), Some(100));
    }

    #[test]
    fn what_nobody_can_mend_is_for_the_log() {
        let memory = EngineError::Memory {
            needed: 700,
            available: 12,
        };
        assert!(told_and_logged(&memory.into()).contains("700 MB"));
        let panicked = EngineError::Panicked("/a/path: index 7".to_owned());
        assert_eq!(told_and_logged(&panicked.into()), FAILED);
        let refused = told_and_logged(&Refusal::NotMedical.into());
        assert!(refused.starts_with("The picture is not shown"), "{refused}");
    }
}
