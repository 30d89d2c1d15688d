//! `/quiz results`: what the answers say of the questions, as a table, a picture and a file. It
//! judges questions, never people. What may be told of few answers is the library's to say.

use mirage::chart::{self, Bar, MOST_BARS};
use mirage::quiz::{Analysis, Asked, ItemFigures};
use mirage::store::quiz::{Session, SessionId};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateActionRow, CreateAttachment, CreateAutocompleteResponse, CreateEmbed, CreateEmbedFooter,
};

use super::bank;
use super::roles::Person;
use super::shape::counted;
use super::{begin, board, finish};
use crate::describe;
use crate::slash::Context;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, truncate};

/// Discord's most suggestions, and the longest name of one.
const SUGGESTIONS: u32 = 25;
const LONGEST_CHOICE: usize = 100;
/// Questions in the table; the file has all.
const ROWS: usize = 20;
/// Longest list of remarks, and longest question within it.
const REMARKS: usize = 2_500;
const STEM: usize = 60;
const ALT: usize = 1_024;
const FILE: &str = "difficulty.jpg";
/// What stands for all sessions of the server.
const ALL: &str = "all";

/// See what the answers say of the questions (tutors)
#[poise::command(slash_command, guild_only)]
pub(crate) async fn results(
    context: Context<'_>,
    #[description = "A session, or all (default: the latest)"]
    #[autocomplete = "suggest_session"]
    #[max_length = 100]
    session: Option<String>,
) -> Result<(), CommandError> {
    let _work = context.data().work.begin().await;
    let (data, person) = begin(context).await?;
    person.require_tutor(&data.store).await?;
    let session = chosen(&data, &person, session.as_deref()).await?;
    let named = session.as_ref().map(|session| session.id);
    let asked = data.store.quiz_results(person.server, named).await?;
    let page = page(session.as_ref(), asked).await?;
    finish(context, page.into_edit()).await
}

/// The session that is meant; nothing for all.
async fn chosen(
    data: &Data,
    person: &Person,
    named: Option<&str>,
) -> Result<Option<Session>, CommandError> {
    match named.map(str::trim) {
        None | Some("") => {
            let latest = data.store.recent_quiz_sessions(person.server, 1).await?;
            let latest = latest.into_iter().next();
            latest.map(Some).ok_or_else(|| {
                let sentence = "This server has had no quiz session yet.";
                CommandError::Shown(sentence.to_owned())
            })
        }
        Some(all) if all.eq_ignore_ascii_case(ALL) => Ok(None),
        Some(number) => {
            let id = SessionId::parse(number).ok_or_else(board::unknown)?;
            board::of_server(data, person, id).await.map(Some)
        }
    }
}

/// The analysis of what was asked.
async fn page(session: Option<&Session>, asked: Vec<Asked>) -> Result<Page, CommandError> {
    let title = match session {
        Some(session) => format!("Session {}: {}", session.id, escape(&session.title)),
        None => "All sessions of this server".to_owned(),
    };
    if asked.is_empty() {
        return Ok(Page {
            content: format!("{}\nNo question was revealed yet.", truncate(&title, 300)),
            embeds: Vec::new(),
            rows: Vec::new(),
            pictures: Vec::new(),
        });
    }
    let analyse = move || {
        let analysis = Analysis::of(&asked);
        let drawn = chart::bars("Difficulty: mean score, 0 to 1", &bars(&analysis));
        drawn.map(|drawn| (analysis, drawn))
    };
    let analysed = tokio::task::spawn_blocking(analyse).await;
    let (analysis, drawn) = analysed
        .map_err(|error| CommandError::Unexpected(error.into()))?
        .map_err(|error| CommandError::Unexpected(error.into()))?;
    let picture = CreateAttachment::bytes(drawn, FILE).description(alt(&analysis));
    let csv = CreateAttachment::bytes(analysis.csv().into_bytes(), "quiz-results.csv");
    let flagged = analysis
        .items
        .iter()
        .filter(|item| !item.remarks.is_empty());
    let flagged = flagged.map(|item| (item.id, item.stem.as_str()));
    Ok(Page {
        content: head(&title, &analysis),
        embeds: vec![embed(&analysis)],
        rows: bank::opener(flagged, "Open a question to fix or retire it")
            .into_iter()
            .collect::<Vec<CreateActionRow>>(),
        pictures: vec![picture, csv],
    })
}

