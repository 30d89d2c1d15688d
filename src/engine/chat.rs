//! Conversations in the engine's queue: a language model computes on threads of its own, so its
//! turns on the device are slices of time in which it is listened to. What is asked and what is
//! shown of an answer are the callers' concern.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mirage_models::language_model::{
    LanguageModel, LanguageModelError, Message, Piece, Pieces, Sampling,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Sender};
use tokio_util::sync::CancellationToken;

use super::{Caller, Engine, Lane, Step, StepReport, Steps};

/// How long an answer has the device before others have a turn: a question to the atlas waits no
/// longer than this for it.
const SLICE: Duration = Duration::from_millis(60);

/// Room beside one piece a token: for the last piece, and for an error.
const SPARE: usize = 2;

/// A language model whose answers wait in the engine's queue like all other work, on behalf of one
/// person.
pub struct Chat {
    engine: Engine,
    caller: Caller,
    model: Arc<dyn LanguageModel>,
}

impl Engine {
    /// A language model behind this engine's queue.
    pub fn chat(&self, caller: Caller, model: Arc<dyn LanguageModel>) -> Chat {
        Chat {
            engine: self.clone(),
            caller,
            model,
        }
    }
}

impl LanguageModel for Chat {
    fn identity(&self) -> &str {
        self.model.identity()
    }

    fn context_length(&self) -> usize {
        self.model.context_length()
    }

    fn count_tokens(&self, text: &str) -> Result<usize, LanguageModelError> {
        self.model.count_tokens(text)
    }

    fn generate(
        &self,
        messages: Vec<Message>,
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError> {
        let runtime = Handle::try_current().map_err(of_engine)?;
        // As many pieces as can come have room: the engine's thread waits for no reader.
        let room = sampling.maximum_tokens.saturating_add(SPARE);
        let (to, pieces) = mpsc::channel(room);
        let answer = Answer {
            model: Arc::clone(&self.model),
            runtime: runtime.clone(),
            asked: Some((messages, sampling)),
            pieces: None,
            to: to.clone(),
            told: 0,
        };
        let cancel = CancellationToken::new();
        let ticket = self
            .engine
            .submit(self.caller, Lane::Interactive, answer, cancel)
            .map_err(of_engine)?;
        runtime.spawn(async move {
            tokio::select! {
                // Nobody listens any more: dropping the ticket takes the work out of the queue.
                () = to.closed() => {}
                result = ticket.result() => if let Err(error) = result {
                    let _ = to.try_send(Err(of_engine(error)));
                }
            }
        });
        Ok(pieces)
    }
}

fn of_engine(error: impl std::fmt::Display) -> LanguageModelError {
    let reason = error.to_string();
    LanguageModelError::Engine(reason.trim_end_matches('.').to_owned())
}

/// One answer, a slice of time a step.
struct Answer {
    model: Arc<dyn LanguageModel>,
    runtime: Handle,
    /// The question, until the model has it.
    asked: Option<(Vec<Message>, Sampling)>,
    pieces: Option<Pieces>,
    to: Sender<Result<Piece, LanguageModelError>>,
    told: u64,
}

impl Answer {
    /// Hands on one piece; whether others may follow.
    fn hand_on(&mut self, piece: Result<Piece, LanguageModelError>) -> bool {
        let goes_on = matches!(piece, Ok(Piece::Text(_)));
        self.told += 1;
        self.to.try_send(piece).is_ok() && goes_on
    }

    /// Listens for one slice; whether there is more to come.
    fn listen(&mut self, pieces: &mut Pieces) -> bool {
        let end = Instant::now() + SLICE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let next = async { tokio::time::timeout(left, pieces.recv()).await };
            match self.runtime.block_on(next) {
                Ok(Some(piece)) => {
                    if !self.hand_on(piece) {
                        return false;
                    }
                }
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }
}

impl Steps for Answer {
    type Output = ();

    fn step(&mut self) -> Result<Step<()>, String> {
        let mut pieces = match (self.asked.take(), self.pieces.take()) {
            (Some((messages, sampling)), _) => {
                let _inside = self.runtime.enter();
                match self.model.generate(messages, sampling) {
                    Ok(pieces) => pieces,
                    Err(error) => {
                        self.hand_on(Err(error));
                        return Ok(Step::Done(()));
                    }
                }
            }
            (None, Some(pieces)) => pieces,
            (None, None) => return Ok(Step::Done(())),
        };
        if !self.listen(&mut pieces) {
            return Ok(Step::Done(()));
        }
        self.pieces = Some(pieces);
        Ok(Step::Going(StepReport {
            done: self.told,
            ..StepReport::default()
        }))
    }
}
