//! The LanceDB dataset behind an atlas: opening, writing and reading rows. Ranking and fusion are
//! not done here.

mod vectors;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, RecordBatch, RecordBatchIterator};
use futures::TryStreamExt;
use lancedb::arrow::SendableRecordBatchStream;
use lancedb::database::CreateTableMode;
use lancedb::expr::{DfExpr, col, is_in, lit};
use lancedb::index::Index;
use lancedb::index::scalar::FullTextSearchQuery;
use lancedb::query::{ExecutableQuery, QueryBase, QueryExecutionOptions, Select};
use lancedb::table::OptimizeAction;
use lancedb::{Connection, DistanceType, Table};

use super::conflict;
use super::entry::{Entry, EntryId};
use super::error::AtlasError;
use super::schema::{
    self, Columns, ENCODER_KEY, ENTRY_COLUMNS, IMAGE_ENCODER_KEY, IMAGE_VECTOR, LAYOUT, LAYOUT_KEY,
    LAYOUT_WITHOUT_PICTURES, Row, SEARCH_TEXT,
};
use super::words;
use crate::engine::Engine;
use crate::media::Fingerprint;

pub(super) use vectors::ROW_ID;

const TABLE: &str = "pictures";
/// How often an index is tried again that somebody else made at the same time.
const INDEX_TRIES: usize = 4;
/// Stands for the image encoder where there is none.
const NO_ENCODER: &str = "(none for pictures)";
/// How soon a reader sees what another process wrote.
const FRESHNESS: Duration = Duration::from_secs(5);

/// One open dataset. Cheap to clone.
#[derive(Clone)]
pub(super) struct Dataset {
    table: Table,
    schema: arrow_schema::SchemaRef,
}

/// What ingest needs to know of a row that is stored.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: EntryId,
    pub(super) picture_hash: String,
    pub(super) row_hash: String,
    pub(super) fingerprint: Option<Fingerprint>,
}

/// A row's name with its score under one kind of search.
pub(super) type Scored = (EntryId, f32);

impl Dataset {
    /// Opens a dataset whose vectors come from the engine's encoders.
    pub(super) async fn open(uri: &str, engine: &Engine) -> Result<Self, AtlasError> {
        let opened = Self::open_with_any_encoder(uri).await?;
        if layout(&opened.schema) != LAYOUT {
            return Err(AtlasError::WithoutPictureVectors {
                uri: uri.to_owned(),
            });
        }
        let dataset = Self {
            schema: schema::schema(engine),
            ..opened
        };
        dataset.check_encoder().await?;
        Ok(dataset)
    }

    /// Opens a dataset to read its rows, whichever encoders its vectors come from, and also if it
    /// has none of pictures yet.
    pub(super) async fn open_with_any_encoder(uri: &str) -> Result<Self, AtlasError> {
        let missing = || AtlasError::Missing {
            uri: uri.to_owned(),
        };
        if is_absent_folder(uri) {
            return Err(missing());
        }
        let connection = connect(uri).await?;
        let table = match connection.open_table(TABLE).execute().await {
            Ok(table) => table,
            Err(lancedb::Error::TableNotFound { .. }) => return Err(missing()),
            Err(error) => return Err(error.into()),
        };
        let schema = table.schema().await?;
        let found = layout(&schema);
        if found != LAYOUT && found != LAYOUT_WITHOUT_PICTURES {
            return Err(AtlasError::OtherLayout {
                uri: uri.to_owned(),
                found: found.to_owned(),
                expected: LAYOUT.to_owned(),
            });
        }
        Ok(Self { table, schema })
    }

    /// Checks that the vectors still come from the encoders that this was opened with: another
    /// process may have embedded everything anew.
    pub(super) async fn check_encoder(&self) -> Result<(), AtlasError> {
        let stored = self.table.schema().await?;
        for key in [ENCODER_KEY, IMAGE_ENCODER_KEY] {
            let encoder = |schema: &arrow_schema::Schema| {
                let identity = schema.metadata().get(key).cloned();
                identity.unwrap_or_else(|| NO_ENCODER.to_owned())
            };
            let (atlas, configured) = (encoder(&stored), encoder(&self.schema));
            if atlas != configured {
                return Err(AtlasError::OtherEncoder { atlas, configured });
            }
        }
        Ok(())
    }

