//! Hybrid search: nearest by meaning or by picture and best by words, fused by rank, with the
//! reason for each hit. It ranks; how results are shown is the caller's concern.

use std::collections::HashMap;

use mirage_models::image_encoder::Rgb;
use serde::{Serialize, Serializer};

use super::Atlas;
use super::catalogue::Catalogue;
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::filter::{Field, Filter};
use super::fusion::reciprocal_rank_fusion;
use super::schema::{IMAGE_VECTOR, TEXT_VECTOR};
use super::words;

/// Candidates of each kind of search that are fused.
const CANDIDATES: usize = 50;
/// Matches by words that are looked at before the best [`CANDIDATES`] are kept: enough that equal
/// scores at the cut are put in one order.
const WORD_CANDIDATES: usize = 500;
/// Longest query that is searched for, in characters: Discord's longest message.
pub(super) const MAXIMUM_QUERY: usize = 2_000;

/// Share of the picture's vector where words come with a picture; the words' vector has the rest.
/// Both are unit vectors of one space, and neither is worth more to us than the other.
const PICTURE_SHARE: f32 = 0.5;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Words, in any language and form.
    Text(String),
    /// Entries like this one.
    Like(EntryId),
    /// Entries whose picture is like this one.
    Picture(Rgb),
    /// The same, among what the words mean too.
    PictureAndText {
        /// The picture.
        picture: Rgb,
        /// Words, in any language and form.
        text: String,
    },
}

impl Query {
    /// The entry that others are to be like; it is not among its own results.
    pub(super) fn itself(&self) -> Option<&EntryId> {
        match self {
            Self::Like(id) => Some(id),
            Self::Text(_) | Self::Picture(_) | Self::PictureAndText { .. } => None,
        }
    }
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
    /// Near in meaning, and shares words.
    Both,
    /// Its picture is near.
    Picture,
    /// Its picture is near, and it shares words.
    #[serde(rename = "picture-and-words")]
    PictureAndWords,
}

/// The parts of a hit's score. Cosine and BM25 order hits within one query; they are no
/// probability and don't compare across queries.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScoreParts {
    /// Fused score: the sum of reciprocal ranks.
    #[serde(serialize_with = "short")]
    pub fused: f32,
    /// Rank by meaning, from 1.
    pub meaning_rank: Option<usize>,
    /// Rank by picture, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_rank: Option<usize>,
    /// Cosine of the embeddings that were compared: of words, or of pictures.
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
    /// Set when the picture asked for is no nearer to the best hit than two pictures are by
    /// chance. The hits are the nearest all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nothing_close: bool,
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

/// A query as it is compared with the atlas.
struct Prepared {
    /// A unit vector.
    vector: Vec<f32>,
    /// The column that it is compared with.
    column: &'static str,
    /// Words to look for.
    text: Option<String>,
}

/// A ranking before its entries are read.
struct Ranking {
    fused: Vec<(EntryId, f32)>,
    /// Whether `by_vector` compared pictures.
    of_pictures: bool,
    by_vector: HashMap<EntryId, (usize, f32)>,
    by_words: HashMap<EntryId, (usize, f32)>,
}

pub(super) async fn search(atlas: &Atlas, request: &Request) -> Result<Outcome, AtlasError> {
    let query = prepare(atlas, &request.query).await?;
    let text = query.text.as_deref();
    let ranking = rank(atlas, &query, request).await?;
    let hits = read_hits(atlas, &ranking, text, request.offset, request.limit).await?;
    let no_match = if ranking.fused.is_empty() && !request.filter.is_empty() {
        let unfiltered = Request {
            filter: Filter::default(),
            offset: 0,
            ..request.clone()
        };
        let ranking = rank(atlas, &query, &unfiltered).await?;
        let without_filter = read_hits(atlas, &ranking, text, 0, request.limit).await?;
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
        nothing_close: is_chance(atlas, &request.query, &ranking),
    })
}

/// Whether the best picture is no nearer to the one asked for than two are by chance. Words beside
/// a picture move its vector, so that its cosines can't be judged by those of pictures.
fn is_chance(atlas: &Atlas, query: &Query, ranking: &Ranking) -> bool {
    let Query::Picture(_) = query else {
        return false;
    };
    let cosines = ranking.by_vector.values().map(|(_, cosine)| *cosine);
    let best = cosines.max_by(f32::total_cmp);
    best.zip(atlas.engine.chance())
        .is_some_and(|(best, chance)| best < chance)
}

