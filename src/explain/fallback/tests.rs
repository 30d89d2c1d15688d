//! Answers in the words of a few sources, at each level and in each style.

use super::super::source::testing::{entry, with_boxes};
use super::*;

const CUT: &str = "Axial MRI of the brain through the thalamus (MNI z = 3 mm). From the side \
    inwards: insula, putamen, globus pallidus, internal capsule, thalamus.";
const STROKE: &str = "CT perfusion map of the thalamus. It shows the flow on the left (the right \
    side of the body). Documented as a stroke example.";

/// Sources with a relevance for each sentence.
fn sources(given: &[(&str, &[f32])]) -> Vec<Source> {
    let sources = given.iter().zip(1..).map(|((caption, relevance), number)| {
        let entry = match number {
            1 => with_boxes(
                "a",
                caption,
                &["left thalamus", "right thalamus", "left insula"],
            ),
            _ => entry("b", caption),
        };
        let mut source = Source::of(number, entry, &[]);
        for (sentence, relevance) in source.sentences.iter_mut().zip(*relevance) {
            sentence.relevance = *relevance;
        }
        source
    });
    sources.collect()
}

fn two() -> Vec<Source> {
    sources(&[
        (CUT, &[0.6, 1.2, 1.5, 0.9]),
        (STROKE, &[0.5, 1.3, 1.0, 0.8]),
    ])
}

fn texts(drafts: &[Draft]) -> Vec<&str> {
    drafts.iter().map(|draft| draft.text.as_str()).collect()
}

#[test]
fn a_summary_begins_with_the_best_and_goes_by_source() {
    let drafts = drafts(&two(), Style::Summary, Level::Student);
    assert_eq!(
        texts(&drafts),
        [
            "From the side inwards: insula, putamen, globus pallidus, internal capsule, thalamus.",
            "Axial MRI of the brain through the thalamus (MNI z = 3 mm).",
            "CT perfusion map of the thalamus.",
            "Documented as a stroke example.",
        ],
        "a sentence that takes up another one stays away without it"
    );
}

#[test]
fn levels_differ_in_length_brackets_and_structures() {
    let lay = drafts(&two(), Style::Summary, Level::Lay);
    assert!(lay.len() <= 3);
    assert!(texts(&lay).contains(&"Axial MRI of the brain through the thalamus."));
    let resident = drafts(&two(), Style::Summary, Level::Resident);
    let last = resident.last().expect("some").text.as_str();
    assert_eq!(
        last,
        "Named on the picture: left thalamus, right thalamus, left insula."
    );
    assert_eq!(
        without_brackets("On the left (the right side) of it (MNI z = 3), (a (b) c"),
        "On the left (the right side) of it, (a (b) c"
    );
}

#[test]
fn a_report_has_parts_and_a_differential_a_sentence_of_each_source() {
    let report = drafts(&two(), Style::Report, Level::Student);
    assert_eq!(report[0].section, Some(Section::Technique));
    assert_eq!(report[0].text, "Axial MRI of the brain.");
    let sections: Vec<_> = report.iter().filter_map(|draft| draft.section).collect();
    assert!(sections.contains(&Section::Findings) && sections.contains(&Section::Structures));
    let differential = drafts(&two(), Style::Differential, Level::Student);
    assert_eq!(differential.len(), 2);
    assert_eq!(differential[1].text, "Documented as a stroke example.");
}

#[test]
fn a_mnemonic_has_the_letters_of_a_row() {
    let sources = two();
    let mnemonic = drafts(&sources, Style::Mnemonic, Level::Student);
    assert_eq!(
        texts(&mnemonic)[0],
        "I – insula, P – putamen, G – globus pallidus, I – internal capsule, T – thalamus."
    );
    let source = &sources[0].sentences[2].text;
    assert_eq!(says(source, "", &mnemonic[0].text), Ok(()));
    let without = self::sources(&[("The pons bulges.", &[0.0; 4])]);
    let without: Vec<Source> = without
        .into_iter()
        .map(|mut source| {
            source
                .sentences
                .retain(|sentence| sentence.part == Part::Caption);
            source
        })
        .collect();
    let mnemonic = drafts(&without, Style::Mnemonic, Level::Student);
    assert_eq!(
        texts(&mnemonic),
        ["The pons bulges."],
        "no row, so a summary"
    );
}

#[test]
fn what_is_beside_the_point_or_said_already_is_left_out() {
    let sources = sources(&[
        (
            "The thalamus is gray. The rib is white.",
            &[0.1, 1.4, 0.3, 0.1],
        ),
        ("The gray thalamus.", &[0.1, 1.3]),
    ]);
    let drafts = drafts(&sources, Style::Summary, Level::Student);
    assert_eq!(texts(&drafts), ["The thalamus is gray."]);
    assert!(super::drafts(&[], Style::Report, Level::Lay).is_empty());
}
