//! `/quiz bank`: a tutor browses and searches the server's questions, opens, retires and restores
//! them, saves sets of them, and brings them in and out as files.

use std::time::SystemTime;

use mirage::quiz::MOST_QUESTIONS;
use mirage::store::quiz::{BankPage, BankQuery, ItemId, ItemState, QuizSet, Saved, StoredItem};
use poise::serenity_prelude as serenity;
use serenity::{
    ButtonStyle, CreateActionRow, CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption,
    EditInteractionResponse,
};

use super::asked::button;
use super::custom_id::{BankView, QuizId, carried};
use super::exchange::{export, import};
use super::roles::Person;
use super::shape::{self, counted};
use super::start::suggest_set;
use super::{begin, finish, review};
use crate::describe;
use crate::slash::Context;
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{escape, quote, truncate};

/// Questions of a page.
const PAGE: u32 = 10;
/// Longest question in a line, and in a menu.
const STEM: usize = 120;
const CHOICE: usize = 100;
/// Discord's most choices of a menu.
const CHOICES: usize = 25;
/// Sets that are listed.
const SETS: usize = 40;
/// What a message holds, with some room.
const CONTENT: usize = 1_950;

/// How questions stand.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum State {
    #[name = "draft: waits for review"]
    Draft,
    #[name = "approved: may be asked"]
    Approved,
    #[name = "rejected"]
    Rejected,
    #[name = "retired: asked no more"]
    Retired,
}

impl From<State> for ItemState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Approved => Self::Approved,
            State::Rejected => Self::Rejected,
            State::Retired => Self::Retired,
        }
    }
}

/// The questions of this server (tutors)
#[poise::command(
    slash_command,
    guild_only,
    subcommands("browse", "set", "sets", "delete_set", "import", "export"),
    subcommand_required
)]
#[expect(clippy::unused_async, reason = "poise's signature")]
pub(crate) async fn bank(_context: Context<'_>) -> Result<(), CommandError> {
    Ok(())
}

/// Browse and search the questions, and open them (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn browse(
    context: Context<'_>,
    #[description = "Words that they hold, for instance: axial brain"]
    #[max_length = 50]
    search: Option<String>,
    #[description = "Only those of this state"] state: Option<State>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    let view = BankView {
        state: state.map(ItemState::from),
        offset: 0,
        words: carried(search.as_deref().unwrap_or_default()),
    };
    let edit = page(&data, &person, view).await?;
    finish(context, edit).await
}

/// A page of the bank.
///
/// # Errors
/// One sentence for who is no tutor, or what the database reports.
pub(super) async fn page(
    data: &Data,
    person: &Person,
    view: BankView,
) -> Result<EditInteractionResponse, CommandError> {
    person.require_tutor(&data.store).await?;
    let query = BankQuery {
        state: view.state,
        kind: None,
        words: view.words.clone(),
        offset: view.offset,
        limit: PAGE,
    };
    let page = data.store.quiz_items(person.server, &query).await?;
    let mut rows = Vec::new();
    let listed = page.items.iter();
    let listed = listed.map(|item| (item.id.number(), item.item.stem.as_str()));
    rows.extend(opener(listed, "Open a question"));
    rows.extend(turns(&view, page.total));
    Ok(shape::sentence(listing(&view, &page)).components(rows))
}

fn listing(view: &BankView, page: &BankPage) -> String {
    let what = match view.state {
        Some(state) => format!("{} ", state.name()),
        None => String::new(),
    };
    let with = if view.words.is_empty() {
        String::new()
    } else {
        format!(" with {}", quote(&view.words))
    };
    if page.items.is_empty() {
        return format!("There are no {what}questions{with} here.");
    }
    let first = view.offset + 1;
    let last = i64::from(view.offset) + page.items.len() as i64;
    let mut lines = vec![format!(
        "Questions {first} to {last} of {} {what}questions{with}:",
        page.total
    )];
    lines.extend(page.items.iter().map(line));
    truncate(&lines.join("\n"), CONTENT)
}

