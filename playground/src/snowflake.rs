//! Snowflakes: 64-bit ids that carry their time of creation. This module makes and prints them;
//! it gives them no meaning.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// Milliseconds between the Unix epoch and the first second of 2015, from which snowflakes count.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// An id as Discord makes them: milliseconds since 2015 in the upper 42 bits. It is written as a
/// decimal string in JSON.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Snowflake(u64);

impl Snowflake {
    /// The id with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// When the id was made, in milliseconds since the Unix epoch.
    pub const fn created_ms(self) -> u64 {
        (self.0 >> 22) + EPOCH_MS
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Snowflake {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Snowflake;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an id as a string of digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Snowflake, E> {
                text.parse()
                    .map_err(|_| E::custom(format_args!("{text:?} is no id")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Makes ids that never repeat and never go back, whatever the clock does.
#[derive(Debug, Default)]
pub(crate) struct SnowflakeGenerator {
    last: AtomicU64,
}

impl SnowflakeGenerator {
    /// The next id for something created at `now_ms`.
    pub(crate) fn next(&self, now_ms: u64) -> Snowflake {
        let base = now_ms.saturating_sub(EPOCH_MS) << 22;
        let after = |last: u64| base.max(last + 1);
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(after(last))
            })
            .unwrap_or_else(|last| last);
        Snowflake(after(previous))
    }
}

/// The id in a JSON value: a string of digits, or a number as some libraries send it.
pub(crate) fn from_json(value: &serde_json::Value) -> Option<Snowflake> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number.as_u64().map(Snowflake),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_time_and_only_grow() {
        let generator = SnowflakeGenerator::default();
        let now = 1_700_000_000_000;
        let first = generator.next(now);
        let second = generator.next(now);
        let after_clock_went_back = generator.next(now - 60_000);
        assert_eq!(first.created_ms(), now);
        assert!(first < second && second < after_clock_went_back);
    }

    #[test]
    fn json_form_is_a_string() {
        let value = serde_json::json!(Snowflake::new(42));
        assert_eq!(value, serde_json::json!("42"));
        assert_eq!(from_json(&value), Some(Snowflake::new(42)));
    }
}
