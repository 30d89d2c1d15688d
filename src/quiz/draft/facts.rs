//! What an entry says of its picture, sorted by field: modality, plane, part of the body, structures
//! with or without boxes, findings. Labels of technique are left out: nobody sees them.

use std::collections::BTreeSet;

use crate::atlas::{Description, Entry};
use crate::evaluation::stem::stems;

/// What a term is about. Answers of one question are of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Modality,
    Plane,
    Part,
    Structure,
    Finding,
}

/// Something that is true of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    pub(super) field: Field,
    /// As the atlas spells it.
    pub(super) name: String,
    /// What it is compared by.
    pub(super) key: String,
    /// Where it is; both sides of what comes in pairs.
    pub(super) boxes: Vec<[f32; 4]>,
}

/// All that is known of a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) facts: Vec<Fact>,
    /// Keys of the structures that have boxes.
    pub(super) boxed: BTreeSet<String>,
    /// Keys of all labels, technique too.
    pub(super) labels: BTreeSet<String>,
    /// Stems of all its words.
    words: BTreeSet<String>,
}

/// Stems of labels that tell how a picture was made, or say nothing that is seen.
const TECHNIQUE: &[&str] = &[
    "2018",
    "acoust",
    "angiographi",
    "averag",
    "bowl",
    "channel",
    "contrast",
    "cross",
    "cryo",
    "cycl",
    "dab",
    "data",
    "densiti",
    "detail",
    "diamet",
    "digit",
    "doppler",
    "echo",
    "echocardiogram",
    "em",
    "enhanc",
    "eosin",
    "et",
    "fat",
    "fhl2",
    "flow",
    "fluoresc",
    "frame",
    "fundu",
    "gadolinium",
    "gradient",
    "h",
    "haematoxylin",
    "healthi",
    "hematoxylin",
    "histolog",
    "holographi",
    "ihc",
    "imag",
    "immunohistochemistri",
    "map",
    "measur",
    "microscopi",
    "mni152",
    "mr",
    "mri",
    "multi",
    "neuroanatomi",
    "nois",
    "normal",
    "particl",
    "patholog",
    "perfus",
    "phase",
    "photograph",
    "photographi",
    "probabl",
    "quantit",
    "radiograph",
    "radiographi",
    "radiotrac",
    "rai",
    "ray",
    "rcbf",
    "resolut",
    "satur",
    "scan",
    "scienc",
    "scintigraphi",
    "segment",
    "sonographi",
    "spin",
    "stack",
    "stain",
    "t1",
    "t2",
    "tee",
    "templat",
    "tomographi",
    "transabdomin",
    "ultrasound",
    "vibe",
    "view",
    "vascular",
    "weight",
    "window",
    "x",
    "x-rai",
    "ct",
];
/// Words that name findings.
const FINDINGS: &[&str] = &[
    "abscess",
    "aneurysm",
    "atelectasis",
    "calcification",
    "collection",
    "consolidation",
    "cyst",
    "dislocation",
    "edema",
    "effect",
    "effusion",
    "embolism",
    "fracture",
    "haemorrhage",
    "hemorrhage",
    "hernia",
    "infarct",
    "infarction",
    "lesion",
    "lesions",
    "mass",
    "metastases",
    "metastasis",
    "microaneurysms",
    "mitosis",
    "naevus",
    "nevus",
    "nodule",
    "nodules",
    "oedema",
    "opacities",
    "opacity",
    "pleomorphism",
    "pneumothorax",
    "septa",
    "shift",
    "stenosis",
    "stroke",
    "tear",
    "thrombosis",
    "thrombus",
    "tumor",
    "tumour",
    "ulcer",
];
/// Ends of words that name findings.
const FINDING_ENDS: &[&str] = &[
    "aemia",
    "carcinoma",
    "ectasis",
    "emia",
    "fibroma",
    "itis",
    "lipoma",
    "lymphoma",
    "megaly",
    "melanoma",
    "osis",
    "pathy",
    "plasia",
    "pneumonia",
    "sarcoma",
    "sclerosis",
    "trophy",
];
/// Longest term, in characters: it must fit on a button.
const LONGEST_TERM: usize = 70;

