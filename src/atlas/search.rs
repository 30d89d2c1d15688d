//! Hybrid search: nearest by meaning and by picture and best by words, fused by rank, with the
//! reason for each hit. It ranks; how results are shown is the caller's concern.

mod hit;
mod query;

use std::collections::HashMap;

use super::Atlas;
use super::catalogue::Catalogue;
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::filter::{Field, Filter};
use super::fusion::reciprocal_rank_fusion;
use super::image_to_text::{self, Seen};
use super::schema::{IMAGE_VECTOR, TEXT_VECTOR};
use super::words;

pub use hit::{Hit, MatchedBy, NoMatch, Outcome, ScoreParts};
pub(super) use query::checked;
pub use query::{NoShare, PictureShare, Query, Request};

use query::{Prepared, prepare};

/// Candidates of each kind of search that are fused.
const CANDIDATES: usize = 50;
/// Matches by words that are looked at before the best [`CANDIDATES`] are kept: enough that equal
/// scores at the cut are put in one order.
const WORD_CANDIDATES: usize = 500;

/// What the ranking by picture weighs where words alone are asked for, beside 1 for meaning and for
/// words. The image encoder is the weakest judge of the three, so that it may order what the others
/// found; what it finds alone comes behind all of theirs. Measured on the dev split, where half of a
/// caption asked for the picture with the other half: recall at 10 of 157 was 0.45 without it, 0.48
/// with this weight, and much the same from 0.1 to 0.5.
pub(super) const PICTURES_FOR_WORDS: f32 = 0.25;

/// Entries by their place in one ranking, from 1, and their score in it.
type Ranked = HashMap<EntryId, (usize, f32)>;

/// A ranking before its entries are read.
struct Ranking {
    fused: Vec<(EntryId, f32)>,
    by_meaning: Ranked,
    by_picture: Ranked,
    by_words: Ranked,
}

pub(super) async fn search(atlas: &Atlas, request: &Request) -> Result<Outcome, AtlasError> {
    let query = prepare(atlas, &request.query).await?;
    let ranking = rank(atlas, &query, request).await?;
    let stretch = (request.offset, request.limit);
    let hits = read_hits(atlas, &ranking, &query, stretch).await?;
    let no_match = if ranking.fused.is_empty() && !request.filter.is_empty() {
        Some(no_match(atlas, &query, request).await?)
    } else {
        None
    };
    let near = nearest_pictures(atlas, &query, &ranking, request).await?;
    Ok(Outcome {
        hits,
        total: ranking.fused.len(),
        no_match,
        nothing_close: is_chance(atlas, &near),
        words: fitting_words(atlas, &query, &ranking, request, &near).await,
    })
}

/// Why the filter lets nothing pass.
async fn no_match(
    atlas: &Atlas,
    query: &Prepared,
    request: &Request,
) -> Result<NoMatch, AtlasError> {
    let unfiltered = Request {
        filter: Filter::default(),
        offset: 0,
        ..request.clone()
    };
    let ranking = rank(atlas, query, &unfiltered).await?;
    Ok(NoMatch {
        unknown: unknown_values(&*atlas.catalogue().await?, &request.filter),
        without_filter: read_hits(atlas, &ranking, query, (0, request.limit)).await?,
    })
}

async fn rank(atlas: &Atlas, query: &Prepared, request: &Request) -> Result<Ranking, AtlasError> {
    let filter = request.filter.expression();
    let nearest = |column: &'static str| {
        let filter = filter.clone();
        async move {
            match query.vector(column) {
                Some(vector) => {
                    let limit = CANDIDATES + 1;
                    let nearest = &atlas.nearest;
                    nearest
                        .find(&atlas.dataset, column, vector, filter, limit)
                        .await
                }
                None => Ok(Vec::new()),
            }
        }
    };
    let matching = async {
        let text = query.text.as_deref();
        match text.filter(|text| words::has_words(text)) {
            Some(text) => {
                let filter = filter.clone();
                atlas.dataset.matching(text, filter, WORD_CANDIDATES).await
            }
            None => Ok(Vec::new()),
        }
    };
    let (by_meaning, mut by_picture, by_words) =
        tokio::try_join!(nearest(TEXT_VECTOR), nearest(IMAGE_VECTOR), matching)?;
    let weight = if query.is_text() {
        // A text has a nearest picture always; only what is above chance counts.
        let chance = atlas.engine.chance().words.unwrap_or(f32::INFINITY);
        by_picture.retain(|(_, cosine)| *cosine >= chance);
        PICTURES_FOR_WORDS
    } else {
        1.0
    };
    let itself = request.query.itself();
    let candidates = |scored: Vec<(EntryId, f32)>| {
        let others = scored.into_iter().filter(|(id, _)| Some(id) != itself);
        others.take(CANDIDATES).collect::<Vec<_>>()
    };
    let [by_meaning, by_words, by_picture] = [by_meaning, by_words, by_picture].map(candidates);
    let names = |scored: &[(EntryId, f32)]| -> Vec<EntryId> {
        scored.iter().map(|(id, _)| id.clone()).collect()
    };
    Ok(Ranking {
        fused: reciprocal_rank_fusion(&[
            (names(&by_meaning), 1.0),
            (names(&by_words), 1.0),
            (names(&by_picture), weight),
        ]),
        by_meaning: ranked(by_meaning),
        by_picture: ranked(by_picture),
        by_words: ranked(by_words),
    })
}

