//! Spaced repetition: when a question comes back to a student. The algorithm is FSRS-6 of the crate
//! `fsrs`, with its default parameters; <https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm>.
//! Times are milliseconds since 1970; nothing is stored here.

use fsrs::{FSRS, ItemState, MemoryState};
use serde::{Deserialize, Serialize};

/// Share of questions that a student should still know when they come back.
pub const RETENTION: f32 = 0.9;
/// How soon a question that was missed comes back.
const AGAIN: i64 = 10 * 60 * 1_000;
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Longest time until a question comes back, in days: ten years.
const LONGEST: f32 = 3_650.0;

/// How well a student knew the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Missed.
    Again,
    /// Right in part.
    Hard,
    /// Right.
    Good,
    /// Right, and the student says that it was easy.
    Easy,
}

impl Rating {
    /// The rating of a score from 0 to 1: all of it, half of it or more, less.
    pub fn of_score(score: f64) -> Self {
        if score >= 1.0 {
            Self::Good
        } else if score >= 0.5 {
            Self::Hard
        } else {
            Self::Again
        }
    }

    /// The number that FSRS gives it, 1 to 4.
    pub fn number(self) -> i64 {
        match self {
            Self::Again => 1,
            Self::Hard => 2,
            Self::Good => 3,
            Self::Easy => 4,
        }
    }

    /// The rating of such a number; `None` for any other.
    pub fn of_number(number: i64) -> Option<Self> {
        let all = [Self::Again, Self::Hard, Self::Good, Self::Easy];
        all.into_iter().find(|rating| rating.number() == number)
    }
}

/// What FSRS knows of a student and a question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Days until the chance to know the answer is down to nine of ten.
    pub stability: f32,
    /// 1 (easy) to 10.
    pub difficulty: f32,
}

/// A question that a student has met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Card {
    /// What is known; `None` before the first answer.
    pub memory: Option<Memory>,
    /// When it was answered last.
    pub last_ms: Option<i64>,
    /// When it comes back.
    pub due_ms: i64,
    /// How often it was answered.
    pub answers: i64,
    /// How often it was missed.
    pub missed: i64,
}

impl Card {
    /// One that is due at once.
    pub fn new(now_ms: i64) -> Self {
        Self {
            memory: None,
            last_ms: None,
            due_ms: now_ms,
            answers: 0,
            missed: 0,
        }
    }

    /// The card after an answer. One that was missed comes back after ten minutes, any other after
    /// a day at least. A clock that was set back counts as no time.
    #[must_use]
    pub fn answered(&self, rating: Rating, now_ms: i64) -> Self {
        let since = self.last_ms.map_or(0, |last| now_ms.saturating_sub(last));
        let days = u32::try_from(since.max(0) / DAY).unwrap_or(u32::MAX);
        let (memory, interval) = step(self.memory, days, rating);
        let wait = match rating {
            Rating::Again => AGAIN,
            Rating::Hard | Rating::Good | Rating::Easy => {
                interval.round().clamp(1.0, LONGEST) as i64 * DAY
            }
        };
        Self {
            memory: Some(memory),
            last_ms: Some(now_ms),
            due_ms: now_ms.saturating_add(wait),
            answers: self.answers.saturating_add(1),
            missed: self
                .missed
                .saturating_add(i64::from(rating == Rating::Again)),
        }
    }
}

/// The memory after an answer, and the days until it should be tried again.
fn step(memory: Option<Memory>, days: u32, rating: Rating) -> (Memory, f32) {
    let before = memory.map(|memory| MemoryState {
        stability: memory.stability,
        difficulty: memory.difficulty,
    });
    let scheduler = FSRS::default();
    let next = scheduler.next_states(before, RETENTION, days);
    // It fails for numbers that are none, which a damaged row might hold: the card starts anew.
    let next = next.or_else(|_| scheduler.next_states(None, RETENTION, 0));
    let Ok(next) = next else {
        let fresh = Memory {
            stability: 1.0,
            difficulty: 5.0,
        };
        return (fresh, 1.0);
    };
    let ItemState { memory, interval } = match rating {
        Rating::Again => next.again,
        Rating::Hard => next.hard,
        Rating::Good => next.good,
        Rating::Easy => next.easy,
    };
    let memory = Memory {
        stability: memory.stability,
        difficulty: memory.difficulty,
    };
    (memory, interval)
}

