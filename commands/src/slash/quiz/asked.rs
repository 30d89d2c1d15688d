//! How a question looks before anything is told: its words, its pictures with alt texts that don't
//! leak the answer, and what it is answered with. The same in a session and in practice.

use std::collections::{BTreeSet, HashMap};

use mirage::atlas::{Atlas, EntryId};
use mirage::chart;
use mirage::quiz::{Answer, Grid, Item, Task, letter};
use mirage::store::quiz::{ItemId, SessionId};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter,
    CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption,
};

use super::custom_id::{QuizId, Topic};
use crate::describe;
use crate::slash::custom_id::CustomId;
use crate::slash::errors::CommandError;
use crate::slash::results::{escape, truncate};

/// Most pictures of a message: Discord takes ten files and ten embeds, and the reveal has one more.
const PICTURES: usize = 9;
/// Discord counts at most 6,000 characters over all embeds of a message: a question and its reveal
/// share them.
const WORDS: usize = 2_700;
const TITLE: usize = 100;
/// Longest alt text, label of a button and label in a menu, in UTF-16 units.
const ALT: usize = 1_024;
const LABEL: usize = 80;
const CHOICE: usize = 100;
/// Discord's most buttons of a row.
const BUTTONS_A_ROW: usize = 5;
/// What stands under every question.
const FOOT: &str = "For study, not for diagnosis";

/// Where a question is asked.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// In a session, at a place.
    Session(SessionId, usize),
    /// In practice, with how often it had been answered.
    Practice(ItemId, i64, Topic),
}

impl Asked {
    /// What answers with what stands at a place.
    pub(super) fn choice(&self, choice: usize) -> QuizId {
        match self {
            Self::Session(session, place) => QuizId::Answer(*session, *place, choice),
            Self::Practice(item, seen, topic) => {
                QuizId::Practise(*item, *seen, choice, topic.clone())
            }
        }
    }

    fn menu(&self) -> QuizId {
        match self {
            Self::Session(session, place) => QuizId::Choose(*session, *place),
            Self::Practice(item, seen, topic) => QuizId::PractiseMenu(*item, *seen, topic.clone()),
        }
    }
}

/// The words and pictures of a question.
pub(super) struct Drawn {
    pub(super) embeds: Vec<CreateEmbed>,
    pub(super) pictures: Vec<CreateAttachment>,
}

/// Draws a question under a title. Where the key is told, the right cells of a grid are framed.
///
/// # Errors
/// What the atlas reports, or a grid that could not be drawn. A picture that the atlas no longer has
/// is told in its place.
pub(super) async fn question(
    atlas: &Atlas,
    item: &Item,
    title: &str,
    is_told: bool,
) -> Result<Drawn, CommandError> {
    let files = files(atlas, item, is_told).await?;
    let mut told = if is_told {
        descriptions(atlas, item).await?
    } else {
        HashMap::new()
    };
    let mut drawn = Drawn {
        embeds: Vec::new(),
        pictures: Vec::new(),
    };
    // The first picture stands below the words, any other one by itself.
    let mut words = Some(first(item, title));
    for (place, file) in files.into_iter().enumerate() {
        let embed = words.take().unwrap_or_default();
        let which = format!("Picture {}", letter(place));
        let Some(file) = file else {
            let gone = "The atlas no longer has this picture.";
            drawn.embeds.push(embed.field(which, gone, false));
            continue;
        };
        let name = item.picture_name(place);
        let foot = if item.pictures.len() > 1 {
            which
        } else {
            FOOT.to_owned()
        };
        let embed = embed
            .image(format!("attachment://{name}"))
            .footer(CreateEmbedFooter::new(foot));
        drawn.embeds.push(embed);
        let told = item.pictures.get(place).and_then(|id| told.remove(id));
        let picture = CreateAttachment::bytes(file, name).description(alt(item, place, told));
        drawn.pictures.push(picture);
    }
    drawn.embeds.extend(words);
    if item.pictures.len() > PICTURES
        && let Some(last) = drawn.embeds.pop()
    {
        let left = format!("A message can show {PICTURES} of its pictures here.");
        drawn.embeds.push(last.field("More pictures", left, false));
    }
    Ok(drawn)
}

