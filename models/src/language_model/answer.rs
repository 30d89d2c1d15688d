//! What the engine sends while it writes an answer, as pieces. Nothing is asked of the engine here.

use std::time::{Duration, Instant};

use mistralrs::{ChatCompletionChunkResponse, Response};
use tokio::sync::mpsc::{Receiver, Sender};

use super::{LanguageModelError, Piece, StopReason, Usage};

/// What a message from the engine means.
enum Step {
    /// Text, which may be empty.
    Text(String),
    /// The last text, and what the engine says of the whole.
    Last(String, Ending),
    /// Nothing more will come.
    Failed(LanguageModelError),
}

/// How an answer ended.
struct Ending {
    stop: StopReason,
    usage: Option<mistralrs::Usage>,
}

/// When the parts of an answer came.
pub(super) struct Clock {
    asked: Instant,
    first: Option<Instant>,
    tokens: usize,
}

impl Clock {
    /// Starts with the question.
    pub(super) fn start() -> Self {
        Self {
            asked: Instant::now(),
            first: None,
            tokens: 0,
        }
    }

    fn tick(&mut self) {
        self.first.get_or_insert_with(Instant::now);
        self.tokens += 1;
    }

    /// The last piece where the engine closed its channel without a last message: it sends none
    /// when an answer is cut within a letter, and nothing at all when it breaks down at a request.
    fn without_last_message(&self) -> Result<Piece, LanguageModelError> {
        if self.tokens == 0 {
            let reason = "it broke down at the request".to_owned();
            return Err(LanguageModelError::Engine(reason));
        }
        Ok(Piece::Done(self.usage(&Ending {
            stop: StopReason::Length,
            usage: None,
        })))
    }

    /// What an answer cost: as the engine measured it, which knows nothing of the time in its
    /// queue, else as it was seen from here.
    fn usage(&self, ending: &Ending) -> Usage {
        let first = self.first.unwrap_or_else(Instant::now);
        let (prompt, decode) = (first - self.asked, first.elapsed());
        let measured = |seconds: f32, seen: Duration| match Duration::try_from_secs_f32(seconds) {
            Ok(time) if !time.is_zero() => time,
            _ => seen,
        };
        match &ending.usage {
            Some(usage) => Usage {
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
                prompt_time: measured(usage.total_prompt_time_sec, prompt),
                decode_time: measured(usage.total_completion_time_sec, decode),
                stop: ending.stop,
            },
            None => Usage {
                prompt_tokens: 0,
                completion_tokens: self.tokens,
                prompt_time: prompt,
                decode_time: decode,
                stop: ending.stop,
            },
        }
    }
}

/// Hands on what the engine sends until the answer is complete or nobody listens. Then the engine's
/// channel is dropped, at which it stops with its next token.
pub(super) async fn hand_on(
    mut from: Receiver<Response>,
    to: Sender<Result<Piece, LanguageModelError>>,
    mut clock: Clock,
) {
    loop {
        let response = tokio::select! {
            () = to.closed() => return,
            response = from.recv() => response,
        };
        let Some(response) = response else {
            let _ = to.send(clock.without_last_message()).await;
            return;
        };
        let (text, ending) = match step(response) {
            Step::Text(text) => (text, None),
            Step::Last(text, ending) => (text, Some(ending)),
            Step::Failed(error) => {
                let _ = to.send(Err(error)).await;
                return;
            }
        };
        clock.tick();
        if !text.is_empty() && to.send(Ok(Piece::Text(text))).await.is_err() {
            return;
        }
        if let Some(ending) = ending {
            let _ = to.send(Ok(Piece::Done(clock.usage(&ending)))).await;
            return;
        }
    }
}

fn step(response: Response) -> Step {
    match response {
        Response::Chunk(chunk) => of_chunk(chunk),
        Response::ValidationError(error) => Step::Failed(refused(&error.to_string())),
        Response::InternalError(error) => {
            Step::Failed(LanguageModelError::Engine(error.to_string()))
        }
        // The second field holds the answer so far: it has no place in an error.
        Response::ModelError(error, _) => Step::Failed(LanguageModelError::Engine(error)),
        _ => Step::Failed(LanguageModelError::Engine(
            "it sent something that is no part of a conversation".to_owned(),
        )),
    }
}

