//! Hybrid search: nearest by meaning and best by words, fused by rank, with the reason for each
//! hit. It ranks; how results are shown is the caller's concern.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use super::Atlas;
use super::catalogue::Catalogue;
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::filter::{Field, Filter};
use super::fusion::reciprocal_rank_fusion;
use super::words;

/// Candidates of each kind of search that are fused.
const CANDIDATES: usize = 50;
/// Matches by words that are looked at before the best [`CANDIDATES`] are kept: enough that equal
/// scores at the cut are put in one order.
const WORD_CANDIDATES: usize = 500;
/// Longest query that is searched for, in characters: Discord's longest message.
pub(super) const MAXIMUM_QUERY: usize = 2_000;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Words, in any language and form.
    Text(String),
    /// Entries like this one.
    Like(EntryId),
}

/// A search: what for, among what, and which stretch of the ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is searched for.
    pub query: Query,
    /// What results must have.
    pub filter: Filter,
    /// How many ranks to pass over.
    pub offset: usize,
    /// Most hits to return.
    pub limit: usize,
}

/// Which searches found a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Near in meaning only.
    Meaning,
    /// Shares words only.
    Words,
    /// Both.
    Both,
}

/// The parts of a hit's score. Cosine and BM25 order hits within one query; they are no
/// probability and don't compare across queries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreParts {
    /// Fused score: the sum of reciprocal ranks.
    #[serde(serialize_with = "short")]
    pub fused: f32,
    /// Rank by meaning, from 1.
    pub meaning_rank: Option<usize>,
    /// Cosine of the embeddings.
    #[serde(serialize_with = "short_option")]
    pub cosine: Option<f32>,
    /// Rank by words, from 1.
    pub words_rank: Option<usize>,
    /// BM25 score.
    #[serde(serialize_with = "short_option")]
    pub bm25: Option<f32>,
}

/// An entry that was found, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Place in the whole ranking, from 1.
    pub rank: usize,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Which searches found it.
    pub matched_by: MatchedBy,
    /// Words of the query that the entry holds.
    pub shared_words: Vec<String>,
    /// The parts of its score.
    pub score: ScoreParts,
}

/// Why there is no hit, and what would have some.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoMatch {
    /// Fields whose value no entry has, with the nearest values that some have.
    pub unknown: Vec<(Field, String, Vec<String>)>,
    /// The best hits without the filter.
    pub without_filter: Vec<Hit>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The hits asked for, best first.
    pub hits: Vec<Hit>,
    /// How many hits the whole ranking has.
    pub total: usize,
    /// Set when the filter lets nothing pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match: Option<NoMatch>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn short<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 1e5).round() / 1e5)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn short_option<S: Serializer>(value: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => short(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// A ranking before its entries are read.
struct Ranking {
    fused: Vec<(EntryId, f32)>,
    by_meaning: HashMap<EntryId, (usize, f32)>,
    by_words: HashMap<EntryId, (usize, f32)>,
}

pub(super) async fn search(atlas: &Atlas, request: &Request) -> Result<Outcome, AtlasError> {
    let (vector, text) = prepare(atlas, &request.query).await?;
    let ranking = rank(atlas, &vector, text.as_deref(), request).await?;
    let hits = read_hits(
        atlas,
        &ranking,
        text.as_deref(),
        request.offset,
        request.limit,
    )
    .await?;
    let no_match = if ranking.fused.is_empty() && !request.filter.is_empty() {
        let unfiltered = Request {
            filter: Filter::default(),
            offset: 0,
            ..request.clone()
        };
        let ranking = rank(atlas, &vector, text.as_deref(), &unfiltered).await?;
        let without_filter = read_hits(atlas, &ranking, text.as_deref(), 0, request.limit).await?;
        let unknown = unknown_values(&*atlas.catalogue().await?, &request.filter);
        Some(NoMatch {
            unknown,
            without_filter,
        })
    } else {
        None
    };
    Ok(Outcome {
        hits,
        total: ranking.fused.len(),
        no_match,
    })
}

