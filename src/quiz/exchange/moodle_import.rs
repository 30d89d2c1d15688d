//! Moodle's XML, read: single and multiple choice, true or false, short answers, and essays whose
//! notes for graders name accepted answers. Pictures can't be brought in: a question names pictures
//! of the atlas.

use super::super::item::{Item, Task};
use super::ImportError;
use super::html::{has_picture, to_text};
use super::xml::{self, Element};

/// Reads questions.
pub(super) fn import(text: &str) -> Result<Vec<Item>, ImportError> {
    let quiz = xml::read(text)?;
    if quiz.name != "quiz" {
        return Err(ImportError::Line {
            line: quiz.line,
            fault: format!(
                "a file of Moodle begins with <quiz>, and this with <{}>",
                quiz.name
            ),
        });
    }
    let mut topic = String::new();
    let mut items: Vec<Item> = Vec::new();
    for element in quiz.all("question") {
        if element.attribute("type") == "category" {
            let category = element.text_of("category").rsplit('/').next();
            topic = category.unwrap_or_default().trim().to_owned();
            continue;
        }
        let item = question(element, &topic).and_then(|item| {
            item.check().map_err(|fault| fault.to_string())?;
            Ok(item)
        });
        let number = items.len() + 1;
        items.push(item.map_err(|fault| ImportError::Question {
            number,
            line: element.line,
            fault,
        })?);
    }
    Ok(items)
}

/// A question; half a sentence of what is wrong with it.
fn question(element: &Element, topic: &str) -> Result<Item, String> {
    let stem = element.text_of("questiontext");
    let has_file = element
        .child("questiontext")
        .is_some_and(|text| text.child("file").is_some());
    if has_file || has_picture(stem) {
        let fault = "it has a picture; pictures are brought in by their names in the atlas, with the \
            CSV table";
        return Err(fault.to_owned());
    }
    Ok(Item {
        stem: to_text(stem),
        task: task(element)?,
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale: to_text(element.text_of("generalfeedback")),
        citations: Vec::new(),
        sources: Vec::new(),
        topic: topic.chars().take(100).collect(),
        expected: 0.5,
    })
}

fn task(element: &Element) -> Result<Task, String> {
    let answers = answers(element)?;
    let right = |share: f32| share > 0.0;
    match element.attribute("type") {
        "multichoice" => {
            let keys: Vec<usize> = (0..answers.len())
                .filter(|place| right(answers[*place].0))
                .collect();
            let options = answers.into_iter().map(|(_, text)| text).collect();
            let is_single = element.text_of("single") != "false";
            match keys.as_slice() {
                [key] if is_single => Ok(Task::SingleChoice { options, key: *key }),
                _ if is_single => {
                    Err("of a single choice one answer alone may be right".to_owned())
                }
                _ => Ok(Task::MultipleChoice { options, keys }),
            }
        }
        "truefalse" => {
            let key = answers.iter().find(|(share, _)| right(*share));
            match key.map(|(_, text)| text.to_lowercase()).as_deref() {
                Some("true") => Ok(Task::TrueFalse { key: true }),
                Some("false") => Ok(Task::TrueFalse { key: false }),
                _ => Err("neither true nor false is right".to_owned()),
            }
        }
        "shortanswer" => {
            let accepted = answers.into_iter().filter(|(share, _)| right(*share));
            Ok(Task::OpenAnswer {
                accepted: accepted.map(|(_, text)| text).collect(),
            })
        }
        "essay" => {
            let notes = element
                .text_of("graderinfo")
                .replace("<br>", "\n")
                .replace("<br/>", "\n");
            let accepted = notes.lines().map(to_text).filter(|text| !text.is_empty());
            Ok(Task::OpenAnswer {
                accepted: accepted.collect(),
            })
        }
        other => Err(format!(
            "questions of the type “{other}” can't be brought in"
        )),
    }
}

/// Share in percent and text of each answer.
fn answers(element: &Element) -> Result<Vec<(f32, String)>, String> {
    element
        .all("answer")
        .map(|answer| {
            let html = answer.own_text();
            if has_picture(html) {
                return Err("one of its answers is a picture".to_owned());
            }
            let share = answer.attribute("fraction");
            let share = share.trim().parse::<f32>();
            let share = share.map_err(|_| "an answer has no fraction".to_owned())?;
            Ok((share, to_text(html)))
        })
        .collect()
}
