//! The stored queue against a real database file: order, limits, claims and ends.

use std::time::UNIX_EPOCH;

use super::*;
use crate::engine::Caller;
use crate::store::{Store, StoreError};
use std::time::SystemTime;

const SECOND: Duration = Duration::from_secs(1);

struct Queue {
    _folder: tempfile::TempDir,
    store: Store,
}

impl Queue {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened");
        Self {
            _folder: folder,
            store,
        }
    }

    async fn try_add(&self, user: u64, server: u64, cost: Duration) -> Result<JobId, Refusal> {
        let job = NewJob {
            kind: "import",
            request: "{}".to_owned(),
            title: format!("for {user}"),
            caller: Caller::new(user, server),
            size: 1,
            cost,
            reply: None,
        };
        let limits = Limits {
            per_user: 20,
            per_server: 100,
            in_all: 200,
        };
        let added = self.store.enqueue(&job, limits, SystemTime::now()).await;
        added.expect("written")
    }

    async fn add(&self, user: u64) -> JobId {
        self.try_add(user, 1, SECOND).await.expect("accepted")
    }

    async fn worker(&self) -> Worker {
        let worker = self.store.register_worker(SystemTime::now()).await;
        worker.expect("registered")
    }

    async fn claim(&self, worker: &Worker) -> Option<Claimed> {
        let claimed = self.store.claim_job(&worker.id, SystemTime::now()).await;
        claimed.expect("read")
    }

    async fn end(&self, claimed: &Claimed, took: Duration) -> bool {
        let ending = Ending {
            state: State::Done,
            outcome: "Done.".to_owned(),
        };
        let ended = self
            .store
            .end_job(claimed, &ending, took, SystemTime::now())
            .await;
        ended.expect("written")
    }

    /// Does all jobs, each in the time given for its user; returns the users in order.
    async fn order(&self, took: impl Fn(u64) -> Duration) -> Vec<u64> {
        let worker = self.worker().await;
        let mut users = Vec::new();
        while let Some(claimed) = self.claim(&worker).await {
            users.push(claimed.caller.user);
            assert!(self.end(&claimed, took(claimed.caller.user)).await);
        }
        users
    }

    /// The queue as text, for comparing it whole.
    async fn snapshot(&self) -> String {
        let open = self.store.open_jobs().await.expect("read");
        let lines = open.iter().map(|job| {
            let claimed = if job.is_claimed { "running" } else { "waiting" };
            format!("{} {claimed} {}", job.id, job.title)
        });
        lines.collect::<Vec<_>>().join("; ")
    }
}

#[tokio::test]
async fn a_person_with_many_jobs_does_not_starve_the_others() {
    let queue = Queue::new().await;
    for _ in 0..5 {
        queue.add(1).await;
    }
    queue.add(2).await;
    queue.add(3).await;
    assert_eq!(queue.order(|_| SECOND).await, [1, 2, 3, 1, 1, 1, 1]);
}

#[tokio::test]
async fn what_counts_is_time_and_not_the_number_of_jobs() {
    let queue = Queue::new().await;
    for _ in 0..6 {
        queue.add(1).await;
        queue.add(2).await;
    }
    // Both were expected to take a second each; the first person's take three.
    let order = queue
        .order(|user| if user == 1 { 3 * SECOND } else { SECOND })
        .await;
    let early = order[..8].iter().filter(|user| **user == 2).count();
    assert_eq!(early, 6, "{order:?}");
}

#[tokio::test]
async fn among_people_who_are_even_the_server_with_less_comes_first() {
    let queue = Queue::new().await;
    for (user, server) in [(1, 10), (2, 10), (3, 10), (4, 20)] {
        queue.try_add(user, server, SECOND).await.expect("accepted");
    }
    assert_eq!(queue.order(|_| SECOND).await, [1, 4, 2, 3]);
}

