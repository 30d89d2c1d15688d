//! How often the judge sees what was asked for, or what a real picture is of.

use serde::Serialize;

use crate::evaluation::confusion::Confusion;

/// Quantile of the normal distribution for an interval of 95 %.
const Z: f64 = 1.959_963_985;

/// What the judge saw of pictures of which it is known what they are to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// How many.
    pub n: usize,
    /// Share that was judged right.
    pub accuracy: f64,
    /// 95 % interval of the share (Wilson, 1927).
    pub ci95: [f64; 2],
    /// What was seen of the pictures of each class.
    #[serde(flatten)]
    pub confusion: Confusion,
}

impl Judged {
    /// Counts pictures by the class that each is to be of and the one that was seen; both are places
    /// among `labels`.
    pub(super) fn of(labels: &[String], pictures: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut confusion = Confusion::new(labels.to_vec());
        let (mut n, mut right) = (0, 0);
        for (expected, seen) in pictures {
            confusion.count(expected, seen);
            n += 1;
            right += usize::from(expected == seen);
        }
        Self {
            n,
            accuracy: right as f64 / n.max(1) as f64,
            ci95: interval(right, n),
            confusion,
        }
    }
}

/// The share of pictures that were judged right, each with its weight; `None` of nothing.
pub(super) fn weighted(pictures: impl Iterator<Item = (bool, f64)>) -> Option<f64> {
    let (mut right, mut all) = (0.0, 0.0);
    for (is_right, weight) in pictures {
        all += weight;
        right += if is_right { weight } else { 0.0 };
    }
    (all > 0.0).then(|| right / all)
}

/// Wilson's interval of a share: it stays within 0 and 1, also for few pictures.
fn interval(right: usize, n: usize) -> [f64; 2] {
    if n == 0 {
        return [0.0, 1.0];
    }
    let (n, share) = (n as f64, right as f64 / n as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let reach = (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let reach = Z / (1.0 + Z * Z / n) * reach;
    [(middle - reach).max(0.0), (middle + reach).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_by_class_and_by_what_was_seen() {
        let labels = ["CT", "MRI", "x-ray"].map(str::to_owned);
        let pictures = [(0, 0), (0, 1), (2, 2), (2, 2)];
        let judged = Judged::of(&labels, pictures.into_iter());
        assert_eq!(judged.n, 4);
        assert!((judged.accuracy - 0.75).abs() < 1e-12);
        assert_eq!(judged.confusion.counts, [[1, 1, 0], [0, 0, 0], [0, 0, 2]]);
        let json = serde_json::to_value(&judged).expect("JSON");
        assert_eq!(json["labels"][1], "MRI");
        assert_eq!(json["confusion"][0][1], 1);
    }

    #[test]
    fn intervals_are_those_of_wilson() {
        // 240 of 300, calculated by hand: centre 0.79621, reach 0.04507.
        let [low, high] = interval(240, 300);
        assert!((low - 0.7511).abs() < 2e-4, "{low}");
        assert!((high - 0.8413).abs() < 2e-4, "{high}");
        let [low, high] = interval(10, 10);
        assert!(low > 0.7 && (high - 1.0).abs() < 1e-12, "{low} to {high}");
        assert_eq!(interval(0, 0), [0.0, 1.0]);
    }

    #[test]
    fn weights_are_shares_of_the_whole() {
        let pictures = [(true, 0.5), (false, 0.25), (true, 0.0)];
        let share = weighted(pictures.into_iter()).expect("some weight");
        assert!((share - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(weighted([(true, 0.0)].into_iter()), None);
    }
}
