//! The form in which a tutor edits a question, and what its texts mean. Key and answers stand in one
//! field, one a line. Whether the question can be kept is the library's to say.

use mirage::quiz::{Item, Task, letter};
use mirage::store::quiz::StoredItem;
use poise::serenity_prelude as serenity;
use serenity::{
    ActionRowComponent, CreateActionRow, CreateInputText, CreateInteractionResponse, CreateModal,
    InputTextStyle, ModalInteractionData,
};

use super::custom_id::{Act, QuizId};
use crate::slash::custom_id::CustomId;
use crate::slash::errors::CommandError;

/// Fields of the form.
const STEM: &str = "stem";
const ANSWERS: &str = "answers";
const RATIONALE: &str = "rationale";
const TOPIC: &str = "topic";
const ALT: &str = "alt";
/// Longest text of a field that Discord takes.
const LONGEST: usize = 4_000;
/// How long the texts of its fields may be.
const STEM_LENGTH: u16 = 1_000;
const RATIONALE_LENGTH: u16 = 3_000;
const TOPIC_LENGTH: u16 = 100;
/// What marks a right answer at the start of its line.
const MARK: char = '*';

/// The form with a question's texts.
///
/// # Errors
/// The sentence for a question whose texts are too long for a form.
pub(super) fn form(stored: &StoredItem) -> Result<CreateInteractionResponse, CommandError> {
    let item = &stored.item;
    let (label, answers) = answers(&item.task);
    let alts = item.alt.join("\n");
    if [&answers, &alts]
        .iter()
        .any(|text| text.chars().count() > LONGEST)
    {
        let sentence = "This question is too long for Discord's form. Export it, change it and \
            import it again.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let long = |label: &str, id: &str, text: &str, most: u16| {
        field(InputTextStyle::Paragraph, (label, id), text, most)
    };
    let most = u16::try_from(LONGEST).unwrap_or(u16::MAX);
    let mut rows = vec![
        long("Question", STEM, &item.stem, STEM_LENGTH),
        long(label, ANSWERS, &answers, most),
        long(
            "Why the key is right",
            RATIONALE,
            &item.rationale,
            RATIONALE_LENGTH,
        ),
        field(
            InputTextStyle::Short,
            ("Topic", TOPIC),
            &item.topic,
            TOPIC_LENGTH,
        ),
    ];
    if !item.alt.is_empty() {
        rows.push(long("Alt texts, one a line; no answers", ALT, &alts, most));
    }
    let id = QuizId::Review(stored.id, stored.revision, Act::Edit);
    let title = format!("Edit question {}", stored.id);
    let modal = CreateModal::new(CustomId::Quiz(id).to_string(), title).components(rows);
    Ok(CreateInteractionResponse::Modal(modal))
}

fn field(
    style: InputTextStyle,
    (label, id): (&str, &str),
    text: &str,
    most: u16,
) -> CreateActionRow {
    let is_required = matches!(id, STEM | ANSWERS | ALT);
    let input = CreateInputText::new(style, label, id)
        .max_length(most)
        .required(is_required);
    // An empty value is none.
    let input = if text.is_empty() {
        input
    } else {
        input.value(text)
    };
    CreateActionRow::InputText(input)
}

