//! What is nearest to a vector that was calculated, such as the sum of two texts, and the vectors
//! that go into it. How a vector is calculated is the caller's concern.

use mirage_models::image_encoder::Rgb;

use super::Atlas;
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::filter::Filter;
use super::fusion::reciprocal_rank_fusion;
use super::schema::{IMAGE_VECTOR, TEXT_VECTOR};
use super::search::{PICTURES_FOR_WORDS, checked};

/// What a vector was made of, or which vectors of the entries it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Words.
    Words,
    /// Pictures.
    Pictures,
}

impl Space {
    fn column(self) -> &'static str {
        match self {
            Self::Words => TEXT_VECTOR,
            Self::Pictures => IMAGE_VECTOR,
        }
    }
}

impl Atlas {
    /// Whether pictures have vectors here: whether the profile has an image encoder.
    pub fn knows_pictures(&self) -> bool {
        self.engine.image_encoder().is_some()
    }

    /// The unit vector of words.
    ///
    /// # Errors
    /// [`AtlasError::EmptyQuery`], [`AtlasError::LongQuery`], or what the encoder reports.
    pub async fn embed_words(&self, text: &str) -> Result<Vec<f32>, AtlasError> {
        let text = checked(text)?;
        let vectors = self.embedder().texts(vec![text.to_owned()]).await?;
        Ok(vectors.concat())
    }

