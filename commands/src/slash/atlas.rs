//! `/atlas`: a tutor adds a collection to the atlas, or has all its vectors made anew. Both are long
//! jobs; a collection lies in a folder that whoever runs the bot has set aside for it.

use std::path::{Component, Path, PathBuf};

use mirage::atlas::{check_name, usable_name};
use mirage::engine::Caller;
use mirage::jobs::{Import, JobRequest};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateAutocompleteResponse, CreateInteractionResponse, CreateInteractionResponseMessage,
};

use super::Context;
use super::announce::Reply;
use super::errors::CommandError;
use super::respond::first_answer;
use super::tutor::is_tutor;

/// Discord's most suggestions for an option.
const SUGGESTIONS: usize = 25;

/// Add to the atlas, or renew its vectors (tutors)
#[poise::command(
    slash_command,
    guild_only,
    subcommands("import", "re_embed"),
    subcommand_required,
    default_member_permissions = "MANAGE_GUILD"
)]
#[expect(clippy::unused_async, reason = "poise's signature")]
pub(crate) async fn atlas(_context: Context<'_>) -> Result<(), CommandError> {
    Ok(())
}

/// Add a collection from the import folder to the atlas
#[poise::command(slash_command, guild_only)]
pub(crate) async fn import(
    context: Context<'_>,
    #[description = "A folder or file of the import folder"]
    #[autocomplete = "suggest_collection"]
    #[max_length = 100]
    collection: String,
    #[description = "Licence of the pictures that name none, for instance CC-BY-4.0"]
    #[max_length = 100]
    licence: Option<String>,
    #[description = "Source of the pictures that name none"]
    #[max_length = 200]
    source: Option<String>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    begin(context).await?;
    let path = chosen(&context.data().imports, &collection)?;
    let name = usable_name(&path.file_stem().unwrap_or_default().to_string_lossy());
    check_name(&name).map_err(|error| CommandError::Shown(error.to_string()))?;
    let import = Import {
        collection: name,
        path,
        layout: None,
        licence,
        source,
        modality: None,
        rows: None,
    };
    // What can't be read is told now and not after its turn has come.
    let import = import.looked_at().await.map_err(CommandError::Shown)?;
    accept(context, &JobRequest::Import(import)).await
}

/// Make all vectors of the atlas anew
#[poise::command(slash_command, guild_only, rename = "re-embed")]
pub(crate) async fn re_embed(context: Context<'_>) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    begin(context).await?;
    let atlas = &context.data().atlas;
    let request = JobRequest::ReEmbed {
        entries: atlas.catalogue().await?.len() as u64,
        encoder: atlas.encoder_identity().to_owned(),
    };
    accept(context, &request).await
}

/// Acknowledges, and turns away who is no tutor: a server may have opened the command to others.
async fn begin(context: Context<'_>) -> Result<(), CommandError> {
    let message = CreateInteractionResponseMessage::new();
    first_answer(context, CreateInteractionResponse::Defer(message)).await?;
    if is_tutor(context.interaction.member.as_deref()) {
        return Ok(());
    }
    let sentence = "Only a tutor, who may manage this server, can change the atlas.";
    Err(CommandError::Shown(sentence.to_owned()))
}

/// Accepts the job. What follows is told by who announces.
async fn accept(context: Context<'_>, request: &JobRequest) -> Result<(), CommandError> {
    let interaction = context.interaction;
    let server = interaction.guild_id.map_or(0, serenity::GuildId::get);
    let caller = Caller::new(interaction.user.id.get(), server);
    let data = context.data();
    let reply = Reply::to(interaction).stored();
    data.jobs.enqueue(request, caller, Some(reply)).await?;
    data.news.notify_one();
    Ok(())
}

/// A collection's path: one name in the import folder, never a way out of it.
fn chosen(imports: &Path, name: &str) -> Result<PathBuf, CommandError> {
    let name = Path::new(name.trim());
    let mut parts = name.components();
    let is_plain = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    let path = imports.join(name);
    if is_plain && path.exists() {
        return Ok(path);
    }
    Err(CommandError::Shown(
        "There is no such collection in the import folder. Choose one of those that are \
         suggested; whoever runs the bot can add others."
            .to_owned(),
    ))
}

async fn suggest_collection(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let imports = context.data().imports.clone();
    let typed = typed.to_lowercase();
    let names = tokio::task::spawn_blocking(move || names_in(&imports, &typed)).await;
    let choices = names
        .unwrap_or_default()
        .into_iter()
        .map(serenity::AutocompleteChoice::from);
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}

fn names_in(imports: &Path, typed: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(imports) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && name.to_lowercase().contains(typed))
        .filter(|name| name.encode_utf16().count() <= 100)
        .collect();
    names.sort();
    names.truncate(SUGGESTIONS);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_import_folder_can_be_chosen() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("knees")).expect("made");
        assert!(chosen(folder.path(), "knees").is_ok());
        for name in ["", ".", "..", "../knees", "/etc", "knees/..", "missing"] {
            assert!(chosen(folder.path(), name).is_err(), "{name}");
        }
    }

    #[test]
    fn suggestions_are_the_names_that_fit() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["knees", "Ankles", ".hidden"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
        }
        assert_eq!(names_in(folder.path(), ""), ["Ankles", "knees"]);
        assert_eq!(names_in(folder.path(), "an"), ["Ankles"]);
        assert!(names_in(Path::new("/nonexistent"), "").is_empty());
    }
}
