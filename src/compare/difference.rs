//! What tells two whole sides apart: concepts that a larger share of one side's entries hold, each
//! with the entries that support it. It counts words of labels and captions and judges nothing.

use std::collections::HashMap;

use serde::Serialize;

use super::concepts::{Concept, counted};
use super::error::CompareError;
use super::sides::Side;
use crate::atlas::{Atlas, Entry, EntryId};

/// Most concepts of each list.
const MOST: usize = 6;
/// Entries of a side that must hold a concept: what one caption says is no difference.
const LEAST: usize = 2;

/// What more entries of one side hold than of the other; the largest difference of shares first.
/// Places count over the whole side, from 1, as they do under the pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Entries of the first and of the second side that were looked at.
    pub looked_at: [usize; 2],
    /// What a larger share of the first side holds.
    pub more_in_a: Vec<Concept>,
    /// What a larger share of the second side holds.
    pub more_in_b: Vec<Concept>,
}

/// Reads all entries of both sides. What is gone from the atlas is left out.
pub(super) async fn between(atlas: &Atlas, a: &Side, b: &Side) -> Result<Difference, CompareError> {
    let (a, b) = tokio::try_join!(entries(atlas, a), entries(atlas, b))?;
    Ok(told(&a, &b))
}

async fn entries(atlas: &Atlas, side: &Side) -> Result<Vec<(usize, Entry)>, CompareError> {
    let places: HashMap<&EntryId, usize> = side.results.iter().zip(1..).collect();
    let entries = atlas.entries_of(&side.results).await?.into_iter();
    let placed = entries.filter_map(|entry| {
        let place = *places.get(&entry.id)?;
        Some((place, entry))
    });
    Ok(placed.collect())
}

fn told(a: &[(usize, Entry)], b: &[(usize, Entry)]) -> Difference {
    let share = |held: usize, all: usize| held as f32 / all.max(1) as f32;
    let counted = counted(
        a.iter().map(|(place, entry)| (*place, entry)),
        b.iter().map(|(place, entry)| (*place, entry)),
    );
    let mut ranked: Vec<(f32, Concept)> = counted
        .filter(|concept| concept.a.len().max(concept.b.len()) >= LEAST)
        .map(|concept| {
            let apart = share(concept.a.len(), a.len()) - share(concept.b.len(), b.len());
            (apart, concept)
        })
        .collect();
    // The sort is stable: of equal differences what more entries support comes first.
    ranked.sort_by(|(one, _), (other, _)| other.abs().total_cmp(&one.abs()));
    let mut difference = Difference {
        looked_at: [a.len(), b.len()],
        ..Difference::default()
    };
    for (apart, concept) in ranked {
        let list = if apart > 0.0 {
            &mut difference.more_in_a
        } else if apart < 0.0 {
            &mut difference.more_in_b
        } else {
            continue;
        };
        if list.len() < MOST {
            list.push(concept);
        }
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::testing;
    use crate::atlas::{Description, Provenance};
    use crate::compare::Subject;

    fn described(caption: &str) -> Description {
        Description {
            caption: caption.to_owned(),
            modality: "MRI".to_owned(),
            ..Description::default()
        }
    }

    fn placed(captions: &[&str]) -> Vec<(usize, Entry)> {
        let entries = captions.iter().zip(1..).map(|(caption, place)| {
            let entry = Entry {
                id: EntryId::new("t", "a"),
                collection: "t".to_owned(),
                description: described(caption),
                provenance: Provenance::default(),
                width: 1,
                height: 1,
            };
            (place, entry)
        });
        entries.collect()
    }

    fn names(concepts: &[Concept]) -> Vec<&str> {
        let names = concepts.iter().map(|concept| concept.name.as_str());
        names.collect()
    }

    #[test]
    fn shares_are_compared_and_not_counts() {
        let a = placed(&["Effusion.", "Effusion, fracture.", "Lobe.", "Mass."]);
        let b = placed(&["Effusion, fracture.", "Fracture."]);
        let difference = told(&a, &b);
        assert_eq!(difference.looked_at, [4, 2]);
        // Two of four and one of two hold an effusion, and all are MRI.
        assert!(difference.more_in_a.is_empty(), "{difference:?}");
        assert_eq!(names(&difference.more_in_b), ["fracture"]);
        let fracture = &difference.more_in_b[0];
        assert_eq!((&fracture.a[..], &fracture.b[..]), (&[2][..], &[1, 2][..]));
    }

    #[test]
    fn what_one_entry_says_is_no_difference() {
        let difference = told(&placed(&["Effusion.", "Lobe."]), &placed(&["Fracture."]));
        let none = Difference {
            looked_at: [2, 1],
            ..Difference::default()
        };
        assert_eq!(difference, none);
        assert_eq!(told(&[], &[]), Difference::default());
    }

    #[test]
    fn the_largest_difference_comes_first_and_the_lists_are_bounded() {
        let every = "alpha bravo charlie delta foxtrot hotel india";
        let both = format!("{every} tango");
        let a = placed(&[&both, &both, "tango"]);
        let difference = told(&a, &placed(&["kilo"]));
        assert_eq!(difference.more_in_a.len(), MOST);
        assert_eq!(names(&difference.more_in_a)[0], "tango");
    }

    #[tokio::test]
    async fn places_are_those_of_the_whole_side_and_what_is_gone_is_left_out() {
        let small = testing::filled(&[
            ("one", described("Effusion."), 10),
            ("three", described("Effusion."), 200),
        ])
        .await;
        let side = |names: &[&str]| Side {
            subject: Subject::Picture,
            results: names.iter().map(|name| EntryId::new("t", name)).collect(),
        };
        let (a, b) = (side(&["one", "two", "three"]), side(&["four"]));
        let difference = between(&small.atlas, &a, &b).await.expect("readable");
        assert_eq!(difference.looked_at, [2, 0]);
        assert_eq!(names(&difference.more_in_a), ["MRI", "effusion"]);
        assert_eq!(difference.more_in_a[0].a, [1, 3]);
    }
}
