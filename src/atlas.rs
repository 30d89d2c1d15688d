//! The atlas: pictures with their words, vectors and provenance in one versioned LanceDB dataset,
//! searched by meaning and by words at once. It knows nothing of people, Discord or SQL.

mod catalogue;
mod dataset;
mod entry;
mod error;
mod filter;
mod fusion;
pub mod ingest;
pub mod readers;
mod schema;
mod search;
pub mod starter;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mirage_models::text_encoder::TextEncoder;

pub use catalogue::{Catalogue, Facet};
pub use entry::{Description, Entry, EntryId, LabelledBox, Provenance, sha256_hex};
pub use error::AtlasError;
pub use filter::{Field, Filter};
pub use search::{Hit, MatchedBy, NoMatch, Outcome, Query, Request, ScoreParts};

use dataset::Dataset;

/// How old the catalogue may be before a search looks for a newer version of the dataset.
const CATALOGUE_AGE: Duration = Duration::from_secs(5);

/// An open atlas and the encoder that its vectors come from. Cheap to clone.
#[derive(Clone)]
pub struct Atlas {
    dataset: Dataset,
    encoder: Arc<dyn TextEncoder>,
    catalogue: Arc<Mutex<Dated>>,
}

/// A catalogue with the version it was read at and when that was last checked.
struct Dated {
    catalogue: Arc<Catalogue>,
    version: u64,
    checked: Instant,
}

impl Atlas {
    /// Opens an atlas that exists.
    ///
    /// # Errors
    /// [`AtlasError::Missing`] when there is none, [`AtlasError::OtherEncoder`] when its vectors
    /// come from another encoder, or what LanceDB reports.
    pub async fn open(uri: &str, encoder: Arc<dyn TextEncoder>) -> Result<Self, AtlasError> {
        let dataset = Dataset::open(uri, encoder.identity(), encoder.dimensions()).await?;
        Self::with_dataset(dataset, encoder).await
    }

    /// Opens an atlas, or makes an empty one where there is none.
    ///
    /// # Errors
    /// As [`Self::open`], but for the missing atlas.
    pub async fn open_or_create(
        uri: &str,
        encoder: Arc<dyn TextEncoder>,
    ) -> Result<Self, AtlasError> {
        let (identity, dimensions) = (encoder.identity().to_owned(), encoder.dimensions());
        match Dataset::open(uri, &identity, dimensions).await {
            Err(AtlasError::Missing { .. }) => {
                let dataset = Dataset::create(uri, &identity, dimensions).await?;
                Self::with_dataset(dataset, encoder).await
            }
            opened => Self::with_dataset(opened?, encoder).await,
        }
    }

    async fn with_dataset(
        dataset: Dataset,
        encoder: Arc<dyn TextEncoder>,
    ) -> Result<Self, AtlasError> {
        let version = dataset.version().await?;
        let catalogue = Arc::new(Catalogue::of(&dataset.entries().await?));
        let dated = Dated {
            catalogue,
            version,
            checked: Instant::now(),
        };
        Ok(Self {
            dataset,
            encoder,
            catalogue: Arc::new(Mutex::new(dated)),
        })
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

    /// The stored pictures (JPEG) of the entries that exist, in the order asked for.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn pictures(&self, ids: &[EntryId]) -> Result<Vec<(EntryId, Vec<u8>)>, AtlasError> {
        self.dataset.pictures(ids).await
    }

    /// Searches by meaning, by words, and by filter.
    ///
    /// # Errors
    /// [`AtlasError`] for an empty query, an unknown entry, or what the encoder or LanceDB report.
    pub async fn search(&self, request: &Request) -> Result<Outcome, AtlasError> {
        search::search(self, request).await
    }

    /// Runs one search whose result nobody needs, so that the first real one finds everything
    /// loaded.
    ///
    /// # Errors
    /// What the encoder or LanceDB report.
    pub async fn warm(&self) -> Result<(), AtlasError> {
        let request = Request {
            query: Query::Text("chest X-ray".to_owned()),
            filter: Filter::default(),
            offset: 0,
            limit: 1,
        };
        let found = self.search(&request).await?;
        let ids: Vec<EntryId> = found.hits.into_iter().map(|hit| hit.entry.id).collect();
        self.pictures(&ids).await?;
        Ok(())
    }

    /// Version of the dataset, which grows with each change.
    ///
    /// # Errors
    /// What LanceDB reports.
    pub async fn version(&self) -> Result<u64, AtlasError> {
        self.dataset.version().await
    }

    /// Name and version of the encoder that the vectors come from.
    pub fn encoder_identity(&self) -> &str {
        self.encoder.identity()
    }

    /// Embeds texts on a thread that may block.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, AtlasError> {
        let encoder = Arc::clone(&self.encoder);
        tokio::task::spawn_blocking(move || {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            encoder.embed(&texts)
        })
        .await
        .map_err(|_| AtlasError::Interrupted)?
        .map_err(AtlasError::from)
    }
}
