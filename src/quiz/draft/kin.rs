//! Which terms mean the same or are part of one another, so that none of them is a wrong answer
//! where the other is right: "transverse" beside "axial", "head" beside "brain", "histology" beside
//! "light microscopy". The table is small and errs on the side of kinship: a distractor less does no
//! harm. Terms whose words contain one another are kin by that alone.

use std::collections::BTreeSet;

use super::facts::Field;
use crate::evaluation::stem::stems;

/// Terms that mean the same; the first stands for all.
pub(super) const SAME: &[&[&str]] = &[
    &[
        "x-ray",
        "xray",
        "radiograph",
        "radiography",
        "plain film",
        "cr",
        "dx",
    ],
    &["ct", "computed tomography", "cat scan"],
    &[
        "mri",
        "mr",
        "magnetic resonance imaging",
        "magnetic resonance",
    ],
    &["ultrasound", "us", "sonography", "ultrasonography"],
    &["nuclear medicine", "scintigraphy", "nm"],
    &[
        "fundus photography",
        "fundus photograph",
        "retinal photography",
    ],
    &["histology", "histopathology", "pathology"],
    &["electron microscopy", "em"],
    &["axial", "transverse", "transaxial", "horizontal"],
    &[
        "coronal",
        "frontal",
        "anteroposterior",
        "posteroanterior",
        "ap",
        "pa",
    ],
    &["sagittal", "lateral"],
    &["brain", "cerebrum"],
    &["chest", "thorax"],
    &["spine", "vertebral column", "vertebra", "back"],
    &["leg", "lower leg", "lower limb", "lower extremity"],
    &["arm", "upper limb", "upper extremity"],
    &["abdomen", "belly"],
    &["eye", "retina", "fundus"],
    &["brain stem", "brainstem"],
    &["nevus", "naevus", "intradermal naevus"],
    &["optic disc", "optic nerve head"],
    &["tumour", "tumor", "neoplasm", "mass"],
];

/// What is part of what, or a kind of it: the part first.
const PARTS: &[(&str, &str)] = &[
    ("histology", "light microscopy"),
    ("fluorescence microscopy", "light microscopy"),
    ("cytology", "light microscopy"),
    ("cytology", "histology"),
    ("light microscopy", "microscopy"),
    ("electron microscopy", "microscopy"),
    ("mammography", "x-ray"),
    ("fluoroscopy", "x-ray"),
    ("angiography", "x-ray"),
    ("angiography", "ct"),
    ("angiography", "mri"),
    ("dental radiography", "x-ray"),
    ("bone densitometry", "x-ray"),
    ("pet", "nuclear medicine"),
    ("spect", "nuclear medicine"),
    ("pet", "ct"),
    ("spect", "ct"),
    ("cbct", "ct"),
    ("echocardiography", "ultrasound"),
    ("echocardiogram", "ultrasound"),
    ("doppler", "ultrasound"),
    ("fmri", "mri"),
    ("optical coherence tomography", "fundus photography"),
    ("brain", "head"),
    ("eye", "head"),
    ("face", "head"),
    ("skull", "head"),
    ("ear", "head"),
    ("mouth", "head"),
    ("teeth", "head"),
    ("neck", "head"),
    ("neck", "spine"),
    ("thyroid", "neck"),
    ("heart", "chest"),
    ("lung", "chest"),
    ("breast", "chest"),
    ("ribs", "chest"),
    ("shoulder", "chest"),
    ("shoulder", "arm"),
    ("elbow", "arm"),
    ("wrist", "arm"),
    ("wrist", "hand"),
    ("hand", "arm"),
    ("spine", "neck"),
    ("spine", "chest"),
    ("spine", "abdomen"),
    ("spine", "pelvis"),
    ("spine", "trunk"),
    ("liver", "abdomen"),
    ("kidney", "abdomen"),
    ("pancreas", "abdomen"),
    ("spleen", "abdomen"),
    ("stomach", "abdomen"),
    ("colon", "abdomen"),
    ("bowel", "abdomen"),
    ("colon", "bowel"),
    ("colon", "pelvis"),
    ("bladder", "pelvis"),
    ("uterus", "pelvis"),
    ("prostate", "pelvis"),
    ("hip", "pelvis"),
    ("hip", "leg"),
    ("pelvis", "abdomen"),
    ("knee", "leg"),
    ("ankle", "leg"),
    ("foot", "leg"),
    ("ankle", "foot"),
    ("abdomen", "trunk"),
    ("chest", "trunk"),
    ("abdomen", "chest"),
    ("lateral ventricle", "ventricular system"),
    ("third ventricle", "ventricular system"),
    ("fourth ventricle", "ventricular system"),
    ("thalamus", "diencephalon"),
    ("ventral diencephalon", "diencephalon"),
    ("caudate nucleus", "basal ganglia"),
    ("putamen", "basal ganglia"),
    ("globus pallidus", "basal ganglia"),
    ("nucleus accumbens", "basal ganglia"),
    ("nucleus accumbens", "basal forebrain"),
    ("caudate nucleus", "striatum"),
    ("putamen", "striatum"),
    ("pons", "brain stem"),
    ("midbrain", "brain stem"),
    ("medulla oblongata", "brain stem"),
    ("cerebellar cortex", "cerebellum"),
    ("cerebellar white matter", "cerebellum"),
    // Not a part, but never far: thin leaves of it run into each fold of the cortex.
    ("cerebellar white matter", "cerebellar cortex"),
    ("cerebellar vermis", "cerebellum"),
    ("calcarine cortex", "cuneus"),
    ("calcarine cortex", "lingual gyrus"),
    ("macula", "retina"),
    ("fovea", "macula"),
    ("optic disc", "retina"),
    ("retinal vessels", "retina"),
    ("epidermis", "skin"),
    ("dermis", "skin"),
    ("stratum corneum", "epidermis"),
];

