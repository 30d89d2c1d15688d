//! Synthetic pictures with the tiny generator of random weights: steps, previews, what goes between
//! them, cancelling at each stage, and a generator that can't be used.

use std::path::Path;

use mirage_models::diffusion::{Device, Pipeline, Request, RgbImage, SchedulerKind};

use super::*;

const STEPS: u64 = 6;

fn network(folder: &'static str, memory: u64) -> GeneratorNetwork {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    GeneratorNetwork {
        spec: GeneratorSpec {
            identity: "tiny@1".to_owned(),
            size: 16,
        },
        memory,
        load: Box::new(move || Ok(Arc::new(Pipeline::load(&folder, &Device::Cpu)?))),
    }
}

fn engine_with(generator: Option<GeneratorNetwork>) -> Engine {
    let texts: Arc<dyn TextEncoder> = Arc::new(Scripted::default());
    Engine::with_networks(texts, None, generator).expect("a thread")
}

fn drawing() -> Engine {
    engine_with(Some(network("models/golden/diffusion/minilm", 1)))
}

fn order(seed: u64) -> Order {
    Order {
        request: Request {
            prompt: "Axial CT of the chest".to_owned(),
            negative: String::new(),
            steps: STEPS as usize,
            guidance: 4.0,
            seed,
            width: 16,
            height: 24,
            scheduler: SchedulerKind::Ddim,
            start: None,
        },
        preview_every: 2,
        preview: |picture: &RgbImage| Some(picture.as_raw().clone()),
    }
}

fn queued(engine: &Engine, order: Order) -> Ticket<Generated> {
    let ticket = engine.generate(Caller::LOCAL, Lane::Long, order, CancellationToken::new());
    ticket.expect("queued")
}

#[tokio::test]
async fn one_seed_gives_one_picture_and_another_a_different_one() {
    let engine = drawing();
    let spec = engine.generator().expect("it has one");
    assert_eq!((spec.identity.as_str(), spec.size), ("tiny@1", 16));
    let mut pictures = Vec::new();
    for seed in [1, 1, 2] {
        let made = queued(&engine, order(seed)).result().await;
        let made = made.expect("a picture");
        assert_eq!(made.pixels.dimensions(), (16, 24));
        assert_eq!(made.cut, None);
        pictures.push(made.pixels);
    }
    assert!(pictures[0] == pictures[1] && pictures[0] != pictures[2]);
}

#[tokio::test]
async fn steps_are_counted_and_a_preview_stays_until_the_next() {
    let engine = drawing();
    let ticket = queued(&engine, order(1));
    let mut progress = ticket.progress();
    let watching = tokio::spawn(async move {
        let mut seen = Vec::new();
        while progress.changed().await.is_ok() {
            seen.push(progress.borrow_and_update().clone());
        }
        seen
    });
    ticket.result().await.expect("a picture");
    let seen = watching.await.expect("no panic");
    assert!(seen.iter().all(|report| report.total == Some(STEPS)));
    assert!(seen.is_sorted_by_key(|report| report.done));
    let last = seen.last().expect("some steps");
    assert_eq!(last.done, STEPS);
    assert_eq!(last.preview.as_ref().map(Vec::len), Some(16 * 24 * 3));
    for report in seen.iter().filter(|report| report.done < 2) {
        assert_eq!(report.preview, None, "none was due yet");
    }
}

/// One that takes a while.
fn long() -> Order {
    Order {
        request: Request {
            steps: 100,
            ..order(1).request
        },
        ..order(1)
    }
}

#[tokio::test]
async fn a_question_goes_between_the_steps_of_a_picture() {
    let engine = drawing();
    let ticket = queued(&engine, long());
    let mut progress = ticket.progress();
    progress.changed().await.expect("it runs");
    embed(&engine, 2, "question").await.expect("answered");
    assert!(progress.borrow().done < 100, "the picture is not done yet");
    assert!(ticket.result().await.is_ok());
}

/// Cancels a run when it is so far.
async fn cancelled_at(engine: &Engine, order: Order, wanted: u64) -> Result<(), EngineError> {
    let ticket = queued(engine, order);
    let mut progress = ticket.progress();
    while progress.borrow_and_update().done < wanted {
        progress.changed().await.expect("it goes on");
    }
    ticket.cancel();
    ticket.result().await.map(|_| ())
}

#[tokio::test]
async fn a_picture_is_cancelled_between_its_steps() {
    let engine = drawing();
    for wanted in [0, 1, 30] {
        let ended = cancelled_at(&engine, long(), wanted).await;
        assert!(matches!(ended, Err(EngineError::Cancelled)), "{ended:?}");
    }
    assert!(queued(&engine, order(1)).result().await.is_ok());
}

#[tokio::test]
async fn a_picture_is_cancelled_while_it_is_decoded() {
    let engine = drawing();
    let large = Order {
        request: Request {
            width: 32,
            height: 32,
            ..order(1).request
        },
        ..order(1)
    };
    // Decoding takes milliseconds, so a wish may come too late on a busy machine.
    let mut ended = Ok(());
    for _ in 0..50 {
        ended = cancelled_at(&engine, large.clone(), STEPS).await;
        if ended.is_err() {
            break;
        }
    }
    assert!(matches!(ended, Err(EngineError::Cancelled)), "{ended:?}");
}

#[tokio::test]
async fn what_can_not_be_made_is_told_and_the_engine_goes_on() {
    let engine = drawing();
    for (steps, guidance, width, said) in [
        (0, 4.0, 16, "0 steps can't be made"),
        (10_000, 4.0, 16, "10000 steps can't be made"),
        (2, f64::NAN, 16, "Guidance can't be NaN"),
        (2, 4.0, 17, "17 x 24 pixels can't be made"),
    ] {
        let request = Request {
            steps,
            guidance,
            width,
            ..order(1).request
        };
        let order = Order {
            request,
            ..order(1)
        };
        let error = queued(&engine, order).result().await;
        let sentence = error.expect_err("it can't be made").to_string();
        assert!(sentence.contains(said), "{sentence}");
    }
    assert!(queued(&engine, order(1)).result().await.is_ok());
}

#[tokio::test]
async fn a_generator_that_is_missing_damaged_or_too_large_says_so() {
    let told = async |generator: Option<GeneratorNetwork>| {
        let engine = engine_with(generator);
        let cancel = CancellationToken::new();
        let asked = engine.generate(Caller::LOCAL, Lane::Long, order(1), cancel);
        let error = match asked {
            Err(error) => error,
            Ok(ticket) => ticket.result().await.expect_err("it can't be made"),
        };
        embed(&engine, 1, "after").await.expect("it goes on");
        error.to_string()
    };
    assert!(told(None).await.contains("it has no generator"));
    let sentence = told(Some(network("models/golden/diffusion", 1))).await;
    assert!(sentence.contains("model_index.json"), "{sentence}");
    if memory::available_megabytes().is_some() {
        let large = network("models/golden/diffusion/minilm", u64::MAX);
        let sentence = told(Some(large)).await;
        assert!(
            sentence.starts_with("There is too little memory"),
            "{sentence}"
        );
    }
}
