//! The atlas: pictures with their words, vectors and provenance in one versioned LanceDB dataset,
//! searched by meaning, by words and by pictures. It knows nothing of people, Discord or SQL.

mod brightness;
mod by_vector;
mod catalogue;
mod collection;
mod conflict;
mod dataset;
mod embed;
mod entry;
mod error;
mod filter;
mod fusion;
mod image_to_text;
pub mod ingest;
mod nearest;
mod parts;
mod re_embed;
pub mod readers;
mod recall;
mod schema;
mod search;
pub mod starter;
#[cfg(test)]
pub(crate) mod testing;
mod vocabulary;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mirage_models::image_encoder::Chance;
use mirage_models::language_model::LanguageModel;

pub use by_vector::Space;
pub use catalogue::{Catalogue, Facet};
pub use collection::{NameError, check_name, usable_name};
pub use entry::{Description, Entry, EntryId, LabelledBox, Provenance};
pub use error::AtlasError;
pub use filter::{Field, Filter};
pub(crate) use fusion::reciprocal_rank_fusion;
pub use image_to_text::FittingWord;
pub use parts::{MOST_COUNTED, PartMatches};
pub use re_embed::re_embed;
pub use search::{
    Hit, MatchedBy, NoMatch, NoShare, Outcome, PictureShare, Query, Request, ScoreParts,
};
pub use vocabulary::WordField;

use crate::engine::{Caller, Chat, Engine, Lane};
use dataset::Dataset;
use embed::Embedder;
use image_to_text::PromptVectors;
use nearest::Nearest;

/// How old the catalogue may be before a search looks for a newer version of the dataset.
const CATALOGUE_AGE: Duration = Duration::from_secs(5);

/// An open atlas and the engine whose encoder its vectors come from. Cheap to clone.
#[derive(Clone)]
pub struct Atlas {
    dataset: Dataset,
    engine: Engine,
    caller: Caller,
    lane: Lane,
    picture_share: PictureShare,
    catalogue: Arc<Mutex<Dated>>,
    nearest: Nearest,
    prompts: Arc<PromptVectors>,
}

/// A catalogue with the version it was read at and when that was last checked.
struct Dated {
    catalogue: Arc<Catalogue>,
    version: u64,
    checked: Instant,
}

impl Atlas {
    /// Megabytes that the vectors may take in memory, where nothing else is said.
    pub const USUAL_INDEX_MEMORY: usize = 2_048;

    /// Opens an atlas that exists.
    ///
    /// # Errors
    /// [`AtlasError::Missing`] when there is none, [`AtlasError::OtherEncoder`] when its vectors
    /// come from other encoders, [`AtlasError::WithoutPictureVectors`] when it is of an earlier
    /// version, or what LanceDB reports.
    pub async fn open(uri: &str, engine: Engine) -> Result<Self, AtlasError> {
        let dataset = Dataset::open(uri, &engine).await?;
        Self::with_dataset(dataset, engine).await
    }

    /// Opens an atlas, or makes an empty one where there is none.
    ///
    /// # Errors
    /// As [`Self::open`], but for the missing atlas.
    pub async fn open_or_create(uri: &str, engine: Engine) -> Result<Self, AtlasError> {
        let dataset = match Dataset::open(uri, &engine).await {
            Err(AtlasError::Missing { .. }) => Dataset::create(uri, &engine).await?,
            opened => opened?,
        };
        Self::with_dataset(dataset, engine).await
    }

    async fn with_dataset(dataset: Dataset, engine: Engine) -> Result<Self, AtlasError> {
        let version = dataset.version().await?;
        let catalogue = Arc::new(Catalogue::of(&dataset.entries().await?));
        let dated = Dated {
            catalogue,
            version,
            checked: Instant::now(),
        };
        Ok(Self {
            dataset,
            engine,
            caller: Caller::LOCAL,
            lane: Lane::Interactive,
            picture_share: PictureShare::default(),
            catalogue: Arc::new(Mutex::new(dated)),
            nearest: Nearest::new(Self::USUAL_INDEX_MEMORY),
            prompts: Arc::default(),
        })
    }

    /// The same atlas, whose vectors take at most so many megabytes of memory; with 0 they stay on
    /// disk. Where nothing is said, they may take [`Self::USUAL_INDEX_MEMORY`].
    #[must_use]
    pub fn with_index_memory(self, megabytes: usize) -> Self {
        Self {
            nearest: Nearest::new(megabytes),
            ..self
        }
    }

    /// The same atlas for somebody's requests: their turn on the device is their own.
    #[must_use]
    pub fn on_behalf_of(&self, caller: Caller, lane: Lane) -> Self {
        Self {
            caller,
            lane,
            ..self.clone()
        }
    }

    /// The same atlas with another share of the picture where words come with one.
    #[must_use]
    pub fn with_picture_share(self, picture_share: PictureShare) -> Self {
        Self {
            picture_share,
            ..self
        }
    }

