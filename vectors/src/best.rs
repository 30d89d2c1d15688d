//! The best of many rows, kept without sorting all of them.

use std::cmp::Ordering;

/// A row and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The row's number, from 0, in the order in which rows were added.
    pub row: u32,
    /// Cosine of the row's vector and the query.
    pub cosine: f32,
}

impl Near {
    /// The nearer first; among equals the earlier row.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let nearer = other.cosine.total_cmp(&self.cosine);
        nearer.then_with(|| self.row.cmp(&other.row))
    }
}

/// Keeps the best `limit` of what is offered. Twice as many are collected before the worse half
/// goes, so that an offer costs little more than a comparison.
pub(crate) struct Best {
    limit: usize,
    kept: Vec<Near>,
    /// What is below can't be among the best any more.
    floor: f32,
}

impl Best {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Vec::new(),
            floor: if limit == 0 {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            },
        }
    }

    pub(crate) fn offer(&mut self, near: Near) {
        if near.cosine >= self.floor {
            self.kept.push(near);
            if self.kept.len() >= self.limit.saturating_mul(2) {
                self.shrink();
            }
        }
    }

    /// Takes in what others kept.
    pub(crate) fn join(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        for other in others {
            for near in other.kept {
                self.offer(near);
            }
        }
        self
    }

    fn shrink(&mut self) {
        if self.limit == 0 || self.kept.len() <= self.limit {
            self.kept.truncate(self.limit);
            return;
        }
        let (_, last, _) = self
            .kept
            .select_nth_unstable_by(self.limit - 1, Near::order);
        self.floor = last.cosine;
        self.kept.truncate(self.limit);
    }

    /// The best, nearest first.
    pub(crate) fn into_sorted(mut self) -> Vec<Near> {
        self.shrink();
        self.kept.sort_unstable_by(Near::order);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best_of(cosines: &[f32], limit: usize) -> Vec<u32> {
        let mut best = Best::new(limit);
        for (row, cosine) in cosines.iter().enumerate() {
            best.offer(Near {
                row: row as u32,
                cosine: *cosine,
            });
        }
        best.into_sorted().iter().map(|near| near.row).collect()
    }

    #[test]
    fn the_best_come_in_order_and_equals_by_row() {
        let cosines = [0.1, 0.9, 0.5, 0.9, -0.2, 0.7, 0.9];
        assert_eq!(best_of(&cosines, 3), [1, 3, 6]);
        assert_eq!(best_of(&cosines, 5), [1, 3, 6, 5, 2]);
        assert_eq!(best_of(&cosines, 99).len(), 7);
        assert_eq!(best_of(&[0.5; 100], 4), [0, 1, 2, 3]);
        assert!(best_of(&cosines, 0).is_empty());
        assert_eq!(best_of(&cosines, usize::MAX).len(), 7);
    }

    #[test]
    fn parts_joined_are_as_the_whole() {
        let cosines: Vec<f32> = (0..1_000_u32)
            .map(|row| (row.wrapping_mul(2_654_435_761) >> 8) as f32)
            .collect();
        let parts = cosines.chunks(77).enumerate().map(|(part, chunk)| {
            let mut best = Best::new(20);
            for (place, cosine) in chunk.iter().enumerate() {
                best.offer(Near {
                    row: (part * 77 + place) as u32,
                    cosine: *cosine,
                });
            }
            best
        });
        let joined = Best::new(20).join(parts).into_sorted();
        let rows: Vec<u32> = joined.iter().map(|near| near.row).collect();
        assert_eq!(rows, best_of(&cosines, 20));
    }
}
