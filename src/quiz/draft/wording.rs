//! How questions are put, by what they ask for, and how difficult they are expected to be.

use super::facts::Field;
use super::knowledge::Term;

/// Longest caption that a rationale quotes, in characters.
const QUOTED: usize = 600;

/// What is asked for: a field, and whether structures have boxes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct About {
    pub(super) field: Field,
    /// Structures that a cut passes through, by their boxes.
    pub(super) is_cut: bool,
}

impl About {
    /// Asks for one of several answers.
    pub(super) fn choose(self) -> &'static str {
        match (self.field, self.is_cut) {
            (Field::Modality, _) => "Which imaging method made this picture?",
            (Field::Plane, _) => "In which plane or projection was this picture taken?",
            (Field::Part, _) => "Which part of the body does this picture show?",
            (Field::Structure, true) => "Which of these structures does this cut pass through?",
            (Field::Structure, false) => "Which of these structures does this picture show?",
            (Field::Finding, _) => "Which of these is documented for this picture?",
        }
    }

    /// Asks for all of several answers.
    pub(super) fn choose_all(self) -> String {
        format!("{} Choose all that are right.", self.choose())
    }

    /// Says a term of one picture.
    pub(super) fn state(self, term: &Term) -> String {
        let name = in_sentence(&term.name);
        match (self.field, self.is_cut) {
            (Field::Modality, _) => format!("The imaging method of this picture is {name}."),
            (Field::Plane, _) => format!("The plane or projection of this picture is {name}."),
            (Field::Part, _) => format!("This picture shows this part of the body: {name}."),
            (Field::Structure, true) => format!("This cut passes through the {name}."),
            (Field::Structure, false) => format!("This picture shows this structure: {name}."),
            (Field::Finding, _) => format!("This is documented for this picture: {name}."),
        }
    }

    /// Asks for one of several pictures.
    pub(super) fn which(self, term: &Term) -> String {
        let name = in_sentence(&term.name);
        match (self.field, self.is_cut) {
            (Field::Modality, _) => format!("Which of these pictures was made by {name}?"),
            (Field::Plane, _) => {
                format!("Which of these pictures has this plane or projection: {name}?")
            }
            (Field::Part, _) => {
                format!("Which of these pictures shows this part of the body: {name}?")
            }
            (Field::Structure, true) => format!("Which of these cuts passes through the {name}?"),
            (Field::Structure, false) => {
                format!("Which of these pictures shows this structure: {name}?")
            }
            (Field::Finding, _) => {
                format!("For which of these pictures is this documented: {name}?")
            }
        }
    }

    /// Asks what each of two pictures is.
    pub(super) fn sort(self) -> &'static str {
        match (self.field, self.is_cut) {
            (Field::Modality, _) => "Which imaging method made which of the two pictures?",
            (Field::Plane, _) => "Which of the two pictures has which plane or projection?",
            (Field::Part, _) => "Which of the two pictures shows which part of the body?",
            (Field::Structure, true) => "Which of the two cuts passes through which structure?",
            (Field::Structure, false) => "Which of the two pictures shows which structure?",
            (Field::Finding, _) => "What is documented for which of the two pictures?",
        }
    }

    /// Fields that an alt text must not tell.
    pub(super) fn hidden(self) -> &'static [Field] {
        match (self.field, self.is_cut) {
            // A structure lies on a cut or not, whatever plane and region are told.
            (Field::Structure, true) => &[],
            (Field::Plane, _) => &[Field::Plane],
            // The plane tells projections from cuts, the region often tells the method, and either
            // tells where a structure or a finding can be.
            (Field::Modality | Field::Part | Field::Structure | Field::Finding, _) => {
                &[Field::Modality, Field::Plane, Field::Part]
            }
        }
    }

    /// Share of students who are expected to know it: methods, planes and regions are learnt first.
    /// Guesses of ours, until there are answers.
    pub(super) fn known(self) -> f32 {
        match (self.field, self.is_cut) {
            (Field::Modality | Field::Part, _) => 0.8,
            (Field::Plane, _) => 0.75,
            (Field::Structure, false) => 0.6,
            (Field::Finding, _) => 0.45,
            (Field::Structure, true) => 0.35,
        }
    }

    /// Says of "it" that a term is right.
    pub(super) fn told(self, term: &Term, boxes: &[[f32; 4]]) -> String {
        let name = in_sentence(&term.name);
        match (self.field, self.is_cut) {
            (Field::Modality, _) => format!("The imaging method is {name}."),
            (Field::Plane, _) => format!("The plane or projection is {name}."),
            (Field::Part, _) => format!("The part of the body is: {name}."),
            (Field::Structure, true) => {
                format!("The {name} is labelled on it, {}.", place_in_words(boxes))
            }
            (Field::Structure, false) => format!("It shows this structure: {name}."),
            (Field::Finding, _) => format!("This is documented for it: {name}."),
        }
    }

    /// Says of "it" that terms are wrong.
    pub(super) fn denied(self, terms: &[Term]) -> String {
        let names: Vec<String> = terms.iter().map(|term| in_sentence(&term.name)).collect();
        let verb = match self.field {
            Field::Modality | Field::Plane | Field::Part => "is",
            Field::Structure | Field::Finding => "shows",
        };
        match names.as_slice() {
            [] => String::new(),
            [only] => format!("It {verb} no {only}."),
            [before @ .., last] => format!("It {verb} neither {} nor {last}.", before.join(", ")),
        }
    }
}

