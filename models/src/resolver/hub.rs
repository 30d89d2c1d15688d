//! Files of Hugging Face repositories, through the `hf-hub` crate. Its own cache is not used:
//! a file that can't be verified is not kept.

use std::path::{Path, PathBuf};

use hf_hub::api::tokio::{ApiBuilder, ApiError};
use hf_hub::{Repo, RepoType};

use super::{ResolveError, SourceError, io_error};

/// Fetches one file of a model repository to `to`.
pub(super) async fn fetch(
    repository: &str,
    revision: &str,
    file: &str,
    to: &Path,
) -> Result<(), SourceError> {
    let repo = Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned());
    download(repo, file, to)
        .await
        .map_err(|error| SourceError(error.to_string()))
}

async fn download(repo: Repo, file: &str, to: &Path) -> Result<(), ApiError> {
    // Beside the target: the hub's copy is then renamed, not copied across disks.
    let near = to.parent().unwrap_or(Path::new("."));
    let cache = tempfile::Builder::new().prefix("hub-").tempdir_in(near)?;
    let api = ApiBuilder::new()
        .with_cache_dir(cache.path().to_owned())
        .with_progress(false)
        .build()?;
    let fetched = api.repo(repo).download(file).await?;
    tokio::fs::copy(fetched, to).await?;
    Ok(())
}

/// Fetches every Parquet shard of a data set repository into `folder` and returns their paths in
/// the repository's order. Shards that are there already are kept.
///
/// # Errors
/// [`ResolveError::NoSource`] when the hub can't be reached or the repository has no Parquet file.
pub async fn fetch_dataset_parquet(
    repository: &str,
    folder: &Path,
    mut progress: impl FnMut(&str) + Send,
) -> Result<Vec<PathBuf>, ResolveError> {
    let failure = |reason: String| ResolveError::NoSource {
        path: repository.to_owned(),
        reasons: reason,
    };
    std::fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    let repo = Repo::new(repository.to_owned(), RepoType::Dataset);
    let api = ApiBuilder::new()
        .with_progress(false)
        .build()
        .map_err(|error| failure(error.to_string()))?;
    let info = api
        .repo(repo.clone())
        .info()
        .await
        .map_err(|error| failure(error.to_string()))?;
    let mut shards: Vec<String> = info
        .siblings
        .into_iter()
        .map(|sibling| sibling.rfilename)
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    shards.sort();
    if shards.is_empty() {
        return Err(failure("The data set has no Parquet file.".to_owned()));
    }
    let mut paths = Vec::new();
    for shard in shards {
        let to = folder.join(shard.replace('/', "--"));
        if !to.exists() {
            progress(&shard);
            let part = to.with_extension("part");
            download(repo.clone(), &shard, &part)
                .await
                .map_err(|error| failure(error.to_string()))?;
            std::fs::rename(&part, &to).map_err(|error| io_error(&to, error))?;
        }
        paths.push(to);
    }
    Ok(paths)
}