impl Facts {
    /// What an entry says.
    pub(super) fn of(entry: &Entry) -> Self {
        let description = &entry.description;
        let mut facts = Self::default();
        facts.add(Field::Modality, &description.modality);
        facts.add(
            Field::Plane,
            description.plane.as_deref().unwrap_or_default(),
        );
        facts.add(
            Field::Part,
            description.body_part.as_deref().unwrap_or_default(),
        );
        let is_midline = is_midline(description);
        facts.words = stems(&description.search_text()).into_iter().collect();
        for located in &description.boxes {
            let label = &located.label;
            if is_midline && without_side(label) != label {
                // The rim of a neighbour's label: neither surely there nor surely absent.
                facts.words.extend(stems(label));
            } else {
                facts.add_box(label, located.corners);
            }
        }
        facts.words.extend(stems(&entry.alt_text()));
        let has_boxes = !facts.boxed.is_empty();
        let seen = visible_words(&description.caption);
        for label in &description.labels {
            let words = stems(label);
            facts.labels.insert(words.join(" "));
            let Some(field) = field_of(label, &words) else {
                continue;
            };
            // Where structures have boxes, these alone are sure to be seen. Else the caption says
            // what is seen; a finding may be what it documents.
            let said = match field {
                Field::Finding => words.iter().all(|word| facts.words.contains(word)),
                _ => !has_boxes && words.iter().all(|word| seen.contains(word)),
            };
            let part = description.body_part.as_deref().unwrap_or_default();
            if said && !super::kin::related(Field::Structure, label, part) {
                facts.add(field, label);
            }
        }
        facts
    }

    fn add(&mut self, field: Field, name: &str) {
        let name = name.trim();
        let key = stems(name).join(" ");
        let is_known = |fact: &Fact| fact.field == field && fact.key == key;
        let fits = name.chars().count() <= LONGEST_TERM;
        if !key.is_empty() && fits && !self.facts.iter().any(is_known) {
            self.facts.push(Fact {
                field,
                name: name.to_owned(),
                key,
                boxes: Vec::new(),
            });
        }
    }

    /// Adds a box; left and right are one structure with two boxes.
    fn add_box(&mut self, label: &str, corners: [f32; 4]) {
        let name = without_side(label);
        self.add(Field::Structure, name);
        let key = stems(name).join(" ");
        let is_it = |fact: &&mut Fact| fact.field == Field::Structure && fact.key == key;
        if let Some(fact) = self.facts.iter_mut().find(is_it) {
            fact.boxes.push(corners);
            self.boxed.insert(key);
        }
    }

    /// The one fact of a field.
    pub(super) fn one(&self, field: Field) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.field == field)
    }

    /// All facts of a field.
    pub(super) fn all(&self, field: Field) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.field == field)
    }

    /// Whether its words hold all words of a key.
    pub(super) fn says(&self, key: &str) -> bool {
        key.split(' ').all(|word| self.words.contains(word))
    }
}

/// The structure without its side.
fn without_side(label: &str) -> &str {
    let label = label.trim();
    let bare = label
        .strip_prefix("left ")
        .or_else(|| label.strip_prefix("right "));
    bare.unwrap_or(label)
}

/// What a label names: a structure, a finding, or nothing that can be asked for.
fn field_of(label: &str, words: &[String]) -> Option<Field> {
    if words.is_empty() || words.iter().any(|word| TECHNIQUE.contains(&word.as_str())) {
        return None;
    }
    let lower = label.to_lowercase();
    let is_finding = lower
        .split(|letter: char| !letter.is_alphabetic())
        .any(|word| FINDINGS.contains(&word) || FINDING_ENDS.iter().any(|end| word.ends_with(end)));
    Some(if is_finding {
        Field::Finding
    } else {
        Field::Structure
    })
}

