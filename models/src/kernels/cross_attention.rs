//! Attention of the places of a picture to others or to words, with several heads (Vaswani et al.,
//! arXiv:1706.03762). Scores are made a block at a time and never kept (Dao et al.,
//! arXiv:2205.14135), so large pictures need no more memory than small ones.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, bail};
use rayon::prelude::*;

use super::contiguous;
use super::elementary::{exp, fused};

/// Places that a thread answers at once.
const QUERIES: usize = 16;
/// Others that are looked at in one go: their keys and values fit the nearest cache.
const KEYS: usize = 128;

/// Queries (pictures, places, width) and, beside each other, keys and values (pictures, others,
/// 2 * width) to what each place takes from the others (pictures, places, width).
pub(crate) struct CrossAttention {
    /// Heads, each with an equal part of the width.
    pub(crate) heads: usize,
}

/// The numbers and their lengths.
struct Inputs<'a> {
    queries: &'a [f32],
    /// Keys and values, row after row.
    others: &'a [f32],
    /// Keys by column: pictures, heads, blocks of [`KEYS`], columns of a head, others of a block.
    keys: Vec<f32>,
    places: usize,
    count: usize,
    width: usize,
    heads: usize,
}

/// What a place knows of its result so far.
#[derive(Clone, Copy)]
struct Running {
    highest: f32,
    sum: f32,
}

impl CustomOp2 for CrossAttention {
    fn name(&self) -> &'static str {
        "cross-attention"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_layout: &Layout,
        others: &CpuStorage,
        others_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (pictures, places, width) = queries_layout.shape().dims3()?;
        let (rows, count, both) = others_layout.shape().dims3()?;
        let fits = self.heads > 0 && width > 0 && width.is_multiple_of(self.heads);
        if !fits || rows != pictures || both != 2 * width || count == 0 {
            bail!("{width} numbers a place don't fit {both} numbers a key, or the heads");
        }
        let mut inputs = Inputs {
            queries: contiguous(queries, queries_layout)?,
            others: contiguous(others, others_layout)?,
            keys: Vec::new(),
            places,
            count,
            width,
            heads: self.heads,
        };
        inputs.keys = inputs.by_column(pictures);
        let mut output = vec![0.0_f32; pictures * places * width];
        output
            .par_chunks_mut((places * width).max(1))
            .enumerate()
            .flat_map(|(picture, output)| {
                let blocks = output.par_chunks_mut(QUERIES * width).enumerate();
                blocks.map(move |(block, output)| (picture, block, output))
            })
            .for_each(|(picture, block, output)| {
                for head in 0..inputs.heads {
                    inputs.attend(picture, head, block * QUERIES, output);
                }
            });
        Ok((CpuStorage::F32(output), queries_layout.shape().clone()))
    }
}

impl Inputs<'_> {
    fn of_head(&self) -> usize {
        self.width / self.heads
    }

    /// Numbers of a head's keys by column. The last block is filled up with zeros.
    fn keys_of_head(&self) -> usize {
        self.count.div_ceil(KEYS) * KEYS * self.of_head()
    }

    fn by_column(&self, pictures: usize) -> Vec<f32> {
        let (of_head, size) = (self.of_head(), self.keys_of_head());
        let mut keys = vec![0.0_f32; pictures * self.heads * size];
        keys.par_chunks_exact_mut(size)
            .enumerate()
            .for_each(|(number, keys)| {
                let (picture, head) = (number / self.heads, number % self.heads);
                for other in 0..self.count {
                    let from = (picture * self.count + other) * 2 * self.width + head * of_head;
                    let block = &mut keys[other / KEYS * KEYS * of_head..];
                    for (column, value) in self.others[from..from + of_head].iter().enumerate() {
                        block[column * KEYS + other % KEYS] = *value;
                    }
                }
            });
        keys
    }

    /// What one head gives some places, the first of them counted within its picture.
    fn attend(&self, picture: usize, head: usize, first: usize, output: &mut [f32]) {
        let of_head = self.of_head();
        let scale = 1.0 / (of_head as f32).sqrt();
        let keys = &self.keys[(picture * self.heads + head) * self.keys_of_head()..];
        let mut scores = [0.0_f32; KEYS];
        let mut running = [Running::START; QUERIES];
        let blocks = keys.chunks_exact(KEYS * of_head);
        for (start, keys) in (0..self.count).step_by(KEYS).zip(blocks) {
            let length = KEYS.min(self.count - start);
            let value = |other: usize| {
                let row = (picture * self.count + start + other) * 2 + 1;
                &self.others[row * self.width + head * of_head..][..of_head]
            };
            let rows = output.chunks_exact_mut(self.width);
            for (number, (row, running)) in rows.zip(&mut running).enumerate() {
                let from = (picture * self.places + first + number) * self.width + head * of_head;
                let query = &self.queries[from..from + of_head];
                scores.fill(0.0);
                weighted(&mut scores, query, scale, |column| {
                    &keys[column * KEYS..][..KEYS]
                });
                let result = &mut row[head * of_head..][..of_head];
                running.add(&mut scores[..length], result);
                weighted(result, &scores[..length], 1.0, value);
            }
        }
        for (row, running) in output.chunks_exact_mut(self.width).zip(running) {
            for value in &mut row[head * of_head..][..of_head] {
                *value /= running.sum;
            }
        }
    }
}