/// The words of a question.
fn first(item: &Item, title: &str) -> CreateEmbed {
    let mut lines = vec![escape(&item.stem)];
    match &item.task {
        Task::SingleChoice { options, .. } | Task::MultipleChoice { options, .. } => {
            lines.push(String::new());
            let listed = options.iter().enumerate();
            lines.extend(listed.map(|(at, text)| format!("**{}** {}", letter(at), escape(text))));
        }
        Task::ConfusablePair { options, .. } => {
            let [one, other] = options;
            let (one, other) = (escape(one), escape(other));
            lines.push(format!(
                "\nOne picture shows “{one}” and the other “{other}”."
            ));
        }
        Task::TrueFalse { .. }
        | Task::WhichPicture { .. }
        | Task::Point { .. }
        | Task::OpenAnswer { .. } => {}
    }
    CreateEmbed::new()
        .title(truncate(title, TITLE))
        .description(truncate(&lines.join("\n"), WORDS))
        .footer(CreateEmbedFooter::new(FOOT))
}

/// What the atlas itself says of the pictures, for when the key is told.
async fn descriptions(
    atlas: &Atlas,
    item: &Item,
) -> Result<HashMap<EntryId, String>, CommandError> {
    let ids = &item.pictures[..item.pictures.len().min(PICTURES)];
    let entries = atlas.entries_of(ids).await?.into_iter();
    Ok(entries
        .map(|entry| (entry.id.clone(), entry.alt_text().into_owned()))
        .collect())
}

/// Alt text of a picture. Before the key is told it is the question's own, which gives nothing away.
fn alt(item: &Item, place: usize, told: Option<String>) -> String {
    let is_told = told.is_some();
    let own = || item.alt.get(place).cloned().unwrap_or_default();
    let mut alt = told.unwrap_or_else(own);
    if let Task::Point { boxes, grid, .. } = &item.task {
        let (columns, rows) = (letter(grid.columns.saturating_sub(1)), grid.rows);
        let named = format!(
            " A grid lies over it: columns A to {columns} from the left, rows 1 to {rows} from \
             the top."
        );
        alt = truncate(&alt, ALT - 200) + &named;
        if is_told {
            let cells = truncate(&names(*grid, &grid.right(boxes)).join(", "), 80);
            alt = format!("{alt} Framed: {cells}.");
        }
    }
    truncate(&describe::without_turns(&alt), ALT)
}

fn names(grid: Grid, cells: &[usize]) -> Vec<String> {
    cells.iter().map(|cell| grid.name(*cell)).collect()
}

/// The pictures in their order; nothing for one that the atlas no longer has.
async fn files(
    atlas: &Atlas,
    item: &Item,
    is_told: bool,
) -> Result<Vec<Option<Vec<u8>>>, CommandError> {
    let ids = &item.pictures[..item.pictures.len().min(PICTURES)];
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: HashMap<EntryId, Vec<u8>> = atlas.pictures(ids).await?.into_iter().collect();
    let files: Vec<Option<Vec<u8>>> = ids.iter().map(|id| found.remove(id)).collect();
    let Task::Point { boxes, grid, .. } = &item.task else {
        return Ok(files);
    };
    let marked = if is_told {
        grid.right(boxes)
    } else {
        Vec::new()
    };
    let grid = *grid;
    let draw = move || -> Result<Vec<Option<Vec<u8>>>, chart::ChartError> {
        let over = |file: Option<Vec<u8>>| {
            file.map(|file| chart::gridded(&file, grid, &marked))
                .transpose()
        };
        files.into_iter().map(over).collect()
    };
    let drawn = tokio::task::spawn_blocking(draw).await;
    let drawn = drawn.map_err(|error| CommandError::Unexpected(error.into()))?;
    drawn.map_err(|error| CommandError::Unexpected(error.into()))
}

/// What a question is answered with.
pub(super) fn controls(task: &Task, asked: &Asked) -> Vec<CreateActionRow> {
    match task {
        Task::SingleChoice { options, .. } => rows(lettered(options), asked),
        Task::TrueFalse { .. } => rows(vec!["False".to_owned(), "True".to_owned()], asked),
        Task::WhichPicture { .. } => {
            let pictures = (0..4).map(|place| format!("Picture {}", letter(place)));
            rows(pictures.collect(), asked)
        }
        Task::MultipleChoice { options, .. } => {
            let choices = lettered(options).into_iter().map(|text| (text, None));
            let most = u8::try_from(options.len()).unwrap_or(u8::MAX);
            vec![menu(
                asked,
                choices.collect(),
                most,
                "Choose all that are right",
            )]
        }
        Task::ConfusablePair { options, .. } => {
            let told = |choice: usize| {
                let a = format!("Picture A: {}", options[choice / 2]);
                (a, Some(format!("Picture B: {}", options[choice % 2])))
            };
            let choices = (0..4).map(told).collect();
            vec![menu(asked, choices, 1, "Choose what each picture shows")]
        }
        Task::Point { grid, .. } => match asked {
            // Its cells need all five rows: they are shown to who asks for them.
            Asked::Session(session, place) => {
                vec![one(QuizId::Grid(*session, *place), "Choose a cell")]
            }
            Asked::Practice(..) => cells(*grid, asked),
        },
        Task::OpenAnswer { .. } => match asked {
            Asked::Session(session, place) => {
                vec![one(QuizId::Write(*session, *place), "Write an answer")]
            }
            // Nobody could mark it.
            Asked::Practice(..) => Vec::new(),
        },
    }
}

