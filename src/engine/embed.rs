//! Requests for embeddings, and the batches that are made of them: what waits when the device gets
//! free runs together, bounded by texts and by tokens.

use std::time::Instant;

use tokio::sync::oneshot;
use tracing::Span;

use super::caller::Caller;
use super::error::EngineError;

/// What one person asked for: texts, of which some may be done already.
#[derive(Debug)]
pub(super) struct EmbedRequest {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
    /// Indices of the texts by length, so that texts of like length share a batch.
    order: Vec<usize>,
    /// How many of `order` are done.
    done: usize,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>,
    /// When it was asked for; taken when its first text runs.
    pub(super) asked: Option<Instant>,
    pub(super) span: Span,
}

impl EmbedRequest {
    pub(super) fn new(
        texts: Vec<String>,
        reply: oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>,
    ) -> Self {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| texts[index].len());
        Self {
            vectors: vec![Vec::new(); texts.len()],
            order,
            texts,
            done: 0,
            reply,
            asked: Some(Instant::now()),
            span: Span::current(),
        }
    }

    /// Whether whoever asked has gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    pub(super) fn is_done(&self) -> bool {
        self.done == self.order.len()
    }

    pub(super) fn answer(self) {
        // Who left meanwhile misses nothing.
        let _ = self.reply.send(Ok(self.vectors));
    }

    pub(super) fn fail(self, error: EngineError) {
        let _ = self.reply.send(Err(error));
    }
}

/// The bounds of one batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most texts.
    pub(super) texts: usize,
    /// Most tokens, with the padding to the longest text.
    pub(super) tokens: usize,
}

/// Texts of one or more requests that run at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) parts: Vec<Part>,
    texts: usize,
    longest: usize,
}

/// A request with how many of its texts run now.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) caller: Caller,
    pub(super) request: EmbedRequest,
    pub(super) texts: usize,
}

impl Batch {
    /// Adds as many of the request's open texts as the bounds leave room for; at least one, so
    /// that a single long text runs at all. `Err` gives a request back for which none is left.
    pub(super) fn add(
        &mut self,
        caller: Caller,
        request: EmbedRequest,
        bounds: Bounds,
    ) -> Result<(), Box<(Caller, EmbedRequest)>> {
        let mut taken = 0;
        let mut longest = self.longest;
        for &index in &request.order[request.done..] {
            let tokens = estimated_tokens(&request.texts[index]).max(longest);
            let texts = self.texts + taken + 1;
            let fits = texts <= bounds.texts && texts * tokens <= bounds.tokens;
            if !fits && texts > 1 {
                break;
            }
            longest = tokens;
            taken += 1;
        }
        if taken == 0 {
            return Err(Box::new((caller, request)));
        }
        self.texts += taken;
        self.longest = longest;
        self.parts.push(Part {
            caller,
            request,
            texts: taken,
        });
        Ok(())
    }

    /// Tokens of all parts, about.
    pub(super) fn tokens(&self) -> usize {
        self.parts
            .iter()
            .flat_map(Part::texts)
            .map(estimated_tokens)
            .sum()
    }

    /// Tokens of the part that was added last, about.
    pub(super) fn last_tokens(&self) -> usize {
        let part = self.parts.last();
        part.map_or(0, |part| part.texts().map(estimated_tokens).sum())
    }

    /// How many texts it has.
    pub(super) fn len(&self) -> usize {
        self.texts
    }

    /// The texts, in the order in which [`Self::take`] expects their vectors.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.parts.iter().flat_map(Part::texts).collect()
    }

    /// Hands the vectors to their requests.
    pub(super) fn take(&mut self, vectors: Vec<Vec<f32>>) {
        let mut vectors = vectors.into_iter();
        for part in &mut self.parts {
            let request = &mut part.request;
            for _ in 0..part.texts {
                let index = request.order[request.done];
                request.vectors[index] = vectors.next().unwrap_or_default();
                request.done += 1;
            }
        }
    }
}

impl Part {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let request = &self.request;
        request.order[request.done..][..self.texts]
            .iter()
            .map(|&index| request.texts[index].as_str())
    }
}

/// About three bytes make a token of medical English; the exact number costs a tokenizer's run.
fn estimated_tokens(text: &str) -> usize {
    2 + text.len() / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        texts: 4,
        tokens: 100,
    };

    type Answer = oneshot::Receiver<Result<Vec<Vec<f32>>, EngineError>>;

    fn request(texts: &[&str]) -> (EmbedRequest, Answer) {
        let (reply, answer) = oneshot::channel();
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        (EmbedRequest::new(texts, reply), answer)
    }

    /// Stands for the network: a vector holds its text's length.
    fn run(batch: &mut Batch) {
        let texts = batch.texts();
        let vectors = texts.iter().map(|text| vec![text.len() as f32]).collect();
        batch.take(vectors);
    }

    #[test]
    fn vectors_come_back_in_the_order_asked_for() {
        let (request, mut answer) = request(&["ccc", "a", "dddd", "bb", ""]);
        let mut request = Some(request);
        let mut sizes = Vec::new();
        while let Some(open) = request.take() {
            let mut batch = Batch::default();
            batch
                .add(Caller::LOCAL, open, BOUNDS)
                .expect("there is room");
            sizes.push(batch.len());
            run(&mut batch);
            let open = batch.parts.remove(0).request;
            if open.is_done() {
                open.answer();
            } else {
                request = Some(open);
            }
        }
        assert_eq!(sizes, [4, 1]);
        let vectors = answer.try_recv().expect("answered").expect("no failure");
        assert_eq!(vectors, [[3.0], [1.0], [4.0], [2.0], [0.0]]);
    }

    #[test]
    fn requests_share_a_batch_until_it_is_full() {
        let mut batch = Batch::default();
        let (first, _keep) = request(&["a", "b", "c"]);
        let (second, _keep_too) = request(&["d", "e"]);
        let (third, _keep_three) = request(&["f"]);
        batch.add(Caller::LOCAL, first, BOUNDS).expect("room");
        batch
            .add(Caller::LOCAL, second, BOUNDS)
            .expect("room for one");
        assert_eq!(batch.len(), 4);
        assert!(batch.add(Caller::LOCAL, third, BOUNDS).is_err(), "full");
        run(&mut batch);
        assert!(batch.parts[0].request.is_done());
        assert!(!batch.parts[1].request.is_done());
    }

    #[test]
    fn a_text_beyond_all_bounds_runs_alone() {
        let long = "x".repeat(10_000);
        let (request, _keep) = request(&[&long, &long]);
        let mut batch = Batch::default();
        batch
            .add(Caller::LOCAL, request, BOUNDS)
            .expect("one always fits");
        assert_eq!(batch.len(), 1);
    }
}
