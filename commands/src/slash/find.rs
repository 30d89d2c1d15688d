//! `/find`: pictures of the atlas for words, for a picture, or for both, and the pages behind its
//! buttons. Ranking is the library's; how a page looks is decided in [`super::results`].

use std::collections::HashMap;

use mirage::atlas::{Atlas, AtlasError, EntryId, Filter, Hit, Query, Request};
use mirage::media::Given;
use mirage::store::{Search, SearchId, SearchSubject};
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments::Attached;
use super::data::Data;
use super::errors::CommandError;
use super::respond::{first_answer, with_retries};
use super::results::{self, LARGEST_PAGE, Page, quote};
use super::suggest::{
    suggest_body_part, suggest_licence, suggest_modality, suggest_query, suggest_source,
};
use crate::describe;

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
    let sought = sought(&data, asked.words, asked.picture.as_ref()).await?;
    let search = Search {
        user: interaction.user.id.get(),
        subject: sought.subject,
        filter: asked.filter,
        results: Vec::new(),
        nothing_close: false,
        page_size: asked.page_size,
    };
    let mut page = first_page(&data, search, sought.query).await?;
    if sought.is_first_of_many {
        page.content = format!("{}\n{}", page.content, describe::FIRST_FRAME);
    }
    let edit = page.into_edit();
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

/// What is searched for.
struct Sought {
    /// As it is remembered: without the picture.
    subject: SearchSubject,
    query: Query,
    /// Whether the picture's file holds more than was looked at.
    is_first_of_many: bool,
}

/// Takes the words, and fetches the picture.
async fn sought(
    data: &Data,
    words: Option<String>,
    picture: Option<&Attached>,
) -> Result<Sought, CommandError> {
    let Some(picture) = picture else {
        let text = words.ok_or_else(|| {
            let sentence = "Say what to look for in `query`, or attach a picture in `image`.";
            CommandError::Shown(sentence.to_owned())
        })?;
        return Ok(Sought {
            subject: SearchSubject::Query(text.clone()),
            query: Query::Text(text),
            is_first_of_many: false,
        });
    };
    let Given {
        pixels: picture,
        is_first_of_many,
    } = data.attachments.picture(picture).await?;
    let words = words.filter(|words| !words.trim().is_empty());
    let query = match words.clone() {
        Some(text) => Query::PictureAndText { picture, text },
        None => Query::Picture(picture),
    };
    Ok(Sought {
        subject: SearchSubject::Picture(words),
        query,
        is_first_of_many,
    })
}

/// Searches, remembers the search for its buttons, and makes its first page. A picture is in
/// `query` alone: the search that is remembered doesn't hold it.
pub(crate) async fn first_page(
    data: &Data,
    mut search: Search,
    query: Query,
) -> Result<Page, CommandError> {
    // One search over all candidates: its whole order is what the buttons refer to.
    let request = Request {
        query,
        filter: search.filter.clone(),
        offset: 0,
        limit: usize::MAX,
    };
    let atlas = &data.atlas;
    check_filled(atlas).await?;
    let outcome = atlas.search(&request).await?;
    if let Some(no_match) = &outcome.no_match {
        let parts = atlas.matches_by_part(&request).await?;
        let content = results::no_match(&subject(&search), &search.filter, no_match, &parts);
        let content = noted(content, &search, None);
        let shown = head(&no_match.without_filter, search.page_size);
        let pictures = pictures(data, shown).await?;
        // Without buttons: they would page through a search that has no results.
        let page = results::page(content, 0, shown, &pictures, None, search.page_size);
        return Ok(page);
    }
    let hits = outcome.hits.iter();
    search.results = hits
        .map(|hit| (hit.entry.id.clone(), hit.matched_by))
        .collect();
    search.nothing_close = outcome.nothing_close;
    let id = data.store.remember_search(&search).await?;
    let shown = head(&outcome.hits, search.page_size);
    let pictures = pictures(data, shown).await?;
    let content = results::found(&subject(&search), outcome.total, shown);
    let words = results::fitting_words(&outcome.words);
    Ok(results::page(
        noted(content, &search, words),
        outcome.total,
        shown,
        &pictures,
        Some(&id),
        search.page_size,
    ))
}

