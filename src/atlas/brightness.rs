//! The maps of brightness of all entries, by which a picture is told to repeat one of them. How they
//! are compared is the caller's concern.

use super::Atlas;
use super::entry::EntryId;
use super::error::AtlasError;
use crate::media::Fingerprint;

impl Atlas {
    /// Each entry's map of brightness, as far as it has one: 300 bytes an entry.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn brightness_maps(&self) -> Result<Vec<(EntryId, Fingerprint)>, AtlasError> {
        let known = self.dataset.known().await?.into_iter();
        let maps = known.filter_map(|row| Some((row.id, row.fingerprint?)));
        Ok(maps.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::atlas::Description;

    #[tokio::test]
    async fn each_entry_has_its_own_map() {
        let entries = [
            ("dark", Description::default(), 10),
            ("light", Description::default(), 240),
        ];
        let small = testing::filled(&entries).await;
        let maps = small.atlas.brightness_maps().await.expect("readable");
        assert_eq!(maps.len(), 2);
        for (name, shade) in [("dark", 10_u8), ("light", 240)] {
            let id = EntryId::new("t", name);
            let found = maps.iter().find(|(known, _)| *known == id);
            let (_, map) = found.expect("it is there");
            assert!(map.as_bytes().iter().all(|cell| cell.abs_diff(shade) <= 1));
        }
    }
}
