//! For tests: questions that need no atlas.

use super::item::{Item, Task};

/// A question without pictures.
pub(crate) fn text_item(stem: &str, task: Task) -> Item {
    Item {
        stem: stem.to_owned(),
        task,
        pictures: Vec::new(),
        alt: Vec::new(),
        rationale: "Because it is so.".to_owned(),
        citations: Vec::new(),
        sources: Vec::new(),
        topic: "planes".to_owned(),
        expected: 0.5,
    }
}

/// A single choice without pictures.
pub(crate) fn single(stem: &str, options: &[&str], key: usize) -> Item {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    text_item(stem, Task::SingleChoice { options, key })
}
