//! Work on many rows at once, on rayon's threads: those of the pool that the caller runs in, else
//! of the process.

use std::ops::Range;

use rayon::prelude::*;

/// Cuts `0..count` into stretches of `size` and does the work for each. What comes back is in
/// the stretches' order, so that a result doesn't depend on who was faster.
pub(crate) fn over<T: Send>(
    count: usize,
    size: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let stretch = |number: usize| number * size..((number + 1) * size).min(count);
    if count <= size {
        return vec![work(0..count)];
    }
    (0..count.div_ceil(size))
        .into_par_iter()
        .map(|number| work(stretch(number)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Kind, Sample};
    use super::super::{Builder, Near};
    use super::*;

    fn searched(threads: usize) -> Vec<Vec<Near>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads");
        pool.install(|| {
            let sample = Sample::new(Kind::Even, 48, 9);
            let mut builder = Builder::with_exact_rows(48, 0, 0).expect("numbers");
            builder
                .extend(&sample.vectors(0, 20_000))
                .expect("unit vectors");
            let index = builder.finish();
            let queries = sample.vectors(1 << 40, 5);
            let queries = queries.chunks_exact(48);
            queries
                .map(|query| index.search(query, 20, None).expect("a query"))
                .collect()
        })
    }

    #[test]
    fn stretches_cover_everything_once_and_in_order() {
        for (count, size) in [(0, 5), (4, 5), (5, 5), (11, 5), (15, 5)] {
            let rows: Vec<usize> = over(count, size, Iterator::collect::<Vec<_>>).concat();
            assert_eq!(rows, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        assert_eq!(searched(1), searched(4));
    }
}