#[tokio::test]
async fn a_cancelled_job_costs_its_person_nothing() {
    let queue = Queue::new().await;
    let first = queue.add(1).await;
    queue.add(1).await;
    queue.add(2).await;
    queue.add(2).await;
    let before = queue
        .store
        .cancel_job(first, "Cancelled.", SystemTime::now())
        .await;
    assert_eq!(before.expect("written"), Some(State::Open));
    assert_eq!(queue.order(|_| SECOND).await, [1, 2, 2]);
}

#[tokio::test]
async fn limits_are_kept_and_ended_jobs_free_them() {
    let queue = Queue::new().await;
    let limits = Limits {
        per_user: 2,
        per_server: 3,
        in_all: 4,
    };
    let add = async |user, server| {
        let job = NewJob {
            kind: "import",
            request: "{}".to_owned(),
            title: String::new(),
            caller: Caller::new(user, server),
            size: 1,
            cost: SECOND,
            reply: None,
        };
        let added = queue.store.enqueue(&job, limits, SystemTime::now()).await;
        added.expect("written")
    };
    add(1, 1).await.expect("accepted");
    add(1, 1).await.expect("accepted");
    assert_eq!(add(1, 2).await, Err(Refusal::User(2)));
    add(2, 1).await.expect("accepted");
    assert_eq!(add(3, 1).await, Err(Refusal::Server(3)));
    add(0, 0)
        .await
        .expect("the shell is not limited, but by the whole");
    assert_eq!(add(0, 0).await, Err(Refusal::Full(4)));
    queue.order(|_| SECOND).await;
    add(1, 1).await.expect("there is room again");
}

#[tokio::test]
async fn a_job_ends_once_and_only_by_its_claim() {
    let queue = Queue::new().await;
    queue.add(1).await;
    let (first, second) = (queue.worker().await, queue.worker().await);
    let old = queue.claim(&first).await.expect("a job");
    assert!(queue.claim(&second).await.is_none(), "it is taken");
    drop(first);
    let recovered = queue.store.recover_jobs(SystemTime::now()).await;
    assert_eq!(recovered.expect("written"), 1);
    let new = queue.claim(&second).await.expect("it is free again");
    assert_eq!(new.attempt, 2);
    assert!(!queue.end(&old, SECOND).await, "the old claim is void");
    assert!(queue.end(&new, SECOND).await);
    assert!(!queue.end(&new, SECOND).await, "it has ended");
}

#[tokio::test]
async fn a_living_worker_keeps_its_job_whatever_the_clock_says() {
    let queue = Queue::new().await;
    queue.add(1).await;
    let worker = queue.worker().await;
    queue.claim(&worker).await.expect("a job");
    for now in [UNIX_EPOCH, SystemTime::now() + Duration::from_secs(1 << 32)] {
        let recovered = queue.store.recover_jobs(now).await.expect("read");
        assert_eq!(recovered, 0);
    }
    assert_eq!(queue.snapshot().await, "1 running for 1");
}

