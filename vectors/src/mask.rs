//! Which rows may be found.

/// A set of rows, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    words: Vec<u64>,
    count: usize,
}

impl Mask {
    /// A set without any row, of an index of so many.
    pub fn none(rows: usize) -> Self {
        Self {
            words: vec![0; rows.div_ceil(64)],
            count: 0,
        }
    }

    /// Lets a row be found. Beyond the index's last row there is nothing to find.
    pub fn allow(&mut self, row: u32) {
        if let Some(word) = self.words.get_mut(row as usize / 64) {
            let bit = 1 << (row % 64);
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether a row may be found.
    pub fn allows(&self, row: u32) -> bool {
        let word = self.words.get(row as usize / 64);
        word.is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows may be found.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none may.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows that may be found, in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.words.iter().zip(0_u32..).flat_map(|(word, number)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(number * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_once_and_come_in_order() {
        let mut mask = Mask::none(130);
        assert!(mask.is_empty());
        for row in [129, 0, 64, 63, 0, 5_000] {
            mask.allow(row);
        }
        assert_eq!(mask.len(), 4);
        assert_eq!(mask.rows().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert!(mask.allows(63) && !mask.allows(62) && !mask.allows(5_000));
    }
}
