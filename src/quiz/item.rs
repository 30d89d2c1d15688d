//! What a question is: its stem, its pictures, its key, and what is told after the reveal. It knows
//! neither where questions are kept nor how they are drawn up.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::grid::Grid;
use crate::atlas::{EntryId, Provenance};

/// The kinds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One of several answers is right.
    SingleChoice,
    /// Several of the answers may be right.
    MultipleChoice,
    /// A statement about a picture.
    TrueFalse,
    /// One of four pictures is right.
    WhichPicture,
    /// Two pictures that are easily taken for one another, each with one of two labels.
    ConfusablePair,
    /// A cell of a grid over the structure that is asked for.
    Point,
    /// Free text, marked by the tutor.
    OpenAnswer,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::SingleChoice,
        Self::MultipleChoice,
        Self::TrueFalse,
        Self::WhichPicture,
        Self::ConfusablePair,
        Self::Point,
        Self::OpenAnswer,
    ];

    /// Its name, as it is typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleChoice => "single_choice",
            Self::MultipleChoice => "multiple_choice",
            Self::TrueFalse => "true_false",
            Self::WhichPicture => "which_picture",
            Self::ConfusablePair => "confusable_pair",
            Self::Point => "point",
            Self::OpenAnswer => "open_answer",
        }
    }

    /// The kind of that name; hyphens and blanks count as underscores.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace(['-', ' '], "_");
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::SingleChoice => "single choice",
            Self::MultipleChoice => "multiple choice",
            Self::TrueFalse => "true or false",
            Self::WhichPicture => "which picture",
            Self::ConfusablePair => "confusable pair",
            Self::Point => "point",
            Self::OpenAnswer => "open answer",
        }
    }
}

/// What is to be done, with the key. Places in lists count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Task {
    /// Choose one answer.
    SingleChoice {
        /// The answers.
        options: Vec<String>,
        /// The right one.
        key: usize,
    },
    /// Choose all right answers.
    MultipleChoice {
        /// The answers.
        options: Vec<String>,
        /// The right ones, ascending.
        keys: Vec<usize>,
    },
    /// Say whether the stem is true.
    TrueFalse {
        /// Whether it is.
        key: bool,
    },
    /// Choose one of the pictures.
    WhichPicture {
        /// The right one.
        key: usize,
    },
    /// Give each of the two pictures one of the two labels. Both must be right.
    ConfusablePair {
        /// The labels.
        options: [String; 2],
        /// The label of each picture.
        keys: [usize; 2],
    },
    /// Choose the cell over a structure.
    Point {
        /// The structure.
        target: String,
        /// Where it is: left, top, right and bottom in percent of the picture, one for each part
        /// or side.
        boxes: Vec<[f32; 4]>,
        /// How the picture is divided.
        grid: Grid,
    },
    /// Write an answer. The tutor marks it.
    OpenAnswer {
        /// Answers that are right, the plainest first.
        accepted: Vec<String>,
    },
}