/// The answer that stands at places; `None` where a question is not answered by places.
pub(super) fn answer(task: &Task, places: &[usize]) -> Option<Answer> {
    let first = *places.first()?;
    match task {
        Task::SingleChoice { .. } | Task::WhichPicture { .. } => {
            Some(Answer::One { option: first })
        }
        Task::MultipleChoice { .. } => {
            let options: BTreeSet<usize> = places.iter().copied().collect();
            Some(Answer::Several { options })
        }
        Task::TrueFalse { .. } => (first < 2).then_some(Answer::Truth { value: first == 1 }),
        Task::ConfusablePair { .. } => Some(Answer::Pair {
            labels: [first / 2, first % 2],
        }),
        Task::Point { .. } => Some(Answer::Cell { cell: first }),
        Task::OpenAnswer { .. } => None,
    }
}

/// The cells of a grid as rows of buttons, as they lie on the picture where they fit.
pub(super) fn cells(grid: Grid, asked: &Asked) -> Vec<CreateActionRow> {
    let names: Vec<String> = (0..grid.cells()).map(|cell| grid.name(cell)).collect();
    let lies_so = grid.columns <= BUTTONS_A_ROW && grid.rows <= BUTTONS_A_ROW;
    let width = if lies_so { grid.columns } else { BUTTONS_A_ROW };
    rows_of(names, asked, width.max(1))
}

fn lettered(options: &[String]) -> Vec<String> {
    let listed = options.iter().enumerate();
    listed
        .map(|(place, text)| format!("{}. {text}", letter(place)))
        .collect()
}

fn rows(labels: Vec<String>, asked: &Asked) -> Vec<CreateActionRow> {
    rows_of(labels, asked, BUTTONS_A_ROW)
}

fn rows_of(labels: Vec<String>, asked: &Asked, width: usize) -> Vec<CreateActionRow> {
    let buttons: Vec<CreateButton> = labels
        .into_iter()
        .enumerate()
        .map(|(choice, label)| button(asked.choice(choice), &label, serenity::ButtonStyle::Primary))
        .collect();
    let rows = buttons.chunks(width);
    rows.map(|row| CreateActionRow::Buttons(row.to_vec()))
        .collect()
}

fn one(id: QuizId, label: &str) -> CreateActionRow {
    CreateActionRow::Buttons(vec![button(id, label, serenity::ButtonStyle::Primary)])
}

/// A button of a quiz.
pub(super) fn button(id: QuizId, label: &str, style: serenity::ButtonStyle) -> CreateButton {
    CreateButton::new(CustomId::Quiz(id).to_string())
        .label(truncate(&describe::without_turns(label), LABEL))
        .style(style)
}

/// A menu of which one choice or several are taken.
fn menu(
    asked: &Asked,
    choices: Vec<(String, Option<String>)>,
    most: u8,
    hint: &str,
) -> CreateActionRow {
    let fits = |text: &str| truncate(&describe::without_turns(text), CHOICE);
    let options = choices.into_iter().enumerate();
    let options = options.map(|(place, (label, more))| {
        let option = CreateSelectMenuOption::new(fits(&label), place.to_string());
        match more {
            Some(more) => option.description(fits(&more)),
            None => option,
        }
    });
    let kind = CreateSelectMenuKind::String {
        options: options.collect(),
    };
    let menu = CreateSelectMenu::new(CustomId::Quiz(asked.menu()).to_string(), kind)
        .placeholder(hint)
        .min_values(1)
        .max_values(most);
    CreateActionRow::SelectMenu(menu)
}

#[cfg(test)]
mod tests;
