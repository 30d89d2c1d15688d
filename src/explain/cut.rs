//! How many of a ranking's results are kept: up to the place where the score falls most
//! (MMed-RAG's adaptive retrieval, arXiv:2410.13085), within bounds.

/// Fewest results that are kept, where there are so many.
const LEAST: usize = 2;
/// Least ratio of two neighbouring scores that counts as a gap.
const GAP: f32 = 1.06;

/// How many of the scores, which fall, are kept, at most `most`. Scores of zero and below are none.
pub(super) fn kept(scores: &[f32], most: usize) -> usize {
    let useful = scores.iter().take_while(|score| **score > 0.0).count();
    let most = most.min(useful);
    let gaps = (LEAST..most).map(|at| (scores[at - 1] / scores[at], at));
    // Where gaps are equal, the first of them: less is enough.
    let widest = gaps.fold(None, |widest: Option<(f32, usize)>, gap| match widest {
        Some(known) if known.0 >= gap.0 => Some(known),
        _ => Some(gap),
    });
    match widest {
        Some((ratio, at)) if ratio >= GAP => at,
        _ => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_gap_decides() {
        assert_eq!(kept(&[1.8, 1.75, 1.7, 0.9, 0.88], 6), 3);
        assert_eq!(
            kept(&[1.8, 0.9, 0.88, 0.87], 6),
            4,
            "the gap before two is none"
        );
        assert_eq!(kept(&[1.0, 0.99, 0.98, 0.97], 3), 3, "no gap, so all");
        assert_eq!(kept(&[1.0, 0.9, 0.8, 0.4, 0.2], 4), 3);
    }

    #[test]
    fn nothing_worthless_is_kept() {
        assert_eq!(kept(&[], 6), 0);
        assert_eq!(kept(&[0.0, -1.0], 6), 0);
        assert_eq!(kept(&[1.0, 0.0], 6), 1);
    }
}
