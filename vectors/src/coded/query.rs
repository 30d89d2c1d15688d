//! A query in few bits, as the signs of rows are compared with it.

use super::super::exact::dot;

/// Bits of each number.
pub(super) const PLANES: usize = 4;
/// Largest number that they stand for.
const STEPS: f32 = ((1 << PLANES) - 1) as f32;

/// A query, by its rotated difference to the rows' centre.
pub(super) struct Query {
    /// Product of the query with the centre.
    pub(super) base: f32,
    /// The difference.
    pub(super) values: Vec<f32>,
    /// Its squared length.
    pub(super) square: f32,
    /// The difference in few bits: for each word of signs, the bits of its numbers.
    pub(super) planes: Vec<[u64; PLANES]>,
    /// Bits stand for `least + step * bits`.
    pub(super) least: f32,
    pub(super) step: f32,
    /// Sum of the numbers that the bits stand for.
    pub(super) sum: f32,
}

impl Query {
    pub(super) fn new(base: f32, values: Vec<f32>) -> Self {
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // A query in the centre has no step; any will do.
        let step = ((most - least) / STEPS).max(f32::MIN_POSITIVE);
        let mut planes = vec![[0; PLANES]; values.len().div_ceil(64)];
        let mut sum = 0.0;
        for (number, value) in values.iter().enumerate() {
            let bits = ((value - least) / step).round().min(STEPS);
            sum += least + step * bits;
            for (bit, plane) in planes[number / 64].iter_mut().enumerate() {
                *plane |= (bits as u64 >> bit & 1) << (number % 64);
            }
        }
        Self {
            base,
            square: dot(&values, &values),
            values,
            planes,
            least,
            step,
            sum,
        }
    }

    /// Sum of the bits of the numbers whose sign is positive, for rows whose words of signs lie
    /// side by side.
    pub(super) fn products<const ROWS: usize>(&self, signs: &[[u64; ROWS]]) -> [f32; ROWS] {
        let mut sums = [0_u64; ROWS];
        for (words, planes) in signs.iter().zip(&self.planes) {
            for (sum, word) in sums.iter_mut().zip(words) {
                for (bit, plane) in planes.iter().enumerate() {
                    *sum += u64::from((word & plane).count_ones()) << bit;
                }
            }
        }
        sums.map(|sum| sum as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::*;

    #[test]
    fn bits_give_the_product_with_signs() {
        let mut random = Random::new(3);
        for dimensions in [1, 26, 64, 100, 768] {
            let values: Vec<f32> = (0..dimensions).map(|_| random.normal()).collect();
            let query = Query::new(0.0, values.clone());
            let chosen: Vec<bool> = (0..dimensions).map(|_| random.below(2) == 1).collect();
            let words = chosen.chunks(64).map(|chosen| {
                let bits = chosen.iter().enumerate();
                [bits.fold(0, |word, (bit, chosen)| word | u64::from(*chosen) << bit)]
            });
            let [product] = query.products(&words.collect::<Vec<_>>());
            let count = chosen.iter().filter(|chosen| **chosen).count() as f32;
            let by_bits = query.step * product + query.least * count;
            let chosen = values.iter().zip(chosen).filter(|(_, chosen)| *chosen);
            let plain: f32 = chosen.map(|(value, _)| value).sum();
            let bound = query.step / 2.0 * count + 1e-3;
            assert!(
                (by_bits - plain).abs() <= bound,
                "{dimensions}: {by_bits} {plain}"
            );
        }
    }

    #[test]
    fn a_query_in_the_centre_gives_numbers() {
        let query = Query::new(0.5, vec![0.0; 70]);
        let [product] = query.products(&[[u64::MAX], [u64::MAX]]);
        assert!((query.step * product + query.least * 70.0).abs() < 1e-6);
        assert!(query.sum.is_finite());
    }
}