    /// Puts other rows in place of all, in one new version, and indexes their words.
    pub(super) async fn overwrite(
        uri: &str,
        rows: SendableRecordBatchStream,
    ) -> Result<(), AtlasError> {
        let connection = connect(uri).await?;
        let table = connection
            .create_table(TABLE, rows)
            .mode(CreateTableMode::Overwrite)
            .execute()
            .await?;
        let schema = table.schema().await?;
        Self { table, schema }.finish().await
    }

    /// All columns of all rows, as they are read.
    pub(super) async fn rows(&self) -> Result<SendableRecordBatchStream, AtlasError> {
        let mut options = QueryExecutionOptions::default();
        options.max_batch_length = 64;
        Ok(self.table.query().execute_with_options(options).await?)
    }

    /// Number of rows.
    pub(super) async fn len(&self) -> Result<u64, AtlasError> {
        Ok(self.table.count_rows(None).await? as u64)
    }

    pub(super) async fn create(uri: &str, engine: &Engine) -> Result<Self, AtlasError> {
        let schema = schema::schema(engine);
        let connection = connect(uri).await?;
        let table = connection
            .create_empty_table(TABLE, Arc::clone(&schema))
            .execute()
            .await?;
        Ok(Self { table, schema })
    }

    /// Sees what others wrote until now, and not only what they had written a few seconds ago.
    pub(super) async fn catch_up(&self) -> Result<(), AtlasError> {
        Ok(self.table.checkout_latest().await?)
    }

    pub(super) async fn version(&self) -> Result<u64, AtlasError> {
        Ok(self.table.version().await?)
    }

    /// Inserts rows, or replaces those of the same name, in one new version.
    pub(super) async fn upsert(&self, rows: &[Row]) -> Result<(), AtlasError> {
        let batch = schema::to_batch(&self.schema, rows)?;
        let mut pauses = conflict::pauses();
        loop {
            let reader = RecordBatchIterator::new([Ok(batch.clone())], Arc::clone(&self.schema));
            let mut merge = self.table.merge_insert(&["id"]);
            merge
                .when_matched_update_all(None)
                .when_not_matched_insert_all();
            match merge.execute(Box::new(reader)).await {
                Ok(_) => return Ok(()),
                Err(error) => conflict::wait(error, &mut pauses).await?,
            }
        }
    }

    /// Whether words can be searched for.
    pub(super) async fn is_indexed(&self) -> Result<bool, AtlasError> {
        Ok(!self.table.list_indices().await?.is_empty())
    }

    /// Joins small files and makes the full-text index anew: after an ingest. Where others do the
    /// same all the while, theirs stands: rows that no index holds are found all the same. An index that is only
    /// extended ranks by the statistics of its parts; a new one takes a tenth of a second for
    /// 65,000 rows.
    pub(super) async fn finish(&self) -> Result<(), AtlasError> {
        let mut pauses = conflict::pauses().take(INDEX_TRIES);
        while let Err(error) = self.join_and_index().await {
            let is_conflict = conflict::is_conflict(&error);
            if let Err(error) = conflict::wait(error, &mut pauses).await {
                if is_conflict {
                    tracing::info!("others index the atlas; the next import does it again");
                    return Ok(());
                }
                return Err(error);
            }
            self.catch_up().await?;
        }
        Ok(())
    }

    async fn join_and_index(&self) -> Result<(), lancedb::Error> {
        self.table.optimize(OptimizeAction::All).await?;
        let index = Index::FTS(words::index_parameters());
        self.table
            .create_index(&[SEARCH_TEXT], index)
            .replace(true)
            .execute()
            .await
    }

    /// All entries, without pixels.
    pub(super) async fn entries(&self) -> Result<Vec<Entry>, AtlasError> {
        let query = self.table.query().select(Select::columns(ENTRY_COLUMNS));
        let mut entries = Vec::new();
        for batch in collect(&query).await? {
            entries.extend(schema::entries(&batch)?);
        }
        Ok(entries)
    }