/// Parts of the body that name a kind of material and not a place: almost any picture shows them.
const VAGUE: &[&str] = &[
    "body",
    "whole body",
    "tissue",
    "cell",
    "cells",
    "lymph node",
    "vessel",
    "vessels",
    "bone",
    "soft tissue",
    "other",
    "unknown",
];

/// Stems of words that name what is found in many parts of the body.
const GENERAL: &[&str] = &[
    "arteri", "blood", "bone", "cartilag", "cell", "collagen", "connect", "cortex", "fat", "fibr",
    "fluid", "gland", "matter", "muscl", "nerv", "nuclei", "skin", "stroma", "tissu", "vein",
    "ventricl", "vessel",
];

/// Whether a structure may be shown by pictures of any part of the body.
pub(super) fn is_general(structure: &str) -> bool {
    let words = stems(structure);
    words.iter().any(|word| GENERAL.contains(&word.as_str()))
}

/// Whether a method looks at tissue through a microscope.
pub(super) fn is_microscopy(modality: &str) -> bool {
    !modality.trim().is_empty() && related(Field::Modality, modality, "microscopy")
}

/// Whether a part of the body can be told from others at all.
pub(super) fn is_vague(part: &str) -> bool {
    VAGUE.contains(&plain(part).as_str())
}

/// Whether one term may be right where the other is: the same, a part of it, or a kind of it.
pub(super) fn related(field: Field, one: &str, other: &str) -> bool {
    if field == Field::Part && (is_vague(one) || is_vague(other)) {
        return true;
    }
    let (one_words, other_words) = (words(one), words(other));
    if one_words.is_empty() || other_words.is_empty() {
        return true;
    }
    if one_words.is_subset(&other_words) || other_words.is_subset(&one_words) {
        return true;
    }
    let (one, other) = (chief(one), chief(other));
    let is_beside =
        || field == Field::Part && wholes(&one).any(|of| wholes(&other).any(|it| it == of));
    one == other || is_part(&one, &other) || is_part(&other, &one) || is_beside()
}

/// What a part is directly part of. Two parts of one whole may be on one picture.
fn wholes<'a>(part: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    let of_it = PARTS.iter().filter(move |(known, _)| *known == part);
    of_it.map(|(_, whole)| *whole)
}