fn line(stored: &StoredItem) -> String {
    format!(
        "- **{}** {}, {}: {}",
        stored.id,
        stored.state.name(),
        stored.kind().title(),
        truncate(&escape(&stored.item.stem), STEM)
    )
}

/// A menu that opens one of these questions; none for none.
pub(super) fn opener<'a>(
    items: impl Iterator<Item = (i64, &'a str)>,
    hint: &str,
) -> Option<CreateActionRow> {
    let mut known = Vec::new();
    let mut options = Vec::new();
    for (id, stem) in items {
        // A question that was edited between two sessions is listed twice.
        if known.contains(&id) || known.len() == CHOICES {
            continue;
        }
        known.push(id);
        let label = describe::without_turns(&format!("{id}. {stem}"));
        let label = truncate(&label, CHOICE);
        options.push(CreateSelectMenuOption::new(label, id.to_string()));
    }
    if options.is_empty() {
        return None;
    }
    let kind = CreateSelectMenuKind::String { options };
    let menu = CreateSelectMenu::new(CustomId::Quiz(QuizId::Open).to_string(), kind);
    Some(CreateActionRow::SelectMenu(menu.placeholder(hint)))
}

/// The buttons to the pages beside this one; none where there is one page.
fn turns(view: &BankView, total: i64) -> Option<CreateActionRow> {
    let next = view.offset.saturating_add(PAGE);
    let has_next = i64::from(next) < total;
    if view.offset == 0 && !has_next {
        return None;
    }
    let turn = |offset: u32, label, is_there: bool| {
        let to = BankView {
            offset,
            ..view.clone()
        };
        button(QuizId::Bank(to), label, ButtonStyle::Secondary).disabled(!is_there)
    };
    Some(CreateActionRow::Buttons(vec![
        turn(
            view.offset.saturating_sub(PAGE),
            "Previous",
            view.offset > 0,
        ),
        turn(next, "Next", has_next),
    ]))
}

/// A question with all that is known of it, and what can be done with it.
///
/// # Errors
/// One sentence for who is no tutor or a question that is not there, or what the database or the
/// atlas reports.
pub(super) async fn open(
    data: &Data,
    person: &Person,
    chosen: &[String],
) -> Result<EditInteractionResponse, CommandError> {
    person.require_tutor(&data.store).await?;
    let id = chosen.first().and_then(|id| ItemId::parse(id));
    let id = id.ok_or_else(review::unknown)?;
    let item = data.store.quiz_item(person.server, id).await?;
    let item = item.ok_or_else(review::unknown)?;
    let page = review::opened(&data.atlas, &item).await?;
    Ok(page.into_edit())
}

/// Save approved questions as a set, for /quiz start (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn set(
    context: Context<'_>,
    #[description = "Its name; a set of the same name is replaced"]
    #[autocomplete = "suggest_set"]
    #[max_length = 80]
    name: String,
    #[description = "Numbers of questions in their order, for instance: 3 5-9"]
    #[max_length = 500]
    numbers: Option<String>,
    #[description = "Words that the approved questions hold, in place of numbers"]
    #[max_length = 50]
    search: Option<String>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let items = match (numbers, search) {
        (Some(_), Some(_)) => {
            return Err(shown("Give `numbers` or `search`, not both."));
        }
        (Some(numbers), None) => read_numbers(&numbers)?,
        (None, search) => approved(&data, &person, search.unwrap_or_default()).await?,
    };
    let now = SystemTime::now();
    let saved = data
        .store
        .save_quiz_set(person.server, &name, &items, person.user, now)
        .await?;
    finish(
        context,
        shape::sentence(saved_in_words(&saved, &name, items.len())?),
    )
    .await
}