fn head(title: &str, analysis: &Analysis) -> String {
    let reliability = match (analysis.kr20, analysis.no_kr20) {
        (Some(kr20), _) => format!("KR-20 is {kr20:.2}."),
        (None, Some(reason)) => reason.sentence().to_owned(),
        (None, None) => String::new(),
    };
    let people = match analysis.people {
        1 => "1 person".to_owned(),
        count => format!("{count} people"),
    };
    format!(
        "**{}**\n{people} answered, {} of them every question. {reliability}",
        truncate(title, 300),
        analysis.complete
    )
}

fn embed(analysis: &Analysis) -> CreateEmbed {
    let embed = CreateEmbed::new()
        .title("Questions")
        .description(table(analysis))
        .image(format!("attachment://{FILE}"))
        .footer(CreateEmbedFooter::new(
            "Difficulty: mean score. D: upper less lower 27 %. r: with the rest. A dash: too few \
             answered. All choices are in the file.",
        ));
    match remarks(&analysis.items) {
        Some(remarks) => {
            let told = truncate(&remarks, REMARKS);
            // A field holds 1,024 characters.
            split(&told, 1_000)
                .into_iter()
                .enumerate()
                .fold(embed, |embed, (place, part)| {
                    let name = if place == 0 {
                        "To look at"
                    } else {
                        "To look at (more)"
                    };
                    embed.field(name, part, false)
                })
        }
        None => embed.field("To look at", "Nothing stands out.", false),
    }
}

/// The figures in columns.
fn table(analysis: &Analysis) -> String {
    let mut lines = vec![format!(
        "{:>6} {:>4} {:>6} {:>6} {:>6}",
        "no.", "N", "diff.", "D", "r"
    )];
    let figure = |figure: Option<f64>| match figure {
        Some(figure) => format!("{figure:.2}"),
        None => "–".to_owned(),
    };
    lines.extend(analysis.items.iter().take(ROWS).map(|item| {
        format!(
            "{:>6} {:>4} {:>6} {:>6} {:>6}",
            item.id,
            item.answers,
            figure(item.difficulty),
            figure(item.discrimination),
            figure(item.point_biserial)
        )
    }));
    let left = analysis.items.len().saturating_sub(ROWS);
    let more = match left {
        0 => String::new(),
        left => format!("\nand {} more in the file.", counted(left, "question")),
    };
    format!("```\n{}\n```{more}", lines.join("\n"))
}

