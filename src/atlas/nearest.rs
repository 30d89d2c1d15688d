//! Search by vectors. An index in memory answers where it holds the dataset's current version;
//! LanceDB, the store of record, answers everything else: the first searches of a process, those
//! while the index is made anew, and all if the vectors would need more memory than they may have.

mod held;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lancedb::expr::DfExpr;
use mirage_vectors::Index;

use super::dataset::{Dataset, Scored};
use super::error::AtlasError;
use super::schema::{IMAGE_VECTOR, TEXT_VECTOR};
use held::Held;

/// Searches without an index before one is made: a program that searches once must not read
/// everything.
const PATIENCE: u32 = 3;
/// Rows from which on an index of an earlier version goes on to answer while the next is made, and
/// how long. With fewer rows LanceDB is fast enough, and sees the latest ones at once.
const LARGE: usize = 100_000;
const OUTDATED: Duration = Duration::from_secs(30);
/// How many times as long as it took to make an index it is let stand before the next: an import
/// changes the dataset all the while.
const SHARE: u32 = 10;
/// How long nothing is tried after an attempt that gave no index.
const PAUSE: Duration = Duration::from_secs(60);
/// Bytes of a row beside its vectors: its name and its row id, about.
const NAME: usize = 64;

/// The indexes of one dataset. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Nearest {
    state: Arc<Mutex<State>>,
    /// Bytes that they may take.
    memory: usize,
}

#[derive(Default)]
struct State {
    held: Option<Arc<Held>>,
    /// When a search last found it to be of the current version.
    last_current: Option<Instant>,
    /// Searches that found no index of the current version.
    missed: u32,
    /// When the next index may be made.
    not_before: Option<Instant>,
    is_building: bool,
}

/// Says that an index is being made, as long as it lives.
struct Claim(Arc<Mutex<State>>);

impl Nearest {
    /// An index that takes at most so many megabytes; with 0 there is none.
    pub(super) fn new(megabytes: usize) -> Self {
        Self {
            state: Arc::default(),
            memory: megabytes.saturating_mul(1_000_000),
        }
    }

    /// The rows whose vector in `column` is nearest to a unit vector, with their cosine, nearest
    /// first. Rows without one are passed over.
    pub(super) async fn find(
        &self,
        dataset: &Dataset,
        column: &str,
        vector: &[f32],
        filter: Option<DfExpr>,
        limit: usize,
    ) -> Result<Vec<Scored>, AtlasError> {
        let version = dataset.version().await?;
        if let Some(held) = self.usable(dataset, version, filter.is_none()) {
            let filter = filter.clone();
            let found = in_memory(held, dataset, column, vector, filter, limit).await?;
            if let Some(found) = found {
                return Ok(found);
            }
        }
        dataset.nearest(column, vector, filter, limit).await
    }

    /// Makes the index of the current version, if it may be made and nobody is at it, and waits
    /// for it.
    pub(super) async fn prepare(&self, dataset: &Dataset) -> Result<(), AtlasError> {
        let version = dataset.version().await?;
        if self.held(version).is_some() {
            return Ok(());
        }
        match self.claim() {
            Some(claim) => self.build(dataset, &claim).await,
            None => Ok(()),
        }
    }

    /// The index that may answer. Where it isn't of the current version, another is made in the
    /// background.
    fn usable(&self, dataset: &Dataset, version: u64, is_unfiltered: bool) -> Option<Arc<Held>> {
        if let Some(held) = self.held(version) {
            return Some(held);
        }
        let (held, is_due) = {
            let mut state = self.state();
            state.missed = state.missed.saturating_add(1);
            let may_begin = state.not_before.is_none_or(|time| time <= Instant::now());
            let is_due = may_begin && (state.held.is_some() || state.missed >= PATIENCE);
            let last_current = state.last_current;
            let is_late = last_current.is_none_or(|time| time.elapsed() > OUTDATED);
            let held = state.held.clone().filter(|_| !is_late);
            (held, is_due)
        };
        if is_due && let Some(claim) = self.claim() {
            let (nearest, dataset) = (self.clone(), dataset.clone());
            tokio::spawn(async move {
                if let Err(error) = nearest.build(&dataset, &claim).await {
                    tracing::warn!(%error, "vectors stay on disk for now");
                }
            });
        }
        // A filter is answered in row ids of the current version.
        held.filter(|held| is_unfiltered && held.len() >= LARGE)
    }

    /// The index of that version.
    fn held(&self, version: u64) -> Option<Arc<Held>> {
        let mut state = self.state();
        let held = state.held.clone();
        let held = held.filter(|held| held.version() == version)?;
        state.last_current = Some(Instant::now());
        Some(held)
    }

    fn claim(&self) -> Option<Claim> {
        let mut state = self.state();
        if state.is_building || self.memory == 0 {
            return None;
        }
        state.is_building = true;
        Some(Claim(Arc::clone(&self.state)))
    }

    /// Reads all vectors and keeps their index. The claim outlives it.
    async fn build(&self, dataset: &Dataset, _claim: &Claim) -> Result<(), AtlasError> {
        let started = Instant::now();
        self.state().not_before = Some(started + PAUSE);
        let version = dataset.version().await?;
        let rows = usize::try_from(dataset.len().await?).unwrap_or(usize::MAX);
        let needed = bytes(dataset, rows);
        if needed > self.memory {
            let megabytes = needed / 1_000_000;
            tracing::info!(
                rows,
                megabytes,
                "vectors stay on disk; MIRAGE_INDEX_MEMORY allows less"
            );
            self.state().held = None;
            return Ok(());
        }
        if needed > self.memory / 2 {
            // Both would not fit. Who searches with the old one keeps it that long.
            self.state().held = None;
        }
        let Some(held) = Held::read(dataset, version, rows).await? else {
            // Written to meanwhile: the next search tries again.
            self.state().not_before = Some(Instant::now() + started.elapsed() * SHARE);
            return Ok(());
        };
        let took = started.elapsed();
        tracing::debug!(rows, version, ?took, "vectors are in memory");
        let mut state = self.state();
        state.held = Some(Arc::new(held));
        state.not_before = Some(Instant::now() + took * SHARE);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_building = false;
    }
}

/// Memory that the vectors of so many rows take, with their names.
fn bytes(dataset: &Dataset, rows: usize) -> usize {
    let vectors = [TEXT_VECTOR, IMAGE_VECTOR]
        .map(|column| Index::bytes_of(rows, dataset.dimensions(column)))
        .into_iter()
        .fold(0, usize::saturating_add);
    vectors.saturating_add(rows.saturating_mul(NAME))
}

/// What the index finds; `None` if it can't tell: the dataset has changed, or the vector is none
/// that it takes.
async fn in_memory(
    held: Arc<Held>,
    dataset: &Dataset,
    column: &str,
    vector: &[f32],
    filter: Option<DfExpr>,
    limit: usize,
) -> Result<Option<Vec<Scored>>, AtlasError> {
    let allowed = match filter {
        None => None,
        Some(filter) => {
            let allowed = dataset.row_ids(filter).await?;
            // Row ids of another version would name other rows.
            if dataset.version().await? != held.version() {
                return Ok(None);
            }
            Some(allowed)
        }
    };
    let (column, vector) = (column.to_owned(), vector.to_owned());
    let searching =
        tokio::task::spawn_blocking(move || held.search(&column, &vector, allowed, limit));
    searching.await.map_err(|_| AtlasError::Interrupted)
}

#[cfg(test)]
mod tests;
