//! What can go wrong with an atlas, each as one plain sentence with its mend. LanceDB's long
//! messages stay in the source chain, for the log.

use crate::engine::EngineError;

/// Why the atlas could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AtlasError {
    /// There is no atlas at that place.
    #[error("There is no atlas at {uri}. Make the starter atlas with `mirage atlas starter`.")]
    Missing {
        /// Folder or URI that was looked at.
        uri: String,
    },
    /// The atlas was made with another encoder; its vectors can't be compared.
    #[error(
        "This atlas was made with the encoder {atlas}, but the configured encoder is {configured}. \
         Choose the profile that the atlas was made with, or run `mirage queue add re-embed` and \
         `mirage worker`."
    )]
    OtherEncoder {
        /// Encoder that the atlas names.
        atlas: String,
        /// Encoder of the configured profile.
        configured: String,
    },
    /// The dataset was made before pictures had vectors.
    #[error(
        "The atlas at {uri} was made by an earlier version of Mirage, without what a search by \
         picture needs. Run `mirage queue add re-embed` and `mirage worker`; its pictures and words \
         stay."
    )]
    WithoutPictureVectors {
        /// Folder or URI.
        uri: String,
    },
    /// The dataset's layout is not the one that this version reads.
    #[error("The atlas at {uri} has the layout {found}; this version of Mirage reads {expected}.")]
    OtherLayout {
        /// Folder or URI.
        uri: String,
        /// Layout found.
        found: String,
        /// Layout that is read.
        expected: String,
    },
    /// The query holds nothing to search for.
    #[error("The query is empty. Say what to look for, for instance: axial brain MRI.")]
    EmptyQuery,
    /// The query is longer than is useful.
    #[error("The query has {length} characters; at most {maximum} can be searched for.")]
    LongQuery {
        /// Characters in the query.
        length: usize,
        /// Most that are taken.
        maximum: usize,
    },
    /// No entry of that name.
    #[error("The picture {id} is no longer in the atlas.")]
    NoSuchEntry {
        /// Name that was asked for.
        id: String,
    },
    /// The disk is full.
    #[error("The disk is full. Nothing that was stored before is lost; make room and try again.")]
    DiskFull(#[source] Box<lancedb::Error>),
    /// Any other failure of the dataset.
    #[error("The atlas could not be read or written.")]
    Dataset(#[source] Box<lancedb::Error>),
    /// The engine refused, stopped or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Others kept writing while everything was to be replaced.
    #[error(
        "The atlas was changed meanwhile, so nothing was replaced. Try again when no import runs."
    )]
    Changing,
    /// The work was stopped before its end.
    #[error("The work was interrupted. What was stored stays; start it again to go on.")]
    Interrupted,
    /// A file of a collection can't be used.
    #[error(transparent)]
    Read(#[from] super::readers::ReadError),
    /// The starter atlas can't be made.
    #[error(transparent)]
    Starter(#[from] super::starter::StarterError),
}

impl From<lancedb::Error> for AtlasError {
    fn from(error: lancedb::Error) -> Self {
        if says_disk_full(&error) {
            Self::DiskFull(Box::new(error))
        } else {
            Self::Dataset(Box::new(error))
        }
    }
}

impl From<arrow_schema::ArrowError> for AtlasError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self::from(lancedb::Error::from(error))
    }
}

/// Looks through the chain of causes: the object store beneath LanceDB wraps the system's error.
fn says_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(current) = cause {
        let storage_full = current
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull);
        if storage_full || current.to_string().contains("No space left on device") {
            return true;
        }
        cause = current.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_however_deep_it_lies() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = lancedb::Error::CreateDir {
            path: "x".to_owned(),
            source: full,
        };
        assert!(matches!(AtlasError::from(error), AtlasError::DiskFull(_)));
        let other = lancedb::Error::Runtime {
            message: "x".to_owned(),
        };
        assert!(matches!(AtlasError::from(other), AtlasError::Dataset(_)));
    }
}
