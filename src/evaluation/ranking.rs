//! Rankings of rows and how good they are: P@5 and nDCG@10 of graded relevance.

use super::dot;

/// Ranks that P@5 looks at.
const PRECISION_CUT: usize = 5;
/// Ranks that nDCG@10 looks at.
const GAIN_CUT: usize = 10;
/// Candidates of each ranking that are fused, as in the atlas's search.
const CANDIDATES: usize = 50;
/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
const K: f64 = 60.0;
/// Grade of a row that carries what is asked for. Lower grades are related.
pub(super) const CARRIES: u8 = 2;

/// All rows by their cosine with the query, best first. Equal ones keep the order of the file.
pub(super) fn by_cosine(query: &[f32], rows: &[Vec<f32>]) -> Vec<usize> {
    let scores: Vec<f64> = rows.iter().map(|row| f64::from(dot(query, row))).collect();
    by_score(&scores, |_| true)
}

/// The rows that share a word with the query, best first.
pub(super) fn by_words(scores: &[f64]) -> Vec<usize> {
    by_score(scores, |score| score > 0.0)
}

fn by_score(scores: &[f64], is_hit: impl Fn(f64) -> bool) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..scores.len())
        .filter(|&row| is_hit(scores[row]))
        .collect();
    // The sort is stable.
    rows.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]));
    rows
}

/// One ranking from two by the sum of their reciprocal ranks, as the atlas's search fuses them.
/// Equal ones keep the order in which the rankings name them, those of `first` before the rest.
pub(super) fn fused(first: &[usize], second: &[usize]) -> Vec<usize> {
    let mut order: Vec<(usize, f64)> = Vec::new();
    for ranking in [first, second] {
        for (above, &row) in ranking.iter().take(CANDIDATES).enumerate() {
            let score = 1.0 / (K + above as f64 + 1.0);
            match order.iter_mut().find(|(known, _)| *known == row) {
                Some((_, sum)) => *sum += score,
                None => order.push((row, score)),
            }
        }
    }
    order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    order.into_iter().map(|(row, _)| row).collect()
}

/// The share of the first five that carry what is asked for. A ranking of fewer counts the missing
/// ones as wrong.
pub(super) fn precision(ranking: &[usize], grades: &[u8]) -> f64 {
    let first = ranking.iter().take(PRECISION_CUT);
    let right = first.filter(|&&row| grades[row] >= CARRIES).count();
    right as f64 / PRECISION_CUT as f64
}

/// Normalised discounted cumulative gain of the first ten (Järvelin and Kekäläinen, 2002): the gain
/// of a grade is 2^grade - 1, the discount of a rank log2(rank + 1), and the best order has 1.
pub(super) fn ndcg(ranking: &[usize], grades: &[u8]) -> f64 {
    let mut best = grades.to_vec();
    best.sort_unstable_by(|one, other| other.cmp(one));
    let best = discounted(best.into_iter());
    if best > 0.0 {
        discounted(ranking.iter().map(|&row| grades[row])) / best
    } else {
        0.0
    }
}

fn discounted(grades: impl Iterator<Item = u8>) -> f64 {
    let gains = grades.take(GAIN_CUT).enumerate();
    gains
        .map(|(above, grade)| (f64::from(grade).exp2() - 1.0) / (above as f64 + 2.0).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rankings_are_best_first_and_stable() {
        let rows = [
            vec![0.0, 1.0],
            vec![1.0, 0.0],
            vec![0.6, 0.8],
            vec![1.0, 0.0],
        ];
        assert_eq!(by_cosine(&[1.0, 0.0], &rows), [1, 3, 2, 0]);
        assert_eq!(by_words(&[0.0, 2.0, 0.0, 3.0]), [3, 1]);
    }

    #[test]
    fn what_both_rankings_hold_comes_first() {
        // 2: 1/63 + 1/61; 0: 1/61; 1: 1/62 of the first; 3: 1/62 of the second.
        assert_eq!(fused(&[0, 1, 2], &[2, 3]), [2, 0, 1, 3]);
        let long: Vec<usize> = (0..80).collect();
        assert_eq!(fused(&long, &[]).len(), CANDIDATES);
    }

    #[test]
    fn precision_counts_what_carries_the_concept() {
        let grades = [2, 1, 0, 2, 2, 2];
        assert!((precision(&[0, 1, 2, 3, 4, 5], &grades) - 0.6).abs() < 1e-12);
        assert!((precision(&[0], &grades) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn gain_is_discounted_and_normalised() {
        let grades = [2, 0, 1];
        // Gains 0, 3, 1 at ranks 1, 2, 3; the best order has 3, 1, 0.
        let found = 3.0 / 3.0_f64.log2() + 1.0 / 2.0;
        let best = 3.0 + 1.0 / 3.0_f64.log2();
        assert!((ndcg(&[1, 0, 2], &grades) - found / best).abs() < 1e-12);
        assert!((ndcg(&[0, 2, 1], &grades) - 1.0).abs() < 1e-12);
        assert!(ndcg(&[0, 1], &[0, 0]).abs() < 1e-12);
        // The eleventh doesn't count.
        let mut late = vec![0; 11];
        late[10] = 2;
        let ranking: Vec<usize> = (0..11).collect();
        assert!(ndcg(&ranking, &late).abs() < 1e-12);
    }
}
