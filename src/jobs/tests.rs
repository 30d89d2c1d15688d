//! Workers with a runner that does what its request says. The library's own jobs run in the
//! end-to-end tests, with real processes that are killed.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

use super::*;

/// Requests: `ok`, `fail`, `panic`, `endless` (heeds a cancellation), `deaf` (doesn't).
#[derive(Default)]
struct Scripted {
    begun: AtomicUsize,
}

impl Runner for Scripted {
    fn run(&self, request: &str, job: RunningJob) -> BoxFuture<'static, Result<String, String>> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let request = request.to_owned();
        Box::pin(async move {
            job.progress.send_replace(Progress {
                done: 1,
                total: Some(4),
                unit: "steps".to_owned(),
                preview: Some(vec![1, 2, 3]),
            });
            match request.as_str() {
                "fail" => Err("It can't be done.".to_owned()),
                "panic" => panic!("asked to"),
                "endless" => {
                    job.cancel.cancelled().await;
                    Err("stopped".to_owned())
                }
                "deaf" => {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    Ok(String::new())
                }
                _ => Ok("It is done.".to_owned()),
            }
        })
    }
}

struct Office {
    folder: tempfile::TempDir,
    jobs: Jobs,
    runner: Arc<Scripted>,
    shutdown: CancellationToken,
}

fn brisk() -> Pace {
    Pace {
        idle: Duration::from_millis(20),
        cancel: Duration::from_millis(10),
        progress: Duration::from_millis(10),
        recovery: Duration::from_millis(20),
        ..Pace::default()
    }
}

impl Office {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&*folder.path().join("m.sqlite"))
            .await
            .expect("opened");
        Self {
            folder,
            jobs: Jobs::new(
                store,
                Limits {
                    per_server: 100,
                    ..Limits::default()
                },
            ),
            runner: Arc::default(),
            shutdown: CancellationToken::new(),
        }
    }

    fn hire(&self, pace: Pace) -> tokio::task::JoinHandle<Result<(), StoreError>> {
        let runner = Arc::clone(&self.runner) as Arc<dyn Runner>;
        tokio::spawn(work(self.jobs.clone(), runner, pace, self.shutdown.clone()))
    }

    async fn add(&self, request: &str, user: u64) -> JobId {
        let job = NewJob {
            kind: "import",
            request: request.to_owned(),
            title: request.to_owned(),
            caller: Caller::new(user, 1),
            size: 1,
            cost: Duration::from_secs(1),
            reply: None,
        };
        self.jobs.enqueue_raw(&job).await.expect("accepted")
    }

    /// Waits until a job is as wanted.
    async fn until(&self, id: JobId, wanted: impl Fn(&Job) -> bool) -> Job {
        let waiting = async {
            loop {
                let job = self.jobs.store.job(id).await.expect("read").expect("there");
                if wanted(&job) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting)
            .await
            .expect("it comes to that in time")
    }

    async fn ended(&self, id: JobId) -> (State, String) {
        let job = self.until(id, |job| job.state != State::Open).await;
        (job.state, job.outcome.unwrap_or_default())
    }
}