    /// The entries of those names that exist, in the order of the names.
    pub(super) async fn entries_of(&self, ids: &[EntryId]) -> Result<Vec<Entry>, AtlasError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = self
            .table
            .query()
            .only_if_expr(one_of(ids))
            .select(Select::columns(ENTRY_COLUMNS));
        let mut found: HashMap<EntryId, Entry> = HashMap::new();
        for batch in collect(&query).await? {
            found.extend(
                schema::entries(&batch)?
                    .into_iter()
                    .map(|entry| (entry.id.clone(), entry)),
            );
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The stored pictures of those names that exist, in the order of the names.
    pub(super) async fn pictures(
        &self,
        ids: &[EntryId],
    ) -> Result<Vec<(EntryId, Vec<u8>)>, AtlasError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = self
            .table
            .query()
            .only_if_expr(one_of(ids))
            .select(Select::columns(&["id", "picture"]));
        let mut found = HashMap::new();
        for batch in collect(&query).await? {
            let columns = Columns(&batch);
            for row in 0..batch.num_rows() {
                let id = columns.text("id", row)?.unwrap_or_default();
                found.insert(EntryId::from_stored(id), columns.bytes("picture", row)?);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove_entry(id)).collect())
    }

    /// What is known of every row, for ingest.
    pub(super) async fn known(&self) -> Result<Vec<Known>, AtlasError> {
        let columns = Select::columns(&["id", "picture_hash", "row_hash", "fingerprint"]);
        let mut known = Vec::new();
        for batch in collect(&self.table.query().select(columns)).await? {
            let columns = Columns(&batch);
            for row in 0..batch.num_rows() {
                known.push(Known {
                    id: EntryId::from_stored(columns.text("id", row)?.unwrap_or_default()),
                    picture_hash: columns.text("picture_hash", row)?.unwrap_or_default(),
                    row_hash: columns.text("row_hash", row)?.unwrap_or_default(),
                    fingerprint: columns.fingerprint(row)?,
                });
            }
        }
        Ok(known)
    }

    /// Names of a collection's rows.
    pub(super) async fn ids_of(&self, collection: &str) -> Result<Vec<EntryId>, AtlasError> {
        let query = self
            .table
            .query()
            .only_if_expr(col("collection").eq(lit(collection)))
            .select(Select::columns(&["id"]));
        let mut ids = Vec::new();
        for batch in collect(&query).await? {
            let columns = Columns(&batch);
            for row in 0..batch.num_rows() {
                let id = columns.text("id", row)?.unwrap_or_default();
                ids.push(EntryId::from_stored(id));
            }
        }
        Ok(ids)
    }

    /// Number of rows that pass, counted up to `limit`; `except` is passed over.
    pub(super) async fn count(
        &self,
        filter: DfExpr,
        except: Option<&EntryId>,
        limit: usize,
    ) -> Result<usize, AtlasError> {
        let filter = match except {
            Some(id) => filter.and(col("id").not_eq(lit(id.as_str()))),
            None => filter,
        };
        let query = self
            .table
            .query()
            .only_if_expr(filter)
            .select(Select::columns(&["id"]))
            .limit(limit);
        let batches = collect(&query).await?;
        Ok(batches.iter().map(RecordBatch::num_rows).sum())
    }

