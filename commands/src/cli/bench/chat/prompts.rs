//! Questions of a given length, each with another beginning, so that nothing of an earlier one can
//! be used again. What is said in them is true, but nobody looks at the answers' sense.

use mirage_models::language_model::LanguageModelError;

/// Tokens of the questions of one round, before they are framed as a conversation: a short one, and
/// one as long as a full prompt of `/explain`.
pub(super) const LENGTHS: [usize; 2] = [128, 400];
/// What the program says.
pub(super) const SYSTEM: &str = "You explain pictures of a medical atlas to a student.";

/// What the questions are made of, about 20 tokens each.
const SENTENCES: &[&str] = &[
    "The corpus callosum joins the left and the right hemisphere and lies above the lateral ventricles.",
    "On a T1-weighted picture fat is bright and the fluid in the ventricles is dark.",
    "On a T2-weighted picture the fluid in the ventricles is brighter than the brain around it.",
    "The pons lies in front of the fourth ventricle, between the midbrain and the medulla oblongata.",
    "The internal capsule passes between the thalamus and the lentiform nucleus.",
    "The putamen is the outer part of the lentiform nucleus, and the globus pallidus is the inner part.",
    "The insula is hidden behind the opercula at the bottom of the lateral sulcus.",
    "The hippocampus lies in the medial temporal lobe, behind the amygdala.",
    "On a frontal chest radiograph the heart lies between the lungs, more of it on the left side.",
    "Air lets most of the radiation pass, so that lungs look dark on a radiograph.",
    "Bone stops more of the radiation than soft tissue does, so that it looks bright on a radiograph.",
    "In a bone window of a CT the range of values is wide, and the inner structure of bone can be seen.",
    "The supraspinatus tendon runs under the acromion to the greater tubercle of the humerus.",
    "The optic disc is the place where the nerve fibres leave the eye, and there are no receptors on it.",
    "The macula lies to the temporal side of the optic disc and serves the sharpest vision.",
    "Ultrasound is reflected where two tissues differ in their resistance to sound.",
    "Colour Doppler shows the direction of flow towards the probe or away from it.",
    "The mitral valve lies between the left atrium and the left ventricle of the heart.",
    "In a bone scan a tracer gathers where bone is being built, and the kidneys excrete the rest.",
    "The spleen lies under the left side of the diaphragm and beside the stomach.",
    "Haematoxylin stains nuclei blue, and eosin stains the cytoplasm and collagen pink.",
    "The epidermis is the outer layer of the skin, and the dermis with its collagen lies below it.",
    "The cerebellar tonsils lie above the foramen magnum, on both sides of the midline.",
    "Gray matter holds the bodies of nerve cells, and white matter holds their fibres.",
];

/// The question of a round, as long as it may be.
///
/// # Errors
/// What `count`, which counts the tokens of a text, reports.
pub(super) fn question(
    tokens: usize,
    round: usize,
    count: impl Fn(&str) -> Result<usize, LanguageModelError>,
) -> Result<String, LanguageModelError> {
    let mut text = format!(
        "Page {} of my notes is below. Explain each sentence in your own words, at length.",
        round + 1
    );
    let first = round % SENTENCES.len();
    let sentences = SENTENCES.iter().cycle().skip(first);
    let words = sentences.flat_map(|sentence| sentence.split(' '));
    // A word has a token at least.
    for word in words.take(tokens) {
        let longer = format!("{text} {word}");
        if count(&longer)? > tokens {
            break;
        }
        text = longer;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn words(text: &str) -> Result<usize, LanguageModelError> {
        Ok(text.split_whitespace().count())
    }

    #[test]
    fn questions_are_as_long_as_they_may_be_and_differ_from_their_first_words_on() {
        let mut beginnings = HashSet::new();
        for round in 0..60 {
            for length in LENGTHS {
                let question = question(length, round, words).expect("counted");
                assert_eq!(words(&question).expect("counted"), length);
                let beginning: Vec<&str> = question.split(' ').take(2).collect();
                beginnings.insert(beginning.join(" "));
            }
        }
        assert_eq!(beginnings.len(), 60);
    }

    #[test]
    fn a_count_that_never_grows_ends_all_the_same_and_one_that_fails_is_told() {
        let long = question(128, 0, |_| Ok(0)).expect("counted");
        assert!(words(&long).expect("counted") < 200);
        let failed = question(128, 0, |_| {
            Err(LanguageModelError::Tokenizer("broken".to_owned()))
        });
        assert!(failed.is_err());
    }
}