/// Whether a picture is a sagittal cut through the midline, where what comes in pairs isn't.
fn is_midline(description: &Description) -> bool {
    description.plane.as_deref() == Some("sagittal")
        && description.caption.contains("through the midline")
}

/// Stems of what a caption says is seen: without what is documented elsewhere, and without what is
/// denied or only compared with.
fn visible_words(caption: &str) -> BTreeSet<String> {
    let lower = caption.to_lowercase();
    let sentences = lower.split(['.', ';']);
    let seen = sentences.filter_map(|sentence| {
        let hidden = [
            "documented",
            "compare",
            "without",
            " no ",
            " not ",
            "masked",
            "outside",
        ];
        let end = hidden.iter().filter_map(|word| sentence.find(word)).min();
        sentence.get(..end.unwrap_or(sentence.len()))
    });
    seen.flat_map(stems).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::{EntryId, LabelledBox, Provenance};

    fn facts(caption: &str, labels: &[&str], boxes: &[&str]) -> Facts {
        Facts::of(&Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: Description {
                caption: caption.to_owned(),
                modality: "MRI".to_owned(),
                body_part: Some("shoulder".to_owned()),
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                boxes: boxes
                    .iter()
                    .map(|label| LabelledBox {
                        label: (*label).to_owned(),
                        corners: [0.0, 0.0, 10.0, 10.0],
                    })
                    .collect(),
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 200,
            height: 200,
        })
    }

    fn names(facts: &Facts, field: Field) -> Vec<&str> {
        facts.all(field).map(|fact| fact.name.as_str()).collect()
    }

    #[test]
    fn labels_are_sorted_into_structures_and_findings_and_technique_is_left_out() {
        let facts = facts(
            "The humeral head and the acromion; a bone lesion. Documented with a torn glenoid.",
            &[
                "shoulder mri",
                "humeral head",
                "acromion",
                "glenoid",
                "bone lesion",
                "T1-weighted",
            ],
            &[],
        );
        assert_eq!(
            names(&facts, Field::Structure),
            ["humeral head", "acromion"]
        );
        assert_eq!(names(&facts, Field::Finding), ["bone lesion"]);
        assert_eq!(names(&facts, Field::Modality), ["MRI"]);
    }

    #[test]
    fn both_sides_are_one_structure_and_boxes_outweigh_labels() {
        let facts = facts(
            "The thalamus and the cortex.",
            &["cortex"],
            &["left thalamus", "right thalamus", "third ventricle"],
        );
        assert_eq!(
            names(&facts, Field::Structure),
            ["thalamus", "third ventricle"]
        );
        let thalamus = facts.one(Field::Structure).expect("it has boxes");
        assert_eq!(thalamus.boxes.len(), 2);
        assert!(facts.boxed.contains(&thalamus.key));
    }

    #[test]
    fn what_is_denied_or_compared_with_is_not_seen() {
        let facts = facts(
            "Compare with the clavicle. The acromion without the glenoid.",
            &["clavicle", "acromion", "glenoid"],
            &[],
        );
        assert_eq!(names(&facts, Field::Structure), ["acromion"]);
        assert!(facts.says("clavicl"), "it is among its words all the same");
    }

    #[test]
    fn pairs_on_a_midline_cut_are_neither_there_nor_absent() {
        let labels = ["left lateral ventricle", "brain stem"];
        let mut entry = crate::quiz::draft::testing::boxed("a", &labels);
        entry.description.plane = Some("sagittal".to_owned());
        entry.description.caption = "MRI of the brain through the midline.".to_owned();
        let told = Facts::of(&entry);
        assert_eq!(names(&told, Field::Structure), ["brain stem"]);
        assert!(told.says(&stems("lateral ventricle").join(" ")));
        entry.description.caption = "MRI of the brain beside the midline.".to_owned();
        let beside = Facts::of(&entry);
        assert_eq!(
            names(&beside, Field::Structure),
            ["lateral ventricle", "brain stem"]
        );
    }
}