impl Running {
    const START: Self = Self {
        highest: f32::NEG_INFINITY,
        sum: 0.0,
    };

    /// Scores become powers of e below the highest so far; what was summed before is brought to the
    /// same height.
    fn add(&mut self, scores: &mut [f32], result: &mut [f32]) {
        let highest = scores.iter().copied().fold(self.highest, f32::max);
        let fall = exp(self.highest - highest);
        for score in scores.iter_mut() {
            *score = exp(*score - highest);
        }
        if fall < 1.0 {
            for value in result.iter_mut() {
                *value *= fall;
            }
        }
        self.sum = self.sum * fall + scores.iter().sum::<f32>();
        self.highest = highest;
    }
}

/// Adds rows, each times its weight and the scale: four at a time, so that the sum is read and
/// written a quarter as often.
#[inline(always)]
fn weighted<'a>(sum: &mut [f32], weights: &[f32], scale: f32, row: impl Fn(usize) -> &'a [f32]) {
    let fours = weights.chunks_exact(4);
    let rest = fours.remainder();
    for (number, four) in fours.enumerate() {
        let at = 4 * number;
        let [a, b, c, d] = [four[0], four[1], four[2], four[3]].map(|weight| weight * scale);
        let first = row(at).iter().zip(row(at + 1));
        let second = row(at + 2).iter().zip(row(at + 3));
        for (sum, ((x, y), (z, w))) in sum.iter_mut().zip(first.zip(second)) {
            *sum = fused(d, *w, fused(c, *z, fused(b, *y, fused(a, *x, *sum))));
        }
    }
    for (number, weight) in rest.iter().enumerate() {
        let row = row(weights.len() - rest.len() + number);
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum = fused(weight * scale, *value, *sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// The same by candle, all scores at once.
    fn reference(queries: &Tensor, others: &Tensor, heads: usize) -> Result<Tensor> {
        let (pictures, places, width) = queries.dims3()?;
        let split = |values: Tensor| {
            let (pictures, rows, _) = values.dims3()?;
            let parts = values.reshape((pictures, rows, heads, width / heads))?;
            parts.transpose(1, 2)?.contiguous()
        };
        let keys = split(others.narrow(2, 0, width)?.contiguous()?)?;
        let values = split(others.narrow(2, width, width)?.contiguous()?)?;
        let scale = ((width / heads) as f64).powf(-0.5);
        let queries = split((queries * scale)?)?;
        let pairs = queries.matmul(&keys.transpose(2, 3)?.contiguous()?)?;
        let seen = candle_nn::ops::softmax_last_dim(&pairs)?.matmul(&values)?;
        seen.transpose(1, 2)?.reshape((pictures, places, width))
    }

    #[test]
    fn it_does_what_candle_does() -> Result<()> {
        let device = &Device::Cpu;
        // One block and several, full and not, columns that four divides and others.
        let cases: [[usize; 4]; 4] = [
            [5, 3, 2, 8],
            [16, 128, 1, 12],
            [40, 300, 3, 15],
            [1, 129, 2, 14],
        ];
        for [places, count, heads, width] in cases {
            let queries = Tensor::randn(0_f32, 3.0, (2, places, width), device)?;
            let others = Tensor::randn(0_f32, 3.0, (2, count, 2 * width), device)?;
            let ours = queries.apply_op2_no_bwd(&others, &CrossAttention { heads })?;
            let theirs = reference(&queries, &others, heads)?;
            let most = (ours - theirs)?.abs()?.max_all()?.to_scalar::<f32>()?;
            assert!(most < 1e-4, "{places} {count} {heads} {width}: {most}");
        }
        Ok(())
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() -> Result<()> {
        let device = &Device::Cpu;
        let queries = Tensor::randn(0_f32, 1.0, (1, 4, 6), device)?;
        let cases: [[usize; 3]; 3] = [[1, 11, 2], [2, 12, 2], [1, 12, 4]];
        for [pictures, both, heads] in cases {
            let others = Tensor::randn(0_f32, 1.0, (pictures, 3, both), device)?;
            let result = queries.apply_op2_no_bwd(&others, &CrossAttention { heads });
            assert!(result.is_err(), "{pictures} {both} {heads}");
        }
        Ok(())
    }
}
