//! Nearest vectors, in memory: rows of unit vectors go in one after the other, the rows nearest to
//! a query come out. It knows neither where the vectors come from nor what they mean, and keeps
//! nothing on disk.

mod best;
mod coded;
mod exact;
mod index;
mod mask;
mod parallel;
mod random;
mod rotation;
pub mod sample;
mod truth;

pub use best::Near;
pub use index::{Builder, EXACT_ROWS, Index, check};
pub use mask::Mask;
pub use truth::Truth;

/// Why vectors were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// An index of vectors without numbers.
    #[error("Vectors without numbers can't be compared. Give a length of 1 or more.")]
    NoDimensions,
    /// A vector of another length than the index's.
    #[error(
        "A vector has {found} numbers, but those of the index have {expected}. Both must come from \
         the same encoder."
    )]
    Dimensions {
        /// Numbers that it has; of several vectors, numbers that are left behind the last whole
        /// one.
        found: usize,
        /// Numbers that it should have.
        expected: usize,
    },
    /// Not a number, infinite, or so large that its square is.
    #[error("A vector holds a number that is not finite, or far too large. Embed it anew.")]
    NotFinite,
    /// Nothing but zeros.
    #[error("A vector of zeros has no direction and is near to nothing. Embed it anew.")]
    NoDirection,
    /// More rows than can be counted.
    #[error("An index holds at most {} rows.", u32::MAX)]
    TooMany,
}

#[cfg(test)]
mod tests;