#[tokio::test]
async fn each_job_ends_as_it_should_and_the_worker_goes_on() {
    let office = Office::new().await;
    let worker = office.hire(brisk());
    let (good, bad) = (office.add("ok", 1).await, office.add("fail", 2).await);
    let (fault, last) = (office.add("panic", 3).await, office.add("ok", 4).await);
    assert_eq!(
        office.ended(good).await,
        (State::Done, "It is done.".to_owned())
    );
    assert_eq!(
        office.ended(bad).await,
        (State::Failed, "It can't be done.".to_owned())
    );
    let (state, sentence) = office.ended(fault).await;
    assert_eq!(state, State::Failed);
    assert!(!sentence.contains("asked to"), "{sentence}");
    assert_eq!(office.ended(last).await.0, State::Done);
    office.shutdown.cancel();
    worker.await.expect("no panic").expect("an orderly end");
    assert_eq!(office.runner.begun.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn progress_and_its_picture_are_written_down() {
    let office = Office::new().await;
    office.hire(brisk());
    let id = office.add("endless", 1).await;
    let job = office.until(id, |job| job.progress.is_some()).await;
    assert_eq!(
        Progress::from_stored(job.progress.as_deref()).percent(),
        Some(25)
    );
    let picture = office.jobs.store.job_preview(id).await.expect("read");
    assert_eq!(picture, Some(vec![1, 2, 3]));
}

#[tokio::test]
async fn a_cancelled_job_stops_and_frees_its_place_whether_it_listens_or_not() {
    let office = Office::new().await;
    office.hire(brisk());
    for request in ["endless", "deaf"] {
        let id = office.add(request, 1).await;
        office.until(id, |job| job.is_claimed).await;
        let next = office.add("ok", 1).await;
        let cancelled = office
            .jobs
            .cancel(id, "Cancelled by you.")
            .await
            .expect("written");
        assert_eq!(cancelled, Cancelled::Running);
        let ended = office.ended(id).await;
        assert_eq!(ended, (State::Cancelled, "Cancelled by you.".to_owned()));
        assert_eq!(office.ended(next).await.0, State::Done);
    }
}

#[tokio::test]
async fn another_process_can_cancel_too() {
    let office = Office::new().await;
    office.hire(brisk());
    let id = office.add("endless", 1).await;
    office.until(id, |job| job.is_claimed).await;
    let store = Store::open(&*office.folder.path().join("m.sqlite"))
        .await
        .expect("opened");
    let elsewhere = Jobs::new(store, Limits::default());
    elsewhere
        .cancel(id, "Cancelled by a tutor.")
        .await
        .expect("written");
    let ended = office.ended(id).await;
    assert_eq!(
        ended,
        (State::Cancelled, "Cancelled by a tutor.".to_owned())
    );
}

#[tokio::test]
async fn what_has_ended_or_never_was_is_not_cancelled() {
    let office = Office::new().await;
    let id = office.add("ok", 1).await;
    let cancel = async |id| office.jobs.cancel(id, "Cancelled.").await.expect("read");
    assert_eq!(cancel(id).await, Cancelled::Waiting);
    assert_eq!(cancel(id).await, Cancelled::Ended(State::Cancelled));
    let unknown = JobId::parse("999").expect("a number");
    assert_eq!(cancel(unknown).await, Cancelled::Unknown);
}

#[tokio::test]
async fn a_job_that_never_ends_is_stopped_at_its_deadline() {
    let office = Office::new().await;
    let pace = Pace {
        deadline: Duration::from_millis(50),
        ..brisk()
    };
    office.hire(pace);
    let id = office.add("deaf", 1).await;
    let (state, sentence) = office.ended(id).await;
    assert_eq!(state, State::Failed);
    assert!(sentence.contains("too long"), "{sentence}");
}

#[tokio::test]
async fn a_job_at_hand_goes_back_to_the_queue_when_its_worker_ends() {
    let office = Office::new().await;
    let worker = office.hire(brisk());
    let id = office.add("endless", 1).await;
    office.until(id, |job| job.is_claimed).await;
    office.shutdown.cancel();
    worker.await.expect("no panic").expect("an orderly end");
    let job = office.until(id, |job| !job.is_claimed).await;
    assert_eq!((job.state, job.attempt), (State::Open, 0));
}

#[tokio::test]
async fn two_workers_share_the_work_and_do_none_of_it_twice() {
    let office = Office::new().await;
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(office.add("ok", 100 + number % 20).await);
    }
    office.hire(brisk());
    office.hire(brisk());
    for id in ids {
        assert_eq!(office.ended(id).await.0, State::Done);
    }
    assert_eq!(office.runner.begun.load(Ordering::Relaxed), 40);
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back() {
    let office = Office::new().await;
    office.add("ok", 1).await;
    office.add("ok", 1).await;
    let request = JobRequest::ReEmbed {
        entries: 3,
        encoder: "scripted@1".to_owned(),
    };
    let refused = office.jobs.enqueue(&request, Caller::new(1, 1), None).await;
    let sentence = refused.expect_err("two are the most").to_string();
    assert!(sentence.starts_with("You have 2 jobs"), "{sentence}");
    assert!(
        sentence.ends_with("Try again in about a second."),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_job_that_could_not_be_given_back_is_found_by_the_next_worker() {
    let office = Office::new().await;
    let worker = office.hire(brisk());
    let id = office.add("endless", 1).await;
    office.until(id, |job| job.is_claimed).await;
    // Another process holds the database over the whole shutdown.
    let other = Store::open(&*office.folder.path().join("m.sqlite"))
        .await
        .expect("opened");
    let held = other.begin().await.expect("the lock");
    office.shutdown.cancel();
    worker
        .await
        .expect("no panic")
        .expect_err("the list can't be changed");
    held.rollback().await.expect("let go of");
    let next = Office {
        shutdown: CancellationToken::new(),
        ..office
    };
    next.hire(brisk());
    next.until(id, |job| job.is_claimed && job.attempt == 2)
        .await;
}
