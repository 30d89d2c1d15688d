//! Open answers, which a tutor marks: what kind of picture it is, and what is documented for it.

use super::facts::Field;
use super::wording::{About, expected, in_sentence, quoted};
use super::workshop::{Picture, Sketch, Target, Workshop};
use crate::quiz::item::Task;

/// What is asked of the kind of a picture.
const KIND: &str = "Describe the kind of this picture: imaging method, plane and part of the body.";
/// What is asked of a finding.
const FINDING: &str = "What is documented for this picture? Name one finding.";

/// What can be asked of a picture in words.
pub(super) fn open(workshop: &mut Workshop<'_>, picture: &Picture) -> Vec<Sketch> {
    [kind(workshop, picture), finding(workshop, picture)]
        .into_iter()
        .flatten()
        .collect()
}

fn target(picture: &Picture, field: Field) -> Option<&Target> {
    let mut targets = picture.targets.iter();
    targets.find(|target| target.about.field == field)
}

fn kind(workshop: &mut Workshop<'_>, picture: &Picture) -> Option<Sketch> {
    let name = |field| target(picture, field).map(|target| in_sentence(&target.term.name));
    let (modality, part) = (name(Field::Modality)?, name(Field::Part)?);
    if super::kin::is_vague(&part) {
        return None;
    }
    let plane = name(Field::Plane);
    let plain = format!("{modality} of the {part}");
    let mut accepted: Vec<String> = plane
        .iter()
        .map(|plane| format!("{plane} {plain}"))
        .collect();
    accepted.push(plain);
    accepted.push(format!("{part} {modality}"));
    let about = target(picture, Field::Modality)?.about;
    let asked = [Some(modality), plane, Some(part)].into_iter().flatten();
    Some(Sketch {
        stem: KIND.to_owned(),
        rationale: format!(
            "It is this: {}. {}",
            accepted.first().cloned().unwrap_or_default(),
            quoted(workshop.caption(picture.at), 1)
        ),
        task: Task::OpenAnswer { accepted },
        shown: vec![picture.at],
        hidden: &[Field::Modality, Field::Plane, Field::Part],
        expected: expected(about.known() * 0.8, 0.0),
        about: (about, asked.collect::<Vec<String>>().join("|")),
        is_topical: false,
    })
}

fn finding(workshop: &mut Workshop<'_>, picture: &Picture) -> Option<Sketch> {
    let facts = &workshop.knowledge.facts[picture.at];
    let accepted: Vec<String> = facts
        .all(Field::Finding)
        .map(|fact| fact.name.clone())
        .collect();
    let first = target(picture, Field::Finding)?;
    let about: About = first.about;
    Some(Sketch {
        stem: FINDING.to_owned(),
        rationale: format!(
            "Any of these is right: {}. {}",
            accepted.join("; "),
            quoted(workshop.caption(picture.at), 1)
        ),
        task: Task::OpenAnswer { accepted },
        shown: vec![picture.at],
        hidden: about.hidden(),
        expected: expected(about.known() * 0.8, 0.0),
        about: (about, first.term.key.clone()),
        is_topical: first.is_topical,
    })
}
