//! Attention within texts that lie one after another, without padding between them (Vaswani et al.,
//! arXiv:1706.03762).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, bail};
use rayon::prelude::*;

use super::contiguous;
use super::elementary::exp;

/// Queries, keys and values (tokens, 3 * width) to what each token takes from the others of its
/// text (tokens, width). Every token sees its whole text.
pub(crate) struct Attention<'a> {
    /// Tokens of each text; together all rows.
    pub(crate) lengths: &'a [usize],
    /// Heads, each with an equal part of the width.
    pub(crate) heads: usize,
}

/// One head of one text.
struct Part<'a> {
    /// Row of the text's first token.
    first: usize,
    length: usize,
    head: usize,
    /// Where its result goes: (length, width of a head).
    result: &'a mut [f32],
}

impl Attention<'_> {
    /// What every head of every text computes, each into its own stretch of `results`.
    fn parts<'a>(&self, width: usize, mut results: &'a mut [f32]) -> Vec<Part<'a>> {
        let mut parts = Vec::with_capacity(self.lengths.len() * self.heads);
        let mut first = 0;
        for &length in self.lengths {
            for head in 0..self.heads {
                let (result, rest) = results.split_at_mut(length * width);
                results = rest;
                parts.push(Part {
                    first,
                    length,
                    head,
                    result,
                });
            }
            first += length;
        }
        parts
    }
}

impl CustomOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, values: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (tokens, columns) = layout.shape().dims2()?;
        let values = contiguous(values, layout)?;
        let all = columns / 3;
        let width = all / self.heads.max(1);
        if columns != 3 * width * self.heads || self.lengths.iter().sum::<usize>() != tokens {
            bail!("{tokens} tokens of {columns} numbers don't fit the heads or the texts");
        }
        let mut by_head = vec![0.0_f32; tokens * all];
        self.parts(width, &mut by_head)
            .into_par_iter()
            .for_each(|part| attend(values, all, width, part));
        // From head after head to token after token.
        let mut output = vec![0.0_f32; tokens * all];
        for part in self.parts(width, &mut by_head) {
            for (row, from) in part.result.chunks_exact(width).enumerate() {
                let to = (part.first + row) * all + part.head * width;
                output[to..to + width].copy_from_slice(from);
            }
        }
        Ok((CpuStorage::F32(output), Shape::from((tokens, all))))
    }
}

fn attend(values: &[f32], all: usize, width: usize, part: Part<'_>) {
    let Part {
        first,
        length,
        head,
        result,
    } = part;
    let at = |token: usize, which: usize| {
        let from = (first + token) * 3 * all + which * all + head * width;
        &values[from..from + width]
    };
    // Keys by column, so that a query's scores are sums of whole columns.
    let mut keys = vec![0.0_f32; width * length];
    for token in 0..length {
        for (column, value) in at(token, 1).iter().enumerate() {
            keys[column * length + token] = *value;
        }
    }
    let scale = 1.0 / (width as f32).sqrt();
    let mut scores = vec![0.0_f32; length];
    for (token, out) in result.chunks_exact_mut(width).enumerate() {
        scores.fill(0.0);
        for (query, column) in at(token, 0).iter().zip(keys.chunks_exact(length)) {
            add_scaled(&mut scores, column, query * scale);
        }
        let sum = softmax_parts(&mut scores);
        for (other, score) in scores.iter().enumerate() {
            add_scaled(out, at(other, 2), score / sum);
        }
    }
}

/// Scores become powers of e; their sum is returned.
fn softmax_parts(scores: &mut [f32]) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = exp(*score - highest);
    }
    scores.iter().sum()
}

#[inline(always)]
fn add_scaled(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// The same by candle, a text and a head at a time.
    fn reference(values: &Tensor, first: usize, length: usize, head: usize) -> Result<Tensor> {
        let (_, columns) = values.dims2()?;
        let width = columns / 3 / 2;
        let part = |which: usize| {
            let rows = values.narrow(0, first, length)?;
            rows.narrow(1, which * columns / 3 + head * width, width)?
                .contiguous()
        };
        let scores = part(0)?.matmul(&part(1)?.t()?.contiguous()?)?;
        let scores = (scores / (width as f64).sqrt())?;
        candle_nn::ops::softmax_last_dim(&scores)?.matmul(&part(2)?)
    }

    #[test]
    fn every_text_attends_to_itself_alone() -> Result<()> {
        let lengths = [3, 1, 7];
        let (heads, width) = (2, 5);
        let tokens: usize = lengths.iter().sum();
        let count = tokens * 3 * heads * width;
        let numbers: Vec<f32> = (0..count)
            .map(|place| (place as f32 * 0.37).sin() * 2.0)
            .collect();
        let values = Tensor::from_vec(numbers, (tokens, 3 * heads * width), &Device::Cpu)?;
        let attention = Attention {
            lengths: &lengths,
            heads,
        };
        let ours = values.apply_op1_no_bwd(&attention)?;
        let mut first = 0;
        for length in lengths {
            for head in 0..heads {
                let theirs = reference(&values, first, length, head)?;
                let ours = ours.narrow(0, first, length)?;
                let ours = ours.narrow(1, head * width, width)?;
                let difference = (ours - theirs)?.abs()?.max_all()?.to_scalar::<f32>()?;
                assert!(difference < 1e-5, "{first} {head}: {difference}");
            }
            first += length;
        }
        Ok(())
    }
}
