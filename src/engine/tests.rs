//! The engine with an encoder that can be slow, fail and panic on demand. Real networks are used
//! in the end-to-end tests and by `mirage bench engine`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;

mod chat;
mod generate;
mod pictures;

/// An embedding holds the text's length. Records the batches it ran.
#[derive(Default)]
struct Scripted {
    batches: Mutex<Vec<Vec<String>>>,
    pause: Duration,
}

impl TextEncoder for Scripted {
    fn identity(&self) -> &'static str {
        "scripted@1"
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        block(self.pause);
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let vectors = texts.iter().map(|text| vec![text.len() as f32]).collect();
        assert!(!texts.iter().any(|text| text == "panic"), "asked to panic");
        if texts.iter().any(|text| text == "fail") {
            return Err(EncoderError::Tokenizer("asked to fail".to_owned()));
        }
        self.batches.lock().expect("not poisoned").push(texts);
        Ok(vectors)
    }
}

fn engine(pause: Duration) -> (Engine, Arc<Scripted>) {
    let encoder = Arc::new(Scripted {
        pause,
        ..Scripted::default()
    });
    let engine = Engine::with_encoder(Arc::clone(&encoder) as Arc<dyn TextEncoder>);
    (engine.expect("a thread"), encoder)
}

async fn embed(engine: &Engine, user: u64, text: &str) -> Result<Vec<Vec<f32>>, EngineError> {
    let caller = Caller::new(user, 1);
    engine
        .embed_texts(caller, Lane::Interactive, vec![text.to_owned()])
        .await
}

/// Stands for a network at work: it blocks the engine's thread.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine's own thread may block"
)]
fn block(time: Duration) {
    std::thread::sleep(time);
}

/// Counts to a number, a step at a time, until it is told to stop.
struct Count {
    to: u64,
    done: u64,
    pause: Duration,
}

impl Steps for Count {
    type Output = u64;

    fn step(&mut self) -> Result<Step<u64>, String> {
        block(self.pause);
        self.done += 1;
        if self.done < self.to {
            let report = StepReport {
                done: self.done,
                total: Some(self.to),
                preview: None,
            };
            return Ok(Step::Going(report));
        }
        Ok(Step::Done(self.done))
    }
}

fn count(to: u64) -> Count {
    Count {
        to,
        done: 0,
        pause: Duration::from_millis(2),
    }
}

#[tokio::test]
async fn what_waits_together_runs_together() {
    let (engine, encoder) = engine(Duration::from_millis(30));
    let asked = (0..17).map(|user| {
        let engine = engine.clone();
        async move { embed(&engine, user, &"x".repeat(user as usize)).await }
    });
    let answers = futures::future::join_all(asked).await;
    for (user, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.expect("embedded"), [[user as f32]]);
    }
    let batches = encoder.batches.lock().expect("not poisoned");
    let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 17);
    assert!(sizes.len() <= 3, "{sizes:?}");
}

#[tokio::test]
async fn one_text_that_fails_fails_nobody_else() {
    let (engine, _) = engine(Duration::from_millis(20));
    let texts = ["first", "good", "fail", "panic", "fine"];
    let asked = texts.iter().enumerate().map(|(user, text)| {
        let engine = engine.clone();
        async move { embed(&engine, user as u64, text).await }
    });
    let answers = futures::future::join_all(asked).await;
    let went: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(went, [true, true, false, false, true]);
    assert!(matches!(answers[3], Err(EngineError::Panicked(_))));
    embed(&engine, 9, "after").await.expect("it goes on");
}

#[tokio::test]
async fn a_question_goes_between_the_steps_of_long_work() {
    let (engine, _) = engine(Duration::ZERO);
    let long = engine
        .submit(
            Caller::new(1, 1),
            Lane::Long,
            count(200),
            CancellationToken::new(),
        )
        .expect("queued");
    let mut progress = long.progress();
    progress.changed().await.expect("a step");
    let started = Instant::now();
    embed(&engine, 2, "question").await.expect("answered");
    assert!(started.elapsed() < Duration::from_millis(200));
    assert!(
        progress.borrow().done < 200,
        "the long work is not over yet"
    );
    assert_eq!(long.result().await.expect("counted"), 200);
}

