//! `/find`: pictures of the atlas for words, for a picture, or for both, and the pages behind its
//! buttons. Ranking is the library's; how a page looks is decided in [`super::results`].

use std::collections::HashMap;

use mirage::atlas::{AtlasError, EntryId, Field, Filter, Hit, Query, Request};
use mirage::store::{Search, SearchId, SearchSubject};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateAutocompleteResponse, CreateInteractionResponse, CreateInteractionResponseMessage,
};

use super::Context;
use super::attachments::Attached;
use super::data::Data;
use super::errors::CommandError;
use super::respond::{first_answer, with_retries};
use super::results::{self, LARGEST_PAGE, Page, quote};
use crate::describe;

/// Discord's most suggestions for an option.
const SUGGESTIONS: usize = 25;
/// Discord's longest name and value of a suggestion, in UTF-16 units.
const LONGEST_CHOICE: usize = 100;

/// Below an answer to a picture.
const NOTICE: &str = "The picture that was given is not kept. Don't upload pictures of patients.";

/// Find medical pictures by words, by a picture, or by both
#[allow(
    clippy::too_many_arguments,
    reason = "each is an option of the command"
)]
#[poise::command(slash_command)]
pub(crate) async fn find(
    context: Context<'_>,
    #[description = "What to look for, for instance: axial brain MRI"]
    #[autocomplete = "suggest_query"]
    #[max_length = 2000]
    query: Option<String>,
    #[description = "A picture to find others like, at most 10 MiB; none of a patient"]
    image: Option<serenity::Attachment>,
    #[description = "Only this modality, for instance MRI"]
    #[autocomplete = "suggest_modality"]
    modality: Option<String>,
    #[description = "Only this part of the body, for instance shoulder"]
    #[autocomplete = "suggest_body_part"]
    body_part: Option<String>,
    #[description = "Only this licence"]
    #[autocomplete = "suggest_licence"]
    licence: Option<String>,
    #[description = "Only this source or collection"]
    #[autocomplete = "suggest_source"]
    source: Option<String>,
    #[description = "How many pictures to show at once, 1 to 5 (default 5)"]
    #[min = 1]
    #[max = 5]
    k: Option<u8>,
    #[description = "Show the answer to you alone"] private: Option<bool>,
) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    // Discord waits three seconds for a sign; a search may have to wait for others.
    let thinking = CreateInteractionResponseMessage::new().ephemeral(private.unwrap_or(false));
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let asked = Asked {
        words: query,
        picture: image.as_ref().map(Attached::from),
        filter: Filter {
            modality,
            body_part,
            licence,
            source,
        },
        page_size: usize::from(k.unwrap_or(5)).clamp(1, LARGEST_PAGE),
    };
    answer(context, asked).await
}

/// What somebody asked for.
pub(crate) struct Asked {
    pub(crate) words: Option<String>,
    pub(crate) picture: Option<Attached>,
    pub(crate) filter: Filter,
    /// Results a page, at most [`LARGEST_PAGE`].
    pub(crate) page_size: usize,
}