    /// A unit vector for each text, in the order given. Text beyond the encoder's limit is cut off.
    ///
    /// # Errors
    /// What the encoder reports.
    pub async fn embed_texts(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, AtlasError> {
        self.embedder().texts(texts).await
    }

    /// The unit vector of a picture, in the space of the words.
    ///
    /// # Errors
    /// [`crate::engine::EngineError::NoImageEncoder`], or what the encoder reports.
    pub async fn embed_picture(&self, picture: Rgb) -> Result<Vec<f32>, AtlasError> {
        let vectors = self.embedder().pictures(vec![picture]).await?;
        Ok(vectors.concat())
    }

    /// The unit vector that an entry was stored with, and of what it is: of its picture, or of its
    /// words where its picture has none.
    ///
    /// # Errors
    /// [`AtlasError::NoSuchEntry`], or what LanceDB reports.
    pub async fn vector_of(&self, id: &EntryId) -> Result<(Vec<f32>, Space), AtlasError> {
        if self.knows_pictures()
            && let Some(vector) = self.dataset.vector(id, IMAGE_VECTOR).await?
        {
            return Ok((vector, Space::Pictures));
        }
        let vector = self.dataset.vector(id, TEXT_VECTOR).await?;
        let vector = vector.ok_or_else(|| AtlasError::NoSuchEntry { id: id.to_string() })?;
        Ok((vector, Space::Words))
    }

    /// The entries whose vectors are nearest to a unit vector, with their cosine, nearest first.
    /// None in the space of pictures where pictures have no vectors.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn nearest(
        &self,
        vector: &[f32],
        space: Space,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<(EntryId, f32)>, AtlasError> {
        if space == Space::Pictures && !self.knows_pictures() {
            return Ok(Vec::new());
        }
        let (nearest, filter) = (&self.nearest, filter.expression());
        nearest
            .find(&self.dataset, space.column(), vector, filter, limit)
            .await
    }

    /// The entries that are nearest to a unit vector by their words and by their pictures at once:
    /// both rankings, of `limit` entries each, fused by reciprocal rank. `of` is what the vector was
    /// made of; the pictures that words find weigh less, as in a search.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn near(
        &self,
        vector: &[f32],
        of: Space,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<EntryId>, AtlasError> {
        let ranked = |space: Space| async move {
            if space != of && !self.is_joint() {
                return Ok(Vec::new());
            }
            self.nearest(vector, space, filter, limit).await
        };
        let (words, mut pictures) =
            tokio::try_join!(ranked(Space::Words), ranked(Space::Pictures))?;
        let weight = match of {
            Space::Words => {
                // Words have a nearest picture always; only what is above chance counts.
                let chance = self.engine.chance().words.unwrap_or(f32::INFINITY);
                pictures.retain(|(_, cosine)| *cosine >= chance);
                PICTURES_FOR_WORDS
            }
            Space::Pictures => 1.0,
        };
        let names = |scored: Vec<(EntryId, f32)>| -> Vec<EntryId> {
            scored.into_iter().map(|(id, _)| id).collect()
        };
        let fused = reciprocal_rank_fusion(&[(names(words), 1.0), (names(pictures), weight)]);
        Ok(fused.into_iter().map(|(id, _)| id).collect())
    }

    /// Whether vectors of words and of pictures can be compared.
    pub(super) fn is_joint(&self) -> bool {
        let pictures = self.engine.image_encoder();
        pictures.is_some_and(|pictures| pictures.dimensions == self.engine.encoder().dimensions)
    }

    /// The entries of those names that exist, in the order of the names.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn entries_of(&self, ids: &[EntryId]) -> Result<Vec<Entry>, AtlasError> {
        self.dataset.entries_of(ids).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Description;
    use super::super::testing::{self, shaded_row, square};
    use super::*;
    use crate::media;

    async fn small() -> testing::Small {
        let small = testing::atlas().await;
        let rows = [
            shaded_row("t", "dark", ("zzz", "MRI"), 10),
            shaded_row("t", "bright", ("aaa", "MRI"), 250),
            shaded_row("t", "gray", ("abab", "X-ray"), 128),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        small
    }

    #[tokio::test]
    async fn a_vector_is_compared_with_words_or_with_pictures() {
        let small = small().await;
        let atlas = &small.atlas;
        let everything = Filter::default();
        let words = atlas.embed_words("  aa ").await.expect("embedded");
        let near = atlas.nearest(&words, Space::Words, &everything, 2).await;
        let near = near.expect("readable");
        assert_eq!(near.len(), 2);
        assert_eq!(near[0].0, EntryId::new("t", "bright"));
        assert!(near[0].1 > near[1].1, "{near:?}");
        let dark = media::pixels(&square(0)).expect("pixels");
        let dark = atlas.embed_picture(dark).await.expect("embedded");
        let near = atlas.nearest(&dark, Space::Pictures, &everything, 1).await;
        assert_eq!(near.expect("readable")[0].0, EntryId::new("t", "dark"));
        let scans = Filter {
            modality: Some("X-ray".to_owned()),
            ..Filter::default()
        };
        let near = atlas.near(&dark, Space::Pictures, &scans, 5).await;
        let near = near.expect("readable");
        assert_eq!(near, [EntryId::new("t", "gray")]);
    }

    #[tokio::test]
    async fn what_is_near_in_both_spaces_comes_first_and_each_entry_once() {
        let small = small().await;
        let black = media::pixels(&square(0)).expect("pixels");
        let vector = small.atlas.embed_picture(black).await.expect("embedded");
        let everything = Filter::default();
        let near = small.atlas.near(&vector, Space::Pictures, &everything, 5);
        let near = near.await.expect("readable");
        assert_eq!(near.len(), 3);
        let entries = small.atlas.entries_of(&near).await.expect("readable");
        let ids: Vec<&EntryId> = entries.iter().map(|entry| &entry.id).collect();
        assert_eq!(ids, near.iter().collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn an_entry_has_the_vector_that_it_was_stored_with() {
        let small = small().await;
        let (vector, of) = small
            .atlas
            .vector_of(&EntryId::new("t", "gray"))
            .await
            .expect("stored");
        assert_eq!(of, Space::Pictures);
        let seen = media::pixels(&square(128)).expect("pixels");
        let seen = small.atlas.embed_picture(seen).await.expect("embedded");
        let apart = vector.iter().zip(&seen).map(|(one, other)| one - other);
        assert!(apart.map(f32::abs).all(|apart| apart < 1e-4));
        let gone = small.atlas.vector_of(&EntryId::new("t", "none")).await;
        assert!(matches!(gone, Err(AtlasError::NoSuchEntry { .. })));
        let words = testing::filled_for_words(&[("a", Description::default(), 7)]).await;
        let (_, of) = words
            .atlas
            .vector_of(&EntryId::new("t", "a"))
            .await
            .expect("stored");
        assert_eq!(of, Space::Words);
    }

    #[tokio::test]
    async fn pictures_that_words_find_by_chance_are_left_out() {
        let small = small().await;
        let everything = Filter::default();
        // Its letters are far from A and B, which shades are.
        let words = small.atlas.embed_words("zzz mri").await.expect("embedded");
        let near = small.atlas.near(&words, Space::Words, &everything, 1).await;
        assert_eq!(near.expect("readable"), [EntryId::new("t", "dark")]);
    }

    #[tokio::test]
    async fn words_that_can_not_be_embedded_are_refused() {
        let small = testing::atlas().await;
        let empty = small.atlas.embed_words(" \n").await;
        assert!(matches!(empty, Err(AtlasError::EmptyQuery)));
        let long = small.atlas.embed_words(&"a".repeat(2_001)).await;
        assert!(matches!(
            long,
            Err(AtlasError::LongQuery { length: 2_001, .. })
        ));
    }
}
