//! What the classes of the labelled sets are asked for with: the names and templates that training
//! uses (`models/training/data.py`), and plain ones for a set that it doesn't know.

use super::error::EvaluationError;
use super::pairs::Pairs;

/// What a label is called in words, where its name isn't words.
const NAMES: &[(&str, &str)] = &[
    ("AbdomenCT", "CT of the abdomen"),
    ("BreastMRI", "MRI of the breast"),
    ("CXR", "chest x-ray"),
    ("ChestCT", "CT of the chest"),
    ("Hand", "x-ray of the hand"),
    ("HeadCT", "CT of the head"),
];
/// Templates of a set, by the first letters of its name without signs; `{}` stands for the class.
const TEMPLATES: &[(&str, &[&str])] = &[
    ("mednist", GENERAL),
    (
        "ham10000",
        &[
            "Dermoscopy of {}.",
            "{}",
            "Skin lesion: {}.",
            "Dermoscopic image showing {}.",
        ],
    ),
    (
        "bonefracture",
        &["Limb x-ray with {}.", "{}", "Radiograph showing a {}."],
    ),
    (
        "lc25000",
        &[
            "H&E histology of {}.",
            "{}",
            "Microscopy of {}, haematoxylin and eosin.",
        ],
    ),
    (
        "gastrovision",
        &["Endoscopy showing {}.", "{}", "Endoscopic image of {}."],
    ),
    (
        "busi",
        &[
            "Breast ultrasound: {} finding.",
            "Ultrasound of the breast, {}.",
            "{} breast ultrasound",
        ],
    ),
];
/// For any other set.
const GENERAL: &[&str] = &["{}.", "{}", "A picture: {}."];

/// The classes of a set and the texts that each is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// The classes, in the order of their names.
    pub classes: Vec<String>,
    /// Texts of each class; the mean of their vectors stands for it.
    pub texts: Vec<Vec<String>>,
}

/// A label in words.
pub(super) fn in_words(label: &str) -> &str {
    let known = NAMES.iter().find(|(name, _)| *name == label);
    known.map_or(label, |(_, words)| *words)
}

/// The classes of the rows, each by its first label, with their texts. The templates are those of
/// the set that the first row's source or the file is named after.
///
/// # Errors
/// [`EvaluationError::OneClass`] if there is nothing to tell apart, [`EvaluationError::Lacking`] if
/// no row has a label.
pub fn prompts(pairs: &Pairs) -> Result<Prompts, EvaluationError> {
    let labels = pairs.rows().iter().filter_map(|row| row.labels.first());
    let mut classes: Vec<String> = labels.cloned().collect();
    classes.sort_unstable();
    classes.dedup();
    let path = || pairs.path().to_owned();
    match classes.as_slice() {
        [] => {
            return Err(EvaluationError::Lacking {
                path: path(),
                what: "label",
            });
        }
        [class] => {
            return Err(EvaluationError::OneClass {
                path: path(),
                class: class.clone(),
            });
        }
        _ => {}
    }
    let templates = templates(pairs);
    let texts = classes.iter().map(|class| {
        let words = in_words(class);
        templates
            .iter()
            .map(|template| template.replace("{}", words))
            .collect::<Vec<String>>()
    });
    let texts = texts.collect();
    Ok(Prompts { classes, texts })
}

/// The templates that the classes of these rows are asked for with; there is one at least.
pub(super) fn templates(pairs: &Pairs) -> &'static [&'static str] {
    of_set(pairs, TEMPLATES).unwrap_or(GENERAL)
}

/// What a table says of the set that the first row's source or the file is named after.
pub(super) fn of_set<T: Copy>(pairs: &Pairs, table: &[(&str, T)]) -> Option<T> {
    let source = pairs.rows().first().map_or("", |row| row.source.as_str());
    let file = pairs.path().file_stem().unwrap_or_default();
    let of_name = |name: &str| {
        let signs = |letter: &char| letter.is_ascii_alphanumeric();
        let name: String = name.to_lowercase().chars().filter(signs).collect();
        let mut sets = table.iter();
        sets.find(|(set, _)| name.starts_with(set))
            .map(|(_, said)| *said)
    };
    of_name(source).or_else(|| of_name(&file.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn pairs(file: &str, lines: &str) -> Pairs {
        Pairs::of_lines(Path::new(file), lines.as_bytes()).expect("rows")
    }

    const TWO: &str = "{\"file\": \"a\", \"labels\": [\"Hand\", \"x\"]}\n\
        {\"file\": \"b\", \"labels\": [\"CXR\"]}\n{\"file\": \"c\", \"labels\": [\"Hand\"]}";

    #[test]
    fn classes_are_in_order_and_asked_for_in_words() {
        let prompts = prompts(&pairs("x.jsonl", TWO)).expect("two classes");
        assert_eq!(prompts.classes, ["CXR", "Hand"]);
        assert_eq!(
            prompts.texts[1],
            [
                "x-ray of the hand.",
                "x-ray of the hand",
                "A picture: x-ray of the hand."
            ]
        );
    }

    #[test]
    fn one_class_is_none_to_tell_apart() {
        let line = "{\"file\": \"a\", \"labels\": [\"Hand\"]}";
        let error = prompts(&pairs("x.jsonl", line)).expect_err("one class");
        assert_eq!(
            error.to_string(),
            "All labelled rows of x.jsonl are of one class, \"Hand\". Two classes are needed at \
             least."
        );
        assert!(prompts(&pairs("x.jsonl", "{\"file\": \"a\"}")).is_err());
    }

    #[test]
    fn templates_are_those_of_the_set_whatever_its_name_is_written_like() {
        let by_file = templates(&pairs("in/bone-fracture.jsonl", TWO));
        assert_eq!(by_file[0], "Limb x-ray with {}.");
        let line = "{\"file\": \"a\", \"source\": \"Bone Fracture Detection (Roboflow)\"}";
        assert_eq!(templates(&pairs("x.jsonl", line)), by_file);
        let line = "{\"file\": \"a\", \"source\": \"HAM10000\"}";
        assert_eq!(templates(&pairs("busi.jsonl", line)).len(), 4);
        assert_eq!(templates(&pairs("x.jsonl", TWO)), GENERAL);
    }
}
