//! Figures of whole explanations.

use std::time::Duration;

use serde::Serialize;

use crate::cli::bench::chat::explaining::Took;
use crate::cli::bench::statistics::{hundredths, percentile};

/// What is aimed at, in seconds, on two cores with the starter profile.
const FIRST_WORDS: f64 = 3.0;
const WHOLE: f64 = 15.0;

/// Figures of whole explanations; seconds, of the topics that the atlas has something on.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct Explained {
    topics: usize,
    /// Those that the atlas has nothing on.
    unanswered: usize,
    sentences: usize,
    worded_by_model: usize,
    /// The first sentence: the median and the longest.
    first_words_s: Option<f64>,
    first_words_max_s: Option<f64>,
    /// The whole explanation.
    whole_s: Option<f64>,
    whole_max_s: Option<f64>,
}

impl Explained {
    pub(in super::super) fn of(measured: &[Took]) -> Self {
        let answered = measured.iter().filter(|took| took.first_words.is_some());
        let (first_words, whole): (Vec<Duration>, Vec<Duration>) = answered
            .map(|took| (took.first_words.unwrap_or_default(), took.whole))
            .unzip();
        let seconds = |times: &[Duration], percent: usize| {
            let time = percentile(times, percent).as_secs_f64();
            (!times.is_empty()).then(|| hundredths(time))
        };
        Self {
            topics: measured.len(),
            unanswered: measured.len() - whole.len(),
            sentences: measured.iter().map(|took| took.sentences).sum(),
            worded_by_model: measured.iter().map(|took| took.worded_by_model).sum(),
            first_words_s: seconds(&first_words, 50),
            first_words_max_s: seconds(&first_words, 100),
            whole_s: seconds(&whole, 50),
            whole_max_s: seconds(&whole, 100),
        }
    }

    pub(super) fn in_words(&self) -> String {
        let counts = format!(
            "Explanations of {} topics ({} with nothing in the atlas), {} sentences, {} of them \
             worded by the model:\n",
            self.topics, self.unanswered, self.sentences, self.worded_by_model
        );
        let line = |name: &str, median: Option<f64>, longest: Option<f64>, target: f64| {
            let (median, longest) = (median?, longest?);
            Some(format!(
                "  {name:<14}{median:.2} s, longest {longest:.2} s (target {target} s)\n"
            ))
        };
        let (first, longest) = (self.first_words_s, self.first_words_max_s);
        let first = line("first words", first, longest, FIRST_WORDS);
        let whole = line("whole", self.whole_s, self.whole_max_s, WHOLE);
        let nothing = || {
            "  The topics are those of the starter atlas. Fetch it with `mirage atlas starter`.\n"
                .to_owned()
        };
        counts
            + &first
                .zip(whole)
                .map_or_else(nothing, |(first, whole)| first + &whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_count_where_there_is_one() {
        let took = |first: u64, whole: u64| Took {
            first_words: Some(Duration::from_millis(first)),
            whole: Duration::from_millis(whole),
            sentences: 5,
            worded_by_model: 2,
        };
        let measured = [
            took(200, 6_000),
            Took::default(),
            took(100, 8_000),
            took(900, 7_000),
        ];
        let explained = Explained::of(&measured);
        assert_eq!(explained.first_words_s, Some(0.2));
        assert_eq!(explained.first_words_max_s, Some(0.9));
        assert_eq!(explained.whole_s, Some(7.0));
        assert_eq!(explained.whole_max_s, Some(8.0));
        let words = explained.in_words();
        let counts = "4 topics (1 with nothing in the atlas), 15 sentences, 6 of them worded";
        assert!(words.contains(counts), "{words}");
        let line = "  first words   0.20 s, longest 0.90 s (target 3 s)\n";
        assert!(words.contains(line), "{words}");
    }

    #[test]
    fn where_nothing_was_explained_there_is_no_time() {
        let explained = Explained::of(&[Took::default()]);
        assert_eq!((explained.unanswered, explained.first_words_s), (1, None));
        let words = explained.in_words();
        assert!(words.contains("`mirage atlas starter`"), "{words}");
    }
}
