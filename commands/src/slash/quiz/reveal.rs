//! What is told after a question: the key, how it was answered as a picture and in words, why the key
//! is right, and where the pictures come from. Who answered what is never told.

use std::collections::HashMap;

use mirage::atlas::EntryId;
use mirage::chart::{self, Bar};
use mirage::quiz::{Analysis, Asked as AskedItem, Choice, Item, Response, Task, letter, score};
use mirage::store::quiz::Given;
use poise::serenity_prelude as serenity;
use serenity::{CreateAttachment, CreateEmbed, CreateEmbedFooter};

use super::shape::counted;
use crate::describe;
use crate::slash::errors::CommandError;
use crate::slash::results::{address, escape, truncate};

/// Discord counts at most 6,000 characters over all embeds of a message: a question and its reveal
/// share them.
const WHY: usize = 1_400;
const KEY: usize = 250;
const ANSWERS: usize = 400;
const SOURCES: usize = 600;
/// Longest line of a source, and of an answer's text within its line.
const SOURCE: usize = 250;
const ANSWER: usize = 60;
/// Longest alt text, in UTF-16 units.
const ALT: usize = 1_024;
/// Most answers of a kind that has many: cells and combinations.
const MOST_ROWS: usize = 12;
const FILE: &str = "answers.jpg";

/// How a question was answered, with nobody's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tally {
    /// What was chosen how often.
    pub(super) choices: Vec<Choice>,
    /// How many answered.
    pub(super) answers: usize,
    /// How many of them are wholly right; `None` for open answers without a mark.
    pub(super) right: Option<usize>,
}

impl Tally {
    /// Counts the answers to an item.
    pub(super) fn of(item: &Item, given: &[Given]) -> Self {
        let responses = given.iter().enumerate().map(|(person, given)| Response {
            person,
            answer: given.answer.clone(),
            mark: given.mark,
        });
        let asked = AskedItem {
            id: 0,
            item: item.clone(),
            responses: responses.collect(),
        };
        let figures = Analysis::of(std::slice::from_ref(&asked)).items.pop();
        let scores: Option<Vec<f64>> = given
            .iter()
            .map(|given| score(&item.task, &given.answer).or(given.mark))
            .collect();
        let is_right = |score: &&f64| **score >= 1.0;
        Self {
            choices: figures.map(|figures| figures.choices).unwrap_or_default(),
            answers: given.len(),
            right: scores.map(|scores| scores.iter().filter(is_right).count()),
        }
    }

    /// The choices that are told, each with its name: all of a few, else those that somebody chose
    /// and the keys.
    fn told(&self, task: &Task) -> Vec<(String, &Choice)> {
        let has_letters = matches!(
            task,
            Task::SingleChoice { .. } | Task::MultipleChoice { .. }
        );
        let named = self.choices.iter().enumerate().map(|(place, choice)| {
            let name = if has_letters {
                format!("{}. {}", letter(place), choice.text)
            } else {
                choice.text.clone()
            };
            (name, choice)
        });
        let is_long = self.choices.len() > MOST_ROWS;
        let mut told: Vec<(String, &Choice)> = named
            .filter(|(_, choice)| !is_long || choice.is_key || choice.count > 0)
            .collect();
        if is_long {
            told.sort_by_key(|(_, choice)| (!choice.is_key, std::cmp::Reverse(choice.count)));
            told.truncate(MOST_ROWS);
        }
        told
    }

    /// One line: how many answered, and how many are right.
    pub(super) fn line(&self) -> String {
        let answers = counted(self.answers, "answer");
        match self.right {
            Some(right) if self.answers > 0 => format!("{answers}, {right} right"),
            _ => answers,
        }
    }

    /// Each choice in a line of words.
    fn in_words(&self, task: &Task) -> String {
        let mut lines = vec![self.line()];
        lines.extend(self.told(task).into_iter().map(|(name, choice)| {
            let name = escape(&truncate(&name, ANSWER));
            format!("{name}: {}", figures(choice))
        }));
        truncate(&lines.join("\n"), ANSWERS)
    }

    /// The picture of the distribution with its alt text; none where nothing can be chosen or nobody
    /// answered.
    async fn picture(&self, task: &Task) -> Result<Option<CreateAttachment>, CommandError> {
        let told = self.told(task);
        if told.is_empty() || self.answers == 0 {
            return Ok(None);
        }
        let bars: Vec<Bar> = told
            .iter()
            .map(|(name, choice)| Bar {
                label: name.clone(),
                value: figures(choice),
                share: choice.count as f32 / self.answers as f32,
                is_marked: choice.is_key,
            })
            .collect();
        let said = bars
            .iter()
            .map(|bar| format!("{}: {}", bar.label, bar.value));
        let alt = format!(
            "Bars of how often each answer was chosen, {} in all. {}.",
            counted(self.answers, "answer"),
            said.collect::<Vec<_>>().join("; ")
        );
        let title = self.line();
        let draw = tokio::task::spawn_blocking(move || chart::bars(&title, &bars)).await;
        let drawn = draw
            .map_err(|error| CommandError::Unexpected(error.into()))?
            .map_err(|error| CommandError::Unexpected(error.into()))?;
        let picture = CreateAttachment::bytes(drawn, FILE)
            .description(truncate(&describe::without_turns(&alt), ALT));
        Ok(Some(picture))
    }
}

