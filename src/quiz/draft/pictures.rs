//! Questions for pictures: one of four that has a term, and two that are easily taken for one
//! another, each with a label that the other surely hasn't.

use super::distractors;
use super::facts::Field;
use super::knowledge::Term;
use super::wording::{About, area, expected, quoted};
use super::workshop::{LEAST_AREA, Picture, Sketch, Target, Workshop};
use crate::quiz::check::CHOICES;
use crate::quiz::item::{Task, letter};

/// Neighbours of a picture that are easily taken for it.
const ALIKE: usize = 25;
/// Pairs of one picture.
const PAIRS: usize = 2;
/// How much harder it is to know two pictures than one.
const BOTH: f32 = 0.8;

/// Asks for a target's picture among three for which it is surely wrong.
pub(super) fn which(
    workshop: &mut Workshop<'_>,
    picture: &Picture,
    target: &Target,
) -> Option<Sketch> {
    let about = target.about;
    let wrong = distractors::pictures(
        workshop.knowledge,
        &workshop.near,
        (&target.term, picture.at),
        about.is_cut,
        CHOICES - 1,
        &mut workshop.random,
    );
    if wrong.len() < CHOICES - 1 {
        return None;
    }
    let mut all = wrong;
    all.push(picture.at);
    let shown = workshop.shuffled(&all);
    let key = shown.iter().position(|at| *at == picture.at)?;
    let others: Vec<String> = (0..shown.len())
        .filter(|place| *place != key)
        .map(|place| format!("[{}]", place + 1))
        .collect();
    let rationale = format!(
        "Picture {}: {} {} It is surely not so for the others {}.",
        letter(key),
        about.told(&target.term, &target.boxes),
        quoted(workshop.caption(picture.at), key + 1),
        others.join(" ")
    );
    Some(Sketch {
        stem: about.which(&target.term),
        task: Task::WhichPicture { key },
        shown,
        hidden: about.hidden(),
        rationale,
        expected: expected(about.known(), 0.25),
        about: (about, target.term.key.clone()),
        is_topical: target.is_topical,
    })
}

/// Pairs of a picture with its neighbours.
pub(super) fn pairs(workshop: &mut Workshop<'_>, picture: &Picture) -> Vec<Sketch> {
    let near: Vec<usize> = workshop
        .near
        .to(picture.at)
        .iter()
        .take(ALIKE)
        .copied()
        .collect();
    let targets = hardest_first(picture);
    let mut found = Vec::new();
    for other in near {
        if found.len() == PAIRS {
            break;
        }
        let mut targets = targets.iter();
        found.extend(targets.find_map(|target| pair(workshop, (picture.at, other), target)));
    }
    found
}

/// Pairs of a picture with one other: one for each target that tells them apart.
pub(super) fn pairs_with(
    workshop: &mut Workshop<'_>,
    picture: &Picture,
    other: usize,
) -> Vec<Sketch> {
    let targets = hardest_first(picture).into_iter();
    targets
        .filter_map(|target| pair(workshop, (picture.at, other), target))
        .collect()
}

/// Structures and findings first: they are the harder ones to tell apart.
fn hardest_first(picture: &Picture) -> Vec<&Target> {
    let mut targets: Vec<&Target> = picture.targets.iter().collect();
    targets.sort_by_key(|target| !matches!(target.about.field, Field::Structure | Field::Finding));
    targets
}

/// A pair that a target tells from another picture: that one has a term of the field that the first
/// surely hasn't.
fn pair(
    workshop: &mut Workshop<'_>,
    (at, other): (usize, usize),
    target: &Target,
) -> Option<Sketch> {
    let knowledge = workshop.knowledge;
    let about = target.about;
    let is_comparable = if about.is_cut {
        knowledge.is_same_series(at, other)
    } else {
        // Cuts of one volume are told apart by their plane and by structures alone.
        about.field == Field::Plane || !knowledge.is_same_group(at, other)
    };
    if !is_comparable || !knowledge.is_absent(&target.term, other) {
        return None;
    }
    let facts = &knowledge.facts[other];
    let seen = facts.all(about.field).filter(|fact| {
        let is_large = fact.boxes.iter().any(|corners| area(corners) >= LEAST_AREA);
        fact.boxes.is_empty() || is_large
    });
    let terms: Vec<(Term, Vec<[f32; 4]>)> = seen
        .filter(|fact| facts.boxed.contains(&fact.key) == about.is_cut)
        .map(|fact| (Term::of(fact), fact.boxes.clone()))
        .collect();
    let terms = workshop.shuffled(&terms);
    let (term, boxes) = terms
        .into_iter()
        .find(|(term, _)| knowledge.is_absent(term, at))?;
    Some(sketch(workshop, target, (at, other), &term, &boxes))
}

fn sketch(
    workshop: &mut Workshop<'_>,
    target: &Target,
    (at, other): (usize, usize),
    term: &Term,
    boxes: &[[f32; 4]],
) -> Sketch {
    let about: About = target.about;
    let is_first = workshop.random.below(2) == 0;
    let shown = if is_first {
        vec![at, other]
    } else {
        vec![other, at]
    };
    // Labels in an order of their own, so that it tells nothing of the pictures' order.
    let mut options = [target.term.name.clone(), term.name.clone()];
    options.sort_unstable();
    let place = |name: &str| usize::from(options[0] != name);
    let (own, others) = (place(&target.term.name), place(&term.name));
    let keys = if is_first {
        [own, others]
    } else {
        [others, own]
    };
    let (first, second) = if is_first { (0, 1) } else { (1, 0) };
    let rationale = format!(
        "Picture {}: {} {} Picture {}: {} {}",
        letter(first),
        about.told(&target.term, &target.boxes),
        quoted(workshop.caption(at), first + 1),
        letter(second),
        about.told(term, boxes),
        quoted(workshop.caption(other), second + 1),
    );
    let mut asked = [target.term.key.as_str(), term.key.as_str()];
    asked.sort_unstable();
    Sketch {
        stem: about.sort().to_owned(),
        task: Task::ConfusablePair { options, keys },
        shown,
        hidden: about.hidden(),
        rationale,
        expected: expected(about.known() * BOTH, 0.25),
        about: (about, asked.join("|")),
        is_topical: target.is_topical,
    }
}