/// Embeds the query, and takes its words where it has some.
async fn prepare(atlas: &Atlas, query: &Query) -> Result<Prepared, AtlasError> {
    let embedder = atlas.embedder();
    let (vector, column, text) = match query {
        Query::Text(text) => {
            let text = checked(text)?;
            let vector = embedder.texts(vec![text.to_owned()]).await?.pop();
            (vector.unwrap_or_default(), TEXT_VECTOR, Some(text))
        }
        Query::Like(id) => {
            let vector = atlas.dataset.vector(id).await?;
            let vector = vector.ok_or_else(|| AtlasError::NoSuchEntry { id: id.to_string() })?;
            (vector, TEXT_VECTOR, None)
        }
        Query::Picture(picture) => {
            let vector = embedder.pictures(vec![picture.clone()]).await?.pop();
            (vector.unwrap_or_default(), IMAGE_VECTOR, None)
        }
        Query::PictureAndText { picture, text } => {
            let text = checked(text)?;
            let (of_picture, of_text) = tokio::try_join!(
                embedder.pictures(vec![picture.clone()]),
                embedder.texts(vec![text.to_owned()])
            )?;
            let vector = mixed(&of_picture.concat(), &of_text.concat());
            (vector, IMAGE_VECTOR, Some(text))
        }
    };
    Ok(Prepared {
        vector,
        column,
        text: text.map(str::to_owned),
    })
}

/// The words of a query without what surrounds them, if they can be searched for.
fn checked(text: &str) -> Result<&str, AtlasError> {
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
    Ok(text)
}

/// The weighted sum of two unit vectors, as a unit vector.
fn mixed(picture: &[f32], text: &[f32]) -> Vec<f32> {
    let pairs = picture.iter().zip(text);
    let sum: Vec<f32> = pairs
        .map(|(picture, text)| PICTURE_SHARE * picture + (1.0 - PICTURE_SHARE) * text)
        .collect();
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    // Vectors that point away from each other leave nothing; any direction is as good then.
    let length = length.max(f32::MIN_POSITIVE);
    sum.into_iter().map(|value| value / length).collect()
}

async fn rank(atlas: &Atlas, query: &Prepared, request: &Request) -> Result<Ranking, AtlasError> {
    let filter = request.filter.expression();
    let nearest = atlas.nearest.find(
        &atlas.dataset,
        query.column,
        &query.vector,
        filter.clone(),
        CANDIDATES + 1,
    );
    let text = query.text.as_deref().filter(|text| words::has_words(text));
    let (nearest, matching) = match text {
        Some(text) => tokio::try_join!(
            nearest,
            atlas.dataset.matching(text, filter, WORD_CANDIDATES)
        )?,
        None => (nearest.await?, Vec::new()),
    };
    let matching: Vec<_> = matching.into_iter().take(CANDIDATES).collect();
    let itself = request.query.itself();
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
        of_pictures: query.column == IMAGE_VECTOR,
        by_vector: ranked(nearest),
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
    let near = ranking.by_vector.get(&entry.id).copied();
    let by_words = ranking.by_words.get(&entry.id).copied();
    let shared_words = match text {
        Some(text) if by_words.is_some() => {
            words::shared_words(text, &entry.description.search_text())
        }
        _ => Vec::new(),
    };
    let matched_by = match (near, by_words, ranking.of_pictures) {
        (Some(_), Some(_), false) => MatchedBy::Both,
        (Some(_), Some(_), true) => MatchedBy::PictureAndWords,
        (None, Some(_), _) => MatchedBy::Words,
        (_, None, false) => MatchedBy::Meaning,
        (_, None, true) => MatchedBy::Picture,
    };
    let near_rank = near.map(|(rank, _)| rank);
    let score = ScoreParts {
        fused,
        meaning_rank: near_rank.filter(|_| !ranking.of_pictures),
        picture_rank: near_rank.filter(|_| ranking.of_pictures),
        cosine: near.map(|(_, cosine)| cosine),
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
