//! `/generate`: a synthetic picture of what somebody describes, as a long job, and what may be done
//! with one that was made. How it is made and checked is the library's; how it looks is decided in
//! [`page`]; news of the job is told by who announces.

mod acts;
mod forms;
mod page;
mod sides;

use mirage::atlas::Atlas;
use mirage::compare::{self, Synthetic};
use mirage::engine::{Caller, EngineError, GeneratorSpec};
use mirage::jobs::{Generate, JobRequest};
use mirage::store::jobs::Job;
use mirage::store::{PictureId, Recipe, Start, Store, StoreError};
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::announce::Reply;
use super::attachments::Attached;
use super::data::Data;
use super::errors::CommandError;
use super::respond::first_answer;
use super::results::Page;
use super::suggest::suggest_query;
use crate::generating::{self, Options};

pub(crate) use acts::{Act, explanation, make_again};
pub(super) use forms::{open_form, submit};
pub(crate) use sides::draw_sides;

/// Make a synthetic picture, marked as such, beside the nearest real ones
#[allow(
    clippy::too_many_arguments,
    reason = "each is an option of the command"
)]
#[poise::command(slash_command)]
pub(crate) async fn generate(
    context: Context<'_>,
    #[description = "What to draw, in English, for instance: axial brain MRI"]
    #[autocomplete = "suggest_query"]
    #[max_length = 2000]
    prompt: String,
    #[description = "What to leave out, for instance: text and arrows"]
    #[max_length = 2000]
    negative: Option<String>,
    #[description = "Steps of drawing (default 12): more take longer"] steps: Option<u32>,
    #[description = "How closely to follow the prompt, 0 to 20 (default 7)"] guidance: Option<f64>,
    #[description = "A whole number: the same one gives the same picture again"] seed: Option<u32>,
    #[description = "Width and height in pixels, for instance 128 or 128x96"]
    #[max_length = 20]
    size: Option<String>,
    #[description = "A picture to begin with, at most 10 MiB; none of a patient"] image: Option<
        serenity::Attachment,
    >,
    #[description = "How far to go from that picture, above 0, at most 1 (default 0.6)"]
    strength: Option<f64>,
) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    let options = Options {
        prompt,
        negative,
        steps,
        guidance,
        seed: seed.map(u64::from),
        candidates: None,
        size,
        scheduler: None,
        strength,
    };
    // What can't be asked for is told to who asked alone, so it is looked at before anything is
    // shown.
    let size = generator(&data.atlas)?.size;
    let has_start = image.is_some();
    let recipe = options.recipe(size, has_start, |name| format!("`{name}`"));
    let mut recipe = recipe.map_err(CommandError::Shown)?;
    let message = CreateInteractionResponseMessage::new();
    first_answer(context, CreateInteractionResponse::Defer(message)).await?;
    if let Some(image) = &image {
        give_start(data, &mut recipe, &Attached::from(image)).await?;
    }
    queue(data, &Asker::of_command(context.interaction), &[recipe]).await
}

/// Fetches the picture that a recipe begins with.
pub(crate) async fn give_start(
    data: &Data,
    recipe: &mut Recipe,
    attached: &Attached,
) -> Result<(), CommandError> {
    let (width, height) = (recipe.width, recipe.height);
    let start = move |file: &[u8]| mirage::generate::start_of(file, (width, height));
    let start = data.attachments.read(attached, start).await?;
    let start = start.map_err(|error| CommandError::Shown(super::attachments::refusal(&error)))?;
    generating::begin_with(recipe, Start::Given(start));
    Ok(())
}

/// Who asks for a picture, and how to answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) user: serenity::UserId,
    pub(crate) server: Option<serenity::GuildId>,
    /// Of the interaction, which was acknowledged.
    pub(crate) token: &'a str,
    pub(crate) channel: serenity::ChannelId,
}

impl<'a> Asker<'a> {
    pub(crate) fn of_command(interaction: &'a serenity::CommandInteraction) -> Self {
        Self {
            user: interaction.user.id,
            server: interaction.guild_id,
            token: &interaction.token,
            channel: interaction.channel_id,
        }
    }

    pub(crate) fn of_press(press: &'a serenity::ComponentInteraction) -> Self {
        Self {
            user: press.user.id,
            server: press.guild_id,
            token: &press.token,
            channel: press.channel_id,
        }
    }
}

/// What makes pictures here.
pub(crate) fn generator(atlas: &Atlas) -> Result<&GeneratorSpec, CommandError> {
    let spec = atlas.engine().generator();
    spec.ok_or_else(|| EngineError::NoGenerator.into())
}

/// Accepts a job that makes these pictures. What follows is told by who announces.
pub(crate) async fn queue(
    data: &Data,
    asker: &Asker<'_>,
    recipes: &[Recipe],
) -> Result<(), CommandError> {
    let model = generator(&data.atlas)?.identity.clone();
    let user = asker.user.get();
    let server = asker.server.map_or(0, serenity::GuildId::get);
    let mut pictures = Vec::new();
    for recipe in recipes {
        pictures.push(data.store.remember_picture(user, server, recipe).await?);
    }
    let request = JobRequest::Generate(Generate {
        pictures: pictures.clone(),
        model,
        steps: recipes.iter().map(Recipe::all_steps).sum(),
    });
    let reply = Reply::by(asker.token, asker.channel).stored();
    let caller = Caller::new(user, server);
    if let Err(refused) = data.jobs.enqueue(&request, caller, Some(reply)).await {
        for id in &pictures {
            data.store.forget_picture(id).await?;
        }
        return Err(refused.into());
    }
    data.news.notify_one();
    Ok(())
}

/// The pictures of a job; none if it is of another kind or no longer kept.
async fn pictures_of(store: &Store, job: &Job) -> Result<Vec<PictureId>, StoreError> {
    if job.kind != JobRequest::GENERATE {
        return Ok(Vec::new());
    }
    let request = store.job_request(job.id).await?;
    let request = request.and_then(|text| serde_json::from_str(&text).ok());
    Ok(match request {
        Some(JobRequest::Generate(request)) => request.pictures,
        _ => Vec::new(),
    })
}

/// Erases what was kept for a job that has ended and was told of.
pub(crate) async fn erase_files_of(store: &Store, job: &Job) -> Result<(), StoreError> {
    for id in pictures_of(store, job).await? {
        store.erase_files_of(&id).await?;
    }
    Ok(())
}

/// The message of a job that made pictures, below what is said of the job; `None` where it made
/// none, or none is kept any more.
pub(crate) async fn result_of(
    atlas: &Atlas,
    store: &Store,
    job: &Job,
    text: &str,
) -> Result<Option<Page>, StoreError> {
    let mut shown = Vec::new();
    for id in pictures_of(store, job).await? {
        let stored = store.picture(&id).await?;
        let Some(mut one) = stored.and_then(|stored| page::Shown::of(id, stored)) else {
            continue;
        };
        let synthetic = Synthetic {
            prompt: one.recipe.prompt.clone(),
            words: one.made.told.words.clone(),
        };
        let beside = compare::beside_real(atlas, &synthetic, &one.made.told.nearest).await;
        one.beside = beside
            .inspect_err(|error| tracing::warn!(%error, "no real pictures for a synthetic one"))
            .ok();
        shown.push(one);
    }
    Ok((!shown.is_empty()).then(|| page::page(text, shown)))
}