/// Says so where the atlas is empty.
///
/// # Errors
/// The sentence, or what the atlas reports.
pub(crate) async fn check_filled(atlas: &Atlas) -> Result<(), CommandError> {
    // An empty one is looked at again: it may have been filled a moment ago.
    if atlas.catalogue().await?.is_empty() && atlas.refresh().await?.is_empty() {
        let sentence = "The atlas is empty, so there is nothing to find yet. Ask the person who \
            runs Mirage here to fill it.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    Ok(())
}

/// The line above an answer, with what is to be said of a picture below it. The words that fit it
/// are told with the first answer alone.
fn noted(content: String, search: &Search, words: Option<String>) -> String {
    let mut lines = vec![content];
    if search.nothing_close {
        lines.push(describe::NOTHING_CLOSE.to_owned());
    }
    lines.extend(words);
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
    let content = results::found(&subject(search), total, &hits);
    Ok(results::page(
        noted(content, search, None),
        total,
        &hits,
        &pictures,
        Some(id),
        search.page_size,
    ))
}

/// The hits of a later page in the stored order and with the stored reasons: the atlas may have
/// grown since the first page was shown, and "More like 7" must mean the picture that is shown as
/// number 7.
async fn stored_hits(
    data: &Data,
    search: &Search,
    offset: usize,
) -> Result<Vec<Hit>, CommandError> {
    let end = search.results.len();
    let (start, stop) = (offset.min(end), offset.saturating_add(search.page_size));
    let stretch = &search.results[start..stop.min(end)];
    let words = match &search.subject {
        SearchSubject::Query(words) => Some(words.as_str()),
        SearchSubject::Picture(words) => words.as_deref(),
        SearchSubject::Like(_) => None,
    };
    Ok(data.atlas.recall(stretch, start, words).await?)
}

/// What was searched for, as it is named in a sentence.
fn subject(search: &Search) -> String {
    let what = match &search.subject {
        SearchSubject::Query(query) => quote(query),
        SearchSubject::Like(entry) => {
            format!("pictures like {}{}", quote(entry.as_str()), way(search))
        }
        SearchSubject::Picture(None) => "the picture".to_owned(),
        SearchSubject::Picture(Some(words)) => format!("the picture and {}", quote(words)),
    };
    if search.filter.is_empty() {
        what
    } else {
        format!("{what} with {}", quote(&search.filter.to_string()))
    }
}

/// What pictures like an entry were found by, where that is known.
fn way(search: &Search) -> &'static str {
    match search.results.first() {
        Some((_, found_by)) if found_by.picture => " (by its picture)",
        Some((_, found_by)) if found_by.meaning => " (by its words)",
        _ => "",
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

#[cfg(test)]
mod tests {
    use super::*;
    use mirage::atlas::{FittingWord, MatchedBy, WordField};

    fn search(subject: SearchSubject, found_by: MatchedBy) -> Search {
        Search {
            user: 7,
            subject,
            filter: Filter::default(),
            results: vec![(EntryId::new("t", "b"), found_by)],
            nothing_close: false,
            page_size: 5,
        }
    }

    #[test]
    fn pictures_like_one_say_what_they_are_like_by() {
        let like = |found_by| {
            let entry = EntryId::new("t", "a");
            subject(&search(SearchSubject::Like(entry), found_by))
        };
        let by_picture = like(MatchedBy::PICTURE);
        assert!(by_picture.starts_with("pictures like"), "{by_picture}");
        assert!(by_picture.ends_with("(by its picture)"), "{by_picture}");
        assert!(like(MatchedBy::MEANING).ends_with("(by its words)"));
        let unknown = like(MatchedBy::default());
        assert!(!unknown.contains("(by"), "{unknown}");
    }

    #[test]
    fn what_is_said_of_a_picture_stands_below_the_first_line() {
        let mut search = search(SearchSubject::Picture(None), MatchedBy::PICTURE);
        let words = Some("Words.".to_owned());
        let content = noted("First.".to_owned(), &search, words);
        let lines: Vec<&str> = content.lines().collect();
        assert_eq!(lines, ["First.", "Words.", NOTICE]);
        search.nothing_close = true;
        let content = noted("First.".to_owned(), &search, None);
        let lines: Vec<&str> = content.lines().collect();
        assert_eq!(lines, ["First.", describe::NOTHING_CLOSE, NOTICE]);
        search.subject = SearchSubject::Query("knee".to_owned());
        search.nothing_close = false;
        assert_eq!(noted("First.".to_owned(), &search, None), "First.");
    }

    #[test]
    fn the_longest_answer_keeps_discords_limit() {
        let long = "*".repeat(2_000);
        let mut search = search(
            SearchSubject::Picture(Some(long.clone())),
            MatchedBy::PICTURE,
        );
        search.filter.modality = Some(long.clone());
        search.nothing_close = true;
        let word = |rank| FittingWord {
            word: long.clone(),
            field: WordField::Label,
            rank,
            evidence: Vec::new(),
            results: vec![48, 49, 50],
        };
        let words: Vec<FittingWord> = (1..=6).map(word).collect();
        let words = results::fitting_words(&words).expect("words");
        assert!(
            words.starts_with("Words that fit the picture best: \\*"),
            "{words}"
        );
        assert!(!words.contains("**"), "{words}");
        let content = results::found(&subject(&search), 50, &[]);
        let content = noted(content, &search, Some(words));
        let content = format!("{content}\n{}", describe::FIRST_FRAME);
        let length = content.encode_utf16().count();
        // The line of an answer with pictures has a few numbers more.
        assert!(length <= 1_950, "{length}");
    }
}
