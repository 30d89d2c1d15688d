//! A question in words for a terminal, whole: with its key, its reason, its sources and licences.

use mirage::quiz::{Item, Task, letter};

use crate::cli::text::Paragraphs;
use crate::describe;

/// Adds a question below a heading.
pub(super) fn add(text: &mut Paragraphs, heading: &str, item: &Item) {
    text.line(&format!(
        "{heading}: {}, expected to be {}",
        item.kind().title(),
        item.difficulty().name()
    ));
    text.labelled("  ", &item.stem);
    for (place, option) in item.task.options().iter().enumerate() {
        text.labelled(&format!("  {}. ", letter(place)), option);
    }
    for (place, picture) in item.pictures.iter().enumerate() {
        let alt = item.alt.get(place).map(String::as_str).unwrap_or_default();
        let label = format!("  Picture {}  ", letter(place));
        text.labelled(&label, &format!("{picture} (alt text: {alt})"));
    }
    if let Task::Point { target, .. } = &item.task {
        text.labelled("  Structure  ", target);
    }
    text.labelled("  Key        ", &item.task.key_in_words());
    if !item.rationale.trim().is_empty() {
        text.labelled("  Reason     ", &item.rationale);
    }
    for source in &item.sources {
        let known = &source.provenance;
        let line = format!(
            "{}: {}. Licence: {}",
            source.entry,
            describe::or_unknown(&known.source),
            describe::or_unknown(&known.licence)
        );
        text.labelled("  Source     ", &line);
    }
}

#[cfg(test)]
mod tests {
    use mirage::atlas::{EntryId, Provenance};
    use mirage::quiz::Source;

    use super::*;

    #[test]
    fn a_question_is_told_with_key_reason_source_and_licence() {
        let entry = EntryId::new("t", "a");
        let item = Item {
            stem: "Which plane?".to_owned(),
            task: Task::SingleChoice {
                options: ["axial", "coronal"].map(str::to_owned).to_vec(),
                key: 1,
            },
            pictures: vec![entry.clone()],
            alt: vec!["A brain.".to_owned()],
            rationale: "Both eyes \u{1b}[31m are seen.".to_owned(),
            citations: Vec::new(),
            sources: vec![Source {
                entry,
                provenance: Provenance {
                    licence: "CC0-1.0".to_owned(),
                    source: "Drawn".to_owned(),
                    ..Provenance::default()
                },
            }],
            topic: String::new(),
            expected: 0.8,
        };
        let mut text = Paragraphs::new(200);
        add(&mut text, "Question 3", &item);
        let told = text.finish();
        for part in [
            "Question 3: single choice, expected to be easy",
            "  B. coronal",
            "t/a (alt text: A brain.)",
            "Key        coronal",
            "t/a: Drawn. Licence: CC0-1.0",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains('\u{1b}'), "nothing steers the terminal");
    }
}