/// What the field of the answers is called, and what stands in it.
fn answers(task: &Task) -> (&'static str, String) {
    let marked = |options: &[String], keys: &[usize]| {
        let lines = options.iter().enumerate().map(|(place, text)| {
            if keys.contains(&place) {
                format!("{MARK} {text}")
            } else {
                text.clone()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    match task {
        Task::SingleChoice { options, key } => (
            "Answers, one a line; * marks the right",
            marked(options, &[*key]),
        ),
        Task::MultipleChoice { options, keys } => (
            "Answers, one a line; * marks right ones",
            marked(options, keys),
        ),
        Task::TrueFalse { key } => ("true or false", key.to_string()),
        Task::WhichPicture { key } => ("Letter of the right picture", letter(*key).to_string()),
        Task::ConfusablePair { options, keys } => {
            let [a, b] = keys.map(|key| options[key].as_str());
            ("What A and B show, one a line", format!("{a}\n{b}"))
        }
        Task::Point { target, .. } => ("Structure to point at", target.clone()),
        Task::OpenAnswer { accepted } => ("Accepted answers, one a line", accepted.join("\n")),
    }
}

/// The texts of a form that was sent.
pub(super) struct Texts(Vec<(String, String)>);

impl Texts {
    pub(super) fn of(data: &ModalInteractionData) -> Self {
        let parts = data.components.iter().flat_map(|row| &row.components);
        let inputs = parts.filter_map(|part| match part {
            ActionRowComponent::InputText(input) => {
                let text = input.value.clone().unwrap_or_default();
                Some((input.custom_id.clone(), text))
            }
            _ => None,
        });
        Self(inputs.collect())
    }

    /// The text of a field; empty where the form has none.
    pub(super) fn get(&self, id: &str) -> &str {
        let mut fields = self.0.iter();
        let field = fields.find(|(known, _)| known == id);
        field.map_or("", |(_, text)| text.trim())
    }

    /// The question with these texts.
    ///
    /// # Errors
    /// One sentence for texts that mean nothing.
    pub(super) fn applied_to(&self, item: &Item) -> Result<Item, CommandError> {
        let task = task(&item.task, self.get(ANSWERS))
            .map_err(|reason| CommandError::Shown(format!("Nothing was changed: {reason}")))?;
        let alt = if item.alt.is_empty() {
            Vec::new()
        } else {
            lines(self.get(ALT))
        };
        Ok(Item {
            stem: self.get(STEM).to_owned(),
            task,
            rationale: self.get(RATIONALE).to_owned(),
            topic: self.get(TOPIC).to_owned(),
            alt,
            ..item.clone()
        })
    }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The task with other answers; what is wrong with them is one sentence.
fn task(before: &Task, text: &str) -> Result<Task, String> {
    match before {
        Task::SingleChoice { .. } => {
            let (options, keys) = marked_lines(text);
            match keys.as_slice() {
                [key] => Ok(Task::SingleChoice { options, key: *key }),
                _ => Err("mark one right answer with * at the start of its line.".to_owned()),
            }
        }
        Task::MultipleChoice { .. } => {
            let (options, keys) = marked_lines(text);
            if keys.is_empty() {
                let reason = "mark each right answer with * at the start of its line.";
                return Err(reason.to_owned());
            }
            Ok(Task::MultipleChoice { options, keys })
        }
        Task::TrueFalse { .. } => match text.to_lowercase().as_str() {
            "true" => Ok(Task::TrueFalse { key: true }),
            "false" => Ok(Task::TrueFalse { key: false }),
            _ => Err("write true or false.".to_owned()),
        },
        Task::WhichPicture { .. } => {
            let key = (0..4).find(|place| text.eq_ignore_ascii_case(&letter(*place).to_string()));
            key.map(|key| Task::WhichPicture { key })
                .ok_or_else(|| "write A, B, C or D for the right picture.".to_owned())
        }
        Task::ConfusablePair { .. } => match <[String; 2]>::try_from(lines(text)) {
            Ok(options) => Ok(Task::ConfusablePair {
                options,
                keys: [0, 1],
            }),
            Err(_) => Err("write two lines, what picture A shows and what B shows.".to_owned()),
        },
        Task::Point { boxes, grid, .. } => Ok(Task::Point {
            target: text.to_owned(),
            boxes: boxes.clone(),
            grid: *grid,
        }),
        Task::OpenAnswer { .. } => Ok(Task::OpenAnswer {
            accepted: lines(text),
        }),
    }
}

/// The answers, and the places of those that are marked.
fn marked_lines(text: &str) -> (Vec<String>, Vec<usize>) {
    let mut keys = Vec::new();
    let options =
        lines(text)
            .into_iter()
            .enumerate()
            .map(|(place, line)| match line.strip_prefix(MARK) {
                Some(right) => {
                    keys.push(place);
                    right.trim_start().to_owned()
                }
                None => line,
            });
    let options = options.collect();
    (options, keys)
}

#[cfg(test)]
mod tests {
    use mirage::quiz::Grid;

    use super::*;

    fn texts(options: &[&str]) -> Vec<String> {
        options.iter().map(|text| (*text).to_owned()).collect()
    }

    fn tasks() -> Vec<Task> {
        let options = texts(&["axial", "coronal", "sagittal"]);
        vec![
            Task::SingleChoice {
                options: options.clone(),
                key: 1,
            },
            Task::MultipleChoice {
                options,
                keys: vec![0, 2],
            },
            Task::TrueFalse { key: false },
            Task::WhichPicture { key: 3 },
            Task::ConfusablePair {
                options: ["axial".to_owned(), "coronal".to_owned()],
                keys: [0, 1],
            },
            Task::Point {
                target: "thalamus".to_owned(),
                boxes: vec![[42.0, 42.0, 58.0, 58.0]],
                grid: Grid::default(),
            },
            Task::OpenAnswer {
                accepted: texts(&["axial MRI of the brain", "brain MRI"]),
            },
        ]
    }

    #[test]
    fn a_form_that_is_sent_as_it_was_opened_changes_nothing() {
        for before in tasks() {
            let (label, text) = answers(&before);
            assert!((1..=45).contains(&label.chars().count()), "{label}");
            assert_eq!(task(&before, &text), Ok(before));
        }
    }

    #[test]
    fn a_pair_in_the_other_order_keeps_what_each_picture_shows() {
        let before = Task::ConfusablePair {
            options: ["axial".to_owned(), "coronal".to_owned()],
            keys: [1, 0],
        };
        let (_, text) = answers(&before);
        let after = task(&before, &text).expect("two lines");
        assert_eq!(after.key_in_words(), before.key_in_words());
    }

    #[test]
    fn texts_that_mean_nothing_are_told_in_a_sentence() {
        let wrong = ["a\nb", "a\nb", "maybe", "E", "axial", "", ""];
        for (before, text) in tasks().iter().zip(wrong).take(5) {
            let reason = task(before, text).expect_err("it means nothing");
            assert!(reason.ends_with('.'), "{reason}");
        }
        let two = task(&tasks()[0], "* a\n* b").expect_err("one is right");
        assert!(two.starts_with("mark one right answer"), "{two}");
    }
}
