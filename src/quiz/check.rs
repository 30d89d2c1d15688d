//! What a question must be like to be kept and shown: enough answers, a key among them, texts that
//! fit where they are read. Whether the key is true is for people.

use std::collections::HashSet;

use super::item::{Item, Kind, Task};

/// Longest stem, in characters.
pub const LONGEST_STEM: usize = 1_000;
/// Longest answer, in characters: Discord's longest label of a button.
pub const LONGEST_OPTION: usize = 80;
/// Longest rationale, in characters.
pub const LONGEST_RATIONALE: usize = 3_000;
/// Longest alt text, in characters: Discord's.
const LONGEST_ALT: usize = 1_024;
/// Longest topic, in characters.
const LONGEST_TOPIC: usize = 100;
/// Fewest and most answers to choose from.
const OPTIONS: (usize, usize) = (2, 10);
/// Most pictures: a message holds ten, and the reveal has one of its own.
const MOST_PICTURES: usize = 9;
/// Pictures to choose one from.
pub(super) const CHOICES: usize = 4;

/// Why a question can't be kept; each is half a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemFault {
    /// The stem is empty.
    #[error("it asks nothing: the stem is empty")]
    NoStem,
    /// A text is too long.
    #[error("the {what} has {length} characters, and at most {most} can be shown")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its characters.
        length: usize,
        /// Most that fit.
        most: usize,
    },
    /// There are too few or too many answers.
    #[error("it has {found} answers; give {} to {}", OPTIONS.0, OPTIONS.1)]
    OptionCount {
        /// How many there are.
        found: usize,
    },
    /// An answer is empty.
    #[error("one of its answers is empty")]
    EmptyOption,
    /// Two answers are the same.
    #[error("it has the answer “{0}” twice")]
    SameOption(String),
    /// The key names no answer.
    #[error("its key names no answer")]
    KeyOutOfRange,
    /// Nothing or everything is right.
    #[error("it needs a right and a wrong answer at least")]
    NothingToChoose,
    /// The number of pictures doesn't fit the kind.
    #[error("a question of the kind “{kind}” needs {needed}, and it has {found} pictures")]
    PictureCount {
        /// The kind.
        kind: &'static str,
        /// What it needs.
        needed: &'static str,
        /// How many it has.
        found: usize,
    },
    /// A picture is shown twice.
    #[error("it shows one picture twice")]
    SamePicture,
    /// A picture has no alt text.
    #[error("each picture needs an alt text")]
    NoAlt,
    /// A box lies outside of the picture, or is none.
    #[error("a box must be left, top, right and bottom in percent, from 0 to 100")]
    BadBox,
    /// The grid has no cells, or too many.
    #[error("its grid must have 2 to 25 cells")]
    BadGrid,
    /// Everything is right.
    #[error("its structure fills so much of the picture that pointing at it says nothing")]
    EverywhereRight,
    /// The share is none.
    #[error("the expected share of right answers must be from 0 to 1")]
    BadExpectation,
}

impl Item {
    /// Checks that it can be kept and shown.
    ///
    /// # Errors
    /// [`ItemFault`], the first that is found.
    pub fn check(&self) -> Result<(), ItemFault> {
        if self.stem.trim().is_empty() {
            return Err(ItemFault::NoStem);
        }
        fits("stem", &self.stem, LONGEST_STEM)?;
        fits("rationale", &self.rationale, LONGEST_RATIONALE)?;
        fits("topic", &self.topic, LONGEST_TOPIC)?;
        if !(0.0..=1.0).contains(&self.expected) {
            return Err(ItemFault::BadExpectation);
        }
        self.check_pictures()?;
        check_task(&self.task)
    }