/// How often something was chosen; the key is named in words.
fn figures(choice: &Choice) -> String {
    let share = choice
        .share
        .map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
    let key = if choice.is_key { ", key" } else { "" };
    format!("{}{share}{key}", choice.count)
}

/// The embed of a reveal with the picture of the distribution.
///
/// # Errors
/// The picture could not be drawn.
pub(super) async fn reveal(
    item: &Item,
    tally: &Tally,
) -> Result<(CreateEmbed, Option<CreateAttachment>), CommandError> {
    let told = tally.in_words(&item.task);
    let embed = solution(item).field("How it was answered", told, false);
    let picture = tally.picture(&item.task).await?;
    let embed = match picture {
        Some(_) => embed.image(format!("attachment://{FILE}")),
        None => embed,
    };
    Ok((embed, picture))
}

/// The key, why it is right, and the sources: what a student sees after an answer of their own.
pub(super) fn solution(item: &Item) -> CreateEmbed {
    let key = truncate(&escape(&item.task.key_in_words()), KEY);
    let why = match item.rationale.trim() {
        "" => "No reason was given.".to_owned(),
        rationale => truncate(&escape(rationale), WHY),
    };
    let embed = CreateEmbed::new()
        .title("Answer")
        .description(why)
        .field("Key", key, false)
        .footer(CreateEmbedFooter::new("For study, not for diagnosis"));
    match sources(item) {
        Some(sources) => embed.field("Sources", sources, false),
        None => embed,
    }
}