/// What should be looked at, by question.
fn remarks(items: &[ItemFigures]) -> Option<String> {
    let lines: Vec<String> = items
        .iter()
        .flat_map(|item| {
            let stem = escape(&truncate(&item.stem, STEM));
            let remarks = item.remarks.iter();
            remarks.map(move |remark| {
                let said = escape(&remark.sentence());
                format!("- Question {} ({stem}): {said}", item.id)
            })
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Lines in parts of at most so many UTF-16 units.
fn split(text: &str, most: usize) -> Vec<String> {
    let units = |text: &str| text.encode_utf16().count();
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = truncate(line, most);
        match parts.last_mut() {
            Some(part) if units(part) + units(&line) < most => {
                part.push('\n');
                part.push_str(&line);
            }
            _ => parts.push(line),
        }
    }
    parts
}

fn bars(analysis: &Analysis) -> Vec<Bar> {
    let items = analysis.items.iter().take(MOST_BARS);
    items
        .map(|item| Bar {
            label: format!("{}. {}", item.id, item.stem),
            value: match item.difficulty {
                Some(difficulty) => format!("{difficulty:.2}, N {}", item.answers),
                None => format!("too few, N {}", item.answers),
            },
            share: item.difficulty.unwrap_or_default() as f32,
            is_marked: item.remarks.is_empty() && item.difficulty.is_some(),
        })
        .collect()
}

fn alt(analysis: &Analysis) -> String {
    let said: Vec<String> = bars(analysis)
        .iter()
        .map(|bar| format!("{} {}", truncate(&bar.label, 40), bar.value))
        .collect();
    let alt = format!(
        "Bars of each question's difficulty; striped where something stands out or too few \
         answered. {}.",
        said.join("; ")
    );
    truncate(&describe::without_turns(&alt), ALT)
}

/// The server's latest sessions.
async fn suggest_session(context: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let server = context
        .interaction
        .guild_id
        .map_or(0, serenity::GuildId::get);
    let store = &context.data().store;
    let sessions = match store.recent_quiz_sessions(server, SUGGESTIONS).await {
        Ok(sessions) => sessions,
        Err(error) => {
            tracing::warn!(%error, "no sessions are suggested");
            Vec::new()
        }
    };
    let typed = typed.trim().to_lowercase();
    let named = sessions.iter().map(|session| {
        let name = format!("Session {}: {}", session.id, session.title);
        (describe::without_turns(&name), session.id.to_string())
    });
    let choices = named
        .filter(|(name, _)| name.to_lowercase().contains(&typed))
        .map(|(name, value)| {
            serenity::AutocompleteChoice::new(truncate(&name, LONGEST_CHOICE), value)
        });
    CreateAutocompleteResponse::new().set_choices(choices.collect())
}

#[cfg(test)]
mod tests {
    use mirage::quiz::{Answer, Item, Response, Task};

    use super::*;

    fn asked(count: usize) -> Vec<Asked> {
        let item = |id: usize| Item {
            stem: format!("Which plane is it, {id}? {}", "word ".repeat(100)),
            task: Task::SingleChoice {
                options: ["axial", "coronal"].map(str::to_owned).to_vec(),
                key: 0,
            },
            pictures: Vec::new(),
            alt: Vec::new(),
            rationale: String::new(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        };
        let responses = |id: usize| {
            (0..30).map(move |person| Response {
                person,
                answer: Answer::One {
                    option: usize::from((person + id).is_multiple_of(3)),
                },
                mark: None,
            })
        };
        (0..count)
            .map(|id| Asked {
                id: id as i64,
                item: item(id),
                responses: responses(id).collect(),
            })
            .collect()
    }

    #[tokio::test]
    async fn a_long_analysis_keeps_discords_limits_and_has_its_file() {
        let page = page(None, asked(60)).await.expect("drawn");
        let embeds = serde_json::to_value(&page.embeds).expect("plain data");
        let units = |value: &serde_json::Value| value.as_str().unwrap_or("").encode_utf16().count();
        let fields = embeds[0]["fields"].as_array().cloned().unwrap_or_default();
        assert!(fields.iter().all(|field| units(&field["value"]) <= 1_024));
        let fields: usize = fields.iter().map(|field| units(&field["value"]) + 20).sum();
        let all = fields + units(&embeds[0]["description"]) + 300;
        assert!(all <= 6_000, "{all}");
        let names: Vec<&str> = page
            .pictures
            .iter()
            .map(|picture| picture.filename.as_str())
            .collect();
        assert_eq!(names, [FILE, "quiz-results.csv"]);
        let alt = page.pictures[0].description.as_deref().expect("alt text");
        assert!(alt.encode_utf16().count() <= ALT);
        assert!(
            page.content.contains("30 people answered"),
            "{}",
            page.content
        );
    }

    #[test]
    fn a_figure_that_is_hidden_is_a_dash() {
        let mut few = asked(1);
        few[0].responses.truncate(3);
        let table = table(&Analysis::of(&few));
        assert!(table.contains('–') && !table.contains("0."), "{table}");
    }

    #[tokio::test]
    async fn without_answers_it_says_so() {
        let page = page(None, Vec::new()).await.expect("a sentence");
        assert!(page.content.ends_with("No question was revealed yet."));
    }

    #[test]
    fn lines_are_split_between_lines() {
        assert_eq!(split("aa\nbb\ncc", 6), ["aa\nbb", "cc"]);
    }
}
