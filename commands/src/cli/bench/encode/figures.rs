//! The figures of a measurement, for people and for programs.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Measured, Terms};
use crate::cli::bench::statistics::{hundredths, percentile};

/// The figures; medians over the rounds, in pictures a second.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    encoder: String,
    pictures: usize,
    batch: usize,
    rounds: usize,
    threads: usize,
    /// From pixels to vectors.
    pictures_per_second: f64,
    /// The network alone.
    network_per_second: f64,
    pub(super) peer: Option<PeerFigures>,
    /// Why there is no peer; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_peer: Option<String>,
}

/// The peer's figures, and how they compare.
#[derive(Debug, Serialize)]
pub(super) struct PeerFigures {
    about: Value,
    pictures_per_second: f64,
    network_per_second: f64,
    /// Our pictures a second over the peer's.
    ratio: f64,
    /// The same for the network alone.
    network_ratio: f64,
    /// The smallest cosine of our vector of a picture and the peer's: 1 where both are the same
    /// network.
    least_cosine: f32,
}

impl Figures {
    /// Our own figures.
    pub(super) fn of(terms: Terms, encoder: &str, ours: &Measured) -> Self {
        Self {
            encoder: encoder.to_owned(),
            pictures: terms.pictures,
            batch: terms.batch,
            rounds: terms.rounds,
            threads: terms.threads,
            pictures_per_second: rate(terms, &ours.whole),
            network_per_second: rate(terms, &ours.network),
            peer: None,
            no_peer: None,
        }
    }

    pub(super) fn in_words(&self) -> String {
        let ours = format!(
            "{}, {} pictures in batches of {}, {} threads, {} rounds, medians:\n\
             \x20 from pixels to vectors {:.1} pictures/s, the network alone {:.1} pictures/s\n",
            self.encoder,
            self.pictures,
            self.batch,
            self.threads,
            self.rounds,
            self.pictures_per_second,
            self.network_per_second,
        );
        let peer = match (&self.peer, &self.no_peer) {
            (Some(peer), _) => peer.in_words(),
            (None, Some(sentence)) => format!("{sentence}\n"),
            (None, None) => String::new(),
        };
        ours + &peer
    }
}

impl PeerFigures {
    pub(super) fn of(
        terms: Terms,
        about: Value,
        theirs: &Measured,
        ours: &Measured,
        least_cosine: f32,
    ) -> Self {
        let ratio = |ours: &[Duration], theirs: &[Duration]| {
            let ours = percentile(ours, 50).as_secs_f64();
            hundredths(percentile(theirs, 50).as_secs_f64() / ours.max(f64::EPSILON))
        };
        Self {
            about,
            pictures_per_second: rate(terms, &theirs.whole),
            network_per_second: rate(terms, &theirs.network),
            ratio: ratio(&ours.whole, &theirs.whole),
            network_ratio: ratio(&ours.network, &theirs.network),
            least_cosine,
        }
    }

    fn in_words(&self) -> String {
        format!(
            "PyTorch {} ({}), in turns with it:\n\
             \x20 from pixels to vectors {:.1} pictures/s, the network alone {:.1} pictures/s\n\
             Ratio of ours to PyTorch's: {:.2} (target 1), of the networks alone: {:.2}\n\
             Least cosine of both vectors of a picture: {:.5}\n",
            self.about["torch"].as_str().unwrap_or_default(),
            self.about["way"].as_str().unwrap_or_default(),
            self.pictures_per_second,
            self.network_per_second,
            self.ratio,
            self.network_ratio,
            self.least_cosine,
        )
    }
}

/// Pictures a second, by the median of the times for all.
fn rate(terms: Terms, times: &[Duration]) -> f64 {
    let seconds = percentile(times, 50).as_secs_f64();
    hundredths(terms.pictures as f64 / seconds.max(f64::EPSILON))
}

/// The smallest cosine of two unit vectors at the same place; 0 if there are none.
pub(super) fn least_cosine(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    let pairs = ours.iter().zip(theirs);
    let cosines = pairs.map(|(ours, theirs)| {
        let products = ours.iter().zip(theirs).map(|(ours, theirs)| ours * theirs);
        products.sum::<f32>()
    });
    cosines.min_by(f32::total_cmp).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_middle_round_and_ratios_are_ours_over_theirs() {
        let terms = Terms {
            pictures: 10,
            batch: 5,
            rounds: 3,
            threads: 2,
        };
        let times = |seconds: [u64; 3]| seconds.map(Duration::from_secs).to_vec();
        let ours = Measured {
            whole: times([2, 1, 9]),
            network: times([1, 1, 1]),
        };
        let theirs = Measured {
            whole: times([4, 4, 4]),
            network: times([1, 1, 1]),
        };
        let mut figures = Figures::of(terms, "lite@1", &ours);
        assert!((figures.pictures_per_second - 5.0).abs() < 1e-9);
        let about = serde_json::json!({ "torch": "2.0", "way": "eager" });
        let peer = PeerFigures::of(terms, about, &theirs, &ours, 1.0);
        assert!((peer.ratio - 2.0).abs() < 1e-9, "{peer:?}");
        assert!((peer.network_ratio - 1.0).abs() < 1e-9, "{peer:?}");
        figures.peer = Some(peer);
        let words = figures.in_words();
        assert!(words.contains("PyTorch 2.0 (eager)"), "{words}");
    }

    #[test]
    fn the_least_cosine_is_that_of_the_worst_pair() {
        let ours = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let theirs = [vec![1.0, 0.0], vec![0.8, 0.6]];
        assert!((least_cosine(&ours, &theirs) - 0.6).abs() < 1e-6);
        assert!(least_cosine(&[], &theirs).abs() < 1e-6);
    }
}