fn of_chunk(chunk: ChatCompletionChunkResponse) -> Step {
    let usage = chunk.usage;
    let Some(choice) = chunk.choices.into_iter().next() else {
        return Step::Text(String::new());
    };
    let text = choice.delta.content.unwrap_or_default();
    let stop = match choice.finish_reason.as_deref() {
        None => return Step::Text(text),
        Some("length") => StopReason::Length,
        Some("canceled") => StopReason::Cancelled,
        Some(_) => StopReason::Finished,
    };
    Step::Last(text, Ending { stop, usage })
}

/// A refusal by the engine. Grammars are read when an answer begins.
fn refused(reason: &str) -> LanguageModelError {
    let reason = reason.trim_end_matches('.');
    match reason.strip_prefix("Invalid grammar. ") {
        Some(reason) => LanguageModelError::Grammar(reason.to_owned()),
        None => LanguageModelError::Engine(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mistralrs::{ChunkChoice, Delta};
    use tokio::sync::mpsc::channel;

    fn chunk(text: Option<&str>, finish: Option<&str>) -> Response {
        let delta = Delta {
            content: text.map(str::to_owned),
            role: "assistant".to_owned(),
            tool_calls: None,
            reasoning_content: None,
        };
        Response::Chunk(ChatCompletionChunkResponse {
            id: String::new(),
            choices: vec![ChunkChoice {
                finish_reason: finish.map(str::to_owned),
                index: 0,
                delta,
                logprobs: None,
            }],
            created: 0,
            model: String::new(),
            system_fingerprint: String::new(),
            object: String::new(),
            usage: None,
        })
    }

    /// What comes out when the engine sends these and goes.
    async fn pieces(responses: Vec<Response>) -> Vec<Result<Piece, LanguageModelError>> {
        let (engine, from) = channel(16);
        for response in responses {
            assert!(engine.send(response).await.is_ok());
        }
        drop(engine);
        let (to, mut out) = channel(16);
        hand_on(from, to, Clock::start()).await;
        let mut pieces = Vec::new();
        while let Some(piece) = out.recv().await {
            pieces.push(piece);
        }
        pieces
    }

    #[tokio::test]
    async fn text_comes_in_order_and_the_end_says_why() {
        for (finish, stop) in [
            (Some("stop"), StopReason::Finished),
            (Some("length"), StopReason::Length),
            (Some("canceled"), StopReason::Cancelled),
        ] {
            let sent = vec![
                chunk(Some("a "), None),
                // A part of a letter, or thoughts that are not shown.
                chunk(None, None),
                chunk(Some("b"), finish),
            ];
            let pieces = pieces(sent).await;
            assert_eq!(pieces.len(), 3);
            assert!(matches!(&pieces[0], Ok(Piece::Text(text)) if text == "a "));
            assert!(matches!(&pieces[1], Ok(Piece::Text(text)) if text == "b"));
            let Ok(Piece::Done(usage)) = &pieces[2] else {
                panic!("no end");
            };
            assert_eq!((usage.stop, usage.completion_tokens), (stop, 3));
        }
    }

    #[tokio::test]
    async fn an_answer_without_a_last_message_still_ends() {
        let cut = pieces(vec![chunk(Some("a"), None)]).await;
        assert!(matches!(cut[1], Ok(Piece::Done(usage)) if usage.stop == StopReason::Length));
        let nothing = pieces(vec![]).await;
        let error = nothing[0].as_ref().expect_err("an error").to_string();
        assert!(error.contains("broke down"), "{error}");
    }

    #[tokio::test]
    async fn an_error_is_the_last_piece() {
        let invalid = "Invalid grammar. unbalanced parenthesis".into();
        for (response, part) in [
            (Response::ValidationError(invalid), "form of the answer"),
            (Response::ValidationError("too long".into()), "too long"),
            (Response::InternalError("no memory".into()), "no memory"),
        ] {
            let pieces = pieces(vec![response, chunk(Some("a"), None)]).await;
            assert_eq!(pieces.len(), 1);
            let error = pieces[0].as_ref().expect_err("an error").to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn the_engine_is_told_when_nobody_listens() {
        let (engine, from) = channel(16);
        let (to, out) = channel(16);
        let task = tokio::spawn(hand_on(from, to, Clock::start()));
        assert!(engine.send(chunk(Some("a"), None)).await.is_ok());
        drop(out);
        task.await.expect("it ends though the engine goes on");
        assert!(engine.send(chunk(Some("b"), None)).await.is_err());
    }
}
