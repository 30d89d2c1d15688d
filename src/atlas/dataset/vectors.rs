//! What the index in memory reads of the dataset: the vectors of all rows, and which rows pass a
//! filter. Rows are named by Lance's row ids, which mean the same rows as long as the dataset's
//! version is the same.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_schema::{ArrowError, DataType, Field};
use lancedb::arrow::SendableRecordBatchStream;
use lancedb::expr::DfExpr;
use lancedb::query::{ExecutableQuery, QueryBase, QueryExecutionOptions, Select};

use super::super::error::AtlasError;
use super::super::schema::{IMAGE_VECTOR, TEXT_VECTOR};
use super::{Dataset, collect};

/// Column of the row ids.
pub(in crate::atlas) const ROW_ID: &str = "_rowid";
/// Rows that are read at once: some megabytes of vectors.
const BATCH: u32 = 2_048;

impl Dataset {
    /// Name, row id and vectors of all rows, as they are read.
    pub(in crate::atlas) async fn vectors(&self) -> Result<SendableRecordBatchStream, AtlasError> {
        let mut options = QueryExecutionOptions::default();
        options.max_batch_length = BATCH;
        let columns = Select::columns(&["id", TEXT_VECTOR, IMAGE_VECTOR]);
        let query = self.table.query().select(columns).with_row_id();
        Ok(query.execute_with_options(options).await?)
    }

    /// Row ids of the rows that pass a filter, in any order.
    pub(in crate::atlas) async fn row_ids(&self, filter: DfExpr) -> Result<Vec<u64>, AtlasError> {
        let query = self.table.query().only_if_expr(filter);
        let query = query.select(Select::columns(&[ROW_ID]));
        let mut ids = Vec::new();
        for batch in collect(&query).await? {
            let column = batch.column_by_name(ROW_ID);
            let column = column.and_then(|array| array.as_primitive_opt::<UInt64Type>());
            let column = column.ok_or_else(|| {
                ArrowError::SchemaError("the answer to a filter has no row ids".to_owned())
            })?;
            ids.extend(column.values());
        }
        Ok(ids)
    }

    /// Length of the vectors in a column.
    pub(in crate::atlas) fn dimensions(&self, column: &str) -> usize {
        let field = self.schema.field_with_name(column);
        match field.map(Field::data_type) {
            Ok(DataType::FixedSizeList(_, length)) => usize::try_from(*length).unwrap_or(0),
            _ => 0,
        }
    }
}
