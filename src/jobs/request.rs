//! What a job can be asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::atlas::readers::{self, Defaults, Layout, Rows, UnknownLayout};
use crate::store::PictureId;

/// Work that takes long enough to be queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "kebab-case")]
pub enum JobRequest {
    /// A collection into the atlas.
    Import(Import),
    /// All vectors of the atlas anew, by the configured encoder.
    ReEmbed {
        /// How many entries there are.
        entries: u64,
        /// Name and version of the encoder: a worker with another one must not do it.
        encoder: String,
    },
    /// Synthetic pictures.
    Generate(Generate),
}

/// Synthetic pictures, made one after the other. What each is made from is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// The pictures.
    pub pictures: Vec<PictureId>,
    /// Name and version of the model: a worker with another one would make other pictures.
    pub model: String,
    /// Steps of all of them.
    pub steps: u64,
}

/// A collection that is on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its folder or file.
    pub path: PathBuf,
    /// Name of its layout; recognised if there is none.
    pub layout: Option<String>,
    /// Name that its entries get.
    pub collection: String,
    /// Licence of the rows that name none.
    pub licence: Option<String>,
    /// Source of the rows that name none.
    pub source: Option<String>,
    /// Modality of the rows that name none.
    pub modality: Option<String>,
    /// How many rows it has, if that is known beforehand.
    pub rows: Option<u64>,
}

impl Import {
    /// Recognises the layout and counts the rows, which the estimate needs.
    ///
    /// # Errors
    /// A sentence that says why the collection can't be read.
    pub async fn looked_at(self) -> Result<Self, String> {
        let looking = tokio::task::spawn_blocking(move || {
            let (layout, rows) = self.open()?;
            Ok(Self {
                layout: Some(layout.name().to_owned()),
                rows: rows.1,
                ..self
            })
        });
        looking.await.map_err(|error| error.to_string())?
    }

    /// Opens the collection; the caller's thread may block.
    ///
    /// # Errors
    /// A sentence that says why it can't be read.
    pub(super) fn open(&self) -> Result<(Layout, (Rows, Option<u64>)), String> {
        let layout = match &self.layout {
            Some(name) => name
                .parse()
                .map_err(|error: UnknownLayout| error.to_string())?,
            None => readers::detect(&self.path).map_err(|error| error.to_string())?,
        };
        let defaults = Defaults {
            licence: self.licence.clone(),
            source: self.source.clone(),
            modality: self.modality.clone(),
        };
        let rows = readers::open(&self.path, layout, &defaults);
        Ok((layout, rows.map_err(|error| error.to_string())?))
    }
}

impl JobRequest {
    /// Name of the kind of [`Self::Generate`].
    pub const GENERATE: &str = "generate";

    /// Name of its kind, for estimates and figures.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::ReEmbed { .. } => "re-embed",
            Self::Generate(_) => Self::GENERATE,
        }
    }

    /// One line for people.
    pub fn title(&self) -> String {
        match self {
            Self::Import(import) => format!("Import of {}", import.collection),
            Self::ReEmbed { .. } => "Re-embedding of the atlas".to_owned(),
            // Without the prompt: a list of jobs is for more people than asked.
            Self::Generate(request) if request.pictures.len() == 1 => {
                "Synthetic picture".to_owned()
            }
            Self::Generate(_) => "Synthetic pictures".to_owned(),
        }
    }

    /// Units of work; 1 where that is not known.
    pub fn size(&self) -> u64 {
        match self {
            Self::Import(import) => import.rows.unwrap_or(1).max(1),
            Self::ReEmbed { entries, .. } => (*entries).max(1),
            Self::Generate(request) => request.steps.max(1),
        }
    }
}