/// Searches for what was asked and shows the first page, after the command was acknowledged.
///
/// # Errors
/// [`CommandError`]; a picture that can't be used is told in one sentence.
pub(crate) async fn answer(context: Context<'_>, asked: Asked) -> Result<(), CommandError> {
    let interaction = context.interaction;
    let data = context
        .data()
        .on_behalf_of(interaction.user.id, interaction.guild_id);
    let (subject, query) = match (asked.words, &asked.picture) {
        (None, None) => {
            let sentence = "Say what to look for in `query`, or attach a picture in `image`.";
            return Err(CommandError::Shown(sentence.to_owned()));
        }
        (Some(text), None) => (SearchSubject::Query(text.clone()), Query::Text(text)),
        (words, Some(picture)) => {
            let picture = data.attachments.picture(picture).await?;
            let words = words.filter(|words| !words.trim().is_empty());
            let query = match words.clone() {
                Some(text) => Query::PictureAndText { picture, text },
                None => Query::Picture(picture),
            };
            (SearchSubject::Picture(words), query)
        }
    };
    let search = Search {
        user: interaction.user.id.get(),
        subject,
        filter: asked.filter,
        results: Vec::new(),
        page_size: asked.page_size,
    };
    let page = first_page(&data, search, query).await?;
    let edit = page.into_edit();
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

/// Searches, remembers the search for its buttons, and makes its first page. A picture is in
/// `query` alone: the search that is remembered doesn't hold it.
pub(crate) async fn first_page(
    data: &Data,
    mut search: Search,
    query: Query,
) -> Result<Page, CommandError> {
    // One search over all candidates: its whole order is what the buttons refer to.
    let request = whole(query, &search);
    let atlas = &data.atlas;
    // An empty one is looked at again: it may have been filled a moment ago.
    if atlas.catalogue().await?.is_empty() && atlas.refresh().await?.is_empty() {
        let sentence = "The atlas is empty, so there is nothing to find yet. Ask the person who \
            runs Mirage here to fill it.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let outcome = atlas.search(&request).await?;
    let subject = subject(&search);
    if let Some(no_match) = &outcome.no_match {
        let parts = atlas.matches_by_part(&request).await?;
        let content = results::no_match(&subject, &search.filter, no_match, &parts);
        let content = noted(content, &search, false);
        let shown = head(&no_match.without_filter, search.page_size);
        let pictures = pictures(data, shown).await?;
        // Without buttons: they would page through a search that has no results.
        let page = results::page(content, 0, shown, &pictures, None, search.page_size);
        return Ok(page);
    }
    search.results = outcome
        .hits
        .iter()
        .map(|hit| hit.entry.id.clone())
        .collect();
    let id = data.store.remember_search(&search).await?;
    let shown = head(&outcome.hits, search.page_size);
    let pictures = pictures(data, shown).await?;
    let content = results::found(&subject, outcome.total, shown);
    Ok(results::page(
        noted(content, &search, outcome.nothing_close),
        outcome.total,
        shown,
        &pictures,
        Some(&id),
        search.page_size,
    ))
}

/// The line above an answer, with what is to be said of a picture below it.
fn noted(content: String, search: &Search, nothing_close: bool) -> String {
    let mut lines = vec![content];
    if nothing_close {
        lines.push(describe::NOTHING_CLOSE.to_owned());
    }
    if matches!(search.subject, SearchSubject::Picture(_)) {
        lines.push(NOTICE.to_owned());
    }
    lines.join("\n")
}

fn head(hits: &[Hit], length: usize) -> &[Hit] {
    &hits[..hits.len().min(length)]
}

/// A later page of a search that is stored.
pub(crate) async fn page_at(
    data: &Data,
    id: &SearchId,
    search: &Search,
    offset: usize,
) -> Result<Page, CommandError> {
    let hits = stored_hits(data, search, offset).await?;
    if hits.is_empty() {
        let sentence = "There are no further pictures. Use /find again for a fresh answer.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let pictures = pictures(data, &hits).await?;
    let total = search.results.len();
    Ok(results::page(
        results::found(&subject(search), total, &hits),
        total,
        &hits,
        &pictures,
        Some(id),
        search.page_size,
    ))
}

/// The hits of a later page in the stored order: the atlas may have grown since the first page was
/// shown, and "More like 7" must mean the picture that is shown as number 7. Reasons are fresh where
/// the search can be run again.
async fn stored_hits(
    data: &Data,
    search: &Search,
    offset: usize,
) -> Result<Vec<Hit>, CommandError> {
    let end = search.results.len();
    let (start, stop) = (offset.min(end), offset.saturating_add(search.page_size));
    let stretch = &search.results[start..stop.min(end)];
    let Some(query) = repeated(&search.subject) else {
        let words = match &search.subject {
            SearchSubject::Picture(words) => words.as_deref(),
            SearchSubject::Query(_) | SearchSubject::Like(_) => None,
        };
        return Ok(data.atlas.recall(stretch, start, words).await?);
    };
    let outcome = data.atlas.search(&whole(query, search)).await?;
    let mut found: HashMap<EntryId, Hit> = outcome
        .hits
        .into_iter()
        .map(|hit| (hit.entry.id.clone(), hit))
        .collect();
    let hits = stretch.iter().zip(start + 1..).filter_map(|(id, rank)| {
        let hit = found.remove(id)?;
        Some(Hit { rank, ..hit })
    });
    Ok(hits.collect())
}

/// The query of a stored search; `None` where it was a picture, which is not kept.
pub(crate) fn repeated(subject: &SearchSubject) -> Option<Query> {
    match subject {
        SearchSubject::Query(query) => Some(Query::Text(query.clone())),
        SearchSubject::Like(entry) => Some(Query::Like(entry.clone())),
        SearchSubject::Picture(_) => None,
    }
}

/// The whole ranking of a search.
fn whole(query: Query, search: &Search) -> Request {
    Request {
        query,
        filter: search.filter.clone(),
        offset: 0,
        limit: usize::MAX,
    }
}

/// What was searched for, as it is named in a sentence.
fn subject(search: &Search) -> String {
    let what = match &search.subject {
        SearchSubject::Query(query) => quote(query),
        SearchSubject::Like(entry) => format!("pictures like {}", quote(entry.as_str())),
        SearchSubject::Picture(None) => "the picture".to_owned(),
        SearchSubject::Picture(Some(words)) => format!("the picture and {}", quote(words)),
    };
    if search.filter.is_empty() {
        what
    } else {
        format!("{what} with {}", quote(&search.filter.to_string()))
    }
}

/// The hits' pictures in the hits' order. A picture that is gone is an error: pictures must never
/// move to another's caption.
async fn pictures(data: &Data, hits: &[Hit]) -> Result<Vec<Vec<u8>>, CommandError> {
    let ids: Vec<EntryId> = hits.iter().map(|hit| hit.entry.id.clone()).collect();
    let mut found: HashMap<EntryId, Vec<u8>> =
        data.atlas.pictures(&ids).await?.into_iter().collect();
    ids.iter()
        .map(|id| {
            found
                .remove(id)
                .ok_or_else(|| CommandError::from(AtlasError::NoSuchEntry { id: id.to_string() }))
        })
        .collect()
}

async fn suggest_query(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let suggestions = match context.data().atlas.catalogue().await {
        Ok(catalogue) => catalogue.suggest(typed, SUGGESTIONS),
        Err(error) => {
            tracing::warn!(%error, "no suggestions");
            Vec::new()
        }
    };
    let choices = suggestions
        .iter()
        .map(|text| describe::without_turns(text))
        .filter(|text| !text.trim().is_empty())
        .map(serenity::AutocompleteChoice::from);
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}

async fn suggest_modality(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    suggest_value(context, Field::Modality, typed).await
}

async fn suggest_body_part(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    suggest_value(context, Field::BodyPart, typed).await
}

async fn suggest_licence(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    suggest_value(context, Field::Licence, typed).await
}

async fn suggest_source(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    suggest_value(context, Field::Source, typed).await
}

async fn suggest_value(
    context: Context<'_>,
    field: Field,
    typed: &str,
) -> CreateAutocompleteResponse {
    let facets = match context.data().atlas.catalogue().await {
        Ok(catalogue) => catalogue.complete(field, typed, SUGGESTIONS),
        Err(_) => Vec::new(),
    };
    let fits = |text: &str| text.encode_utf16().count() <= LONGEST_CHOICE;
    let choices = facets
        .into_iter()
        // Discord refuses a longer value, and with it all suggestions.
        .filter(|facet| fits(&facet.value))
        .map(|facet| {
            let shown = describe::without_turns(&facet.value);
            let counted = format!("{shown} ({})", facet.count);
            let name = if fits(&counted) { counted } else { shown };
            serenity::AutocompleteChoice::new(name, facet.value)
        });
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}