/// The approved questions that hold these words, the oldest first.
async fn approved(
    data: &Data,
    person: &Person,
    words: String,
) -> Result<Vec<ItemId>, CommandError> {
    let query = BankQuery {
        state: Some(ItemState::Approved),
        words,
        limit: u32::try_from(MOST_QUESTIONS).unwrap_or(u32::MAX),
        ..BankQuery::default()
    };
    let page = data.store.quiz_items(person.server, &query).await?;
    let mut items: Vec<ItemId> = page.items.iter().map(|item| item.id).collect();
    if items.is_empty() {
        return Err(shown(
            "No approved question of this server fits. Approve some first, or search for other \
             words.",
        ));
    }
    items.reverse();
    Ok(items)
}

fn saved_in_words(saved: &Saved, name: &str, count: usize) -> Result<String, CommandError> {
    match saved {
        Saved::Done => Ok(format!(
            "Saved the set {} with {}. Start it with `/quiz start`.",
            quote(name),
            counted(count, "question")
        )),
        Saved::BadName => Err(shown("Give the set a name of 1 to 80 characters.")),
        Saved::BadCount => Err(CommandError::Shown(format!(
            "A set has 1 to {MOST_QUESTIONS} questions; this one would have {count}."
        ))),
        Saved::Unknown(items) => {
            let named: Vec<String> = items.iter().take(20).map(ToString::to_string).collect();
            Err(CommandError::Shown(format!(
                "Nothing was saved: the bank doesn't have these questions, or they are named \
                 twice: {}.",
                named.join(", ")
            )))
        }
    }
}

/// Numbers and stretches of them, in their order.
fn read_numbers(text: &str) -> Result<Vec<ItemId>, CommandError> {
    let unreadable = |part: &str| {
        CommandError::Shown(format!(
            "{} is no number of a question. Write, for instance, 3 5-9.",
            quote(part)
        ))
    };
    let mut items = Vec::new();
    let parts = text.split([',', ' ', ';']).map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let ends = ItemId::parse(first).zip(ItemId::parse(last));
        let (first, last) = ends.ok_or_else(|| unreadable(part))?;
        if first > last {
            return Err(unreadable(part));
        }
        for number in first.number()..=last.number() {
            if items.len() > MOST_QUESTIONS {
                return Err(CommandError::Shown(format!(
                    "A set has at most {MOST_QUESTIONS} questions."
                )));
            }
            items.extend(ItemId::parse(&number.to_string()));
        }
    }
    Ok(items)
}

/// List the sets of this server (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn sets(context: Context<'_>) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let sets = data.store.quiz_sets(person.server).await?;
    finish(context, shape::sentence(sets_in_words(&sets))).await
}

fn sets_in_words(sets: &[QuizSet]) -> String {
    if sets.is_empty() {
        return "This server has no sets yet. Save one with `/quiz bank set`.".to_owned();
    }
    let lines = sets.iter().take(SETS).map(|set| {
        let count = usize::try_from(set.count).unwrap_or_default();
        let waiting = match set.count - set.approved {
            0 => String::new(),
            waiting => format!(", {waiting} of them not approved"),
        };
        let name = escape(&set.name);
        format!("- **{name}**: {}{waiting}", counted(count, "question"))
    });
    let mut lines: Vec<String> = lines.collect();
    if sets.len() > SETS {
        lines.push(format!("and {} more.", sets.len() - SETS));
    }
    truncate(&lines.join("\n"), CONTENT)
}

/// Delete a set; its questions stay (tutors)
#[poise::command(slash_command, guild_only, rename = "delete-set")]
pub(crate) async fn delete_set(
    context: Context<'_>,
    #[description = "Its name"]
    #[autocomplete = "suggest_set"]
    #[max_length = 100]
    name: String,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let now = SystemTime::now();
    let is_deleted = data
        .store
        .delete_quiz_set(person.server, &name, person.user, now)
        .await?;
    let told = if is_deleted {
        format!("Deleted the set {}. Its questions stay.", quote(&name))
    } else {
        format!("This server has no set {}.", quote(&name))
    };
    finish(context, shape::sentence(told)).await
}

fn shown(sentence: &str) -> CommandError {
    CommandError::Shown(sentence.to_owned())
}

#[cfg(test)]
mod tests;
