//! What `/find` suggests while somebody types: words and values that the atlas holds. Discord's
//! limits of suggestions are kept here.

use mirage::atlas::Field;
use poise::serenity_prelude as serenity;
use serenity::CreateAutocompleteResponse;

use super::Context;
use crate::describe;

/// Discord's most suggestions for an option.
const SUGGESTIONS: usize = 25;
/// Discord's longest name and value of a suggestion, in UTF-16 units.
const LONGEST_CHOICE: usize = 100;

/// Queries from what the atlas holds.
pub(crate) async fn suggest_query(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
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

pub(crate) async fn suggest_modality(
    context: Context<'_>,
    typed: &str,
) -> CreateAutocompleteResponse {
    suggest_value(context, Field::Modality, typed).await
}

pub(crate) async fn suggest_body_part(
    context: Context<'_>,
    typed: &str,
) -> CreateAutocompleteResponse {
    suggest_value(context, Field::BodyPart, typed).await
}

pub(crate) async fn suggest_licence(
    context: Context<'_>,
    typed: &str,
) -> CreateAutocompleteResponse {
    suggest_value(context, Field::Licence, typed).await
}

pub(crate) async fn suggest_source(
    context: Context<'_>,
    typed: &str,
) -> CreateAutocompleteResponse {
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
