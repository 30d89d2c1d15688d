//! Rows as signs, sixteen bits a number, and the few plain numbers that tell what both stand for.

use std::ops::Range;

use super::super::exact::dot;
use super::query::Query;

/// Rows whose signs are compared side by side.
pub(super) const ROWS: usize = 16;
/// Standard deviations that a bound lies above its estimate: of 1,000 rows that belong to the best
/// and are not found otherwise about three are passed over.
const DEVIATIONS: f32 = 2.75;
/// Numbers that are multiplied side by side.
const LANES: usize = 32;
/// Plain numbers of a row.
const NUMBERS: usize = 6;

/// One row. `r` is its rotated difference to the centre.
pub(super) struct Code {
    /// The signs of `r`, a bit each, in whole words.
    signs: Vec<u64>,
    /// The numbers of `r` in steps.
    values: Vec<i16>,
    /// The plain numbers, in the order of [`Codes::numbers`].
    numbers: [f32; NUMBERS],
}

/// Rows, each kind of number by itself.
#[derive(Debug)]
pub(super) struct Codes {
    dimensions: usize,
    /// The first words of [`ROWS`] rows side by side, then their second words and so on: one
    /// instruction counts in several rows.
    signs: Vec<[u64; ROWS]>,
    values: Vec<i16>,
    /// What one step of `values` stands for.
    scales: Vec<f32>,
    /// Product of `r` and the centre.
    offsets: Vec<f32>,
    /// Number of signs that are positive.
    positives: Vec<f32>,
    /// From the sum of a query's numbers, each with the sign of `r`, to its product with `r`.
    factors: Vec<f32>,
    /// Squared length of `r`.
    squares: Vec<f32>,
    /// Share of what is left of the squared lengths that is the estimate's variance.
    spreads: Vec<f32>,
}

impl Code {
    /// A row by its rotated difference to the centre, and the rotated centre.
    pub(super) fn of(difference: &[f32], centre: &[f32]) -> Self {
        let count = difference.len() as f32;
        let square = dot(difference, difference);
        let sizes = difference.iter().map(|value| value.abs());
        let (sum, largest) = sizes.fold((0.0_f32, 0.0_f32), |(sum, most), size| {
            (sum + size, most.max(size))
        });
        // A row in the centre has no difference, and nothing is divided by it.
        let factor = square / sum.max(f32::MIN_POSITIVE);
        let unevenness = factor * factor * count / square.max(f32::MIN_POSITIVE);
        let spread = (unevenness - 1.0).max(0.0) / (count - 1.0).max(1.0);
        let scale = largest / f32::from(i16::MAX);
        let steps = 1.0 / scale.max(f32::MIN_POSITIVE);
        let signs: Vec<u64> = difference.chunks(64).map(positive_bits).collect();
        let positive: u32 = signs.iter().map(|word| word.count_ones()).sum();
        let values = difference.iter();
        Self {
            values: values
                .map(|value| (value * steps).round_ties_even() as i16)
                .collect(),
            signs,
            numbers: [
                scale,
                dot(difference, centre),
                positive as f32,
                factor,
                square,
                spread,
            ],
        }
    }
}

/// A bit for each of up to 64 numbers.
fn positive_bits(values: &[f32]) -> u64 {
    let bits = values.iter().enumerate();
    bits.fold(0, |word, (bit, value)| {
        word | u64::from(*value > 0.0) << bit
    })
}

impl Codes {
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            signs: Vec::new(),
            values: Vec::new(),
            scales: Vec::new(),
            offsets: Vec::new(),
            positives: Vec::new(),
            factors: Vec::new(),
            squares: Vec::new(),
            spreads: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    pub(super) fn bytes_a_row(dimensions: usize) -> usize {
        let signs = dimensions.div_ceil(64) * size_of::<u64>();
        signs + dimensions * size_of::<i16>() + NUMBERS * size_of::<f32>()
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.signs
            .reserve_exact(rows.div_ceil(ROWS) * self.dimensions.div_ceil(64));
        self.values.reserve_exact(rows * self.dimensions);
        for numbers in self.numbers() {
            numbers.reserve_exact(rows);
        }
    }

    /// The plain numbers of all rows.
    fn numbers(&mut self) -> [&mut Vec<f32>; NUMBERS] {
        [
            &mut self.scales,
            &mut self.offsets,
            &mut self.positives,
            &mut self.factors,
            &mut self.squares,
            &mut self.spreads,
        ]
    }

    /// Adds a row.
    pub(super) fn push(&mut self, code: Code) {
        let place = self.len() % ROWS;
        let words = code.signs.len();
        if place == 0 {
            self.signs.resize(self.signs.len() + words, [0; ROWS]);
        }
        let block = self.signs.len() - words;
        for (side_by_side, word) in self.signs[block..].iter_mut().zip(code.signs) {
            side_by_side[place] = word;
        }
        self.values.extend(code.values);
        for (numbers, number) in self.numbers().into_iter().zip(code.numbers) {
            numbers.push(number);
        }
    }

    /// What the cosines of some rows are seldom above. The first is that of a multiple of
    /// [`ROWS`].
    pub(super) fn bounds(&self, query: &Query, rows: Range<usize>) -> Vec<f32> {
        let words = query.planes.len();
        let blocks = rows.start / ROWS * words..rows.end.div_ceil(ROWS) * words;
        let mut bounds = Vec::with_capacity(rows.len().next_multiple_of(ROWS));
        for signs in self.signs[blocks].chunks_exact(words) {
            bounds.extend(query.products(signs));
        }
        bounds.truncate(rows.len());
        // Each number of the query is rounded to a step, which adds to the variance.
        let rounded = query.step * query.step * query.values.len() as f32 / 12.0;
        let of_estimate = self.factors[rows.clone()].iter();
        let of_estimate = of_estimate.zip(&self.positives[rows.clone()]);
        let of_error = self.squares[rows.clone()].iter();
        let of_error = of_error.zip(&self.spreads[rows.clone()]);
        let numbers = of_estimate.zip(of_error).zip(&self.offsets[rows]);
        for (bound, numbers) in bounds.iter_mut().zip(numbers) {
            let (((factor, positive), (square, spread)), offset) = numbers;
            let positive = query.step * *bound + query.least * positive;
            let estimate = factor * (2.0 * positive - query.sum);
            let left = (square * query.square - estimate * estimate).max(0.0);
            let variance = left * spread + factor * factor * rounded;
            *bound = query.base + offset + estimate + DEVIATIONS * variance.sqrt();
        }
        bounds
    }

    /// A row's cosine by sixteen bits a number.
    pub(super) fn cosine(&self, query: &Query, row: usize) -> f32 {
        let values = &self.values[row * self.dimensions..(row + 1) * self.dimensions];
        query.base + self.offsets[row] + self.scales[row] * product(values, &query.values)
    }
}

/// The product of numbers in steps and plain numbers.
fn product(steps: &[i16], values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (steps, steps_rest) = steps.as_chunks::<LANES>();
    let (values, values_rest) = values.as_chunks::<LANES>();
    for (steps, values) in steps.iter().zip(values) {
        for lane in 0..LANES {
            sums[lane] += f32::from(steps[lane]) * values[lane];
        }
    }
    let rest = steps_rest.iter().zip(values_rest);
    let rest: f32 = rest.map(|(steps, value)| f32::from(*steps) * value).sum();
    sums.iter().sum::<f32>() + rest
}
