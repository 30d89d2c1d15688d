//! Reciprocal rank fusion: one ranking from several, by ranks alone, so that scores on different
//! scales need no tuning (Cormack, Clarke and Büttcher, SIGIR 2009).

use std::collections::HashMap;
use std::hash::Hash;

/// The constant of the paper: how little the first ranks outweigh the next ones.
const K: f32 = 60.0;

/// Fuses rankings, each best first and with its weight (0 or more; the paper's is 1). Every item
/// comes once, with the sum of `weight / (60 + rank)` over the rankings that hold it (ranks from
/// 1), best first. Ties keep the order of the rankings given.
pub(crate) fn reciprocal_rank_fusion<T: Eq + Hash + Clone>(
    rankings: &[(Vec<T>, f32)],
) -> Vec<(T, f32)> {
    let mut order: Vec<T> = Vec::new();
    let mut scores: HashMap<T, f32> = HashMap::new();
    for (ranking, weight) in rankings {
        for (index, item) in ranking.iter().enumerate() {
            let score = scores.entry(item.clone()).or_insert_with(|| {
                order.push(item.clone());
                0.0
            });
            *score += weight / (K + index as f32 + 1.0);
        }
    }
    let mut fused: Vec<(T, f32)> = order
        .into_iter()
        .map(|item| {
            let score = scores[&item];
            (item, score)
        })
        .collect();
    fused.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_rankings_hold_comes_first() {
        let fused = reciprocal_rank_fusion(&[(vec!["a", "b", "c"], 1.0), (vec!["c", "d"], 1.0)]);
        let order: Vec<&str> = fused.iter().map(|(item, _)| *item).collect();
        assert_eq!(order, ["c", "a", "b", "d"]);
        let expected = 1.0 / 63.0 + 1.0 / 61.0;
        assert!((fused[0].1 - expected).abs() < 1e-6);
    }

    #[test]
    fn what_weighs_less_orders_the_others_but_overtakes_none() {
        let words: Vec<u8> = (0..50).collect();
        let fused = reciprocal_rank_fusion(&[(words, 1.0), (vec![99, 1], 0.25)]);
        let order: Vec<u8> = fused.iter().map(|(item, _)| *item).collect();
        assert_eq!(order[..3], [1, 0, 2]);
        assert_eq!(order.last(), Some(&99), "it is in no other ranking");
    }

    #[test]
    fn nothing_fuses_to_nothing() {
        assert!(reciprocal_rank_fusion::<u8>(&[(vec![], 1.0), (vec![], 1.0)]).is_empty());
    }
}
