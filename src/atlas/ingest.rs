//! Ingest: rows of a collection become entries. It can be stopped and started again at any point,
//! and ingesting the same rows twice changes nothing. Reading layouts is done by
//! [`super::readers`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use image::DynamicImage;
use mirage_models::resolver::sha256_hex;
use tokio_util::sync::CancellationToken;

use super::Atlas;
use super::dataset::{Dataset, Known};
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::readers::{PictureSource, ReadError, SourceRow};
use super::schema::Row;
use crate::generate::{self, Sign};
use crate::media::{self, Fingerprint, MAXIMUM_BYTES, MediaError};

/// Rows that are written as one version: few enough to lose little when stopped, enough that the
/// dataset doesn't fall into many small files.
const BATCH: usize = 64;

/// What an ingest has done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Rows read.
    pub read: u64,
    /// Entries that are new.
    pub added: u64,
    /// Entries whose picture or words changed.
    pub updated: u64,
    /// Entries that were there as they are.
    pub unchanged: u64,
    /// Entries that went, because the collection's definition no longer has them. Only the starter
    /// atlas has a definition.
    pub removed: u64,
    /// Pictures that are there under another name: (row, name of the entry that has it).
    pub duplicates: Vec<(String, String)>,
    /// Rows that can't be used: (row, reason).
    pub refused: Vec<(String, String)>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// A picture that no patient and no specimen stands behind. The atlas takes none, whoever made it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the picture is synthetic: {0}. The atlas holds real pictures alone; take this one out of the \
     collection"
)]
struct Synthetic(Sign);

/// Ingests rows into a collection. `progress` is called after each batch. When `cancel` is
/// triggered it stops after the batch at hand; a later call goes on from there.
///
/// # Errors
/// [`AtlasError`] when the dataset can't be written (what was written stays), or when the reader
/// can't go on.
pub async fn ingest(
    atlas: &Atlas,
    collection: &str,
    rows: impl Iterator<Item = Result<SourceRow, ReadError>> + Send + 'static,
    cancel: &CancellationToken,
    mut progress: impl FnMut(&Report) + Send,
) -> Result<Report, AtlasError> {
    let mut known = Index::of(&atlas.dataset.known().await?);
    let mut report = Report::default();
    let mut rows = rows;
    loop {
        if cancel.is_cancelled() {
            report.stopped = true;
            break;
        }
        // Reading may block on disks and archives.
        let (returned, batch) = tokio::task::spawn_blocking(move || {
            let batch: Vec<_> = rows.by_ref().take(BATCH).collect();
            (rows, batch)
        })
        .await
        .map_err(|_| AtlasError::Interrupted)?;
        rows = returned;
        if batch.is_empty() {
            break;
        }
        let written = write_batch(atlas, collection, batch, &mut known, &mut report).await;
        progress(&report);
        if let Err(error) = written {
            finish(&atlas.dataset, &report).await.ok();
            return Err(error);
        }
    }
    finish(&atlas.dataset, &report).await?;
    atlas.refresh().await?;
    Ok(report)
}

/// Brings the index up to date after a change, and also when a killed ingest left it out.
async fn finish(dataset: &Dataset, report: &Report) -> Result<(), AtlasError> {
    let changed = report.added + report.updated > 0;
    if changed || (report.unchanged > 0 && !dataset.is_indexed().await?) {
        dataset.finish().await?;
    }
    Ok(())
}

async fn write_batch(
    atlas: &Atlas,
    collection: &str,
    batch: Vec<Result<SourceRow, ReadError>>,
    known: &mut Index,
    report: &mut Report,
) -> Result<(), AtlasError> {
    let mut wanted = Vec::new();
    let mut fatal = None;
    for row in batch {
        report.read += 1;
        match row {
            Ok(row) => wanted.push(row),
            Err(error) if error.is_fatal() => {
                fatal = Some(error);
                break;
            }
            Err(error) => report.refused.push(refusal(&error)),
        }
    }
    let prepared = prepare_all(collection, wanted, known, report).await?;
    let texts = prepared
        .iter()
        .map(|row| row.entry.description.search_text())
        .collect();
    let jpegs = prepared
        .iter()
        .map(|row| row.picture.jpeg.clone())
        .collect();
    let embedder = atlas.embedder();
    let of_words = embedder.texts(texts).await?;
    let of_pictures = embedder.stored(jpegs).await?;
    let rows: Vec<Row> = prepared
        .into_iter()
        .zip(of_words.into_iter().zip(of_pictures))
        .map(|(row, (text_vector, image_vector))| Row {
            text_vector,
            image_vector,
            ..row
        })
        .collect();
    if !rows.is_empty() {
        atlas.dataset.upsert(&rows).await?;
        for row in &rows {
            let counter = if known.holds(&row.entry.id) {
                &mut report.updated
            } else {
                &mut report.added
            };
            *counter += 1;
            known.insert(row);
        }
    }
    fatal.map_or(Ok(()), |error| Err(error.into()))
}

/// A row that can't be used: where it stands, and why.
fn refusal(error: &ReadError) -> (String, String) {
    let reason = error
        .fault()
        .map_or_else(|| error.to_string(), ToString::to_string);
    (error.place(), reason)
}