/// The query as a vector, and as words where it is words.
async fn prepare(atlas: &Atlas, query: &Query) -> Result<(Vec<f32>, Option<String>), AtlasError> {
    match query {
        Query::Text(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Err(AtlasError::EmptyQuery);
            }
            let length = text.chars().count();
            if length > MAXIMUM_QUERY {
                return Err(AtlasError::LongQuery {
                    length,
                    maximum: MAXIMUM_QUERY,
                });
            }
            let vector = atlas.embed(vec![text.to_owned()]).await?.pop();
            Ok((vector.unwrap_or_default(), Some(text.to_owned())))
        }
        Query::Like(id) => {
            let vector = atlas.dataset.vector(id).await?;
            let vector = vector.ok_or_else(|| AtlasError::NoSuchEntry { id: id.to_string() })?;
            Ok((vector, None))
        }
    }
}

async fn rank(
    atlas: &Atlas,
    vector: &[f32],
    text: Option<&str>,
    request: &Request,
) -> Result<Ranking, AtlasError> {
    let filter = request.filter.expression();
    let nearest = atlas
        .dataset
        .nearest(vector, filter.clone(), CANDIDATES + 1);
    let (nearest, matching) = match text.filter(|text| words::has_words(text)) {
        Some(text) => tokio::try_join!(
            nearest,
            atlas.dataset.matching(text, filter, WORD_CANDIDATES)
        )?,
        None => (nearest.await?, Vec::new()),
    };
    let matching: Vec<_> = matching.into_iter().take(CANDIDATES).collect();
    let itself = match &request.query {
        Query::Like(id) => Some(id),
        Query::Text(_) => None,
    };
    let nearest: Vec<_> = nearest
        .into_iter()
        .filter(|(id, _)| Some(id) != itself)
        .take(CANDIDATES)
        .collect();
    let names = |scored: &[(EntryId, f32)]| scored.iter().map(|(id, _)| id.clone()).collect();
    let fused = reciprocal_rank_fusion(&[names(&nearest), names(&matching)]);
    let ranked = |scored: Vec<(EntryId, f32)>| {
        scored
            .into_iter()
            .enumerate()
            .map(|(index, (id, score))| (id, (index + 1, score)))
            .collect()
    };
    Ok(Ranking {
        fused,
        by_meaning: ranked(nearest),
        by_words: ranked(matching),
    })
}

async fn read_hits(
    atlas: &Atlas,
    ranking: &Ranking,
    text: Option<&str>,
    offset: usize,
    limit: usize,
) -> Result<Vec<Hit>, AtlasError> {
    let stretch: Vec<EntryId> = ranking
        .fused
        .iter()
        .skip(offset)
        .take(limit)
        .map(|(id, _)| id.clone())
        .collect();
    let entries = atlas.dataset.entries_of(&stretch).await?;
    let places: HashMap<&EntryId, (usize, f32)> = ranking
        .fused
        .iter()
        .enumerate()
        .map(|(index, (id, score))| (id, (index + 1, *score)))
        .collect();
    Ok(entries
        .into_iter()
        .filter_map(|entry| {
            let (rank, fused) = *places.get(&entry.id)?;
            Some(hit(entry, rank, fused, ranking, text))
        })
        .collect())
}

fn hit(entry: Entry, rank: usize, fused: f32, ranking: &Ranking, text: Option<&str>) -> Hit {
    let meaning = ranking.by_meaning.get(&entry.id).copied();
    let by_words = ranking.by_words.get(&entry.id).copied();
    let shared_words = match text {
        Some(text) if by_words.is_some() => {
            words::shared_words(text, &entry.description.search_text())
        }
        _ => Vec::new(),
    };
    let matched_by = match (meaning, by_words) {
        (Some(_), Some(_)) => MatchedBy::Both,
        (None, Some(_)) => MatchedBy::Words,
        _ => MatchedBy::Meaning,
    };
    let score = ScoreParts {
        fused,
        meaning_rank: meaning.map(|(rank, _)| rank),
        cosine: meaning.map(|(_, cosine)| cosine),
        words_rank: by_words.map(|(rank, _)| rank),
        bm25: by_words.map(|(_, score)| score),
    };
    Hit {
        rank,
        entry,
        matched_by,
        shared_words,
        score,
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