/// The share of right answers where some know it and the others guess.
pub(super) fn expected(known: f32, by_guessing: f32) -> f32 {
    (known + (1.0 - known) * by_guessing).clamp(0.0, 1.0)
}

/// Where the largest of a structure's boxes lies.
pub(super) fn place_in_words(boxes: &[[f32; 4]]) -> String {
    let largest = boxes
        .iter()
        .max_by(|one, other| area(one).total_cmp(&area(other)));
    let Some([left, top, right, bottom]) = largest else {
        return "without a place".to_owned();
    };
    let third = |middle: f32, names: [&'static str; 3]| match middle {
        low if low < 40.0 => names[0],
        high if high > 60.0 => names[2],
        _ => names[1],
    };
    let across = third((left + right) / 2.0, ["left", "", "right"]);
    let down = third((top + bottom) / 2.0, ["upper", "", "lower"]);
    let part = if boxes.len() > 1 {
        "its largest part "
    } else {
        ""
    };
    match (down, across) {
        ("", "") => format!("{part}in the middle of the picture"),
        ("", side) => format!("{part}on the {side} of the picture"),
        (height, "") => format!("{part}in the {height} part of the picture"),
        (height, side) => format!("{part}in the {height} {side} of the picture"),
    }
}

/// Percent of the picture times percent.
pub(super) fn area([left, top, right, bottom]: &[f32; 4]) -> f32 {
    (right - left).max(0.0) * (bottom - top).max(0.0)
}

/// A name as it stands within a sentence: without the capital of a plain word.
pub(super) fn in_sentence(name: &str) -> String {
    let first = name.split_whitespace().next().unwrap_or_default();
    let is_plain = first.chars().skip(1).all(char::is_lowercase);
    let is_word = first.chars().count() > 1 && is_plain;
    let mut letters = name.chars();
    match letters.next() {
        Some(letter) if is_word => letter.to_lowercase().chain(letters).collect(),
        _ => name.to_owned(),
    }
}

/// A caption in quotation marks with the number of its citation.
pub(super) fn quoted(caption: &str, number: usize) -> String {
    let caption = caption.trim();
    if caption.is_empty() {
        return format!("It has no caption [{number}].");
    }
    let mut short: String = caption.chars().take(QUOTED).collect();
    if short.len() < caption.len() {
        short.push('…');
    }
    format!("Its caption: “{short}” [{number}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_lose_their_capital_within_a_sentence_and_abbreviations_keep_it() {
        for (name, expected) in [
            ("Histology", "histology"),
            ("Fundus photography", "fundus photography"),
            ("MRI", "MRI"),
            ("X-ray", "X-ray"),
            ("T1-weighted", "T1-weighted"),
            ("thalamus", "thalamus"),
            ("", ""),
        ] {
            assert_eq!(in_sentence(name), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_listed() {
        let names = |names: &[&str]| -> Vec<Term> {
            let term = |name: &&str| Term {
                field: Field::Plane,
                key: (*name).to_owned(),
                name: (*name).to_owned(),
            };
            names.iter().map(term).collect()
        };
        let about = |field| About {
            field,
            is_cut: false,
        };
        let planes = about(Field::Plane).denied(&names(&["axial", "coronal", "sagittal"]));
        assert_eq!(planes, "It is neither axial, coronal nor sagittal.");
        let structure = about(Field::Structure).denied(&names(&["pons"]));
        assert_eq!(structure, "It shows no pons.");
        assert_eq!(about(Field::Part).denied(&[]), "");
    }

    #[test]
    fn captions_are_quoted_with_their_number() {
        assert_eq!(quoted("A cut.", 2), "Its caption: “A cut.” [2]");
        let long = quoted(&"é".repeat(QUOTED + 1), 1);
        assert!(long.contains("é…”"), "{long}");
        assert!(quoted(" ", 1).contains("no caption"));
    }

    #[test]
    fn places_are_told_by_the_largest_box() {
        let small = [5.0, 5.0, 9.0, 9.0];
        let places = [
            ([45.0, 45.0, 55.0, 55.0], "in the middle of the picture"),
            ([70.0, 45.0, 90.0, 55.0], "on the right of the picture"),
            ([45.0, 5.0, 55.0, 25.0], "in the upper part of the picture"),
            ([5.0, 75.0, 25.0, 95.0], "in the lower left of the picture"),
        ];
        for (corners, expected) in places {
            assert_eq!(place_in_words(&[corners]), expected);
            let both = place_in_words(&[small, corners]);
            assert_eq!(both, format!("its largest part {expected}"));
        }
        assert_eq!(place_in_words(&[]), "without a place");
    }

    #[test]
    fn who_does_not_know_guesses() {
        assert!((expected(0.6, 0.25) - 0.7).abs() < 1e-6);
        assert!((expected(0.0, 0.5) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn each_field_is_asked_for_in_sentences_of_its_own() {
        let fields = [
            Field::Modality,
            Field::Plane,
            Field::Part,
            Field::Structure,
            Field::Finding,
        ];
        for field in fields {
            for is_cut in [false, true] {
                let about = About { field, is_cut };
                let term = Term {
                    field,
                    key: "x".to_owned(),
                    name: "Xyz".to_owned(),
                };
                assert!(about.state(&term).ends_with("xyz."), "{about:?}");
                assert!(about.which(&term).ends_with("xyz?"), "{about:?}");
                assert!(about.choose().ends_with('?') && about.sort().ends_with('?'));
            }
        }
    }
}
