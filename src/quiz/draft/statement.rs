//! True or false: a term of a picture, or one that is surely not of it.

use super::wording::{About, expected, quoted};
use super::workshop::{Picture, Sketch, Target, Workshop};
use crate::quiz::item::Task;

/// States a target, or as often something that is surely wrong in its place.
pub(super) fn statement(
    workshop: &mut Workshop<'_>,
    picture: &Picture,
    target: &Target,
) -> Option<Sketch> {
    let about = target.about;
    let told = about.told(&target.term, &target.boxes);
    let caption = quoted(workshop.caption(picture.at), 1);
    let is_true = workshop.random.below(2) == 0;
    // Where nothing is surely wrong, all statements would be true: none is made.
    let wrong = workshop.wrong(picture, target, 1).into_iter().next()?;
    let (term, rationale) = if is_true {
        (target.term.clone(), format!("{told} {caption}"))
    } else {
        let denied = about.denied(std::slice::from_ref(&wrong));
        (wrong, format!("{denied} {told} {caption}"))
    };
    Some(Sketch {
        stem: about.state(&term),
        task: Task::TrueFalse { key: is_true },
        shown: vec![picture.at],
        hidden: about.hidden(),
        rationale,
        expected: expected(known(about), 0.5),
        about: (about, term.key.clone()),
        is_topical: target.is_topical,
    })
}

/// A statement says the name, so that it need only be known again.
fn known(about: About) -> f32 {
    (about.known() + 0.05).min(1.0)
}
