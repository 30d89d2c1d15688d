//! Single and multiple choice: what is true of a picture among what is surely not.

use super::kin::related;
use super::knowledge::Term;
use super::wording::{expected, quoted};
use super::workshop::{Picture, Sketch, Target, Workshop};
use crate::quiz::item::Task;

/// Wrong answers beside the right one. Two are enough where there are no more, as with planes
/// (Rodriguez, 2005, "Three options are optimal for multiple-choice items", Educ. Meas. 24).
const WRONG: (usize, usize) = (2, 3);
/// Answers of a multiple choice, and how many of them are right.
const ANSWERS: usize = 5;
const RIGHT: (usize, usize) = (2, 3);

/// Asks for a target among wrong answers.
pub(super) fn single(
    workshop: &mut Workshop<'_>,
    picture: &Picture,
    target: &Target,
) -> Option<Sketch> {
    let wrong = workshop.wrong(picture, target, WRONG.1);
    if wrong.len() < WRONG.0 {
        return None;
    }
    let names = |terms: &[Term]| {
        terms
            .iter()
            .map(|term| term.name.clone())
            .collect::<Vec<_>>()
    };
    let mut all = names(&wrong);
    all.push(target.term.name.clone());
    let options = workshop.shuffled(&all);
    let key = options.iter().position(|name| *name == target.term.name)?;
    let about = target.about;
    let rationale = format!(
        "{} {} {}",
        about.told(&target.term, &target.boxes),
        about.denied(&wrong),
        quoted(workshop.caption(picture.at), 1)
    );
    Some(Sketch {
        stem: about.choose().to_owned(),
        expected: expected(about.known(), 1.0 / options.len() as f32),
        task: Task::SingleChoice { options, key },
        shown: vec![picture.at],
        hidden: about.hidden(),
        rationale,
        about: (about, target.term.key.clone()),
        is_topical: target.is_topical,
    })
}

/// Asks for all structures of a cut among others: there alone it is sure what is not shown.
pub(super) fn multiple(workshop: &mut Workshop<'_>, picture: &Picture) -> Option<Sketch> {
    let cut = picture.targets.iter().filter(|target| target.about.is_cut);
    let cut: Vec<&Target> = cut.collect();
    let most = RIGHT.0 + workshop.random.below(RIGHT.1 - RIGHT.0 + 1);
    let right: Vec<&Target> = cut.into_iter().take(most).collect();
    let first = *right.first()?;
    if right.len() < RIGHT.0 {
        return None;
    }
    let mut wrong = workshop.wrong(picture, first, ANSWERS);
    // What is wrong beside the first must not be kin of the others either.
    wrong.retain(|term| {
        let mut right = right.iter();
        !right.any(|target| related(term.field, &target.term.name, &term.name))
    });
    wrong.truncate(ANSWERS - right.len());
    if wrong.len() + right.len() < ANSWERS {
        return None;
    }
    let mut all: Vec<(String, bool)> = wrong
        .iter()
        .map(|term| (term.name.clone(), false))
        .collect();
    all.extend(right.iter().map(|target| (target.term.name.clone(), true)));
    let all = workshop.shuffled(&all);
    let places = all
        .iter()
        .enumerate()
        .filter(|(_, (_, is_right))| *is_right);
    let keys = places.map(|(place, _)| place).collect();
    let told: Vec<String> = right
        .iter()
        .map(|target| target.about.told(&target.term, &target.boxes))
        .collect();
    let about = first.about;
    let rationale = format!(
        "{} {} {}",
        told.join(" "),
        about.denied(&wrong),
        quoted(workshop.caption(picture.at), 1)
    );
    Some(Sketch {
        stem: about.choose_all(),
        task: Task::MultipleChoice {
            options: all.into_iter().map(|(name, _)| name).collect(),
            keys,
        },
        shown: vec![picture.at],
        hidden: about.hidden(),
        rationale,
        expected: about.known(),
        about: (about, first.term.key.clone()),
        is_topical: first.is_topical,
    })
}
