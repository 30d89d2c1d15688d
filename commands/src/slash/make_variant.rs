//! "Make a synthetic variant" in the menu of a message: image-to-image with the message's first
//! picture. The words are those of the real picture that is nearest to it; where the atlas has this very
//! picture, the variant begins with the atlas's own.

use mirage::atlas::{EntryId, Filter, Hit, Query, Request};
use mirage::generate;
use mirage::store::Start;
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments::{self, Attached};
use super::data::Data;
use super::errors::CommandError;
use super::find::check_filled;
use super::generate::{Asker, generator, give_start, queue};
use super::respond::first_answer;
use crate::describe;
use crate::generating::{Options, begin_with};

/// Real pictures among which the given one is looked for.
const LOOKED_AT: usize = 5;

/// Make a synthetic variant of the first picture of this message
#[poise::command(context_menu_command = "Make a synthetic variant")]
pub(crate) async fn make_variant(
    context: Context<'_>,
    message: serenity::Message,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let size = generator(&context.data().atlas)?.size;
    let attached = attachments::first_of(&message).ok_or_else(|| {
        let sentence = "This message has no picture. Choose one that has, or attach a picture to \
            /generate.";
        CommandError::Shown(sentence.to_owned())
    })?;
    let thinking = CreateInteractionResponseMessage::new();
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let interaction = context.interaction;
    let data = context
        .data()
        .on_behalf_of(interaction.user.id, interaction.guild_id);
    let near = nearest(&data, &attached).await?;
    let options = Options {
        prompt: near.words,
        ..Options::default()
    };
    let recipe = options.recipe(size, true, |name| format!("`{name}`"));
    let mut recipe = recipe.map_err(CommandError::Shown)?;
    match near.same {
        Some(id) => begin_with(&mut recipe, Start::Entry(id)),
        None => give_start(&data, &mut recipe, &attached).await?,
    }
    queue(&data, &Asker::of_command(interaction), &[recipe]).await
}

/// What the atlas says of a picture.
struct Near {
    /// Modality, plane and region of the real picture that it is, or that is nearest to it.
    words: String,
    /// The entry that shows this very picture: then nothing of it has to be kept.
    same: Option<EntryId>,
}

async fn nearest(data: &Data, attached: &Attached) -> Result<Near, CommandError> {
    check_filled(&data.atlas).await?;
    let given = data.attachments.picture(attached).await?;
    let request = Request {
        query: Query::Picture(given.pixels.clone()),
        filter: Filter::default(),
        offset: 0,
        limit: LOOKED_AT,
    };
    let hits = data.atlas.search(&request).await?.hits;
    let ids: Vec<EntryId> = hits.iter().map(|hit| hit.entry.id.clone()).collect();
    let same = generate::same_entry(&data.atlas, &ids, given.pixels).await?;
    let is_same = |hit: &&Hit| Some(&hit.entry.id) == same.as_ref();
    let hit = hits.iter().find(is_same).or(hits.first()).ok_or_else(|| {
        let sentence = "The atlas has nothing like this picture, so there are no words for it. \
            Attach it to /generate, with a prompt.";
        CommandError::Shown(sentence.to_owned())
    })?;
    Ok(Near {
        words: describe::heading(&hit.entry),
        same,
    })
}
