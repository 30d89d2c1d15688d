//! Requests for embeddings, and the batches that are made of them: what waits when the device gets
//! free runs together, bounded by number and by size. The same for texts and for pictures.

use std::time::Instant;

use mirage_models::image_encoder::Rgb;
use tokio::sync::oneshot;
use tracing::Span;

use super::caller::Caller;
use super::error::EngineError;

/// Where an answer goes: a vector for each item.
type Reply = oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>;

/// What can be embedded.
pub(super) trait Embeddable {
    /// How much work it is, about, beside others of its kind; at least 1. In a batch everything is
    /// as large as the largest.
    fn size(&self) -> usize;
}

impl Embeddable for String {
    /// Tokens: about three bytes make one of medical English; the exact number costs a
    /// tokenizer's run.
    fn size(&self) -> usize {
        2 + self.len() / 3
    }
}

impl Embeddable for Rgb {
    /// One: the network sees every picture at the same size.
    fn size(&self) -> usize {
        1
    }
}

/// What one person asked for: texts or pictures, of which some may be done already.
#[derive(Debug)]
pub(super) struct EmbedRequest<T> {
    items: Vec<T>,
    vectors: Vec<Vec<f32>>,
    /// Indices of the items by size, so that items of like size share a batch.
    order: Vec<usize>,
    /// How many of `order` are done.
    done: usize,
    reply: Reply,
    /// When it was asked for; taken when its first item runs.
    pub(super) asked: Option<Instant>,
    pub(super) span: Span,
}

impl<T: Embeddable> EmbedRequest<T> {
    pub(super) fn new(items: Vec<T>, reply: Reply) -> Self {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_key(|&index| items[index].size());
        Self {
            vectors: vec![Vec::new(); items.len()],
            order,
            items,
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
    /// Most items.
    pub(super) items: usize,
    /// Most of the items' sizes, each counted as the largest: tokens with padding.
    pub(super) size: usize,
}

/// Items of one or more requests that run at once.
#[derive(Debug)]
pub(super) struct Batch<T> {
    pub(super) parts: Vec<Part<T>>,
    items: usize,
    largest: usize,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            items: 0,
            largest: 0,
        }
    }
}

/// A request with how many of its items run now.
#[derive(Debug)]
pub(super) struct Part<T> {
    pub(super) caller: Caller,
    pub(super) request: EmbedRequest<T>,
    pub(super) items: usize,
}

impl<T: Embeddable> Batch<T> {
    /// Adds as many of the request's open items as the bounds leave room for; at least one, so
    /// that a single large one runs at all. `Err` gives a request back for which none is left.
    pub(super) fn add(
        &mut self,
        caller: Caller,
        request: EmbedRequest<T>,
        bounds: Bounds,
    ) -> Result<(), Box<(Caller, EmbedRequest<T>)>> {
        let mut taken = 0;
        let mut largest = self.largest;
        for &index in &request.order[request.done..] {
            let size = request.items[index].size().max(largest);
            let items = self.items + taken + 1;
            let fits = items <= bounds.items && items * size <= bounds.size;
            if !fits && items > 1 {
                break;
            }
            largest = size;
            taken += 1;
        }
        if taken == 0 {
            return Err(Box::new((caller, request)));
        }
        self.items += taken;
        self.largest = largest;
        self.parts.push(Part {
            caller,
            request,
            items: taken,
        });
        Ok(())
    }

    /// Size of all parts, about.
    pub(super) fn size(&self) -> usize {
        self.parts.iter().map(Part::size).sum()
    }

    /// Size of the part that was added last, about.
    pub(super) fn last_size(&self) -> usize {
        self.parts.last().map_or(0, Part::size)
    }

    /// How many items it has.
    pub(super) fn len(&self) -> usize {
        self.items
    }

    /// The items, in the order in which [`Self::take`] expects their vectors.
    pub(super) fn items(&self) -> Vec<&T> {
        self.parts.iter().flat_map(Part::items).collect()
    }

    /// Hands the vectors to their requests.
    pub(super) fn take(&mut self, vectors: Vec<Vec<f32>>) {
        let mut vectors = vectors.into_iter();
        for part in &mut self.parts {
            let request = &mut part.request;
            for _ in 0..part.items {
                let index = request.order[request.done];
                request.vectors[index] = vectors.next().unwrap_or_default();
                request.done += 1;
            }
        }
    }
}

impl<T: Embeddable> Part<T> {
    fn items(&self) -> impl Iterator<Item = &T> {
        let request = &self.request;
        request.order[request.done..][..self.items]
            .iter()
            .map(|&index| &request.items[index])
    }

    fn size(&self) -> usize {
        self.items().map(Embeddable::size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        items: 4,
        size: 100,
    };

    type Answer = oneshot::Receiver<Result<Vec<Vec<f32>>, EngineError>>;

    fn request(texts: &[&str]) -> (EmbedRequest<String>, Answer) {
        let (reply, answer) = oneshot::channel();
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        (EmbedRequest::new(texts, reply), answer)
    }

    /// Stands for the network: a vector holds its text's length.
    fn run(batch: &mut Batch<String>) {
        let texts = batch.items();
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

    #[test]
    fn pictures_are_bounded_by_their_number() {
        let picture = Rgb::new(1, 1, vec![0; 3]).expect("RGB");
        let (reply, _keep) = oneshot::channel();
        let mut batch = Batch::default();
        batch
            .add(
                Caller::LOCAL,
                EmbedRequest::new(vec![picture; 9], reply),
                BOUNDS,
            )
            .expect("room for some");
        assert_eq!((batch.len(), batch.size()), (4, 4));
    }
}
