//! `mirage queue` and `mirage worker`: a job from the shell to its end, what can't be queued, and
//! figures for Prometheus.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::pictures::write_collection;

/// A worker that ends with the value.
struct Worker(Child);

impl Worker {
    fn start(home: &Home, metrics: &str) -> Self {
        let mut child = home
            .command(&["worker"])
            .env("MIRAGE_METRICS", metrics)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("a pipe");
        let line = BufReader::new(output).lines().next();
        assert!(line.expect("a line").expect("text").starts_with("Working"));
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn an_empty_queue_says_so() {
    let home = Home::empty();
    let run = home.run(&["queue", "list"]).ends_with(0);
    assert_eq!(run.out, "The queue is empty.\n");
    let run = home.run(&["queue", "list", "--json"]).ends_with(0);
    assert_eq!(run.json(), serde_json::json!([]));
}

#[test]
fn what_cannot_be_queued_or_cancelled_is_told() {
    let home = Home::empty();
    home.run(&["queue", "add", "import", "./none"])
        .ends_with(2)
        .says("There is nothing at ./none.");
    std::fs::create_dir(home.path("starter")).expect("a folder");
    home.run(&["queue", "add", "import", "starter"])
        .ends_with(2)
        .says("belongs to the starter atlas");
    home.run(&["queue", "cancel", "7"]).ends_with(1);
    home.run(&["queue", "cancel", "zero"])
        .ends_with(2)
        .says("a job's number is 1 or more");
}

#[test]
fn a_job_that_waits_can_be_cancelled() {
    let home = Home::empty();
    let name = write_collection(&home, "drawn");
    let added = home.run(&["queue", "add", "import", name]).ends_with(0);
    assert!(
        added.out.starts_with("Job 1 is queued: Import of drawn."),
        "{}",
        added.out
    );
    assert!(added.out.contains("No worker runs"), "{}", added.out);
    let listed = home.run(&["queue", "list", "--json"]).ends_with(0).json();
    assert_eq!(listed[0]["state"], "queued");
    assert_eq!(listed[0]["ahead"], 0);
    let cancelled = home.run(&["queue", "cancel", "1"]).ends_with(0);
    assert_eq!(cancelled.out, "Job 1 is cancelled.\n");
    home.run(&["queue", "cancel", "1"]).ends_with(1);
    let listed = home.run(&["queue", "list"]).ends_with(0);
    assert!(listed.out.contains("cancelled"), "{}", listed.out);
}

#[test]
fn a_worker_does_what_was_queued_before_it_came_and_counts_it() {
    let Some(home) = Home::with_weights() else {
        return;
    };
    let name = write_collection(&home, "drawn");
    home.run(&["queue", "add", "import", name]).ends_with(0);
    home.run(&["queue", "add", "re-embed"]).ends_with(0);
    let address = free_address();
    let worker = Worker::start(&home, &address);
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let listed = home.run(&["queue", "list", "--json"]).ends_with(0).json();
        let done = |job: &serde_json::Value| job["state"] == "done";
        let jobs = listed.as_array().expect("a list");
        if jobs.iter().all(done) {
            break;
        }
        assert!(Instant::now() < limit, "{listed}");
        #[expect(
            clippy::disallowed_methods,
            reason = "this test has the thread for itself"
        )]
        std::thread::sleep(Duration::from_millis(100));
    }
    let figures = metrics(&address);
    for line in [
        "mirage_jobs_ended_total{how=\"done\"} 2",
        // The encoders of words and of pictures.
        "mirage_engine_loads_total 2",
        "mirage_jobs_waiting 0",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
    drop(worker);
    let found = home.run(&["find", "drawn", "--json"]).ends_with(0).json();
    assert!(!found["hits"].as_array().expect("hits").is_empty());
}

#[test]
fn figures_are_served_on_loopback_alone() {
    let home = Home::empty();
    let mut worker = home.command(&["worker"]);
    let run = worker
        .env("MIRAGE_METRICS", "0.0.0.0:9464")
        .output()
        .expect("it ran");
    assert_eq!(run.status.code(), Some(2));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("MIRAGE_METRICS"), "{said}");
}

/// An address that was free a moment ago.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}