fn words(term: &str) -> BTreeSet<String> {
    stems(term).into_iter().collect()
}

fn plain(term: &str) -> String {
    let words: Vec<String> = term.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The term that stands for all that mean the same.
pub(super) fn chief(term: &str) -> String {
    let term = plain(term);
    let group = SAME.iter().find(|group| group.contains(&term.as_str()));
    group
        .and_then(|group| group.first())
        .map_or(term, |first| (*first).to_owned())
}

/// Whether one is a part of the other, over as many steps as the table has. Both are chief terms;
/// a whole in the table may be another name of its group.
fn is_part(one: &str, whole: &str) -> bool {
    let mut seen: Vec<&str> = vec![one];
    let mut next = 0;
    while let Some(part) = seen.get(next).copied() {
        next += 1;
        for (_, of) in PARTS.iter().filter(|(known, _)| *known == part) {
            if chief(of) == whole {
                return true;
            }
            if !seen.contains(of) {
                seen.push(of);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_kin() {
        for (field, one, other) in [
            (Field::Plane, "Transverse", "axial"),
            (Field::Plane, "frontal", "coronal"),
            (Field::Modality, "X-ray", "Radiograph"),
            (Field::Part, "Chest", "thorax"),
            (Field::Structure, "optic disc", "optic nerve head"),
        ] {
            assert!(related(field, one, other), "{one}, {other}");
        }
    }

    #[test]
    fn parts_and_kinds_are_kin_in_both_directions_and_over_steps() {
        for (field, one, other) in [
            (Field::Part, "brain", "head"),
            (Field::Part, "colon", "abdomen"),
            (Field::Part, "heart", "trunk"),
            (Field::Modality, "Histology", "Light microscopy"),
            (Field::Modality, "Echocardiography", "Ultrasound"),
            (Field::Part, "heart", "spine"),
            (Field::Part, "brain", "eye"),
            (Field::Structure, "fovea", "retina"),
            (
                Field::Structure,
                "temporal horn of the lateral ventricle",
                "lateral ventricle",
            ),
            (
                Field::Structure,
                "fusiform gyrus",
                "occipital fusiform gyrus",
            ),
        ] {
            assert!(related(field, one, other), "{one}, {other}");
            assert!(related(field, other, one), "{other}, {one}");
        }
    }

    #[test]
    fn neighbours_are_no_kin() {
        for (field, one, other) in [
            (Field::Plane, "axial", "coronal"),
            (Field::Modality, "MRI", "CT"),
            (Field::Modality, "Histology", "Fluorescence microscopy"),
            (Field::Part, "brain", "heart"),
            (Field::Part, "shoulder", "knee"),
            (Field::Structure, "anterior insula", "posterior insula"),
            (Field::Structure, "putamen", "globus pallidus"),
        ] {
            assert!(!related(field, one, other), "{one}, {other}");
        }
    }

    #[test]
    fn tissue_is_everywhere_and_organs_are_not() {
        for structure in [
            "small vessels",
            "connective tissue",
            "Glands",
            "left ventricle",
        ] {
            assert!(is_general(structure), "{structure}");
        }
        assert!(!is_general("optic disc") && !is_general("humeral head"));
        for modality in ["Histology", "Fluorescence microscopy", "Cytology"] {
            assert!(is_microscopy(modality), "{modality}");
        }
        assert!(!is_microscopy("MRI") && !is_microscopy("Fundus photography"));
        assert!(!is_microscopy(""));
    }

    #[test]
    fn nothing_is_told_from_a_vague_part() {
        assert!(related(Field::Part, "tissue", "brain"));
        assert!(related(Field::Part, "", "brain"));
        assert!(is_vague("Lymph node") && !is_vague("knee"));
    }

    #[test]
    fn the_table_has_no_circles_that_make_everything_kin() {
        for (part, whole) in PARTS {
            assert_ne!(part, whole);
        }
        assert!(!is_part("ankle", "abdomen"));
        assert!(!is_part("eye", "chest"));
    }
}