impl Task {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::SingleChoice { .. } => Kind::SingleChoice,
            Self::MultipleChoice { .. } => Kind::MultipleChoice,
            Self::TrueFalse { .. } => Kind::TrueFalse,
            Self::WhichPicture { .. } => Kind::WhichPicture,
            Self::ConfusablePair { .. } => Kind::ConfusablePair,
            Self::Point { .. } => Kind::Point,
            Self::OpenAnswer { .. } => Kind::OpenAnswer,
        }
    }

    /// The texts that can be chosen, in their order; none for kinds without texts.
    pub fn options(&self) -> &[String] {
        match self {
            Self::SingleChoice { options, .. } | Self::MultipleChoice { options, .. } => options,
            Self::ConfusablePair { options, .. } => options,
            Self::TrueFalse { .. }
            | Self::WhichPicture { .. }
            | Self::Point { .. }
            | Self::OpenAnswer { .. } => &[],
        }
    }

    /// Whether it is scored as right or wrong by its key, so that statistics can count it.
    pub fn is_scored_by_key(&self) -> bool {
        !matches!(self, Self::OpenAnswer { .. })
    }

    /// The key in words, as it is told after the reveal.
    pub fn key_in_words(&self) -> String {
        match self {
            Self::SingleChoice { options, key } => text_at(options, *key),
            Self::MultipleChoice { options, keys } => {
                let texts: Vec<String> = keys.iter().map(|key| text_at(options, *key)).collect();
                texts.join("; ")
            }
            Self::TrueFalse { key } => if *key { "True" } else { "False" }.to_owned(),
            Self::WhichPicture { key } => format!("Picture {}", letter(*key)),
            Self::ConfusablePair { options, keys } => format!(
                "Picture A: {}; picture B: {}",
                text_at(options, keys[0]),
                text_at(options, keys[1])
            ),
            Self::Point { boxes, grid, .. } => {
                let cells: Vec<String> = grid
                    .right(boxes)
                    .into_iter()
                    .map(|cell| grid.name(cell))
                    .collect();
                cells.join(", ")
            }
            Self::OpenAnswer { accepted } => accepted.join("; "),
        }
    }
}

/// The letter of a picture: `A` for the first.
pub fn letter(place: usize) -> char {
    u8::try_from(place)
        .ok()
        .filter(|place| *place < 26)
        .map_or('?', |place| char::from(b'A' + place))
}

fn text_at(options: &[String], place: usize) -> String {
    options.get(place).cloned().unwrap_or_default()
}

/// Where a picture of a question comes from, as it stood when the question was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The picture.
    pub entry: EntryId,
    /// Its source and licence.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// How difficult a question is expected to be, before anybody has answered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    /// Three of four students are expected to be right, or more.
    Easy,
    /// Half of them or more.
    Medium,
    /// Fewer.
    Hard,
}

impl Difficulty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }

    /// The one of an expected share of right answers.
    pub fn of(expected: f32) -> Self {
        if expected >= 0.75 {
            Self::Easy
        } else if expected >= 0.5 {
            Self::Medium
        } else {
            Self::Hard
        }
    }
}

/// A question with everything that is shown before and after the reveal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What is asked.
    pub stem: String,
    /// What is to be done, with the key.
    #[serde(flatten)]
    pub task: Task,
    /// The pictures, in the order in which they are shown.
    #[serde(default)]
    pub pictures: Vec<EntryId>,
    /// Alt text of each picture, which tells nothing of the answer.
    #[serde(default)]
    pub alt: Vec<String>,
    /// Why the key is right; told after the reveal.
    #[serde(default)]
    pub rationale: String,
    /// The entries that the rationale rests on, by their numbers in it: `[1]` is the first.
    #[serde(default)]
    pub citations: Vec<EntryId>,
    /// Sources and licences of the pictures.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What it is about, in a few words.
    #[serde(default)]
    pub topic: String,
    /// Share of students who are expected to be right, 0 to 1.
    #[serde(default = "unknown")]
    pub expected: f32,
}

/// What is expected where nothing is known.
fn unknown() -> f32 {
    0.5
}