    /// Deletes the rows of those names that exist, in one new version, and says how many.
    pub(super) async fn delete(&self, ids: &[EntryId]) -> Result<u64, AtlasError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let deleted = self.table.delete(&one_of(ids)).await?;
        Ok(deleted.num_deleted_rows)
    }

    /// The rows whose vector in `column` is nearest to a unit vector, with their cosine, nearest
    /// first. Rows without one are passed over. It reads from disk; what is held in memory is
    /// searched by [`super::nearest`].
    pub(super) async fn nearest(
        &self,
        column: &str,
        vector: &[f32],
        filter: Option<DfExpr>,
        limit: usize,
    ) -> Result<Vec<Scored>, AtlasError> {
        let mut query = self
            .table
            .query()
            .nearest_to(vector)?
            .column(column)
            .distance_type(DistanceType::Cosine)
            .limit(limit)
            .select(Select::columns(&["id", "_distance"]));
        if let Some(filter) = filter {
            query = query.only_if_expr(filter);
        }
        scored(&collect(&query).await?, "_distance", |distance| {
            1.0 - distance
        })
    }

    /// The rows whose words match best, with their BM25 score, best first. Without the index, as
    /// after an ingest that was killed, all rows are read and words are compared as they are
    /// written, without stems.
    pub(super) async fn matching(
        &self,
        text: &str,
        filter: Option<DfExpr>,
        limit: usize,
    ) -> Result<Vec<Scored>, AtlasError> {
        // A query that names no column takes those of the index, and fails where there is none.
        let words = FullTextSearchQuery::new(text.to_owned())
            .with_column(SEARCH_TEXT.to_owned())
            .map_err(lancedb::Error::from)?;
        let mut query = self
            .table
            .query()
            .full_text_search(words)
            .limit(limit)
            .select(Select::columns(&["id", "_score"]));
        if let Some(filter) = filter {
            query = query.only_if_expr(filter);
        }
        let mut found = scored(&collect(&query).await?, "_score", |score| score)?;
        // Equal scores come in any order; pages must not.
        found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
        Ok(found)
    }

    /// How many rows have a vector of their picture.
    pub(super) async fn with_picture_vectors(&self) -> Result<usize, AtlasError> {
        let filter = format!("{IMAGE_VECTOR} IS NOT NULL");
        Ok(self.table.count_rows(Some(filter)).await?)
    }

    /// The vector of one row in a column, or `None` if there is no such row, or none in it.
    pub(super) async fn vector(
        &self,
        id: &EntryId,
        column: &str,
    ) -> Result<Option<Vec<f32>>, AtlasError> {
        let query = self
            .table
            .query()
            .only_if_expr(one_of(std::slice::from_ref(id)))
            .select(Select::columns(&[column]));
        for batch in collect(&query).await? {
            let list = batch.column(0).as_fixed_size_list_opt();
            let Some(list) = list.filter(|list| !list.is_empty() && list.is_valid(0)) else {
                continue;
            };
            if let Some(values) = list.value(0).as_primitive_opt::<Float32Type>() {
                return Ok(Some(values.values().to_vec()));
            }
        }
        Ok(None)
    }

    /// A note that is kept with the dataset.
    pub(super) async fn note(&self, key: &str) -> Result<Option<String>, AtlasError> {
        let Some(native) = self.table.as_native() else {
            return Ok(None);
        };
        Ok(native.manifest().await?.config.get(key).cloned())
    }

    /// Keeps a note with the dataset.
    pub(super) async fn set_note(&self, key: &str, value: &str) -> Result<(), AtlasError> {
        if let Some(native) = self.table.as_native() {
            native
                .update_config([(key.to_owned(), value.to_owned())])
                .await?;
        }
        Ok(())
    }
}

fn layout(schema: &arrow_schema::Schema) -> &str {
    schema.metadata().get(LAYOUT_KEY).map_or("", String::as_str)
}

async fn connect(uri: &str) -> Result<Connection, AtlasError> {
    Ok(lancedb::connect(uri)
        .read_consistency_interval(FRESHNESS)
        .execute()
        .await?)
}

/// LanceDB makes the folder that it connects to; a look must not.
fn is_absent_folder(uri: &str) -> bool {
    !uri.contains("://") && !std::path::Path::new(uri).exists()
}

fn one_of(ids: &[EntryId]) -> DfExpr {
    is_in(col("id"), ids.iter().map(|id| lit(id.as_str())).collect())
}

async fn collect(query: &impl ExecutableQuery) -> Result<Vec<RecordBatch>, AtlasError> {
    Ok(query.execute().await?.try_collect().await?)
}

fn scored(
    batches: &[RecordBatch],
    column: &str,
    score: fn(f32) -> f32,
) -> Result<Vec<Scored>, AtlasError> {
    let mut rows = Vec::new();
    for batch in batches {
        let columns = Columns(batch);
        let scores = batch
            .column_by_name(column)
            .and_then(|array| array.as_primitive_opt::<Float32Type>());
        for row in 0..batch.num_rows() {
            let id = EntryId::from_stored(columns.text("id", row)?.unwrap_or_default());
            rows.push((id, scores.map_or(0.0, |scores| score(scores.value(row)))));
        }
    }
    Ok(rows)
}
