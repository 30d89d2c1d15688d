//! A synthetic picture beside the real pictures that are nearest to it: what their words share. Of the
//! synthetic one the words are those that it was asked for with, and those that fit it best; nobody
//! has described it.

use super::concepts::Concepts;
use super::error::CompareError;
use super::sides::{Side, Subject};
use super::view::{self, Placed};
use crate::atlas::{Atlas, Description, Entry, EntryId, Provenance};

/// What stands in place of a name, a collection and a licence.
const SYNTHETIC: &str = "SYNTHETIC";

/// A picture that nobody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synthetic {
    /// The words that it was asked for with.
    pub prompt: String,
    /// Words of the atlas that fit it best.
    pub words: Vec<String>,
}

/// A synthetic picture's words beside real pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct BesideReal {
    /// The real pictures, nearest first.
    pub real: Vec<Placed>,
    /// What the synthetic picture's words (`a`) and those of the real ones (`b`) share.
    pub concepts: Concepts,
}

/// The nearest real pictures of a synthetic one, as many as a page shows. What is gone from the
/// atlas is left out.
///
/// # Errors
/// What the atlas reports.
pub async fn beside_real(
    atlas: &Atlas,
    synthetic: &Synthetic,
    nearest: &[EntryId],
) -> Result<BesideReal, CompareError> {
    let side = Side {
        subject: Subject::Picture,
        results: nearest.to_vec(),
    };
    let real = view::placed(atlas, &side, 0).await?;
    let concepts = Concepts::of(&[synthetic.placed()], &real);
    Ok(BesideReal { real, concepts })
}

impl Synthetic {
    /// An entry that is in no atlas, for counting words.
    fn placed(&self) -> Placed {
        Placed {
            place: 1,
            entry: Entry {
                id: EntryId::from_stored(SYNTHETIC),
                collection: SYNTHETIC.to_owned(),
                description: Description {
                    caption: self.prompt.clone(),
                    labels: self.words.clone(),
                    ..Description::default()
                },
                provenance: Provenance {
                    licence: SYNTHETIC.to_owned(),
                    ..Provenance::default()
                },
                width: 1,
                height: 1,
            },
            picture: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::testing;

    fn described(caption: &str) -> Description {
        Description {
            caption: caption.to_owned(),
            modality: "X-ray".to_owned(),
            ..Description::default()
        }
    }

    #[tokio::test]
    async fn the_words_asked_for_stand_beside_those_of_the_real_pictures() {
        let small = testing::filled(&[
            ("one", described("Pneumonia of the lobe."), 10),
            ("two", described("Lungs."), 200),
        ])
        .await;
        let synthetic = Synthetic {
            prompt: "Chest with pneumonia and pacemaker".to_owned(),
            words: vec!["thorax".to_owned()],
        };
        let names = ["two", "gone", "one"];
        let nearest = names.map(|name| EntryId::new("t", name));
        let beside = beside_real(&small.atlas, &synthetic, &nearest).await;
        let beside = beside.expect("some are there");
        let places: Vec<usize> = beside.real.iter().map(|placed| placed.place).collect();
        assert_eq!(places, [1, 3]);
        let named = |concepts: &[super::super::Concept]| -> Vec<String> {
            concepts
                .iter()
                .map(|concept| concept.name.clone())
                .collect()
        };
        let both = named(&beside.concepts.both);
        assert!(both.iter().any(|name| name == "pneumonia"), "{both:?}");
        let asked = named(&beside.concepts.only_a);
        assert!(asked.iter().any(|name| name == "pacemaker"), "{asked:?}");
        let real = named(&beside.concepts.only_b);
        assert!(real.iter().any(|name| name == "lobe"), "{real:?}");
    }
}
