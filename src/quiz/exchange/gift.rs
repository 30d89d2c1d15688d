//! GIFT, Moodle's text form (<https://docs.moodle.org/en/GIFT_format>): single and multiple choice,
//! true or false, and short answers, without pictures.

use super::super::item::{Item, Task};
use super::ImportError;
use super::cells::one_line;
use super::html::to_text;

/// Signs that mean something and stand for themselves after a backslash.
const SIGNS: [char; 7] = ['~', '=', '#', '{', '}', ':', '\\'];

/// Writes questions. Those with pictures must have been left out.
pub(super) fn export(items: &[Item]) -> String {
    let mut parts = vec!["// Questions of Mirage. For study, not for diagnosis.".to_owned()];
    for item in items {
        let name = item.fingerprint();
        let answers = answers(&item.task).join("\n");
        let told = match one_line(&item.rationale).as_str() {
            "" => String::new(),
            why => format!("\n####{}", escape(why)),
        };
        let stem = escape(&one_line(&item.stem));
        parts.push(format!("::{name}:: {stem} {{\n{answers}{told}\n}}"));
    }
    parts.join("\n\n") + "\n"
}

fn answers(task: &Task) -> Vec<String> {
    let text = |text: &String| escape(&one_line(text));
    match task {
        Task::SingleChoice { options, key } => options
            .iter()
            .enumerate()
            .map(|(place, option)| {
                let sign = if place == *key { '=' } else { '~' };
                format!("{sign}{}", text(option))
            })
            .collect(),
        Task::MultipleChoice { options, keys } => {
            let share = 100.0 / keys.len().max(1) as f64;
            options
                .iter()
                .enumerate()
                .map(|(place, option)| {
                    let sign = if keys.contains(&place) { "" } else { "-" };
                    format!("~%{sign}{share:.5}%{}", text(option))
                })
                .collect()
        }
        Task::TrueFalse { key } => vec![if *key { "TRUE" } else { "FALSE" }.to_owned()],
        Task::OpenAnswer { accepted } => accepted
            .iter()
            .map(|answer| format!("={}", text(answer)))
            .collect(),
        // They are about pictures.
        Task::WhichPicture { .. } | Task::ConfusablePair { .. } | Task::Point { .. } => Vec::new(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if SIGNS.contains(&letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Reads questions, which have empty lines between them.
pub(super) fn import(text: &str) -> Result<Vec<Item>, ImportError> {
    let mut topic = String::new();
    let mut items: Vec<Item> = Vec::new();
    for (line, block) in blocks(text) {
        if let Some(category) = block.strip_prefix("$CATEGORY:") {
            topic = category
                .trim()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            continue;
        }
        let number = items.len() + 1;
        let item = question(&block, &topic).and_then(|item| {
            item.check().map_err(|fault| fault.to_string())?;
            Ok(item)
        });
        items.push(item.map_err(|fault| ImportError::Question {
            number,
            line,
            fault,
        })?);
    }
    Ok(items)
}

/// Questions and categories with the lines at which they begin; comments are left out.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (line, number) in text.lines().zip(1..) {
        let plain = line.trim();
        if plain.starts_with("//") {
            continue;
        }
        if plain.is_empty() || plain.starts_with("$CATEGORY:") {
            blocks.extend(current.take());
        }
        if plain.starts_with("$CATEGORY:") {
            blocks.push((number, plain.to_owned()));
        } else if !plain.is_empty() {
            let (_, block) = current.get_or_insert_with(|| (number, String::new()));
            block.push_str(plain);
            block.push('\n');
        }
    }
    blocks.extend(current);
    blocks
}

/// A question; half a sentence of what is wrong with it.
fn question(block: &str, topic: &str) -> Result<Item, String> {
    let rest = without_name(block.trim());
    let open = find(rest, '{').ok_or("it has no answers in braces")?;
    let close = find(rest, '}').filter(|close| *close > open);
    let close = close.ok_or("its braces are not closed")?;
    let (before, after) = (text(&rest[..open]), text(&rest[close + 1..]));
    let stem = if after.is_empty() {
        before
    } else {
        format!("{before} _____ {after}")
    };
    let inside = &rest[open + 1..close];
    let (inside, rationale) = match inside.split_once("####") {
        Some((answers, told)) => (answers, text(told)),
        None => (inside, String::new()),
    };
    Ok(Item {
        stem,
        task: task(inside.trim())?,
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale,
        citations: Vec::new(),
        sources: Vec::new(),
        topic: topic.to_owned(),
        expected: 0.5,
    })
}

/// A question without its `::name::` and without what says how its text is written.
fn without_name(block: &str) -> &str {
    let rest = block
        .strip_prefix("::")
        .and_then(|rest| rest.split_once("::"))
        .map_or(block, |(_, rest)| rest)
        .trim_start();
    ["[html]", "[moodle]", "[plain]", "[markdown]"]
        .iter()
        .find_map(|form| rest.strip_prefix(form))
        .unwrap_or(rest)
}

fn task(inside: &str) -> Result<Task, String> {
    if inside.is_empty() {
        return Err("it has no answers".to_owned());
    }
    if inside.starts_with('#') {
        return Err("answers in numbers can't be brought in".to_owned());
    }
    let word = inside
        .split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .to_uppercase();
    match word.as_str() {
        "T" | "TRUE" => return Ok(Task::TrueFalse { key: true }),
        "F" | "FALSE" => return Ok(Task::TrueFalse { key: false }),
        _ => {}
    }
    let answers = marked(inside)?;
    let has_wrong = answers.iter().any(|answer| answer.sign == '~');
    if !has_wrong {
        if answers.iter().any(|answer| answer.is_match) {
            return Err("pairs to be matched can't be brought in".to_owned());
        }
        let accepted = answers.into_iter().map(|answer| answer.text).collect();
        return Ok(Task::OpenAnswer { accepted });
    }
    let is_right = |answer: &Answer| answer.sign == '=' || answer.weight > 0.0;
    let keys: Vec<usize> = (0..answers.len())
        .filter(|place| is_right(&answers[*place]))
        .collect();
    let has_weights = answers
        .iter()
        .any(|answer| answer.sign == '~' && answer.weight > 0.0);
    let options = answers.into_iter().map(|answer| answer.text).collect();
    match keys.as_slice() {
        [key] if !has_weights => Ok(Task::SingleChoice { options, key: *key }),
        _ => Ok(Task::MultipleChoice { options, keys }),
    }
}

/// An answer with the sign before it and the weight that it has, in percent.
struct Answer {
    sign: char,
    weight: f32,
    text: String,
    is_match: bool,
}

fn marked(inside: &str) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::new();
    let mut rest = inside;
    if find(rest, '=').into_iter().chain(find(rest, '~')).min() != Some(0) {
        return Err("its answers don't begin with = or ~".to_owned());
    }
    while let Some(sign) = rest.chars().next() {
        let of = &rest[1..];
        let end = find(of, '=').into_iter().chain(find(of, '~')).min();
        let (own, next) = of.split_at(end.unwrap_or(of.len()));
        rest = next;
        let own = own.trim();
        let (weight, own) = match own.strip_prefix('%').and_then(|own| own.split_once('%')) {
            Some((weight, own)) => {
                let weight = weight.trim().parse::<f32>();
                (weight.map_err(|_| "a weight is no number".to_owned())?, own)
            }
            None => (0.0, own),
        };
        let end = find(own, '#').unwrap_or(own.len());
        answers.push(Answer {
            sign,
            weight,
            text: text(&own[..end]),
            is_match: own[..end].contains("->"),
        });
    }
    Ok(answers)
}

/// The first place of a sign that has no backslash before it.
fn find(text: &str, sign: char) -> Option<usize> {
    let mut is_escaped = false;
    for (place, letter) in text.char_indices() {
        if letter == sign && !is_escaped {
            return Some(place);
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    None
}

/// A text as it is read: without backslashes and tags, on one line.
fn text(written: &str) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && SIGNS.contains(next) => {
                plain.push(*next);
                letters.next();
            }
            Some('n') if letter == '\\' => {
                plain.push(' ');
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    to_text(&plain)
}
