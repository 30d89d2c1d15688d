//! Questions about somebody's own case: told by phrases in four languages, and by their likeness to
//! a few typical ones. What is answered to them is a frame and a referral, never a finding.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::phrases::Phrases;

/// Cosine from which a question counts as like one of [`PROTOTYPES`]. On the dev half of the
/// topics nothing that is no personal question comes above 0.57 (docs/explain.md).
const LIKENESS: f32 = 0.6;

/// Typical questions about one's own case.
pub(super) const PROTOTYPES: &[&str] = &[
    "Do I have cancer? This is my scan.",
    "Please look at my X-ray and tell me what is wrong with me.",
    "Should I worry about what my doctor found?",
    "What treatment do I need for my illness?",
    "Is my child's bone broken?",
    "How long will I live with this disease?",
    "I have pain and want to know what my scan shows.",
    "Is this lump on my body dangerous?",
];

/// The languages in which such questions are told by phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

static PHRASES: LazyLock<[(Language, Phrases); 4]> = LazyLock::new(|| {
    [
        (
            Language::English,
            Phrases::read(include_str!("phrases/advice-english.txt")),
        ),
        (
            Language::German,
            Phrases::read(include_str!("phrases/advice-german.txt")),
        ),
        (
            Language::French,
            Phrases::read(include_str!("phrases/advice-french.txt")),
        ),
        (
            Language::Spanish,
            Phrases::read(include_str!("phrases/advice-spanish.txt")),
        ),
    ]
});

/// The language in which a text asks about a person's own case; `None` if it doesn't.
pub(super) fn language_of_personal(text: &str) -> Option<Language> {
    let found = PHRASES.iter().find(|(_, phrases)| phrases.are_in(text));
    found.map(|(language, _)| *language)
}

/// Whether cosines with [`PROTOTYPES`] say that a question is one of them.
pub(super) fn is_like_personal(cosines: impl Iterator<Item = f32>) -> bool {
    let mut cosines = cosines;
    cosines.any(|cosine| cosine >= LIKENESS)
}

impl Language {
    /// What is said instead of a finding: what Mirage can't do, and who can. An answer to a
    /// personal question begins with it.
    pub fn referral(self) -> &'static str {
        match self {
            Self::English => {
                "I can't judge your own case: I teach with pictures of an atlas, and nothing here \
                 is a diagnosis. Please ask the doctors who treat you; they know you and all of \
                 your pictures. In an emergency call your local emergency number."
            }
            Self::German => {
                "Den eigenen Fall kann ich nicht beurteilen: Ich lehre mit Bildern eines Atlas, und \
                 nichts davon ist eine Diagnose. Bitte fragen Sie die Ärztinnen und Ärzte, die Sie \
                 behandeln; sie kennen Sie und alle Ihre Bilder. Im Notfall rufen Sie den Notruf."
            }
            Self::French => {
                "Je ne peux pas juger votre propre cas : j'enseigne avec les images d'un atlas, et \
                 rien ici n'est un diagnostic. Demandez aux médecins qui vous soignent ; ils vous \
                 connaissent et ont toutes vos images. En cas d'urgence, appelez les secours."
            }
            Self::Spanish => {
                "No puedo juzgar su propio caso: enseño con imágenes de un atlas, y nada de esto es \
                 un diagnóstico. Pregunte a los médicos que le tratan; le conocen y tienen todas \
                 sus imágenes. En una emergencia llame al número de emergencias."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_questions_are_told_in_four_languages() {
        for (language, questions) in [
            (
                Language::English,
                [
                    "is this cancer? my x-ray",
                    "Do I have a brain tumour?",
                    "should I worry about my lung",
                    "My son fell on his ankle",
                ],
            ),
            (
                Language::German,
                [
                    "Ist das Krebs? Mein Röntgenbild",
                    "Habe ich einen Schlaganfall?",
                    "Soll ich mir Sorgen machen?",
                    "Ist das gefährlich?",
                ],
            ),
            (
                Language::French,
                [
                    "Ai-je une tumeur ?",
                    "Est-ce grave ?",
                    "ma radio des poumons",
                    "Dois-je me faire opérer ?",
                ],
            ),
            (
                Language::Spanish,
                [
                    "¿Es cáncer?",
                    "¿Tengo un tumor cerebral?",
                    "Mi radiografía",
                    "Me duele el hombro",
                ],
            ),
        ] {
            for question in questions {
                assert_eq!(language_of_personal(question), Some(language), "{question}");
            }
            assert!(language.referral().chars().count() < 400);
        }
    }

    #[test]
    fn what_a_student_asks_is_not_personal() {
        for question in [
            "How do I tell the putamen from the globus pallidus?",
            "What should I see on a normal chest X-ray?",
            "Is the fourth ventricle behind the pons?",
            "shoulder MRI, supraspinatus tendon",
            "What does cancer of the lung look like?",
            "tube current of 100 mA in CT",
        ] {
            assert_eq!(language_of_personal(question), None, "{question}");
        }
    }

    #[test]
    fn likeness_counts_from_its_bound_on() {
        assert!(is_like_personal([0.1, 0.61].into_iter()));
        assert!(!is_like_personal([0.1, 0.59].into_iter()));
        assert!(!is_like_personal(std::iter::empty()));
    }
}
