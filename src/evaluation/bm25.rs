//! BM25 over captions (Robertson and Zaragoza, 2009), with Lucene's form of the inverse document
//! frequency, as the atlas's word index has it: the baseline that knows words alone.

use std::collections::{HashMap, HashSet};

use super::stem::stems;

/// How soon more of a word stops to count.
const K1: f64 = 1.2;
/// How much long captions are held back.
const B: f64 = 0.75;

/// An index of texts.
pub(super) struct Bm25 {
    /// Texts that hold a stem, with how often.
    postings: HashMap<String, Vec<(usize, f64)>>,
    /// Stems of each text.
    lengths: Vec<f64>,
    /// Stems of a text on average.
    average: f64,
}

impl Bm25 {
    pub(super) fn new(texts: &[&str]) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate() {
            let stems = stems(text);
            lengths.push(stems.len() as f64);
            for stem in stems {
                let texts = postings.entry(stem).or_default();
                match texts.last_mut() {
                    Some((last, count)) if *last == number => *count += 1.0,
                    _ => texts.push((number, 1.0)),
                }
            }
        }
        let average = super::mean(lengths.iter().copied());
        Self {
            postings,
            lengths,
            average,
        }
    }

    /// The score of each text; zero where it shares no word with the query.
    pub(super) fn scores(&self, query: &str) -> Vec<f64> {
        let mut scores = vec![0.0; self.lengths.len()];
        let mut seen = HashSet::new();
        for stem in stems(query) {
            let Some(texts) = self.postings.get(&stem) else {
                continue;
            };
            if !seen.insert(stem) {
                continue;
            }
            let (all, with) = (self.lengths.len() as f64, texts.len() as f64);
            let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for (text, count) in texts {
                let length = 1.0 - B + B * self.lengths[*text] / self.average;
                scores[*text] += rarity * count * (K1 + 1.0) / (count + K1 * length);
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_formula() {
        // Lengths 2, 4 and 3; the average is 3. Two of three texts hold "chest", one "fracture".
        let index = Bm25::new(&[
            "chest radiograph",
            "fractures of the chest wall, fracture",
            "axial brain MRI",
        ]);
        let scores = index.scores("chest fracture chest");
        let chest = (1.0_f64 + 1.5 / 2.5).ln();
        let fracture = (1.0_f64 + 2.5 / 1.5).ln();
        let first = chest * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / 3.0));
        let length = 1.2 * (0.25 + 0.75 * 4.0 / 3.0);
        let second = chest * 2.2 / (1.0 + length) + fracture * 2.0 * 2.2 / (2.0 + length);
        assert!((scores[0] - first).abs() < 1e-12, "{scores:?}");
        assert!((scores[1] - second).abs() < 1e-12, "{scores:?}");
        assert!(scores[2].abs() < 1e-12, "{scores:?}");
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(Bm25::new(&[]).scores("chest").is_empty());
        assert_eq!(Bm25::new(&["", ""]).scores("chest"), [0.0, 0.0]);
    }
}
