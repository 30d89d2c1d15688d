//! The starter atlas: pictures that package registries carry, cut and described by us. The data
//! files beside this module say what it holds; nothing here decides a caption.

mod cuts;
mod definition;
mod pictures;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mirage_models::manifest::{FileSpec, ManifestError};
use mirage_models::resolver::sha256_hex;
use tokio_util::sync::CancellationToken;

use super::ingest::{Report, ingest};
use super::readers::{Place, ReadError, RowFault, SourceRow, Unit};
use super::{Atlas, AtlasError, EntryId};
use crate::media::MediaError;

use definition::Definition;

/// Name of the collection.
pub const COLLECTION: &str = "starter";
/// Key of the note that says which definition the collection was made from.
const NOTE: &str = "mirage.starter";
/// Grows when the way pictures are made changes while their definition doesn't.
const RECIPE: &str = "1";

/// Why the starter atlas can't be made; each is one plain sentence.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// The data files contradict each other. This is a bug.
    #[error("The starter atlas's definition can't be read: {0}")]
    Definition(String),
    /// A file of a package can't be named.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file that every picture of a volume needs is damaged.
    #[error("{file} can't be read: {source}. Delete it and run `mirage atlas starter` again.")]
    Media {
        /// The file.
        file: String,
        /// The reason.
        source: MediaError,
    },
}

/// The files of packages that the starter atlas is made from, for a resolver.
///
/// # Errors
/// [`StarterError::Definition`] or [`StarterError::Manifest`] if the data files are wrong.
pub fn packages() -> Result<Vec<FileSpec>, StarterError> {
    Definition::shipped()?.files()
}

/// Whether the atlas holds the starter collection as this version defines it.
///
/// # Errors
/// What LanceDB reports.
pub async fn is_current(atlas: &Atlas) -> Result<bool, AtlasError> {
    Ok(atlas.dataset.note(NOTE).await?.as_deref() == Some(&fingerprint()))
}

/// Makes the starter collection from the files of [`packages`] under `folder`. Entries that are
/// there already stay as they are; those that the definition no longer has go.
///
/// # Errors
/// [`AtlasError`] when a volume can't be read or the dataset can't be written. A single picture
/// that can't be read is reported, not an error.
pub async fn build(
    atlas: &Atlas,
    folder: &Path,
    cancel: &CancellationToken,
    progress: impl FnMut(&Report) + Send,
) -> Result<Report, AtlasError> {
    let definition = Definition::shipped()?;
    let defined = definition.ids();
    let rows = rows(definition, folder.to_owned())?;
    // Before the ingest, which would take a picture under a new name for a copy of the old entry.
    let removed = remove_absent(atlas, &defined).await?;
    let mut report = ingest(atlas, COLLECTION, rows, cancel, progress).await?;
    report.removed = removed;
    if removed > 0 && report.added + report.updated == 0 {
        atlas.dataset.finish().await?;
        atlas.refresh().await?;
    }
    if !report.stopped && report.refused.is_empty() {
        atlas.dataset.set_note(NOTE, &fingerprint()).await?;
    }
    Ok(report)
}

/// Deletes the collection's entries whose names are not among `defined`, and says how many went.
async fn remove_absent(atlas: &Atlas, defined: &HashSet<EntryId>) -> Result<u64, AtlasError> {
    let stored = atlas.dataset.ids_of(COLLECTION).await?;
    let absent: Vec<EntryId> = stored
        .into_iter()
        .filter(|id| !defined.contains(id))
        .collect();
    atlas.dataset.delete(&absent).await
}

/// Number of entries that the definition describes.
///
/// # Errors
/// [`StarterError::Definition`] if the data files are wrong.
pub fn size() -> Result<u64, StarterError> {
    Ok(Definition::shipped()?.ids().len() as u64)
}

fn fingerprint() -> String {
    let text = [
        RECIPE,
        definition::PACKAGES,
        definition::PICTURES,
        definition::SLICES,
    ]
    .concat();
    sha256_hex(text.as_bytes())
}

/// All rows, made one by one: pictures first, then cuts.
fn rows(
    definition: Definition,
    folder: PathBuf,
) -> Result<impl Iterator<Item = Result<SourceRow, ReadError>> + Send + 'static, StarterError> {
    let cutter = cuts::Cutter::open(&definition, &folder)?;
    let slices = definition.slices.clone();
    let pictures = definition.pictures.clone();
    let definition = std::sync::Arc::new(definition);
    let for_pictures = std::sync::Arc::clone(&definition);
    let pictures = pictures.into_iter().zip(1..).map(move |(picture, number)| {
        pictures::row(&for_pictures, &folder, &picture)
            .map_err(|reason| refuse("pictures.toml", number, &picture.id, &reason))
    });
    let cuts = slices.into_iter().zip(1..).map(move |(slice, number)| {
        cutter
            .row(&definition, &slice)
            .map_err(|reason| refuse("slices.toml", number, &slice.id, &reason))
    });
    Ok(pictures.chain(cuts))
}

/// A picture that can't be made is a row that can't be used; the others go on.
fn refuse(file: &str, number: u64, id: &str, reason: &MediaError) -> ReadError {
    let place = Place {
        file: PathBuf::from(file),
        unit: Unit::Row,
        number,
    };
    let fault = RowFault::Io(format!("{id}: {reason}"));
    ReadError::Row { place, fault }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, row};
    use super::*;

    #[tokio::test]
    async fn what_the_definition_no_longer_has_goes_and_nothing_else() {
        let small = testing::atlas().await;
        let defined = Definition::shipped()
            .expect("the shipped files agree")
            .ids();
        let kept = defined.iter().next().expect("not empty").clone();
        let identifier = kept.as_str().split_once('/').expect("a collection").1;
        let rows = [
            row(COLLECTION, identifier, "kept", "MRI"),
            row(COLLECTION, "gone", "no longer defined", "MRI"),
            row("mine", "gone", "another collection's", "MRI"),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        let removed = remove_absent(&small.atlas, &defined)
            .await
            .expect("deleted");
        assert_eq!(removed, 1);
        for (id, stays) in [
            (EntryId::new(COLLECTION, "gone"), false),
            (kept, true),
            (EntryId::new("mine", "gone"), true),
        ] {
            let entry = small.atlas.entry(&id).await.expect("readable");
            assert_eq!(entry.is_some(), stays, "{id}");
        }
        assert_eq!(remove_absent(&small.atlas, &defined).await.ok(), Some(0));
    }
}