    fn check_pictures(&self) -> Result<(), ItemFault> {
        let found = self.pictures.len();
        let (fits_kind, needed) = match self.kind() {
            Kind::WhichPicture => (found == CHOICES, "four pictures"),
            Kind::ConfusablePair => (found == 2, "two pictures"),
            Kind::Point => (found == 1, "one picture"),
            Kind::SingleChoice | Kind::MultipleChoice | Kind::TrueFalse | Kind::OpenAnswer => {
                (found <= MOST_PICTURES, "at most nine pictures")
            }
        };
        if !fits_kind {
            return Err(ItemFault::PictureCount {
                kind: self.kind().title(),
                needed,
                found,
            });
        }
        let distinct: HashSet<_> = self.pictures.iter().collect();
        if distinct.len() < found {
            return Err(ItemFault::SamePicture);
        }
        if self.alt.len() != found || self.alt.iter().any(|alt| alt.trim().is_empty()) {
            return Err(ItemFault::NoAlt);
        }
        self.alt
            .iter()
            .try_for_each(|alt| fits("alt text", alt, LONGEST_ALT))
    }
}

fn check_task(task: &Task) -> Result<(), ItemFault> {
    match task {
        Task::SingleChoice { options, key } => {
            check_options(options)?;
            in_range(*key, options.len())
        }
        Task::MultipleChoice { options, keys } => {
            check_options(options)?;
            keys.iter()
                .try_for_each(|key| in_range(*key, options.len()))?;
            let is_ascending = keys.windows(2).all(|pair| pair[0] < pair[1]);
            if keys.is_empty() || keys.len() >= options.len() || !is_ascending {
                return Err(ItemFault::NothingToChoose);
            }
            Ok(())
        }
        Task::TrueFalse { .. } => Ok(()),
        Task::WhichPicture { key } => in_range(*key, CHOICES),
        Task::ConfusablePair { options, keys } => {
            check_options(options)?;
            keys.iter().try_for_each(|key| in_range(*key, 2))?;
            // A pair whose pictures have one label is no pair.
            if keys[0] == keys[1] {
                return Err(ItemFault::NothingToChoose);
            }
            Ok(())
        }
        Task::Point {
            target,
            boxes,
            grid,
        } => {
            fits("structure", target, LONGEST_OPTION)?;
            if target.trim().is_empty() {
                return Err(ItemFault::EmptyOption);
            }
            if !grid.is_usable() {
                return Err(ItemFault::BadGrid);
            }
            if boxes.is_empty() || !boxes.iter().all(is_box) {
                return Err(ItemFault::BadBox);
            }
            if grid.right(boxes).len() * 2 > grid.cells() {
                return Err(ItemFault::EverywhereRight);
            }
            Ok(())
        }
        Task::OpenAnswer { accepted } => {
            if accepted.is_empty() {
                return Err(ItemFault::NothingToChoose);
            }
            accepted.iter().try_for_each(|text| {
                if text.trim().is_empty() {
                    return Err(ItemFault::EmptyOption);
                }
                fits("accepted answer", text, LONGEST_STEM)
            })
        }
    }
}

fn check_options(options: &[String]) -> Result<(), ItemFault> {
    if !(OPTIONS.0..=OPTIONS.1).contains(&options.len()) {
        return Err(ItemFault::OptionCount {
            found: options.len(),
        });
    }
    let mut seen = HashSet::new();
    for option in options {
        if option.trim().is_empty() {
            return Err(ItemFault::EmptyOption);
        }
        fits("answer", option, LONGEST_OPTION)?;
        if !seen.insert(option.trim().to_lowercase()) {
            return Err(ItemFault::SameOption(option.clone()));
        }
    }
    Ok(())
}

fn in_range(key: usize, count: usize) -> Result<(), ItemFault> {
    if key < count {
        Ok(())
    } else {
        Err(ItemFault::KeyOutOfRange)
    }
}

fn is_box([left, top, right, bottom]: &[f32; 4]) -> bool {
    let inside = |value: &f32| (0.0..=100.0).contains(value);
    [left, top, right, bottom].into_iter().all(inside) && left < right && top < bottom
}