impl Item {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.task.kind()
    }

    /// How difficult it is expected to be.
    pub fn difficulty(&self) -> Difficulty {
        Difficulty::of(self.expected)
    }

    /// What two questions share that ask the same: kind, stem, key and the pictures that the key is
    /// about; 32 hexadecimal digits. Distractors and their order don't count.
    pub fn fingerprint(&self) -> String {
        let plain = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
            words.join(" ")
        };
        let mut parts = vec![self.kind().name().to_owned(), plain(&self.stem)];
        let mut asked: Vec<String> = match &self.task {
            Task::SingleChoice { options, key } => vec![plain(&text_at(options, *key))],
            Task::MultipleChoice { options, keys } => keys
                .iter()
                .map(|key| plain(&text_at(options, *key)))
                .collect(),
            Task::TrueFalse { .. } => Vec::new(),
            Task::WhichPicture { key } => {
                let picture = self.pictures.get(*key);
                picture.iter().map(ToString::to_string).collect()
            }
            Task::ConfusablePair { options, .. } => {
                options.iter().map(|text| plain(text)).collect()
            }
            Task::Point { target, .. } => vec![plain(target)],
            Task::OpenAnswer { accepted } => accepted.iter().map(|text| plain(text)).collect(),
        };
        if self.kind() != Kind::WhichPicture {
            asked.extend(self.pictures.iter().map(ToString::to_string));
        }
        asked.sort_unstable();
        parts.append(&mut asked);
        digest(&parts, 16)
    }

    /// The file name under which a picture is shown: it tells nothing of what is on it. The key has
    /// no part in it either: who tries all answers would find the one that gives this name.
    pub fn picture_name(&self, place: usize) -> String {
        let mut parts = vec![self.kind().name().to_owned(), self.stem.clone()];
        parts.extend(self.pictures.iter().map(ToString::to_string));
        if let Task::Point { grid, .. } = &self.task {
            parts.push(format!("{} {}", grid.columns, grid.rows));
        }
        let name = letter(place).to_ascii_lowercase();
        format!("question-{}-{name}.jpg", digest(&parts, 4))
    }
}

/// The first bytes of a digest over texts, as hexadecimal digits.
fn digest(parts: &[String], bytes: usize) -> String {
    let digest = Sha256::digest(parts.join("\u{1f}"));
    let first = digest.iter().take(bytes);
    first.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{single, text_item};
    use super::*;

    #[test]
    fn names_of_kinds_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(Kind::parse(&kind.name().replace('_', "-")), Some(kind));
        }
        assert_eq!(Kind::parse("essay"), None);
    }

    #[test]
    fn the_same_question_has_one_fingerprint_whatever_its_distractors() {
        let one = single("Which plane?", &["axial", "coronal", "sagittal"], 0);
        let mut other = single("which  PLANE?", &["sagittal", "Axial", "oblique"], 1);
        assert_eq!(one.fingerprint(), other.fingerprint());
        other.task = Task::SingleChoice {
            options: vec!["sagittal".to_owned(), "axial".to_owned()],
            key: 0,
        };
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn the_other_pictures_of_a_question_for_a_picture_are_its_distractors() {
        let item = |pictures: [&str; 4], key| Item {
            pictures: pictures
                .iter()
                .map(|name| EntryId::new("t", name))
                .collect(),
            ..text_item("Which picture is an MRI?", Task::WhichPicture { key })
        };
        let one = item(["a", "b", "c", "d"], 1);
        assert_eq!(
            one.fingerprint(),
            item(["b", "x", "y", "z"], 0).fingerprint()
        );
        assert_ne!(
            one.fingerprint(),
            item(["a", "b", "c", "d"], 0).fingerprint()
        );
    }

    #[test]
    fn a_picture_is_shown_under_a_name_that_tells_nothing() {
        let item = Item {
            pictures: vec![EntryId::new("starter", "fundus-macula")],
            ..single("Which part?", &["macula", "optic disc", "vessels"], 0)
        };
        let name = item.picture_name(0);
        assert!(name.ends_with("-a.jpg"), "{name}");
        assert!(!name.contains("macula"), "{name}");
        let other = Item {
            task: single("Which part?", &["macula", "optic disc", "vessels"], 2).task,
            ..item
        };
        assert_eq!(other.picture_name(0), name, "the key is not in it");
        assert_ne!(other.picture_name(1), name);
    }

    #[test]
    fn the_json_of_an_item_names_its_kind_beside_the_rest() {
        let item = single("Which plane?", &["axial", "coronal", "sagittal"], 2);
        let json = serde_json::to_value(&item).expect("plain data");
        assert_eq!(json["kind"], "single_choice");
        assert_eq!(json["options"][2], "sagittal");
        let read: Item = serde_json::from_value(json).expect("its own words");
        assert_eq!(read, item);
    }
}
