//! The figures of a measurement, for people and for programs.

mod explained;
mod speed;

use serde::Serialize;
use serde_json::Value;

use super::Terms;
use super::answers::{Answered, LONGEST};
use super::weights::Stored;
use crate::cli::bench::statistics::hundredths;
pub(super) use explained::Explained;
use speed::{OfLength, Speed, by_length, lengths_in_words};

/// What is aimed at, on two cores with the starter profile.
const PREFILL_RATIO: f64 = 0.6;
const DECODE_RATIO: f64 = 0.8;
const MEGABYTES: u64 = 1_200;

/// The figures; medians over the rounds.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    model: String,
    /// What is loaded, and the form that most of its weights are in.
    file: String,
    form: String,
    threads: usize,
    rounds: usize,
    /// Most tokens of an answer, and the fewest that one had.
    answer_tokens: usize,
    fewest_answer_tokens: usize,
    #[serde(flatten)]
    speed: Speed,
    lengths: Vec<OfLength>,
    #[serde(flatten)]
    pub(super) explained: Explained,
    /// The most memory that the whole program held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resident_megabytes: Option<u64>,
    pub(super) peer: Option<PeerFigures>,
    /// Why there is no peer; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_peer: Option<String>,
    /// The peer on the file as it is shipped, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) original: Option<PeerFigures>,
    /// Why there is none of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_original: Option<String>,
}

/// llama.cpp's figures on one file, and how they compare.
#[derive(Debug, Serialize)]
pub(super) struct PeerFigures {
    name: &'static str,
    version: String,
    /// What it was built for, as it says itself.
    built_for: String,
    file: String,
    form: String,
    #[serde(flatten)]
    speed: Speed,
    lengths: Vec<OfLength>,
    /// Our tokens a second over the peer's.
    prefill_ratio: f64,
    decode_ratio: f64,
    /// Share of our words that the peer's answers begin with too: 1 where both write the same.
    same_beginning: f64,
}

impl Figures {
    /// Our own figures, without explanations.
    pub(super) fn of(terms: Terms, model: &str, weights: &Stored, ours: &[Answered]) -> Self {
        let shortest = ours.iter().map(|answer| answer.answer_tokens).min();
        Self {
            model: model.to_owned(),
            file: weights.name.clone(),
            form: weights.form.clone(),
            threads: terms.threads,
            rounds: terms.rounds,
            answer_tokens: LONGEST,
            fewest_answer_tokens: shortest.unwrap_or_default(),
            speed: Speed::over_all(ours),
            lengths: by_length(ours),
            explained: Explained::default(),
            resident_megabytes: None,
            peer: None,
            no_peer: None,
            original: None,
            no_original: None,
        }
    }

    pub(super) fn in_words(&self) -> String {
        let mut words = format!(
            "{}, {} ({}), {} threads, {} rounds, answers of {} to {} tokens, medians:\n{}{}",
            self.model,
            self.file,
            self.form,
            self.threads,
            self.rounds,
            self.fewest_answer_tokens,
            self.answer_tokens,
            self.speed.in_words(),
            lengths_in_words(&self.lengths),
        );
        let peers = [
            (&self.peer, &self.no_peer),
            (&self.original, &self.no_original),
        ];
        for (peer, without) in peers {
            words += &match (peer, without) {
                (Some(peer), _) => peer.in_words(),
                (None, Some(sentence)) => format!("{sentence}\n"),
                (None, None) => String::new(),
            };
        }
        words += &self.explained.in_words();
        if let Some(megabytes) = self.resident_megabytes {
            words += &format!("Most memory: {megabytes} MB (target {MEGABYTES} MB)\n");
        }
        words
    }
}

impl PeerFigures {
    pub(super) fn of(
        about: &Value,
        weights: Stored,
        theirs: &[Answered],
        ours: &[Answered],
    ) -> Self {
        let text = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
        let (speed, own) = (Speed::over_all(theirs), Speed::over_all(ours));
        Self {
            name: "llama.cpp",
            version: format!("llama-cpp-python {}", text("version")),
            built_for: text("built_for"),
            file: weights.name,
            form: weights.form,
            speed,
            lengths: by_length(theirs),
            prefill_ratio: ratio(own.prefill_tok_s, speed.prefill_tok_s),
            decode_ratio: ratio(own.decode_tok_s, speed.decode_tok_s),
            same_beginning: same_beginning(ours, theirs),
        }
    }

