//! Conversations in the queue, with a language model that is slow on demand.

use mirage_models::language_model::{
    LanguageModel, LanguageModelError, Message, Piece, Pieces, Sampling, StopReason, Usage,
};
use tokio::sync::mpsc;

use super::*;

/// Writes numbers until nobody listens, or so many.
struct Counting {
    to: u32,
    pause: Duration,
    /// Set when the one who asked had gone.
    was_left: Arc<AtomicBool>,
}

impl LanguageModel for Counting {
    fn identity(&self) -> &'static str {
        "counting@1"
    }

    fn context_length(&self) -> usize {
        100
    }

    fn count_tokens(&self, text: &str) -> Result<usize, LanguageModelError> {
        Ok(text.len())
    }

    fn generate(
        &self,
        messages: Vec<Message>,
        _sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError> {
        if messages.is_empty() {
            return Err(LanguageModelError::NoQuestion);
        }
        let (to, pieces) = mpsc::channel(1);
        let (last, pause, was_left) = (self.to, self.pause, Arc::clone(&self.was_left));
        tokio::spawn(async move {
            for number in 0..last {
                tokio::time::sleep(pause).await;
                if to.send(Ok(Piece::Text(number.to_string()))).await.is_err() {
                    was_left.store(true, Ordering::SeqCst);
                    return;
                }
            }
            let usage = Usage {
                prompt_tokens: 1,
                completion_tokens: last as usize,
                prompt_time: Duration::ZERO,
                decode_time: Duration::ZERO,
                stop: StopReason::Finished,
            };
            let _ = to.send(Ok(Piece::Done(usage))).await;
        });
        Ok(pieces)
    }
}

fn asked(engine: &Engine, to: u32, pause: u64) -> (Pieces, Arc<AtomicBool>) {
    let was_left = Arc::new(AtomicBool::new(false));
    let model = Counting {
        to,
        pause: Duration::from_millis(pause),
        was_left: Arc::clone(&was_left),
    };
    let chat = engine.chat(Caller::new(1, 1), Arc::new(model));
    assert_eq!(chat.identity(), "counting@1");
    let sampling = Sampling::greedy(to as usize);
    let pieces = chat.generate(vec![Message::user("count")], sampling);
    (pieces.expect("queued"), was_left)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_whole_and_others_have_turns_within_it() {
    let (engine, _) = engine(Duration::ZERO);
    let (mut pieces, _) = asked(&engine, 40, 10);
    let mut text = String::new();
    let mut between = 0;
    while let Some(piece) = pieces.recv().await {
        match piece.expect("no error") {
            Piece::Text(part) => {
                text.push_str(&part);
                // The answer isn't over, and yet another's question is answered.
                if text.ends_with("10") {
                    embed(&engine, 2, "another").await.expect("embedded");
                    between += 1;
                }
            }
            Piece::Done(usage) => assert_eq!(usage.completion_tokens, 40),
        }
    }
    let all: String = (0..40).map(|number| number.to_string()).collect();
    assert_eq!((text, between), (all, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_stops_the_model() {
    let (engine, _) = engine(Duration::ZERO);
    let (mut pieces, was_left) = asked(&engine, 10_000, 5);
    assert!(matches!(pieces.recv().await, Some(Ok(Piece::Text(_)))));
    drop(pieces);
    for _ in 0..400 {
        if was_left.load(Ordering::SeqCst) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the model went on with nobody listening");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_refuses_and_an_engine_that_stops_are_told() {
    let (engine, _) = engine(Duration::ZERO);
    let model = Counting {
        to: 10_000,
        pause: Duration::from_millis(5),
        was_left: Arc::default(),
    };
    let chat = engine.chat(Caller::LOCAL, Arc::new(model));
    let mut refused = chat
        .generate(Vec::new(), Sampling::greedy(5))
        .expect("queued");
    let answer = refused.recv().await;
    assert!(matches!(answer, Some(Err(LanguageModelError::NoQuestion))));
    assert!(refused.recv().await.is_none());
    let question = vec![Message::user("count")];
    let mut stopped = chat
        .generate(question, Sampling::greedy(10_000))
        .expect("queued");
    assert!(matches!(stopped.recv().await, Some(Ok(Piece::Text(_)))));
    engine.stop();
    let mut last = None;
    while let Some(piece) = stopped.recv().await {
        last = Some(piece);
    }
    assert!(
        matches!(last, Some(Err(LanguageModelError::Engine(_)))),
        "{last:?}"
    );
}
