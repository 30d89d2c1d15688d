//! Percentiles of measured times.

use std::time::Duration;

/// The smallest time that at least `percent` (1 to 100) of the times don't exceed: the nearest
/// rank. Zero for no times.
pub(super) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Milliseconds with one decimal: more is noise.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Milliseconds with three decimals, for what takes less than some.
pub(super) fn fine_milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// Two decimals are as much as measured times give.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 95), Duration::from_millis(190));
        assert_eq!(percentile(&times, 100), Duration::from_millis(200));
        assert_eq!(percentile(&times[..1], 50), Duration::from_millis(200));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn times_are_rounded_to_a_tenth() {
        let time = milliseconds(Duration::from_micros(12_345));
        assert!((time - 12.3).abs() < 1e-9, "{time}");
        let time = fine_milliseconds(Duration::from_nanos(1_234_567));
        assert!((time - 1.235).abs() < 1e-9, "{time}");
        assert!((hundredths(2.674_99) - 2.67).abs() < 1e-9);
    }
}
