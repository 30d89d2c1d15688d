//! Which pictures the encoder finds close to one another: the likeliest to be taken for each other.
//! Nearness orders wrong answers; it makes nothing right or wrong.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::knowledge::Knowledge;
use crate::atlas::{Atlas, AtlasError, EntryId, Filter};

/// Nearest pictures that are looked at.
const LOOKED_AT: usize = 80;
/// Pictures whose neighbours are asked for at the same time.
const AT_ONCE: usize = 4;

/// For each picture that is asked about, others from the nearest on.
#[derive(Debug, Clone, Default)]
pub(super) struct Near(HashMap<usize, Vec<usize>>);

impl Near {
    /// Asks the atlas, in the space of pictures where they have vectors, else in that of words.
    ///
    /// # Errors
    /// What the atlas reports.
    pub(super) async fn of(
        atlas: &Atlas,
        knowledge: &Knowledge,
        keys: &[(usize, u8)],
    ) -> Result<Self, AtlasError> {
        let places: HashMap<&EntryId, usize> = knowledge
            .entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (&entry.id, at))
            .collect();
        let places = &places;
        let asked: Vec<(usize, EntryId)> = keys
            .iter()
            .map(|(at, _)| (*at, knowledge.entries[*at].id.clone()))
            .collect();
        let found = stream::iter(asked)
            .map(|(at, id)| async move {
                let near = neighbours(atlas, &id).await?;
                let known = near.iter().filter_map(|id| places.get(id).copied());
                let others = known.filter(|other| *other != at);
                Ok::<_, AtlasError>((at, others.collect::<Vec<usize>>()))
            })
            .buffer_unordered(AT_ONCE);
        Ok(Self(found.try_collect().await?))
    }

    /// For tests: neighbours that were made up.
    #[cfg(test)]
    pub(super) fn made_up(near: HashMap<usize, Vec<usize>>) -> Self {
        Self(near)
    }

    /// Others from the nearest on; none for a picture whose neighbours were not asked for.
    pub(super) fn to(&self, at: usize) -> &[usize] {
        self.0.get(&at).map_or(&[], Vec::as_slice)
    }
}

async fn neighbours(atlas: &Atlas, id: &EntryId) -> Result<Vec<EntryId>, AtlasError> {
    let (vector, space) = match atlas.vector_of(id).await {
        // It was deleted since the entries were read.
        Err(AtlasError::NoSuchEntry { .. }) => return Ok(Vec::new()),
        found => found?,
    };
    let everything = Filter::default();
    let near = atlas
        .nearest(&vector, space, &everything, LOOKED_AT)
        .await?;
    Ok(near.into_iter().map(|(id, _)| id).collect())
}
