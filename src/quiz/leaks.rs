//! Whether a question gives its answer away before the reveal: in its stem, in an alt text, in a
//! file's name, or in letters that are burned into a picture. It compares words; whether a picture
//! gives something away by what it shows is for people.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::item::{Item, Task, letter};
use crate::atlas::{Description, Entry, EntryId};
use crate::evaluation::stem::stems;

/// What captions say of pictures that have something written on them.
const LETTERING: &[&str] = &[
    "annotated",
    "annotation",
    "burned in",
    "burned-in",
    "burnt in",
    "inscription",
    "labeled",
    "labelled",
    "lettered",
    "lettering",
    "on the screen",
    "overlaid text",
    "screen labels",
    "screen shows",
    "text overlay",
];
/// Stems of words that frame a statement and say nothing of a picture.
const FRAME: &[&str] = &[
    "choos", "cut", "document", "exampl", "find", "follow", "from", "imag", "method", "one",
    "pass", "pictur", "plane", "question", "show", "structur", "taken", "through", "what", "which",
];

/// Where the answer is given away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "where", rename_all = "snake_case")]
pub enum Leak {
    /// The stem says the key and no other answer.
    Stem,
    /// The alt text of the picture at this place says it.
    Alt {
        /// From 0.
        place: usize,
    },
    /// The file name of the picture at this place says it.
    FileName {
        /// From 0.
        place: usize,
    },
    /// Something is written on this picture, by its caption.
    Lettering {
        /// The picture.
        entry: EntryId,
    },
}

impl fmt::Display for Leak {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stem => write!(formatter, "the stem says the answer"),
            Self::Alt { place } => {
                let picture = letter(*place);
                write!(
                    formatter,
                    "the alt text of picture {picture} says the answer"
                )
            }
            Self::FileName { place } => {
                let picture = letter(*place);
                write!(
                    formatter,
                    "the file name of picture {picture} says the answer"
                )
            }
            Self::Lettering { entry } => {
                write!(formatter, "by its caption something is written on {entry}")
            }
        }
    }
}

/// Looks for the answer in everything that is shown before the reveal. `shown` are the entries of
/// the question's pictures, as far as they are known.
pub fn leaks(item: &Item, shown: &[Entry]) -> Vec<Leak> {
    let mut found = Vec::new();
    if in_stem(item) {
        found.push(Leak::Stem);
    }
    let told = Told::of(item);
    let alts: Vec<BTreeSet<String>> = item.alt.iter().map(|alt| words(alt)).collect();
    for (place, alt) in alts.iter().enumerate() {
        if told.is_said_by(place, alt, &alts) {
            found.push(Leak::Alt { place });
        }
    }
    for (place, entry) in item.pictures.iter().enumerate() {
        let name = item.picture_name(place);
        let (_, identifier) = entry.as_str().split_once('/').unwrap_or_default();
        // A short name may well stand among the digits.
        let is_named = identifier.chars().count() > 3 && name.contains(identifier);
        if is_named || told.is_in(&words(&name)) {
            found.push(Leak::FileName { place });
        }
    }
    let written = shown
        .iter()
        .filter(|entry| item.pictures.contains(&entry.id) && has_lettering(&entry.description));
    found.extend(written.map(|entry| Leak::Lettering {
        entry: entry.id.clone(),
    }));
    found
}

/// Whether the caption or the alt text says that something is written on the picture.
pub(super) fn has_lettering(description: &Description) -> bool {
    let said = format!(
        "{} {}",
        description.caption,
        description.alt.as_deref().unwrap_or_default()
    );
    let said: String = said
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == '-' {
                letter
            } else {
                ' '
            }
        })
        .collect();
    let said: Vec<&str> = said.split_whitespace().collect();
    let said = format!(" {} ", said.join(" "));
    LETTERING
        .iter()
        .any(|words| said.contains(&format!(" {words} ")))
}

fn words(text: &str) -> BTreeSet<String> {
    stems(text).into_iter().collect()
}