#[tokio::test]
async fn a_clock_that_is_set_back_moves_nobody() {
    let queue = Queue::new().await;
    let job = |user| NewJob {
        kind: "import",
        request: "{}".to_owned(),
        title: format!("for {user}"),
        caller: Caller::new(user, 1),
        size: 1,
        cost: SECOND,
        reply: None,
    };
    let later = SystemTime::now() + Duration::from_secs(1 << 30);
    for (user, now) in [(1, later), (2, SystemTime::now()), (3, UNIX_EPOCH)] {
        let added = queue
            .store
            .enqueue(&job(user), Limits::default(), now)
            .await;
        added.expect("written").expect("accepted");
    }
    assert_eq!(queue.order(|_| SECOND).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_is_given_up() {
    let queue = Queue::new().await;
    let id = queue.add(1).await;
    for _ in 0..MOST_ATTEMPTS {
        let worker = queue.worker().await;
        queue.claim(&worker).await.expect("it is tried again");
        drop(worker);
        queue
            .store
            .recover_jobs(SystemTime::now())
            .await
            .expect("written");
    }
    let job = queue
        .store
        .job(id)
        .await
        .expect("read")
        .expect("it is kept");
    assert_eq!(job.state, State::Failed);
    assert!(job.outcome.expect("a sentence").contains("given up"));
}

#[tokio::test]
async fn a_wish_to_stop_survives_the_worker() {
    let queue = Queue::new().await;
    let id = queue.add(1).await;
    let worker = queue.worker().await;
    queue.claim(&worker).await.expect("a job");
    let now = SystemTime::now();
    queue
        .store
        .cancel_job(id, "Cancelled by 7.", now)
        .await
        .expect("written");
    let wanted = queue.store.jobs_to_stop(&worker.id).await.expect("read");
    assert_eq!(wanted, [(id, "Cancelled by 7.".to_owned())]);
    drop(worker);
    queue.store.recover_jobs(now).await.expect("written");
    let job = queue
        .store
        .job(id)
        .await
        .expect("read")
        .expect("it is kept");
    assert_eq!(job.state, State::Cancelled);
    assert_eq!(job.outcome.as_deref(), Some("Cancelled by 7."));
}

#[tokio::test]
async fn places_and_waits_follow_the_order_and_the_costs() {
    let queue = Queue::new().await;
    for user in [1, 2, 3] {
        queue.add(user).await;
    }
    let worker = queue.worker().await;
    queue.claim(&worker).await.expect("a job");
    let open = queue.store.open_jobs().await.expect("read");
    let places = standings(&open, 1, UNIX_EPOCH);
    let told: Vec<_> = places
        .iter()
        .map(|(id, place)| (id.to_string(), place.ahead, place.wait))
        .collect();
    assert_eq!(
        told,
        [("2".to_owned(), 0, SECOND), ("3".to_owned(), 1, 2 * SECOND)]
    );
}

#[tokio::test]
async fn estimates_come_from_what_was_measured() {
    let queue = Queue::new().await;
    assert_eq!(
        queue.store.measured_cost("import").await.expect("read"),
        None
    );
    queue.add(1).await;
    queue.add(1).await;
    queue.order(|_| 2 * SECOND).await;
    let cost = queue.store.measured_cost("import").await.expect("read");
    assert_eq!(cost, Some(2 * SECOND));
    assert_eq!(
        queue.store.measured_cost("re-embed").await.expect("read"),
        None
    );
}

#[tokio::test]
async fn a_persons_jobs_go_with_their_data() {
    let queue = Queue::new().await;
    let running = queue.add(1).await;
    let worker = queue.worker().await;
    let claimed = queue.claim(&worker).await.expect("a job");
    queue.add(1).await;
    let other = queue.add(2).await;
    assert_eq!(queue.store.delete_user(1).await.expect("deleted"), 1);
    let wanted = queue.store.jobs_to_stop(&worker.id).await.expect("read");
    assert_eq!(wanted.len(), 1);
    queue.end(&claimed, SECOND).await;
    assert_eq!(queue.store.job(running).await.expect("read"), None);
    assert!(queue.store.job(other).await.expect("read").is_some());
}

#[tokio::test]
async fn numbers_are_never_used_twice() {
    let queue = Queue::new().await;
    let first = queue.add(1).await;
    queue.store.delete_user(1).await.expect("deleted");
    assert!(queue.add(1).await > first);
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_busy_and_loses_nothing() {
    let queue = Queue::new().await;
    queue.add(1).await;
    let path = queue.store.location().to_string();
    let other = Store::open(std::path::Path::new(&path))
        .await
        .expect("opened");
    let held = other.begin().await.expect("the lock");
    let job = NewJob {
        kind: "import",
        request: "{}".to_owned(),
        title: String::new(),
        caller: Caller::LOCAL,
        size: 1,
        cost: SECOND,
        reply: None,
    };
    let error = queue
        .store
        .enqueue(&job, Limits::default(), SystemTime::now())
        .await
        .expect_err("the database is held");
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    held.rollback().await.expect("let go of");
    queue.add(2).await;
    assert_eq!(queue.snapshot().await, "1 waiting for 1; 2 waiting for 2");
}

#[tokio::test]
async fn a_full_disk_is_told_loses_nothing_and_passes() {
    let queue = Queue::new().await;
    queue.add(1).await;
    // The database may not grow by more than a few pages: what a full disk looks like to SQLite.
    sqlx::query("PRAGMA max_page_count = 40")
        .execute(&queue.store.writer)
        .await
        .expect("the writer's own limit");
    let job = NewJob {
        kind: "import",
        request: "x".repeat(200_000),
        title: String::new(),
        caller: Caller::LOCAL,
        size: 1,
        cost: SECOND,
        reply: None,
    };
    let error = queue
        .store
        .enqueue(&job, Limits::default(), SystemTime::now())
        .await
        .expect_err("there is no room");
    assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
    assert_eq!(queue.snapshot().await, "1 waiting for 1");
    sqlx::query("PRAGMA max_page_count = 1000000")
        .execute(&queue.store.writer)
        .await
        .expect("there is room again");
    queue.add(2).await;
    assert_eq!(queue.snapshot().await, "1 waiting for 1; 2 waiting for 2");
}

#[tokio::test]
async fn a_claim_whose_receipt_was_lost_is_taken_up_again() {
    let queue = Queue::new().await;
    queue.add(1).await;
    let worker = queue.worker().await;
    let lost = queue.claim(&worker).await.expect("a job");
    assert!(queue.store.has_waiting_job(&worker.id).await.expect("read"));
    let again = queue.claim(&worker).await.expect("the same job");
    assert_eq!((again.id, again.attempt), (lost.id, 1));
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_can_claim_nothing() {
    let queue = Queue::new().await;
    queue.add(1).await;
    let worker = queue.worker().await;
    sqlx::query("DELETE FROM workers")
        .execute(&queue.store.writer)
        .await
        .expect("another process buried it");
    assert!(queue.claim(&worker).await.is_none());
    assert!(!queue.store.is_registered(&worker.id).await.expect("read"));
}

#[tokio::test]
async fn what_databases_refuse_in_a_text_is_left_out() {
    let queue = Queue::new().await;
    let id = queue.add(1).await;
    let worker = queue.worker().await;
    let claimed = queue.claim(&worker).await.expect("a job");
    let ending = Ending {
        state: State::Failed,
        outcome: format!("row\0 7{}", "!".repeat(10_000)),
    };
    let ended = queue
        .store
        .end_job(&claimed, &ending, SECOND, SystemTime::now());
    assert!(ended.await.expect("written"));
    let job = queue
        .store
        .job(id)
        .await
        .expect("read")
        .expect("it is kept");
    let outcome = job.outcome.expect("a sentence");
    assert!(outcome.starts_with("row 7!") && outcome.len() == 4_000);
}

#[tokio::test]
async fn who_wants_to_be_forgotten_is_forgotten_whoever_cancels_later() {
    let queue = Queue::new().await;
    let id = queue.add(1).await;
    let worker = queue.worker().await;
    let claimed = queue.claim(&worker).await.expect("a job");
    queue.store.delete_user(1).await.expect("deleted");
    let now = SystemTime::now();
    queue
        .store
        .cancel_job(id, "Cancelled by a tutor.", now)
        .await
        .expect("written");
    queue.store.release_job(&claimed).await.expect("written");
    assert_eq!(queue.store.job(id).await.expect("read"), None);
}

#[tokio::test]
async fn yesterdays_long_job_costs_its_person_nothing_today() {
    let queue = Queue::new().await;
    queue.add(1).await;
    assert_eq!(queue.order(|_| 10_000 * SECOND).await, [1]);
    queue.add(1).await;
    queue.add(2).await;
    queue.add(2).await;
    assert_eq!(queue.order(|_| SECOND).await, [1, 2, 2]);
}

#[tokio::test]
async fn several_processes_may_start_on_a_new_database_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("m.sqlite");
    let starts = (0..6).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { Store::open(&*database).await.map(|_| ()) })
    });
    for start in futures::future::join_all(starts).await {
        start.expect("no panic").expect("opened");
    }
}
