//! The CSV table: one question a row, with everything that a question has. What was written is read
//! back as it was. A table that somebody wrote by hand needs the columns `kind`, `question` and `key`
//! alone, and the answers.

use std::collections::HashMap;

use super::super::grid::Grid;
use super::super::item::{Item, Kind, Task};
use super::cells::{letters, lines, not_a_formula, one_line, places, plain};
use super::{ExportError, ImportError};
use crate::atlas::EntryId;

/// Columns of answers.
const ANSWERS: usize = 10;
/// The columns before and after the answers.
const BEFORE: [&str; 3] = ["kind", "question", "key"];
const AFTER: [&str; 10] = [
    "pictures",
    "alt",
    "rationale",
    "topic",
    "expected",
    "target",
    "boxes",
    "grid",
    "citations",
    "sources",
];

/// Writes a table.
pub(super) fn export(items: &[Item]) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let answers = (1..=ANSWERS).map(|number| format!("answer_{number}"));
    let header = BEFORE.into_iter().map(str::to_owned).chain(answers);
    let header: Vec<String> = header.chain(AFTER.into_iter().map(str::to_owned)).collect();
    let written = |error: csv::Error| ExportError::Package(error.to_string());
    writer.write_record(header).map_err(written)?;
    for item in items {
        let row = row(item)?;
        let cells = row.iter().map(|cell| not_a_formula(cell));
        writer.write_record(cells).map_err(written)?;
    }
    let bytes = writer.into_inner();
    bytes.map_err(|error| ExportError::Package(error.to_string()))
}

fn row(item: &Item) -> Result<Vec<String>, ExportError> {
    let (answers, key) = answers_and_key(&item.task);
    let names = |ids: &[EntryId]| {
        let names: Vec<&str> = ids.iter().map(EntryId::as_str).collect();
        names.join("\n")
    };
    let alts: Vec<String> = item.alt.iter().map(|alt| one_line(alt)).collect();
    let (target, boxes, grid) = place_of(&item.task);
    let sources = if item.sources.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&item.sources)
            .map_err(|error| ExportError::Package(error.to_string()))?
    };
    let mut row = vec![item.kind().name().to_owned(), item.stem.clone(), key];
    row.extend(answers);
    row.resize(BEFORE.len() + ANSWERS, String::new());
    row.extend([
        names(&item.pictures),
        alts.join("\n"),
        item.rationale.clone(),
        item.topic.clone(),
        item.expected.to_string(),
        target,
        boxes,
        grid,
        names(&item.citations),
        sources,
    ]);
    Ok(row)
}

/// The cells of the answers, and of the key.
fn answers_and_key(task: &Task) -> (Vec<String>, String) {
    match task {
        Task::SingleChoice { options, key } => (options.clone(), letters(&[*key])),
        Task::MultipleChoice { options, keys } => (options.clone(), letters(keys)),
        Task::TrueFalse { key } => (Vec::new(), key.to_string()),
        Task::WhichPicture { key } => (Vec::new(), letters(&[*key])),
        Task::ConfusablePair { options, keys } => (options.to_vec(), letters(keys)),
        Task::Point { .. } => (Vec::new(), String::new()),
        Task::OpenAnswer { accepted } => {
            let accepted: Vec<String> = accepted.iter().map(|text| one_line(text)).collect();
            if accepted.len() <= ANSWERS {
                return (accepted, String::new());
            }
            // The last column takes what is left, one a line.
            let (first, last) = accepted.split_at(ANSWERS - 1);
            let mut cells = first.to_vec();
            cells.push(last.join("\n"));
            (cells, String::new())
        }
    }
}

/// The cells of a structure, its boxes and the grid.
fn place_of(task: &Task) -> (String, String, String) {
    let Task::Point {
        target,
        boxes,
        grid,
    } = task
    else {
        return (String::new(), String::new(), String::new());
    };
    let boxes: Vec<String> = boxes
        .iter()
        .map(|[left, top, right, bottom]| format!("{left} {top} {right} {bottom}"))
        .collect();
    let grid = format!("{}x{}", grid.columns, grid.rows);
    (target.clone(), boxes.join("; "), grid)
}

/// Reads a table.
pub(super) fn import(text: &str) -> Result<Vec<Item>, ImportError> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|sign| first.bytes().filter(|byte| byte == sign).count());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let broken = |row: usize| {
        move |error: csv::Error| ImportError::Row {
            row,
            fault: format!("it can't be read ({error})"),
        }
    };
    let header = reader.headers().map_err(broken(1))?.clone();
    let columns: HashMap<String, usize> = header
        .iter()
        .enumerate()
        .map(|(place, name)| (name.trim().to_lowercase(), place))
        .collect();
    if let Some(missing) = BEFORE.into_iter().find(|name| !columns.contains_key(*name)) {
        return Err(ImportError::NoColumn(missing));
    }
    let mut items = Vec::new();
    for (record, row) in reader.records().zip(2..) {
        let record = record.map_err(broken(row))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let fault = |fault: String| ImportError::Row { row, fault };
        if record.len() != header.len() {
            let (found, needed) = (record.len(), header.len());
            return Err(fault(format!(
                "it has {found} cells where the first row has {needed}"
            )));
        }
        let row = Row {
            columns: &columns,
            record: &record,
        };
        items.push(row.item().map_err(fault)?);
    }
    Ok(items)
}