    fn in_words(&self) -> String {
        format!(
            "{} ({}) on {} ({}), in turns with it:\n{}{}\
             \x20 Ratio of ours to it: prefill {:.2} (target {PREFILL_RATIO}), decode {:.2} (target \
             {DECODE_RATIO})\n\
             \x20 Share of our words that it begins with too: {:.2}\n",
            self.name,
            self.version,
            self.file,
            self.form,
            self.speed.in_words(),
            lengths_in_words(&self.lengths),
            self.prefill_ratio,
            self.decode_ratio,
            self.same_beginning,
        )
    }
}

fn ratio(ours: f64, theirs: f64) -> f64 {
    hundredths(ours / theirs.max(f64::EPSILON))
}

/// Share of our words that stand in the peer's answers as well, up to the first that differs.
fn same_beginning(ours: &[Answered], theirs: &[Answered]) -> f64 {
    let (mut same, mut all) = (0, 0);
    for (own, their) in ours.iter().zip(theirs) {
        let pairs = own
            .text
            .split_whitespace()
            .zip(their.text.split_whitespace());
        same += pairs.take_while(|(own, their)| own == their).count();
        all += own.text.split_whitespace().count();
    }
    hundredths(same as f64 / all.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(prompt: (usize, f64), answer: (usize, f64), text: &str) -> Answered {
        Answered {
            prompt_tokens: prompt.0,
            prompt_seconds: prompt.1,
            answer_tokens: answer.0,
            decode_seconds: answer.1,
            text: text.to_owned(),
        }
    }

    /// Three rounds of two lengths, so much slower than the fastest.
    fn rounds(slower: [f64; 3], text: &str) -> Vec<Answered> {
        let of_round = |slower: f64| {
            [
                answered((100, slower), (11, slower), text),
                answered((400, 4.0 * slower), (11, slower), text),
            ]
        };
        slower.into_iter().flat_map(of_round).collect()
    }

    fn stored(name: &str, form: &str) -> Stored {
        Stored {
            path: name.into(),
            name: name.to_owned(),
            form: form.to_owned(),
            is_gguf: true,
        }
    }

    fn figures() -> Figures {
        let terms = Terms {
            rounds: 3,
            threads: 2,
        };
        let weights = stored("tiny.q8_0.gguf", "Q8_0");
        let ours = rounds([2.0, 1.0, 9.0], "The pons bulges far");
        let mut figures = Figures::of(terms, "tiny@1", &weights, &ours);
        let theirs = rounds([0.5, 0.5, 0.5], "The pons is large");
        let about = serde_json::json!({ "version": "0.3.1", "built_for": "AVX2 = 1" });
        let peer = PeerFigures::of(&about, weights, &theirs, &ours);
        figures.peer = Some(peer);
        figures
    }

    fn same(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
    }

    #[test]
    fn rates_are_of_the_middle_round_without_the_first_token() {
        let figures = figures();
        // 500 tokens in 10 s, and twice 10 tokens in 4 s.
        same(figures.speed.prefill_tok_s, 50.0);
        same(figures.speed.decode_tok_s, 5.0);
        assert_eq!(figures.fewest_answer_tokens, 11);
        let [short, long] = figures.lengths.as_slice() else {
            panic!("two lengths");
        };
        assert_eq!((short.prompt_tokens, long.prompt_tokens), (100, 400));
        same(long.speed.prefill_tok_s, 50.0);
        let peer = figures.peer.expect("one");
        same(peer.speed.prefill_tok_s, 200.0);
        same(peer.prefill_ratio, 0.25);
        same(peer.decode_ratio, 0.25);
        same(peer.same_beginning, 0.5);
    }

    #[test]
    fn the_words_and_the_json_name_files_threads_and_ratios() {
        let mut figures = figures();
        figures.no_original = Some("There is no peer: it ended.".to_owned());
        figures.resident_megabytes = Some(800);
        let words = figures.in_words();
        for part in [
            "tiny@1, tiny.q8_0.gguf (Q8_0), 2 threads, 3 rounds, answers of 11 to 64 tokens",
            "  prefill 50.0 tokens/s, decode 5.0 tokens/s\n    after a prompt of 100 tokens",
            "llama.cpp (llama-cpp-python 0.3.1) on tiny.q8_0.gguf (Q8_0), in turns",
            "prefill 0.25 (target 0.6), decode 0.25 (target 0.8)",
            "There is no peer: it ended.\n",
            "Most memory: 800 MB (target 1200 MB)",
        ] {
            assert!(words.contains(part), "no {part:?} in: {words}");
        }
        let json = serde_json::to_value(&figures).expect("plain data");
        for key in ["decode_tok_s", "prefill_tok_s"] {
            assert!(json[key].is_number() && json["peer"][key].is_number());
        }
        assert_eq!(json["peer"]["name"], "llama.cpp");
        assert_eq!(json["first_words_s"], Value::Null);
        assert!(json.get("original").is_none());
    }
}