#[tokio::test]
async fn a_dropped_ticket_frees_the_device() {
    let (engine, _) = engine(Duration::ZERO);
    let endless = engine
        .submit(
            Caller::LOCAL,
            Lane::Long,
            count(u64::MAX),
            CancellationToken::new(),
        )
        .expect("queued");
    let mut progress = endless.progress();
    progress.changed().await.expect("it runs");
    let next = engine
        .submit(
            Caller::LOCAL,
            Lane::Long,
            count(2),
            CancellationToken::new(),
        )
        .expect("queued");
    drop(endless);
    assert_eq!(next.result().await.expect("counted"), 2);
}

#[tokio::test]
async fn a_cancelled_ticket_says_so() {
    let (engine, _) = engine(Duration::ZERO);
    let ticket = engine
        .submit(
            Caller::LOCAL,
            Lane::Long,
            count(u64::MAX),
            CancellationToken::new(),
        )
        .expect("queued");
    ticket.cancel();
    let error = ticket.result().await.expect_err("cancelled");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}

#[tokio::test]
async fn too_many_requests_are_refused_and_given_up_ones_hold_no_place() {
    let encoder: Arc<dyn TextEncoder> = Arc::new(Scripted::default());
    let gate = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&gate);
    let spec = EncoderSpec {
        identity: "scripted@1".to_owned(),
        dimensions: 1,
    };
    let settings = Settings {
        most_waiting: 2,
        ..Settings::default()
    };
    // Loading waits for the gate, so what is asked for stays in the queue.
    let load = move || {
        while !opened.load(Ordering::Relaxed) {
            block(Duration::from_millis(1));
        }
        Ok(Arc::clone(&encoder))
    };
    let engine = Engine::start(spec, Box::new(load), settings).expect("a thread");
    let ask = |text: &'static str| {
        let engine = engine.clone();
        tokio::spawn(async move { embed(&engine, 1, text).await })
    };
    let running = ask("running");
    while engine.waiting(Lane::Interactive) > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (kept, given_up) = (ask("kept"), ask("given up"));
    while engine.waiting(Lane::Interactive) < 2 {
        tokio::task::yield_now().await;
    }
    let error = embed(&engine, 2, "too many").await.expect_err("full");
    assert!(error.to_string().contains("2 requests wait"), "{error}");
    given_up.abort();
    let _ = given_up.await;
    let late = ask("late");
    tokio::time::sleep(Duration::from_millis(20)).await;
    gate.store(true, Ordering::Relaxed);
    for answer in [running, kept, late] {
        answer.await.expect("no panic").expect("embedded");
    }
}

#[tokio::test]
async fn what_waits_when_the_engine_stops_is_told_so() {
    let (engine, _) = engine(Duration::ZERO);
    let ticket = engine
        .submit(
            Caller::LOCAL,
            Lane::Long,
            count(u64::MAX),
            CancellationToken::new(),
        )
        .expect("queued");
    engine.stop();
    let error = ticket.result().await.expect_err("stopped");
    assert!(matches!(error, EngineError::Stopped), "{error}");
    let error = embed(&engine, 1, "late").await.expect_err("stopped");
    assert!(matches!(error, EngineError::Stopped), "{error}");
}

#[tokio::test]
async fn a_batch_of_many_texts_lets_questions_pass() {
    let (engine, encoder) = engine(Duration::from_millis(5));
    let texts = (0..320).map(|number| format!("row {number}")).collect();
    let import = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.embed_texts(Caller::LOCAL, Lane::Batch, texts).await })
    };
    while encoder.batches.lock().expect("not poisoned").is_empty() {
        tokio::task::yield_now().await;
    }
    embed(&engine, 1, "question").await.expect("answered");
    let batches_before = encoder.batches.lock().expect("not poisoned").len();
    assert!(batches_before < 10, "{batches_before}");
    assert_eq!(
        import.await.expect("no panic").expect("embedded").len(),
        320
    );
}

#[tokio::test]
async fn a_network_that_panics_while_it_loads_fails_the_request_and_not_the_engine() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let load = move || {
        let is_first = tries.fetch_add(1, Ordering::Relaxed) == 0;
        assert!(!is_first, "the first load fails");
        Ok(Arc::new(Scripted::default()) as Arc<dyn TextEncoder>)
    };
    let spec = EncoderSpec {
        identity: "scripted@1".to_owned(),
        dimensions: 1,
    };
    let engine = Engine::start(spec, Box::new(load), Settings::default()).expect("a thread");
    let error = embed(&engine, 1, "first").await.expect_err("it panicked");
    assert!(matches!(error, EngineError::Panicked(_)), "{error}");
    embed(&engine, 1, "second")
        .await
        .expect("it is loaded anew");
}
