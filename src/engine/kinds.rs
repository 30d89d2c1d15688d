//! What the engine embeds: texts and pictures, each a kind of request with bounds, a network and a
//! pace of its own. Requests of one kind share batches; those of two never do.

use std::time::Duration;

use mirage_models::image_encoder::Rgb;

use super::Settings;
use super::device::Item;
use super::embed::{Batch, Bounds, EmbedRequest, Embeddable};
use super::error::EngineError;
use super::metrics::Metrics;
use super::networks::Networks;

/// A kind of request for embeddings.
pub(super) trait Kind: Embeddable + Sized {
    /// A request as an entry of the queue.
    fn queued(request: EmbedRequest<Self>) -> Item;

    /// The request in an entry, if it is of this kind.
    fn in_item(item: &Item) -> Option<&EmbedRequest<Self>>;

    /// The same; any other entry is lost.
    fn out_of(item: Item) -> Option<EmbedRequest<Self>>;

    fn bounds(settings: &Settings) -> Bounds;

    fn pace(paces: &mut Paces) -> &mut Pace;

    /// A unit vector for each item.
    fn embed(networks: &mut Networks, items: &[&Self]) -> Result<Vec<Vec<f32>>, EngineError>;

    /// Counts a batch that ran.
    fn count(metrics: &Metrics, batch: &Batch<Self>, took: Duration);
}

impl Kind for String {
    fn queued(request: EmbedRequest<Self>) -> Item {
        Item::Texts(request)
    }

    fn in_item(item: &Item) -> Option<&EmbedRequest<Self>> {
        match item {
            Item::Texts(request) => Some(request),
            _ => None,
        }
    }

    fn out_of(item: Item) -> Option<EmbedRequest<Self>> {
        match item {
            Item::Texts(request) => Some(request),
            _ => None,
        }
    }

    fn bounds(settings: &Settings) -> Bounds {
        Bounds {
            items: settings.batch_texts,
            size: settings.batch_tokens,
        }
    }

    fn pace(paces: &mut Paces) -> &mut Pace {
        &mut paces.texts
    }

    fn embed(networks: &mut Networks, items: &[&Self]) -> Result<Vec<Vec<f32>>, EngineError> {
        let texts: Vec<&str> = items.iter().map(|text| text.as_str()).collect();
        networks.embed_texts(&texts)
    }

    fn count(metrics: &Metrics, batch: &Batch<Self>, took: Duration) {
        metrics.embedded_texts(batch.len(), batch.size(), took);
    }
}

impl Kind for Rgb {
    fn queued(request: EmbedRequest<Self>) -> Item {
        Item::Pictures(request)
    }

    fn in_item(item: &Item) -> Option<&EmbedRequest<Self>> {
        match item {
            Item::Pictures(request) => Some(request),
            _ => None,
        }
    }

    fn out_of(item: Item) -> Option<EmbedRequest<Self>> {
        match item {
            Item::Pictures(request) => Some(request),
            _ => None,
        }
    }

    fn bounds(settings: &Settings) -> Bounds {
        Bounds {
            items: settings.batch_pictures,
            size: usize::MAX,
        }
    }

    fn pace(paces: &mut Paces) -> &mut Pace {
        &mut paces.pictures
    }

    fn embed(networks: &mut Networks, items: &[&Self]) -> Result<Vec<Vec<f32>>, EngineError> {
        networks.embed_pictures(items)
    }

    fn count(metrics: &Metrics, batch: &Batch<Self>, took: Duration) {
        metrics.embedded_pictures(batch.len(), took);
    }
}

/// What the device learned of one kind of request.
#[derive(Debug)]
pub(super) struct Pace {
    /// Requests of the last batch: as many are likely to come again.
    pub(super) last_batch: usize,
    /// What a unit of size took lately, in seconds: people are charged by it when their items join
    /// a batch, so that one with many requests doesn't fill it alone.
    pub(super) seconds_a_unit: f64,
}

impl Pace {
    fn starting_at(seconds_a_unit: f64) -> Self {
        Self {
            last_batch: 0,
            seconds_a_unit,
        }
    }

    /// Takes a batch's time into account.
    pub(super) fn learn(&mut self, size: usize, took: Duration) {
        let seconds = took.as_secs_f64() / size.max(1) as f64;
        self.seconds_a_unit = 0.8 * self.seconds_a_unit + 0.2 * seconds;
    }
}

/// The pace of each kind.
#[derive(Debug)]
pub(super) struct Paces {
    texts: Pace,
    pictures: Pace,
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            texts: Pace::starting_at(1e-4),
            pictures: Pace::starting_at(1e-2),
        }
    }
}
