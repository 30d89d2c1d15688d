//! Pictures beside texts: batches of their own, and an engine that has no network for them.

use super::*;

/// An embedding holds the picture's width. Records how many ran at once.
#[derive(Default)]
struct Widths {
    batches: Mutex<Vec<usize>>,
}

impl ImageEncoder for Widths {
    fn identity(&self) -> &'static str {
        "widths@1"
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn chance(&self) -> Chance {
        Chance {
            pictures: Some(0.5),
            words: None,
        }
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        assert!(pictures.iter().all(|one| one.width() != 13), "unlucky");
        self.batches
            .lock()
            .expect("not poisoned")
            .push(pictures.len());
        let width = |picture: &Rgb| vec![picture.width() as f32];
        Ok(pictures.iter().map(width).collect())
    }
}

fn picture(width: usize) -> Rgb {
    Rgb::new(width, 1, vec![0; width * 3]).expect("RGB")
}

fn engine_with_pictures() -> (Engine, Arc<Widths>) {
    let widths = Arc::new(Widths::default());
    let texts: Arc<dyn TextEncoder> = Arc::new(Scripted::default());
    let pictures: Arc<dyn ImageEncoder> = Arc::clone(&widths) as Arc<dyn ImageEncoder>;
    let engine = Engine::with_encoders(texts, Some(pictures));
    (engine.expect("a thread"), widths)
}

#[tokio::test]
async fn pictures_come_back_in_order_and_in_batches_of_sixteen() {
    let (engine, widths) = engine_with_pictures();
    let spec = engine.image_encoder().expect("it has one");
    assert_eq!((spec.identity.as_str(), spec.dimensions), ("widths@1", 1));
    assert_eq!(engine.chance().pictures, Some(0.5));
    let pictures = (20..60).map(picture).collect();
    let vectors = engine
        .embed_pictures(Caller::LOCAL, Lane::Batch, pictures)
        .await
        .expect("embedded");
    let expected: Vec<Vec<f32>> = (20..60).map(|width| vec![width as f32]).collect();
    assert_eq!(vectors, expected);
    assert_eq!(*widths.batches.lock().expect("not poisoned"), [16, 16, 8]);
}

#[tokio::test]
async fn a_picture_that_panics_fails_neither_texts_nor_other_pictures() {
    let (engine, _) = engine_with_pictures();
    let ask = |width: usize| {
        let engine = engine.clone();
        async move {
            let caller = Caller::new(width as u64, 1);
            engine
                .embed_pictures(caller, Lane::Interactive, vec![picture(width)])
                .await
        }
    };
    let (one, bad, text, other) = tokio::join!(ask(1), ask(13), embed(&engine, 9, "text"), ask(2));
    assert_eq!(one.expect("embedded"), [[1.0]]);
    assert_eq!(other.expect("embedded"), [[2.0]]);
    assert_eq!(text.expect("embedded"), [[4.0]]);
    let error = bad.expect_err("it panicked");
    assert!(matches!(error, EngineError::Panicked(_)), "{error}");
}

#[tokio::test]
async fn an_engine_without_a_network_for_pictures_says_so() {
    let (engine, _) = engine(Duration::ZERO);
    assert_eq!(engine.image_encoder(), None);
    let asked = engine.embed_pictures(Caller::LOCAL, Lane::Interactive, vec![picture(1)]);
    let error = asked.await.expect_err("it has none");
    assert!(error.to_string().contains("MIRAGE_PROFILE"), "{error}");
    engine.warm().expect("queued");
    embed(&engine, 1, "after").await.expect("it goes on");
}