/// How many days in a row, up to today or yesterday, have an answer. Days are those of UTC.
pub fn streak(answered_ms: &[i64], now_ms: i64) -> u32 {
    let mut days: Vec<i64> = answered_ms
        .iter()
        .map(|time| time.div_euclid(DAY))
        .collect();
    days.sort_unstable();
    days.dedup();
    let today = now_ms.div_euclid(DAY);
    let mut expected = match days.iter().rev().find(|day| **day <= today) {
        Some(last) if today - last <= 1 => *last,
        _ => return 0,
    };
    let mut count = 0;
    for day in days.iter().rev().filter(|day| **day <= today) {
        if *day != expected {
            break;
        }
        count += 1;
        expected -= 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    /// The reference vector of FSRS-6 with its default parameters (fsrs-rs, `test_memory_state`):
    /// ratings 1, 3, 3, 3, 3, 3 after 0, 0, 1, 3, 8 and 21 days.
    #[test]
    fn the_reference_vector_of_fsrs_6() {
        let ratings = [
            Rating::Again,
            Rating::Good,
            Rating::Good,
            Rating::Good,
            Rating::Good,
            Rating::Good,
        ];
        let mut card = Card::new(NOW);
        let mut now = NOW;
        for (rating, days) in ratings.into_iter().zip([0, 0, 1, 3, 8, 21]) {
            now += days * DAY;
            card = card.answered(rating, now);
        }
        let memory = card.memory.expect("it was answered");
        assert!((memory.stability - 53.62691).abs() < 1e-4, "{memory:?}");
        assert!((memory.difficulty - 6.357_486_7).abs() < 1e-4, "{memory:?}");
        // The interval at nine of ten is the stability itself.
        assert_eq!(card.due_ms, now + 54 * DAY);
        assert_eq!((card.answers, card.missed), (6, 1));
    }

    /// The first intervals of FSRS-6 are its first four parameters.
    #[test]
    fn a_first_answer_sets_the_stability_of_its_rating() {
        for (rating, stability, wait) in [
            (Rating::Again, 0.212, AGAIN),
            (Rating::Hard, 1.2931, DAY),
            (Rating::Good, 2.3065, 2 * DAY),
            (Rating::Easy, 8.2956, 8 * DAY),
        ] {
            let card = Card::new(NOW).answered(rating, NOW);
            let memory = card.memory.expect("it was answered");
            assert!((memory.stability - stability).abs() < 1e-4, "{memory:?}");
            assert_eq!(card.due_ms, NOW + wait, "{rating:?}");
        }
    }

    #[test]
    fn what_is_missed_comes_back_soon_and_what_is_known_later_each_time() {
        let mut card = Card::new(NOW);
        let mut waits = Vec::new();
        for _ in 0..4 {
            card = card.answered(Rating::Good, card.due_ms);
            waits.push(card.due_ms - card.last_ms.unwrap_or_default());
        }
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
        let missed = card.answered(Rating::Again, card.due_ms);
        assert_eq!(missed.due_ms, card.due_ms + AGAIN);
        assert!(
            missed.memory.map(|memory| memory.stability)
                < card.memory.map(|memory| memory.stability)
        );
    }

    #[test]
    fn damaged_numbers_and_clocks_do_no_harm() {
        let card = Card {
            memory: Some(Memory {
                stability: f32::NAN,
                difficulty: f32::INFINITY,
            }),
            last_ms: Some(i64::MAX),
            ..Card::new(NOW)
        };
        let next = card.answered(Rating::Good, NOW);
        let memory = next.memory.expect("it was answered");
        assert!(memory.stability.is_finite() && next.due_ms > NOW);
    }

    #[test]
    fn scores_are_rated() {
        assert_eq!(Rating::of_score(1.0), Rating::Good);
        assert_eq!(Rating::of_score(0.5), Rating::Hard);
        assert_eq!(Rating::of_score(0.0), Rating::Again);
        for number in 1..=4 {
            let rating = Rating::of_number(number).expect("FSRS has it");
            assert_eq!(rating.number(), number);
        }
        assert_eq!((Rating::of_number(0), Rating::of_number(5)), (None, None));
    }

    #[test]
    fn a_streak_is_days_in_a_row_up_to_yesterday() {
        let days = |days: &[i64]| -> Vec<i64> { days.iter().map(|day| NOW - day * DAY).collect() };
        assert_eq!(streak(&days(&[0, 1, 2, 4]), NOW), 3);
        assert_eq!(streak(&days(&[1, 1, 2]), NOW), 2);
        assert_eq!(streak(&days(&[2, 3]), NOW), 0);
        assert_eq!(streak(&[], NOW), 0);
    }
}
