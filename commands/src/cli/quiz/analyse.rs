//! `mirage quiz analyse`: what the answers say of the questions, as a table, a CSV file and a picture.
//! It judges questions, never people.

use std::path::PathBuf;

use clap::Args;
use mirage::chart::{self, Bar, MOST_BARS};
use mirage::quiz::{Analysis, ItemFigures};
use mirage::store::Store;
use mirage::store::quiz::SessionId;

use super::{Bank, export};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{self, Paragraphs, clean, count};

/// Longest stem in a line of the table.
const STEM: usize = 50;

/// Say what the answers tell of the questions: difficulty, discrimination, distractors, KR-20
///
/// Of few answers only their number is told: shares need 10, correlations 20 people who answered
/// every question.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage quiz analyse --server 1234 --session 5 --csv items.csv \
    --picture difficulty.jpg\n\n\
    Exit codes: 0 analysed; 1 nobody has answered anything by this; 2 an argument can't be used; 3 \
    anything else."
)]
pub(crate) struct Arguments {
    /// One session alone (default: all of the server)
    #[arg(long, value_name = "NUMBER", value_parser = session)]
    session: Option<SessionId>,
    /// Write a table with a line a choice to this file
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// Write the difficulties as a picture (JPEG) to this file
    #[arg(long, value_name = "FILE.jpg")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    bank: Bank,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn session(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text).ok_or_else(|| "a session's number is 1 or more".to_owned())
}

pub(super) async fn run(arguments: &Arguments, store: &Store) -> Result<Exit, Failure> {
    let mut files = [&arguments.csv, &arguments.picture].into_iter().flatten();
    if let Some(path) = files.find(|path| path.exists()) {
        return Err(export::exists(path));
    }
    let asked = store
        .quiz_results(arguments.bank.server, arguments.session)
        .await?;
    let analysis = Analysis::of(&asked);
    if let Some(path) = &arguments.csv {
        export::write(path, analysis.csv().as_bytes())?;
    }
    if let Some(path) = &arguments.picture {
        let bars = bars(&analysis);
        let drawing = tokio::task::spawn_blocking(move || {
            chart::bars("Difficulty: mean score, 0 to 1", &bars)
        });
        let drawn = drawing
            .await
            .map_err(|error| Failure::Unexpected(error.into()))?;
        let drawn = drawn.map_err(|error| Failure::Unexpected(error.into()))?;
        export::write(path, &drawn)?;
    }
    if arguments.json {
        output::print_json(&analysis)?;
    } else {
        output::print(&in_words(&analysis, text::columns()))?;
    }
    Ok(if analysis.items.is_empty() {
        Exit::No
    } else {
        Exit::Done
    })
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

fn in_words(analysis: &Analysis, columns: usize) -> String {
    if analysis.items.is_empty() {
        return "No question was revealed yet, so there is nothing to analyse.\n".to_owned();
    }
    let reliability = match (analysis.kr20, analysis.no_kr20) {
        (Some(kr20), _) => format!("KR-20 is {kr20:.2}."),
        (None, Some(reason)) => reason.sentence().to_owned(),
        (None, None) => String::new(),
    };
    let mut text = format!(
        "{} answered, {} of them every question. {reliability}\n\
         {:>6} {:>4} {:>6} {:>6} {:>6}  question\n",
        count(analysis.people as u64, "person", "people"),
        analysis.complete,
        "no.",
        "N",
        "diff.",
        "D",
        "r"
    );
    text.extend(analysis.items.iter().map(line));
    text.push_str(
        "Difficulty: mean score. D: upper less lower 27 %. r: with the rest. A dash: too few \
         answered.\n",
    );
    let mut remarks = Paragraphs::new(columns);
    for item in &analysis.items {
        for remark in &item.remarks {
            remarks.labelled(&format!("Question {}: ", item.id), &remark.sentence());
        }
    }
    text + &remarks.finish()
}

fn line(item: &ItemFigures) -> String {
    let figure = |figure: Option<f64>| match figure {
        Some(figure) => format!("{figure:.2}"),
        None => "–".to_owned(),
    };
    let stem: String = clean(&item.stem).chars().take(STEM).collect();
    format!(
        "{:>6} {:>4} {:>6} {:>6} {:>6}  {stem}\n",
        item.id,
        item.answers,
        figure(item.difficulty),
        figure(item.discrimination),
        figure(item.point_biserial)
    )
}

#[cfg(test)]
mod tests {
    use mirage::quiz::{Answer, Asked, Item, Response, Task};

    use super::*;

    fn asked(answers: usize) -> Vec<Asked> {
        let item = Item {
            stem: "Which \u{1b}plane?".to_owned(),
            task: Task::TrueFalse { key: true },
            pictures: Vec::new(),
            alt: Vec::new(),
            rationale: String::new(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        };
        let responses = (0..answers).map(|person| Response {
            person,
            answer: Answer::Truth { value: false },
            mark: None,
        });
        vec![Asked {
            id: 7,
            item,
            responses: responses.collect(),
        }]
    }

    #[test]
    fn figures_of_few_are_hidden_and_what_stands_out_is_told() {
        let few = in_words(&Analysis::of(&asked(3)), 200);
        assert!(
            few.contains("3 people answered") && few.contains("–"),
            "{few}"
        );
        assert!(
            !few.contains('\u{1b}') && !few.contains("Question 7:"),
            "{few}"
        );
        let many = in_words(&Analysis::of(&asked(12)), 200);
        assert!(
            many.contains("0.00") && many.contains("Question 7: "),
            "{many}"
        );
        let none = in_words(&Analysis::of(&[]), 200);
        assert!(none.starts_with("No question was revealed"), "{none}");
        let bar = bars(&Analysis::of(&asked(12))).pop().expect("a bar");
        assert!(!bar.is_marked && bar.value == "0.00, N 12", "{bar:?}");
    }
}
