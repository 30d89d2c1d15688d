//! Synthetic pictures that people asked for: what each is made from, so that its job can be begun
//! again and its buttons work after a restart, and who reported it. Kept for a bounded time; how a
//! picture is made and shown is not known here.

mod reports;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row as _};

use super::searches::{oldest_kept, seconds};
use super::{Store, StoreError};
use crate::atlas::EntryId;

pub use reports::Reported;

/// How long a picture that somebody gave, and a file that was not posted, are kept at most: no job
/// waits and runs for longer.
const FILES_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Name of a stored picture: 16 letters and digits that can't be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PictureId(String);

impl PictureId {
    /// Takes a name as it came back from a button. `None` if it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }
}

impl fmt::Display for PictureId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a synthetic picture is made from. With the same model it gives the same picture again.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// What it should show, as it was typed.
    pub prompt: String,
    /// What it should not show; may be empty.
    pub negative: String,
    /// Where its noise comes from: of the first candidate, where there are several.
    pub seed: u64,
    /// How many are drawn, each from the seed after that of the one before; the one that fits the
    /// prompt best is kept. From 1 on.
    pub candidates: u32,
    /// Steps of denoising.
    pub steps: u32,
    /// Weight of the prompt; 1 is none beyond the network's own.
    pub guidance: f64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Name of the scheduler.
    pub scheduler: String,
    /// What a variant begins with.
    pub variant: Option<Variant>,
}

/// A picture that another is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// How far to go from it: above 0, at most 1.
    pub strength: f64,
    /// Where it is.
    pub start: Start,
}

/// Where a variant's start is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// In the atlas.
    Entry(EntryId),
    /// Somebody gave it; a PNG.
    Given(Vec<u8>),
    /// Somebody had given it, and it is no longer kept.
    Gone,
}

/// A picture as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPicture {
    /// Who asked for it; 0 is the shell.
    pub user: u64,
    /// In which server.
    pub server: u64,
    /// What it is made from; once it was made, what it alone is made from: its own seed, and no
    /// other candidate.
    pub recipe: Recipe,
    /// Set when it was made.
    pub made: Option<Made>,
}

/// A picture that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Name and version of the model.
    pub model: String,
    /// What is told beside it.
    pub told: Told,
    /// The marked file, a PNG, until it was posted.
    pub file: Option<Vec<u8>>,
    /// The sheet on which it stands beside the nearest real pictures, a JPEG; until it was posted.
    pub sheet: Option<Vec<u8>>,
}

/// What is told beside a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The real pictures of the atlas that are nearest to it, nearest first.
    pub nearest: Vec<EntryId>,
    /// Whether the nearest is no nearer than two pictures are by chance.
    #[serde(default)]
    pub nothing_close: bool,
    /// Words of the atlas that fit it best, by the encoder of pictures.
    #[serde(default)]
    pub words: Vec<String>,
    /// What is to be said of how it was made, a sentence each.
    #[serde(default)]
    pub remarks: Vec<String>,
}

/// The column `variant`.
#[derive(Serialize, Deserialize)]
struct VariantColumn {
    strength: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<EntryId>,
}

