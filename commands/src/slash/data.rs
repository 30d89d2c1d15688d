//! What every command and button shares. It holds no state of its own.

use std::sync::Arc;

use mirage::atlas::Atlas;
use mirage::store::Store;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Shared by all commands. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) atlas: Atlas,
    pub(crate) store: Store,
    pub(crate) work: Work,
}

impl Data {
    pub(crate) fn new(atlas: Atlas, store: Store) -> Self {
        Self {
            atlas,
            store,
            work: Work::default(),
        }
    }
}

/// The answers under way, so that a shutdown can wait for them. Each holds a read lock; who gets
/// the write lock knows that none is left.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<RwLock<()>>);

impl Work {
    /// Counts an answer until the value is dropped.
    pub(crate) async fn begin(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0).read_owned().await
    }

    /// Waits until no answer is under way. None begins while the value is held.
    pub(crate) async fn finish(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.0).write_owned().await
    }
}
