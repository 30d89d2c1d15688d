//! `/quiz draft`: questions drafted from the atlas for a tutor. They wait for review, and no student
//! sees them before it.

use std::time::SystemTime;

use mirage::quiz::{Difficulty, Kind, Wanted, draft as drafted};
use mirage::store::quiz::Added;
use poise::serenity_prelude as serenity;
use serenity::CreateAutocompleteResponse;

use super::review::seed;
use super::roles::Person;
use super::shape::{self, counted};
use super::{begin, finish};
use crate::slash::Context;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::quote;
use crate::slash::suggest::suggest_query;

/// Questions that are drafted where no number is given.
const USUAL: i64 = 5;
/// Discord's most suggestions, and their longest text.
const SUGGESTIONS: usize = 25;
const LONGEST_CHOICE: usize = 100;

/// How difficult questions should be.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Level {
    #[name = "easy: most are expected to be right"]
    Easy,
    #[name = "medium: about half are"]
    Medium,
    #[name = "hard: fewer are"]
    Hard,
}

impl From<Level> for Difficulty {
    fn from(level: Level) -> Self {
        match level {
            Level::Easy => Self::Easy,
            Level::Medium => Self::Medium,
            Level::Hard => Self::Hard,
        }
    }
}

/// Draft questions from the atlas, for your review (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn draft(
    context: Context<'_>,
    #[description = "What they are about, for instance: axial brain MRI"]
    #[autocomplete = "suggest_query"]
    #[max_length = 100]
    topic: String,
    #[description = "How many (default 5)"] count: Option<i64>,
    #[description = "Kinds, with commas between them (default: all)"]
    #[autocomplete = "suggest_kinds"]
    #[max_length = 200]
    types: Option<String>,
    #[description = "How difficult (default: any)"] difficulty: Option<Level>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let wanted = Wanted {
        topic,
        count: number(count)?,
        kinds: kinds(types.as_deref().unwrap_or_default())?,
        difficulty: difficulty.map(Difficulty::from),
        seed: seed(),
    };
    let told = drafts(&data, &person, &wanted).await?;
    finish(context, shape::sentence(told)).await
}

async fn drafts(data: &Data, person: &Person, wanted: &Wanted) -> Result<String, CommandError> {
    let store = &data.store;
    let known = store.quiz_fingerprints(person.server).await?;
    let items = drafted(&data.atlas, wanted, &known).await?;
    let now = SystemTime::now();
    let added = store
        .add_quiz_items(person.server, person.user, &items, "draft", now)
        .await?;
    let review = store.quiz_settings(person.server).await?.review_channel;
    Ok(told(&added, wanted, review))
}

/// Says what was drafted, and where it waits.
fn told(added: &[Added], wanted: &Wanted, review: Option<u64>) -> String {
    let new: Vec<String> = added
        .iter()
        .filter_map(|added| match added {
            Added::New(id) => Some(id.to_string()),
            Added::Known(_) => None,
        })
        .collect();
    let (Some(first), Some(last)) = (new.first(), new.last()) else {
        return "Nothing new was drafted: the bank has all of it.".to_owned();
    };
    let about = quote(&wanted.topic);
    let count = counted(new.len(), "question");
    let numbers = if new.len() == 1 {
        format!("number {first}")
    } else {
        format!("numbers {first} to {last}")
    };
    let fewer = if new.len() < wanted.count {
        " The atlas has no more that ask something new about this."
    } else {
        ""
    };
    let next = match review {
        Some(channel) => format!("They wait for review in <#{channel}>, a few at a time."),
        None => "They wait for review in `/quiz bank browse`. Choose a channel for reviews with \
                 `/quiz settings`."
            .to_owned(),
    };
    format!("Drafted {count} about {about}: {numbers}.{fewer} {next} No student sees them before.")
}

/// The number that was asked for. What is too many is the library's to say.
fn number(count: Option<i64>) -> Result<usize, CommandError> {
    usize::try_from(count.unwrap_or(USUAL))
        .map_err(|_| CommandError::Shown("The number of questions must be 1 or more.".to_owned()))
}

/// The kinds that are named; none of all.
fn kinds(text: &str) -> Result<Vec<Kind>, CommandError> {
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let mut kinds = Vec::new();
    for name in names {
        let kind = kind(name).ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.title()).collect();
            CommandError::Shown(format!(
                "There is no kind {} of questions. There are: {}.",
                quote(name),
                known.join(", ")
            ))
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// The kind of a name or of a title.
fn kind(name: &str) -> Option<Kind> {
    let by_title = || {
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| kind.title().eq_ignore_ascii_case(name))
    };
    Kind::parse(name).or_else(by_title)
}

/// Kinds that go on from what is typed.
#[expect(clippy::unused_async, reason = "poise's signature")]
async fn suggest_kinds(_context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let choices = suggestions(typed)
        .into_iter()
        .map(serenity::AutocompleteChoice::from);
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}

fn suggestions(typed: &str) -> Vec<String> {
    let (before, last) = typed.rsplit_once(',').unwrap_or(("", typed));
    let last = last.trim().to_lowercase();
    let begun = match before.trim() {
        "" => String::new(),
        before => format!("{before}, "),
    };
    Kind::ALL
        .into_iter()
        .map(Kind::title)
        .filter(|title| title.contains(&last) && !before.contains(title))
        .map(|title| format!("{begun}{title}"))
        .filter(|text| text.chars().count() <= LONGEST_CHOICE)
        .take(SUGGESTIONS)
        .collect()
}

#[cfg(test)]
mod tests {
    use mirage::store::quiz::ItemId;

    use super::*;

    #[test]
    fn kinds_are_named_as_people_write_them() {
        let known = kinds("single choice, Point,true_false, point").expect("kinds");
        assert_eq!(known, [Kind::SingleChoice, Kind::Point, Kind::TrueFalse]);
        assert_eq!(kinds("true or false").expect("a title"), [Kind::TrueFalse]);
        assert!(kinds(" , ").expect("none").is_empty());
        let refused = kinds("essay").expect_err("no kind").to_string();
        assert!(
            refused.contains("essay") && refused.contains("open answer"),
            "{refused}"
        );
    }

    #[test]
    fn suggestions_go_on_from_the_kinds_before() {
        assert_eq!(suggestions("").len(), Kind::ALL.len());
        let more = suggestions("point, choi");
        assert_eq!(more, ["point, single choice", "point, multiple choice"]);
        assert!(!suggestions("point, ").contains(&"point, point".to_owned()));
    }

    #[test]
    fn a_number_below_nothing_is_refused() {
        assert_eq!(number(None).expect("the usual"), 5);
        assert!(number(Some(-1)).is_err());
    }

    #[test]
    fn what_was_drafted_is_told_with_its_numbers_and_where_it_waits() {
        let new = |number: &str| Added::New(ItemId::parse(number).expect("a number"));
        let wanted = Wanted {
            topic: "brain".to_owned(),
            count: 5,
            kinds: Vec::new(),
            difficulty: None,
            seed: 1,
        };
        let some = told(&[new("3"), new("4")], &wanted, Some(9));
        assert!(some.contains("2 questions about") && some.contains("numbers 3 to 4"));
        assert!(some.contains("no more") && some.contains("<#9>"), "{some}");
        let before = Added::Known(ItemId::parse("3").expect("a number"));
        let known = told(&[before], &wanted, None);
        assert!(known.starts_with("Nothing new"), "{known}");
    }
}