/// A row with the places of its columns.
struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    /// The cell of a column; empty where there is none.
    fn cell(&self, name: &str) -> &str {
        let place = self.columns.get(name);
        let cell = place.and_then(|place| self.record.get(*place));
        plain(cell.unwrap_or_default()).trim()
    }

    /// The question; half a sentence of what is wrong with it.
    fn item(&self) -> Result<Item, String> {
        let names = |column| lines(self.cell(column)).map(EntryId::from_stored).collect();
        let item = Item {
            stem: self.cell("question").to_owned(),
            task: self.task()?,
            pictures: names("pictures"),
            alt: lines(self.cell("alt")).map(str::to_owned).collect(),
            rationale: self.cell("rationale").to_owned(),
            citations: names("citations"),
            sources: self.sources()?,
            topic: self.cell("topic").to_owned(),
            expected: self.number("expected", 0.5)?,
        };
        item.check().map_err(|fault| fault.to_string())?;
        Ok(item)
    }

    fn task(&self) -> Result<Task, String> {
        let name = self.cell("kind");
        let kind = Kind::parse(name).ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "there is no kind “{name}”; write one of {}",
                known.join(", ")
            )
        })?;
        match kind {
            Kind::SingleChoice => Ok(Task::SingleChoice {
                options: self.answers(),
                key: self.one_key()?,
            }),
            Kind::MultipleChoice => {
                let mut keys = places(self.cell("key"))?;
                keys.sort_unstable();
                Ok(Task::MultipleChoice {
                    options: self.answers(),
                    keys,
                })
            }
            Kind::TrueFalse => match self.cell("key").to_lowercase().as_str() {
                "true" | "t" | "1" => Ok(Task::TrueFalse { key: true }),
                "false" | "f" | "0" => Ok(Task::TrueFalse { key: false }),
                other => Err(format!("the key is “{other}” and must be true or false")),
            },
            Kind::WhichPicture => Ok(Task::WhichPicture {
                key: self.one_key()?,
            }),
            Kind::ConfusablePair => {
                let options = <[String; 2]>::try_from(self.answers());
                let keys = <[usize; 2]>::try_from(places(self.cell("key"))?);
                match (options, keys) {
                    (Ok(options), Ok(keys)) => Ok(Task::ConfusablePair { options, keys }),
                    _ => Err("a pair needs two answers and a key such as “A B”".to_owned()),
                }
            }
            Kind::Point => Ok(Task::Point {
                target: self.cell("target").to_owned(),
                boxes: self.boxes()?,
                grid: self.grid()?,
            }),
            Kind::OpenAnswer => {
                let cells = self.answers();
                let accepted = cells.iter().flat_map(|cell| lines(cell)).map(str::to_owned);
                Ok(Task::OpenAnswer {
                    accepted: accepted.collect(),
                })
            }
        }
    }

    /// The answers up to the last that is there.
    fn answers(&self) -> Vec<String> {
        let cells = (1..=ANSWERS).map(|number| self.cell(&format!("answer_{number}")).to_owned());
        let mut answers: Vec<String> = cells.collect();
        while answers.last().is_some_and(String::is_empty) {
            answers.pop();
        }
        answers
    }

    fn one_key(&self) -> Result<usize, String> {
        let cell = self.cell("key");
        match places(cell)?.as_slice() {
            [key] => Ok(*key),
            _ => Err(format!("the key is “{cell}” and must name one answer")),
        }
    }

    fn number(&self, column: &str, usual: f32) -> Result<f32, String> {
        match self.cell(column) {
            "" => Ok(usual),
            cell => cell
                .parse()
                .map_err(|_| format!("“{cell}” in the column {column} is no number")),
        }
    }

    fn boxes(&self) -> Result<Vec<[f32; 4]>, String> {
        let fault = |text: &str| {
            format!("“{text}” is no box; write left, top, right and bottom in percent with blanks")
        };
        let parts = self.cell("boxes").split(';').map(str::trim);
        parts
            .filter(|text| !text.is_empty())
            .map(|text| {
                let corners: Result<Vec<f32>, _> =
                    text.split_whitespace().map(str::parse).collect();
                let corners = corners.map_err(|_| fault(text))?;
                <[f32; 4]>::try_from(corners).map_err(|_| fault(text))
            })
            .collect()
    }

    fn grid(&self) -> Result<Grid, String> {
        let cell = self.cell("grid");
        if cell.is_empty() {
            return Ok(Grid::default());
        }
        let sides = cell.split_once('x');
        let sides = sides.and_then(|(columns, rows)| {
            Some((columns.trim().parse().ok()?, rows.trim().parse().ok()?))
        });
        let (columns, rows) =
            sides.ok_or_else(|| format!("“{cell}” is no grid; write columns and rows as 5x5"))?;
        Ok(Grid { columns, rows })
    }

    fn sources(&self) -> Result<Vec<super::Source>, String> {
        match self.cell("sources") {
            "" => Ok(Vec::new()),
            cell => serde_json::from_str(cell)
                .map_err(|_| "the column sources is not as it was exported".to_owned()),
        }
    }
}
