//! What may be asked for, before anything is drawn: one plain sentence for each thing that can't be.
//! What the words mean is `prompt`'s; how many tokens of them count is the network's.

use super::candidates::MOST_CANDIDATES;
use crate::store::{Recipe, Variant};

/// Longest prompt, and longest text of what to leave out, in characters.
pub const LONGEST_PROMPT: usize = 2_000;
/// Most steps of denoising: more change nothing that can be seen.
pub const MOST_STEPS: u32 = 100;
/// Largest weight of the prompt.
pub const MOST_GUIDANCE: f64 = 20.0;
/// The least that a variant may go from the picture that it begins with: less changes nothing.
pub const LEAST_STRENGTH: f64 = 0.05;
/// Sides of a picture, in parts of the side that the model was trained at. Further away from it a
/// network of this kind repeats itself.
const PARTS: [(u32, u32); 3] = [(3, 4), (1, 1), (3, 2)];
/// Sides are multiples of this many pixels: what a latent pixel stands for, and what halving it twice
/// needs.
const MULTIPLE: u32 = 32;

/// Why a picture can't be asked for like this.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// There are no words.
    #[error("The prompt is empty. Say what the picture should show, such as: chest X-ray, PA.")]
    EmptyPrompt,
    /// There are more words than are read.
    #[error("{what} has {length} characters; at most {LONGEST_PROMPT} can be given. Shorten it.")]
    Long {
        /// Which text, as a sentence begins with it.
        what: &'static str,
        /// Its characters.
        length: usize,
    },
    /// The same words are asked for and to be left out.
    #[error("The prompt and what to leave out are the same. Change one of them.")]
    SameWords,
    /// Steps that can't be made.
    #[error(
        "{0} steps can't be made. Give a whole number from 1 to {MOST_STEPS}; 12 are usual, and \
         more take longer."
    )]
    Steps(u32),
    /// A weight of the prompt that isn't one.
    #[error("Guidance must be a number from 0 to {MOST_GUIDANCE}; 7 is usual.")]
    Guidance,
    /// A size that the model doesn't draw well.
    #[error(
        "Pictures of {width} x {height} pixels are not offered. Give {} pixels for each side.",
        one_of(sizes)
    )]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The sides that are offered.
        sizes: Vec<u32>,
    },
    /// How far to go from a picture, out of its range.
    #[error(
        "Strength must be a number from {LEAST_STRENGTH} to 1: small keeps the picture that it \
         begins with, 1 keeps nothing of it."
    )]
    Strength,
    /// A number of candidates that isn't drawn.
    #[error(
        "{0} candidates can't be drawn. Give a whole number from 1 to {MOST_CANDIDATES}; each takes as \
         long as a picture."
    )]
    Candidates(u32),
    /// A seed that isn't a number.
    #[error(
        "A seed is a whole number from 0 to {}, such as 7. Leave it out for another picture each \
         time.",
        u64::MAX
    )]
    Seed,
}

/// The sides that are offered for a model that was trained at `native` pixels.
pub fn sizes(native: u32) -> Vec<u32> {
    let of_part = |(part, whole): &(u32, u32)| (native * part / whole) / MULTIPLE * MULTIPLE;
    let mut sizes: Vec<u32> = PARTS.iter().map(of_part).filter(|side| *side > 0).collect();
    sizes.dedup();
    sizes
}

/// Checks a recipe for a model that was trained at `native` pixels.
///
/// # Errors
/// [`RequestError`] for the first thing that can't be asked for.
pub fn check(recipe: &Recipe, native: u32) -> Result<(), RequestError> {
    check_words(&recipe.prompt, &recipe.negative)?;
    if recipe.steps == 0 || recipe.steps > MOST_STEPS {
        return Err(RequestError::Steps(recipe.steps));
    }
    if recipe.candidates == 0 || recipe.candidates > MOST_CANDIDATES {
        return Err(RequestError::Candidates(recipe.candidates));
    }
    if !(0.0..=MOST_GUIDANCE).contains(&recipe.guidance) {
        return Err(RequestError::Guidance);
    }
    let sizes = sizes(native);
    let (width, height) = (recipe.width, recipe.height);
    if !sizes.contains(&width) || !sizes.contains(&height) {
        return Err(RequestError::Size {
            width,
            height,
            sizes,
        });
    }
    let fits = |variant: &Variant| (LEAST_STRENGTH..=1.0).contains(&variant.strength);
    if recipe
        .variant
        .as_ref()
        .is_some_and(|variant| !fits(variant))
    {
        return Err(RequestError::Strength);
    }
    Ok(())
}