/// Whether the stem says the key of a choice, or an accepted answer. A stem that names all answers
/// says nothing.
fn in_stem(item: &Item) -> bool {
    let stem = words(&item.stem);
    let says = |text: &String| {
        let said = words(text);
        !said.is_empty() && said.is_subset(&stem)
    };
    match &item.task {
        Task::SingleChoice { options, key } => {
            let others = options.iter().enumerate();
            let says_another = others
                .filter(|(place, _)| place != key)
                .any(|(_, text)| says(text));
            options.get(*key).is_some_and(says) && !says_another
        }
        Task::MultipleChoice { options, keys } => {
            let said = |place: &usize| options.get(*place).is_some_and(says);
            let wrong = (0..options.len()).filter(|place| !keys.contains(place));
            keys.iter().any(said) && !wrong.into_iter().any(|place| said(&place))
        }
        Task::OpenAnswer { accepted } => accepted.iter().any(says),
        Task::TrueFalse { .. }
        | Task::WhichPicture { .. }
        | Task::ConfusablePair { .. }
        | Task::Point { .. } => false,
    }
}

/// What must not be said before the reveal.
enum Told {
    /// None of these texts as a whole.
    Texts(Vec<BTreeSet<String>>),
    /// None of these words.
    Words(BTreeSet<String>),
    /// None of these words by one picture alone.
    OfOne(BTreeSet<String>),
}

impl Told {
    fn of(item: &Item) -> Self {
        let texts = |texts: &[String]| Self::Texts(texts.iter().map(|text| words(text)).collect());
        let telling = || {
            let mut words = words(&item.stem);
            words.retain(|word| !FRAME.contains(&word.as_str()));
            words
        };
        match &item.task {
            Task::SingleChoice { options, key } => texts(
                options
                    .get(*key)
                    .map(std::slice::from_ref)
                    .unwrap_or_default(),
            ),
            Task::MultipleChoice { options, keys } => {
                let keys = keys.iter().filter_map(|key| options.get(*key).cloned());
                texts(keys.collect::<Vec<String>>().as_slice())
            }
            Task::OpenAnswer { accepted } => texts(accepted.as_slice()),
            Task::ConfusablePair { options, .. } => texts(options.as_slice()),
            Task::TrueFalse { .. } => Self::Words(telling()),
            Task::WhichPicture { .. } => Self::OfOne(telling()),
            Task::Point { boxes, grid, .. } => {
                let cells = grid.right(boxes).into_iter().map(|cell| grid.name(cell));
                texts(cells.collect::<Vec<String>>().as_slice())
            }
        }
    }

    fn is_in(&self, said: &BTreeSet<String>) -> bool {
        match self {
            Self::Texts(texts) => texts
                .iter()
                .any(|text| !text.is_empty() && text.is_subset(said)),
            Self::Words(words) | Self::OfOne(words) => !words.is_disjoint(said),
        }
    }