fn fits(what: &'static str, text: &str, most: usize) -> Result<(), ItemFault> {
    let length = text.chars().count();
    if length > most {
        return Err(ItemFault::TooLong { what, length, most });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::super::testing::{single, text_item};
    use super::*;
    use crate::atlas::EntryId;

    fn fault(item: &Item) -> ItemFault {
        item.check().expect_err("it has a fault")
    }

    #[test]
    fn a_plain_question_is_in_order() {
        let item = single("Which plane?", &["axial", "coronal", "sagittal"], 0);
        assert_eq!(item.check(), Ok(()));
    }

    #[test]
    fn answers_and_key_must_fit_together() {
        let asked = "Which plane?";
        assert_eq!(fault(&single(" ", &["a", "b"], 0)), ItemFault::NoStem);
        assert_eq!(
            fault(&single(asked, &["a"], 0)),
            ItemFault::OptionCount { found: 1 }
        );
        assert_eq!(
            fault(&single(asked, &["a", "b"], 2)),
            ItemFault::KeyOutOfRange
        );
        let same = ItemFault::SameOption("A ".to_owned());
        assert_eq!(fault(&single(asked, &["a", "A "], 0)), same);
        let long = "x".repeat(LONGEST_OPTION + 1);
        assert!(matches!(
            fault(&single(asked, &["a", &long], 0)),
            ItemFault::TooLong { what: "answer", .. }
        ));
    }

    #[test]
    fn of_several_answers_some_are_right_and_some_are_not() {
        let options: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        for keys in [vec![], vec![0, 1, 2], vec![1, 0], vec![1, 1]] {
            let task = Task::MultipleChoice {
                options: options.clone(),
                keys,
            };
            assert_eq!(
                fault(&text_item("Which?", task)),
                ItemFault::NothingToChoose
            );
        }
    }

    #[test]
    fn kinds_need_their_pictures_each_with_an_alt_text() {
        let mut item = text_item("Which picture?", Task::WhichPicture { key: 0 });
        assert!(matches!(
            fault(&item),
            ItemFault::PictureCount { found: 0, .. }
        ));
        item.pictures = ["a", "b", "c", "c"]
            .map(|name| EntryId::new("t", name))
            .to_vec();
        assert_eq!(fault(&item), ItemFault::SamePicture);
        item.pictures[3] = EntryId::new("t", "d");
        assert_eq!(fault(&item), ItemFault::NoAlt);
        item.alt = vec!["A medical picture.".to_owned(); 4];
        assert_eq!(item.check(), Ok(()));
    }

    #[test]
    fn a_message_has_room_for_nine_pictures_beside_the_reveal() {
        let pictured = |count: usize| Item {
            pictures: (0..count)
                .map(|place| EntryId::new("t", &place.to_string()))
                .collect(),
            alt: vec!["A medical picture.".to_owned(); count],
            ..single("Which plane?", &["axial", "coronal"], 0)
        };
        assert_eq!(pictured(9).check(), Ok(()));
        let refused = fault(&pictured(10)).to_string();
        assert!(refused.contains("at most nine pictures"), "{refused}");
        assert!(refused.contains("has 10 pictures"), "{refused}");
    }

    #[test]
    fn a_box_lies_in_the_picture_and_leaves_wrong_cells() {
        let point = |corners| Item {
            pictures: vec![EntryId::new("t", "a")],
            alt: vec!["A medical picture.".to_owned()],
            ..text_item(
                "Where is it?",
                Task::Point {
                    target: "thalamus".to_owned(),
                    boxes: vec![corners],
                    grid: Grid::default(),
                },
            )
        };
        assert_eq!(point([10.0, 10.0, 20.0, 20.0]).check(), Ok(()));
        for corners in [
            [20.0, 10.0, 10.0, 20.0],
            [-1.0, 0.0, 5.0, 5.0],
            [0.0, 0.0, f32::NAN, 5.0],
        ] {
            assert_eq!(fault(&point(corners)), ItemFault::BadBox);
        }
        let all = fault(&point([0.0, 0.0, 100.0, 100.0]));
        assert_eq!(all, ItemFault::EverywhereRight);
    }
}
