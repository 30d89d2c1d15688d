//! Questions as files, for a tutor: what is brought in waits for review like any draft, and what is
//! taken out are approved questions. Formats are the library's concern.

use std::collections::HashMap;
use std::time::SystemTime;

use mirage::atlas::EntryId;
use mirage::quiz::Item;
use mirage::quiz::exchange::{self, ExportError, Format, ImportError};
use mirage::store::quiz::{Added, BankQuery, ItemState};
use poise::serenity_prelude as serenity;
use serenity::{CreateAttachment, EditAttachments};

use super::custom_id::carried;
use super::roles::Person;
use super::shape::{self, counted};
use super::{begin, finish};
use crate::slash::Context;
use crate::slash::attachments::Attached;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{escape, truncate};

/// Largest file that is read, in bytes.
const MOST_BYTES: u32 = 10 * 1024 * 1024;
/// Most questions of a file that is written.
const MOST: u32 = 1_000;
/// Longest sentence of what is wrong with a file.
const REASON: usize = 1_500;

/// The form of a file.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Form {
    #[name = "CSV table"]
    Csv,
    #[name = "Anki package, with pictures (.apkg)"]
    AnkiPackage,
    #[name = "Anki text"]
    AnkiText,
    #[name = "Moodle XML, with pictures"]
    MoodleXml,
    #[name = "GIFT text"]
    Gift,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Csv => Self::Csv,
            Form::AnkiPackage => Self::AnkiPackage,
            Form::AnkiText => Self::AnkiText,
            Form::MoodleXml => Self::MoodleXml,
            Form::Gift => Self::Gift,
        }
    }
}

/// Bring questions in from a file; they wait for review (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn import(
    context: Context<'_>,
    #[description = "A CSV table, Anki text, Moodle XML or GIFT text, at most 10 MiB"]
    file: serenity::Attachment,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    if file.size > MOST_BYTES {
        let sentence = "The file is larger than 10 MiB. Nothing was imported; split it.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let name = file.filename.clone();
    let read = move |bytes: &[u8]| exchange::import(&name, bytes);
    let items = data
        .attachments
        .read(&Attached::from(&file), read)
        .await?
        .map_err(not_imported)?;
    let items = exchange::with_sources(&data.atlas, items).await;
    let items = items.map_err(not_imported)?;
    let told = imported(&data, &person, &items).await?;
    finish(context, shape::sentence(told)).await
}

/// What is wrong with a file. It quotes the file.
fn not_imported(error: ImportError) -> CommandError {
    match error {
        ImportError::Atlas(error) => error.into(),
        ImportError::Empty
        | ImportError::NotText
        | ImportError::Unknown(_)
        | ImportError::TooMany(_)
        | ImportError::NoColumn(_)
        | ImportError::Row { .. }
        | ImportError::Question { .. }
        | ImportError::Line { .. }
        | ImportError::NoPicture { .. } => {
            let reason = truncate(&escape(&error.to_string()), REASON);
            CommandError::Shown(format!("Nothing was imported. {reason}"))
        }
    }
}

async fn imported(data: &Data, person: &Person, items: &[Item]) -> Result<String, CommandError> {
    let now = SystemTime::now();
    let added = data
        .store
        .add_quiz_items(person.server, person.user, items, "import", now)
        .await?;
    Ok(added_in_words(&added))
}

fn added_in_words(added: &[Added]) -> String {
    let new = added.iter().filter(|added| matches!(added, Added::New(_)));
    let new = new.count();
    let known = match added.len() - new {
        0 => String::new(),
        known => format!(" {} the bank had before.", counted(known, "question")),
    };
    if new == 0 {
        return format!("Nothing new was imported.{known}");
    }
    format!(
        "Imported {}; no student sees them before a tutor has approved them.{known}",
        counted(new, "question")
    )
}

/// Take approved questions out as a file (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn export(
    context: Context<'_>,
    #[description = "The form of the file"] format: Form,
    #[description = "Words that the questions hold (default: all)"]
    #[max_length = 50]
    search: Option<String>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let words = carried(search.as_deref().unwrap_or_default());
    let items = approved(&data, &person, words).await?;
    let count = items.len();
    let format = Format::from(format);
    let file = written(&data, items, format).await?;
    let limit = context.interaction.attachment_size_limit;
    if file.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        let sentence = "The file would be larger than Discord takes here. Export fewer questions \
            with `search`, or use `mirage quiz export` in a shell.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let name = format!("questions.{}", format.extension());
    let attachments = EditAttachments::new().add(CreateAttachment::bytes(file, name));
    let told = format!("Exported {}.", counted(count, "approved question"));
    finish(context, shape::sentence(told).attachments(attachments)).await
}

async fn approved(data: &Data, person: &Person, words: String) -> Result<Vec<Item>, CommandError> {
    let query = BankQuery {
        state: Some(ItemState::Approved),
        words,
        limit: MOST,
        ..BankQuery::default()
    };
    let page = data.store.quiz_items(person.server, &query).await?;
    if page.items.is_empty() {
        let sentence = "No approved question of this server fits, so there is nothing to export.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    if page.total > i64::from(MOST) {
        return Err(CommandError::Shown(format!(
            "{} questions fit, and a file takes {MOST}. Narrow it with `search`.",
            page.total
        )));
    }
    Ok(page.items.into_iter().rev().map(|item| item.item).collect())
}

/// The file, written on a thread that may block.
async fn written(data: &Data, items: Vec<Item>, format: Format) -> Result<Vec<u8>, CommandError> {
    let mut ids: Vec<EntryId> = Vec::new();
    for id in items.iter().flat_map(|item| &item.pictures) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    let pictures: HashMap<EntryId, Vec<u8>> =
        data.atlas.pictures(&ids).await?.into_iter().collect();
    let writing =
        tokio::task::spawn_blocking(move || exchange::export(&items, &pictures, format)).await;
    writing
        .map_err(|error| CommandError::Unexpected(error.into()))?
        .map_err(not_exported)
}

fn not_exported(error: ExportError) -> CommandError {
    match error {
        ExportError::Pictures { .. } | ExportError::NoPicture(_) => {
            CommandError::Shown(truncate(&escape(&error.to_string()), REASON))
        }
        ExportError::Chart(_) | ExportError::Package(_) | ExportError::Collection(_) => {
            CommandError::Unexpected(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use mirage::store::quiz::ItemId;

    use super::*;

    #[test]
    fn what_was_imported_is_counted_apart_from_what_was_known() {
        let id = ItemId::parse("4").expect("a number");
        let told = added_in_words(&[Added::New(id), Added::Known(id)]);
        assert!(told.starts_with("Imported 1 question;"), "{told}");
        assert!(told.ends_with("1 question the bank had before."), "{told}");
        assert!(added_in_words(&[Added::Known(id)]).starts_with("Nothing new"));
    }

    #[test]
    fn a_broken_file_is_told_without_its_markup() {
        let fault = "the key “**x**” names no answer".to_owned();
        let told = not_imported(ImportError::Row { row: 3, fault }).to_string();
        assert!(told.starts_with("Nothing was imported. Row 3:"), "{told}");
        assert!(!told.contains("**x**"), "{told}");
    }

    #[test]
    fn the_forms_that_can_be_chosen_are_those_of_the_library() {
        let forms = [
            Form::Csv,
            Form::AnkiPackage,
            Form::AnkiText,
            Form::MoodleXml,
            Form::Gift,
        ];
        assert_eq!(forms.map(Format::from), Format::ALL);
    }
}