impl Store {
    /// Stores what a picture is to be made from, and returns its name.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn remember_picture(
        &self,
        user: u64,
        server: u64,
        recipe: &Recipe,
    ) -> Result<PictureId, StoreError> {
        let id = PictureId::random();
        let (variant, start) = columns(recipe.variant.as_ref())?;
        sqlx::query(
            "INSERT INTO pictures (id, user_id, server_id, prompt, negative, seed, candidates, steps,
                                   guidance, width, height, scheduler, variant, start, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind(id.to_string())
        .bind(user as i64)
        .bind(server as i64)
        .bind(storable(&recipe.prompt))
        .bind(storable(&recipe.negative))
        .bind(recipe.seed as i64)
        .bind(i64::from(recipe.candidates))
        .bind(i64::from(recipe.steps))
        .bind(recipe.guidance)
        .bind(i64::from(recipe.width))
        .bind(i64::from(recipe.height))
        .bind(recipe.scheduler.as_str())
        .bind(variant)
        .bind(start)
        .bind(seconds(SystemTime::now()))
        .execute(&self.writer)
        .await?;
        Ok(id)
    }

    /// A stored picture, or `None` if it was deleted or is too old.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn picture(&self, id: &PictureId) -> Result<Option<StoredPicture>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id, server_id, prompt, negative, seed, candidates, steps, guidance, width,
                    height, scheduler, variant, start, model, told, file, sheet
             FROM pictures WHERE id = $1 AND created_at >= $2",
        )
        .bind(id.0.as_str())
        .bind(oldest_kept(SystemTime::now()))
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(stored).transpose()
    }

    /// Notes that a picture was made: with which seed of all candidates and which model, what is told
    /// of it, and its files.
    /// `false` if it was deleted meanwhile.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn picture_made(
        &self,
        id: &PictureId,
        seed: u64,
        made: &Made,
    ) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "UPDATE pictures
             SET seed = $1, candidates = 1, model = $2, told = $3, file = $4, sheet = $5, made_at = $6
             WHERE id = $7",
        )
        .bind(seed as i64)
        .bind(made.model.as_str())
        .bind(serde_json::to_string(&made.told)?)
        .bind(made.file.clone())
        .bind(made.sheet.clone())
        .bind(seconds(SystemTime::now()))
        .bind(id.0.as_str())
        .execute(&self.writer)
        .await?;
        Ok(noted.rows_affected() == 1)
    }

    /// Deletes a picture whose job was not accepted.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_picture(&self, id: &PictureId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM pictures WHERE id = $1")
            .bind(id.0.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Erases a picture's files and the picture that somebody gave for it: its job has ended, and
    /// what there was to post was posted. What it was made from stays.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn erase_files_of(&self, id: &PictureId) -> Result<(), StoreError> {
        sqlx::query("UPDATE pictures SET start = NULL, file = NULL, sheet = NULL WHERE id = $1")
            .bind(id.0.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Deletes pictures that are no longer kept, and erases the files of those that no job can be at
    /// work on any more; returns how many pictures went.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn forget_old_pictures(&self, now: SystemTime) -> Result<u64, StoreError> {
        let oldest_file = seconds(now.checked_sub(FILES_KEPT).unwrap_or(UNIX_EPOCH));
        sqlx::query(
            "UPDATE pictures SET start = NULL, file = NULL, sheet = NULL
             WHERE created_at < $1
               AND (start IS NOT NULL OR file IS NOT NULL OR sheet IS NOT NULL)",
        )
        .bind(oldest_file)
        .execute(&self.writer)
        .await?;
        let deleted = sqlx::query("DELETE FROM pictures WHERE created_at < $1")
            .bind(oldest_kept(now))
            .execute(&self.writer);
        Ok(deleted.await?.rows_affected())
    }
}

/// Deletes what a person asked for, with what others reported of it, and what they reported.
pub(super) async fn delete_of_user(pool: &AnyPool, user: u64) -> Result<u64, StoreError> {
    let reports = reports::delete_of_user(pool, user).await?;
    let pictures = sqlx::query("DELETE FROM pictures WHERE user_id = $1")
        .bind(user as i64)
        .execute(pool)
        .await?;
    Ok(reports + pictures.rows_affected())
}

/// PostgreSQL refuses NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', " ")
}

/// The columns `variant` and `start`.
fn columns(variant: Option<&Variant>) -> Result<(Option<String>, Option<Vec<u8>>), StoreError> {
    let Some(Variant { strength, start }) = variant else {
        return Ok((None, None));
    };
    let (entry, given) = match start {
        Start::Entry(id) => (Some(id.clone()), None),
        Start::Given(file) => (None, Some(file.clone())),
        Start::Gone => (None, None),
    };
    let column = VariantColumn {
        strength: *strength,
        entry,
    };
    Ok((Some(serde_json::to_string(&column)?), given))
}

fn stored(row: &AnyRow) -> Result<StoredPicture, StoreError> {
    Ok(StoredPicture {
        user: row.try_get::<i64, _>("user_id")? as u64,
        server: row.try_get::<i64, _>("server_id")? as u64,
        recipe: recipe(row)?,
        made: made(row)?,
    })
}

fn recipe(row: &AnyRow) -> Result<Recipe, StoreError> {
    let number = |column: &str| -> Result<u32, StoreError> {
        let number: i64 = row.try_get(column)?;
        Ok(u32::try_from(number).unwrap_or_default())
    };
    let variant: Option<String> = row.try_get("variant")?;
    let given: Option<Vec<u8>> = row.try_get("start")?;
    let variant = match variant {
        None => None,
        Some(column) => {
            let VariantColumn { strength, entry } = serde_json::from_str(&column)?;
            let start = match (entry, given) {
                (Some(id), _) => Start::Entry(id),
                (None, Some(file)) => Start::Given(file),
                (None, None) => Start::Gone,
            };
            Some(Variant { strength, start })
        }
    };
    Ok(Recipe {
        prompt: row.try_get("prompt")?,
        negative: row.try_get("negative")?,
        seed: row.try_get::<i64, _>("seed")? as u64,
        candidates: number("candidates")?,
        steps: number("steps")?,
        guidance: row.try_get("guidance")?,
        width: number("width")?,
        height: number("height")?,
        scheduler: row.try_get("scheduler")?,
        variant,
    })
}

fn made(row: &AnyRow) -> Result<Option<Made>, StoreError> {
    let model: Option<String> = row.try_get("model")?;
    let told: Option<String> = row.try_get("told")?;
    let Some(model) = model else { return Ok(None) };
    Ok(Some(Made {
        model,
        told: match told {
            Some(told) => serde_json::from_str(&told)?,
            None => Told::default(),
        },
        file: row.try_get("file")?,
        sheet: row.try_get("sheet")?,
    }))
}
