//! Pointing: the cell of a grid over a structure whose box is known.

use super::wording::{area, expected, in_sentence, place_in_words, quoted};
use super::workshop::{Picture, Sketch, Target, Workshop};
use crate::quiz::grid::Grid;
use crate::quiz::item::Task;

/// Longest side of a box, in percent: a long structure may bend, and its box then covers cells that
/// it doesn't reach.
const LONGEST_SIDE: f32 = 26.0;
/// Most cells that are right.
const MOST_CELLS: usize = 6;
/// Boxes smaller than this, in percent times percent, are hidden by a finger.
const LEAST_AREA: f32 = 40.0;

/// Asks where a structure of a cut lies.
pub(super) fn point(
    workshop: &mut Workshop<'_>,
    picture: &Picture,
    target: &Target,
) -> Option<Sketch> {
    let is_compact = |[left, top, right, bottom]: &[f32; 4]| {
        let inside = |value: &f32| (0.0..=100.0).contains(value);
        [left, top, right, bottom].into_iter().all(inside)
            && right - left <= LONGEST_SIDE
            && bottom - top <= LONGEST_SIDE
            && area(&[*left, *top, *right, *bottom]) >= LEAST_AREA
    };
    let grid = Grid::default();
    let right = grid.right(&target.boxes);
    let fits = !target.boxes.is_empty() && target.boxes.iter().all(is_compact);
    if !target.about.is_cut || !fits || right.len() > MOST_CELLS {
        return None;
    }
    let name = in_sentence(&target.term.name);
    let cells: Vec<String> = right.iter().map(|cell| grid.name(*cell)).collect();
    let by_guessing = right.len() as f32 / grid.cells() as f32;
    Some(Sketch {
        stem: format!(
            "Where does this cut pass through the {name}? Choose a cell that lies over it."
        ),
        task: Task::Point {
            target: target.term.name.clone(),
            boxes: target.boxes.clone(),
            grid,
        },
        shown: vec![picture.at],
        hidden: target.about.hidden(),
        rationale: format!(
            "The {name} is labelled on it, {}: {}. {}",
            place_in_words(&target.boxes),
            cells.join(", "),
            quoted(workshop.caption(picture.at), 1)
        ),
        expected: expected(target.about.known(), by_guessing),
        about: (target.about, target.term.key.clone()),
        is_topical: target.is_topical,
    })
}