    /// What the atlas holds, in counts and search terms. At most a few seconds old.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, AtlasError> {
        {
            let dated = self
                .catalogue
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if dated.checked.elapsed() < CATALOGUE_AGE {
                return Ok(Arc::clone(&dated.catalogue));
            }
        }
        self.refresh().await
    }

    /// Reads the catalogue again if the dataset has a newer version.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn refresh(&self) -> Result<Arc<Catalogue>, AtlasError> {
        self.dataset.catch_up().await?;
        let version = self.dataset.version().await?;
        let known = {
            let mut dated = self
                .catalogue
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            dated.checked = Instant::now();
            (dated.version == version).then(|| Arc::clone(&dated.catalogue))
        };
        if let Some(catalogue) = known {
            return Ok(catalogue);
        }
        self.dataset.check_encoder().await?;
        let catalogue = Arc::new(Catalogue::of(&self.dataset.entries().await?));
        let mut dated = self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *dated = Dated {
            catalogue: Arc::clone(&catalogue),
            version,
            checked: Instant::now(),
        };
        Ok(catalogue)
    }

    /// One entry, or `None` if the atlas has none of that name.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn entry(&self, id: &EntryId) -> Result<Option<Entry>, AtlasError> {
        Ok(self
            .dataset
            .entries_of(std::slice::from_ref(id))
            .await?
            .into_iter()
            .next())
    }

    /// All entries, in no order, without pixels: the whole dataset's words are read.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn entries(&self) -> Result<Vec<Entry>, AtlasError> {
        self.dataset.entries().await
    }

    /// The stored pictures (JPEG) of the entries that exist, in the order asked for.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn pictures(&self, ids: &[EntryId]) -> Result<Vec<(EntryId, Vec<u8>)>, AtlasError> {
        self.dataset.pictures(ids).await
    }

    /// Searches by meaning, by words or by a picture, and by filter.
    ///
    /// # Errors
    /// [`AtlasError`] for an empty query, an unknown entry, or what the encoder or LanceDB report.
    pub async fn search(&self, request: &Request) -> Result<Outcome, AtlasError> {
        search::search(self, request).await
    }

    /// Results of a search that are stored with what found them: the entries of `results` that
    /// exist, the first of them at the place `first` (from 0). `text` are the words that were
    /// searched for, if there were some.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn recall(
        &self,
        results: &[(EntryId, MatchedBy)],
        first: usize,
        text: Option<&str>,
    ) -> Result<Vec<Hit>, AtlasError> {
        recall::recall(self, results, first, text).await
    }

    /// What each part of a request's filter would leave by itself, in the filter's order: the
    /// reason why parts that all exist find nothing together. Empty unless two parts or more are
    /// set.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn matches_by_part(&self, request: &Request) -> Result<Vec<PartMatches>, AtlasError> {
        parts::count(self, request).await
    }

    /// Reads the vectors into memory and runs one search whose result nobody needs, so that the
    /// first real one finds everything loaded.
    ///
    /// # Errors
    /// What the encoder or LanceDB report.
    pub async fn warm(&self) -> Result<(), AtlasError> {
        self.nearest.prepare(&self.dataset).await?;
        let request = Request {
            query: Query::Text("chest X-ray".to_owned()),
            filter: Filter::default(),
            offset: 0,
            limit: 1,
        };
        let found = self.search(&request).await?;
        let ids: Vec<EntryId> = found.hits.into_iter().map(|hit| hit.entry.id).collect();
        self.pictures(&ids).await?;
        image_to_text::warm(self).await
    }

    /// Version of the dataset, which grows with each change.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn version(&self) -> Result<u64, AtlasError> {
        self.dataset.version().await
    }

    /// Name and version of the encoder that the vectors of words come from.
    pub fn encoder_identity(&self) -> &str {
        &self.engine.encoder().identity
    }

    /// Name and version of the encoder that the vectors of pictures come from; `None` if the
    /// profile has none.
    pub fn image_encoder_identity(&self) -> Option<&str> {
        let encoder = self.engine.image_encoder()?;
        Some(&encoder.identity)
    }

    /// A language model whose answers wait in the engine's queue, on behalf of this atlas's caller.
    pub fn chat(&self, model: Arc<dyn LanguageModel>) -> Chat {
        self.engine.chat(self.caller, model)
    }

    /// The cosines that pairs reach by chance with these encoders.
    pub fn chance(&self) -> Chance {
        self.engine.chance()
    }

    /// How many entries have a vector of their picture; the others are found by their words alone.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn pictures_with_vectors(&self) -> Result<usize, AtlasError> {
        self.dataset.with_picture_vectors().await
    }

    /// The engine whose encoders it uses.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Embeds when it is the caller's turn.
    fn embedder(&self) -> Embedder {
        Embedder {
            engine: self.engine.clone(),
            caller: self.caller,
            lane: self.lane,
        }
    }
}
