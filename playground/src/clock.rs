//! The clock that deadlines follow: the system's, or one that a test moves by hand. Socket
//! time-outs do not follow it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use tokio::sync::watch;

/// Where the server takes the time from for the 3 s and 15 min deadlines, for expiring addresses
/// and for delays injected as faults.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until [`ManualClock::advance`] is called.
    Manual(ManualClock),
}

/// A clock that a test moves by hand. Clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now_ms: watch::Sender<u64>,
}

impl ManualClock {
    /// A clock that starts at the system's present time and then stands still.
    pub fn new() -> Self {
        Self {
            now_ms: watch::Sender::new(system_now_ms()),
        }
    }

    /// Moves the clock forward and wakes every deadline that has passed.
    pub fn advance(&self, by: Duration) {
        self.now_ms.send_modify(|now| *now += millis(by));
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        *self.now_ms.borrow()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self::Manual(clock)
    }
}

impl Clock {
    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => system_now_ms(),
            Self::Manual(clock) => clock.now_ms(),
        }
    }

    /// Returns once this clock shows `deadline_ms` or later.
    pub async fn sleep_until(&self, deadline_ms: u64) {
        match self {
            Self::System => {
                let left = deadline_ms.saturating_sub(system_now_ms());
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            Self::Manual(clock) => {
                let mut now = clock.now_ms.subscribe();
                // The sender lives in `clock`, so that waiting ends only by the time.
                let _ = now.wait_for(|now| *now >= deadline_ms).await;
            }
        }
    }

    /// Returns once this clock has moved on by `duration`.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now_ms() + millis(duration)).await;
    }
}

/// A timestamp as Discord writes it: `2026-01-31T12:00:00.250000+00:00`.
pub(crate) fn timestamp(ms: u64) -> String {
    let nanos = i128::from(ms) * 1_000_000;
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn system_now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn manual_clock_wakes_sleepers_only_when_moved() {
        let manual = ManualClock::new();
        let clock = Clock::from(manual.clone());
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3)).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!sleeper.is_finished());
        manual.advance(Duration::from_secs(3));
        sleeper.await.expect("the sleeper ends by itself");
    }

    #[test]
    fn timestamps_have_microseconds_and_an_offset() {
        assert_eq!(
            timestamp(1_577_836_800_010),
            "2020-01-01T00:00:00.010000+00:00"
        );
    }
}