/// Hashes and decodes the rows that are new, leaving out duplicates and what can't be read.
async fn prepare_all(
    collection: &str,
    rows: Vec<SourceRow>,
    known: &Index,
    report: &mut Report,
) -> Result<Vec<Row>, AtlasError> {
    let collection = collection.to_owned();
    let hashes = Arc::clone(&known.row_hashes);
    let looked = tokio::task::spawn_blocking(move || {
        rows.into_iter()
            .map(|row| look(&collection, row, &hashes))
            .collect::<Vec<_>>()
    })
    .await
    .map_err(|_| AtlasError::Interrupted)?;
    let mut prepared: Vec<Row> = Vec::new();
    for looked in looked {
        match looked {
            Looked::Unchanged => report.unchanged += 1,
            Looked::Refused(row, reason) => report.refused.push((row, reason)),
            Looked::New(row) => match known.same_picture(&row, &prepared) {
                Some(other) => report
                    .duplicates
                    .push((row.entry.id.to_string(), other.to_string())),
                None => prepared.push(*row),
            },
        }
    }
    Ok(prepared)
}

enum Looked {
    Unchanged,
    Refused(String, String),
    New(Box<Row>),
}

fn look(collection: &str, row: SourceRow, hashes: &HashMap<EntryId, String>) -> Looked {
    let id = EntryId::new(collection, &row.identifier);
    let refused =
        |error: &dyn std::fmt::Display| Looked::Refused(id.to_string(), error.to_string());
    let bytes = match read(&row.picture) {
        Ok(bytes) => bytes,
        Err(error) => return refused(&error),
    };
    let picture_hash = sha256_hex(&bytes);
    let row_hash = row_hash(&picture_hash, &row);
    if hashes.get(&id) == Some(&row_hash) {
        return Looked::Unchanged;
    }
    let picture = match media::decode(&bytes) {
        Ok(picture) => picture,
        Err(error) => return refused(&error),
    };
    if let Some(sign) = sign_of(&row, &bytes, &picture) {
        return refused(&Synthetic(sign));
    }
    let stored = match media::prepare(&picture) {
        Ok(stored) => stored,
        Err(error) => return refused(&error),
    };
    let entry = Entry {
        id,
        collection: collection.to_owned(),
        description: row.description,
        provenance: row.provenance,
        width: stored.width,
        height: stored.height,
    };
    let row = Row {
        entry,
        picture: stored,
        picture_hash,
        row_hash,
        text_vector: Vec::new(),
        image_vector: None,
    };
    Looked::New(Box::new(row))
}

/// What tells a row's picture to be synthetic, if anything does.
fn sign_of(row: &SourceRow, bytes: &[u8], picture: &DynamicImage) -> Option<Sign> {
    let path = match &row.picture {
        PictureSource::File(path) => path.as_path(),
        PictureSource::Bytes(_) => Path::new(&row.identifier),
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let words = &row.description;
    let alt = words.alt.as_deref().unwrap_or(&words.caption);
    generate::sign_of(name, Some(alt), bytes, picture)
}

fn read(picture: &PictureSource) -> Result<Vec<u8>, MediaError> {
    match picture {
        PictureSource::Bytes(bytes) => Ok(bytes.clone()),
        PictureSource::File(path) => {
            let size = std::fs::metadata(path)?.len();
            if size > MAXIMUM_BYTES as u64 {
                return Err(MediaError::TooLarge(format!(
                    "{} MiB",
                    size / (1024 * 1024)
                )));
            }
            Ok(std::fs::read(path)?)
        }
    }
}

fn row_hash(picture_hash: &str, row: &SourceRow) -> String {
    let words = serde_json::to_string(&(&row.description, &row.provenance)).unwrap_or_default();
    sha256_hex(format!("{picture_hash}\n{words}").as_bytes())
}

/// What the dataset holds, for telling new from known.
struct Index {
    row_hashes: Arc<HashMap<EntryId, String>>,
    pictures: HashMap<String, EntryId>,
    fingerprints: Vec<(Fingerprint, EntryId)>,
}

impl Index {
    fn of(known: &[Known]) -> Self {
        Self {
            row_hashes: Arc::new(
                known
                    .iter()
                    .map(|row| (row.id.clone(), row.row_hash.clone()))
                    .collect(),
            ),
            pictures: known
                .iter()
                .map(|row| (row.picture_hash.clone(), row.id.clone()))
                .collect(),
            fingerprints: known
                .iter()
                .filter_map(|row| Some((row.fingerprint?, row.id.clone())))
                .collect(),
        }
    }

    fn holds(&self, id: &EntryId) -> bool {
        self.row_hashes.contains_key(id)
    }

    fn insert(&mut self, row: &Row) {
        let id = &row.entry.id;
        Arc::make_mut(&mut self.row_hashes).insert(id.clone(), row.row_hash.clone());
        self.pictures.insert(row.picture_hash.clone(), id.clone());
        self.fingerprints
            .push((row.picture.fingerprint, id.clone()));
    }

    /// The entry, stored or about to be, that shows the same picture under another name.
    fn same_picture(&self, row: &Row, pending: &[Row]) -> Option<EntryId> {
        let id = &row.entry.id;
        let other = |candidate: &&EntryId| *candidate != id;
        let identical = self.pictures.get(&row.picture_hash).filter(other);
        let alike = |fingerprint: &Fingerprint| fingerprint.same_picture(&row.picture.fingerprint);
        identical
            .or_else(|| {
                let near = self
                    .fingerprints
                    .iter()
                    .find(|(known, name)| name != id && alike(known));
                near.map(|(_, name)| name)
            })
            .or_else(|| {
                let near = pending
                    .iter()
                    .find(|known| known.entry.id != *id && alike(&known.picture.fingerprint));
                near.map(|known| &known.entry.id)
            })
            .cloned()
    }
}

#[cfg(test)]
mod tests;
