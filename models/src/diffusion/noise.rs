//! Noise from a seed, the same on every run: Philox4x32-10 (Salmon et al., "Parallel random numbers:
//! as easy as 1, 2, 3", 2011), turned into normal numbers by Box and Muller. Every number has its own
//! count, so the order in which they are drawn changes nothing.

use std::f64::consts::TAU;

/// Where a run takes its noise from. Numbers are those of a standard normal distribution.
pub trait Noise: Send {
    /// So many numbers more, channel by channel, row by row. The first call is for what the picture
    /// begins with, and one follows for each step of a scheduler that adds noise.
    fn draw(&mut self, numbers: usize) -> Vec<f32>;
}

/// Noise that a seed determines.
#[derive(Debug, Clone)]
pub struct Seeded {
    key: [u32; 2],
    /// How often numbers were drawn: each time is a stream of its own.
    stream: u32,
}

/// Multipliers and what the key grows by in each round.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const GROWTH: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;
/// Numbers of a count.
const AT_ONCE: usize = 4;

impl Seeded {
    /// Noise of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            stream: 0,
        }
    }
}

impl Noise for Seeded {
    fn draw(&mut self, numbers: usize) -> Vec<f32> {
        let stream = self.stream;
        self.stream = stream.wrapping_add(1);
        let counts = 0..numbers.div_ceil(AT_ONCE) as u64;
        let drawn = counts.flat_map(|count| {
            let count = [count as u32, (count >> 32) as u32, stream, 0];
            let [a, b, c, d] = philox(count, self.key);
            let ([a, b], [c, d]) = (normal(a, b), normal(c, d));
            [a, b, c, d]
        });
        drawn.take(numbers).collect()
    }
}

/// Four words that look random, of a count and a key.
fn philox(mut count: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let [first, second] = [
            u64::from(MULTIPLIERS[0]) * u64::from(count[0]),
            u64::from(MULTIPLIERS[1]) * u64::from(count[2]),
        ];
        count = [
            (second >> 32) as u32 ^ count[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ count[3] ^ key[1],
            first as u32,
        ];
        key = [
            key[0].wrapping_add(GROWTH[0]),
            key[1].wrapping_add(GROWTH[1]),
        ];
    }
    count
}

/// Two independent normal numbers of two words.
fn normal(first: u32, second: u32) -> [f32; 2] {
    // The middle of each step, so that the logarithm is never of 0.
    let share = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
    let length = (-2.0 * share(first).ln()).sqrt();
    let angle = TAU * share(second);
    [(length * angle.cos()) as f32, (length * angle.sin()) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_that_the_authors_publish() {
        // Random123's known answers for philox4x32-10.
        let zeros = philox([0; 4], [0; 2]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = philox([u32::MAX; 4], [u32::MAX; 2]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let count = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let of_pi = philox(count, [0xa409_3822, 0x299f_31d0]);
        assert_eq!(of_pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn numbers_are_normal() {
        let numbers = Seeded::new(5).draw(100_001);
        assert_eq!(numbers.len(), 100_001);
        let count = numbers.len() as f32;
        let mean = numbers.iter().sum::<f32>() / count;
        let power = |power: i32| numbers.iter().map(|x| x.powi(power)).sum::<f32>() / count;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((power(2) - 1.0).abs() < 0.03, "{}", power(2));
        assert!((power(4) - 3.0).abs() < 0.2, "{}", power(4));
        assert!(numbers.iter().all(|number| number.abs() < 7.0));
    }

    #[test]
    fn seeds_and_streams_differ_and_repeat() {
        let (mut first, mut again) = (Seeded::new(u64::MAX), Seeded::new(u64::MAX));
        let drawn = first.draw(64);
        assert_eq!(drawn, again.draw(64));
        assert_ne!(drawn, first.draw(64), "another stream");
        assert_ne!(
            drawn,
            Seeded::new(u64::from(u32::MAX)).draw(64),
            "another seed"
        );
        // The first numbers don't depend on how many there are.
        assert_eq!(Seeded::new(3).draw(7), Seeded::new(3).draw(9)[..7]);
    }
}
