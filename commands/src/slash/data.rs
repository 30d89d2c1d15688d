//! What every command and button shares. It holds no state of its own.

use mirage::atlas::Atlas;
use mirage::store::Store;
use tokio_util::task::TaskTracker;

/// Shared by all commands. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) atlas: Atlas,
    pub(crate) store: Store,
    /// Counts the answers under way, so that a shutdown can wait for them.
    pub(crate) work: TaskTracker,
}

impl Data {
    pub(crate) fn new(atlas: Atlas, store: Store) -> Self {
        Self {
            atlas,
            store,
            work: TaskTracker::new(),
        }
    }
}
