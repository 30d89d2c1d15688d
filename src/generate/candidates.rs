//! Of several pictures of one prompt, the one that fits its words best by the profile's encoders: a
//! small generator misses what was asked for in some of its pictures, and an encoder sees that (as
//! CLIP chooses among the pictures of Ramesh et al., Zero-Shot Text-to-Image Generation, 2021). Each
//! candidate has a seed of its own, so that the one that is kept can be drawn again alone.

use crate::store::Recipe;

/// Pictures that are drawn of a prompt where nobody names a seed.
pub const CANDIDATES: u32 = 4;
/// Most of them: each takes as long as a picture.
pub const MOST_CANDIDATES: u32 = 8;

/// How well a picture fits words: the cosine of their unit vectors, in the space of both. -1 to 1.
pub fn fit(words: &[f32], picture: &[f32]) -> f32 {
    words.iter().zip(picture).map(|(a, b)| a * b).sum()
}

/// The places of candidates, best fit first; of two that fit alike, the earlier one.
pub fn best_first(fits: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..fits.len()).collect();
    places.sort_by(|a, b| fits[*b].total_cmp(&fits[*a]));
    places
}

impl Recipe {
    /// Takes a seed that nobody chose, and as many candidates as are usual then.
    pub fn draw_anew(&mut self) {
        self.seed = super::random_seed();
        self.candidates = usual_candidates(false, self.variant.is_some());
    }

    /// Steps of all candidates.
    pub fn all_steps(&self) -> u64 {
        u64::from(self.steps) * u64::from(self.candidates.max(1))
    }
}

/// Candidates where nobody names their number. Who names a seed wants its picture, and a variant
/// keeps to the picture that it begins with.
pub fn usual_candidates(has_seed: bool, has_start: bool) -> u32 {
    if has_seed || has_start { 1 } else { CANDIDATES }
}

/// What is said of a choice.
pub(super) fn chosen(first: u64, candidates: u32) -> String {
    let last = first.wrapping_add(u64::from(candidates - 1));
    format!(
        "Of {candidates} pictures, from the seeds {first} to {last}, this one fits the words best by \
         the encoder."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fit_comes_first_and_ties_keep_their_order() {
        let words = [0.6, 0.8];
        let pictures = [[0.0, 1.0], [0.6, 0.8], [-1.0, 0.0], [0.0, 1.0]];
        let fits = pictures.map(|picture| fit(&words, &picture));
        assert!((fits[1] - 1.0).abs() < 1e-6, "{fits:?}");
        assert_eq!(best_first(&fits), [1, 0, 3, 2]);
        assert!(best_first(&[]).is_empty());
        // A vector that is no number must not end the work.
        assert_eq!(best_first(&[f32::NAN, 0.5]).len(), 2);
    }

    #[test]
    fn a_named_seed_and_a_start_leave_no_choice() {
        assert_eq!(usual_candidates(true, false), 1);
        assert_eq!(usual_candidates(false, true), 1);
        assert_eq!(usual_candidates(false, false), CANDIDATES);
        assert!(chosen(u64::MAX, 2).contains("18446744073709551615 to 0"));
    }
}
