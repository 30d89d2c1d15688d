//! The starter atlas: pictures that package registries carry, cut and described by us. The data
//! files beside this module say what it holds; nothing here decides a caption.

mod cuts;
mod definition;
mod pictures;

use std::path::{Path, PathBuf};

use mirage_models::manifest::{FileSpec, ManifestError};
use tokio_util::sync::CancellationToken;

use super::ingest::{Report, ingest};
use super::readers::{Place, ReadError, RowFault, SourceRow, Unit};
use super::{Atlas, AtlasError, sha256_hex};
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
/// there already stay as they are.
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
    let rows = rows(definition, folder.to_owned())?;
    let report = ingest(atlas, COLLECTION, rows, cancel, progress).await?;
    if !report.stopped && report.refused.is_empty() {
        atlas.dataset.set_note(NOTE, &fingerprint()).await?;
    }
    Ok(report)
}

/// Number of entries that the definition describes.
///
/// # Errors
/// [`StarterError::Definition`] if the data files are wrong.
pub fn size() -> Result<u64, StarterError> {
    let definition = Definition::shipped()?;
    Ok((definition.pictures.len() + definition.slices.len()) as u64)
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
