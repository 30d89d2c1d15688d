//! Workers of this process: hired at start, dismissed in order at the end. What they do is the
//! library's.

use std::sync::Arc;
use std::time::Duration;

use mirage::jobs::{self, Jobs, Library, Pace};
use mirage::store::StoreError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long workers may take to give their jobs back.
const GRACE: Duration = Duration::from_secs(3);

/// Starts so many workers, which end when `cancel` is triggered.
pub(crate) fn hire(
    jobs: &Jobs,
    runner: &Library,
    count: usize,
    cancel: &CancellationToken,
) -> JoinSet<Result<(), StoreError>> {
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let runner = Arc::new(runner.clone());
        let (jobs, cancel) = (jobs.clone(), cancel.clone());
        workers.spawn(async move {
            let worked = jobs::work(jobs, runner, Pace::default(), cancel).await;
            worked.inspect_err(|error| tracing::error!(%error, "a worker ended"))
        });
    }
    workers
}

/// Waits for the workers' ends. The jobs of one that is late go back when this process is gone.
pub(crate) async fn dismiss(workers: &mut JoinSet<Result<(), StoreError>>) {
    let all = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("a worker did not end in time; its job is taken up by another");
        workers.abort_all();
    }
}
