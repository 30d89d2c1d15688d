//! One version of a dataset in memory: the names of its rows and an index of each column of
//! vectors. It is read once and never changed.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;
use futures::TryStreamExt;
use mirage_vectors::{Builder, Index, Mask, VectorError, check};

use super::super::dataset::{Dataset, ROW_ID, Scored};
use super::super::entry::EntryId;
use super::super::error::AtlasError;
use super::super::schema::{Columns, IMAGE_VECTOR, TEXT_VECTOR};

/// The vectors of one version.
pub(super) struct Held {
    version: u64,
    names: Names,
    /// Row ids with the rows that they name, ascending.
    row_ids: Vec<(u64, u32)>,
    columns: [Column; 2],
}

/// Names of rows, in one piece of text.
#[derive(Default)]
struct Names {
    text: String,
    ends: Vec<usize>,
}

/// The vectors of one column.
struct Column {
    name: &'static str,
    index: Index,
    /// The row of each row of the index: those that have no vector are left out.
    rows: Vec<u32>,
}

/// A version that is being read.
struct Reading {
    names: Names,
    row_ids: Vec<(u64, u32)>,
    columns: [ReadingColumn; 2],
}

struct ReadingColumn {
    name: &'static str,
    builder: Builder,
    rows: Vec<u32>,
}

impl Held {
    /// Reads the dataset's vectors; about `rows` are expected. `None` if its version is no longer
    /// `version` in the end, since nobody knows then what was read.
    pub(super) async fn read(
        dataset: &Dataset,
        version: u64,
        rows: usize,
    ) -> Result<Option<Self>, AtlasError> {
        let mut batches = dataset.vectors().await?;
        let columns = [TEXT_VECTOR, IMAGE_VECTOR].map(|name| (name, dataset.dimensions(name)));
        let mut reading = Reading::new(columns, rows).map_err(unreadable)?;
        while let Some(batch) = batches.try_next().await? {
            let adding = tokio::task::spawn_blocking(move || {
                reading.add(&batch)?;
                Ok::<_, ArrowError>(reading)
            });
            reading = adding.await.map_err(|_| AtlasError::Interrupted)??;
        }
        let is_current = dataset.version().await? == version;
        Ok(is_current.then(|| reading.finish(version)))
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.names.ends.len()
    }

    /// The nearest rows of those that row ids allow, all if none are given; `None` if the index
    /// doesn't take the query.
    pub(super) fn search(
        &self,
        column: &str,
        query: &[f32],
        allowed: Option<Vec<u64>>,
        limit: usize,
    ) -> Option<Vec<Scored>> {
        let column = self.columns.iter().find(|known| known.name == column)?;
        let allowed = allowed.map(|row_ids| column.mask(&self.rows_of(row_ids)));
        let found = column.index.search(query, limit, allowed.as_ref()).ok()?;
        let found = found.iter().map(|near| {
            let name = self.names.get(column.rows[near.row as usize]);
            (EntryId::from_stored(name), near.cosine)
        });
        Some(found.collect())
    }

    /// The rows that row ids name.
    fn rows_of(&self, mut row_ids: Vec<u64>) -> Mask {
        row_ids.sort_unstable();
        let mut rows = Mask::none(self.len());
        let mut known = self.row_ids.iter().peekable();
        for row_id in row_ids {
            while known.next_if(|(id, _)| *id < row_id).is_some() {}
            if let Some((_, row)) = known.next_if(|(id, _)| *id == row_id) {
                rows.allow(*row);
            }
        }
        rows
    }
}

impl Column {
    /// The rows of the index whose rows are among `rows`.
    fn mask(&self, rows: &Mask) -> Mask {
        let mut mask = Mask::none(self.rows.len());
        for (row, number) in self.rows.iter().zip(0..) {
            if rows.allows(*row) {
                mask.allow(number);
            }
        }
        mask
    }
}

impl Names {
    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn get(&self, row: u32) -> &str {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[row]]
    }
}

impl Reading {
    fn new(columns: [(&'static str, usize); 2], rows: usize) -> Result<Self, VectorError> {
        let [text, image] = columns.map(|(name, dimensions)| {
            Builder::new(dimensions, rows).map(|builder| ReadingColumn {
                name,
                builder,
                rows: Vec::new(),
            })
        });
        Ok(Self {
            names: Names::default(),
            row_ids: Vec::new(),
            columns: [text?, image?],
        })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let first = u32::try_from(self.names.ends.len()).unwrap_or(u32::MAX);
        let names = Columns(batch);
        for row in 0..batch.num_rows() {
            self.names.push(&names.text("id", row)?.unwrap_or_default());
        }
        let row_ids = batch.column_by_name(ROW_ID);
        let row_ids = row_ids.and_then(|array| array.as_primitive_opt::<UInt64Type>());
        let row_ids = row_ids.ok_or_else(|| missing(ROW_ID))?;
        self.row_ids
            .extend(row_ids.values().iter().copied().zip(first..));
        self.columns
            .iter_mut()
            .try_for_each(|column| column.add(batch, first))
    }

    fn finish(mut self, version: u64) -> Held {
        self.row_ids.sort_unstable();
        Held {
            version,
            names: self.names,
            row_ids: self.row_ids,
            columns: self.columns.map(|column| Column {
                name: column.name,
                index: column.builder.finish(),
                rows: column.rows,
            }),
        }
    }
}

impl ReadingColumn {
    /// Adds the vectors of a batch whose first row has the number `first`.
    fn add(&mut self, batch: &RecordBatch, first: u32) -> Result<(), ArrowError> {
        let list = batch.column_by_name(self.name);
        let list = list.and_then(|array| array.as_fixed_size_list_opt());
        let list = list.ok_or_else(|| missing(self.name))?;
        let values = list.values().as_primitive_opt::<Float32Type>();
        let values = values.ok_or_else(|| missing(self.name))?.values();
        let dimensions = usize::try_from(list.value_length()).unwrap_or(0);
        let mut vectors = Vec::with_capacity(values.len());
        for (number, row) in (first..).zip(0..batch.num_rows()) {
            let vector = &values[row * dimensions..(row + 1) * dimensions];
            // A vector that points nowhere is near to nothing.
            if list.is_valid(row) && check(vector).is_ok() {
                vectors.extend_from_slice(vector);
                self.rows.push(number);
            }
        }
        self.builder.extend(&vectors).map_err(unreadable)
    }
}

fn missing(column: &str) -> ArrowError {
    ArrowError::SchemaError(format!("the column {column} has no vectors or numbers"))
}

fn unreadable(error: VectorError) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}