fn ranked(scored: Vec<(EntryId, f32)>) -> Ranked {
    let places = scored.into_iter().enumerate();
    places
        .map(|(index, (id, score))| (id, (index + 1, score)))
        .collect()
}

/// The pictures nearest to the one asked for, nearest first, with their cosine. Words beside a
/// picture move what is compared, so its nearest are looked for once more without them.
async fn nearest_pictures(
    atlas: &Atlas,
    query: &Prepared,
    ranking: &Ranking,
    request: &Request,
) -> Result<Vec<(EntryId, f32)>, AtlasError> {
    let Some(seen) = &query.seen else {
        return Ok(Vec::new());
    };
    if query.text.is_some() {
        let filter = request.filter.expression();
        let limit = image_to_text::EVIDENCE_AMONG;
        let nearest = &atlas.nearest;
        return nearest
            .find(&atlas.dataset, IMAGE_VECTOR, seen, filter, limit)
            .await;
    }
    let mut near: Vec<(usize, EntryId, f32)> = ranking
        .by_picture
        .iter()
        .map(|(id, (rank, cosine))| (*rank, id.clone(), *cosine))
        .collect();
    near.sort_unstable_by_key(|(rank, ..)| *rank);
    Ok(near
        .into_iter()
        .take(image_to_text::EVIDENCE_AMONG)
        .map(|(_, id, cosine)| (id, cosine))
        .collect())
}

/// Whether the nearest picture is no nearer to the one asked for than two are by chance.
fn is_chance(atlas: &Atlas, near: &[(EntryId, f32)]) -> bool {
    let chance = atlas.engine.chance().pictures;
    near.first()
        .zip(chance)
        .is_some_and(|((_, cosine), chance)| *cosine < chance)
}

/// The words that fit a picture that was given. An answer is worth having without them, so a
/// failure is told to the log alone.
async fn fitting_words(
    atlas: &Atlas,
    query: &Prepared,
    ranking: &Ranking,
    request: &Request,
    near: &[(EntryId, f32)],
) -> Vec<image_to_text::FittingWord> {
    let is_given = !matches!(request.query, Query::Like(_));
    let Some(picture) = query.seen.as_deref().filter(|_| is_given) else {
        return Vec::new();
    };
    let places = ranking.fused.iter().enumerate();
    let places = places.map(|(index, (id, _))| (id.clone(), index + 1));
    let seen = Seen {
        picture,
        near,
        places: places.collect(),
    };
    image_to_text::words(atlas, &seen)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "the words that fit a picture could not be told");
            Vec::new()
        })
}

/// The hits from a rank (from 0) on, at most as many as asked for.
async fn read_hits(
    atlas: &Atlas,
    ranking: &Ranking,
    query: &Prepared,
    (offset, limit): (usize, usize),
) -> Result<Vec<Hit>, AtlasError> {
    let places: HashMap<&EntryId, (usize, f32)> = ranking
        .fused
        .iter()
        .enumerate()
        .skip(offset)
        .take(limit)
        .map(|(index, (id, score))| (id, (index + 1, *score)))
        .collect();
    let stretch = ranking.fused.iter().skip(offset).take(limit);
    let stretch: Vec<EntryId> = stretch.map(|(id, _)| id.clone()).collect();
    let entries = atlas.dataset.entries_of(&stretch).await?;
    let hits = entries.into_iter().filter_map(|entry| {
        let place = *places.get(&entry.id)?;
        Some(hit(entry, place, ranking, query.text.as_deref()))
    });
    Ok(hits.collect())
}

fn hit(entry: Entry, (rank, fused): (usize, f32), ranking: &Ranking, text: Option<&str>) -> Hit {
    let by_meaning = ranking.by_meaning.get(&entry.id).copied();
    let by_picture = ranking.by_picture.get(&entry.id).copied();
    let by_words = ranking.by_words.get(&entry.id).copied();
    let shared_words = match text {
        Some(text) if by_words.is_some() => {
            words::shared_words(text, &entry.description.search_text())
        }
        _ => Vec::new(),
    };
    Hit {
        rank,
        entry,
        matched_by: MatchedBy {
            picture: by_picture.is_some(),
            meaning: by_meaning.is_some(),
            words: by_words.is_some(),
        },
        shared_words,
        score: ScoreParts {
            fused,
            meaning_rank: by_meaning.map(|(rank, _)| rank),
            cosine: by_meaning.map(|(_, cosine)| cosine),
            words_rank: by_words.map(|(rank, _)| rank),
            bm25: by_words.map(|(_, score)| score),
            picture_rank: by_picture.map(|(rank, _)| rank),
            picture_cosine: by_picture.map(|(_, cosine)| cosine),
        },
    }
}

/// The filter's values that no entry has, each with up to three that are nearest in spelling.
fn unknown_values(catalogue: &Catalogue, filter: &Filter) -> Vec<(Field, String, Vec<String>)> {
    filter
        .set()
        .filter(|(field, value)| !catalogue.has(*field, value))
        .map(|(field, value)| {
            (
                field,
                value.to_owned(),
                catalogue.nearest_values(field, value, 3),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
