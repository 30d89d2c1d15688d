//! How far a job is, as it is written to the store and shown to people.

use serde::{Deserialize, Serialize};

/// How far a running job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What a unit is, in the plural: "rows", "steps".
    #[serde(default)]
    pub unit: String,
    /// A picture of how it looks so far, encoded as PNG or JPEG; it is stored beside.
    #[serde(skip)]
    pub preview: Option<Vec<u8>>,
}

impl Progress {
    /// Percent done, 0 to 100, where the whole is known.
    pub fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.done.min(total) * 100) / total)
    }

    /// Reads what was stored; what can't be read counts as nothing known.
    pub fn from_stored(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_need_a_whole() {
        let progress = |done, total| Progress {
            done,
            total,
            ..Progress::default()
        };
        assert_eq!(progress(5, Some(20)).percent(), Some(25));
        assert_eq!(progress(25, Some(20)).percent(), Some(100));
        assert_eq!(progress(5, Some(0)).percent(), None);
        assert_eq!(progress(5, None).percent(), None);
        assert_eq!(Progress::from_stored(Some("nonsense")), Progress::default());
    }
}