/// Source and licence of each picture, then of what the reason cites beyond.
fn sources(item: &Item) -> Option<String> {
    let known: HashMap<_, _> = item
        .sources
        .iter()
        .map(|source| (&source.entry, &source.provenance))
        .collect();
    // A picture that the reason cites has its number there too.
    let number = |entry: &EntryId| match item.citations.iter().position(|cited| cited == entry) {
        Some(place) => format!(" [{}]", place + 1),
        None => String::new(),
    };
    let pictures = item.pictures.iter().enumerate();
    let mut named: Vec<(String, _)> = pictures
        .map(|(place, entry)| {
            let name = format!("Picture {}{}", letter(place), number(entry));
            (name, entry)
        })
        .collect();
    let cited = item.citations.iter().enumerate();
    named.extend(
        cited
            .filter(|(_, entry)| !item.pictures.contains(entry))
            .map(|(place, entry)| (format!("[{}]", place + 1), entry)),
    );
    let lines: Vec<String> = named
        .into_iter()
        .filter_map(|(name, entry)| {
            let provenance = known.get(entry)?;
            let source = describe::or_unknown(&provenance.source);
            let licence = describe::or_unknown(&provenance.licence);
            let mut line = format!("{name}: {source}. Licence: {licence}");
            if let Some(author) = &provenance.attribution {
                line = format!("{line}. {author}");
            }
            let line = truncate(&escape(&line), SOURCE);
            let open = address(provenance).filter(|url| url.len() < 150 && !url.contains(')'));
            Some(match open {
                Some(url) => format!("{line}. [Open source](<{url}>)"),
                None => line,
            })
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    Some(fitting(&lines))
}

/// As many lines as there is room for, with a count of those that are left out: a link that is cut
/// in two leads nowhere.
fn fitting(lines: &[String]) -> String {
    let mut told = String::new();
    for (place, line) in lines.iter().enumerate() {
        let length = told.encode_utf16().count() + line.encode_utf16().count() + 1;
        if place > 0 && length > SOURCES - 30 {
            let left = counted(lines.len() - place, "source");
            told.push_str(&format!("and {left} more."));
            return told;
        }
        told.push_str(line);
        told.push('\n');
    }
    truncate(told.trim_end(), SOURCES)
}

#[cfg(test)]
mod tests {
    use mirage::atlas::Provenance;
    use mirage::quiz::{Answer, Grid, Source};

    use super::*;

    fn item(task: Task) -> Item {
        Item {
            stem: "Which plane?".to_owned(),
            task,
            pictures: Vec::new(),
            alt: Vec::new(),
            rationale: "Both eyes are seen [1].".to_owned(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        }
    }

    fn planes(key: usize) -> Item {
        let options = ["axial", "coronal", "sagittal"].map(str::to_owned).to_vec();
        item(Task::SingleChoice { options, key })
    }

    fn given(answers: impl IntoIterator<Item = Answer>) -> Vec<Given> {
        let answers = (1..).zip(answers);
        answers
            .map(|(user, answer)| Given {
                user,
                answer,
                changed: false,
                mark: None,
            })
            .collect()
    }

    #[test]
    fn answers_are_counted_with_the_key_in_words() {
        let item = planes(0);
        let answers = [0, 0, 1].map(|option| Answer::One { option });
        let tally = Tally::of(&item, &given(answers));
        assert_eq!(tally.line(), "3 answers, 2 right");
        let told = tally.in_words(&item.task);
        assert!(told.contains("A. axial: 2, key"), "{told}");
        assert!(told.contains("C. sagittal: 0"), "{told}");
        // Of a few answers no share is told.
        assert!(!told.contains('%'), "{told}");
        let many = (0..10).map(|_| Answer::One { option: 0 });
        let told = Tally::of(&item, &given(many)).in_words(&item.task);
        assert!(told.contains("10 (100 %), key"), "{told}");
    }

    #[test]
    fn of_many_cells_those_are_told_that_somebody_chose_and_the_right_ones() {
        let item = item(Task::Point {
            target: "thalamus".to_owned(),
            boxes: vec![[42.0, 42.0, 58.0, 58.0]],
            grid: Grid::default(),
        });
        let answers = [3, 3, 12].map(|cell| Answer::Cell { cell });
        let tally = Tally::of(&item, &given(answers));
        let told: Vec<String> = tally
            .told(&item.task)
            .into_iter()
            .map(|told| told.0)
            .collect();
        assert_eq!(told, ["C3", "D1"]);
    }

    #[test]
    fn open_answers_wait_for_their_marks() {
        let item = item(Task::OpenAnswer {
            accepted: vec!["axial".to_owned()],
        });
        let text = "an axial cut".to_owned();
        let mut answers = given([Answer::Text { text }]);
        assert_eq!(Tally::of(&item, &answers).line(), "1 answer");
        answers[0].mark = Some(1.0);
        assert_eq!(Tally::of(&item, &answers).line(), "1 answer, 1 right");
    }

    #[tokio::test]
    async fn the_picture_says_in_its_alt_text_what_its_bars_show() {
        let item = planes(1);
        let answers = [0, 1].map(|option| Answer::One { option });
        let tally = Tally::of(&item, &given(answers));
        let (_, picture) = reveal(&item, &tally).await.expect("drawn");
        let alt = picture.and_then(|picture| picture.description);
        let alt = alt.expect("alt text");
        assert!(alt.contains("B. coronal: 1, key"), "{alt}");
        let nobody = Tally::of(&item, &[]);
        let (_, picture) = reveal(&item, &nobody).await.expect("told");
        assert!(picture.is_none());
    }

    #[test]
    fn sources_have_the_numbers_by_which_the_reason_cites_them() {
        let (shown, cited) = (EntryId::new("t", "a"), EntryId::new("t", "b"));
        let source = |entry: &EntryId, name: &str| Source {
            entry: entry.clone(),
            provenance: Provenance {
                licence: "CC0-1.0".to_owned(),
                source: name.to_owned(),
                ..Provenance::default()
            },
        };
        let item = Item {
            pictures: vec![shown.clone()],
            citations: vec![cited.clone(), shown.clone()],
            sources: vec![source(&shown, "A book"), source(&cited, "An article")],
            ..planes(0)
        };
        let told = sources(&item).expect("two sources");
        let lines: Vec<&str> = told.lines().collect();
        let expected = [
            "Picture A \\[2\\]: A book. Licence: CC0-1.0",
            "\\[1\\]: An article. Licence: CC0-1.0",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_longest_reveal_leaves_room_for_the_question() {
        let long = "*_`| ".repeat(600);
        let mut item = planes(0);
        item.rationale = long.clone();
        item.pictures = (0..9)
            .map(|place| EntryId::new("t", &place.to_string()))
            .collect();
        item.sources = item
            .pictures
            .iter()
            .map(|entry| Source {
                entry: entry.clone(),
                provenance: Provenance {
                    licence: long.clone(),
                    source: long.clone(),
                    source_url: Some("https://example.org/".to_owned() + &"a".repeat(100)),
                    attribution: Some(long.clone()),
                },
            })
            .collect();
        let tally = Tally::of(&item, &[]);
        let embed = solution(&item).field("How", tally.in_words(&item.task), false);
        let json = serde_json::to_value(&embed).expect("plain data");
        let units = |value: &serde_json::Value| value.as_str().unwrap_or("").encode_utf16().count();
        let fields = json["fields"].as_array().expect("fields").iter();
        let fields: usize = fields
            .map(|field| units(&field["name"]) + units(&field["value"]))
            .sum();
        let all = fields + units(&json["description"]) + units(&json["title"]);
        assert!(all <= 2_900, "{all}");
        assert!(json.to_string().contains("and 8 sources more."), "{json}");
    }
}