    fn is_said_by(&self, place: usize, said: &BTreeSet<String>, all: &[BTreeSet<String>]) -> bool {
        match self {
            Self::Texts(_) | Self::Words(_) => self.is_in(said),
            Self::OfOne(words) => {
                let others = all.iter().enumerate().filter(|(other, _)| *other != place);
                let others: Vec<&BTreeSet<String>> = others.map(|(_, alt)| alt).collect();
                words
                    .intersection(said)
                    .any(|word| !others.iter().all(|other| other.contains(word)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::super::testing::{single, text_item};
    use super::*;

    fn with_alts(item: Item, alts: &[&str]) -> Item {
        let names = ["mri-brain", "b", "c", "d"].into_iter().take(alts.len());
        Item {
            pictures: names.map(|name| EntryId::new("t", name)).collect(),
            alt: alts.iter().map(|alt| (*alt).to_owned()).collect(),
            ..item
        }
    }

    fn planes() -> Item {
        single(
            "In which plane is it?",
            &["axial", "coronal", "sagittal"],
            0,
        )
    }

    #[test]
    fn the_key_is_looked_for_in_stem_and_alt_text() {
        let quiet = with_alts(planes(), &["An MRI of the brain."]);
        assert!(leaks(&quiet, &[]).is_empty());
        let loud = with_alts(planes(), &["An axial MRI."]);
        assert_eq!(leaks(&loud, &[]), [Leak::Alt { place: 0 }]);
        // Another answer is a wrong hint, and no leak of the key.
        let other = with_alts(planes(), &["A coronal MRI."]);
        assert!(leaks(&other, &[]).is_empty());
        let mut named = planes();
        named.stem = "This axial cut has which plane?".to_owned();
        assert_eq!(leaks(&named, &[]), [Leak::Stem]);
        named.stem = "Is it axial, coronal or sagittal?".to_owned();
        assert!(leaks(&named, &[]).is_empty());
    }

    #[test]
    fn a_statement_is_not_told_by_the_alt_text() {
        let statement = text_item(
            "This picture is taken in the axial plane.",
            Task::TrueFalse { key: true },
        );
        let quiet = with_alts(statement.clone(), &["A picture of the brain."]);
        assert!(leaks(&quiet, &[]).is_empty());
        let loud = with_alts(statement, &["An axial picture."]);
        assert_eq!(leaks(&loud, &[]), [Leak::Alt { place: 0 }]);
    }

    #[test]
    fn one_picture_of_four_must_not_be_named_alone() {
        let which = text_item(
            "Which of these pictures shows the heart?",
            Task::WhichPicture { key: 1 },
        );
        let same = ["A picture of the heart or of something else."; 4];
        assert!(leaks(&with_alts(which.clone(), &same), &[]).is_empty());
        let mut loud = ["A picture."; 4];
        loud[1] = "A heart.";
        let found = leaks(&with_alts(which, &loud), &[]);
        assert_eq!(found, [Leak::Alt { place: 1 }]);
    }

    #[test]
    fn labels_cells_and_accepted_answers_are_not_told() {
        let pair = Task::ConfusablePair {
            options: ["axial".to_owned(), "coronal".to_owned()],
            keys: [1, 0],
        };
        let pair = with_alts(text_item("Which is which?", pair), &["Coronal.", "A cut."]);
        assert_eq!(leaks(&pair, &[]), [Leak::Alt { place: 0 }]);
        let point = Task::Point {
            target: "thalamus".to_owned(),
            boxes: vec![[42.0, 42.0, 58.0, 58.0]],
            grid: Grid::default(),
        };
        let point = text_item("Where is the thalamus?", point);
        let quiet = with_alts(point.clone(), &["A brain with its thalamus."]);
        assert!(leaks(&quiet, &[]).is_empty());
        let loud = with_alts(point, &["Look at C3."]);
        assert_eq!(leaks(&loud, &[]), [Leak::Alt { place: 0 }]);
        let open = Task::OpenAnswer {
            accepted: vec!["brain MRI".to_owned()],
        };
        let open = with_alts(text_item("What is it?", open), &["An MRI, of the brain."]);
        assert_eq!(leaks(&open, &[]), [Leak::Alt { place: 0 }]);
    }

    #[test]
    fn letters_on_a_picture_are_found_by_the_words_of_its_caption() {
        let says = |caption: &str| {
            has_lettering(&Description {
                caption: caption.to_owned(),
                ..Description::default()
            })
        };
        for caption in [
            "Ultrasound of a lymph node, labelled so on the screen.",
            "The screen labels the measurement.",
            "With burned-in text.",
        ] {
            assert!(says(caption), "{caption}");
        }
        for caption in [
            "Radiolabelled antibodies.",
            "The header names the region as neck.",
        ] {
            assert!(!says(caption), "{caption}");
        }
    }

    #[test]
    fn a_shown_picture_with_letters_is_a_leak() {
        let item = with_alts(planes(), &["A picture."]);
        let entry = Entry {
            id: item.pictures[0].clone(),
            collection: "t".to_owned(),
            description: Description {
                caption: "An annotated cut.".to_owned(),
                ..Description::default()
            },
            provenance: crate::atlas::Provenance::default(),
            width: 9,
            height: 9,
        };
        let found = leaks(&item, std::slice::from_ref(&entry));
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().contains("t/mri-brain"), "{}", found[0]);
    }
}
