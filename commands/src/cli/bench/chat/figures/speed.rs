//! Tokens a second, from answers round by round.

use serde::Serialize;

use crate::cli::bench::chat::answers::Answered;
use crate::cli::bench::chat::prompts::LENGTHS;
use crate::cli::bench::statistics::hundredths;

/// Tokens a second, over the questions of all lengths.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Speed {
    /// Reading prompts, until the first token of the answer.
    pub(super) prefill_tok_s: f64,
    /// Writing the tokens after the first.
    pub(super) decode_tok_s: f64,
}

/// The same with prompts of one length.
#[derive(Debug, Serialize)]
pub(super) struct OfLength {
    /// Tokens of the prompt with its frame.
    pub(super) prompt_tokens: usize,
    #[serde(flatten)]
    pub(super) speed: Speed,
}

impl Speed {
    /// Of answers round by round, to a question of each length.
    pub(super) fn over_all(answers: &[Answered]) -> Self {
        Self::over(answers.chunks(LENGTHS.len()))
    }

    /// The medians over rounds.
    fn over<'a>(rounds: impl Iterator<Item = &'a [Answered]>) -> Self {
        let rates = rounds.map(|answers| {
            let prompts = answers.iter();
            let prompts = prompts.map(|answer| (answer.prompt_tokens, answer.prompt_seconds));
            let others = answers.iter().map(|answer| {
                let tokens = answer.answer_tokens.saturating_sub(1);
                (tokens, answer.decode_seconds)
            });
            (rate(prompts), rate(others))
        });
        let (prefill, decode): (Vec<f64>, Vec<f64>) = rates.unzip();
        Self {
            prefill_tok_s: hundredths(median(prefill)),
            decode_tok_s: hundredths(median(decode)),
        }
    }

    pub(super) fn in_words(self) -> String {
        format!(
            "  prefill {:.1} tokens/s, decode {:.1} tokens/s\n",
            self.prefill_tok_s, self.decode_tok_s
        )
    }
}

/// The figures of each length, from answers round by round.
pub(super) fn by_length(answers: &[Answered]) -> Vec<OfLength> {
    let each = LENGTHS.len();
    let lengths = (0..each).map(|place| {
        let of_length = || answers.iter().skip(place).step_by(each);
        let tokens = of_length().map(|answer| answer.prompt_tokens as f64);
        OfLength {
            prompt_tokens: median(tokens.collect()) as usize,
            speed: Speed::over(of_length().map(std::slice::from_ref)),
        }
    });
    lengths.collect()
}

pub(super) fn lengths_in_words(lengths: &[OfLength]) -> String {
    let line = |length: &OfLength| {
        let Speed {
            prefill_tok_s,
            decode_tok_s,
        } = length.speed;
        format!(
            "    after a prompt of {} tokens: {prefill_tok_s:.1} and {decode_tok_s:.1}\n",
            length.prompt_tokens
        )
    };
    lengths.iter().map(line).collect()
}

/// Tokens a second over several times.
fn rate(parts: impl Iterator<Item = (usize, f64)>) -> f64 {
    let sum = |(tokens, seconds): (usize, f64), (more, longer): (usize, f64)| {
        (tokens + more, seconds + longer)
    };
    let (tokens, seconds) = parts.fold((0, 0.0), sum);
    tokens as f64 / seconds.max(f64::EPSILON)
}

/// The middle value, by the nearest rank; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len().div_ceil(2).saturating_sub(1);
    values.get(middle).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
    }

    #[test]
    fn the_middle_is_a_value_that_was_measured() {
        same(median(vec![4.0, 9.0, 1.0]), 4.0);
        same(median(vec![4.0, 1.0]), 1.0);
        same(median(Vec::new()), 0.0);
    }

    #[test]
    fn a_rate_is_over_the_sums_and_nothing_measured_is_no_failure() {
        same(rate([(10, 1.0), (30, 3.0)].into_iter()), 10.0);
        same(rate(std::iter::empty()), 0.0);
        same(Speed::over_all(&[]).prefill_tok_s, 0.0);
        assert_eq!(by_length(&[]).len(), LENGTHS.len());
    }
}