/// Checks the lengths of the words alone, as they are when they are typed.
///
/// # Errors
/// [`RequestError::EmptyPrompt`], [`RequestError::Long`] or [`RequestError::SameWords`].
pub fn check_words(prompt: &str, negative: &str) -> Result<(), RequestError> {
    let is_word = |letter: char| letter.is_alphanumeric();
    if !prompt.chars().any(is_word) {
        return Err(RequestError::EmptyPrompt);
    }
    for (what, text) in [("The prompt", prompt), ("What to leave out", negative)] {
        let length = text.chars().count();
        if length > LONGEST_PROMPT {
            return Err(RequestError::Long { what, length });
        }
    }
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain(prompt).to_lowercase() == plain(negative).to_lowercase() {
        return Err(RequestError::SameWords);
    }
    Ok(())
}

/// Reads a seed as it was typed.
///
/// # Errors
/// [`RequestError::Seed`] for anything but a whole number that fits.
pub fn seed(text: &str) -> Result<u64, RequestError> {
    text.trim().parse().map_err(|_| RequestError::Seed)
}

/// "96, 128 or 192".
fn one_of(sizes: &[u32]) -> String {
    let names: Vec<String> = sizes.iter().map(u32::to_string).collect();
    match names.as_slice() {
        [] => "other".to_owned(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Start;

    fn asked() -> Recipe {
        Recipe {
            prompt: "chest X-ray".to_owned(),
            negative: String::new(),
            seed: 7,
            candidates: 1,
            steps: 20,
            guidance: 4.0,
            width: 128,
            height: 192,
            scheduler: "ddim".to_owned(),
            variant: None,
        }
    }

    fn told(recipe: &Recipe) -> String {
        let refused = check(recipe, 128);
        refused.expect_err("it can't be drawn").to_string()
    }

    #[test]
    fn what_is_usual_passes_and_bounds_are_inside() {
        assert_eq!(check(&asked(), 128), Ok(()));
        for (steps, guidance) in [(1, 0.0), (MOST_STEPS, 20.0)] {
            let recipe = Recipe {
                steps,
                guidance,
                ..asked()
            };
            assert_eq!(check(&recipe, 128), Ok(()));
        }
    }

    #[test]
    fn words_that_are_none_too_many_or_against_themselves_are_refused() {
        for prompt in ["", "  \n ", "?!", "\u{200b}"] {
            assert_eq!(check_words(prompt, ""), Err(RequestError::EmptyPrompt));
        }
        let long = "ö".repeat(2_001);
        let error = check_words(&long, "").expect_err("too long").to_string();
        assert!(error.contains("2001 characters; at most 2000"), "{error}");
        let error = check_words("x", &long).expect_err("too long").to_string();
        assert!(error.starts_with("What to leave out has"), "{error}");
        assert_eq!(check_words(&"ö".repeat(2_000), ""), Ok(()));
        let same = check_words("Chest  X-ray", "chest x-ray ");
        assert_eq!(same, Err(RequestError::SameWords));
    }

    #[test]
    fn steps_guidance_and_strength_keep_to_their_ranges() {
        for steps in [0, 101, 10_000, u32::MAX] {
            let recipe = Recipe { steps, ..asked() };
            assert!(told(&recipe).starts_with(&format!("{steps} steps can't be made.")));
        }
        for candidates in [0, 9, u32::MAX] {
            let recipe = Recipe {
                candidates,
                ..asked()
            };
            assert!(told(&recipe).starts_with(&format!("{candidates} candidates can't")));
        }
        for guidance in [-0.1, 20.1, f64::NAN, f64::INFINITY] {
            let recipe = Recipe {
                guidance,
                ..asked()
            };
            assert!(told(&recipe).contains("from 0 to 20;"), "{guidance}");
        }
        let begun = |strength: f64| Recipe {
            variant: Some(Variant {
                strength,
                start: Start::Gone,
            }),
            ..asked()
        };
        for strength in [0.0, 0.04, 1.01, -1.0, f64::NAN] {
            assert!(
                told(&begun(strength)).contains("from 0.05 to 1:"),
                "{strength}"
            );
        }
        for strength in [0.05, 0.6, 1.0] {
            assert_eq!(check(&begun(strength), 128), Ok(()));
        }
    }

    #[test]
    fn sizes_are_those_of_the_model() {
        assert_eq!(sizes(128), [96, 128, 192]);
        assert_eq!(sizes(512), [384, 512, 768]);
        assert_eq!(sizes(32), [32]);
        for (width, height) in [(127, 128), (128, 0), (1_024, 1_024), (64, 64)] {
            let recipe = Recipe {
                width,
                height,
                ..asked()
            };
            let sentence = told(&recipe);
            assert!(
                sentence.contains("Give 96, 128 or 192 pixels"),
                "{sentence}"
            );
        }
        assert_eq!(one_of(&[128]), "128");
    }

    #[test]
    fn a_seed_is_a_whole_number() {
        assert_eq!(seed(" 7 "), Ok(7));
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
        for text in ["", "-1", "1.5", "seven", "18446744073709551616"] {
            let error = seed(text).expect_err(text).to_string();
            assert!(error.contains("a whole number from 0"), "{error}");
        }
    }
}
